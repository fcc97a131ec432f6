//! What is asked of each route, and what becomes of it by the rights of whoever asks, as
//! [`may()`] decides them: no handler is asked.

use super::routes::{is_crm, plain};
use super::world::World;
use crate::rights::opens;
use crate::rights::routes as native;
use axum::http::Method;
use rapport_core::crm::TypeId;
use rapport_core::member::{Access, Action, Actor, Area, MemberNo, Owned, Scope, may};
use serde_json::{Value, json};

mod kept;
mod records;
mod webhooks;

use kept::kept;
use records::records;
use webhooks::webhooks;

/// One request.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Value,
    need: Need,
    /// The answer where what is meant may not be seen.
    missing: u16,
    /// Whether it changes nothing although it is open.
    looks: bool,
}

/// What it takes.
#[derive(Clone, Debug, Default)]
struct Need {
    scopes: Vec<Scope>,
    whole: Vec<TypeId>,
    records: Vec<(Action, Owned)>,
    native: Option<&'static native::Route>,
    nothing: bool,
    /// Whose it is, for whom alone it is there; and whether for admins, too.
    only: Option<(MemberNo, bool)>,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// 401.
    Unknown,
    /// 403.
    Refused,
    /// As if it were not there.
    Missing(u16),
    /// Something else; `true` where it may be sent, since it changes nothing.
    Open(bool),
}

impl Ask {
    fn new(method: &Method, path: String, body: Value, need: Need) -> Ask {
        Ask {
            method: method.clone(),
            path,
            body,
            need,
            missing: 404,
            looks: *method == Method::GET,
        }
    }

    fn looks(self) -> Ask {
        Ask {
            looks: true,
            ..self
        }
    }

    fn missing(self, missing: u16) -> Ask {
        Ask { missing, ..self }
    }

    /// What becomes of it where this one asks.
    pub(super) fn fate(&self, actor: Option<&Actor>) -> Fate {
        let need = &self.need;
        if need.nothing {
            return Fate::Open(self.looks);
        }
        let Some(actor) = actor else {
            return Fate::Unknown;
        };
        let closed = need
            .native
            .is_some_and(|route| opens(actor, route, &self.method).is_err());
        if let Some((whose, with_admins)) = need.only {
            let is_theirs = actor.who().is_some_and(|member| member.no == whose);
            if !(is_theirs || with_admins && actor.is_admin()) {
                return Fate::Missing(self.missing);
            }
        }
        let lacks = need.scopes.iter().any(|scope| !actor.has(*scope));
        let blind = need.whole.iter().any(|object| !actor.sees_whole(*object));
        if closed || lacks || blind {
            return Fate::Refused;
        }
        for (action, owned) in &need.records {
            // Who may make a record need not see any.
            let sees = owned.record.is_none() || may(actor, Action::View, owned, None).is_allowed();
            if !sees {
                return Fate::Missing(self.missing);
            }
            if !may(actor, *action, owned, None).is_allowed() {
                return Fate::Refused;
            }
        }
        Fate::Open(self.looks)
    }
}

/// What is asked of a route with a method; `None` of one that is not known here.
pub(super) fn asks(world: &World, path: &str, method: &Method) -> Option<Vec<Ask>> {
    let own = path.strip_prefix("/api/v1");
    if let Some(route) = own.and_then(native::find) {
        return of_native(world, path, route, method);
    }
    match is_crm(path) {
        true => of_crm(world, path, method),
        false => elsewhere(path, method),
    }
}

/// Doors that are opened by keys of sources, or show nothing of anybody: beginnings of their
/// addresses, or whole ones.
pub(super) const ELSEWHERE: [&str; 25] = [
    "/",
    "/analytics-next/",
    "/analytics.js/",
    "/api/px/",
    "/api/s/",
    "/array/",
    "/assets/",
    "/b",
    "/batch",
    "/beacon/",
    "/capture",
    "/decide",
    "/e",
    "/engage",
    "/flags",
    "/health/",
    "/i/v0/",
    "/live",
    "/metrics",
    "/oauth/",
    "/pixel/",
    "/projects/",
    "/sourceConfig",
    "/track",
    "/v1/",
];

/// Which of them an address is behind.
pub(super) fn door(path: &str) -> Option<&'static str> {
    let mut doors = ELSEWHERE.into_iter();
    doors.find(|door| match door.len() > 1 && door.ends_with('/') {
        true => path.starts_with(door),
        false => path == *door || path.starts_with(&format!("{door}/")) && *door != "/",
    })
}

fn elsewhere(path: &str, method: &Method) -> Option<Vec<Ask>> {
    door(path)?;
    let need = Need {
        nothing: true,
        ..Need::default()
    };
    Some(vec![Ask::new(method, filled(path, "1"), json!({}), need)])
}

/// The address with something in place of its parameters.
fn filled(path: &str, id: &str) -> String {
    let parts = path.split('/').map(|part| match part {
        "{reference}" => format!("prf_{id}"),
        "{identifier}" => "email:nobody@example.org".to_owned(),
        "{position}" => "1.0".to_owned(),
        "{type}" | "{from}" => "contacts".to_owned(),
        "{to}" => "deals".to_owned(),
        part if part.starts_with('{') => id.to_owned(),
        part => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("/")
}

const RECORDS: &str = "/api/v1/records/";

fn of_native(
    world: &World,
    path: &str,
    route: &'static native::Route,
    method: &Method,
) -> Option<Vec<Ask>> {
    if path.starts_with(RECORDS) {
        return records(
            world,
            path,
            &path.replacen(RECORDS, "/crm/objects/", 1),
            method,
        );
    }
    if let Some(ask) = kept(world, path, method) {
        return Some(vec![ask]);
    }
    let need = Need {
        native: Some(route),
        nothing: matches!(route.door, native::Door::Open),
        ..Need::default()
    };
    let zoe = world.records[&(TypeId::CONTACT, "zoe")].to_string();
    let ask = Ask::new(method, filled(path, &zoe), json!({}), need);
    // A stream has no end.
    let is_stream = path.ends_with("/live");
    Some(vec![Ask {
        looks: ask.looks && !is_stream,
        ..ask
    }])
}

fn of_crm(world: &World, path: &str, method: &Method) -> Option<Vec<Ask>> {
    let plain = plain(path);
    let parts: Vec<&str> = plain.trim_start_matches('/').split('/').collect();
    let defines = |part: &&str| ["labels", "types", "definitions"].contains(part);
    let area = match parts.as_slice() {
        ["crm", "objects", ..] => return records(world, path, &plain, method),
        ["crm", "associations", rest @ ..]
            if !rest.iter().any(defines)
                || rest.contains(&"batch") && !rest.contains(&"definitions") =>
        {
            return links(world, path, &plain, method);
        }
        [
            "crm",
            "associations" | "properties" | "pipelines" | "schemas",
            ..,
        ]
        | ["crm-object-schemas", ..] => Area::Schemas,
        ["crm", "lists", ..] => Area::Lists,
        ["crm", "owners", ..] => Area::Owners,
        ["events", "send", ..] => return events(world, path, method),
        ["webhooks", ..] => return webhooks(world, path, &plain, method),
        ["account-info", ..] => {
            let ask = Ask::new(method, filled(path, "1"), json!({}), Need::default());
            return Some(vec![ask]);
        }
        _ => return None,
    };
    let looks = ["/read", "/search", "/idmapping"]
        .iter()
        .any(|end| plain.ends_with(end));
    let access = match *method == Method::GET || looks {
        true => Access::Read,
        false => Access::Write,
    };
    let need = Need {
        scopes: vec![Scope::Area(area, access)],
        whole: match area {
            Area::Lists => vec![TypeId::CONTACT, TypeId::COMPANY],
            _ => Vec::new(),
        },
        ..Need::default()
    };
    let asks = ["contacts", "deals"].map(|object| {
        let path = path.replace("{type}", object);
        let zoe = world.records[&(TypeId::CONTACT, "zoe")].to_string();
        let body = match looks {
            true => json!({ "inputs": [{ "name": "hide_text" }] }),
            false => json!({}),
        };
        let ask = Ask::new(method, filled(&path, &zoe), body, need.clone());
        if looks { ask.looks() } else { ask }
    });
    Some(asks.to_vec())
}

fn scope(object: TypeId, access: Access) -> Vec<Scope> {
    vec![Scope::RecordsOf(object, access)]
}

/// Whose records are asked about.
const WHOSE: [&str; 3] = ["olga", "zoe", "unowned"];

fn events(world: &World, path: &str, method: &Method) -> Option<Vec<Ask>> {
    let asks = WHOSE.map(|whose| {
        let id = world.records[&(TypeId::CONTACT, whose)].to_string();
        let event = json!({ "eventName": "x", "objectId": id });
        let body = match path.trim_end_matches('/').ends_with("/batch") {
            true => json!({ "inputs": [event] }),
            false => event,
        };
        let mut scopes = scope(TypeId::CONTACT, Access::Write);
        scopes.insert(0, Scope::Area(Area::Events, Access::Write));
        let need = Need {
            scopes,
            records: vec![(Action::Edit, world.owned(TypeId::CONTACT, whose))],
            ..Need::default()
        };
        Ask::new(method, path.to_owned(), body, need)
    });
    Some(asks.to_vec())
}

/// Links between a record and another's, in both directions of rights.
fn links(world: &World, path: &str, plain: &str, method: &Method) -> Option<Vec<Ask>> {
    let mut asks = Vec::new();
    for (from, to) in [("olga", "zoe"), ("zoe", "olga"), ("olga", "olga")] {
        let id = |whose| world.records[&(TypeId::DEAL, whose)].to_string();
        let other = world.records[&(TypeId::CONTACT, to)].to_string();
        let path = path.replace("{type}", "deals").replace("{to}", "contacts");
        let pair = json!({ "from": { "id": id(from) }, "to": { "id": other },
            "types": [{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3 }],
            "type": "deal_to_contact" });
        let apart = json!({ "from": { "id": id(from) }, "to": [{ "id": other }] });
        let ends = vec![
            (Action::Edit, world.owned(TypeId::DEAL, from)),
            (Action::Edit, world.owned(TypeId::CONTACT, to)),
        ];
        let both = |access| {
            let mut scopes = scope(TypeId::DEAL, access);
            scopes.extend(scope(TypeId::CONTACT, access));
            scopes
        };
        let writes = Need {
            scopes: both(Access::Write),
            records: ends,
            ..Need::default()
        };
        let reads = Need {
            scopes: both(Access::Read),
            ..Need::default()
        };
        let is_older = path.starts_with("/crm/v3/");
        asks.push(match plain.rsplit('/').next()? {
            "read" => {
                let body = json!({ "inputs": [{ "id": id(from) }] });
                Ask::new(method, path, body, reads).looks()
            }
            "create" | "default" => Ask::new(method, path, json!({ "inputs": [pair] }), writes),
            "archive" if is_older || plain.contains("/labels/") => {
                Ask::new(method, path, json!({ "inputs": [pair] }), writes).missing(204)
            }
            "archive" => Ask::new(method, path, json!({ "inputs": [apart] }), writes).missing(204),
            _ => return None,
        });
    }
    Some(asks)
}
