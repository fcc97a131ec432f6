//! The runner: the opened scripts of one source, on the thread they stay on.

use super::Notices;
use super::meter::{EVENT_US_MAX, Meter};
use rapport_core::event::SourceNo;
use rapport_core::event::transform::script::{Engine, Failure, Opened, Scripts};
use rapport_core::time::Millis;
use std::sync::Arc;
use std::time::Instant;

/// Runs scripts within what the meter gives.
pub(crate) struct Runner {
    engine: Option<Arc<dyn Engine>>,
    opened: Vec<(Box<str>, Box<dyn Opened>)>,
    meter: Meter,
    source: SourceNo,
    notices: Notices,
}

impl Runner {
    pub fn new(engine: Option<Arc<dyn Engine>>, source: SourceNo, notices: Notices) -> Runner {
        Runner {
            engine,
            opened: Vec::new(),
            meter: Meter::default(),
            source,
            notices,
        }
    }

    fn opened(&mut self, code: &str) -> Result<usize, Failure> {
        if let Some(place) = self.opened.iter().position(|(known, _)| **known == *code) {
            return Ok(place);
        }
        let engine = self.engine.as_ref().ok_or(Failure::NoEngine)?;
        let opened = engine.open(code, EVENT_US_MAX)?;
        self.opened.push((code.into(), opened));
        Ok(self.opened.len() - 1)
    }
}

impl Scripts for Runner {
    fn run(&mut self, code: &str, item: &str, now: Millis) -> Result<Option<String>, Failure> {
        let began = Instant::now();
        let budget_us = self.meter.budget_us(began).ok_or(Failure::Off)?;
        let place = self.opened(code)?;
        let result = self.opened[place].1.run(item, now, budget_us);
        let is_excess = matches!(&result, Err(failure) if failure.is_excess());
        let was_struck = self.meter.is_struck();
        let rests = self.meter.note(began.elapsed(), is_excess, Instant::now());
        if rests {
            let what = "its script takes too much; its events are rejected, to be sent again";
            self.notices.note(self.source, Some(what.to_owned()));
        } else if was_struck && !is_excess {
            self.notices.note(self.source, None);
        }
        result
    }
}
