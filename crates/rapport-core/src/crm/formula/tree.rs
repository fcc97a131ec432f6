//! What a formula is made of.

use super::function::Function;
use super::rollup::Rollup;

/// A part of a formula, with where it stands in the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// Where it begins, in bytes.
    pub at: usize,
    /// What it is.
    pub node: Node,
}

/// What a part of a formula is.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A number.
    Number(f64),
    /// A text in quotes.
    Text(Box<str>),
    /// `true` or `false`.
    Bool(bool),
    /// The value of a property of the record.
    Property(Box<str>),
    /// What comes of associated records.
    Rollup(Box<Rollup>),
    /// `-x`
    Negative(Box<Expression>),
    /// `not x`
    Not(Box<Expression>),
    /// Two parts with an operator between.
    Binary(Operator, Box<Expression>, Box<Expression>),
    /// A function of other parts.
    Call(Function, Vec<Expression>),
}

/// What stands between two parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `or`
    Or,
    /// `and`
    And,
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `*`
    Times,
    /// `/`
    Over,
    /// `%`
    Rest,
}

impl Operator {
    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Operator::Or => "or",
            Operator::And => "and",
            Operator::Equal => "=",
            Operator::NotEqual => "!=",
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
            Operator::Plus => "+",
            Operator::Minus => "-",
            Operator::Times => "*",
            Operator::Over => "/",
            Operator::Rest => "%",
        }
    }

    /// How tightly it binds: the higher first.
    #[must_use]
    pub fn binding(self) -> u8 {
        match self {
            Operator::Or => 1,
            Operator::And => 2,
            Operator::Equal
            | Operator::NotEqual
            | Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual => 3,
            Operator::Plus | Operator::Minus => 4,
            Operator::Times | Operator::Over | Operator::Rest => 5,
        }
    }

    /// Whether it compares.
    #[must_use]
    pub fn compares(self) -> bool {
        self.binding() == 3
    }
}
