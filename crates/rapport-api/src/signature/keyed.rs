//! HMAC-SHA256 of the body in a header of any name: what most systems without a scheme of their
//! own do.

use super::{Sent, Unproven, header, mac};
use rapport_core::event::webhook::Encoding;

pub(super) fn check(
    secret: &str,
    (name, prefix, encoding): (&str, &str, Encoding),
    sent: &Sent<'_>,
) -> Result<(), Unproven> {
    let value = header(sent, name)?;
    let malformed = || Unproven::Malformed(name.to_owned());
    let text = value.strip_prefix(prefix).ok_or_else(malformed)?;
    let claimed = mac::decode(text, encoding, name)?;
    mac::check(secret.as_bytes(), &[sent.body], &claimed)
}
