//! The spellings of an address: by the version of a family, and by the date of the whole API. The handlers
//! behind them are the same.

use crate::Api;
use axum::Router;
use axum::routing::MethodRouter;

/// Dates that stand in addresses in the place of a version.
const DATES: [&str; 2] = ["2026-03", "2026-09"];

/// The addresses of a family, each with and without a slash at the end.
pub(super) struct Spelled {
    bases: Vec<String>,
    router: Router<Api>,
}

impl Spelled {
    /// A family under `/crm/{version}/{family}` and `/crm/{family}/{date}`.
    pub(super) fn family(version: &str, family: &str) -> Spelled {
        let mut bases = vec![
            format!("/crm/{version}/{family}"),
            // The Node client from its version 14 on.
            format!("/crm/{family}/{version}"),
        ];
        bases.extend(DATES.map(|date| format!("/crm/{family}/{date}")));
        Spelled::under(bases)
    }

    /// A family under these addresses.
    pub(super) fn under(bases: Vec<String>) -> Spelled {
        Spelled {
            bases,
            router: Router::new(),
        }
    }

    /// A family under `{before}/{version}{behind}`, the version or a date.
    pub(super) fn versioned(before: &str, version: &str, behind: &str) -> Spelled {
        let versions = std::iter::once(version).chain(DATES);
        let bases = versions.map(|version| format!("{before}/{version}{behind}"));
        Spelled::under(bases.collect())
    }

    /// The same also under this address.
    pub(super) fn and(mut self, base: &str) -> Spelled {
        self.bases.push(base.to_owned());
        self
    }

    /// The same with an answer at `path` below each address.
    pub(super) fn at(mut self, path: &str, answer: MethodRouter<Api>) -> Spelled {
        for base in &self.bases {
            let address = format!("{base}{path}");
            let slashed = format!("{address}/");
            self.router = self
                .router
                .route(&address, answer.clone())
                .route(&slashed, answer.clone());
        }
        self
    }

    /// The routes.
    pub(super) fn routes(self) -> Router<Api> {
        self.router
    }
}
