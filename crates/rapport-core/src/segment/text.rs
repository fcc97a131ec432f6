//! The text spelling of rules: from text to rule. [`Rule`]'s `Display` is the way back.
//!
//! ```text
//! rule      = and { "or" and } ;  and = unary { "and" unary }
//! unary     = "not" unary | "(" rule ")" | condition
//! condition = "attribute" path test
//!           | "did" [ "not" ] event [ "where" filter ] [ count ] [ "within" window | "ever" ]
//!           | [ "not" ] "in segment" text
//! event     = text | type [ text ] ;  type = "track" | "page" | "screen" | "identify" | ...
//! filter    = the same with `path test` for a condition
//! count     = ( "at least" | "at most" | "exactly" ) number "times"
//! window    = number ( "seconds" | "minutes" | "hours" | "days" | "weeks" )
//! ```
//!
//! An `and` or `or` belongs to the filter as long as a name follows it; the words of the language
//! ([`RESERVED`]) are no names unless quoted.

use self::cursor::{Cursor, Token};
use crate::event::Kind;
use crate::segment::count::{Count, Window};
use crate::segment::error::{Error, nearest};
use crate::segment::path::Path;
use crate::segment::rule::{Filter, Happening, NESTING_MAX, RULE_BYTES_MAX, Rule};

mod clauses;
mod cursor;
mod filter;

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

/// Reads a path alone.
pub(super) fn parse_path(text: &str) -> Result<Path, Error> {
    Parser::new(text).alone(Parser::path)
}

/// Reads the span of a window alone: `7 days`.
pub(super) fn parse_window(text: &str) -> Result<Window, Error> {
    Parser::new(text).alone(Parser::span)
}

const CONDITION_WORDS: [&str; 6] = ["did", "viewed", "attribute", "in", "not", "segment"];
const AFTER_CONDITION: [&str; 8] = [
    "and", "or", "where", "at", "exactly", "within", "ever", "times",
];
const KINDS: [Kind; 6] = [
    Kind::Track,
    Kind::Identify,
    Kind::Page,
    Kind::Screen,
    Kind::Group,
    Kind::Alias,
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
        self.condition()
    }

    fn condition(&mut self) -> Result<Rule, Error> {
        if self.cursor.take("attribute")? {
            let (path, test) = self.path_and_test()?;
            return Ok(Rule::Attribute { path, test });
        }
        if self.cursor.take("did")? {
            return self.did();
        }
        if self.cursor.take("viewed")? {
            let happening = self.viewed()?;
            return self.clauses(happening, Count::AtLeast(1)).map(Rule::Did);
        }
        if self.cursor.take_words("in segment")? {
            return Ok(Rule::In(self.segment_key()?));
        }
        Err(self
            .unexpected("a condition", &CONDITION_WORDS)
            .with_help_unless_any(
                "conditions start with `did`, `did not`, `attribute` or `in segment`",
            ))
    }

    fn segment_key(&mut self) -> Result<Box<str>, Error> {
        self.quoted("the key of a segment in double quotes")
    }

    fn did(&mut self) -> Result<Rule, Error> {
        if !self.cursor.take("not")? {
            let happening = self.happening()?;
            return self.clauses(happening, Count::AtLeast(1)).map(Rule::Did);
        }
        let is_view = self.cursor.take("view")? || self.cursor.take("viewed")?;
        let happening = if is_view {
            self.viewed()?
        } else {
            self.happening()?
        };
        self.clauses(happening, Count::AtMost(0)).map(Rule::Did)
    }

    fn viewed(&mut self) -> Result<Happening, Error> {
        let kind = if self.cursor.take("page")? {
            Kind::Page
        } else if self.cursor.take("screen")? {
            Kind::Screen
        } else {
            return Err(self.unexpected("`page` or `screen`", &["page", "screen"]));
        };
        let name = self.optional_name()?;
        Ok(Happening { kind, name })
    }

    fn happening(&mut self) -> Result<Happening, Error> {
        for kind in KINDS {
            if self.cursor.take(kind.word())? {
                let offset = self.cursor.offset();
                let name = self.optional_name()?;
                if name.is_some() && !Happening::has_names(kind) {
                    let message = format!("events of type `{}` have no name", kind.word());
                    return Err(self.cursor.error(offset, message));
                }
                return Ok(Happening { kind, name });
            }
        }
        match self.optional_name()? {
            Some(name) => Ok(Happening {
                kind: Kind::Track,
                name: Some(name),
            }),
            None => {
                let words = KINDS.map(Kind::word);
                let error = self.unexpected("the name of an event in double quotes", &words);
                Err(error.with_help_unless_any("like this: did \"Order Completed\""))
            }
        }
    }

    fn optional_name(&mut self) -> Result<Option<Box<str>>, Error> {
        let offset = self.cursor.offset();
        if !matches!(self.cursor.peek()?, Token::Quoted(_)) {
            return Ok(None);
        }
        let name = self.quoted("a name")?;
        if name.is_empty() {
            return Err(self.cursor.error(offset, "this name is empty"));
        }
        Ok(Some(name))
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
