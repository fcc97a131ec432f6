//! Webhooks: one POST per message, or per list of some, signed, bounded in time and size, and never to an inner address.
//!
//! What the answers mean: 2xx has taken it; 408, 5xx and broken connections try again; 429, and
//! 503 that says `Retry-After`, ask for a rest; every other answer refuses the message for good.
//! Redirects are refused unless configured, see [`Redirects`].

use crate::channel::{Channel, Verdict};
use crate::guard::{self, Guard, Lookup, Pinned};
use crate::outbox::Message;
use async_trait::async_trait;
use rapport_core::crm::subscription::message::{self, Parcel};
use rapport_core::entry::{Destination, Shape};
use rapport_core::time::Millis;
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use reqwest::{Client, Response, StatusCode, Url};
use std::sync::Arc;
use std::time::Duration;

mod answer;
pub mod signature;

#[cfg(test)]
mod tests;

/// The header whose value is the same however often a message is sent.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// HMAC-SHA1 of the body in hex, as Segment signs.
pub const SIGNATURE_COMPATIBLE: HeaderName = HeaderName::from_static("x-signature");
/// `t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`.
pub const SIGNATURE: HeaderName = HeaderName::from_static("x-rapport-signature");
/// Base64 of the HMAC-SHA256 of method, address, body and timestamp, as HubSpot signs.
pub const SIGNATURE_HUBSPOT: HeaderName = HeaderName::from_static("x-hubspot-signature-v3");
/// When that was signed, in milliseconds since 1970.
pub const TIMESTAMP_HUBSPOT: HeaderName = HeaderName::from_static("x-hubspot-request-timestamp");

/// What is done where a destination answers with another address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Redirects {
    /// The message is refused: a webhook's address belongs into the configuration.
    #[default]
    Refuse,
    /// 307 and 308 are followed, three times at most; each hop is checked like the first, and
    /// none leads from https to http. Other redirects would lose the body and stay refused.
    Follow,
}

/// How many redirects are followed, where they are.
const HOPS: usize = 3;

/// How webhooks are sent.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What one attempt may take from the look-up of the name to the answer, in milliseconds.
    pub timeout_ms: u64,
    /// What is done about redirects.
    pub redirects: Redirects,
}

/// 5 s, and redirects are refused.
impl Default for Settings {
    fn default() -> Settings {
        Settings {
            timeout_ms: 5_000,
            redirects: Redirects::Refuse,
        }
    }
}

/// The client could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("webhooks cannot be sent from this machine")]
pub struct Error(#[from] reqwest::Error);

/// The webhook channel.
pub struct Webhook {
    client: Client,
    guard: Arc<Guard>,
    settings: Settings,
}

impl Webhook {
    /// A channel that reaches what `guard` permits, with names resolved by `lookup`.
    ///
    /// # Errors
    /// Where no HTTP client can be made.
    pub fn new(
        guard: Guard,
        lookup: Arc<dyn Lookup>,
        settings: Settings,
    ) -> Result<Webhook, Error> {
        let guard = Arc::new(guard);
        let pinned = Pinned::new(Arc::clone(&guard), lookup);
        let client = client(pinned, &settings)?;
        Ok(Webhook {
            client,
            guard,
            settings,
        })
    }

    /// Posts to `url`, and to where it is redirected where that is configured.
    async fn post(&self, url: &str, headers: &Headers, body: &str) -> Result<Response, Verdict> {
        let mut url = self.guard.check(url).map_err(|error| refused(&error))?;
        let mut hops = 0;
        loop {
            let response = self.post_once(url.clone(), headers, body).await?;
            if !response.status().is_redirection() {
                return Ok(response);
            }
            hops += 1;
            if hops > HOPS {
                return Err(Verdict::Refused {
                    error: format!("more than {HOPS} redirects"),
                });
            }
            url = self.next_hop(&url, &response)?;
        }
    }

    async fn post_once(
        &self,
        url: Url,
        headers: &Headers,
        body: &str,
    ) -> Result<Response, Verdict> {
        let mut request = self.client.post(url).body(body.to_owned());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request
            .send()
            .await
            .map_err(|error| match guard::refusal(&error) {
                Some(refusal) => refused(refusal),
                None => Verdict::Failed {
                    error: answer::plain(&error),
                },
            })
    }

    /// Where a redirect leads, checked like the address it came from.
    fn next_hop(&self, from: &Url, response: &Response) -> Result<Url, Verdict> {
        let status = response.status();
        let keeps_body = matches!(
            status,
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
        );
        if self.settings.redirects == Redirects::Refuse || !keeps_body {
            return Err(Verdict::Refused {
                error: format!("answered {status}; redirects are not followed"),
            });
        }
        let location = response
            .headers()
            .get(LOCATION)
            .and_then(|value| value.to_str().ok());
        let target = location.and_then(|location| target_of(from, location));
        let Some(target) = target else {
            return Err(Verdict::Refused {
                error: format!("answered {status} without a usable Location"),
            });
        };
        let next = self.guard.check(&target).map_err(|error| refused(&error))?;
        if from.scheme() == "https" && next.scheme() == "http" {
            return Err(Verdict::Refused {
                error: "redirected from https to http".to_owned(),
            });
        }
        Ok(next)
    }
}

#[async_trait]
impl Channel for Webhook {
    async fn deliver(
        &self,
        destination: &Destination,
        messages: &[Arc<Message>],
        now: Millis,
    ) -> Verdict {
        let Parcel { key, body } = packed(destination, messages);
        let headers = match headers(destination, &key, &body, now) {
            Ok(headers) => headers,
            Err(error) => return Verdict::Refused { error },
        };
        let attempt = self.post(&destination.url, &headers, &body);
        let limit = Duration::from_millis(self.settings.timeout_ms);
        match tokio::time::timeout(limit, attempt).await {
            Ok(Ok(response)) => answer::verdict(response, now).await,
            Ok(Err(verdict)) => verdict,
            Err(_) => Verdict::Failed {
                error: format!("no answer within {} ms", limit.as_millis()),
            },
        }
    }
}

type Headers = Vec<(HeaderName, HeaderValue)>;

/// What is sent of messages: the body of one as it is stored, or a list of what several say.
fn packed(destination: &Destination, messages: &[Arc<Message>]) -> Parcel {
    if destination.shape == Shape::HubSpot {
        return message::parcel(messages.iter().map(|message| &**message));
    }
    debug_assert!(messages.len() == 1, "only lists are sent together");
    let first = messages.first();
    Parcel {
        key: first.map_or_else(String::new, |first| first.key.clone()),
        body: first.map_or_else(String::new, |first| first.body.clone()),
    }
}

fn headers(
    destination: &Destination,
    key: &str,
    body: &str,
    now: Millis,
) -> Result<Headers, String> {
    let key = HeaderValue::from_str(key)
        .map_err(|_| "the idempotency key does not fit into a header".to_owned())?;
    let mut headers = vec![
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (IDEMPOTENCY_KEY, key),
    ];
    // A signature under an empty secret would prove nothing and look as if it did.
    if !destination.secret.is_empty() {
        let signatures = match destination.shape {
            Shape::HubSpot => {
                let signature = signature::hubspot(destination, body, now);
                [
                    (SIGNATURE_HUBSPOT, signature),
                    (TIMESTAMP_HUBSPOT, now.0.to_string()),
                ]
            }
            Shape::Track | Shape::Identify => {
                let signed = signature::sign(&destination.secret, body, now);
                [
                    (SIGNATURE_COMPATIBLE, signed.compatible),
                    (SIGNATURE, signed.current),
                ]
            }
        };
        for (name, text) in signatures {
            let value = HeaderValue::try_from(text).map_err(|error| error.to_string())?;
            headers.push((name, value));
        }
    }
    Ok(headers)
}

/// The text of a redirect's target. An absolute one stays as it was spelled, so that the guard
/// sees its spelling.
fn target_of(from: &Url, location: &str) -> Option<String> {
    match Url::parse(location) {
        Ok(_) => Some(location.to_owned()),
        Err(_) => from.join(location).ok().map(String::from),
    }
}

fn refused(error: &guard::Error) -> Verdict {
    Verdict::Refused {
        error: error.to_string(),
    }
}

/// One client for all destinations: no proxy from the environment (it would resolve names
/// itself), no redirects of its own, connections only to what the resolver returns.
fn client(pinned: Pinned, settings: &Settings) -> Result<Client, reqwest::Error> {
    // It fails only where a provider is installed already, which then serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let limit = Duration::from_millis(settings.timeout_ms);
    let builder = || {
        Client::builder()
            .user_agent(concat!("Rapport/", env!("CARGO_PKG_VERSION")))
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .dns_resolver(pinned.clone())
            .connect_timeout(limit)
            .timeout(limit)
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(16)
    };
    builder().build().or_else(|error| {
        // A machine without root certificates can still serve http destinations.
        tracing::warn!(%error, "no root certificates were found: https destinations will fail");
        builder().tls_certs_only([]).build()
    })
}
