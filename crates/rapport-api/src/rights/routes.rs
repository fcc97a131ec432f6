//! What each native route needs. A route that is not here is open to nobody.

use super::access;
use axum::http::Method;
use rapport_core::crm::TypeId;
use rapport_core::member::{Access, Action, Area};

/// Who may come to a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// Anybody: the route itself asks who it is.
    Open,
    /// Whoever is known.
    Signed,
    /// Whoever has the scope of an area.
    Area(Area),
    /// The same, or whoever brings a ticket, which the route itself takes.
    Ticket(Area),
}

impl Door {
    /// Whether a ticket opens it, too.
    pub(crate) fn is_ticket(self) -> bool {
        matches!(self, Door::Ticket(_))
    }
}

/// What a route needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    /// Its path behind `/api/v1`.
    pub(crate) path: &'static str,
    /// Who may come.
    pub(crate) door: Door,
    /// Types of records it shows or counts without asking for each: it is for those who see all.
    pub(crate) whole: &'static [TypeId],
    /// What it does with any of these records.
    pub(crate) acts: Option<Action>,
    /// Whether posting to it only looks.
    pub(crate) post_looks: bool,
    /// Whether it takes data out in bulk, which is recorded.
    pub(crate) takes_out: bool,
}

impl Route {
    /// How far its area must be open for a method.
    pub(crate) fn access(&self, method: &Method) -> Access {
        match self.post_looks && *method == Method::POST {
            true => Access::Read,
            false => access(method),
        }
    }

    const fn of(path: &'static str, door: Door) -> Route {
        Route {
            path,
            door,
            whole: &[],
            acts: None,
            post_looks: false,
            takes_out: false,
        }
    }

    const fn area(path: &'static str, area: Area) -> Route {
        Route::of(path, Door::Area(area))
    }

    /// It shows people, or counts of them.
    const fn people(self) -> Route {
        Route {
            whole: &[TypeId::CONTACT, TypeId::COMPANY],
            ..self
        }
    }

    const fn acts(self, action: Action) -> Route {
        Route {
            acts: Some(action),
            ..self
        }
    }

    const fn looks(self) -> Route {
        Route {
            post_looks: true,
            ..self
        }
    }

    const fn takes_out(self) -> Route {
        Route {
            takes_out: true,
            ..self
        }
    }
}

const ROUTES: &[Route] = &[
    Route::of("/sign-in", Door::Open),
    Route::of("/sign-out", Door::Open),
    Route::of("/session", Door::Signed),
    Route::of("/session/password", Door::Signed),
    Route::area("/members", Area::Members),
    Route::area("/members/{id}", Area::Members),
    Route::area("/members/{id}/password", Area::Members),
    Route::area("/members/{id}/sign-out", Area::Members),
    Route::area("/teams", Area::Members),
    Route::area("/teams/{id}", Area::Members),
    Route::area("/roles", Area::Members),
    Route::area("/roles/{key}", Area::Members),
    Route::area("/shares", Area::Members),
    Route::area("/audit", Area::Audit),
    Route::area("/tokens", Area::Tokens),
    Route::area("/tokens/{id}", Area::Tokens),
    Route::area("/profiles/merge", Area::Profiles)
        .people()
        .acts(Action::Merge),
    Route::area("/profiles/{reference}", Area::Profiles).people(),
    Route::area("/profiles/{reference}/identifiers", Area::Profiles).people(),
    Route::area("/profiles/{reference}/merges", Area::Profiles).people(),
    Route::area("/profiles/{reference}/timeline", Area::Profiles).people(),
    Route::area("/merges/{id}", Area::Profiles).people(),
    Route::area("/merges/{id}/undo", Area::Profiles)
        .people()
        .acts(Action::Merge),
    Route::area("/companies/{id}", Area::Profiles).people(),
    Route::area("/segments", Area::Segments).people(),
    Route::area("/segments/preview", Area::Segments)
        .people()
        .looks(),
    Route::area("/segments/complete", Area::Segments)
        .people()
        .looks(),
    Route::area("/segments/{key}", Area::Segments).people(),
    Route::area("/segments/{key}/members", Area::Segments).people(),
    Route::area("/segments/{key}/explain", Area::Segments).people(),
    Route::area("/segments/{key}/overlap", Area::Segments).people(),
    Route::area("/segments/{key}/sizes", Area::Segments).people(),
    Route::area("/segments/{key}/changes", Area::Segments).people(),
    Route::area("/segments/{key}/freeze", Area::Lists).people(),
    Route::area("/lists", Area::Lists).people(),
    Route::area("/lists/{key}", Area::Lists).people(),
    Route::area("/lists/{key}/members", Area::Lists).people(),
    Route::area("/lists/{key}/remove", Area::Lists).people(),
    Route::area("/lists/{key}/csv", Area::Lists).people(),
    Route::area("/traits", Area::Segments),
    Route::area("/traits/library", Area::Segments),
    Route::area("/traits/library/{key}", Area::Segments),
    Route::area("/traits/{key}", Area::Segments),
    Route::area("/time_zone", Area::Settings),
    Route::area("/outcomes", Area::Events),
    Route::of("/live", Door::Ticket(Area::Events)).people(),
    Route::area("/live/tickets", Area::Events).people().looks(),
    Route::area("/rejected", Area::Events).people(),
    Route::area("/rejected/{position}/redrive", Area::Events).people(),
    Route::area("/events", Area::Events).people(),
    Route::area("/events/{name}", Area::Events).people(),
    Route::area("/imports", Area::Imports)
        .people()
        .acts(Action::Edit),
    Route::area("/imports/{id}", Area::Imports).people(),
    Route::area("/imports/{id}/rejected", Area::Imports).people(),
    Route::area("/sources", Area::Sources),
    Route::area("/sources/{id}", Area::Sources),
    Route::area("/sources/{id}/keys", Area::Sources),
    Route::area("/sources/{id}/keys/{key}", Area::Sources),
    Route::area("/sources/{id}/signing", Area::Sources),
    Route::area("/sources/{id}/samples", Area::Sources).people(),
    Route::area("/sources/{id}/plan", Area::Sources),
    Route::area("/sources/{id}/plan/violations", Area::Sources).people(),
    Route::area("/sources/{id}/webhook", Area::Sources),
    Route::area("/sources/{id}/webhook/preview", Area::Sources)
        .people()
        .looks(),
    Route::area("/sources/{id}/transformations", Area::Sources),
    Route::area("/sources/{id}/transformations/try", Area::Sources)
        .people()
        .looks(),
    Route::area("/webhook-maps", Area::Sources),
    Route::area("/exposure", Area::Decisions),
    Route::area("/slots", Area::Decisions),
    Route::area("/slots/{key}", Area::Decisions),
    Route::area("/identity/policy", Area::Identity),
    Route::area("/identity/shared", Area::Identity).people(),
    Route::area("/identity/shared/{identifier}/release", Area::Identity).people(),
    Route::area("/destinations", Area::Destinations).people(),
    Route::area("/destinations/{key}", Area::Destinations).people(),
    Route::area("/dead-letters", Area::Destinations).people(),
    Route::area("/dead-letters/{id}/redrive", Area::Destinations).people(),
    Route::area("/backups", Area::Backups).people().takes_out(),
    // What is seen and done there is asked of each record.
    Route::of("/records/{type}", Door::Signed),
    Route::of("/records/{type}/board", Door::Signed),
    Route::of("/records/{type}/bulk", Door::Signed),
    Route::of("/records/{type}/{id}", Door::Signed),
    Route::of("/records/{type}/{id}/restore", Door::Signed),
    Route::of("/records/{type}/{id}/timeline", Door::Signed),
    // A view is shown to whom it is for, and what it asks about is asked of their rights.
    Route::of("/views", Door::Signed),
    Route::of("/views/{id}", Door::Signed),
    // A bulk is told to whom it is of, and done by their rights.
    Route::of("/bulk", Door::Signed),
    Route::of("/bulk/{id}", Door::Signed),
    Route::of("/bulk/{id}/records", Door::Signed),
    Route::of("/bulk/{id}/undo", Door::Signed),
    Route::of("/bulk/{id}/stop", Door::Signed),
    // It tells what every copy of Rapport has, and nothing of this one.
    Route::of("/openapi.json", Door::Open),
];

/// What a route needs, by its path behind `/api/v1`.
pub(crate) fn find(path: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|route| route.path == path)
}

/// Every route of which something is said.
#[cfg(test)]
pub(crate) fn all() -> &'static [Route] {
    ROUTES
}
