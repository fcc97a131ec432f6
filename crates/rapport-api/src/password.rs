//! Passwords: hashed and verified with argon2id, beside the threads that answer requests, a few at
//! a time; and which ones are too easy.
//!
//! The parameters are those OWASP names for argon2id: 19 MiB, two passes, one lane. What verifies
//! a password for nobody costs the same, so that the time of an answer says nothing.

use crate::errors::{Code, Error};
use argon2::password_hash::SaltString;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use rapport_core::member::PasswordHash;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use tokio::sync::Semaphore;

/// The shortest password, in characters.
pub const CHARS_MIN: usize = 12;
/// The longest, in bytes.
pub const BYTES_MAX: usize = 1_024;
/// Different characters of a password, at least.
const DIFFERENT_MIN: usize = 5;

const MEMORY_KIB: u32 = 19 * 1_024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Verified at once, of whom nothing is known: each takes a core and 19 MiB.
const AT_ONCE: usize = 2;
/// Who may wait for that.
const WAITING_MAX: usize = 32;

/// Beginnings that everybody tries.
const COMMON: [&str; 12] = [
    "password", "passwort", "qwerty", "qwertz", "azerty", "letmein", "welcome", "admin",
    "iloveyou", "1234", "abcd", "rapport",
];

/// In which line somebody waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// That of everybody.
    Anybody,
    /// That of browsers somebody signed in from before, which a flood of others does not fill.
    Known,
}

/// Where passwords are hashed and verified.
pub(crate) struct Passwords {
    anybody: Queue,
    known: Queue,
}

struct Queue {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Queue {
    fn of(places: usize) -> Queue {
        Queue {
            places: Arc::new(Semaphore::new(places)),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Runs `work` on a thread of its own once there is a place.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let waiting = Waiting::begin(&self.waiting)?;
        let place = Arc::clone(&self.places).acquire_owned().await;
        drop(waiting);
        let work = move || {
            // Held until it is done, also where whoever asked has gone meanwhile.
            let _place = place;
            work()
        };
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|_| Error::new(Code::Stopping, "the server is stopping"))
    }
}

/// Somebody who waits; gone when they do no more, however that ends.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(waiting: &'a AtomicUsize) -> Result<Waiting<'a>, Error> {
        let before = waiting.fetch_add(1, Ordering::AcqRel);
        let waiting = Waiting(waiting);
        match before < WAITING_MAX {
            true => Ok(waiting),
            false => Err(Error::new(Code::Busy, "many sign in at the moment")),
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Default for Passwords {
    fn default() -> Passwords {
        Passwords {
            anybody: Queue::of(AT_ONCE),
            known: Queue::of(1),
        }
    }
}

impl Passwords {
    /// Whether this is the password that is kept. Without one it takes as long and is not.
    pub(crate) async fn verify(
        &self,
        line: Line,
        kept: Option<PasswordHash>,
        password: String,
    ) -> Result<bool, Error> {
        let queue = match line {
            Line::Anybody => &self.anybody,
            Line::Known => &self.known,
        };
        queue
            .run(move || is_it(kept.as_ref(), password.as_bytes()))
            .await
    }

    /// The hash of a password.
    pub(crate) async fn hash(&self, password: String) -> Result<PasswordHash, Error> {
        let hashed = self.known.run(move || hash(password.as_bytes())).await?;
        hashed.map_err(|error| Error::new(Code::Storage, error))
    }
}

fn is_it(kept: Option<&PasswordHash>, password: &[u8]) -> bool {
    let stand_in = || {
        static NOBODY: OnceLock<Option<PasswordHash>> = OnceLock::new();
        NOBODY.get_or_init(|| hash(b"nobody").ok()).as_ref()
    };
    let Some(hash) = kept.or_else(stand_in) else {
        return false;
    };
    let Ok(read) = argon2::PasswordHash::new(hash.phc()) else {
        return false;
    };
    let is_it = hasher().verify_password(password, &read).is_ok();
    is_it && kept.is_some()
}

/// Hashes a password with a salt of its own.
///
/// # Errors
/// A sentence, where the system has no random numbers to give.
pub fn hash(password: &[u8]) -> Result<PasswordHash, String> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| error.to_string())?;
    let salt = SaltString::encode_b64(&salt).map_err(|error| error.to_string())?;
    let hash = hasher().hash_password(password, &salt);
    let hash = hash.map_err(|error| error.to_string())?;
    PasswordHash::new(&hash.to_string()).map_err(|error| error.to_string())
}

fn hasher() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("they are within bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Refuses a password that is guessed too easily.
///
/// # Errors
/// `weak_password`.
pub(crate) fn check(password: &str, email: &str) -> Result<(), Error> {
    let refused = |message: String| Err(Error::new(Code::WeakPassword, message));
    if password.chars().count() < CHARS_MIN {
        return refused(format!("a password needs {CHARS_MIN} characters"));
    }
    if password.len() > BYTES_MAX {
        return refused(format!("a password may have {BYTES_MAX} bytes"));
    }
    let lower = password.to_lowercase();
    let different: std::collections::BTreeSet<char> = lower.chars().collect();
    if different.len() < DIFFERENT_MIN {
        return refused(format!(
            "a password needs {DIFFERENT_MIN} different characters"
        ));
    }
    let local = email.split('@').next().unwrap_or_default();
    let names_them = local.len() >= 4 && lower.contains(&local.to_lowercase());
    let is_common = |begin: &&str| {
        let rest = lower.replacen(*begin, "", 1);
        lower.contains(*begin) && rest.chars().count() < CHARS_MIN - 4
    };
    match names_them || COMMON.iter().any(is_common) {
        true => refused("this password is one of the first that are tried".to_owned()),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_verified_against_its_own_hash_alone() {
        let kept = hash("correct horse".as_bytes()).expect("a hash");
        assert!(kept.phc().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(is_it(Some(&kept), "correct horse".as_bytes()));
        assert!(!is_it(Some(&kept), "correct horsE".as_bytes()));
        assert!(!is_it(None, b"nobody"), "the stand-in opens nothing");
        assert_ne!(
            hash(b"same").expect("a hash"),
            hash(b"same").expect("another")
        );
    }

    #[test]
    fn what_everybody_tries_first_is_refused() {
        let is_fine = |password: &str| check(password, "ana.lee@example.org").is_ok();
        assert!(is_fine("correct horse battery"));
        assert!(is_fine("Ünter den Linden"));
        for password in [
            "short",
            "aaaaaaaaaaaaaaaa",
            "Password1234!",
            "123412341234",
            "qwertyuiop12",
            "I am ana.lee herself",
        ] {
            assert!(!is_fine(password), "{password}");
        }
        assert!(!is_fine(&"long enough ".repeat(100)));
    }

    #[tokio::test]
    async fn a_flood_waits_in_a_line_of_its_own_and_is_turned_away_when_that_is_full() {
        let passwords = Passwords::default();
        let held = passwords.anybody.places.clone().acquire_many_owned(2);
        let held = held.await.expect("both places");
        let mut waiting = Vec::new();
        for _ in 0..WAITING_MAX {
            let begun = Waiting::begin(&passwords.anybody.waiting);
            waiting.push(begun.expect("a place in the line"));
        }
        let verify = |line| passwords.verify(line, None, "x".to_owned());
        let refused = verify(Line::Anybody).await.expect_err("the line is full");
        assert_eq!(refused.code(), Code::Busy);
        assert_eq!(verify(Line::Known).await, Ok(false));
        waiting.clear();
        drop(held);
        assert_eq!(verify(Line::Anybody).await, Ok(false));
    }
}
