//! Which addresses outgoing requests may reach: public ones, and those the configuration allows.
//!
//! A URL is checked twice. [`Guard::check`] looks at its text: scheme, credentials, and a host
//! that is an address already. When a connection is made, [`Pinned`] resolves the name, keeps
//! the permitted addresses and hands exactly those to the connection, so that no second look-up
//! can answer something else in between.

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use url_host::Host;

pub mod address;
pub mod allow;
mod url_host;

use allow::Allow;

#[cfg(test)]
mod tests;

/// How long a name may take to resolve while somebody waits for a URL to be checked.
const LOOKUP_MAX: Duration = Duration::from_secs(2);

/// Why a URL or what is behind it may not be reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is no URL.
    #[error("this is not a URL: {0}")]
    NotAUrl(String),
    /// It is neither `http` nor `https`.
    #[error("only http and https URLs are allowed, not {0}")]
    Scheme(String),
    /// It carries a user name or a password.
    #[error("a URL with credentials in it is not allowed")]
    Credentials,
    /// It names no host.
    #[error("the URL names no host")]
    NoHost,
    /// Its host is an IPv4 address in an unusual spelling, such as `0x7f.1`.
    #[error("write the address as {0}: other spellings are not allowed")]
    OddAddress(IpAddr),
    /// It leads to an address that is not public and not allowed.
    #[error("{host} leads to {address}, which is not a public address and not on the allow list")]
    Address {
        /// The host as the URL names it.
        host: String,
        /// Where it leads.
        address: IpAddr,
    },
}

/// The rule: public addresses, and what is allowed beside them.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    allow: Allow,
}

impl Guard {
    /// A guard that permits public addresses and those of `allow`.
    #[must_use]
    pub fn new(allow: Allow) -> Guard {
        Guard { allow }
    }

    /// Reads a URL and checks everything that its text alone can tell; a name is resolved and
    /// checked when the connection is made.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, text: &str) -> Result<Url, Error> {
        let url = Url::parse(text).map_err(|error| Error::NotAUrl(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Error::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::Credentials);
        }
        match url_host::of(&url)? {
            Host::Name => Ok(url),
            Host::Address(address) if !url_host::is_plain(text, address) => {
                Err(Error::OddAddress(address))
            }
            Host::Address(address) => {
                self.permit(url.host_str().unwrap_or_default(), address)?;
                Ok(url)
            }
        }
    }

    /// Whether a connection to `address`, found behind `host`, is permitted.
    ///
    /// # Errors
    /// [`Error::Address`] where it is not.
    pub fn permit(&self, host: &str, address: IpAddr) -> Result<(), Error> {
        if address::is_public(address) || self.allow.contains(host, address) {
            return Ok(());
        }
        Err(Error::Address {
            host: host.to_owned(),
            address,
        })
    }

    /// Of the addresses behind a name, those permitted.
    ///
    /// # Errors
    /// [`Error::Address`] where there are addresses and none is permitted.
    fn sift(&self, host: &str, found: Vec<IpAddr>) -> Result<Vec<SocketAddr>, Error> {
        let mut refused = None;
        let mut permitted = Vec::new();
        for address in found {
            match self.permit(host, address) {
                Ok(()) => permitted.push(SocketAddr::new(address, 0)),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        match refused {
            Some(error) if permitted.is_empty() => Err(error),
            _ => Ok(permitted),
        }
    }
}

/// Turns a name into addresses.
#[async_trait::async_trait]
pub trait Lookup: Send + Sync + 'static {
    /// Every address of `host`.
    ///
    /// # Errors
    /// Where the name does not resolve.
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// Asks the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLookup;

#[async_trait::async_trait]
impl Lookup for SystemLookup {
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((host, 0)).await?;
        Ok(found.map(|socket| socket.ip()).collect())
    }
}

/// The resolver of guarded connections: they connect to what it returns and to nothing else.
#[derive(Clone)]
pub struct Pinned {
    guard: Arc<Guard>,
    lookup: Arc<dyn Lookup>,
}

impl Pinned {
    /// A resolver that asks `lookup` and answers what `guard` permits.
    #[must_use]
    pub fn new(guard: Arc<Guard>, lookup: Arc<dyn Lookup>) -> Pinned {
        Pinned { guard, lookup }
    }

    /// Checks a URL when it is set up: its text, and where its name leads now. A name that does
    /// not resolve in time may do so later, and is checked again whenever a connection is made.
    ///
    /// # Errors
    /// What is wrong with it.
    pub async fn check(&self, text: &str) -> Result<(), Error> {
        let url = self.guard.check(text)?;
        if let Host::Address(_) = url_host::of(&url)? {
            return Ok(());
        }
        let host = url.host_str().unwrap_or_default();
        match tokio::time::timeout(LOOKUP_MAX, self.lookup.lookup(host)).await {
            Ok(Ok(found)) => self.guard.sift(host, found).map(drop),
            Ok(Err(_)) | Err(_) => Ok(()),
        }
    }
}

impl Resolve for Pinned {
    fn resolve(&self, name: Name) -> Resolving {
        let Pinned { guard, lookup } = self.clone();
        Box::pin(async move {
            let found = lookup.lookup(name.as_str()).await?;
            let permitted = guard.sift(name.as_str(), found)?;
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

/// The guard's refusal behind an error of a connection, if that is what it was.
#[must_use]
pub fn refusal<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Error> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(refusal) = error.downcast_ref::<Error>() {
            return Some(refusal);
        }
        cause = error.source();
    }
    None
}
