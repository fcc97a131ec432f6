//! RudderStack's calls: Segment's, with larger limits and one call more.
//!
//! `merge` says that two identifiers are one person's: `"mergeProperties": [{"type", "value"},
//! {"type", "value"}]`, exactly two. It means what our own calls mean by the same pair: two user
//! ids are an alias, everything else an identify that carries both. So limits, trust and vetoes
//! hold as for any event, and a browser key merges no two known people.

use super::manner::{Manner, Merge, Types};
use super::{object, segment, value};
use crate::event::{Dialect, Kind, Request, Validated};
use crate::identity::{IdKind, Identifier};
use crate::outcome::Reason;
use serde_json::value::RawValue;

const MANNER: Manner = Manner {
    dialect: Dialect::Rudder,
    types: Types::OfTheCall,
    merge: Some(merge),
    ..Manner::PLAIN
};

/// Makes events of a request in RudderStack's dialect.
#[must_use]
pub fn validate(request: &Request) -> Vec<Validated> {
    segment::validate_as(request, &MANNER)
}

/// Reads the two identifiers of a `merge`.
fn merge(raw: &str) -> Result<Merge, Reason> {
    let invalid = || {
        let message = "`mergeProperties` must be two objects with `type` and `value`";
        Reason::new("invalid_merge", message)
    };
    let pair: [&RawValue; 2] = serde_json::from_str(raw).map_err(|_| invalid())?;
    let [first, second] = pair.map(|one| identifier(one.get()).ok_or_else(invalid));
    let (first, second) = (first?, second?);
    if first.kind == IdKind::UserId && second.kind == IdKind::UserId {
        return Ok(Merge {
            kind: Kind::Alias,
            identifiers: vec![second],
            previous: Some(first.value),
        });
    }
    Ok(Merge {
        kind: Kind::Identify,
        identifiers: vec![first, second],
        previous: None,
    })
}

fn identifier(raw: &str) -> Option<Identifier> {
    let (mut word, mut id) = (None, None);
    let walked = object::members(raw, |name, found| match name.as_ref() {
        "type" => word = value::text(found.get()),
        "value" => {
            id = value::id(found.get(), "value", "invalid_merge")
                .ok()
                .flatten()
        }
        _ => {}
    });
    walked.ok()?;
    let kind = match word?.as_ref() {
        "userId" | "userid" => IdKind::UserId,
        "anonymousId" | "anonymousid" => IdKind::AnonymousId,
        other => IdKind::from_word(&other.to_ascii_lowercase().replace(['.', '-', ' '], "_"))?,
    };
    Some(Identifier::new(kind, id?))
}

#[cfg(test)]
mod tests;
