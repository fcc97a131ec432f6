//! Which segments and attributes browsers may see: nothing, unless somebody says so.

use super::Standing;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The most names in one list.
pub const NAMES_MAX: usize = 200;
/// The longest name, in bytes.
pub const NAME_BYTES_MAX: usize = 512;
/// Names that mean something to JavaScript's objects: an answer never carries them.
const SPECIAL: [&str; 3] = ["__proto__", "constructor", "prototype"];

/// What browsers may see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Exposure {
    /// Whoever holds an anonymous id may see this of the visitor behind it.
    pub public: Shown,
    /// Only somebody whose user id a server has signed may see this, of themselves.
    pub signed: Shown,
}

/// Names of segments and attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Shown {
    /// Keys of segments.
    pub segments: BTreeSet<Box<str>>,
    /// Names of attributes.
    pub traits: BTreeSet<Box<str>>,
}

impl Exposure {
    /// The segments that somebody may see, ascending.
    pub fn segments(&self, standing: Standing) -> impl Iterator<Item = &str> {
        let names: BTreeSet<&str> = self
            .shown(standing)
            .flat_map(|shown| shown.segments.iter().map(|key| &**key))
            .collect();
        names.into_iter()
    }

    /// The attributes that somebody may see, ascending.
    pub fn traits(&self, standing: Standing) -> impl Iterator<Item = &str> {
        let names: BTreeSet<&str> = self
            .shown(standing)
            .flat_map(|shown| shown.traits.iter().map(|name| &**name))
            .collect();
        names.into_iter()
    }

    /// Whether somebody may see this segment.
    #[must_use]
    pub fn shows_segment(&self, standing: Standing, key: &str) -> bool {
        self.shown(standing)
            .any(|shown| shown.segments.contains(key))
    }

    /// Every segment that anybody may see.
    pub fn named_segments(&self) -> impl Iterator<Item = &str> {
        self.segments(Standing::Signed)
    }

    /// The same without a segment: whoever makes one of that key again must show it anew.
    #[must_use]
    pub fn without_segment(&self, key: &str) -> Exposure {
        let mut less = self.clone();
        less.public.segments.remove(key);
        less.signed.segments.remove(key);
        less
    }

    /// Says what is wrong with it, if anything is.
    ///
    /// # Errors
    /// A sentence for people.
    pub fn check(&self) -> Result<(), String> {
        for shown in [&self.public, &self.signed] {
            for names in [&shown.segments, &shown.traits] {
                if names.len() > NAMES_MAX {
                    return Err(format!("a list may have {NAMES_MAX} names"));
                }
            }
            for name in &shown.traits {
                if name.is_empty() || name.len() > NAME_BYTES_MAX {
                    return Err(format!("a trait's name has 1 to {NAME_BYTES_MAX} bytes"));
                }
                if SPECIAL.contains(&&**name) {
                    return Err(format!("`{name}` cannot be shown to browsers"));
                }
            }
        }
        Ok(())
    }

    fn shown(&self, standing: Standing) -> impl Iterator<Item = &Shown> {
        let public = (standing >= Standing::Visitor).then_some(&self.public);
        let signed = (standing >= Standing::Signed).then_some(&self.signed);
        public.into_iter().chain(signed)
    }
}
