//! Events of the HubSpot-compatible API (`/events/v3/send`): items in Segment's shape, as its door
//! has made them. Any identifier will do: such an event often names nothing but an e-mail.

use crate::event::dialect::manner::{Manner, Needs};
use crate::event::dialect::segment;
use crate::event::{Dialect, Request, Validated};

const MANNER: Manner = Manner {
    dialect: Dialect::Hubspot,
    needs: Needs::AnyIdentifier,
    ..Manner::PLAIN
};

/// Makes events of a batch.
#[must_use]
pub fn validate(request: &Request) -> Vec<Validated> {
    segment::validate_as(request, &MANNER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Call, KeyKind, Origin, SourceNo};
    use crate::time::Millis;

    #[test]
    fn an_email_alone_names_somebody_and_nothing_names_nobody() {
        let named = r#"{"type":"track","event":"tasted","context":{"externalIds":[{"type":"email","id":"a@example.org","collection":"users","encoding":"none"}]}}"#;
        let body = format!(r#"{{"batch":[{named},{{"type":"track","event":"lost"}}]}}"#);
        let made = validate(&Request {
            number: 1,
            received: Millis(1_700_000_000_000),
            origin: Origin {
                source: SourceNo(0),
                key_kind: KeyKind::Server,
                dialect: Dialect::Hubspot,
                call: Call::Batch,
                ip: None,
                user_agent: None,
            },
            body: body.into_bytes(),
        });
        let [Validated::Event(event), Validated::Invalid { reason, .. }] = made.as_slice() else {
            panic!("{made:?}");
        };
        assert_eq!(event.identifiers[0].to_string(), "email:a@example.org");
        assert_eq!(reason.code, "missing_id");
    }
}
