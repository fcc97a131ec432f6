//! Reads a formula: pieces into a tree, with the place of whatever is wrong.

use super::function::Function;
use super::rollup::{Aggregate, Rollup};
use super::token::{Kind, Token, tokens};
use super::tree::{Expression, Node, Operator};
use super::{DEPTH_MAX, Error, PARTS_MAX};
use crate::segment::error::nearest;

/// Reads a whole formula.
pub(super) fn formula(text: &str) -> Result<Expression, Error> {
    let mut reader = Reader {
        text,
        tokens: tokens(text)?,
        next: 0,
        parts: 0,
        depth: 0,
        inside: false,
    };
    let tree = reader.expression(0)?;
    match reader.peek() {
        Kind::End => Ok(tree),
        _ => Err(reader.error("the formula should end here, or go on with an operator")),
    }
}

struct Reader<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    next: usize,
    parts: usize,
    depth: usize,
    /// Whether what is read is asked of associated records.
    inside: bool,
}

impl Reader<'_> {
    fn peek(&self) -> &Kind {
        &self.tokens[self.next].kind
    }

    fn at(&self) -> usize {
        self.tokens[self.next].at
    }

    fn error(&self, message: impl Into<Box<str>>) -> Error {
        Error::at(self.text, self.at(), message)
    }

    /// Takes the next piece, if it is this sign.
    fn sign(&mut self, sign: &str) -> bool {
        let is_next = matches!(self.peek(), Kind::Sign(next) if *next == sign);
        self.next += usize::from(is_next);
        is_next
    }

    /// Takes the next piece, if it is this word.
    fn word(&mut self, word: &str) -> bool {
        let is_next = matches!(self.peek(), Kind::Word(next) if next.eq_ignore_ascii_case(word));
        self.next += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, sign: &str) -> Result<(), Error> {
        match self.sign(sign) {
            true => Ok(()),
            false => Err(self.error(format!("`{sign}` is expected here"))),
        }
    }

    fn part(&mut self, at: usize, node: Node) -> Result<Expression, Error> {
        self.parts += 1;
        if self.parts > PARTS_MAX {
            let message = format!("a formula may have {PARTS_MAX} parts");
            return Err(Error::at(self.text, at, message));
        }
        Ok(Expression { at, node })
    }

    /// What binds more tightly than `binding`, from here on.
    fn expression(&mut self, binding: u8) -> Result<Expression, Error> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.error(format!("a formula may be nested {DEPTH_MAX} deep")));
        }
        let mut left = self.operand()?;
        while let Some(operator) = self.operator().filter(|next| next.binding() > binding) {
            let at = self.at();
            self.next += 1;
            let right = self.expression(operator.binding())?;
            if operator.compares() && self.operator().is_some_and(Operator::compares) {
                let error = self.error("comparisons cannot follow one another");
                return Err(error.with_help("join them with `and`"));
            }
            left = self.part(at, Node::Binary(operator, Box::new(left), Box::new(right)))?;
        }
        self.depth -= 1;
        Ok(left)
    }

    fn operator(&self) -> Option<Operator> {
        Some(match self.peek() {
            Kind::Word(word) if word.eq_ignore_ascii_case("or") => Operator::Or,
            Kind::Word(word) if word.eq_ignore_ascii_case("and") => Operator::And,
            Kind::Sign("=" | "==") => Operator::Equal,
            Kind::Sign("!=" | "<>") => Operator::NotEqual,
            Kind::Sign("<") => Operator::Less,
            Kind::Sign("<=") => Operator::LessOrEqual,
            Kind::Sign(">") => Operator::Greater,
            Kind::Sign(">=") => Operator::GreaterOrEqual,
            Kind::Sign("+") => Operator::Plus,
            Kind::Sign("-") => Operator::Minus,
            Kind::Sign("*") => Operator::Times,
            Kind::Sign("/") => Operator::Over,
            Kind::Sign("%") => Operator::Rest,
            _ => return None,
        })
    }

    fn operand(&mut self) -> Result<Expression, Error> {
        let at = self.at();
        if self.word("not") {
            // `not a = b` is `not (a = b)`.
            let of = self.expression(Operator::And.binding())?;
            return self.part(at, Node::Not(Box::new(of)));
        }
        if self.sign("-") {
            let of = self.expression(Operator::Times.binding())?;
            return self.part(at, Node::Negative(Box::new(of)));
        }
        if self.sign("(") {
            let inner = self.expression(0)?;
            self.expect(")")?;
            return Ok(inner);
        }
        let node = match self.peek().clone() {
            Kind::Number(number) => Node::Number(number),
            Kind::Text(text) => Node::Text(text),
            Kind::Word(word) => return self.named(at, &word),
            _ => return Err(self.error("a value is expected here")),
        };
        self.next += 1;
        self.part(at, node)
    }

    /// What begins with a word: a truth, a function, a roll-up or a property.
    fn named(&mut self, at: usize, word: &str) -> Result<Expression, Error> {
        if ["and", "or", "where"].contains(&&*word.to_ascii_lowercase()) {
            return Err(self.error("a value is expected here"));
        }
        self.next += 1;
        if !self.sign("(") {
            return match word.to_ascii_lowercase().as_str() {
                "true" => self.part(at, Node::Bool(true)),
                "false" => self.part(at, Node::Bool(false)),
                _ => self.part(at, Node::Property(word.into())),
            };
        }
        if let Some(aggregate) = Aggregate::named(word) {
            return self.rollup(at, aggregate);
        }
        let Some(function) = Function::named(word) else {
            let functions = Function::ALL.map(Function::word);
            let error = Error::at(self.text, at, format!("there is no function `{word}`"));
            return Err(match nearest(word, functions) {
                Some(near) => error.with_help(format!("did you mean `{near}`?")),
                None => error,
            });
        };
        let arguments = self.arguments()?;
        let (least, most) = function.arity();
        if !(least..=most).contains(&arguments.len()) {
            let wanted = match least == most {
                true => format!("{least}"),
                false => format!("{least} to {most}"),
            };
            let message = format!("`{}` takes {wanted} values", function.word());
            return Err(Error::at(self.text, at, message));
        }
        self.part(at, Node::Call(function, arguments))
    }

    /// Values up to the closing bracket; the opening one is taken.
    fn arguments(&mut self) -> Result<Vec<Expression>, Error> {
        let mut arguments = Vec::new();
        if self.sign(")") {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.expression(0)?);
            if self.sign(")") {
                return Ok(arguments);
            }
            if !self.sign(",") && !self.sign(";") {
                return Err(self.error("`,` or `)` is expected here"));
            }
        }
    }

    /// `deals.amount where …)`; the opening bracket is taken.
    fn rollup(&mut self, at: usize, aggregate: Aggregate) -> Result<Expression, Error> {
        if self.inside {
            let message = "associated records of associated records cannot be asked for";
            return Err(Error::at(self.text, at, message));
        }
        let object = self.name("the type of the associated records")?;
        let property = match self.sign(".") {
            true => Some(self.name("a property of the associated records")?),
            false => None,
        };
        if property.is_none() && aggregate != Aggregate::Count {
            let error = self.error(format!("`{}` needs a property", aggregate.word()));
            return Err(error.with_help(format!("write `{}({object}.amount)`", aggregate.word())));
        }
        let condition = match self.word("where") {
            true => {
                self.inside = true;
                let condition = self.expression(0)?;
                self.inside = false;
                Some(condition)
            }
            false => None,
        };
        self.expect(")")?;
        let rollup = Rollup {
            aggregate,
            object,
            property,
            condition,
        };
        self.part(at, Node::Rollup(Box::new(rollup)))
    }

    fn name(&mut self, what: &str) -> Result<Box<str>, Error> {
        match self.peek().clone() {
            Kind::Word(word) => {
                self.next += 1;
                Ok(word)
            }
            _ => Err(self.error(format!("{what} is expected here"))),
        }
    }
}
