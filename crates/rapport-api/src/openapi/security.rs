//! Who may ask for an operation: what its route needs, in the words of OpenAPI.

use super::account::{is_native, plain};
use crate::crm;
use crate::rights::objects;
use crate::rights::routes::{self, Door};
use axum::http::Method;
use rapport_core::member::{Access, Scope};
use serde_json::{Map, Value, json};

/// Nobody in particular, or whoever has a token or a session with one of these scopes.
pub(super) fn of(path: &str, method: &Method) -> Value {
    let sets = match needs(path, method) {
        Needs::Nobody => return json!([]),
        Needs::Known => vec![vec![]],
        Needs::Scope(scope) => vec![vec![objects::spelled(scope)]],
        Needs::Records(access) => of_records(path, access),
    };
    let mut ways = Vec::with_capacity(2 * sets.len());
    for scopes in &sets {
        ways.push(way(&["token"], scopes));
    }
    let is_safe = *method == Method::GET;
    for scopes in sets.iter().filter(|_| is_native(path)) {
        // What a browser sends by itself is not enough to change something.
        let both: &[&str] = if is_safe {
            &["session"]
        } else {
            &["session", "csrf"]
        };
        ways.push(way(both, scopes));
    }
    Value::Array(ways)
}

/// What a route needs.
enum Needs {
    Nobody,
    Known,
    Scope(Scope),
    /// What is asked of each record of the types in the address.
    Records(Access),
}

fn needs(path: &str, method: &Method) -> Needs {
    let Some(behind) = path.strip_prefix("/api/v1") else {
        // There the token is what is asked about.
        if path.starts_with("/oauth/") {
            return Needs::Nobody;
        }
        return match crm::scope(method, path) {
            Some(scope) => Needs::Scope(scope),
            None if path.contains("/{type}") => Needs::Records(crm::access(method, path)),
            None => Needs::Known,
        };
    };
    let Some(route) = routes::find(behind) else {
        return Needs::Known;
    };
    match route.door {
        Door::Open => Needs::Nobody,
        Door::Area(area) | Door::Ticket(area) => {
            Needs::Scope(Scope::Area(area, route.access(method)))
        }
        Door::Signed if behind.starts_with("/records/{type}") => {
            Needs::Records(route.access(method))
        }
        Door::Signed => Needs::Known,
    }
}

/// The scope of every type, or of each that the address names; a link is of both its ends.
fn of_records(path: &str, access: Access) -> Vec<Vec<String>> {
    let all = Scope::Records(access).to_string();
    let named = ["{type}", "{to}"].into_iter();
    let named = named.filter(|name| plain(path).split('/').any(|part| part == *name));
    let each = named.map(|name| {
        let (area, word) = all.rsplit_once('.').unwrap_or((&all, ""));
        format!("{area}.{name}.{word}")
    });
    vec![each.collect(), vec![all.clone()]]
}

fn way(schemes: &[&str], scopes: &[String]) -> Value {
    let named = schemes.iter().map(|scheme| {
        let scopes = if *scheme == "csrf" {
            json!([])
        } else {
            json!(scopes)
        };
        ((*scheme).to_owned(), scopes)
    });
    Value::Object(named.collect::<Map<String, Value>>())
}
