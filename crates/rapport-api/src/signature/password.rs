//! A password or a fixed word: it proves who sends, and nothing about what.

use super::{Sent, Unproven};
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

pub(super) fn basic(user: &str, password: &str, sent: &Sent<'_>) -> Result<(), Unproven> {
    let name = AUTHORIZATION.as_str();
    let value = super::header(sent, name)?;
    let malformed = || Unproven::Malformed(name.to_owned());
    let (scheme, encoded) = value.split_once(' ').ok_or_else(malformed)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(malformed());
    }
    let decoded = STANDARD.decode(encoded.trim()).map_err(|_| malformed())?;
    let decoded = String::from_utf8(decoded).map_err(|_| malformed())?;
    if same(&decoded, &format!("{user}:{password}")) {
        return Ok(());
    }
    Err(Unproven::Wrong)
}

pub(super) fn header(name: &str, secret: &str, sent: &Sent<'_>) -> Result<(), Unproven> {
    let value = super::header(sent, name)?;
    if same(value, secret.trim()) {
        return Ok(());
    }
    Err(Unproven::Wrong)
}

/// Whether both are the same. How long it takes says nothing about either: not even its length.
pub(super) fn same(left: &str, right: &str) -> bool {
    let digest = |text: &str| Sha256::digest(text.as_bytes());
    digest(left).ct_eq(&digest(right)).into()
}
