//! What a family of addresses needs, beside what is asked of each record.

use super::fault::Fault;
use crate::rights::records::Denied;
use axum::http::Method;
use rapport_core::crm::TypeId;
use rapport_core::member::{Access, Actor, Area, Scope};

/// Ends of addresses that only look although they are posted to.
const LOOKS: [&str; 3] = ["/read", "/search", "/idmapping"];

/// Whether a family is open to somebody.
pub(super) fn check(who: &Actor, method: &Method, path: &str) -> Result<(), Fault> {
    let Some(area) = area(path) else {
        return Ok(());
    };
    let scope = Scope::Area(area, access(method, path));
    if !who.has(scope) {
        return Err(Denied::Scope(scope).into());
    }
    // Who is on a list tells of contacts and their companies, whoever's they are.
    let told = [TypeId::CONTACT, TypeId::COMPANY];
    if area == Area::Lists && !told.into_iter().all(|object| who.sees_whole(object)) {
        let message = "Lists tell of every contact and company, and your role does not let you \
                       see all of each.";
        return Err(Denied::Right(message.to_owned()).into());
    }
    Ok(())
}

/// The scope that a family needs; `None` where its records are asked about one by one.
pub(crate) fn scope(method: &Method, path: &str) -> Option<Scope> {
    area(path).map(|area| Scope::Area(area, access(method, path)))
}

/// Whether a request looks or changes something.
pub(crate) fn access(method: &Method, path: &str) -> Access {
    let looks = LOOKS
        .iter()
        .any(|end| path.trim_end_matches('/').ends_with(end));
    match *method {
        Method::GET | Method::HEAD => Access::Read,
        _ if looks => Access::Read,
        _ => Access::Write,
    }
}

/// The area a family belongs to; `None` where its records are asked about one by one.
fn area(path: &str) -> Option<Area> {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let (door, first, second) = (
        parts.next()?,
        parts.next()?,
        parts.next().unwrap_or_default(),
    );
    match door {
        "crm-object-schemas" => return Some(Area::Schemas),
        "events" => return Some(Area::Events),
        "webhooks" => return Some(Area::Destinations),
        "crm" => {}
        _ => return None,
    }
    let is_version = first.starts_with(['v', '2']);
    let family = if is_version { second } else { first };
    match family {
        "properties" | "pipelines" | "schemas" => Some(Area::Schemas),
        "associations" => {
            let defines = |part: &str| ["labels", "definitions", "types"].contains(&part);
            let takes_labels_off = path.contains("/batch/");
            (path.split('/').any(defines) && (!takes_labels_off || path.contains("/definitions/")))
                .then_some(Area::Schemas)
        }
        "lists" => Some(Area::Lists),
        "owners" => Some(Area::Owners),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_told_by_its_address_in_every_spelling() {
        for (path, expected) in [
            ("/crm/v3/objects/contacts", None),
            ("/crm/objects/2026-03/contacts", None),
            ("/crm/v4/objects/contacts/1/associations/companies", None),
            ("/crm/v3/properties/contacts", Some(Area::Schemas)),
            ("/crm/properties/2026-09/contacts", Some(Area::Schemas)),
            ("/crm-object-schemas/v3/schemas", Some(Area::Schemas)),
            ("/crm/v4/associations/contacts/companies/batch/create", None),
            (
                "/crm/v4/associations/contacts/companies/batch/labels/archive",
                None,
            ),
            (
                "/crm/v4/associations/contacts/companies/labels",
                Some(Area::Schemas),
            ),
            (
                "/crm/v4/associations/definitions/configurations/a/b/batch/create",
                Some(Area::Schemas),
            ),
            ("/crm/lists/2026-03/7/memberships", Some(Area::Lists)),
            ("/crm/v3/owners/", Some(Area::Owners)),
            ("/events/v3/send", Some(Area::Events)),
            ("/account-info/v3/details", None),
            ("/webhooks/v3/7/subscriptions", Some(Area::Destinations)),
            ("/webhooks/2026-03/7/settings/", Some(Area::Destinations)),
        ] {
            assert_eq!(area(path), expected, "{path}");
        }
    }
}
