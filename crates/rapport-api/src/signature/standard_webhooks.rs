//! Standard Webhooks: `v1,<Base64>` of id, time and body; several behind spaces while a secret is
//! being changed.

use super::{Sent, TOLERANCE_MS, Unproven, fresh, header, mac, time};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rapport_core::event::webhook::Encoding;
use rapport_core::time::Millis;

/// The headers' names, and those of the service that the standard came from.
const PREFIXES: [&str; 2] = ["webhook", "svix"];
/// How many signatures are tried.
const TRIED_MAX: usize = 8;

pub(super) fn check(secret: &str, sent: &Sent<'_>, now: Millis) -> Result<(), Unproven> {
    let key = key(secret).ok_or(Unproven::Wrong)?;
    let carried = |prefix: &&str| sent.headers.contains_key(format!("{prefix}-signature"));
    let prefix = PREFIXES.into_iter().find(|prefix| carried(prefix));
    let prefix = prefix.unwrap_or(PREFIXES[0]);
    let name = format!("{prefix}-signature");
    let signatures = header(sent, &name)?;
    let id = header(sent, &format!("{prefix}-id"))?;
    let dated = format!("{prefix}-timestamp");
    let seconds = header(sent, &dated)?;
    let signed = time(seconds, 1_000, &dated)?;
    let mut verdict = Err(Unproven::Malformed(name.clone()));
    let tried = signatures
        .split(' ')
        .filter_map(|one| one.strip_prefix("v1,"));
    for text in tried.take(TRIED_MAX) {
        let claimed = mac::decode(text, Encoding::Base64, &name)?;
        let parts = [id.as_bytes(), b".", seconds.as_bytes(), b".", sent.body];
        verdict = mac::check(&key, &parts, &claimed);
        if verdict.is_ok() {
            break;
        }
    }
    verdict?;
    fresh(signed, now, TOLERANCE_MS)
}

pub(super) fn usable(secret: &str) -> Result<(), String> {
    match key(secret) {
        Some(key) if !key.is_empty() => Ok(()),
        _ => Err("the secret is `whsec_` and Base64 behind it".to_owned()),
    }
}

fn key(secret: &str) -> Option<Vec<u8>> {
    let secret = secret.trim();
    STANDARD
        .decode(secret.strip_prefix("whsec_").unwrap_or(secret))
        .ok()
}
