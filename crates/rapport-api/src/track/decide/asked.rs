//! What a decision call says: who, what they did, and what is wanted of them.

use crate::track::refused::Refused;
use crate::track::shape::{DEPTH_MAX, is_deep};
use rapport_core::event::dialect::object;
use rapport_core::event::dialect::object::Builder;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The most events of one call: it is answered while somebody waits.
pub(super) const EVENTS_MAX: usize = 100;
/// The most segments, and the most slots, that one call may name.
const NAMES_MAX: usize = 100;
/// The longest id, in bytes.
const ID_BYTES_MAX: usize = 1_024;

/// A decision call's body.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Asked<'a> {
    #[serde(borrow)]
    write_key: Option<Cow<'a, str>>,
    #[serde(borrow)]
    anonymous_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    user_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    signature: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    events: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    context: Option<&'a RawValue>,
    #[serde(borrow)]
    sent_at: Option<&'a RawValue>,
    segments: Option<Vec<String>>,
    #[serde(default)]
    content: Option<Vec<String>>,
}

impl<'a> Asked<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// [`Refused::InvalidJson`], which says what is wrong with it.
    pub(super) fn read(text: &'a str) -> Result<Asked<'a>, Refused> {
        serde_json::from_str(text).map_err(|error| Refused::InvalidJson(error.to_string()))
    }

    /// Checks what the type does not say.
    ///
    /// # Errors
    /// [`Refused`], which says what is wrong.
    pub(super) fn check(&self) -> Result<(), Refused> {
        let wrong = |message: &str| Refused::InvalidCall(message.to_owned());
        if self.anonymous_id().is_none() && self.user_id().is_none() {
            return Err(wrong("name the visitor by `anonymousId`"));
        }
        let ids = [self.anonymous_id(), self.user_id(), self.signature()];
        if ids.iter().flatten().any(|id| id.len() > ID_BYTES_MAX) {
            return Err(wrong("an id may have 1024 bytes"));
        }
        let events = self.events.as_deref().unwrap_or_default();
        if events.len() > EVENTS_MAX {
            let message = format!(
                "a decision takes {EVENTS_MAX} events, this has {}",
                events.len()
            );
            return Err(Refused::InvalidCall(message));
        }
        let named = self.segments().map_or(0, <[String]>::len);
        if named > NAMES_MAX || self.slots().len() > NAMES_MAX {
            return Err(wrong("a decision may name 100 segments and 100 slots"));
        }
        if events.iter().any(|event| !event.get().starts_with('{')) {
            return Err(wrong("`events` holds objects, as a batch does"));
        }
        let raws = events.iter().chain(&self.context).chain(&self.sent_at);
        match raws.map(|raw| raw.get()).any(is_deep) {
            true => Err(Refused::TooDeep(DEPTH_MAX)),
            false => Ok(()),
        }
    }

    /// The write key it carries.
    pub(super) fn write_key(&self) -> Option<&str> {
        self.write_key.as_deref()
    }

    /// The visitor's own id.
    pub(super) fn anonymous_id(&self) -> Option<&str> {
        self.anonymous_id.as_deref().filter(|id| !id.is_empty())
    }

    /// Who the visitor claims to be.
    pub(super) fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref().filter(|id| !id.is_empty())
    }

    /// What proves it.
    pub(super) fn signature(&self) -> Option<&str> {
        self.signature.as_deref()
    }

    /// The segments asked for; `None` is all.
    pub(super) fn segments(&self) -> Option<&[String]> {
        self.segments.as_deref()
    }

    /// The slots to fill.
    pub(super) fn slots(&self) -> &[String] {
        self.content.as_deref().unwrap_or_default()
    }

    /// The events as a batch, each with the visitor's ids where it has none; `None` where there
    /// are no events.
    pub(super) fn batch(&self) -> Option<Vec<u8>> {
        let events = self.events.as_deref().filter(|events| !events.is_empty())?;
        let mut ids = Builder::new();
        if let Some(id) = self.anonymous_id() {
            ids.put_text("anonymousId", id);
        }
        if let Some(id) = self.user_id() {
            ids.put_text("userId", id);
        }
        let ids = ids.finish();
        let items: Vec<_> = events
            .iter()
            .map(|event| object::merged(event.get(), &ids))
            .collect();
        let mut batch = Builder::new();
        batch.put("batch", &format!("[{}]", items.join(",")));
        for (name, value) in [("context", self.context), ("sentAt", self.sent_at)] {
            if let Some(value) = value {
                batch.put(name, value.get());
            }
        }
        Some(batch.finish().into_string().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn code(body: &Value) -> String {
        let text = body.to_string();
        match Asked::read(&text).and_then(|asked| asked.check()) {
            Ok(()) => "ok".to_owned(),
            Err(refused) => refused.code().to_owned(),
        }
    }

    #[test]
    fn calls_that_make_no_sense_are_refused() {
        let event = json!({ "type": "page" });
        for (body, expected) in [
            (json!({ "anonymousId": "v1" }), "ok"),
            (
                json!({ "userId": "ada", "segments": null, "content": null }),
                "ok",
            ),
            (json!({}), "invalid_call"),
            (json!({ "anonymousId": "" }), "invalid_call"),
            (json!({ "anonymousId": 7 }), "invalid_json"),
            (json!([]), "invalid_json"),
            (json!({ "anonymousId": "v1", "events": {} }), "invalid_json"),
            (
                json!({ "anonymousId": "v1", "events": [1] }),
                "invalid_call",
            ),
            (
                json!({ "anonymousId": "v1", "events": vec![event.clone(); 100] }),
                "ok",
            ),
            (
                json!({ "anonymousId": "v1", "events": vec![event; 101] }),
                "invalid_call",
            ),
            (
                json!({ "anonymousId": "v1", "segments": vec!["a"; 101] }),
                "invalid_call",
            ),
            (json!({ "anonymousId": "x".repeat(1_025) }), "invalid_call"),
        ] {
            assert_eq!(code(&body), expected, "{body}");
        }
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(101), "]".repeat(101));
        let deep: Value = serde_json::from_str(&deep).expect("JSON");
        let body = json!({ "anonymousId": "v1", "events": [deep] });
        assert_eq!(code(&body), "too_deep");
    }

    #[test]
    fn events_get_the_ids_they_lack_and_keep_the_ones_they_have() {
        let text = json!({
            "anonymousId": "v\"1", "userId": "ada", "context": { "locale": "nl" },
            "events": [{ "type": "page" }, { "anonymousId": "v2", "__proto__": { "a": 1 } }],
        })
        .to_string();
        let batch = Asked::read(&text).expect("a call").batch().expect("events");
        let batch: Value = serde_json::from_slice(&batch).expect("JSON");
        assert_eq!(
            batch,
            json!({
                "context": { "locale": "nl" },
                "batch": [
                    { "type": "page", "anonymousId": "v\"1", "userId": "ada" },
                    { "anonymousId": "v2", "__proto__": { "a": 1 }, "userId": "ada" },
                ],
            })
        );
    }
}
