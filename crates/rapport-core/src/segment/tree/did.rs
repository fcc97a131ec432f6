//! Conditions on events in a rule's JSON.

use super::{Object, Reader};
use crate::json::{Decimal, Value};
use crate::segment::count::Count;
use crate::segment::error::Error;
use crate::segment::rule::{Aggregate, Asked, Comparison, Did, Function, Measure, Rule};
use crate::segment::window::Window;

impl<'a> Reader<'a> {
    pub(super) fn did(&mut self, what: &'a str, object: &mut Object<'a>) -> Result<Rule, Error> {
        let asked = self.asked(object)?;
        self.with_asked(what, object, asked)
    }

    pub(super) fn did_not(
        &mut self,
        what: &'a str,
        object: &mut Object<'a>,
    ) -> Result<Rule, Error> {
        self.with_asked(what, object, Asked::Count(Count::AtMost(0)))
    }

    fn with_asked(
        &mut self,
        what: &'a str,
        object: &mut Object<'a>,
        mut asked: Asked,
    ) -> Result<Rule, Error> {
        let happening = self.happening(what)?;
        let filter = object
            .take("where")
            .map(|raw| self.filter(raw))
            .transpose()?;
        let mut window = self.window(object)?.unwrap_or(Window::Ever);
        if let Some(raw) = object.take("but_not_for") {
            let idle = self.span(raw)?;
            let (times, within) = match (asked, window) {
                (Asked::Count(Count::AtLeast(times)), Window::Ever) => (times, None),
                (Asked::Count(Count::AtLeast(times)), Window::Within(span)) => (times, Some(span)),
                _ => {
                    let message = "`but_not_for` goes with `at_least` and `within`";
                    return Err(self.error(raw, message));
                }
            };
            asked = Asked::Stopped {
                times,
                within,
                idle,
            };
            window = Window::Ever;
        }
        let did = Did {
            happening,
            filter,
            asked,
            window,
        };
        did.check()
            .map_err(|message| self.error(object.raw, message))?;
        Ok(Rule::Did(Box::new(did)))
    }

    fn asked(&mut self, object: &mut Object<'a>) -> Result<Asked, Error> {
        let mut found = None;
        for word in [
            "at_least",
            "at_most",
            "exactly",
            "between_times",
            "first_time",
            "regularly",
            "again_after",
            "with",
        ] {
            let Some(raw) = object.take(word) else {
                continue;
            };
            let asked = match word {
                "first_time" if raw == "true" => Asked::First,
                "first_time" => return Err(self.error(raw, "this is true, or not there")),
                "regularly" => self.regularly(raw)?,
                "again_after" => Asked::Resumed {
                    pause: self.span(raw)?,
                },
                "with" => self.aggregate(raw)?,
                _ => Asked::Count(self.count(word, raw)?),
            };
            if found.replace(asked).is_some() {
                return Err(self.error(raw, "a condition has one count"));
            }
        }
        Ok(found.unwrap_or(Asked::Count(Count::AtLeast(1))))
    }

    fn count(&mut self, word: &str, raw: &'a str) -> Result<Count, Error> {
        let often = "this is how often: a whole number";
        let count = match word {
            "at_least" => Count::AtLeast(self.whole_number(raw, often)?),
            "at_most" => Count::AtMost(self.whole_number(raw, often)?),
            "exactly" => Count::Exactly(self.whole_number(raw, often)?),
            _ => match *self.list(raw, |reader, item| reader.whole_number(item, often))? {
                [least, most] => Count::Between(least, most),
                _ => return Err(self.error(raw, "these are two whole numbers")),
            },
        };
        count.check().map_err(|message| self.error(raw, message))?;
        Ok(count)
    }

    /// `{"at_least": 3, "of": 4, "period": "7 days"}`.
    fn regularly(&self, raw: &'a str) -> Result<Asked, Error> {
        let mut object = self.object(raw)?;
        let (least, of, period) = (
            object.take("at_least"),
            object.take("of"),
            object.take("period"),
        );
        let (Some(least), Some(of), Some(period)) = (least, of, period) else {
            return Err(self.error(raw, "this needs `at_least`, `of` and `period`"));
        };
        self.nothing_left(&object)?;
        let periods = "this is a number of periods";
        Ok(Asked::Regularly {
            least: self.whole_number(least, periods)?,
            of: self.whole_number(of, periods)?,
            period: self.span(period)?,
        })
    }

    /// `{"function": "sum", "property": "revenue", "operator": ">=", "value": 100}`.
    fn aggregate(&mut self, raw: &'a str) -> Result<Asked, Error> {
        let mut object = self.object(raw)?;
        let mut part = |name: &str| {
            object
                .take(name)
                .ok_or_else(|| format!("this needs a `{name}`"))
        };
        let parts = (part("function"), part("property"), part("operator"));
        let missing = |message: String| self.error(raw, &message);
        let function_raw = parts.0.map_err(missing)?;
        let path = self.path(parts.1.map_err(missing)?)?;
        let operator_raw = parts.2.map_err(missing)?;
        let Some(function) = Function::from_word(&self.string(function_raw)?) else {
            let words = Function::ALL.map(Function::word).join(", ");
            let error = self.error(function_raw, "there is no such function");
            return Err(error.with_help(format!("functions are {words}")));
        };
        let operator = self.string(operator_raw)?;
        let (comparison, to) = match Comparison::from_word(&operator) {
            None if operator == "between" => (Comparison::Equal, self.range(&mut object)?),
            None => {
                let error = self.error(operator_raw, "this does not compare numbers");
                return Err(error.with_help("write =, !=, <, <=, >, >= or between"));
            }
            Some(comparison) => (comparison, self.measure(&mut object)?),
        };
        self.nothing_left(&object)?;
        Ok(Asked::Aggregate(Box::new(Aggregate {
            function,
            path,
            comparison,
            to,
        })))
    }

    fn measure(&self, object: &mut Object<'a>) -> Result<Measure, Error> {
        match (object.take("attribute"), object.take("value")) {
            (Some(path), None) => Ok(Measure::Attribute(self.path(path)?)),
            (None, Some(raw)) => Ok(Measure::Number(self.decimal(raw)?)),
            _ => Err(self.error(object.raw, "this needs a `value` or an `attribute`")),
        }
    }

    fn range(&mut self, object: &mut Object<'a>) -> Result<Measure, Error> {
        let Some(raw) = object.take("values") else {
            return Err(self.error(object.raw, "this needs two `values`"));
        };
        match *self.list(raw, |reader, item| reader.decimal(item))? {
            [from, to] if from <= to => Ok(Measure::Range(from, to)),
            _ => Err(self.error(raw, "these are two numbers, the lesser first")),
        }
    }

    fn decimal(&self, raw: &'a str) -> Result<Decimal, Error> {
        match Value::parse(raw) {
            Some(Value::Number(number)) if !number.is_saturated() => Ok(number),
            Some(Value::Number(_)) => Err(self.error(raw, "numbers go up to 1e29")),
            _ => Err(self.error(raw, "this is a number")),
        }
    }
}
