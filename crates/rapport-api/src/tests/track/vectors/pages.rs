//! What the pages that SDKs run in must be allowed: to send, with the headers of every try, and to
//! read every answer.

use super::super::preflighted;
use super::speakers::SPEAKERS;
use crate::tests::Doors;
use rapport_store::memory::{Call, Fault};

/// Addresses of each SDK for browsers, and the headers it sends: at first, and when it tries again.
const ASKED: [(&str, &str); 16] = [
    ("/v1/t", "authorization,content-type"),
    ("/v1/t", "authorization,content-type,x-retry-count"),
    ("/v1/b", "authorization,content-type,x-retry-count"),
    ("/v1/m", "content-type"),
    ("/v1/projects/browser-key/settings", "x-requested-with"),
    ("/v1/track", "anonymousid,authorization,content-type,sentat"),
    (
        "/v1/track",
        "anonymousid,authorization,content-type,rsa-retry-attempt,rsa-retry-reason,rsa-since-first-attempt,rsa-since-last-attempt,sentat",
    ),
    ("/beacon/v1/batch", "content-type"),
    ("/sourceConfig/", "authorization"),
    ("/api/s/track", "content-type,x-enable-debug,x-write-key"),
    (
        "/api/s/page",
        "content-type,x-enable-debug,x-ip-policy,x-write-key",
    ),
    ("/batch/", "content-type"),
    ("/e/", "content-type"),
    ("/i/v0/e/", "content-encoding,content-type"),
    ("/flags/", "content-type"),
    ("/batch/", "content-type,x-a-header-nobody-thought-of"),
];

#[tokio::test(flavor = "multi_thread")]
async fn preflights_are_allowed_whatever_headers_a_retry_adds() {
    let doors = Doors::open().await;
    for (path, asked) in ASKED {
        preflighted(&doors, path, asked).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_lets_its_page_read_when_to_try_again() {
    const PAGE: &str = "https://shop.example";
    for speaker in &SPEAKERS {
        let doors = Doors::open().await;
        let mut headers = speaker.headers.to_vec();
        headers.push(("origin", PAGE));
        let taken = speaker.event("m", "null", "null", "");
        // Taken, broken, too large, busy: a page that may not read an answer tries again too early.
        let large = " ".repeat(21 << 20);
        for (body, is_full) in [
            (taken.clone(), false),
            ("{".to_owned(), false),
            (large, false),
            (taken, true),
        ] {
            if is_full {
                doors.memory.faults.inject(Call::Append, 1, Fault::Full);
            }
            let answer = doors.track_with(speaker.path, &headers, body).await;
            let place = format!("{} {}", speaker.path, answer.status);
            let exposed = answer.header("access-control-expose-headers");
            assert!(exposed.contains("Retry-After"), "{place}: {exposed}");
            assert_eq!(
                answer.header("access-control-allow-origin"),
                PAGE,
                "{place}"
            );
            assert_eq!(answer.header("access-control-allow-credentials"), "true");
            assert_eq!(answer.header("retry-after").is_empty(), !is_full, "{place}");
        }
    }
}
