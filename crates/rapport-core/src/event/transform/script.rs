//! `script`: the operator's own JavaScript, run by an engine that is plugged in.

use super::Tools;
use super::draft::Draft;
use crate::json::numbers;
use crate::outcome::Reason;
use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// The longest script.
pub const CODE_BYTES_MAX: usize = 64 * 1024;
/// The longest message of a failure that is kept.
const MESSAGE_CHARS_MAX: usize = 300;

/// `function transform(event) { ...; return event }`: what it returns takes the event's place;
/// `null` leaves the event out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Script {
    code: Box<str>,
}

/// Runs the scripts of one source, each within memory and time.
pub trait Scripts {
    /// Gives an event, an item of a batch, to the script of this code; `None` where it is left out.
    ///
    /// # Errors
    /// [`Failure`] where there is no result.
    fn run(&mut self, code: &str, item: &str, now: Millis) -> Result<Option<String>, Failure>;
}

/// Opens scripts.
pub trait Engine: Send + Sync {
    /// Reads a script; what it does at its top level must end within the budget.
    ///
    /// # Errors
    /// [`Failure`] where it cannot be read, or has no function `transform`.
    fn open(&self, code: &str, budget_us: u64) -> Result<Box<dyn Opened>, Failure>;
}

/// A script that was read. Nothing of one event is left for the next.
pub trait Opened {
    /// Runs it on an event, an item of a batch; `now` is the only moment it knows.
    ///
    /// # Errors
    /// [`Failure`] where there is no result; the next event finds the script as new.
    fn run(&mut self, item: &str, now: Millis, budget_us: u64) -> Result<Option<String>, Failure>;
}

/// Why a script gave no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It is no script, or not one with a function `transform`.
    Refused(String),
    /// It threw.
    Threw(String),
    /// It took longer than it may.
    Overran,
    /// It took more memory than it may.
    Memory,
    /// What it returned is no event.
    Result(String),
    /// It took too long too often, and rests.
    Off,
    /// It could not be stopped from outside.
    Stalled,
    /// This program runs no scripts.
    NoEngine,
}

impl Failure {
    /// A stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Failure::Refused(_) => "script_refused",
            Failure::Threw(_) => "script_threw",
            Failure::Overran => "script_overran",
            Failure::Memory => "script_memory",
            Failure::Result(_) => "script_result",
            Failure::Off => "script_off",
            Failure::Stalled => "script_stalled",
            Failure::NoEngine => "script_no_engine",
        }
    }

    /// Whether it took more than it may, which only few events in a row are given for.
    #[must_use]
    pub fn is_excess(&self) -> bool {
        matches!(self, Failure::Overran | Failure::Memory)
    }

    /// What happened, for people.
    #[must_use]
    pub fn message(&self) -> String {
        let message: &str = match self {
            Failure::Refused(why) | Failure::Threw(why) | Failure::Result(why) => why,
            Failure::Overran => "the script took longer than it may",
            Failure::Memory => "the script took more memory than it may",
            Failure::Off => "the script took too much too often and is switched off for a while",
            Failure::Stalled => "the script could not be stopped; put another one in its place",
            Failure::NoEngine => "this program runs no scripts",
        };
        message.chars().take(MESSAGE_CHARS_MAX).collect()
    }

    pub(super) fn reason(&self, step: &str) -> Reason {
        Reason::new(self.code(), format!("step `{step}`: {}", self.message()))
    }
}

impl Script {
    /// The code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if self.code.len() > CODE_BYTES_MAX {
            return Err(format!("a script may have {CODE_BYTES_MAX} bytes"));
        }
        Ok(())
    }

    /// Whether the event goes on.
    pub(super) fn apply(
        &self,
        draft: &mut Draft<'_>,
        tools: &mut Tools<'_>,
    ) -> Result<bool, Failure> {
        let scripts = tools.scripts.as_mut().ok_or(Failure::NoEngine)?;
        let now = draft.event().received;
        let Some(item) = scripts.run(&self.code, draft.item(), now)? else {
            return Ok(false);
        };
        let item = numbers::restored(draft.item(), &item);
        draft.replace(item);
        Ok(true)
    }
}
