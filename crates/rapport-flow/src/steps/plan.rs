//! Plan: holds events against their source's tracking plan, and leaves out or ends what it wants
//! left out.

use crate::flow::{Changes, Item};
use crate::plan::{Plans, Verdict};
use crate::violations::Broken;
use crate::writer::Writer;
use rapport_core::event::Event;
use rapport_core::event::transform::change::Change;
use rapport_core::outcome::Reason;
use rapport_core::plan::VIOLATION;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Judges the items of sources that have a plan; `changes` is what is other about items already,
/// and comes back with what plans left out of some.
pub(crate) fn step(
    writer: &mut Writer,
    items: Vec<Item>,
    changes: Changes,
) -> (Vec<Item>, Changes) {
    let plans = Arc::clone(&writer.configuration.plans);
    if plans.is_empty() {
        return (items, changes);
    }
    let mut changes: BTreeMap<u32, Change> = changes.into_iter().collect();
    let judge = |(place, item)| match item {
        Item::Event(event) => judged(&plans, event, place, &mut changes, &mut writer.broken),
        other => other,
    };
    // A batch is bounded in bytes, far below 2^32 items.
    let items = (0_u32..).zip(items).map(judge).collect();
    (items, changes.into_iter().collect())
}

fn judged(
    plans: &Plans,
    mut event: Box<Event>,
    place: u32,
    changes: &mut BTreeMap<u32, Change>,
    broken: &mut Vec<Broken>,
) -> Item {
    let Some(plan) = plans.get(&event.source) else {
        return Item::Event(event);
    };
    let version = plan.plan.version;
    match plan.judge(&mut event) {
        Verdict::AsPlanned => Item::Event(event),
        Verdict::Flagged(violations) => {
            broken.push(Broken::of(&event, version, true, violations));
            Item::Event(event)
        }
        Verdict::Trimmed(before, violations) => {
            broken.push(Broken::of(&event, version, true, violations));
            let change = Change::of(&before, &event);
            let whole = match changes.remove(&place) {
                Some(earlier) => earlier.then(change),
                None => change,
            };
            changes.insert(place, whole);
            Item::Event(event)
        }
        Verdict::Blocked(violations) => {
            // It is kept as it is here: nothing of it was folded.
            changes.remove(&place);
            let reason = reason(&violations);
            broken.push(Broken::of(&event, version, false, violations));
            Item::LeftOut(event, reason)
        }
    }
}

fn reason(violations: &[rapport_core::plan::Violation]) -> Reason {
    let message = violations.first().map_or_else(String::new, |first| {
        let field = if first.field.is_empty() {
            "the event"
        } else {
            &first.field
        };
        format!("{field}: {}", first.description)
    });
    Reason::new(VIOLATION, message)
}
