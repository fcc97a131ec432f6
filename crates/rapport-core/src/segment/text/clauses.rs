//! What follows an event in a rule's text: `where`, how often, and within which window.

use super::Parser;
use super::cursor::Token;
use crate::segment::count::{Count, UNITS, Window};
use crate::segment::error::Error;
use crate::segment::rule::{Did, Happening, check_count};

impl Parser<'_> {
    /// `where`, count and window, each at most once, in any order.
    pub(super) fn clauses(&mut self, happening: Happening, default: Count) -> Result<Did, Error> {
        let (mut filter, mut count, mut window) = (None, None, None);
        loop {
            let offset = self.cursor.offset();
            let is_second = if self.cursor.take("where")? {
                filter.replace(self.filter()?).is_some()
            } else if let Some(found) = self.count()? {
                if default == Count::AtMost(0) {
                    let error = self.cursor.error(offset, "`did not` takes no count");
                    return Err(error.with_help("write `did ... at most N times`"));
                }
                count.replace(found).is_some()
            } else if let Some(found) = self.window()? {
                window.replace(found).is_some()
            } else {
                break;
            };
            if is_second {
                return Err(self.cursor.error(offset, "this was said before"));
            }
        }
        let (count, window) = (count.unwrap_or(default), window.flatten());
        Ok(Did {
            happening,
            filter,
            count,
            window,
        })
    }

    fn count(&mut self) -> Result<Option<Count>, Error> {
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
        check_count(count).map_err(|message| self.cursor.error(offset, message))?;
        let says_times = self.cursor.take("times")? || self.cursor.take("time")?;
        if !says_times {
            return Err(self.unexpected("`times`", &["times"]));
        }
        Ok(Some(count))
    }

    /// `Some(None)` is ever.
    fn window(&mut self) -> Result<Option<Option<Window>>, Error> {
        if self.cursor.take("ever")? {
            return Ok(Some(None));
        }
        if !self.cursor.take("within")? {
            return Ok(None);
        }
        self.span().map(Some).map(Some)
    }

    pub(super) fn span(&mut self) -> Result<Window, Error> {
        let offset = self.cursor.offset();
        let amount = self.whole_number("a span, like `7 days`")?;
        let unit_ms = self.unit()?;
        match amount.checked_mul(unit_ms).and_then(Window::of_ms) {
            Some(window) => Ok(window),
            None => Err(self
                .cursor
                .error(offset, "a window is from 1 second to 36,500 days long")),
        }
    }

    fn unit(&mut self) -> Result<i64, Error> {
        for (word, unit_ms) in UNITS {
            if self.cursor.take(word)? || self.cursor.take(&format!("{word}s"))? {
                return Ok(unit_ms);
            }
        }
        let words = ["seconds", "minutes", "hours", "days", "weeks"];
        let error = self.unexpected("a unit of time", &words);
        Err(error.with_help_unless_any("units are seconds, minutes, hours, days and weeks"))
    }

    fn whole_number(&mut self, what: &str) -> Result<i64, Error> {
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
