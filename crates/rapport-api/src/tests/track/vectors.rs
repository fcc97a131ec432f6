//! The acceptance vectors: what the SDKs of each dialect put on the wire, what they are answered,
//! and what becomes of it. A file a dialect holds its SDKs' requests byte for byte; what every
//! dialect must survive alike is in the files beside them.
//!
//! | vector | Segment | RudderStack | Jitsu | PostHog |
//! | --- | --- | --- | --- | --- |
//! | an SDK's requests, and what is stored | `a_browser_sends_one_event_a_request` `a_browser_sends_batches` `node_sends_a_batch` `python_sends_a_compressed_batch` `an_image_is_an_event_in_each_dialect_that_has_one` | `a_browser_sends_one_event_a_request_under_headers_of_its_own` `a_browser_sends_a_beacon_from_ten_minutes_ahead` `node_sends_gzip_and_calls_it_a_form` `python_keeps_traits_in_the_context` | `a_browser_sends_one_event_an_address` `a_server_sends_with_its_secret` | `python_sends_a_batch` `node_sends_a_compressed_batch` `a_browser_sends_events_compressed_or_in_a_form` |
//! | what an SDK fetches before it starts | `sdks_are_pointed_at_this_host` | `the_browser_sdk_is_given_a_source_without_destinations` | (nothing) | `what_sdks_fetch_says_that_there_are_no_flags_and_no_recordings` |
//! | preflights with the headers of retries, credentials, `Retry-After` exposed on every answer | `preflights_are_allowed_whatever_headers_a_retry_adds` `every_answer_lets_its_page_read_when_to_try_again` | the same | the same | the same |
//! | 429, 503, 400, 413 and resets by the real SDKs, re-sends counted by message id | `tests/sdk/python/suite.py` `tests/sdk/node/suite.mjs` `tests/sdk/browser/suite.mjs` `tests/sdk/customerio-node/suite.mjs` | `tests/sdk/rudder-python/suite.py` `tests/sdk/rudder-node/suite.mjs` `tests/sdk/rudder-browser/suite.mjs` | `tests/sdk/jitsu/suite.mjs` | `tests/sdk/posthog-python/suite.py` `tests/sdk/posthog-node/suite.mjs` `tests/sdk/posthog-browser/suite.mjs` |
//! | overload and a full disk | `a_full_disk_is_answered_in_each_dialect_so_that_its_sdks_try_again` | the same | the same | the same |
//! | gzip under a wrong content type, byte order mark | `gzip_under_any_content_type_and_a_byte_order_mark_are_taken_in_every_dialect` | the same | the same | the same |
//! | repeated members, lone surrogates, nulls | `lone_surrogates_repeated_members_and_nulls_are_taken_in_every_dialect` | the same | the same | the same |
//! | null ids | `an_event_of_nobody_is_invalid_in_every_dialect_and_spoils_no_neighbour` | the same | the same | the same |
//! | an event, a body, a batch, each at its limit and one more | `each_limit_holds_to_the_byte_and_to_the_event_in_every_dialect` | the same | the same | the same |
//! | empty batch | `an_empty_batch_is_answered_as_its_dialect_does` | the same | the same | the same |
//! | depth bomb, gzip bomb | `bombs_of_depth_and_gzip_are_refused_in_every_dialect_and_nothing_is_kept` | the same | the same | the same |
//! | client clock a day off | `a_clock_that_is_a_day_off_is_corrected_in_every_dialect` | the same | the same | the same |
//! | `sentAt` in the future, none, 1970 | `a_sent_at_in_the_future_none_and_the_year_1970_move_no_event_in_any_dialect` | the same | the same | the same |
//! | page, identify, track, alias and group in every order | `a_page_in_any_order_of_arrival_is_one_person_in_every_dialect` | the same | the same | the same |

use crate::tests::{Answer, Doors};
use rapport_core::time::Millis;
use serde_json::{Value, json};

mod bytes;
mod jitsu;
mod limits;
mod orders;
mod pages;
mod posthog;
mod rudder;
mod segment;
mod speakers;

/// When every golden request arrives.
const NOW: &str = "2026-01-02T03:04:05.000Z";

/// A request as an SDK sends it, and everything that must become of it.
struct Vector<'a> {
    path: &'a str,
    headers: &'a [(&'a str, &'a str)],
    body: Vec<u8>,
    /// What a success is told.
    answer: &'a str,
    /// A reference to whom it is about.
    person: &'a str,
    /// Message id, type, name, instant and properties of each event, oldest first.
    events: Value,
    identifiers: Value,
    attributes: Value,
}

impl Vector<'_> {
    /// Sends it to a server of its own; its answer and its server, where more is to be looked at.
    async fn check(self) -> (Answer, Doors) {
        let doors = Doors::open_at(Millis::parse(NOW).expect("an instant")).await;
        let answer = doors.track_with(self.path, self.headers, self.body).await;
        let told = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!((answer.status.as_u16(), &*told), (200, self.answer));
        let sent = self.events.as_array().map_or(0, Vec::len) as u64;
        assert_eq!(doors.outcome("accepted", "").await, sent);
        let path = format!("/api/v1/profiles/{}", self.person);
        let person = doors.get(&path).await.good();
        assert_eq!(person["identifiers"], self.identifiers);
        assert_eq!(person["attributes"], self.attributes);
        assert_eq!(events(&doors, self.person).await, self.events);
        (answer, doors)
    }
}

/// A person's events as a [`Vector`] tells them.
async fn events(doors: &Doors, person: &str) -> Value {
    let path = format!("/api/v1/profiles/{person}/timeline");
    let timeline = doors.get(&path).await.good();
    let entries = timeline["results"].as_array().expect("a list").iter().rev();
    let told = entries.map(|entry| {
        let known = ["message_id", "type", "event", "timestamp", "properties"];
        json!(known.map(|name| entry[name].clone()))
    });
    told.collect()
}

#[test]
fn every_test_of_the_table_exists() {
    let sources = [
        include_str!("../track.rs"),
        include_str!("pixel.rs"),
        include_str!("posthog.rs"),
        include_str!("rudder.rs"),
        include_str!("vectors/bytes.rs"),
        include_str!("vectors/jitsu.rs"),
        include_str!("vectors/limits.rs"),
        include_str!("vectors/orders.rs"),
        include_str!("vectors/pages.rs"),
        include_str!("vectors/posthog.rs"),
        include_str!("vectors/rudder.rs"),
        include_str!("vectors/segment.rs"),
    ];
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let table = include_str!("vectors.rs")
        .lines()
        .filter(|line| line.starts_with("//! |"));
    let named: Vec<&str> = table
        .flat_map(|row| row.split('`').skip(1).step_by(2))
        .collect();
    assert!(named.len() > 30, "{named:?}");
    for name in named.into_iter().filter(|name| name.contains(['_', '/'])) {
        let is_there = match name.contains('/') {
            true => std::path::Path::new(root).join(name).exists(),
            false => sources
                .iter()
                .any(|source| source.contains(&format!("fn {name}("))),
        };
        assert!(is_there, "there is no test `{name}`");
    }
}
