//! Makes keys, tokens and shared secrets: long, random, and safe in URLs and headers.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Random bytes of a secret: 192 bits.
const BYTES: usize = 24;

/// A new secret behind a prefix that tells people what it is.
///
/// # Errors
/// Where the system has no random numbers to give.
pub fn make(prefix: &str) -> Result<String, getrandom::Error> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// The last characters of a secret, to tell it from others: four, and of a short one at most a
/// third, so that nobody can guess the rest.
#[must_use]
pub fn hint(secret: &str) -> String {
    let count = secret.chars().count();
    let shown = (count / 3).min(4);
    secret.chars().skip(count - shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_long_and_differ() {
        let secret = make("wk_").expect("random numbers");
        assert_eq!(secret.len(), 3 + 32);
        assert_ne!(secret, make("wk_").expect("random numbers"));
        assert_eq!(hint(&secret).len(), 4);
        assert!(secret.ends_with(&hint(&secret)));
        assert_eq!(
            ["ab", "abcdef", "wk-demo-longer"].map(hint),
            ["", "ef", "nger"]
        );
    }
}
