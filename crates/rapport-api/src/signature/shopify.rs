//! Shopify: HMAC-SHA256 of the body in Base64.

use super::{Sent, Unproven, header, mac};
use rapport_core::event::webhook::Encoding;

const SIGNATURE: &str = "x-shopify-hmac-sha256";

pub(super) fn check(secret: &str, sent: &Sent<'_>) -> Result<(), Unproven> {
    let claimed = mac::decode(header(sent, SIGNATURE)?, Encoding::Base64, SIGNATURE)?;
    mac::check(secret.as_bytes(), &[sent.body], &claimed)
}
