//! Windows and spans in a rule's text.

use super::cursor::Token;
use super::{Parser, Slot};
use crate::segment::error::Error;
use crate::segment::span::{Span, UNITS};
use crate::segment::window::{Anchor, BACK_MAX, Dates, Window};
use crate::segment::zone::Unit;
use crate::time::Millis;

impl Parser<'_> {
    pub(super) fn window(&mut self) -> Result<Option<Window>, Error> {
        if self.cursor.take("ever")? {
            return Ok(Some(Window::Ever));
        }
        if self.cursor.take("within")? {
            return self.span().map(Window::Within).map(Some);
        }
        if self.cursor.take_words("more than")? {
            let span = self.span()?;
            self.ago()?;
            return Ok(Some(Window::Before(span)));
        }
        if self.cursor.take("between")? {
            return self.between().map(Some);
        }
        if let Some(dates) = self.open_dates()? {
            return Ok(Some(Window::Dates(dates)));
        }
        if self.cursor.take("since")? {
            self.cursor.take("last")?;
            let happening = self.happening()?;
            let filter = match self.cursor.take("where")? {
                true => Some(self.filter()?),
                false => None,
            };
            let anchor = Box::new(Anchor { happening, filter });
            return Ok(Some(Window::Since(anchor)));
        }
        self.calendar()
    }

    fn calendar(&mut self) -> Result<Option<Window>, Error> {
        let of = |unit, back| Some(Window::Calendar { unit, back });
        if self.cursor.take("today")? {
            return Ok(of(Unit::Day, 0));
        }
        if self.cursor.take("yesterday")? {
            return Ok(of(Unit::Day, 1));
        }
        for (word, back) in [("this", 0), ("last", 1)] {
            if self.cursor.take(word)? {
                return Ok(of(self.calendar_unit()?, back));
            }
        }
        let mut ahead = self.cursor;
        let Ok(Token::Number(digits)) = ahead.next() else {
            return Ok(None);
        };
        if !ahead.take("calendar")? {
            return Ok(None);
        }
        let offset = self.cursor.offset();
        let Some(back) = digits.parse().ok().filter(|back| *back <= BACK_MAX) else {
            let message = "a window lies at most 12 units back";
            return Err(self.cursor.error(offset, message));
        };
        self.cursor = ahead;
        let unit = self.calendar_unit()?;
        self.ago()?;
        Ok(of(unit, back))
    }

    fn calendar_unit(&mut self) -> Result<Unit, Error> {
        for unit in Unit::ALL {
            let word = unit.word();
            if self.cursor.take(word)? || self.cursor.take(&format!("{word}s"))? {
                return Ok(unit);
            }
        }
        let words = Unit::ALL.map(Unit::word);
        let error = self.unexpected("a unit of the calendar", &words);
        Err(error.with_help_unless_any("units are day, week, month, quarter and year"))
    }

    /// Behind `between`: two dates, or two spans with `ago`. Of the spans the first may leave its
    /// unit to the second.
    fn between(&mut self) -> Result<Window, Error> {
        if matches!(self.cursor.peek()?, Token::Quoted(_)) {
            let from = Some(self.date()?);
            self.joined()?;
            let to = Some(self.date()?);
            return Ok(Window::Dates(Dates { from, to }));
        }
        let offset = self.cursor.offset();
        let amount = self.whole_number("a number, or a date in double quotes")?;
        let unit_ms = match self.cursor.take("and")? {
            true => None,
            false => {
                let unit_ms = self.unit()?;
                self.joined()?;
                Some(unit_ms)
            }
        };
        let far_amount = self.whole_number("a span, like `30 days`")?;
        let far_unit_ms = self.unit()?;
        let near = self.spanning(offset, amount, unit_ms.unwrap_or(far_unit_ms))?;
        let far = self.spanning(offset, far_amount, far_unit_ms)?;
        self.ago()?;
        Ok(Window::Ago { near, far })
    }

    /// `before "2026-01-01"`, `from "2026-01-01"`.
    pub(super) fn open_dates(&mut self) -> Result<Option<Dates>, Error> {
        let (mut from, mut to) = (None, None);
        if self.cursor.take("before")? {
            to = Some(self.date()?);
        } else if self.cursor.take("from")? || self.cursor.take("after")? {
            from = Some(self.date()?);
        } else {
            return Ok(None);
        }
        Ok(Some(Dates { from, to }))
    }

    pub(super) fn date(&mut self) -> Result<Millis, Error> {
        self.cursor.wants(|_| Slot::Date);
        let offset = self.cursor.offset();
        let text = self.quoted("a date in double quotes, like \"2026-11-22\"")?;
        Millis::parse(&text).ok_or_else(|| {
            let error = self.cursor.error(offset, "this is no date");
            error.with_help("write it like \"2026-11-22\" or \"2026-11-22T10:00:00Z\"")
        })
    }

    pub(super) fn joined(&mut self) -> Result<(), Error> {
        match self.cursor.take("and")? {
            true => Ok(()),
            false => Err(self.cursor.expected("`and`")),
        }
    }

    fn ago(&mut self) -> Result<(), Error> {
        match self.cursor.take("ago")? {
            true => Ok(()),
            false => Err(self.unexpected("`ago`", &["ago"])),
        }
    }

    pub(super) fn span(&mut self) -> Result<Span, Error> {
        let offset = self.cursor.offset();
        let amount = self.whole_number("a span, like `7 days`")?;
        let unit_ms = self.unit()?;
        self.spanning(offset, amount, unit_ms)
    }

    fn spanning(&self, offset: usize, amount: i64, unit_ms: i64) -> Result<Span, Error> {
        let span = amount.checked_mul(unit_ms).and_then(Span::of_ms);
        span.ok_or_else(|| {
            self.cursor
                .error(offset, "a window is from 1 second to 36,500 days long")
        })
    }

    pub(super) fn unit(&mut self) -> Result<i64, Error> {
        for (word, unit_ms) in UNITS {
            if self.cursor.take(word)? || self.cursor.take(&format!("{word}s"))? {
                return Ok(unit_ms);
            }
        }
        let words = [
            "seconds", "minutes", "hours", "days", "weeks", "months", "years",
        ];
        let error = self.unexpected("a unit of time", &words);
        Err(error.with_help_unless_any(
            "units are seconds, minutes, hours, days, weeks, months and years",
        ))
    }
}
