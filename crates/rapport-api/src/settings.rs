//! How the doors are set up.

use rapport_core::time::{DAY_MS, HOUR_MS};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// Settings of the HTTP API.
#[derive(Clone, Default)]
pub struct ApiSettings {
    /// The address browsers reach this server at (`https://cdp.example.org`), told to SDKs;
    /// `None` takes it from each request's `Host`.
    pub public_url: Option<String>,
    /// Whether a proxy in front is believed.
    pub proxy: Proxy,
    /// How a tracking call with an unknown key is answered.
    pub unknown_keys: UnknownKeys,
    /// The folder below which backups are made; `None` makes none.
    pub backups: Option<std::path::PathBuf>,
    /// Says which URLs a destination may have; `None` lets every web address pass, and leaves it
    /// to the delivery to refuse one.
    pub reach: Option<Arc<dyn Reach>>,
    /// Limits of reading back.
    pub reads: ReadLimits,
    /// How long members stay signed in.
    pub sign_in: SignInSettings,
}

/// How long members stay signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignInSettings {
    /// How long a session may be quiet, in milliseconds.
    pub idle_ms: i64,
    /// How long a session lasts at most, in milliseconds.
    pub session_ms: i64,
}

impl Default for SignInSettings {
    fn default() -> SignInSettings {
        SignInSettings {
            idle_ms: 8 * HOUR_MS,
            session_ms: 7 * DAY_MS,
        }
    }
}

/// Why a URL may not be reached, in a sentence.
pub type Unreachable = String;

/// Where outgoing messages may go.
pub trait Reach: Send + Sync {
    /// Whether a message may go to `url`, as far as that can be known before it goes.
    fn check<'a>(
        &'a self,
        url: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<(), Unreachable>> + Send + 'a>>;
}

/// Limits of reading back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLimits {
    /// How long a decision call waits until its events are folded, in milliseconds.
    pub decide_wait_ms: u64,
    /// Requests a second to the Profile API above which it answers 429; 0 is no limit.
    pub profile_api_per_second: u32,
    /// How many may watch the live view at a time.
    pub viewers: usize,
    /// Requests in ten seconds to the HubSpot-compatible API, of one token, above which it answers
    /// 429; 0 is no limit.
    pub crm_per_ten_seconds: u32,
    /// Searches a second, the same way.
    pub crm_searches_per_second: u32,
}

impl Default for ReadLimits {
    fn default() -> ReadLimits {
        ReadLimits {
            decide_wait_ms: 300,
            profile_api_per_second: 0,
            viewers: 256,
            crm_per_ten_seconds: 10_000,
            crm_searches_per_second: 0,
        }
    }
}

/// Whether `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Proxy {
    /// Anybody can connect and write what they like into headers: addresses come from the socket.
    #[default]
    None,
    /// Only a proxy can connect, and the last address it appended is the client's.
    Trusted,
}

/// How a tracking call with an unknown key is answered. It is counted as refused either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownKeys {
    /// 200, as Segment does: an SDK must not fail in an app because a key was withdrawn.
    #[default]
    Succeed,
    /// 401 with a message.
    Refuse,
}
