//! Windows in a rule's JSON.

use super::{Object, Reader};
use crate::segment::error::Error;
use crate::segment::window::{Anchor, Dates, Window};
use crate::segment::zone::Unit;
use crate::time::Millis;

impl<'a> Reader<'a> {
    pub(super) fn window(&mut self, object: &mut Object<'a>) -> Result<Option<Window>, Error> {
        let mut found = None;
        for word in ["within", "more_than_ago", "ago", "since_last", "calendar"] {
            let Some(raw) = object.take(word) else {
                continue;
            };
            let window = match word {
                "within" => Window::Within(self.span(raw)?),
                "more_than_ago" => Window::Before(self.span(raw)?),
                "ago" => self.ago(raw)?,
                "since_last" => self.since(raw)?,
                _ => self.calendar(raw)?,
            };
            if found.replace(window).is_some() {
                return Err(self.error(raw, "a condition has one window"));
            }
        }
        let from = object.take("from").map(|raw| self.date(raw)).transpose()?;
        let to = object
            .take("before")
            .map(|raw| self.date(raw))
            .transpose()?;
        if from.is_none() && to.is_none() {
            return Ok(found);
        }
        match found {
            None => Ok(Some(Window::Dates(Dates { from, to }))),
            Some(_) => Err(self.error(object.raw, "a condition has one window")),
        }
    }

    fn ago(&mut self, raw: &'a str) -> Result<Window, Error> {
        match *self.list(raw, |reader, item| reader.span(item))? {
            [near, far] => Ok(Window::Ago { near, far }),
            _ => Err(self.error(raw, "these are two spans")),
        }
    }

    fn since(&mut self, raw: &'a str) -> Result<Window, Error> {
        let mut object = self.object(raw)?;
        let Some(what) = object.take("did") else {
            return Err(self.error(raw, "this needs a `did`"));
        };
        let happening = self.happening(what)?;
        let filter = object
            .take("where")
            .map(|raw| self.filter(raw))
            .transpose()?;
        self.nothing_left(&object)?;
        Ok(Window::Since(Box::new(Anchor { happening, filter })))
    }

    /// `{"unit": "month", "back": 1}`.
    fn calendar(&self, raw: &'a str) -> Result<Window, Error> {
        let mut object = self.object(raw)?;
        let word = match object.take("unit") {
            Some(raw) => self.string(raw)?,
            None => return Err(self.error(raw, "this needs a `unit`, like \"month\"")),
        };
        let Some(unit) = Unit::ALL.into_iter().find(|unit| unit.word() == word) else {
            let error = self.error(raw, "there is no such unit of the calendar");
            return Err(error.with_help("units are day, week, month, quarter and year"));
        };
        let back = match object.take("back") {
            Some(raw) => self.whole_number(raw, "this is how many units back")?,
            None => 0,
        };
        self.nothing_left(&object)?;
        let back = u8::try_from(back).unwrap_or(u8::MAX);
        Ok(Window::Calendar { unit, back })
    }

    fn date(&self, raw: &'a str) -> Result<Millis, Error> {
        let text = self.string(raw)?;
        Millis::parse(&text).ok_or_else(|| {
            let error = self.error(raw, "this is no date");
            error.with_help("write it like \"2026-11-22\" or \"2026-11-22T10:00:00Z\"")
        })
    }
}
