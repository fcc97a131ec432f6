//! What is kept of a password: its hash, which no log, view or debug print shows.

use super::Error;
use crate::position::Position;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The longest hash, in bytes.
const BYTES_MAX: usize = 256;
/// How every hash begins.
const BEGIN: &str = "$argon2id$";

/// An argon2id hash in PHC form.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(Box<str>);

impl PasswordHash {
    /// A hash somebody made.
    ///
    /// # Errors
    /// [`Error::Hash`] where it is none.
    pub fn new(phc: &str) -> Result<PasswordHash, Error> {
        let hash = PasswordHash(phc.into());
        hash.check().map(|()| hash)
    }

    /// Whether it is one, wherever it was read.
    ///
    /// # Errors
    /// [`Error::Hash`].
    pub fn check(&self) -> Result<(), Error> {
        let is_one = self.0.starts_with(BEGIN)
            && self.0.len() <= BYTES_MAX
            && self.0.bytes().all(|byte| byte.is_ascii_graphic());
        is_one.then_some(()).ok_or(Error::Hash)
    }

    /// The hash, for whoever verifies a password with it.
    #[must_use]
    pub fn phc(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// A member's password, as kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Password {
    /// Its hash.
    pub hash: PasswordHash,
    /// The entry that set it: what was signed in with another one is over.
    pub set: Position,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_taken_and_never_printed() {
        let hash = PasswordHash::new("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA").unwrap();
        assert!(!format!("{hash:?}").contains("c2FsdH"));
        for phc in ["", "secret", "$argon2i$v=19$x", "$argon2id$a\nb"] {
            assert_eq!(PasswordHash::new(phc), Err(Error::Hash), "{phc}");
        }
    }
}
