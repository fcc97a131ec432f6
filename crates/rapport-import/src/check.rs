//! What the flow will say of items, asked before they are sent: a row that is no event is
//! rejected with its number, not counted somewhere later.

use rapport_core::event::dialect::import::Head;
use rapport_core::event::{Call, Dialect, KeyKind, Origin, Request, SourceNo, Validated, dialect};
use rapport_core::outcome::Reason;
use rapport_core::time::Millis;

/// Where an import's events come from, as every one of its requests says.
pub(crate) fn origin(source: SourceNo, trust: KeyKind) -> Origin {
    Origin {
        source,
        key_kind: trust,
        dialect: Dialect::Import,
        call: Call::Batch,
        ip: None,
        user_agent: None,
    }
}

/// Which items are no events, by their place, and why.
pub(crate) fn refused<'a>(
    items: impl Iterator<Item = &'a str>,
    now: Millis,
) -> Vec<(usize, Reason)> {
    let head = Head {
        import: 0,
        cursor: "{}".into(),
    };
    let request = Request {
        number: 1,
        received: now,
        origin: origin(SourceNo(1), KeyKind::Server),
        body: head.batch(items),
    };
    let validated = dialect::import::validate(&request).into_iter().enumerate();
    validated
        .filter_map(|(place, validated)| match validated {
            Validated::Event(_) => None,
            Validated::Invalid { reason, .. } | Validated::Filtered { reason, .. } => {
                Some((place, reason))
            }
        })
        .collect()
}
