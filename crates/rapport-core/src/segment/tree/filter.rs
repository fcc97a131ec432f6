//! Filters and tests in a rule's JSON.

use super::{FILTER_KEYS, Object, Reader, one_or};
use crate::json::Value;
use crate::segment::error::{Error, nearest};
use crate::segment::literal::Literal;
use crate::segment::operator::{OPERATORS, Operator, Takes, Test};
use crate::segment::path::Path;
use crate::segment::rule::{Comparison, Filter, Link, Reference};

impl<'a> Reader<'a> {
    pub(super) fn filter(&mut self, raw: &'a str) -> Result<Filter, Error> {
        self.go_deeper(raw)?;
        let mut object = self.object(raw)?;
        let filter = if let Some(list) = object.take("all") {
            one_or(self.list(list, Self::filter)?, Filter::All)
        } else if let Some(list) = object.take("any") {
            one_or(self.list(list, Self::filter)?, Filter::Any)
        } else if let Some(part) = object.take("not") {
            Filter::Not(Box::new(self.filter(part)?))
        } else if let Some(path) = object.take("property") {
            self.property(path, &mut object)?
        } else {
            return Err(self.unknown(&object, "a test of a property", &FILTER_KEYS));
        };
        self.depth -= 1;
        self.nothing_left(&object)?;
        Ok(filter)
    }

    fn property(&mut self, raw: &'a str, object: &mut Object<'a>) -> Result<Filter, Error> {
        let Some(to) = self.reference(object)? else {
            let (path, test) = self.path_and_test(raw, object)?;
            return Ok(Filter::Property { path, test });
        };
        let path = self.path(raw)?;
        let operator_raw = self.operator_raw(object)?;
        let Some(comparison) = Comparison::from_word(&self.string(operator_raw)?) else {
            let error = self.error(operator_raw, "this does not compare two values");
            return Err(error.with_help("write =, !=, <, <=, > or >="));
        };
        Ok(Filter::Link(Link {
            path,
            comparison,
            to,
        }))
    }

    /// `"attribute": "plan"`, `"previous": "category"`, `"first": "sku"`, or
    /// `"step": "viewed", "of": "sku"`.
    fn reference(&self, object: &mut Object<'a>) -> Result<Option<Reference>, Error> {
        let to = if let Some(path) = object.take("attribute") {
            Reference::Attribute(self.path(path)?)
        } else if let Some(path) = object.take("previous") {
            Reference::Previous(self.path(path)?)
        } else if let Some(path) = object.take("first") {
            Reference::First(self.path(path)?)
        } else if let Some(name) = object.take("step") {
            let Some(path) = object.take("of") else {
                return Err(self.error(name, "this needs an `of`: a property of the step"));
            };
            Reference::Step(self.string(name)?.into(), self.path(path)?)
        } else {
            return Ok(None);
        };
        Ok(Some(to))
    }

    pub(super) fn path_and_test(
        &mut self,
        raw: &'a str,
        object: &mut Object<'a>,
    ) -> Result<(Path, Test), Error> {
        let path = self.path(raw)?;
        let operator_raw = self.operator_raw(object)?;
        let word = self.string(operator_raw)?;
        let Some(operator) = Operator::from_word(&word) else {
            let words = OPERATORS.map(|operator| operator.word);
            let help = match nearest(&word, words) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("operators are {}", words.join(", ")),
            };
            return Err(self
                .error(operator_raw, "there is no such operator")
                .with_help(help));
        };
        let operands = self.operands(operator, object)?;
        let test = Test::new(operator, operands).ok_or_else(|| {
            let message = format!("`{}` takes {}", operator.word, operator.takes.words());
            self.error(object.raw, &message)
        })?;
        Ok((path, test))
    }

    fn operator_raw(&self, object: &mut Object<'a>) -> Result<&'a str, Error> {
        object
            .take("operator")
            .ok_or_else(|| self.error(object.raw, "this needs an `operator`, like \"=\""))
    }

    fn operands(
        &mut self,
        operator: &Operator,
        object: &mut Object<'a>,
    ) -> Result<Vec<Literal>, Error> {
        let is_list = matches!(operator.takes, Takes::List | Takes::Range);
        let field = if is_list { "values" } else { "value" };
        match (operator.takes, object.take(field)) {
            (_, None) => Ok(Vec::new()),
            (Takes::List | Takes::Range, Some(raw)) => {
                self.list(raw, |reader, item| reader.literal(item))
            }
            (Takes::Span, Some(raw)) => Ok(vec![Literal::Span(self.span(raw)?)]),
            (_, Some(raw)) => Ok(vec![self.literal(raw)?]),
        }
    }

    fn literal(&self, raw: &'a str) -> Result<Literal, Error> {
        match Value::parse(raw) {
            Some(Value::Text(text)) => Ok(Literal::Text(text.into())),
            Some(Value::Bool(value)) => Ok(Literal::Bool(value)),
            Some(Value::Number(number)) if !number.is_saturated() => Ok(Literal::Number(number)),
            Some(Value::Number(_)) => Err(self.error(raw, "numbers go up to 1e29")),
            _ => Err(self.error(raw, "this is no text, number, true or false")),
        }
    }
}
