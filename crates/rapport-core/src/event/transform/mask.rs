//! `mask`: values become such that nobody is known by them any more.

use super::Tools;
use super::draft::Draft;
use super::path::Path;
use crate::json::Value;
use crate::json::edit::{Edit, quoted};
use core::net::IpAddr;
use serde::{Deserialize, Serialize};

/// What stands where something was redacted.
const REDACTED: &str = "[redacted]";

/// Masks values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mask {
    paths: Vec<Path>,
    by: By,
    /// Characters that a cut text keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keep: Option<usize>,
}

/// How values are masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum By {
    /// A hash under this directory's secret: equal values stay equal.
    Hash,
    /// A fixed text.
    Redact,
    /// The first characters only.
    Truncate,
    /// Of an IPv4 address the first three bytes, of an IPv6 address the first six.
    Ip,
}

impl Mask {
    pub(super) fn paths(&self) -> usize {
        self.paths.len()
    }

    pub(super) fn check(&self) -> Result<(), String> {
        match (self.by, self.keep) {
            (By::Truncate, None) => {
                return Err("`truncate` needs `keep`: how many characters stay".to_owned());
            }
            (By::Hash | By::Redact | By::Ip, Some(_)) => {
                return Err("only `truncate` takes `keep`".to_owned());
            }
            _ => {}
        }
        super::check_targets(&self.paths)
    }

    pub(super) fn apply(&self, draft: &mut Draft<'_>, tools: &Tools<'_>) {
        for path in &self.paths {
            draft.edit(path, |raw| match self.masked(raw, tools) {
                Some(text) => Edit::Replace(quoted(&text)),
                None => Edit::Keep,
            });
        }
    }

    /// `None` for `null`, which says nothing.
    fn masked(&self, raw: &str, tools: &Tools<'_>) -> Option<String> {
        let value = Value::parse(raw)?;
        let text = match &value {
            Value::Null => return None,
            Value::Text(text) => text,
            _ => raw,
        };
        Some(match self.by {
            By::Hash => format!("{:032x}", (tools.hash)(text)),
            By::Redact => REDACTED.to_owned(),
            By::Truncate => text.chars().take(self.keep.unwrap_or(0)).collect(),
            By::Ip => match text.trim().parse() {
                Ok(address) => cut(address).to_string(),
                Err(_) => REDACTED.to_owned(),
            },
        })
    }
}

fn cut(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            IpAddr::from([a, b, c, 0])
        }
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => cut(IpAddr::V4(mapped)),
            None => {
                let mut bytes = [0; 16];
                bytes[..6].copy_from_slice(&address.octets()[..6]);
                IpAddr::from(bytes)
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_loses_what_tells_one_household_from_another() {
        for (address, expected) in [
            ("203.0.113.77", "203.0.113.0"),
            ("::ffff:203.0.113.77", "203.0.113.0"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ] {
            let address = address.parse().expect("an address");
            assert_eq!(cut(address).to_string(), expected);
        }
    }
}
