//! User scripts: JavaScript without files, network, clock or chance, within memory and time.
//!
//! The engine is QuickJS, compiled into the program. A script sees one event and gives one back;
//! everything it could hide something in for the next event is frozen before it is read, and what
//! it declares itself is made anew for each event.

use rapport_core::event::transform::script::{Engine, Failure, Opened};
use rapport_core::time::Millis;
use std::rc::Rc;

mod sandbox;
#[cfg(test)]
mod tests;
mod watch;

use sandbox::Sandbox;
use watch::Watch;

/// Opens scripts with QuickJS.
#[derive(Clone, Copy, Debug, Default)]
pub struct QuickJs;

impl Engine for QuickJs {
    fn open(&self, code: &str, budget_us: u64) -> Result<Box<dyn Opened>, Failure> {
        let watch = Rc::new(Watch::default());
        let sandbox = Sandbox::open(code, &watch, budget_us)?;
        Ok(Box::new(Script {
            sandbox: Some(sandbox),
            code: code.into(),
            watch,
            open_us: budget_us,
            runs: 0,
        }))
    }
}

/// Events after which a script gets a fresh sandbox, whatever it may have found to fill.
const RUNS_MAX: u32 = 100_000;

struct Script {
    sandbox: Option<Sandbox>,
    code: Box<str>,
    watch: Rc<Watch>,
    open_us: u64,
    runs: u32,
}

impl Opened for Script {
    fn run(&mut self, item: &str, now: Millis, budget_us: u64) -> Result<Option<String>, Failure> {
        if self.runs >= RUNS_MAX {
            self.sandbox = None;
        }
        let sandbox = match self.sandbox.take() {
            Some(sandbox) => sandbox,
            None => {
                self.runs = 0;
                // It was read before: what fails now has taken too much.
                let opened = Sandbox::open(&self.code, &self.watch, self.open_us);
                opened.map_err(|_| Failure::Overran)?
            }
        };
        self.runs += 1;
        let result = sandbox.run(item, now, &self.watch, budget_us);
        // What was cut off in the middle, or left something to be done later, is not used again.
        let is_whole = !matches!(&result, Err(failure) if failure.is_excess());
        if is_whole && !sandbox.has_pending() {
            self.sandbox = Some(sandbox);
        }
        result
    }
}
