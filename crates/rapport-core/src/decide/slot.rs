//! Slots: places in a page, filled by the first rule whose segment the visitor is in.

use serde::{Deserialize, Serialize};

/// The most rules of a slot.
pub const RULES_MAX: usize = 100;
/// The largest content, in bytes of JSON.
pub const CONTENT_BYTES_MAX: usize = 32 * 1024;
/// The longest name, in characters.
pub const NAME_CHARS_MAX: usize = 200;

/// A place in a page or an app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// Its key: lower case letters, digits, `_` and `-`.
    pub key: Box<str>,
    /// Its name for people.
    pub name: Box<str>,
    /// What fills it, first match first.
    pub rules: Vec<Rule>,
    /// What fills it where no rule does, as JSON.
    pub default: Box<str>,
}

/// Content for the members of a segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The segment's key.
    pub segment: Box<str>,
    /// The content, as JSON.
    pub content: Box<str>,
}

impl Slot {
    /// The content for somebody of whom `is_in` says which segments count.
    pub fn content(&self, is_in: impl Fn(&str) -> bool) -> &str {
        let rule = self.rules.iter().find(|rule| is_in(&rule.segment));
        rule.map_or(&self.default, |rule| &rule.content)
    }

    /// Says what is wrong with it, if anything is.
    ///
    /// # Errors
    /// A sentence for people.
    pub fn check(&self) -> Result<(), String> {
        if !is_key(&self.key) {
            return Err(format!("`{}` cannot be the key of a slot", self.key));
        }
        if self.name.chars().count() > NAME_CHARS_MAX {
            return Err(format!("a name may have {NAME_CHARS_MAX} characters"));
        }
        if self.rules.len() > RULES_MAX {
            return Err(format!("a slot may have {RULES_MAX} rules"));
        }
        let contents = self.rules.iter().map(|rule| &rule.content);
        for content in contents.chain([&self.default]) {
            if content.len() > CONTENT_BYTES_MAX {
                return Err(format!("content may have {CONTENT_BYTES_MAX} bytes"));
            }
            if let Err(error) = serde_json::from_str::<serde_json::Value>(content) {
                return Err(format!("the content is no JSON: {error}"));
            }
        }
        Ok(())
    }
}

fn is_key(key: &str) -> bool {
    let fits =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    let starts_well = key
        .bytes()
        .next()
        .is_some_and(|first| first.is_ascii_alphanumeric());
    starts_well && key.len() <= 64 && key.bytes().all(fits)
}
