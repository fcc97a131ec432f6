//! Clock correction: what an event's own time is, given three clocks that disagree.

use crate::time::{DAY_MS, Millis};

/// The largest skew that is corrected; a client clock further off than this is broken in a way
/// that a correction would only move.
pub const SKEW_MAX_MS: i64 = 10 * 365 * DAY_MS;

/// The client's time corrected for its clock's skew, never later than `received`.
///
/// Segment's formula: `received - (sent - original)`. Where only `sent` lies in the future the
/// clock is right and `sent` is wrong (one beacon transport stamps it ten minutes ahead), so
/// `original` stands; where both do, the clock runs fast and the formula holds. Without `sent`
/// there is nothing to measure the skew with.
#[must_use]
pub fn corrected(original: Option<Millis>, sent: Option<Millis>, received: Millis) -> Millis {
    let Some(original) = original else {
        return received;
    };
    let at = match sent {
        Some(sent) if is_measure(original, sent, received) => received.plus(-sent.since(original)),
        _ => original,
    };
    at.min(received)
}

fn is_measure(original: Millis, sent: Millis, received: Millis) -> bool {
    let only_sent_is_ahead = sent > received && original <= received;
    let skew_ms = received.since(sent).saturating_abs();
    !only_sent_is_ahead && original <= sent && skew_ms <= SKEW_MAX_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(original: Option<i64>, sent: Option<i64>, received: i64, expected: i64) {
        let at = corrected(original.map(Millis), sent.map(Millis), Millis(received));
        assert_eq!(
            at,
            Millis(expected),
            "original {original:?} sent {sent:?} received {received}"
        );
    }

    #[test]
    fn a_slow_client_clock_is_moved_to_ours() {
        check(Some(1_000), Some(3_000), 103_000, 101_000);
    }

    #[test]
    fn a_missing_timestamp_is_the_moment_of_receipt() {
        check(None, Some(3_000), 103_000, 103_000);
    }

    #[test]
    fn without_sent_the_timestamp_stands() {
        check(Some(5_000), None, 103_000, 5_000);
    }

    #[test]
    fn a_sent_in_the_future_measures_no_skew() {
        check(Some(100_000), Some(703_000), 103_000, 100_000);
    }

    #[test]
    fn a_fast_client_clock_is_moved_to_ours() {
        check(Some(901_000), Some(903_000), 103_000, 101_000);
    }

    #[test]
    fn nothing_happens_after_it_was_received() {
        check(Some(900_000), None, 103_000, 103_000);
        check(Some(109_000), Some(3_000), 103_000, 103_000);
    }
}
