//! The timeline of a record: its changes, the activities it is linked to, and what a contact did.

use super::{find, object, shown, value};
use crate::Api;
use crate::errors::Error;
use crate::native::bearer::Actor;
use crate::native::list::{self, List, Page};
use crate::native::spelled::owned;
use axum::Json;
use axum::extract::{Path, State};
use rapport_core::crm::history::Origin;
use rapport_core::crm::{Definitions, ObjectType};
use rapport_core::position::Position;
use rapport_core::time::Millis;
use rapport_flow::crm::{Happened, Placed, Seen};
use rapport_store::records::Filter;
use serde_json::{Value, json};

pub(super) async fn timeline(
    State(api): State<Api>,
    _: Actor,
    Path((word, id)): Path<(String, String)>,
    page: Page,
) -> Result<Json<List<Value>>, Error> {
    let definitions = api.rapport.definitions();
    let object = object(&definitions, &word)?;
    let record = find(&api, object, &id).await?;
    let before = page.after(read)?;
    let seen = Seen {
        filters: definitions.in_use().map(|one| (one.id(), Filter::every())).collect(),
        events: true,
    };
    let found = api.rapport.record_timeline(object.id(), record.no, before, page.limit, &seen);
    let found = found.await?.unwrap_or_default();
    let entries = found.happened.iter();
    let entries = entries.map(|(placed, one)| entry(&definitions, object, placed, one));
    Ok(list::behind(entries.collect(), found.next.as_ref().map(spelled)))
}

fn entry(
    definitions: &Definitions,
    object: &ObjectType,
    placed: &Placed,
    happened: &Happened,
) -> Value {
    let mut entry = match happened {
        Happened::Created { origin } => json!({ "kind": "created", "by": who(origin) }),
        Happened::Changed { origin, properties } => {
            let changes = properties.iter().filter_map(|(no, (old, new))| {
                let property = object.properties.get(no)?;
                let change = json!({
                    "from": value::typed(old.as_ref()), "to": value::typed(new.as_ref()),
                });
                Some((property.name.to_string(), change))
            });
            let changes: serde_json::Map<_, _> = changes.collect();
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
    entry
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
