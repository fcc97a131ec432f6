//! Write keys and API tokens: only hashes are kept, and looking one up is the door's hot path.

use rapport_core::event::{KeyKind, SourceNo};
use rapport_core::member::{MemberNo, Scopes};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

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

/// What an API token opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredToken")]
pub struct TokenUse {
    /// The actor of what is done with it.
    pub name: String,
    /// The token's last characters; empty where they were not kept.
    pub hint: String,
    /// What it opens.
    pub scopes: Scopes,
    /// The member whose rights limit it, where it is theirs.
    pub member: Option<MemberNo>,
}

impl TokenUse {
    /// Whether it opens everything, of everybody's.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.member.is_none() && self.scopes.are_admin()
    }
}

/// Tokens used to be kept as their name alone, and opened everything.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredToken {
    Name(String),
    Whole {
        name: String,
        hint: String,
        #[serde(default = "Scopes::admin")]
        scopes: Scopes,
        #[serde(default)]
        member: Option<MemberNo>,
    },
}

impl From<StoredToken> for TokenUse {
    fn from(stored: StoredToken) -> TokenUse {
        match stored {
            StoredToken::Name(name) => TokenUse {
                name,
                hint: String::new(),
                scopes: Scopes::admin(),
                member: None,
            },
            StoredToken::Whole {
                name,
                hint,
                scopes,
                member,
            } => TokenUse {
                name,
                hint,
                scopes,
                member,
            },
        }
    }
}

/// A key or token that is out of use for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// Its last characters.
    pub hint: String,
    /// What kind of write key it was; `None` where it was a token.
    pub kind: Option<KeyKind>,
}

/// Every write key and token in force, by hash, and those that are not any more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyRing {
    pub(crate) keys: BTreeMap<String, KeyUse>,
    pub(crate) tokens: BTreeMap<String, TokenUse>,
    pub(crate) revoked: BTreeMap<String, Revoked>,
    pub(crate) disabled: BTreeSet<SourceNo>,
}

impl KeyRing {
    /// What this write key opens, where it is one and its source is in use.
    #[must_use]
    pub fn write_key(&self, key: &str) -> Option<&KeyUse> {
        let key = self.keys.get(&hash(key))?;
        (!self.is_disabled(key.source)).then_some(key)
    }

    /// The name of this API token, where it is one.
    #[must_use]
    pub fn token(&self, token: &str) -> Option<&str> {
        let token = self.tokens.get(&hash(token))?;
        Some(&token.name)
    }

    /// What this API token opens, where it is one, and the hash it is kept under.
    #[must_use]
    pub fn opened_by(&self, token: &str) -> Option<(&str, &TokenUse)> {
        let (hash, token) = self.tokens.get_key_value(&hash(token))?;
        Some((hash, token))
    }

    /// What the token with this hash opens.
    #[must_use]
    pub fn by_hash(&self, hash: &str) -> Option<&TokenUse> {
        self.tokens.get(hash)
    }

    /// Whether no API token that opens everything is in force.
    #[must_use]
    pub fn has_no_token(&self) -> bool {
        !self.tokens.values().any(TokenUse::is_admin)
    }

    /// Every write key, by the hash of it.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &KeyUse)> {
        self.keys.iter().map(|(hash, key)| (hash.as_str(), key))
    }

    /// Every API token, by the hash of it.
    pub fn tokens(&self) -> impl Iterator<Item = (&str, &TokenUse)> {
        let tokens = self.tokens.iter();
        tokens.map(|(hash, token)| (hash.as_str(), token))
    }

    /// What the key or token with this hash was before it was revoked.
    #[must_use]
    pub fn revoked(&self, hash: &str) -> Option<&Revoked> {
        self.revoked.get(hash)
    }

    /// Whether there is, or was, a write key of this kind.
    #[must_use]
    pub fn had_key(&self, kind: KeyKind) -> bool {
        let mut gone = self.revoked.values();
        self.keys.values().any(|key| key.kind == kind)
            || gone.any(|revoked| revoked.kind == Some(kind))
    }

    /// Whether a source is out of use.
    #[must_use]
    pub fn is_disabled(&self, source: SourceNo) -> bool {
        self.disabled.contains(&source)
    }
}

/// Digits of a hash that name a key or token in an address.
const ID_DIGITS: usize = 12;

/// What a key or token is called by: the beginning of its hash.
#[must_use]
pub fn id(hash: &str) -> &str {
    hash.get(..ID_DIGITS).unwrap_or(hash)
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

#[cfg(test)]
mod tests {
    use super::*;
    use rapport_core::member::Scope;

    #[test]
    fn a_token_kept_as_its_name_alone_still_opens() {
        let old: TokenUse = serde_json::from_str("\"admin\"").unwrap();
        assert_eq!((old.name.as_str(), old.hint.as_str()), ("admin", ""));
        assert!(old.is_admin());
        let old: TokenUse = serde_json::from_str(r#"{"name":"ci","hint":"abcd"}"#).unwrap();
        assert!(old.is_admin(), "what was made before scopes were");
        let new = TokenUse {
            name: "ci".to_owned(),
            hint: "abcd".to_owned(),
            scopes: [Scope::Export].into_iter().collect(),
            member: Some(MemberNo(7)),
        };
        let json = serde_json::to_string(&new).unwrap();
        assert_eq!(serde_json::from_str::<TokenUse>(&json).unwrap(), new);
    }

    #[test]
    fn a_disabled_source_s_keys_open_nothing() {
        let source = SourceNo(3);
        let mut ring = KeyRing::default();
        let key = KeyUse {
            source,
            kind: KeyKind::Browser,
            hint: String::new(),
        };
        ring.keys.insert(hash("k"), key);
        assert!(ring.write_key("k").is_some());
        ring.disabled.insert(source);
        assert!(ring.write_key("k").is_none());
        assert!(ring.had_key(KeyKind::Browser) && !ring.had_key(KeyKind::Server));
    }
}
