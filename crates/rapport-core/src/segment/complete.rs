//! What may be written next in a rule's text: the parser reads what stands before the place and
//! says what it would take there, so that this and the language cannot differ.

use crate::segment::error::Error;
use crate::segment::literal::Quoted;
use crate::segment::path::{Path, continues_word, starts_word};
use crate::segment::rule::RULE_BYTES_MAX;
use crate::segment::text::{self, Watch};
use std::collections::BTreeSet;

pub use crate::segment::text::Slot;

/// How a rule may go on at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// Where what is being typed begins, in bytes.
    pub from: usize,
    /// The place, in bytes.
    pub to: usize,
    /// What is being typed, without its quote.
    pub stem: Box<str>,
    /// Whether that stands in double quotes that are open.
    pub is_quoted: bool,
    /// Words of the language that may stand there.
    pub words: BTreeSet<Box<str>>,
    /// What else may.
    pub slots: BTreeSet<Slot>,
    /// Whether what stands before it is a whole rule.
    pub is_whole: bool,
    /// What is wrong before the place, where nothing can be said because of that.
    pub error: Option<Error>,
}

/// How a text goes on at an offset in bytes; one inside a character or behind the end is moved
/// back.
#[must_use]
pub fn complete(text: &str, at: usize) -> Completion {
    let mut to = at.min(text.len());
    while !text.is_char_boundary(to) {
        to -= 1;
    }
    let (from, is_quoted) = stem(&text[..to]);
    let stem = match is_quoted {
        true => Quoted::read(&text[from + 1..to]),
        false => text[from..to].into(),
    };
    let mut completion = Completion {
        from,
        to,
        stem,
        is_quoted,
        words: BTreeSet::new(),
        slots: BTreeSet::new(),
        is_whole: false,
        error: None,
    };
    let before = &text[..from];
    if before.len() > RULE_BYTES_MAX {
        completion.error = Some(Error::rule(
            text,
            RULE_BYTES_MAX,
            "a rule is at most 64 KB long",
        ));
        return completion;
    }
    let watch = Watch::default();
    let read = text::listen(before, &watch);
    (completion.words, completion.slots) = watch.heard();
    completion.is_whole = read.is_ok();
    if completion.words.is_empty() && completion.slots.is_empty() {
        completion.error = read.err();
    }
    completion
}

/// A path as rules write it, of names joined by dots.
#[must_use]
pub fn spell_path(joined: &str) -> String {
    let names = joined.split('.').map(Box::from).collect();
    Path::new(names).map_or_else(|| Quoted(joined).to_string(), |path| path.to_string())
}

/// A text as rules write it.
#[must_use]
pub fn spell_text(text: &str) -> String {
    Quoted(text).to_string()
}

/// Where the last word, sign or open quote of a text begins, and whether it is a quote.
fn stem(text: &str) -> (usize, bool) {
    let (mut quote, mut is_escaped) = (None, false);
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (Some(_), _) if is_escaped => is_escaped = false,
            (Some(_), '\\') => is_escaped = true,
            (Some(_), '"') => quote = None,
            (None, '"') => quote = Some(at),
            _ => {}
        }
    }
    if let Some(quote) = quote {
        return (quote, true);
    }
    let run = |fits: &dyn Fn(char) -> bool| {
        let behind = text.char_indices().rev().find(|(_, one)| !fits(*one));
        behind.map_or(0, |(at, one)| at + one.len_utf8())
    };
    let word = run(&|one| continues_word(one) || one == '.');
    if text[word..].starts_with(starts_word) {
        return (word, false);
    }
    let sign = run(&|one| "=!<>".contains(one));
    (sign, false)
}

#[cfg(test)]
mod tests;
