//! Paths to attributes and properties: names, from the outside in.

use crate::segment::literal::Quoted;
use crate::segment::text::{RESERVED, SOFT};
use std::fmt;

/// The most names a path may have.
pub const PATH_MAX: usize = 16;

/// A path: at least one name, at most [`PATH_MAX`]. A number picks an item of a list, from 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path {
    names: Box<[Box<str>]>,
}

impl Path {
    /// A path from its names. `None` where there are none, or too many.
    #[must_use]
    pub fn new(names: Vec<Box<str>>) -> Option<Path> {
        let fits = !names.is_empty() && names.len() <= PATH_MAX;
        fits.then(|| Path {
            names: names.into(),
        })
    }

    /// All its names.
    #[must_use]
    pub fn names(&self) -> &[Box<str>] {
        &self.names
    }

    /// The first name, and those inside it.
    #[must_use]
    pub fn split(&self) -> (&str, &[Box<str>]) {
        (&self.names[0], &self.names[1..])
    }

    /// The path as it stands behind a dot.
    pub(super) fn inside(&self) -> Inside<'_> {
        Inside(self)
    }
}

/// `address.city`, `"first name"`, `items.0."unit price"`.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(f, &self.names, is_plain)
    }
}

/// A path behind a dot, where every word is a name.
pub(super) struct Inside<'a>(&'a Path);

impl fmt::Display for Inside<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(f, &self.0.names, |name| is_word(name) || is_index(name))
    }
}

fn print(
    f: &mut fmt::Formatter<'_>,
    names: &[Box<str>],
    first_is_plain: fn(&str) -> bool,
) -> fmt::Result {
    for (at, name) in names.iter().enumerate() {
        let plain = match at {
            0 => first_is_plain(name),
            _ => is_word(name) || is_index(name),
        };
        let dot = if at == 0 { "" } else { "." };
        match plain {
            true => write!(f, "{dot}{name}")?,
            false => write!(f, "{dot}{}", Quoted(name))?,
        }
    }
    Ok(())
}

/// Whether a word is part of the language, so that a name like it needs quotes.
#[must_use]
pub(super) fn is_reserved(word: &str) -> bool {
    RESERVED
        .iter()
        .any(|reserved| reserved.eq_ignore_ascii_case(word))
}

/// Whether a name is a word that means nothing else.
#[must_use]
pub(super) fn is_plain(name: &str) -> bool {
    let is_soft = SOFT.iter().any(|soft| soft.eq_ignore_ascii_case(name));
    is_word(name) && !is_reserved(name) && !is_soft
}

pub(super) fn starts_word(character: char) -> bool {
    character.is_alphabetic() || character == '_' || character == '$'
}

pub(super) fn continues_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '$' | '-')
}

fn is_word(name: &str) -> bool {
    name.starts_with(starts_word) && name.chars().all(continues_word)
}

fn is_index(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())
}
