//! A place in a rule's text that moves from token to token.

use super::watch::{Slot, Watch};
use crate::segment::error::Error;
use crate::segment::literal::Quoted;
use crate::segment::path::{continues_word, is_reserved, starts_word};

/// The smallest parts of a rule's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A word of the language, or a plain name.
    Word(&'a str),
    /// What stood in double quotes, escapes resolved.
    Quoted(Box<str>),
    /// A number as written.
    Number(&'a str),
    /// A sign: `(`, `>=`.
    Sign(&'a str),
    /// The end of the text.
    End,
}

impl Token<'_> {
    /// Whether it is this word of the language, in any case.
    pub(super) fn is(&self, word: &str) -> bool {
        match self {
            Token::Word(text) => text.eq_ignore_ascii_case(word),
            Token::Sign(text) => *text == word,
            _ => false,
        }
    }

    /// Whether a path can start here.
    pub(super) fn starts_path(&self) -> bool {
        match self {
            Token::Word(word) => !is_reserved(word),
            Token::Quoted(_) => true,
            _ => false,
        }
    }

    fn describe(&self) -> String {
        match self {
            Token::Word(text) | Token::Number(text) | Token::Sign(text) => format!("`{text}`"),
            Token::Quoted(text) => format!("`{}`", Quoted(text)),
            Token::End => "the end of the rule".to_owned(),
        }
    }
}

/// A place in the text. A copy of it looks ahead.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    /// Who hears what could stand at the end of the text.
    watch: Option<&'a Watch>,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Cursor<'a> {
        Cursor {
            text,
            at: 0,
            watch: None,
        }
    }

    /// The same, with somebody who hears what could stand at the end of the text.
    pub(super) fn watched(text: &'a str, watch: &'a Watch) -> Cursor<'a> {
        Cursor {
            watch: Some(watch),
            ..Cursor::new(text)
        }
    }

    /// Tells the watch something, if there is one.
    pub(super) fn note(&self, tell: impl FnOnce(&Watch)) {
        if let Some(watch) = self.watch {
            tell(watch);
        }
    }

    /// Says that something with a value of its own could stand here, where the text ends here.
    pub(super) fn wants(&self, slot: impl FnOnce(&Watch) -> Slot) {
        if self.is_at_end() {
            self.note(|watch| watch.slot(slot(watch)));
        }
    }

    /// Says that these words could stand here, where the text ends here.
    pub(super) fn offers(&self, words: &str) {
        if self.is_at_end() {
            self.note(|watch| watch.word(words));
        }
    }

    fn is_at_end(&self) -> bool {
        self.watch.is_some() && self.rest().trim_start().is_empty()
    }

    /// Where the next token starts, in bytes.
    pub(super) fn offset(&mut self) -> usize {
        self.at = self.text.len() - self.rest().trim_start().len();
        self.at
    }

    /// Where it stands, in bytes.
    pub(super) fn here(&self) -> usize {
        self.at
    }

    /// The next token, without moving.
    pub(super) fn peek(&self) -> Result<Token<'a>, Error> {
        let mut ahead = *self;
        ahead.next()
    }

    /// The next token.
    pub(super) fn next(&mut self) -> Result<Token<'a>, Error> {
        let start = self.offset();
        let Some(first) = self.rest().chars().next() else {
            return Ok(Token::End);
        };
        match first {
            '"' => self.quoted(),
            _ if starts_word(first) => Ok(Token::Word(self.take_while(continues_word))),
            '-' | '0'..='9' => self.number(),
            '=' | '!' | '<' | '>' => Ok(Token::Sign(self.take_while(|c| "=!<>".contains(c)))),
            '(' | ')' | ',' | '.' => {
                self.at += 1;
                Ok(Token::Sign(&self.text[start..self.at]))
            }
            _ => Err(self.strange(start, first)),
        }
    }

    /// Takes the next token if it is this word or sign.
    pub(super) fn take(&mut self, word: &str) -> Result<bool, Error> {
        self.offers(word);
        let mut ahead = *self;
        let found = ahead.next()?.is(word);
        if found {
            *self = ahead;
        }
        Ok(found)
    }

    /// Takes words that stand one after another, if they do.
    pub(super) fn take_words(&mut self, words: &str) -> Result<bool, Error> {
        let mut ahead = *self;
        let mut left = words;
        loop {
            if ahead.is_at_end() {
                ahead.offers(left);
                return Ok(false);
            }
            let (word, rest) = left.split_once(' ').unwrap_or((left, ""));
            if !ahead.take(word)? {
                return Ok(false);
            }
            if rest.is_empty() {
                break;
            }
            left = rest;
        }
        *self = ahead;
        Ok(true)
    }

    /// A name inside a path, straight behind a dot.
    pub(super) fn name(&mut self) -> Result<Option<Box<str>>, Error> {
        if self.rest().starts_with('"') {
            return match self.quoted()? {
                Token::Quoted(name) => Ok(Some(name)),
                _ => Ok(None),
            };
        }
        let name = self.take_while(continues_word);
        Ok((!name.is_empty()).then(|| name.into()))
    }

    /// Whether a dot follows without a space; takes it.
    pub(super) fn take_dot(&mut self) -> bool {
        let found = self.rest().starts_with('.');
        self.at += usize::from(found);
        found
    }

    /// An error at the next token: what was expected, and what stands there.
    pub(super) fn expected(&mut self, what: &str) -> Error {
        let offset = self.offset();
        match self.peek() {
            Ok(token) => self.error(
                offset,
                format!("expected {what}, found {}", token.describe()),
            ),
            Err(error) => error,
        }
    }

    /// An error at an offset.
    pub(super) fn error(&self, offset: usize, message: impl Into<String>) -> Error {
        Error::rule(self.text, offset, message)
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn take_while(&mut self, fits: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest
            .find(|character| !fits(character))
            .unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn quoted(&mut self) -> Result<Token<'a>, Error> {
        let start = self.at;
        let content = &self.text[start + 1..];
        let mut is_escaped = false;
        for (at, character) in content.char_indices() {
            match character {
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                '"' => {
                    self.at = start + at + 2;
                    return Ok(Token::Quoted(Quoted::read(&content[..at])));
                }
                _ => {}
            }
        }
        Err(self
            .error(start, "this text has no closing quote")
            .with_help("end it with `\"`"))
    }

    fn number(&mut self) -> Result<Token<'a>, Error> {
        let rest = self.rest();
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let mut end = usize::from(rest.starts_with('-'));
        end += digits(&rest[end..]);
        if rest[end..].starts_with('.') && digits(&rest[end + 1..]) > 0 {
            end += 1 + digits(&rest[end + 1..]);
        }
        if rest[end..].starts_with(['e', 'E']) {
            let sign = usize::from(rest[end + 1..].starts_with(['+', '-']));
            let exponent = digits(&rest[end + 1 + sign..]);
            end += if exponent > 0 { 1 + sign + exponent } else { 0 };
        }
        if end == usize::from(rest.starts_with('-')) {
            return Err(self.strange(self.at, '-'));
        }
        self.at += end;
        Ok(Token::Number(&rest[..end]))
    }

    fn strange(&self, offset: usize, character: char) -> Error {
        let error = self.error(offset, format!("`{character}` means nothing here"));
        match character {
            '\'' | '“' | '”' | '„' | '‘' | '’' | '`' => {
                error.with_help("texts stand in straight double quotes: \"shoes\"")
            }
            '&' => error.with_help("write `and`"),
            '|' => error.with_help("write `or`"),
            _ => error,
        }
    }
}
