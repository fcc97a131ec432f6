//! The webhook of a source: how its deliveries are mapped, and how they are checked.

use crate::event::mapping::{Map, ready};
use crate::event::{KeyKind, SourceNo};
use serde::{Deserialize, Serialize};

/// How a source takes deliveries of another system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Whose events they become.
    pub source: SourceNo,
    /// The end of its address, which nobody can guess.
    pub token: String,
    /// What makes events of a delivery.
    pub map: Choice,
    /// What a delivery must prove.
    pub verify: Verify,
}

/// Which map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// One that comes with Rapport, by its name; it follows what later versions make of it.
    Ready(String),
    /// The source's own, as its JSON text.
    Own(String),
}

impl Choice {
    /// The map itself.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it, and where.
    pub fn read(&self) -> Result<Map, String> {
        match self {
            Choice::Own(text) => Map::parse(text).map_err(|error| error.to_string()),
            Choice::Ready(name) => match ready::find(name) {
                Some(found) => found.map().map_err(|error| error.to_string()),
                None => {
                    let names = ready::names().join(", ");
                    Err(format!("there is no ready map `{name}`; there are {names}"))
                }
            },
        }
    }
}

/// How a delivery proves that it comes from whom it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "scheme", rename_all = "snake_case", deny_unknown_fields)]
pub enum Verify {
    /// It need not: anybody who knows the address can send. Trusted like a browser.
    None,
    /// HMAC-SHA256 of the body in Base64, in `X-Shopify-Hmac-Sha256`.
    Shopify {
        /// The app's client secret, or the one shown below the list of webhooks.
        secret: String,
    },
    /// HMAC-SHA256 of the body in hex behind `sha256=`, in `X-Hub-Signature-256`; and the
    /// handshake that Meta begins with.
    Meta {
        /// The app's secret.
        secret: String,
        /// The word that the handshake must name.
        verify_token: String,
    },
    /// `t=<seconds>,v1=<hex HMAC-SHA256 of "t.body">`.
    Stripe {
        /// The secret of the endpoint.
        secret: String,
        /// Where the signature is, if not in `Stripe-Signature`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        header: Option<String>,
    },
    /// ECDSA over P-256 of timestamp and body, as SendGrid signs its event hooks.
    Sendgrid {
        /// The verification key as SendGrid shows it: Base64 of a public key.
        public_key: String,
    },
    /// HMAC-SHA256 of the timestamp and token that the body carries.
    Mailgun {
        /// The webhook signing key.
        secret: String,
    },
    /// HubSpot's signatures.
    Hubspot {
        /// The app's client secret.
        secret: String,
        /// Which versions of them count.
        #[serde(default)]
        accept: HubspotVersions,
    },
    /// The Standard Webhooks headers `webhook-id`, `webhook-timestamp`, `webhook-signature`.
    StandardWebhooks {
        /// The secret, with or without its `whsec_`.
        secret: String,
    },
    /// HMAC-SHA256 of the body in a header of any name.
    Hmac {
        /// The secret.
        secret: String,
        /// Where the signature is.
        header: String,
        /// What stands in front of it.
        #[serde(default)]
        prefix: String,
        /// How it is spelled.
        #[serde(default)]
        encoding: Encoding,
    },
    /// A user name and a password.
    Basic {
        /// The user name.
        user: String,
        /// The password.
        password: String,
    },
    /// A secret in a header of any name.
    Header {
        /// The header.
        header: String,
        /// What it must say.
        secret: String,
    },
}

/// How the bytes of a signature are spelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Two digits a byte.
    #[default]
    Hex,
    /// Base64.
    Base64,
}

/// Which of HubSpot's signatures count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HubspotVersions {
    /// Only the third, which carries its time.
    #[default]
    V3,
    /// The newest that a delivery carries: private apps send the first alone.
    Any,
}

impl Verify {
    /// Its word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Verify::None => "none",
            Verify::Shopify { .. } => "shopify",
            Verify::Meta { .. } => "meta",
            Verify::Stripe { .. } => "stripe",
            Verify::Sendgrid { .. } => "sendgrid",
            Verify::Mailgun { .. } => "mailgun",
            Verify::Hubspot { .. } => "hubspot",
            Verify::StandardWebhooks { .. } => "standard_webhooks",
            Verify::Hmac { .. } => "hmac",
            Verify::Basic { .. } => "basic",
            Verify::Header { .. } => "header",
        }
    }

    /// How far what a delivery says of who somebody is can be trusted.
    #[must_use]
    pub fn trust(&self) -> KeyKind {
        match self {
            Verify::None => KeyKind::Browser,
            _ => KeyKind::Server,
        }
    }

    /// The header that was chosen to carry the proof, where one was.
    #[must_use]
    pub fn header(&self) -> Option<&str> {
        match self {
            Verify::Stripe { header, .. } => header.as_deref(),
            Verify::Hmac { header, .. } | Verify::Header { header, .. } => Some(header),
            _ => None,
        }
    }

    /// What only the two sides know, where there is such a thing.
    #[must_use]
    pub fn secret(&self) -> Option<&str> {
        match self {
            Verify::None | Verify::Sendgrid { .. } => None,
            Verify::Shopify { secret }
            | Verify::Meta { secret, .. }
            | Verify::Stripe { secret, .. }
            | Verify::Mailgun { secret }
            | Verify::Hubspot { secret, .. }
            | Verify::StandardWebhooks { secret }
            | Verify::Hmac { secret, .. }
            | Verify::Header { secret, .. } => Some(secret),
            Verify::Basic { password, .. } => Some(password),
        }
    }
}
