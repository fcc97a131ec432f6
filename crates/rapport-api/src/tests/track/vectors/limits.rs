//! Every limit of every dialect at its last byte and event, and at one more.

use super::super::gzip;
use super::speakers::{SPEAKERS, Speaker};
use crate::tests::{Answer, Doors};
use rapport_core::event::Dialect;
use rapport_core::event::dialect::limits::Limits;
use rapport_store::memory::{Call, Fault};
use serde_json::json;

/// What a dialect answers to what is over a limit.
fn too_large(dialect: Dialect) -> u16 {
    match dialect {
        Dialect::Segment => 400,
        _ => 413,
    }
}

/// A single event of exactly this many bytes.
fn event_of(speaker: &Speaker, bytes: usize) -> String {
    let event = (speaker.item)("sized", "null", r#""noise":"""#);
    let noise = "x".repeat(bytes - event.len());
    event.replace(r#""noise":"""#, &format!(r#""noise":"{noise}""#))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_limit_holds_to_the_byte_and_to_the_event_in_every_dialect() {
    for speaker in &SPEAKERS {
        let doors = Doors::open().await;
        let limits = Limits::of(speaker.dialect);
        let over = too_large(speaker.dialect);
        for (more, status) in [(0, 200), (1, over)] {
            let event = event_of(speaker, limits.event_bytes + more);
            let answer = doors
                .track_with(speaker.single, speaker.headers, event)
                .await;
            assert_eq!(
                answer.status.as_u16(),
                status,
                "{} + {more}",
                speaker.single
            );
        }
        let small = speaker.event("small", "null", "null", "");
        for (more, status) in [(0, 200), (1, over)] {
            let body = small.clone() + &" ".repeat(limits.body_bytes + more - small.len());
            let packed = gzip(&body);
            for body in [body.into_bytes(), packed] {
                let answer = speaker.post(&doors, body).await;
                assert_eq!(answer.status.as_u16(), status, "{} + {more}", speaker.path);
            }
        }
        assert_eq!(doors.outcome("accepted", "").await, 2, "{}", speaker.path);
        assert_eq!(doors.outcome("refused", "event_too_large").await, 1);
        assert_eq!(doors.outcome("refused", "body_too_large").await, 2);

        let many = |count: usize| (speaker.batch)(&vec!["{}"; count].join(","), "null");
        speaker.sent(&doors, many(limits.events)).await;
        let invalid = doors.outcome("invalid", "").await;
        assert_eq!(invalid, limits.events as u64, "{}", speaker.path);
        let answer = speaker.post(&doors, many(limits.events + 1)).await;
        // Segment says nothing of it, Jitsu has no word for it.
        let status = match speaker.dialect {
            Dialect::Segment => 200,
            Dialect::Jitsu => 400,
            _ => 413,
        };
        assert_eq!(answer.status.as_u16(), status, "{}", speaker.path);
        assert_eq!(doors.outcome("refused", "too_many_events").await, 1);
        assert_eq!(
            doors.outcome("invalid", "").await,
            invalid,
            "none of it is kept"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_batch_is_answered_as_its_dialect_does() {
    let text = |answer: &Answer| String::from_utf8_lossy(&answer.body).into_owned();
    for speaker in &SPEAKERS {
        let doors = Doors::open().await;
        let answer = speaker.post(&doors, (speaker.batch)("", "null")).await;
        let status = answer.status.as_u16();
        match speaker.dialect {
            Dialect::Segment => {
                assert_eq!((status, &*text(&answer)), (200, r#"{"success":true}"#));
            }
            Dialect::Rudder => {
                let told = "empty_batch: the batch has no events";
                assert_eq!((status, &*text(&answer)), (400, told));
                assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
            }
            Dialect::Jitsu => {
                let told = json!({ "ok": false, "code": "empty_batch", "error": "the batch has no events" });
                assert_eq!((status, answer.json()), (400, told));
            }
            _ => {
                let told = json!({
                    "type": "validation_error",
                    "code": "empty_batch",
                    "detail": "the batch has no events",
                    "attr": null,
                });
                assert_eq!((status, answer.json()), (400, told));
            }
        }
        assert_eq!(doors.outcome("refused", "empty_batch").await, 1);
        assert_eq!(doors.rapport.last_request(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_answered_in_each_dialect_so_that_its_sdks_try_again() {
    for speaker in &SPEAKERS {
        let doors = Doors::open().await;
        let event = speaker.event("m", "null", "null", "");
        doors.memory.faults.inject(Call::Append, 1, Fault::Full);
        let answer = speaker.post(&doors, event.clone()).await;
        let status = match speaker.dialect {
            Dialect::Posthog => 503,
            _ => 429,
        };
        assert_eq!(answer.status.as_u16(), status, "{}", speaker.path);
        assert_eq!(answer.header("retry-after"), "30", "{}", speaker.path);
        speaker.sent(&doors, event).await;
        assert_eq!(doors.outcome("accepted", "").await, 1, "{}", speaker.path);
    }
}
