//! Rows of imported files: items in Segment's shape, in batches that say which import they are
//! of and how far it has come.
//!
//! The job that reads the file has made the items, so they are well-formed. What differs from
//! Segment's calls: any identifier will do (a shop counter may know nothing but an e-mail), and
//! an item's message id is one for ever, not only inside the dedup window.

use crate::event::dialect::manner::{Manner, Needs};
use crate::event::dialect::object;
use crate::event::dialect::segment;
use crate::event::{Dialect, Request, Validated};

const MANNER: Manner = Manner {
    dialect: Dialect::Import,
    needs: Needs::AnyIdentifier,
    ..Manner::PLAIN
};

/// What a batch says of the import it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The import's number.
    pub import: u64,
    /// How far the import has come with this batch, as its job spells it: JSON.
    pub cursor: Box<str>,
}

impl Head {
    /// Reads the head of a batch; `None` where it has none.
    #[must_use]
    pub fn read(body: &[u8]) -> Option<Head> {
        let text = std::str::from_utf8(body).ok()?;
        // The head comes first, so that nobody has to walk the items to find it.
        let end = text.find(",\"batch\":[")?;
        let (mut import, mut cursor) = (None, None);
        object::members(&format!("{}}}", &text[..end]), |name, value| {
            match name.as_ref() {
                "import" => import = value.get().parse().ok(),
                "cursor" => cursor = Some(value.get().into()),
                _ => {}
            }
        })
        .ok()?;
        Some(Head {
            import: import?,
            cursor: cursor?,
        })
    }

    /// A batch with this head; each item is JSON.
    #[must_use]
    pub fn batch<'a>(&self, items: impl Iterator<Item = &'a str>) -> Vec<u8> {
        let Head { import, cursor } = self;
        let mut body = format!("{{\"import\":{import},\"cursor\":{cursor},\"batch\":[");
        for (number, item) in items.enumerate() {
            if number > 0 {
                body.push(',');
            }
            body.push_str(item);
        }
        body.push_str("]}");
        body.into_bytes()
    }
}

/// Makes events of a batch of rows.
#[must_use]
pub fn validate(request: &Request) -> Vec<Validated> {
    segment::validate_as(request, &MANNER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Call, KeyKind, Origin, SourceNo};
    use crate::time::Millis;

    fn validated(items: &[&str]) -> Vec<Validated> {
        let head = Head {
            import: 7,
            cursor: "{\"rows\":3}".into(),
        };
        let body = head.batch(items.iter().copied());
        assert_eq!(Head::read(&body), Some(head));
        validate(&Request {
            number: 1,
            received: Millis(1_700_000_000_000),
            origin: Origin {
                source: SourceNo(1),
                key_kind: KeyKind::Server,
                dialect: Dialect::Import,
                call: Call::Batch,
                ip: None,
                user_agent: None,
            },
            body,
        })
    }

    #[test]
    fn an_email_alone_names_somebody() {
        let made = validated(&[
            r#"{"type":"track","event":"Milk Bought","context":{"traits":{"email":"a@example.org"}}}"#,
        ]);
        let [Validated::Event(event)] = made.as_slice() else {
            panic!("{made:?}");
        };
        assert_eq!(event.identifiers[0].to_string(), "email:a@example.org");
    }

    #[test]
    fn a_row_that_names_nobody_is_no_event() {
        let made = validated(&[r#"{"type":"track","event":"Milk Bought"}"#]);
        let [Validated::Invalid { reason, .. }] = made.as_slice() else {
            panic!("{made:?}");
        };
        assert_eq!(reason.code, "missing_id");
    }

    #[test]
    fn a_body_without_a_head_has_none() {
        for body in ["", "{\"batch\":[]}", "{\"import\":1,\"batch\":[]}", "[]"] {
            assert_eq!(Head::read(body.as_bytes()), None, "{body}");
        }
    }
}
