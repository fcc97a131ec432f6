//! What the properties of a record were. Of a contact that is read from what was said: its events
//! and edits, folded once more; of every other record from rows that its changes left.

use super::read::{identifier_kind, profile_no};
use super::{Said, timeline};
use crate::reads;
use crate::rows;
use crate::shared::Shared;
use rapport_core::crm::bulk::ARCHIVED;
use rapport_core::crm::contact::project;
use rapport_core::crm::history::{Door, Origin, Row};
use rapport_core::crm::{ObjectType, PropertyNo, RecordNo, TypeId, Value};
use rapport_core::entry::Reference;
use rapport_core::event::{Event, Kind};
use rapport_core::identity::Link;
use rapport_core::position::Position;
use rapport_core::profile::attributes::Writing;
use rapport_core::profile::contact::Edit;
use rapport_core::profile::{Profile, apply};
use rapport_core::time::Millis;
use rapport_store::Result;
use rapport_store::history::Ask;
use rapport_store::history::Row as EventRow;
use rapport_store::state::{Order, Page, Table};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Values of one property that are told at most, the newest.
pub const VALUES_MAX: usize = 100;
/// Events of a contact that its history is read from at most, the newest.
const EVENTS_MAX: usize = 10_000;

/// What these properties were, newest first.
pub(crate) async fn of(
    shared: &Shared,
    object: TypeId,
    record: RecordNo,
    properties: &[PropertyNo],
) -> Result<BTreeMap<PropertyNo, Vec<Said>>> {
    let definitions = shared.configuration().crm.clone();
    let Some(definition) = definitions.types.get(&object) else {
        return Ok(BTreeMap::new());
    };
    let mut found = match object {
        TypeId::CONTACT => of_contact(shared, definition, record, properties).await?,
        _ => of_rows(shared, definition, record, properties).await?,
    };
    for said in found.values_mut() {
        said.sort_by_key(|said| std::cmp::Reverse((said.at, said.position)));
        said.truncate(VALUES_MAX);
    }
    found.retain(|_, said| !said.is_empty());
    Ok(found)
}

async fn of_rows(
    shared: &Shared,
    object: &ObjectType,
    record: RecordNo,
    properties: &[PropertyNo],
) -> Result<BTreeMap<PropertyNo, Vec<Said>>> {
    let record = shared.merged().survivor(object.id(), record);
    let known = super::read::rows(shared, object, &[record.0]).await?.pop();
    let Some(known) = known.flatten() else {
        return Ok(BTreeMap::new());
    };
    let key = (object.id().0, record.0);
    let born = newest(shared, key, PropertyNo(0), 1).await?.pop();
    let mut found = BTreeMap::new();
    for no in properties {
        let Some(property) = object.properties.get(no) else {
            continue;
        };
        let changes = newest(shared, key, *no, VALUES_MAX + 1).await?;
        let value = |text: &Option<Box<str>>| {
            let text = text.as_deref()?;
            Value::parse(property, text).ok().flatten()
        };
        let mut said: Vec<Said> = changes
            .iter()
            .map(|(position, row)| Said {
                value: value(&row.new),
                at: row.at,
                position: *position,
                origin: row.origin.clone(),
            })
            .collect();
        let first = match changes.last() {
            Some((_, row)) => value(&row.old),
            None => known.value(property),
        };
        if let Some(first) = first
            && changes.len() <= VALUES_MAX
        {
            let (position, origin) = match &born {
                Some((position, row)) => (*position, row.origin.clone()),
                None => (Position::default(), Origin::default()),
            };
            said.push(Said {
                value: Some(first),
                at: known.created,
                position,
                origin,
            });
        }
        found.insert(*no, said);
    }
    Ok(found)
}

/// The newest changes of one property of a record.
async fn newest(
    shared: &Shared,
    record: (u32, u64),
    property: PropertyNo,
    limit: usize,
) -> Result<Vec<(Position, Row)>> {
    let page = Page {
        table: Table::PropertyHistory,
        from: rows::property_history_key(record, property.0, Position::default()),
        to: Some(rows::property_history_key(
            record,
            property.0,
            Position::LAST,
        )),
        limit,
        order: Order::Descending,
    };
    let read = shared.roles.state.scan(page).await?;
    read.iter()
        .filter_map(|(key, row)| Some((rows::property_history_of(key)?.1, row)))
        .map(|(position, row)| Ok((position, rows::unpack(Table::PropertyHistory, row)?)))
        .collect()
}

/// Something that was said of a contact.
enum Spoken {
    Event(Arc<EventRow>),
    Edit(Box<Edit>),
}

async fn of_contact(
    shared: &Shared,
    object: &ObjectType,
    record: RecordNo,
    properties: &[PropertyNo],
) -> Result<BTreeMap<PropertyNo, Vec<Said>>> {
    let reference = Reference::Number(profile_no(record));
    let Some(profile) = reads::profile::one(shared, &reference).await? else {
        return Ok(BTreeMap::new());
    };
    let mut found: BTreeMap<PropertyNo, Vec<Said>> = BTreeMap::new();
    let configuration = shared.configuration();
    // Identifiers come and go by rules that look at other people: what is there says since when.
    let mut now = Profile::born(profile.number, profile.birth, profile.first_seen);
    let mut shown = BTreeMap::new();
    let asked = |no: &PropertyNo| object.properties.get(no);
    for (position, received, spoken) in spoken(shared, &profile).await? {
        let origin = match &spoken {
            Spoken::Event(row) => {
                apply::apply(&configuration.policy, &mut now, &row.event);
                by_event(shared, &row.event)
            }
            Spoken::Edit(edit) => {
                let id = format!("{}.{}", edit.place, edit.place.index);
                let writing = Writing::by_member(&configuration.policy, edit.received, &id);
                for (name, raw) in &edit.says {
                    now.attributes.write(name, raw, &writing);
                }
                timeline::by_actor(&edit.actor)
            }
        };
        let values = project(object, &now);
        for property in properties.iter().filter_map(asked) {
            let is_identifier = identifier_kind(object.id(), &property.name).is_some();
            let value = values.get(&property.no).cloned();
            if !is_identifier && shown.get(&property.no) != value.as_ref() {
                found.entry(property.no).or_default().push(Said {
                    value: value.clone(),
                    at: received,
                    position,
                    origin: origin.clone(),
                });
                match value {
                    Some(value) => shown.insert(property.no, value),
                    None => shown.remove(&property.no),
                };
            }
        }
    }
    for property in properties.iter().filter_map(asked) {
        let Some(kind) = identifier_kind(object.id(), &property.name) else {
            continue;
        };
        let links = profile.links.iter();
        let links = links.filter(|link| link.identifier.kind == kind);
        let said = links.map(|link| Said {
            value: Some(Value::Text(link.identifier.value.clone())),
            at: link.since,
            position: link.cause,
            origin: by_link(shared, link),
        });
        found.insert(property.no, said.collect());
    }
    Ok(found)
}

/// Everything that was said of a contact's attributes, in order.
async fn spoken(shared: &Shared, profile: &Profile) -> Result<Vec<(Position, Millis, Spoken)>> {
    let ask = Ask {
        limit: EVENTS_MAX,
        ..Ask::default()
    };
    let mut spoken = Vec::new();
    for row in reads::timeline::of(shared, profile, &ask).await? {
        if says_something(&row.event) {
            let place = (row.event.position, row.event.received);
            spoken.push((place.0, place.1, Spoken::Event(row)));
        }
    }
    let origins = profile.origins();
    let whose = (profile.number, &origins[..]);
    for edit in reads::edits::newest(shared, whose, None, EVENTS_MAX).await? {
        spoken.push((edit.place, edit.received, Spoken::Edit(Box::new(edit))));
    }
    spoken.sort_by_key(|(position, ..)| *position);
    Ok(spoken)
}

fn says_something(event: &Event) -> bool {
    event.kind == Kind::Identify || &*event.extra != "{}"
}

pub(super) fn by_event(shared: &Shared, event: &Event) -> Origin {
    by_source(shared, event.source.0)
}

fn by_source(shared: &Shared, source: u32) -> Origin {
    let configuration = shared.configuration();
    let known = configuration
        .sources
        .get(&rapport_core::event::SourceNo(source));
    Origin {
        door: Door::Tracking,
        id: source.to_string().into(),
        label: known.map_or("", |known| &known.name).into(),
        member: None,
    }
}

fn by_link(shared: &Shared, link: &Link) -> Origin {
    match link.source {
        Some(source) => by_source(shared, source.0),
        None => Origin::default(),
    }
}

/// Every change of a record's properties, that it was archived not among them, newest first, before an entry; by entry.
pub(super) async fn changes(
    shared: &Shared,
    record: (u32, u64),
    before: Option<Position>,
    limit: usize,
) -> Result<Vec<(Position, Vec<Row>)>> {
    let page = Page {
        table: Table::PropertyHistory,
        from: rows::record_key(record),
        to: Some(rows::property_history_key(record, u16::MAX, Position::LAST)),
        limit: CHANGES_MAX,
        order: Order::Ascending,
    };
    let mut by_entry: BTreeMap<Position, Vec<Row>> = BTreeMap::new();
    for (key, row) in shared.roles.state.scan(page).await? {
        let Some((property, position)) = rows::property_history_of(&key) else {
            continue;
        };
        if property == ARCHIVED.0 {
            continue;
        }
        if before.is_none_or(|before| position < before) {
            let row = rows::unpack(Table::PropertyHistory, &row)?;
            by_entry.entry(position).or_default().push(row);
        }
    }
    Ok(by_entry.into_iter().rev().take(limit).collect())
}

/// Changes of one record that its timeline looks at, at most.
const CHANGES_MAX: usize = 20_000;
