//! The host of a URL: a name, or an address and whether it was spelled plainly.

use super::Error;
use reqwest::Url;
use std::net::IpAddr;

/// What a URL's host is.
pub(super) enum Host {
    /// A name, to be resolved when a connection is made.
    Name,
    /// An address, whatever way it was spelled: the parser has normalised it.
    Address(IpAddr),
}

/// The host of `url`.
pub(super) fn of(url: &Url) -> Result<Host, Error> {
    let host = url
        .host_str()
        .filter(|host| !host.is_empty())
        .ok_or(Error::NoHost)?;
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    Ok(bare.parse().map_or(Host::Name, Host::Address))
}

/// Whether the text behind `//` spells an IPv4 address as four plain decimal numbers. IPv6
/// addresses have many honest spellings; the address itself decides about those.
pub(super) fn is_plain(text: &str, address: IpAddr) -> bool {
    if address.is_ipv6() {
        return true;
    }
    let Some((_, rest)) = text.split_once("://") else {
        return false;
    };
    let Some(behind) = rest.strip_prefix(&address.to_string()) else {
        return false;
    };
    behind.is_empty() || behind.starts_with([':', '/', '?', '#'])
}
