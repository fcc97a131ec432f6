//! The text spelling of rules: from text to rule. [`Rule`]'s `Display` is the way back. The
//! grammar is published in `docs/segments.md`.
//!
//! An `and` or `or` belongs to the filter as long as a property follows it; the words of the
//! language ([`RESERVED`]) are no names unless quoted. Words that came later ([`SOFT`]) are names
//! where nothing else can be meant, so that older rules still read.

use self::cursor::{Cursor, Token};
use crate::segment::computed::Computed;
use crate::segment::error::{Error, nearest};
use crate::segment::leaf::LeafSpec;
use crate::segment::operator::OPERATORS;
use crate::segment::path::Path;
use crate::segment::rule::{Filter, NESTING_MAX, RULE_BYTES_MAX, Rule};
use crate::segment::span::Span;

mod clauses;
mod computed;
mod condition;
mod cursor;
mod filter;
mod leaf;
mod operand;
mod sequence;
mod watch;
mod window;

pub use self::watch::Slot;
pub(super) use self::watch::Watch;

/// The words of the language, which are names only in quotes.
pub const RESERVED: [&str; 27] = [
    "and",
    "or",
    "not",
    "all",
    "any",
    "did",
    "viewed",
    "attribute",
    "in",
    "segment",
    "where",
    "at",
    "least",
    "most",
    "exactly",
    "within",
    "ever",
    "times",
    "time",
    "contains",
    "starts",
    "ends",
    "with",
    "exists",
    "true",
    "false",
    "null",
];

/// Words of the language that are names, too, where nothing else can be meant. The canonical text
/// puts names like them in quotes.
pub const SOFT: [&str; 21] = [
    "sequence",
    "then",
    "without",
    "lasting",
    "as",
    "for",
    "but",
    "with",
    "random",
    "consent",
    "score",
    "company",
    "trait",
    "previous",
    "first",
    "matches",
    "between",
    "before",
    "after",
    "is",
    "anniversary",
];

/// Soft words with which a condition starts.
const STARTS: [&str; 7] = [
    "sequence", "for", "random", "consent", "score", "company", "trait",
];

/// Reads a rule. An error says where, and what to write instead where that can be guessed.
pub fn parse(text: &str) -> Result<Rule, Error> {
    if text.len() > RULE_BYTES_MAX {
        return Err(Error::rule(
            text,
            RULE_BYTES_MAX,
            "a rule is at most 64 KB long",
        ));
    }
    let mut parser = Parser::new(text);
    let rule = parser.rule()?;
    if parser.cursor.peek()? != Token::End {
        return Err(parser.unexpected("`and`, `or` or the end of the rule", &AFTER_CONDITION));
    }
    rule.check()
        .map_err(|message| Error::rule(text, 0, message))?;
    Ok(rule)
}

/// Reads a rule for somebody who hears what could stand at its end.
pub(super) fn listen(text: &str, watch: &Watch) -> Result<(), Error> {
    let mut parser = Parser {
        cursor: Cursor::watched(text, watch),
        depth: 0,
    };
    let rule = parser.rule()?;
    if parser.cursor.peek()? != Token::End {
        return Err(parser.unexpected("`and`, `or` or the end of the rule", &AFTER_CONDITION));
    }
    rule.check()
        .map_err(|message| Error::rule(text, 0, message))
}

/// Reads a filter alone: what stands behind `where`.
///
/// # Errors
/// As [`parse`].
pub fn parse_filter(text: &str) -> Result<Filter, Error> {
    if text.len() > RULE_BYTES_MAX {
        return Err(Error::rule(
            text,
            RULE_BYTES_MAX,
            "a filter is at most 64 KB long",
        ));
    }
    Parser::new(text).alone(Parser::filter)
}

/// Reads how a computed trait is made.
///
/// # Errors
/// As [`parse`].
pub fn parse_computed(text: &str) -> Result<Computed, Error> {
    if text.len() > RULE_BYTES_MAX {
        let message = "a trait is at most 64 KB long";
        return Err(Error::rule(text, RULE_BYTES_MAX, message));
    }
    Parser::new(text).alone(Parser::computed)
}

/// Reads a path alone.
pub(super) fn parse_path(text: &str) -> Result<Path, Error> {
    Parser::new(text).alone(Parser::path)
}

/// Reads a span alone: `7 days`.
pub(super) fn parse_span(text: &str) -> Result<Span, Error> {
    Parser::new(text).alone(Parser::span)
}

/// Reads what a leaf keeps.
pub(super) fn parse_leaf(text: &str) -> Result<LeafSpec, Error> {
    Parser::new(text).alone(Parser::leaf)
}

const CONDITION_WORDS: [&str; 13] = [
    "did",
    "viewed",
    "attribute",
    "in",
    "not",
    "segment",
    "sequence",
    "for",
    "random",
    "consent",
    "score",
    "company",
    "trait",
];
const AFTER_CONDITION: [&str; 17] = [
    "and", "or", "where", "at", "exactly", "within", "ever", "times", "then", "without", "since",
    "today", "more", "between", "lasting", "again", "with",
];

struct Parser<'a> {
    cursor: Cursor<'a>,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Parser<'a> {
        Parser {
            cursor: Cursor::new(text),
            depth: 0,
        }
    }

    fn alone<T>(mut self, read: impl Fn(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        let found = read(&mut self)?;
        match self.cursor.peek()? {
            Token::End => Ok(found),
            _ => Err(self.cursor.expected("the end")),
        }
    }

    fn rule(&mut self) -> Result<Rule, Error> {
        self.go_deeper()?;
        let mut parts = vec![self.rule_and()?];
        while self.cursor.take("or")? {
            parts.push(self.rule_and()?);
        }
        self.depth -= 1;
        Ok(one_or(parts, Rule::Any))
    }

    fn rule_and(&mut self) -> Result<Rule, Error> {
        let mut parts = vec![self.rule_unary()?];
        while self.cursor.take("and")? {
            parts.push(self.rule_unary()?);
        }
        Ok(one_or(parts, Rule::All))
    }

    fn rule_unary(&mut self) -> Result<Rule, Error> {
        if self.cursor.take_words("not in segment")? {
            return Ok(Rule::NotIn(self.segment_key()?));
        }
        if self.cursor.take("not")? {
            self.go_deeper()?;
            let part = self.rule_unary()?;
            self.depth -= 1;
            return Ok(Rule::Not(Box::new(part)));
        }
        if self.cursor.take("(")? {
            let rule = self.rule()?;
            self.close()?;
            return Ok(rule);
        }
        if self.cursor.take("for")? {
            self.go_deeper()?;
            let span = self.span()?;
            let rule = Box::new(self.rule_unary()?);
            self.depth -= 1;
            return Ok(Rule::Held { rule, span });
        }
        self.condition()
    }

    fn quoted(&mut self, what: &str) -> Result<Box<str>, Error> {
        let mut ahead = self.cursor;
        match ahead.next()? {
            Token::Quoted(text) => {
                self.cursor = ahead;
                Ok(text)
            }
            Token::Word(word) => Err(self
                .cursor
                .expected(what)
                .with_help(format!("put it in quotes: \"{word}\""))),
            _ => Err(self.cursor.expected(what)),
        }
    }

    fn close(&mut self) -> Result<(), Error> {
        if self.cursor.take(")")? {
            Ok(())
        } else {
            Err(self.cursor.expected("`)`"))
        }
    }

    /// Whether a condition starts here with a word that could be a name, too: it does unless an
    /// operator follows, or a dot.
    fn starts_softly(&self) -> Result<bool, Error> {
        let mut ahead = self.cursor;
        let first = ahead.next()?;
        if !STARTS.iter().any(|word| first.is(word)) || ahead.take_dot() {
            return Ok(false);
        }
        let next = ahead.next()?;
        let is_operator = OPERATORS.iter().any(|operator| {
            let first = operator.word.split(' ').next();
            first.is_some_and(|first| next.is(first))
        });
        Ok(!is_operator && next != Token::End)
    }

    fn go_deeper(&mut self) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > NESTING_MAX {
            let offset = self.cursor.offset();
            return Err(self.cursor.error(offset, "this nests too deep"));
        }
        Ok(())
    }

    /// What was expected, with the word that was probably meant.
    fn unexpected(&mut self, what: &str, words: &[&str]) -> Error {
        let error = self.cursor.expected(what);
        let Ok(Token::Word(word)) = self.cursor.peek() else {
            return error;
        };
        match nearest(word, words.iter().copied()) {
            Some(meant) if !meant.eq_ignore_ascii_case(word) => {
                error.with_help(format!("did you mean `{meant}`?"))
            }
            _ => error,
        }
    }
}

impl Error {
    fn with_help_unless_any(self, advice: &str) -> Error {
        if self.help().is_some() {
            self
        } else {
            self.with_help(advice)
        }
    }
}

fn one_or<T>(mut parts: Vec<T>, join: fn(Vec<T>) -> T) -> T {
    if parts.len() == 1 {
        parts.swap_remove(0)
    } else {
        join(parts)
    }
}
