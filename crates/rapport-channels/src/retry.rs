//! When a failed message goes again: exponential backoff with full jitter, and an end.

use rapport_core::time::{HOUR_MS, MINUTE_MS, SECOND_MS};

/// How patient a destination's messages are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The longest wait after the first failure, in milliseconds; doubles with each.
    pub base_ms: i64,
    /// Where the doubling ends, in milliseconds.
    pub cap_ms: i64,
    /// The longest wait a destination may ask for, in milliseconds.
    pub asked_cap_ms: i64,
    /// A message older than this, in milliseconds, is given up at its next failure.
    pub give_up_after_ms: i64,
    /// But it is tried this often before its age counts: it may have grown old in the queue.
    pub attempts_at_least: u32,
    /// And never more often than this.
    pub attempts_at_most: u32,
}

/// From 1 s to 10 min, for 4 hours, at least 12 times (some 15 minutes, for what was old when its
/// turn came) and at most 200.
impl Default for Policy {
    fn default() -> Policy {
        Policy {
            base_ms: SECOND_MS,
            cap_ms: 10 * MINUTE_MS,
            asked_cap_ms: HOUR_MS,
            give_up_after_ms: 4 * HOUR_MS,
            attempts_at_least: 12,
            attempts_at_most: 200,
        }
    }
}

/// A failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// How often the message was tried, this time included.
    pub attempts: u32,
    /// How long ago the message came into the outbox, in milliseconds.
    pub age_ms: i64,
    /// How long the destination asked to be left alone, in milliseconds.
    pub asked_ms: Option<i64>,
}

/// What follows a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Another attempt after this many milliseconds.
    Again {
        /// The wait, in milliseconds.
        after_ms: i64,
    },
    /// None: the message becomes a dead letter.
    GiveUp,
}

/// Decides, with `random` uniform over all of `u64`.
///
/// The wait is uniform between nothing and the backoff, so that messages that failed together
/// come back apart; but never shorter than the destination asked for.
#[must_use]
pub fn after(policy: &Policy, failure: Failure, random: u64) -> Next {
    let old = failure.age_ms >= policy.give_up_after_ms;
    let tried_enough = failure.attempts >= policy.attempts_at_least;
    if failure.attempts >= policy.attempts_at_most || (old && tried_enough) {
        return Next::GiveUp;
    }
    let jittered_ms = scale(random, backoff_ms(policy, failure.attempts));
    let asked_ms = failure.asked_ms.unwrap_or(0).clamp(0, policy.asked_cap_ms);
    Next::Again {
        after_ms: jittered_ms.max(asked_ms),
    }
}

/// The longest wait after this many attempts.
fn backoff_ms(policy: &Policy, attempts: u32) -> i64 {
    let doublings = attempts.saturating_sub(1).min(32);
    policy
        .base_ms
        .saturating_mul(1 << doublings)
        .min(policy.cap_ms)
}

/// A number from 1 to `limit_ms`, uniform as `random` is: zero would make a busy loop.
fn scale(random: u64, limit_ms: i64) -> i64 {
    let limit = limit_ms.max(1) as u64;
    let part = (u128::from(random) * u128::from(limit)) >> 64;
    part as i64 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(attempts: u32, random: u64) -> i64 {
        let failure = Failure {
            attempts,
            age_ms: 0,
            asked_ms: None,
        };
        match after(&Policy::default(), failure, random) {
            Next::Again { after_ms } => after_ms,
            Next::GiveUp => panic!("gave up after {attempts} attempts"),
        }
    }

    #[test]
    fn the_longest_wait_doubles_from_one_second_to_ten_minutes() {
        let longest: Vec<_> = (1..=12)
            .map(|attempts| wait(attempts, u64::MAX) / 1000)
            .collect();
        assert_eq!(longest, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
        assert_eq!(wait(59, u64::MAX), 600_000);
    }

    #[test]
    fn jitter_is_full_and_never_zero() {
        assert_eq!(wait(10, 0), 1);
        assert_eq!(wait(10, u64::MAX / 2), 256_000);
    }

    #[test]
    fn what_the_destination_asks_for_is_the_least_wait_up_to_an_hour() {
        let asked = |asked_ms| {
            let failure = Failure {
                attempts: 1,
                age_ms: 0,
                asked_ms: Some(asked_ms),
            };
            after(&Policy::default(), failure, 0)
        };
        assert_eq!(asked(30_000), Next::Again { after_ms: 30_000 });
        assert_eq!(asked(i64::MAX), Next::Again { after_ms: HOUR_MS });
        assert_eq!(asked(-5), Next::Again { after_ms: 1 });
    }

    #[test]
    fn an_old_message_is_given_up_once_it_had_its_chances() {
        let at = |attempts, age_ms| {
            after(
                &Policy::default(),
                Failure {
                    attempts,
                    age_ms,
                    asked_ms: None,
                },
                0,
            )
        };
        assert_ne!(at(12, 4 * HOUR_MS - 1), Next::GiveUp);
        assert_eq!(at(12, 4 * HOUR_MS), Next::GiveUp);
        assert_ne!(at(11, 9 * HOUR_MS), Next::GiveUp);
        assert_ne!(at(199, 0), Next::GiveUp);
        assert_eq!(at(200, 0), Next::GiveUp);
    }
}
