//! What the configuration allows beside public addresses: blocks of addresses and host names.

use std::net::IpAddr;

/// An entry that is neither an address, nor a block of addresses, nor a host name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither an address, nor a block such as 10.1.0.0/16, nor a host name")]
pub struct Error(String);

/// The allow list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allow {
    blocks: Vec<Block>,
    hosts: Vec<String>,
}

/// A block of addresses: its first address, and how many leading bits all of it share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Block {
    first: IpAddr,
    length: u32,
}

impl Allow {
    /// Reads entries such as `10.1.0.0/16`, `fd00::/8`, `127.0.0.1` and `hooks.internal`.
    ///
    /// # Errors
    /// The first entry that is none of these.
    pub fn parse<T: AsRef<str>>(entries: &[T]) -> Result<Allow, Error> {
        let mut allow = Allow::default();
        for entry in entries {
            let entry = entry.as_ref().trim();
            if let Some(block) = Block::parse(entry) {
                allow.blocks.push(block);
            } else if is_host_name(entry) {
                allow.hosts.push(entry.to_ascii_lowercase());
            } else {
                return Err(Error(entry.to_owned()));
            }
        }
        Ok(allow)
    }

    /// Whether `address` lies in an allowed block, or `host` is an allowed name.
    #[must_use]
    pub fn contains(&self, host: &str, address: IpAddr) -> bool {
        let host = host.trim_end_matches('.');
        self.blocks.iter().any(|block| block.contains(address))
            || self
                .hosts
                .iter()
                .any(|name| name.eq_ignore_ascii_case(host))
    }
}

impl Block {
    fn parse(text: &str) -> Option<Block> {
        let (first, length) = match text.split_once('/') {
            Some((first, length)) => (first.parse().ok()?, length.parse().ok()?),
            None => {
                let first: IpAddr = text.parse().ok()?;
                (first, if first.is_ipv4() { 32 } else { 128 })
            }
        };
        let fits = length <= if first.is_ipv4() { 32 } else { 128 };
        fits.then_some(Block { first, length })
    }

    fn contains(self, address: IpAddr) -> bool {
        let (first, address, width) = match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => (
                u128::from(u32::from(first)),
                u128::from(u32::from(address)),
                32,
            ),
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                (u128::from(first), u128::from(address), 128)
            }
            _ => return false,
        };
        let differing = first ^ address;
        self.length == 0 || differing >> (width - self.length) == 0
    }
}

/// Labels of letters, digits and hyphens; the last one not a number, or it would be an address.
fn is_host_name(text: &str) -> bool {
    let label = |label: &str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        !label.is_empty() && label.bytes().all(plain)
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    let numeric = last.starts_with(|c: char| c.is_ascii_digit());
    text.len() <= 253 && !numeric && text.split('.').all(label)
}
