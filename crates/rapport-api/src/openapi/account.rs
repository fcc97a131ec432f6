//! Which routes a router has and which methods each takes, by the router's own account: there is no
//! second list of them.

use axum::Router;
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

/// Every path and its methods. A router tells them only in what it prints of itself; a test says so
/// when it prints itself otherwise.
pub(crate) fn routes<S>(router: &Router<S>) -> BTreeMap<String, Vec<Method>> {
    let text = format!("{router:?}");
    // Behind that stands what answers where there is no route.
    let text = text.split("fallback_router").next().unwrap_or_default();
    let mut paths = BTreeMap::new();
    let mut methods = BTreeMap::new();
    for part in text.split("RouteId(").skip(1) {
        let Some((id, rest)) = part.split_once("): ") else {
            continue;
        };
        if let Some(path) = rest.strip_prefix('"') {
            let path = path.split('"').next().unwrap_or_default();
            paths.insert(id.to_owned(), path.to_owned());
        } else {
            // A route before and after it got what it works with.
            let takes = |name: &str| {
                let kinds = ["Route", "BoxedHandler"];
                let mut kinds = kinds.iter().map(|kind| format!(" {name}: {kind}"));
                kinds.any(|told| rest.contains(&told))
            };
            let taken = METHODS.iter().filter(|(name, _)| takes(name));
            let taken: Vec<Method> = taken.map(|(_, method)| method.clone()).collect();
            methods.insert(id.to_owned(), taken);
        }
    }
    let paths = paths.into_iter();
    let paths = paths.map(|(id, path)| (path, methods.remove(&id).unwrap_or_default()));
    paths.collect()
}

/// Whether an address is of the native API.
pub(crate) fn is_native(path: &str) -> bool {
    path.starts_with("/api/v1/")
}

/// The same address without what its spellings differ in.
pub(crate) fn plain(path: &str) -> String {
    let parts = path.trim_end_matches('/').split('/');
    let parts = parts.filter(|part| !VERSIONS.contains(part));
    parts.collect::<Vec<_>>().join("/")
}
