//! Plan: holds events against their source's tracking plan, and leaves out or ends what it wants
//! left out.

use crate::plan::{Plans, Verdict};
use crate::violations::Broken;
use rapport_core::event::Event;
use rapport_core::outcome::{Outcome, Reason};
use rapport_core::plan::Violation;

/// What a plan made of an event.
pub(crate) enum Judged {
    /// It goes on as it is.
    Untouched,
    /// It goes on, with something left out.
    Trimmed,
    /// It ends here.
    Ended(Outcome),
}

/// Judges one event; what is wrong with it is added to `broken`.
pub(crate) fn judge(plans: &Plans, event: &mut Event, broken: &mut Vec<Broken>) -> Judged {
    let Some(plan) = plans.get(&event.source) else {
        return Judged::Untouched;
    };
    let verdict = plan.judge(event);
    let mut note = |taken: bool, violations: Vec<Violation>| {
        broken.push(Broken::of(event, plan.plan.version, taken, violations));
    };
    match verdict {
        Verdict::AsPlanned => Judged::Untouched,
        Verdict::Flagged(violations) => {
            note(true, violations);
            Judged::Untouched
        }
        Verdict::Trimmed(violations) => {
            note(true, violations);
            Judged::Trimmed
        }
        Verdict::Blocked(violations) => {
            let message = violations.first().map_or_else(String::new, |first| {
                let field = if first.field.is_empty() { "the event" } else { &first.field };
                format!("{field}: {}", first.description)
            });
            note(false, violations);
            Judged::Ended(Outcome::Filtered(Reason::new("plan_violation", message)))
        }
    }
}
