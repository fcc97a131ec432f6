//! Write keys and API tokens: only hashes are kept, and looking one up is the door's hot path.

use rapport_core::event::{KeyKind, SourceNo};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// What a write key opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyUse {
    /// Whose key it is.
    pub source: SourceNo,
    /// How far it is trusted.
    pub kind: KeyKind,
    /// The key's last four characters.
    pub hint: String,
}

/// Every write key and token in force, by hash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyRing {
    pub(crate) keys: BTreeMap<String, KeyUse>,
    pub(crate) tokens: BTreeMap<String, String>,
}

impl KeyRing {
    /// What this write key opens, where it is one.
    #[must_use]
    pub fn write_key(&self, key: &str) -> Option<&KeyUse> {
        self.keys.get(&hash(key))
    }

    /// The name of this API token, where it is one.
    #[must_use]
    pub fn token(&self, token: &str) -> Option<&str> {
        self.tokens.get(&hash(token)).map(String::as_str)
    }

    /// Whether no API token is in force.
    #[must_use]
    pub fn has_no_token(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Every write key, by the hash of it.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &KeyUse)> {
        self.keys.iter().map(|(hash, key)| (hash.as_str(), key))
    }
}

/// SHA-256 of a key or token, in hex: what is kept of it. The keys are long and random, so a
/// fast hash does.
#[must_use]
pub fn hash(secret: &str) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(secret.as_bytes()) {
        hex.push(DIGITS[usize::from(byte >> 4)]);
        hex.push(DIGITS[usize::from(byte & 15)]);
    }
    hex
}
