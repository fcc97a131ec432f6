//! Every route of every door and the methods it takes, read from the live router's own account.

use crate::tests::Doors;
use axum::http::Method;
use std::collections::BTreeMap;

const METHODS: [(&str, Method); 5] = [
    ("get", Method::GET),
    ("delete", Method::DELETE),
    ("patch", Method::PATCH),
    ("post", Method::POST),
    ("put", Method::PUT),
];

/// What stands in addresses in the place of a version.
const VERSIONS: [&str; 5] = ["v1", "v3", "v4", "2026-03", "2026-09"];

/// Every path and its methods.
pub(super) fn walked(doors: &Doors) -> BTreeMap<String, Vec<Method>> {
    let text = format!("{:?}", doors.router);
    // Behind that stands what answers where there is no route.
    let text = text.split("fallback_router").next().unwrap_or_default();
    let mut paths = BTreeMap::new();
    let mut methods = BTreeMap::new();
    for part in text.split("RouteId(").skip(1) {
        let Some((id, rest)) = part.split_once("): ") else {
            continue;
        };
        if let Some(path) = rest.strip_prefix('"') {
            let path = path.split('"').next().expect("an end");
            paths.insert(id.to_owned(), path.to_owned());
        } else {
            let takes = |name: &str| rest.contains(&format!(" {name}: Route"));
            let taken = METHODS.iter().filter(|(name, _)| takes(name));
            let taken: Vec<Method> = taken.map(|(_, method)| method.clone()).collect();
            methods.insert(id.to_owned(), taken);
        }
    }
    assert!(
        paths.len() > 300,
        "the router tells its routes otherwise now"
    );
    let path = |(id, path): (String, String)| {
        let taken = methods.remove(&id).unwrap_or_default();
        assert!(!taken.is_empty(), "{path} takes nothing");
        (path, taken)
    };
    paths.into_iter().map(path).collect()
}

/// Whether an address is of the HubSpot-compatible API.
pub(super) fn is_crm(path: &str) -> bool {
    [
        "/crm/",
        "/crm-object-schemas/",
        "/events/",
        "/account-info/",
        "/webhooks/",
    ]
    .iter()
    .any(|prefix| path.starts_with(prefix))
}

/// The same address without what its spellings differ in.
pub(super) fn plain(path: &str) -> String {
    let parts = path.trim_end_matches('/').split('/');
    let parts = parts.filter(|part| !VERSIONS.contains(part));
    parts.collect::<Vec<_>>().join("/")
}
