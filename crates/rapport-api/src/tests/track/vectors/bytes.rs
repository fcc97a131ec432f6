//! What every dialect must survive: broken bytes, odd values, wrong clocks.

use super::super::gzip;
use super::speakers::SPEAKERS;
use crate::tests::Doors;
use rapport_core::time::Millis;
use serde_json::{Value, json};

async fn timeline(doors: &Doors) -> Vec<Value> {
    doors.settle().await;
    let timeline = doors
        .get("/api/v1/profiles/user_id:u/timeline")
        .await
        .good();
    timeline["results"].as_array().expect("events").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn gzip_under_any_content_type_and_a_byte_order_mark_are_taken_in_every_dialect() {
    for speaker in &SPEAKERS {
        let doors = Doors::open().await;
        let types = [
            "application/json",
            "text/plain",
            "application/x-www-form-urlencoded",
        ];
        for (n, content_type) in types.iter().enumerate() {
            let body = speaker.event(&format!("m-{n}"), "null", "null", "");
            let mut headers = speaker.headers.to_vec();
            headers.push(("content-type", content_type));
            let answer = doors.track_with(speaker.path, &headers, gzip(&body)).await;
            assert_eq!(answer.status.as_u16(), 200, "{}", speaker.path);
        }
        let marked = format!("\u{feff}{}", speaker.event("marked", "null", "null", ""));
        speaker.sent(&doors, marked).await;
        assert_eq!(timeline(&doors).await.len(), 4, "{}", speaker.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lone_surrogates_repeated_members_and_nulls_are_taken_in_every_dialect() {
    for speaker in &SPEAKERS {
        let doors = Doors::open().await;
        let odd = r#""cut":"\ud83d","a":1,"a":2,"nothing":null,"zero":"\u0000""#;
        speaker
            .sent(&doors, speaker.event("odd", "null", "null", odd))
            .await;
        let events = timeline(&doors).await;
        let properties = &events[0]["properties"];
        let known = ["cut", "a", "nothing", "zero"].map(|name| properties[name].clone());
        let wanted = json!(["\u{fffd}", 2, null, "\u{0}"]);
        assert_eq!(json!(known), wanted, "{}", speaker.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bombs_of_depth_and_gzip_are_refused_in_every_dialect_and_nothing_is_kept() {
    for speaker in &SPEAKERS {
        let doors = Doors::open().await;
        let nested = format!(r#""a":{}{}"#, "[".repeat(20_000), "]".repeat(20_000));
        let deep = speaker.event("deep", "null", "null", &nested);
        let bomb = gzip(&" ".repeat(40 << 20));
        let broken = gzip(&deep)[..20].to_vec();
        for (body, code) in [
            (deep.into_bytes(), "too_deep"),
            (bomb, "body_too_large"),
            (broken, "invalid_gzip"),
        ] {
            let answer = speaker.post(&doors, body).await;
            let place = format!("{} {code}: {}", speaker.path, answer.status);
            assert!(answer.status.is_client_error(), "{place}");
            assert_eq!(doors.outcome("refused", code).await, 1, "{place}");
        }
        assert_eq!(doors.rapport.last_request(), 0, "{}", speaker.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_a_day_off_is_corrected_in_every_dialect() {
    const DAY_MS: i64 = 86_400_000;
    for speaker in &SPEAKERS {
        let doors = Doors::open().await;
        let now = doors.rapport.clock().now();
        for (id, off_ms) in [("fast", DAY_MS), ("slow", -DAY_MS)] {
            // It happened a minute before it was sent, by the same clock.
            let (at, sent_at) = (now.plus(off_ms - 60_000), now.plus(off_ms));
            let body = speaker.event(id, &format!("\"{at}\""), &format!("\"{sent_at}\""), "");
            speaker.sent(&doors, body).await;
        }
        for event in timeline(&doors).await {
            let at = event["timestamp"].as_str().expect("an instant");
            let at = Millis::parse(at).expect("an instant");
            let off_ms = at.since(now.plus(-60_000)).abs();
            assert!(
                off_ms < 10_000,
                "{}: {event} is {off_ms} ms off",
                speaker.path
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sent_at_in_the_future_none_and_the_year_1970_move_no_event_in_any_dialect() {
    for speaker in &SPEAKERS {
        let doors = Doors::open().await;
        let now = doors.rapport.clock().now();
        let past = now.plus(-60_000);
        for (id, at, sent_at, expected) in [
            // One beacon transport stamps what it sends ten minutes ahead.
            ("beacon", past, format!("\"{}\"", now.plus(600_000)), past),
            ("unsent", past, "null".to_owned(), past),
            ("old", Millis(0), "null".into(), Millis(0)),
        ] {
            let body = speaker.event(id, &format!("\"{at}\""), &sent_at, "");
            speaker.sent(&doors, body).await;
            let events = timeline(&doors).await;
            let event = events.iter().find(|event| event["message_id"] == id);
            let at = event.expect("it is there")["timestamp"]
                .as_str()
                .map(str::to_owned);
            assert_eq!(at, Some(expected.to_string()), "{} {id}", speaker.path);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_nobody_is_invalid_in_every_dialect_and_spoils_no_neighbour() {
    for speaker in &SPEAKERS {
        let doors = Doors::open().await;
        let neighbour = |id| (speaker.item)(id, "null", "");
        let items = [neighbour("a"), speaker.of_nobody.to_owned(), neighbour("b")];
        speaker
            .sent(&doors, (speaker.batch)(&items.join(","), "null"))
            .await;
        let path = speaker.path;
        assert_eq!(doors.outcome("invalid", "missing_id").await, 1, "{path}");
        assert_eq!(doors.outcome("accepted", "").await, 2, "{path}");
        assert_eq!(timeline(&doors).await.len(), 2, "{path}");
    }
}
