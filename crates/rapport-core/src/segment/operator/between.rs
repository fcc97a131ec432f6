//! `between`.

use super::{How, Operator, Takes};
use crate::segment::literal::Literal;

pub(super) static BETWEEN: Operator = Operator {
    word: "between",
    about: "The value is not less than the first of two and not more than the second.",
    takes: Takes::Range,
    how: How::Plain(|value, operands| {
        let order = |operand: &Literal| operand.order_of(value?);
        order(&operands[0]).is_some_and(std::cmp::Ordering::is_ge)
            && order(&operands[1]).is_some_and(std::cmp::Ordering::is_le)
    }),
};
