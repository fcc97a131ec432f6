//! One address of each dialect, and an event in its words: for what must hold in all of them alike.

use crate::tests::{Answer, Doors, SERVER_KEY};
use axum::body::Body;
use rapport_core::event::Dialect;

/// How a dialect is spoken.
pub(super) struct Speaker {
    pub(super) dialect: Dialect,
    /// Where batches go.
    pub(super) path: &'static str,
    /// Where single events go.
    pub(super) single: &'static str,
    pub(super) headers: &'static [(&'static str, &'static str)],
    /// A batch of these items.
    pub(super) batch: fn(items: &str, sent: &str) -> String,
    /// An item with these members put into its properties; `at` is JSON.
    pub(super) item: fn(id: &str, at: &str, more: &str) -> String,
    /// An item whose ids are all null.
    pub(super) of_nobody: &'static str,
}

impl Speaker {
    /// A batch of one event; `at` and `sent` are JSON.
    pub(super) fn event(&self, id: &str, at: &str, sent: &str, more: &str) -> String {
        (self.batch)(&(self.item)(id, at, more), sent)
    }

    /// Posts a body to where batches go.
    pub(super) async fn post(&self, doors: &Doors, body: impl Into<Body>) -> Answer {
        doors.track_with(self.path, self.headers, body).await
    }

    /// Posts a body that must be taken.
    pub(super) async fn sent(&self, doors: &Doors, body: impl Into<Body>) {
        let answer = self.post(doors, body).await;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.status.as_u16(), 200, "{}: {text}", self.path);
    }
}

fn segment_item(id: &str, at: &str, more: &str) -> String {
    format!(
        r#"{{"type":"track","event":"E","userId":"u","anonymousId":null,"messageId":"{id}","timestamp":{at},"properties":{{{more}}}}}"#
    )
}

fn segment_batch(items: &str, sent: &str) -> String {
    format!(r#"{{"batch":[{items}],"sentAt":{sent}}}"#)
}

fn posthog_item(id: &str, at: &str, more: &str) -> String {
    format!(
        r#"{{"event":"E","distinct_id":"u","uuid":"{id}","timestamp":{at},"properties":{{{more}}}}}"#
    )
}

fn posthog_batch(items: &str, sent: &str) -> String {
    format!(r#"{{"batch":[{items}],"sent_at":{sent},"api_key":"{SERVER_KEY}"}}"#)
}

const KEY: (&str, &str) = ("x-write-key", SERVER_KEY);
const NOBODY: &str =
    r#"{"type":"track","event":"E","userId":null,"anonymousId":null,"messageId":"n"}"#;

pub(super) const SPEAKERS: [Speaker; 4] = [
    Speaker {
        dialect: Dialect::Segment,
        path: "/v1/batch",
        single: "/v1/track",
        headers: &[KEY],
        batch: segment_batch,
        item: segment_item,
        of_nobody: NOBODY,
    },
    Speaker {
        dialect: Dialect::Rudder,
        path: "/v1/batch",
        single: "/v1/track",
        headers: &[KEY, ("anonymousid", "YQ==")],
        batch: segment_batch,
        item: segment_item,
        of_nobody: NOBODY,
    },
    Speaker {
        dialect: Dialect::Jitsu,
        path: "/api/s/s2s/batch",
        single: "/api/s/s2s/track",
        headers: &[KEY],
        batch: segment_batch,
        item: segment_item,
        of_nobody: NOBODY,
    },
    Speaker {
        dialect: Dialect::Posthog,
        path: "/batch/",
        single: "/capture/",
        headers: &[KEY, ("user-agent", "posthog-python/7.91.1")],
        batch: posthog_batch,
        item: posthog_item,
        of_nobody: r#"{"event":"E","distinct_id":null,"properties":{},"uuid":"n"}"#,
    },
];
