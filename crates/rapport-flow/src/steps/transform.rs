//! Transform: what the operator wants done to a source's events before anything else sees them.
//!
//! Native steps are done here; a source with scripts has a thread of its own
//! (`scripts`). An item that cannot be transformed is kept as it came.

use crate::flow::{Changes, Item};
use crate::steps::validate;
use crate::writer::Writer;
use rapport_core::event::transform::change::Change;
use rapport_core::event::transform::{Tools, Transformations, Transformed};
use rapport_core::event::{Event, SourceNo};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Transforms the items of sources that ask for it; also says what is other about which.
pub(crate) fn step(writer: &mut Writer, items: Vec<Item>) -> (Vec<Item>, Changes) {
    let in_force = Arc::clone(&writer.configuration.transformations);
    if !in_force.values().any(|one| one.enabled) {
        return (items, Changes::new());
    }
    let mut scripted = scripted(writer, &in_force, &items);
    let (hash, tools) = (writer.hash, writer.shared.tools.clone());
    let mut changes = Changes::new();
    let transform = |(place, item)| {
        let Item::Event(event) = item else {
            return item;
        };
        let transformations = in_force.get(&event.source).filter(|one| one.enabled);
        let Some(transformations) = transformations else {
            return Item::Event(event);
        };
        let transformed = match scripted.get_mut(&event.source) {
            Some(results) => results.next().unwrap_or(Transformed::Same),
            None => transformations.apply(
                &event,
                &mut Tools {
                    hash: &|text| hash.masked(text),
                    places: tools.places.as_deref(),
                    scripts: None,
                },
            ),
        };
        settled(event, transformed, place, &mut changes)
    };
    let items = items.into_iter().enumerate().map(transform).collect();
    (items, changes)
}

fn settled(
    event: Box<Event>,
    transformed: Transformed,
    place: usize,
    changes: &mut Changes,
) -> Item {
    match transformed {
        Transformed::Same => Item::Event(event),
        Transformed::Changed(after) => {
            // A batch is bounded in bytes, far below 2^32 items.
            changes.push((place as u32, Change::of(&event, &after)));
            Item::Event(after)
        }
        Transformed::LeftOut(reason) => Item::LeftOut(event, reason),
        Transformed::Failed(reason) => {
            Item::Invalid(Box::new(validate::failed(&event, &reason)), reason)
        }
    }
}

type Results = BTreeMap<SourceNo, std::vec::IntoIter<Transformed>>;

/// Runs the sources that have scripts, side by side; their results in the order of the items.
fn scripted(
    writer: &mut Writer,
    in_force: &BTreeMap<SourceNo, Arc<Transformations>>,
    items: &[Item],
) -> Results {
    let mut work: BTreeMap<SourceNo, Vec<Event>> = BTreeMap::new();
    for (source, transformations) in in_force {
        if transformations.enabled && transformations.scripts().next().is_some() {
            work.insert(*source, Vec::new());
        }
    }
    if work.is_empty() {
        return Results::new();
    }
    for item in items {
        if let Item::Event(event) = item
            && let Some(events) = work.get_mut(&event.source)
        {
            events.push(Event::clone(event));
        }
    }
    work.retain(|_, events| !events.is_empty());
    let hash = writer.hash;
    let results = writer.hosts.run(&writer.shared, hash, in_force, work);
    results
        .into_iter()
        .map(|(source, results)| (source, results.into_iter()))
        .collect()
}
