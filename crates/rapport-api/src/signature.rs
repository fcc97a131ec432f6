//! Signatures of webhooks: whether a delivery comes from whom it says, a file per scheme.
//!
//! Every scheme looks at the bytes as they came, compares in constant time, and where its
//! deliveries carry a time refuses those that are too old or from the future.

use axum::http::HeaderMap;
use rapport_core::event::webhook::Verify;
use rapport_core::time::{MINUTE_MS, Millis};

mod hubspot;
mod keyed;
mod mac;
mod mailgun;
mod meta;
mod password;
mod sendgrid;
mod shopify;
mod standard_webhooks;
mod stripe;

pub use meta::challenge;

/// How far the time of a signature may be from ours where a scheme says nothing else.
const TOLERANCE_MS: i64 = 5 * MINUTE_MS;

/// A delivery as it came.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    /// `POST`.
    pub method: &'a str,
    /// The address as the sender knows it: scheme, host, path and query.
    pub url: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body, byte for byte.
    pub body: &'a [u8],
}

/// What a delivery has proved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// A word of this delivery that may count only once.
    pub once: Option<String>,
}

/// Why a delivery has proved nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// There is no signature.
    #[error("the delivery carries no `{0}`")]
    Unsigned(String),
    /// There is one that cannot be read.
    #[error("`{0}` cannot be read")]
    Malformed(String),
    /// It was made too long ago, or in the future.
    #[error("the signature is {0} s away from this server's time")]
    Stale(i64),
    /// It is not the one that the secret makes of these bytes.
    #[error("the signature is not the one that the secret makes of this delivery")]
    Wrong,
}

impl Unproven {
    /// Its stable word, which is what it is counted under.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Unproven::Unsigned(_) => "unsigned",
            Unproven::Malformed(_) => "malformed_signature",
            Unproven::Stale(_) => "stale_signature",
            Unproven::Wrong => "wrong_signature",
        }
    }
}

/// Checks a delivery at `now`.
///
/// # Errors
/// [`Unproven`], and nothing may be kept of it.
pub fn check(verify: &Verify, sent: &Sent<'_>, now: Millis) -> Result<Proof, Unproven> {
    let proved = match verify {
        Verify::None => Ok(()),
        Verify::Shopify { secret } => shopify::check(secret, sent),
        Verify::Meta { secret, .. } => meta::check(secret, sent),
        Verify::Stripe { secret, header } => stripe::check(secret, header.as_deref(), sent, now),
        Verify::Sendgrid { public_key } => sendgrid::check(public_key, sent, now),
        Verify::Mailgun { secret } => return mailgun::check(secret, sent, now),
        Verify::Hubspot { secret, accept } => hubspot::check(secret, *accept, sent, now),
        Verify::StandardWebhooks { secret } => standard_webhooks::check(secret, sent, now),
        Verify::Hmac {
            secret,
            header,
            prefix,
            encoding,
        } => keyed::check(secret, (header, prefix, *encoding), sent),
        Verify::Basic { user, password } => password::basic(user, password, sent),
        Verify::Header { header, secret } => password::header(header, secret, sent),
    };
    proved.map(|()| Proof::default())
}

/// What is wrong with how a webhook is to be checked, before any delivery comes.
///
/// # Errors
/// A sentence that says what.
pub fn usable(verify: &Verify) -> Result<(), String> {
    let secret = verify.secret().map(str::trim);
    if secret == Some("") {
        return Err("the secret is empty".to_owned());
    }
    let header = |name: &str| match name.parse::<axum::http::HeaderName>() {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("`{name}` names no header")),
    };
    match verify {
        Verify::Sendgrid { public_key } => sendgrid::usable(public_key),
        Verify::StandardWebhooks { secret } => standard_webhooks::usable(secret),
        Verify::Meta { verify_token, .. } if verify_token.trim().is_empty() => {
            Err("`verify_token` is empty".to_owned())
        }
        Verify::Stripe {
            header: Some(name), ..
        }
        | Verify::Hmac { header: name, .. }
        | Verify::Header { header: name, .. } => header(name),
        _ => Ok(()),
    }
}

/// The text of a header.
fn header<'a>(sent: &Sent<'a>, name: &str) -> Result<&'a str, Unproven> {
    let unsigned = || Unproven::Unsigned(name.to_owned());
    let value = sent.headers.get(name).ok_or_else(unsigned)?;
    let malformed = |_| Unproven::Malformed(name.to_owned());
    value.to_str().map(str::trim).map_err(malformed)
}

/// Reads a time of a signature: whole units since 1970, that many milliseconds each.
fn time(text: &str, unit_ms: i64, name: &str) -> Result<Millis, Unproven> {
    let malformed = || Unproven::Malformed(name.to_owned());
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse::<i64>().ok().filter(|_| is_number);
    let ms = number.and_then(|number| number.checked_mul(unit_ms));
    ms.map(Millis).ok_or_else(malformed)
}

/// Checks that a signature was made about now.
fn fresh(signed: Millis, now: Millis, tolerance_ms: i64) -> Result<(), Unproven> {
    let away_ms = now.since(signed).saturating_abs();
    if away_ms > tolerance_ms {
        return Err(Unproven::Stale(away_ms / 1_000));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
