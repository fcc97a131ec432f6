//! What stands behind an operator in a rule's text.

use super::cursor::Token;
use super::{Parser, Slot};
use crate::json::Decimal;
use crate::segment::error::Error;
use crate::segment::literal::Literal;
use crate::segment::operator::{OPERATORS, Operator, Takes};
use crate::segment::path::Path;
use crate::segment::rule::{Comparison, Link, Reference};

impl Parser<'_> {
    /// The operator whose words stand here; the longest, where one begins like another.
    pub(super) fn operator(&mut self) -> Result<&'static Operator, Error> {
        let mut found: Option<(&'static Operator, super::Cursor<'_>)> = None;
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

    pub(super) fn operands(&mut self, operator: &Operator) -> Result<Vec<Literal>, Error> {
        match operator.takes {
            Takes::Nothing => Ok(Vec::new()),
            Takes::Span => Ok(vec![Literal::Span(self.span()?)]),
            Takes::List => self.list(operator),
            Takes::Range => {
                let from = self.literal(operator)?;
                self.joined()?;
                Ok(vec![from, self.literal(operator)?])
            }
            Takes::Value | Takes::Ordered | Takes::Text | Takes::Pattern | Takes::Date => {
                Ok(vec![self.literal(operator)?])
            }
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
        self.cursor.wants(|watch| match operator.takes {
            Takes::Date => Slot::Date,
            _ => watch.value(),
        });
        if operator.takes == Takes::Value {
            self.cursor.offers("true");
            self.cursor.offers("false");
        }
        let mut ahead = self.cursor;
        let literal = match ahead.next()? {
            Token::Quoted(text) => Literal::Text(text),
            Token::Number(_) => return self.decimal().map(Literal::Number),
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

    pub(super) fn decimal(&mut self) -> Result<Decimal, Error> {
        self.cursor.wants(|_| Slot::Number);
        let mut ahead = self.cursor;
        if let Token::Number(digits) = ahead.next()?
            && let Some(number) = Decimal::parse(digits)
            && !number.is_saturated()
        {
            self.cursor = ahead;
            return Ok(number);
        }
        Err(self
            .cursor
            .expected("a number without leading zeros, below 1e29"))
    }

    /// What a property is compared with, where it is no literal: `attribute plan`,
    /// `previous.category`, `first.sku`, `viewed.sku`.
    pub(super) fn link(&mut self, path: &Path, operator: &Operator) -> Result<Option<Link>, Error> {
        let offset = self.cursor.offset();
        let mut ahead = self.cursor;
        let to = if ahead.take("attribute")? {
            self.cursor = ahead;
            Reference::Attribute(self.attribute()?)
        } else {
            let Token::Word(step) = ahead.next()? else {
                return Ok(None);
            };
            if !ahead.take_dot() {
                return Ok(None);
            }
            self.cursor = ahead;
            let path = self.path_inside()?;
            match step {
                "previous" => Reference::Previous(path),
                "first" => Reference::First(path),
                name => Reference::Step(name.into(), path),
            }
        };
        let Some(comparison) = Comparison::from_word(operator.word) else {
            let message = "only `=`, `!=`, `<`, `<=`, `>` and `>=` compare with something that is not written here";
            return Err(self.cursor.error(offset, message));
        };
        Ok(Some(Link {
            path: path.clone(),
            comparison,
            to,
        }))
    }
}
