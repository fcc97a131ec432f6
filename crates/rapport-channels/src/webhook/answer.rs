//! What a destination's answer means, read no further than needed to tell.

use crate::channel::Verdict;
use rapport_core::time::Millis;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use std::time::Duration;

/// How much of an answer is read, so that its connection can be used again.
const DRAIN_BYTES: usize = 16 * 1024;
/// How long an answer may take to be read, once its status is known.
const DRAIN_TIME: Duration = Duration::from_millis(500);
/// How much of an error is kept for people, in characters.
const EXCERPT_CHARS: usize = 200;

/// The verdict that an answer speaks.
pub(super) async fn verdict(response: Response, now: Millis) -> Verdict {
    let status = response.status();
    let asked_ms = retry_after_ms(response.headers(), now);
    let said = excerpt(&read_some(response).await);
    let error = if said.is_empty() {
        format!("answered {status}")
    } else {
        format!("answered {status}: {said}")
    };
    match status {
        status if status.is_success() => Verdict::Delivered,
        StatusCode::TOO_MANY_REQUESTS => Verdict::Busy {
            error,
            after_ms: asked_ms,
        },
        StatusCode::SERVICE_UNAVAILABLE if asked_ms.is_some() => Verdict::Busy {
            error,
            after_ms: asked_ms,
        },
        StatusCode::REQUEST_TIMEOUT => Verdict::Failed { error },
        status if status.is_server_error() => Verdict::Failed { error },
        _ => Verdict::Refused { error },
    }
}

/// The first bytes of the answer; whatever comes slower or later is left unread.
async fn read_some(mut response: Response) -> Vec<u8> {
    let mut read = Vec::new();
    let reading = async {
        while read.len() < DRAIN_BYTES {
            match response.chunk().await {
                Ok(Some(chunk)) => {
                    let room = DRAIN_BYTES - read.len();
                    read.extend_from_slice(&chunk[..chunk.len().min(room)]);
                }
                Ok(None) | Err(_) => break,
            }
        }
    };
    // Running out of time is no failure: the status has said what there is to know.
    let _ = tokio::time::timeout(DRAIN_TIME, reading).await;
    read
}

/// Readable text from the start of an answer: one line, nothing that could pass for our own.
fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let line = words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    line.chars().take(EXCERPT_CHARS).collect()
}

/// `Retry-After`, as seconds or as a date, in milliseconds from `now`; never negative.
fn retry_after_ms(headers: &HeaderMap, now: Millis) -> Option<i64> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(i64::from(seconds) * 1_000);
    }
    Some(http_date(text)?.since(now).max(0))
}

/// An HTTP date: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(text: &str) -> Option<Millis> {
    let (_, date) = text.split_once(", ")?;
    let parts: Vec<_> = date.split(' ').collect();
    let [day, month, year, clock, "GMT"] = parts[..] else {
        return None;
    };
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    Millis::parse(&format!("{year}-{month:02}-{day}T{clock}Z"))
}

/// A transport error as one line for people, without the URL: it may hold secrets.
pub(super) fn plain(error: &reqwest::Error) -> String {
    let what = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "could not connect"
    } else {
        "the connection broke"
    };
    match deepest(error) {
        Some(cause) => excerpt(format!("{what}: {cause}").as_bytes()),
        None => what.to_owned(),
    }
}

fn deepest(error: &reqwest::Error) -> Option<String> {
    let mut cause = std::error::Error::source(error)?;
    while let Some(next) = cause.source() {
        cause = next;
    }
    Some(cause.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    fn asked(text: &str, now: Millis) -> Option<i64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_str(text).expect("a header"));
        retry_after_ms(&headers, now)
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let now = Millis::parse("1994-11-06T08:49:07Z").expect("an instant");
        assert_eq!(asked("120", now), Some(120_000));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(30_000));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:00 GMT", now), Some(0));
        for nonsense in [
            "-1",
            "soon",
            "",
            "99999999999",
            "Sun, 06 Foo 1994 08:49:37 GMT",
        ] {
            assert_eq!(asked(nonsense, now), None, "{nonsense}");
        }
        assert_eq!(retry_after_ms(&HeaderMap::new(), now), None);
    }

    #[test]
    fn an_excerpt_is_one_short_line() {
        assert_eq!(
            excerpt(b"no\r\n\x1b[31m such\tfield \xff"),
            "no [31m such field \u{fffd}"
        );
        assert_eq!(excerpt(&[b'x'; 9_000]).len(), EXCERPT_CHARS);
    }
}
