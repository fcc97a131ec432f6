//! Fold: resolve, profile and segment, event after event, in the pure core.

use crate::flow::{Ended, Folded, Fresh};
use crate::steps::dedup::is_duplicate;
use crate::writer::Writer;
use rapport_core::event::Event;
use rapport_core::fold::Fold;
use rapport_core::outcome::Outcome;
use rapport_core::time::Millis;
use rapport_store::seen::SeenKey;
use std::collections::BTreeMap;

/// Folds a batch into the people it loaded.
pub(crate) fn step(writer: &mut Writer, fresh: Vec<Fresh>) -> Folded {
    let due = std::mem::take(&mut writer.due);
    let last = writer.folded();
    let window_ms = writer.shared.settings.dedup_window_ms;
    let listens = writer.listens();
    let mut fold = Fold::resume(writer.configuration.rules(), &mut writer.people, due, last);
    if listens {
        fold.watch();
    }
    let mut accepted = BTreeMap::new();
    let end = |fresh| match fresh {
        Fresh::Ended(event, outcome) => Ended {
            event,
            outcome,
            origin: None,
        },
        Fresh::Event(event, key) => end(&mut fold, &mut accepted, window_ms, event, key),
    };
    let ended = fresh.into_iter().map(end).collect();
    let (effects, due) = fold.finish();
    writer.due = due;
    Folded {
        ended,
        effects,
        accepted,
    }
}

fn end(
    fold: &mut Fold<'_>,
    accepted: &mut BTreeMap<SeenKey, Millis>,
    window_ms: i64,
    event: Box<Event>,
    key: SeenKey,
) -> Ended {
    if accepted
        .get(&key)
        .is_some_and(|at| is_duplicate(*at, &event, window_ms))
    {
        return Ended {
            event,
            outcome: Outcome::Duplicate,
            origin: None,
        };
    }
    let folded = fold.event(&event);
    if folded.outcome == Outcome::Accepted {
        accepted.insert(key, event.received);
    }
    Ended {
        event,
        outcome: folded.outcome,
        origin: folded.origin,
    }
}
