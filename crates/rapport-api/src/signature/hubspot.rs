//! HubSpot: three versions. The third is an HMAC with a time; the older two are plain hashes that
//! never grow old, so they count only where the webhook says so.

use super::{Sent, TOLERANCE_MS, Unproven, fresh, header, mac, time};
use rapport_core::event::webhook::{Encoding, HubspotVersions};
use rapport_core::time::Millis;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

const V3: &str = "x-hubspot-signature-v3";
const V3_TIME: &str = "x-hubspot-request-timestamp";
const OLDER: &str = "x-hubspot-signature";
const OLDER_VERSION: &str = "x-hubspot-signature-version";

/// What HubSpot decodes in the address before it signs.
const DECODED: [(&str, &str); 12] = [
    ("%3A", ":"),
    ("%2F", "/"),
    ("%3F", "?"),
    ("%40", "@"),
    ("%21", "!"),
    ("%24", "$"),
    ("%27", "'"),
    ("%28", "("),
    ("%29", ")"),
    ("%2A", "*"),
    ("%2C", ","),
    ("%3B", ";"),
];

pub(super) fn check(
    secret: &str,
    accept: HubspotVersions,
    sent: &Sent<'_>,
    now: Millis,
) -> Result<(), Unproven> {
    if accept == HubspotVersions::V3 || sent.headers.contains_key(V3) {
        return newest(secret, sent, now);
    }
    let claimed = mac::decode(header(sent, OLDER)?, Encoding::Hex, OLDER)?;
    let mut hash = Sha256::new();
    hash.update(secret);
    match header(sent, OLDER_VERSION).unwrap_or("v1") {
        "v1" => {}
        "v2" => {
            hash.update(sent.method);
            hash.update(sent.url);
        }
        _ => return Err(Unproven::Malformed(OLDER_VERSION.to_owned())),
    }
    hash.update(sent.body);
    let expected = hash.finalize();
    let is_same: bool = expected.as_slice().ct_eq(&claimed).into();
    if is_same {
        Ok(())
    } else {
        Err(Unproven::Wrong)
    }
}

fn newest(secret: &str, sent: &Sent<'_>, now: Millis) -> Result<(), Unproven> {
    let claimed = mac::decode(header(sent, V3)?, Encoding::Base64, V3)?;
    let dated = header(sent, V3_TIME)?;
    let signed = time(dated, 1, V3_TIME)?;
    let url = decoded(sent.url);
    let parts = [
        sent.method.as_bytes(),
        url.as_bytes(),
        sent.body,
        dated.as_bytes(),
    ];
    mac::check(secret.as_bytes(), &parts, &claimed)?;
    fresh(signed, now, TOLERANCE_MS)
}

fn decoded(url: &str) -> String {
    let mut rest = url;
    let mut plain = String::with_capacity(url.len());
    while let Some(at) = rest.find('%') {
        plain.push_str(&rest[..at]);
        let escape = rest.get(at..at + 3).unwrap_or_default();
        let known = DECODED
            .iter()
            .find(|(from, _)| from.eq_ignore_ascii_case(escape));
        let (written, length) = known.map_or(("%", 1), |(_, to)| (*to, 3));
        plain.push_str(written);
        rest = &rest[at + length..];
    }
    plain.push_str(rest);
    plain
}
