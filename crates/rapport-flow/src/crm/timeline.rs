//! What happened to a record and around it: its own changes, activities linked to it, and what a
//! contact did, in one order, newest first.

use super::read::{numbers, profile_no};
use super::{Happened, Placed, Seen, TimelinePage, cells, history};
use crate::reads;
use crate::shared::Shared;
use rapport_core::crm::contact::attribute_of;
use rapport_core::crm::history::{Door, Origin};
use rapport_core::crm::{ObjectType, PropertyNo, RecordNo, TypeId, Value};
use rapport_core::entry::Reference;
use rapport_core::position::Position;
use rapport_core::profile::Profile;
use rapport_core::profile::contact::Edit;
use rapport_store::Result;
use rapport_store::history::Ask;
use rapport_store::records::{After, Cell, Count, Direction, Filter, Query, Sort, column};
use std::collections::BTreeMap;

/// The types whose records are told in the timelines of those they are linked to.
pub const ACTIVITIES: [TypeId; 6] = [
    TypeId::COMMUNICATION,
    TypeId::TASK,
    TypeId::NOTE,
    TypeId::MEETING,
    TypeId::CALL,
    TypeId::EMAIL,
];
/// The property that says when an activity happened.
const WHEN: &str = "hs_timestamp";

/// A page of a record's timeline.
pub(crate) async fn page(
    shared: &Shared,
    object: TypeId,
    record: RecordNo,
    before: Option<Placed>,
    limit: usize,
    seen: &Seen,
) -> Result<Option<TimelinePage>> {
    let definitions = shared.configuration().crm.clone();
    let Some(definition) = definitions.types.get(&object) else {
        return Ok(None);
    };
    let survivor = shared.merged().survivor(object, record);
    let known = super::read::rows(shared, definition, &[survivor.0]).await?;
    if known.into_iter().flatten().next().is_none() {
        return Ok(None);
    }
    let more = limit.saturating_add(1);
    let mut happened = Vec::new();
    match object {
        TypeId::CONTACT => {
            let reference = Reference::Number(profile_no(survivor));
            if let Some(profile) = reads::profile::one(shared, &reference).await? {
                edits(shared, definition, &profile, before, more, &mut happened).await?;
                if seen.events {
                    events(shared, &profile, before, more, &mut happened).await?;
                }
            }
        }
        _ => changes(shared, definition, survivor, before, more, &mut happened).await?,
    }
    for activity in ACTIVITIES {
        if let (Some(filter), Some(of)) = (
            seen.filters.get(&activity),
            definitions.types.get(&activity),
        ) {
            let linked = numbers(shared, object, survivor);
            let asked = linked_to(object, &linked, filter);
            activities(shared, of, asked, before, more, &mut happened).await?;
        }
    }
    happened.sort_by_key(|(placed, _)| std::cmp::Reverse(*placed));
    let is_last = happened.len() <= limit;
    happened.truncate(limit);
    let last = happened.last().map(|(placed, _)| *placed);
    Ok(Some(TimelinePage {
        happened,
        next: last.filter(|_| !is_last),
    }))
}

type Told = Vec<(Placed, Happened)>;

fn linked_to(object: TypeId, numbers: &[RecordNo], seen: &Filter) -> Filter {
    let linked = numbers.iter().map(|number| Filter::Linked {
        to: (object.0, number.0),
        kinds: Vec::new(),
    });
    Filter::All(vec![
        Filter::Any(linked.collect()),
        Filter::equal(column::ARCHIVED, Cell::Integer(0)),
        seen.clone(),
    ])
}

async fn activities(
    shared: &Shared,
    object: &ObjectType,
    filter: Filter,
    before: Option<Placed>,
    limit: usize,
    told: &mut Told,
) -> Result<()> {
    let when = object.property(WHEN).and_then(|property| property.column());
    let when = when.unwrap_or(column::CREATED);
    let columns = cells::columns(object);
    let query = Query {
        object: object.id().0,
        filter,
        search: None,
        sort: vec![Sort {
            column: when,
            direction: Direction::Descending,
        }],
        after: before.map_or(After::Start, |before| behind(object.id(), before)),
        limit,
        columns: columns.clone(),
        count: Count::No,
    };
    for row in shared.roles.state.query(query).await?.rows {
        let record = cells::record(object, &columns, row);
        let at = match record.named(object, WHEN) {
            Some(Value::Instant(at)) => at,
            _ => record.created,
        };
        let placed = Placed {
            at,
            position: place_of(object.id()),
            nth: record.no.0,
        };
        told.push((placed, Happened::Activity(object.id(), Box::new(record))));
    }
    Ok(())
}

/// Where activities of a type stand among what happened at the same moment: before all entries.
fn place_of(object: TypeId) -> Position {
    Position {
        request: 0,
        command: object.0,
        index: 0,
    }
}

/// The row behind which a type's activities go on before a place.
fn behind(object: TypeId, before: Placed) -> After {
    let own = place_of(object);
    let last = match own.cmp(&before.position) {
        std::cmp::Ordering::Less => i64::MAX as u64,
        std::cmp::Ordering::Equal => before.nth,
        std::cmp::Ordering::Greater => 0,
    };
    After::Key(vec![Cell::Integer(before.at.0)], last)
}

async fn events(
    shared: &Shared,
    profile: &Profile,
    before: Option<Placed>,
    limit: usize,
    told: &mut Told,
) -> Result<()> {
    let ask = Ask {
        before: before.map(|before| (before.at, before.position)),
        limit,
        ..Ask::default()
    };
    for row in reads::timeline::of(shared, profile, &ask).await? {
        let placed = Placed {
            at: row.event.at,
            position: row.event.position,
            nth: 0,
        };
        told.push((placed, Happened::Event(row)));
    }
    Ok(())
}

async fn edits(
    shared: &Shared,
    object: &ObjectType,
    profile: &Profile,
    before: Option<Placed>,
    limit: usize,
    told: &mut Told,
) -> Result<()> {
    let origins = profile.origins();
    let whose = (profile.number, &origins[..]);
    // An edit is told at the moment it was received, so those of one moment may have to be left
    // out again.
    let mut next = None;
    let mut found = 0;
    while found < limit {
        let page = reads::edits::newest(shared, whose, next, limit).await?;
        let is_last = page.len() < limit;
        next = page.last().map(|edit| edit.place);
        for edit in page {
            let placed = Placed {
                at: edit.received,
                position: edit.place,
                nth: 0,
            };
            if before.is_none_or(|before| placed < before) {
                found += 1;
                told.push((placed, edited(object, &edit)));
            }
        }
        if is_last {
            break;
        }
    }
    Ok(())
}

/// An edit of a contact, as a change of its properties. What was there before it is in the history
/// of each.
fn edited(object: &ObjectType, edit: &Edit) -> Happened {
    let mut properties = BTreeMap::new();
    for property in object.in_use() {
        let attribute = attribute_of(&property.name);
        let said = edit.says.iter().find(|(name, _)| **name == *attribute);
        if let Some((_, raw)) = said
            && property.fact.is_none()
        {
            let text = super::cells::text(raw);
            let value = text.and_then(|text| Value::parse(property, &text).ok().flatten());
            properties.insert(property.no, (None, value));
        }
    }
    Happened::Changed {
        origin: by_actor(&edit.actor),
        properties,
    }
}

async fn changes(
    shared: &Shared,
    object: &ObjectType,
    record: RecordNo,
    before: Option<Placed>,
    limit: usize,
    told: &mut Told,
) -> Result<()> {
    let key = (object.id().0, record.0);
    let is_before = |placed: &Placed| before.is_none_or(|before| *placed < before);
    for (position, rows) in history::changes(shared, key, None, usize::MAX).await? {
        let Some(first) = rows.first() else { continue };
        let placed = Placed {
            at: first.at,
            position,
            nth: 0,
        };
        if !is_before(&placed) {
            continue;
        }
        let origin = first.origin.clone();
        let happened = match first.property {
            PropertyNo(0) => Happened::Created { origin },
            _ => Happened::Changed {
                origin,
                properties: values(object, rows),
            },
        };
        told.push((placed, happened));
        if told.len() >= limit {
            break;
        }
    }
    Ok(())
}

type Values = BTreeMap<PropertyNo, (Option<Value>, Option<Value>)>;

fn values(object: &ObjectType, rows: Vec<rapport_core::crm::history::Row>) -> Values {
    let mut values = Values::new();
    for row in rows {
        let Some(property) = object.properties.get(&row.property) else {
            continue;
        };
        let value = |text: &Option<Box<str>>| {
            let text = text.as_deref()?;
            Value::parse(property, text).ok().flatten()
        };
        values.insert(row.property, (value(&row.old), value(&row.new)));
    }
    values
}

/// Who did something, from a command's actor.
pub(crate) fn by_actor(actor: &str) -> Origin {
    let door = match actor {
        "rapport" | "configuration" => Door::Rapport,
        _ => Door::Api,
    };
    Origin {
        door,
        id: actor.into(),
        label: actor.into(),
        member: None,
    }
}
