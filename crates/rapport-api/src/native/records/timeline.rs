//! The timeline of a record: its changes, the activities it is linked to, and what a contact did.

use super::{find, object, reach, shown, value};
use crate::Api;
use crate::errors::Error;
use crate::native::list::{self, List, Page};
use crate::native::spelled::owned;
use crate::rights::Asker;
use axum::Json;
use axum::extract::{Path, State};
use rapport_core::crm::history::Origin;
use rapport_core::crm::{Definitions, ObjectType, Property};
use rapport_core::member::{Access, Action, Area, Scope};
use rapport_core::position::Position;
use rapport_core::time::Millis;
use rapport_flow::crm::{Happened, Placed, Seen};
use serde_json::{Value, json};

/// The property that says when an activity was.
const WHEN: &str = "hs_timestamp";

pub(super) async fn timeline(
    State(api): State<Api>,
    asker: Asker,
    Path((word, id)): Path<(String, String)>,
    page: Page,
) -> Result<Json<List<Value>>, Error> {
    let definitions = api.rapport.definitions();
    let object = object(&definitions, &word)?;
    let own = reach(&api, &asker, object, Access::Read)?;
    let record = find(&api, &own, object, &id).await?;
    let before = page.after(read)?;
    let seen = Seen {
        filters: definitions
            .in_use()
            .filter_map(|one| {
                let reach = reach(&api, &asker, one, Access::Read).ok()?;
                // Where they stand among the rest says when they were.
                let is_placed = one.property(WHEN).is_none_or(|when| reach.reads(when));
                is_placed.then(|| (one.id(), reach.filter(Action::View)))
            })
            .collect(),
        // What somebody sent may say anything of them.
        events: asker.actor.has(Scope::Area(Area::Profiles, Access::Read))
            && own.reads_everything(),
    };
    let found = api
        .rapport
        .record_timeline(object.id(), record.no, before, page.limit, &seen);
    let mut found = found.await?.unwrap_or_default();
    for (_, happened) in &mut found.happened {
        if let Happened::Activity(kind, record) = happened
            && let Some(kind) = definitions.get(*kind)
            && let Ok(reach) = reach(&api, &asker, kind, Access::Read)
        {
            reach.veil(record);
        }
    }
    let entries = found.happened.iter();
    let entries = entries.filter_map(|(placed, one)| {
        let shows = |property: &Property| own.reads(property);
        entry(&definitions, object, placed, one, &shows)
    });
    Ok(list::behind(
        entries.collect(),
        found.next.as_ref().map(spelled),
    ))
}

fn entry(
    definitions: &Definitions,
    object: &ObjectType,
    placed: &Placed,
    happened: &Happened,
    shows: &impl Fn(&Property) -> bool,
) -> Option<Value> {
    let mut entry = match happened {
        Happened::Created { origin } => json!({ "kind": "created", "by": who(origin) }),
        Happened::Changed { origin, properties } => {
            let changes = properties.iter().filter_map(|(no, (old, new))| {
                let property = object.properties.get(no).filter(|one| shows(one))?;
                let change = json!({
                    "from": value::typed(old.as_ref()), "to": value::typed(new.as_ref()),
                });
                Some((property.name.to_string(), change))
            });
            let changes: serde_json::Map<_, _> = changes.collect();
            if changes.is_empty() && !properties.is_empty() {
                // That what is hidden changed is hidden, too.
                return None;
            }
            json!({ "kind": "changed", "by": who(origin), "properties": changes })
        }
        Happened::Activity(object, record) => {
            let activity = definitions.get(*object);
            let shown = activity.map(|object| shown(object, record, &[]));
            json!({ "kind": "activity", "record": shown })
        }
        Happened::Event(row) => json!({
            "kind": "event",
            "type": row.event.kind.word(),
            "event": row.event.name,
            "properties": owned(row.event.properties.to_string()),
        }),
    };
    entry["at"] = json!(placed.at.to_string());
    Some(entry)
}

fn who(origin: &Origin) -> Value {
    json!({ "door": origin.door, "id": origin.id, "label": origin.label, "member": origin.member })
}

fn spelled(placed: &Placed) -> String {
    let place = &placed.position;
    let text = serde_json::to_string(&(placed.at.0, place, placed.nth)).unwrap_or_default();
    list::opaque(&text)
}

fn read(cursor: &str) -> Option<Placed> {
    let text = list::read_opaque(cursor)?;
    let (at, position, nth): (i64, Position, u64) = serde_json::from_str(&text).ok()?;
    Some(Placed {
        at: Millis(at),
        position,
        nth,
    })
}
