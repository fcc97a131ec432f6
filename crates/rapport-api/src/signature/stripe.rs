//! Stripe's form, which others use too: `t=<seconds>,v1=<hex>`, several `v1` while a secret is
//! being changed.

use super::{Sent, TOLERANCE_MS, Unproven, fresh, header, mac, time};
use rapport_core::event::webhook::Encoding;
use rapport_core::time::Millis;

const SIGNATURE: &str = "stripe-signature";
/// How many signatures are tried.
const TRIED_MAX: usize = 8;

pub(super) fn check(
    secret: &str,
    name: Option<&str>,
    sent: &Sent<'_>,
    now: Millis,
) -> Result<(), Unproven> {
    let name = name.unwrap_or(SIGNATURE);
    let value = header(sent, name)?;
    let parts = || {
        value
            .split(',')
            .filter_map(|part| part.trim().split_once('='))
    };
    let malformed = || Unproven::Malformed(name.to_owned());
    let (_, seconds) = parts().find(|(key, _)| *key == "t").ok_or_else(malformed)?;
    let signed = time(seconds, 1_000, name)?;
    let tried = parts().filter(|(key, _)| *key == "v1").take(TRIED_MAX);
    let mut verdict = Err(malformed());
    for (_, hex) in tried {
        let claimed = mac::decode(hex, Encoding::Hex, name)?;
        let dated = [seconds.as_bytes(), b".", sent.body];
        verdict = mac::check(secret.as_bytes(), &dated, &claimed);
        if verdict.is_ok() {
            break;
        }
    }
    verdict?;
    fresh(signed, now, TOLERANCE_MS)
}
