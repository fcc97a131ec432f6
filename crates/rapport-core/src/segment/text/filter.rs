//! Names and tests in a rule's text, and filters on properties.

use super::cursor::Token;
use super::{Parser, Watch, one_or};
use crate::segment::error::Error;
use crate::segment::operator::{Operator, Test};
use crate::segment::path::{PATH_MAX, Path};
use crate::segment::rule::Filter;

/// The word before the path of an attribute.
const ATTRIBUTE: &str = "attribute";

impl Parser<'_> {
    pub(super) fn filter(&mut self) -> Result<Filter, Error> {
        self.cursor.note(|watch| watch.fact(None));
        self.go_deeper()?;
        let mut parts = vec![self.filter_and()?];
        while self.take_inside_filter("or")? {
            parts.push(self.filter_and()?);
        }
        self.depth -= 1;
        Ok(one_or(parts, Filter::Any))
    }

    fn filter_and(&mut self) -> Result<Filter, Error> {
        let mut parts = vec![self.filter_unary()?];
        while self.take_inside_filter("and")? {
            parts.push(self.filter_unary()?);
        }
        Ok(one_or(parts, Filter::All))
    }

    /// Takes `and` or `or` if a name follows, not a condition of the rule.
    fn take_inside_filter(&mut self, word: &str) -> Result<bool, Error> {
        let mut ahead = self.cursor;
        if !ahead.take(word)? {
            return Ok(false);
        }
        let behind_word = ahead;
        while ahead.take("(")? || ahead.take("not")? {}
        ahead.wants(Watch::named);
        let starts_softly = Parser {
            cursor: ahead,
            depth: 0,
        }
        .starts_softly()?;
        let continues = ahead.next()?.starts_path() && !starts_softly;
        if continues {
            self.cursor = behind_word;
        }
        Ok(continues)
    }

    fn filter_unary(&mut self) -> Result<Filter, Error> {
        if self.cursor.take("not")? {
            self.go_deeper()?;
            let part = self.filter_unary()?;
            self.depth -= 1;
            return Ok(Filter::Not(Box::new(part)));
        }
        if self.cursor.take("(")? {
            let filter = self.filter()?;
            self.close()?;
            return Ok(filter);
        }
        let path = self.path()?;
        let operator = self.operator()?;
        if let Some(link) = self.link(&path, operator)? {
            return Ok(Filter::Link(link));
        }
        let test = self.test(operator)?;
        Ok(Filter::Property { path, test })
    }

    pub(super) fn path_and_test(&mut self) -> Result<(Path, Test), Error> {
        let path = self.path()?;
        let operator = self.operator()?;
        Ok((path, self.test(operator)?))
    }

    fn test(&mut self, operator: &'static Operator) -> Result<Test, Error> {
        let offset = self.cursor.offset();
        let operands = self.operands(operator)?;
        Test::new(operator, operands).ok_or_else(|| {
            let message = format!("`{}` takes {}", operator.word, operator.takes.words());
            self.cursor.error(offset, message)
        })
    }

    pub(super) fn path(&mut self) -> Result<Path, Error> {
        self.cursor.wants(Watch::named);
        let token = self.cursor.peek()?;
        if !token.starts_path() {
            let error = self.cursor.expected("a name");
            return Err(match token {
                Token::Word(word) => error.with_help(format!(
                    "`{word}` is a word of the language; a name like it needs quotes: \"{word}\""
                )),
                _ => error,
            });
        }
        self.cursor.offset();
        self.path_inside()
    }

    /// A path whose first name may be any word.
    pub(super) fn path_inside(&mut self) -> Result<Path, Error> {
        let offset = self.cursor.here();
        let mut names = Vec::new();
        loop {
            match self.cursor.name()? {
                Some(name) => names.push(name),
                None => return Err(self.cursor.expected("a name behind the dot")),
            }
            if !self.cursor.take_dot() {
                break;
            }
        }
        let path = Path::new(names).ok_or_else(|| {
            self.cursor
                .error(offset, format!("a path has at most {PATH_MAX} names"))
        })?;
        self.cursor.note(|watch| watch.path(path.to_string()));
        Ok(path)
    }

    /// The path of an attribute, between properties.
    pub(super) fn attribute(&mut self) -> Result<Path, Error> {
        self.cursor.note(|watch| watch.fact(Some(ATTRIBUTE)));
        let path = self.path()?;
        self.cursor.note(|watch| watch.fact(None));
        Ok(path)
    }
}
