//! Names and tests in a rule's text, and filters on properties.

use super::cursor::{Cursor, Token};
use super::{Parser, one_or};
use crate::json::Decimal;
use crate::segment::error::Error;
use crate::segment::literal::Literal;
use crate::segment::operator::{OPERATORS, Operator, Takes, Test};
use crate::segment::path::{PATH_MAX, Path};
use crate::segment::rule::Filter;

impl Parser<'_> {
    pub(super) fn filter(&mut self) -> Result<Filter, Error> {
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
        let continues = ahead.next()?.starts_path();
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
        let (path, test) = self.path_and_test()?;
        Ok(Filter::Property { path, test })
    }

    pub(super) fn path_and_test(&mut self) -> Result<(Path, Test), Error> {
        let path = self.path()?;
        let operator = self.operator()?;
        let offset = self.cursor.offset();
        let operands = self.operands(operator)?;
        match Test::new(operator, operands) {
            Some(test) => Ok((path, test)),
            None => {
                let message = format!("`{}` takes {}", operator.word, operator.takes.words());
                Err(self.cursor.error(offset, message))
            }
        }
    }

    pub(super) fn path(&mut self) -> Result<Path, Error> {
        let offset = self.cursor.offset();
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
        Path::new(names).ok_or_else(|| {
            self.cursor
                .error(offset, format!("a path has at most {PATH_MAX} names"))
        })
    }

    /// The operator whose words stand here; the longest, where one begins like another.
    fn operator(&mut self) -> Result<&'static Operator, Error> {
        let mut found: Option<(&'static Operator, Cursor<'_>)> = None;
        for operator in OPERATORS {
            let mut ahead = self.cursor;
            let is_longer = found.is_none_or(|(best, _)| operator.word.len() > best.word.len());
            if is_longer && ahead.take_words(operator.word)? {
                found = Some((operator, ahead));
            }
        }
        match found {
            Some((operator, behind)) => {
                self.cursor = behind;
                Ok(operator)
            }
            None => Err(self.no_operator()),
        }
    }

    fn no_operator(&mut self) -> Error {
        let words = OPERATORS.map(|operator| operator.word);
        match self.cursor.peek() {
            Ok(token) if token.is("==") || token.is("is") || token.is("equals") => {
                self.cursor.expected("an operator").with_help("write `=`")
            }
            Ok(token) if token.is("<>") => {
                self.cursor.expected("an operator").with_help("write `!=`")
            }
            _ => {
                let all = format!("operators are {}", words.join(", "));
                self.unexpected("an operator", &words)
                    .with_help_unless_any(&all)
            }
        }
    }

    fn operands(&mut self, operator: &Operator) -> Result<Vec<Literal>, Error> {
        match operator.takes {
            Takes::Nothing => Ok(Vec::new()),
            Takes::Value | Takes::Ordered | Takes::Text => Ok(vec![self.literal(operator)?]),
            Takes::List => self.list(operator),
        }
    }

    fn list(&mut self, operator: &Operator) -> Result<Vec<Literal>, Error> {
        if !self.cursor.take("(")? {
            return Err(self.cursor.expected(operator.takes.words()));
        }
        let mut literals = vec![self.literal(operator)?];
        while self.cursor.take(",")? {
            literals.push(self.literal(operator)?);
        }
        self.close()?;
        Ok(literals)
    }

    fn literal(&mut self, operator: &Operator) -> Result<Literal, Error> {
        let mut ahead = self.cursor;
        let literal = match ahead.next()? {
            Token::Quoted(text) => Literal::Text(text),
            Token::Number(digits) => match Decimal::parse(digits) {
                Some(number) if !number.is_saturated() => Literal::Number(number),
                _ => {
                    return Err(self
                        .cursor
                        .expected("a number without leading zeros, below 1e29"));
                }
            },
            token if token.is("true") => Literal::Bool(true),
            token if token.is("false") => Literal::Bool(false),
            token => {
                let error = self.cursor.expected(operator.takes.words());
                return Err(match token {
                    Token::Word(word) if word.eq_ignore_ascii_case("null") => {
                        error.with_help("ask `exists` or `not exists`")
                    }
                    Token::Word(word) => error.with_help(format!("texts need quotes: \"{word}\"")),
                    _ => error,
                });
            }
        };
        self.cursor = ahead;
        Ok(literal)
    }
}
