//! What follows an event in a rule's text: `where`, how often or how much, and within which window.

use super::cursor::Token;
use super::{Parser, Slot};
use crate::segment::count::Count;
use crate::segment::error::Error;
use crate::segment::rule::{
    Aggregate, Asked, Comparison, Did, Filter, Function, Happening, Measure, Rule,
};
use crate::segment::span::Span;
use crate::segment::window::Window;

/// What was said so far behind an event.
#[derive(Default)]
struct Said {
    filter: Option<Filter>,
    asked: Option<Asked>,
    window: Option<Window>,
    idle: Option<Span>,
}

impl Parser<'_> {
    /// `where`, what is asked, and window, each at most once, in any order.
    pub(super) fn clauses(&mut self, happening: Happening, default: Count) -> Result<Rule, Error> {
        let start = self.cursor.offset();
        let mut said = Said::default();
        loop {
            let offset = self.cursor.offset();
            let is_second = if self.cursor.take("where")? {
                said.filter.replace(self.filter()?).is_some()
            } else if let Some(asked) = self.asked()? {
                if default == Count::AtMost(0) {
                    let error = self.cursor.error(offset, "`did not` takes no count");
                    return Err(
                        error.with_help("write `did ... at most N times`, or `not did ...`")
                    );
                }
                said.asked.replace(asked).is_some()
            } else if self.cursor.take_words("but not for")? {
                said.idle.replace(self.span()?).is_some()
            } else if let Some(window) = self.window()? {
                said.window.replace(window).is_some()
            } else {
                break;
            };
            if is_second {
                return Err(self.cursor.error(offset, "this was said before"));
            }
        }
        let did = self.made(happening, said, default, start)?;
        did.check()
            .map_err(|message| self.cursor.error(start, message))?;
        Ok(Rule::Did(Box::new(did)))
    }

    fn made(
        &self,
        happening: Happening,
        said: Said,
        default: Count,
        start: usize,
    ) -> Result<Did, Error> {
        let (mut asked, mut window) = (
            said.asked.unwrap_or(Asked::Count(default)),
            said.window.unwrap_or(Window::Ever),
        );
        if let Some(idle) = said.idle {
            let (times, within) = match (asked, window) {
                (Asked::Count(Count::AtLeast(times)), Window::Ever) => (times, None),
                (Asked::Count(Count::AtLeast(times)), Window::Within(span)) => (times, Some(span)),
                _ => {
                    let message = "`but not for` goes with `at least N times` and `within`";
                    return Err(self.cursor.error(start, message));
                }
            };
            asked = Asked::Stopped {
                times,
                within,
                idle,
            };
            window = Window::Ever;
        }
        Ok(Did {
            happening,
            filter: said.filter,
            asked,
            window,
        })
    }

    fn asked(&mut self) -> Result<Option<Asked>, Error> {
        if self.cursor.take_words("for the first time")? {
            return Ok(Some(Asked::First));
        }
        if self.cursor.take_words("in at least")? {
            return self.regularly().map(Some);
        }
        if self.cursor.take_words("again after")? {
            let pause = self.span()?;
            return Ok(Some(Asked::Resumed { pause }));
        }
        if self.cursor.take("with")? {
            return self.aggregate().map(Some);
        }
        self.count().map(|count| count.map(Asked::Count))
    }

    /// `in at least 3 of the last 4 weeks`, `... of the last 4 periods of 10 days`.
    fn regularly(&mut self) -> Result<Asked, Error> {
        let least = self.small_number("in how many periods, like `3`")?;
        if !self.cursor.take_words("of the last")? {
            return Err(self.cursor.expected("`of the last`"));
        }
        let of = self.small_number("of how many periods, like `4`")?;
        let period = if self.cursor.take("periods")? || self.cursor.take("period")? {
            if !self.cursor.take("of")? {
                return Err(self.cursor.expected("`of`"));
            }
            self.span()?
        } else {
            let offset = self.cursor.offset();
            let unit_ms = self.unit()?;
            Span::of_ms(unit_ms).ok_or_else(|| self.cursor.error(offset, "this is no period"))?
        };
        Ok(Asked::Regularly { least, of, period })
    }

    /// `with sum of revenue >= 100`.
    fn aggregate(&mut self) -> Result<Asked, Error> {
        let words = Function::ALL.map(Function::word);
        let mut found = None;
        for function in Function::ALL {
            if found.is_none() && self.cursor.take_words(function.word())? {
                found = Some(function);
            }
        }
        let Some(function) = found else {
            let error = self.unexpected("what is made of a property", &words);
            return Err(error.with_help_unless_any(&format!("one of {}", words.join(", "))));
        };
        if !self.cursor.take("of")? {
            return Err(self.cursor.expected("`of` and a property"));
        }
        let path = self.path()?;
        let (comparison, to) = self.measure()?;
        Ok(Asked::Aggregate(Box::new(Aggregate {
            function,
            path,
            comparison,
            to,
        })))
    }

    fn measure(&mut self) -> Result<(Comparison, Measure), Error> {
        if self.cursor.take("between")? {
            let offset = self.cursor.offset();
            let from = self.decimal()?;
            if !self.cursor.take("and")? {
                return Err(self.cursor.expected("`and`"));
            }
            let to = self.decimal()?;
            if from > to {
                let message = "the second number is not less than the first";
                return Err(self.cursor.error(offset, message));
            }
            return Ok((Comparison::Equal, Measure::Range(from, to)));
        }
        for comparison in Comparison::ALL {
            self.cursor.offers(comparison.word());
        }
        let mut ahead = self.cursor;
        let comparison = match ahead.next()? {
            Token::Sign(sign) => Comparison::from_word(sign),
            _ => None,
        };
        let Some(comparison) = comparison else {
            return Err(self
                .cursor
                .expected("`=`, `!=`, `<`, `<=`, `>`, `>=` or `between`"));
        };
        self.cursor = ahead;
        if self.cursor.take("attribute")? {
            return Ok((comparison, Measure::Attribute(self.attribute()?)));
        }
        Ok((comparison, Measure::Number(self.decimal()?)))
    }

    fn count(&mut self) -> Result<Option<Count>, Error> {
        if let Some(count) = self.count_between()? {
            return Ok(Some(count));
        }
        let make = if self.cursor.take_words("at least")? {
            Count::AtLeast
        } else if self.cursor.take_words("at most")? {
            Count::AtMost
        } else if self.cursor.take("exactly")? {
            Count::Exactly
        } else {
            return Ok(None);
        };
        let offset = self.cursor.offset();
        let times = self.whole_number("how often, like `3 times`")?;
        let count = make(u32::try_from(times).unwrap_or(u32::MAX));
        count
            .check()
            .map_err(|message| self.cursor.error(offset, message))?;
        if !self.takes_times()? {
            return Err(self.unexpected("`times`", &["times"]));
        }
        Ok(Some(count))
    }

    /// `between 2 and 5 times`; spans and dates between which something lies are windows.
    fn count_between(&mut self) -> Result<Option<Count>, Error> {
        let mut ahead = self.cursor;
        if !ahead.take("between")? {
            return Ok(None);
        }
        let before = std::mem::replace(&mut self.cursor, ahead);
        let offset = self.cursor.offset();
        let least = self.whole_number("a number").ok();
        let has_and = least.is_some() && self.cursor.take("and").unwrap_or(false);
        let most = match has_and {
            true => self.whole_number("a number").ok(),
            false => None,
        };
        let is_count = most.is_some() && self.takes_times().unwrap_or(false);
        let (true, Some(least), Some(most)) = (is_count, least, most) else {
            self.cursor = before;
            return Ok(None);
        };
        let narrow = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
        let count = Count::Between(narrow(least), narrow(most));
        count
            .check()
            .map_err(|message| self.cursor.error(offset, message))?;
        Ok(Some(count))
    }

    fn takes_times(&mut self) -> Result<bool, Error> {
        Ok(self.cursor.take("times")? || self.cursor.take("time")?)
    }

    fn small_number(&mut self, what: &str) -> Result<u32, Error> {
        let number = self.whole_number(what)?;
        Ok(u32::try_from(number).unwrap_or(u32::MAX))
    }

    pub(super) fn whole_number(&mut self, what: &str) -> Result<i64, Error> {
        self.cursor.wants(|_| Slot::Number);
        let mut ahead = self.cursor;
        if let Token::Number(digits) = ahead.next()?
            && digits.bytes().all(|byte| byte.is_ascii_digit())
        {
            self.cursor = ahead;
            return Ok(digits.parse().unwrap_or(i64::MAX));
        }
        Err(self.cursor.expected(what))
    }
}
