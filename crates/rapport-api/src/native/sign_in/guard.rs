//! The guard of sign-in: who guesses waits longer and longer, and nobody is locked out for it.
//!
//! Attempts are counted per account and address, per account, and per address. Whoever fails often
//! from one address waits longest there; failures from everywhere slow strangers down a little;
//! a browser that somebody signed in from before (it has the device cookie) is counted for itself
//! alone, so that guessing elsewhere does not keep the member out. An address nobody has is
//! counted just as one that somebody has. An attempt is counted before its password is looked at,
//! so that many at once are many.

use rapport_core::time::{HOUR_MS, MINUTE_MS, Millis, SECOND_MS};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// After this long without a failure it is forgotten.
const FORGET_MS: i64 = HOUR_MS;
/// What is remembered at most; then the half that failed longest ago is forgotten.
const KEPT_MAX: usize = 40_000;
/// Failures that are recorded in a minute; further ones are only counted.
const RECORDED_MAX: u32 = 60;

/// Whom failures are counted of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Counted {
    /// An account, from one address.
    Pair(String, String),
    /// An account, from everywhere.
    Account(String),
    /// An address, whatever the account.
    Address(String),
    /// A browser somebody signed in from before.
    Device(String),
}

impl Counted {
    /// Failures without a wait, and the longest wait.
    fn limits(&self) -> (u32, i64) {
        match self {
            Counted::Pair(..) => (5, 15 * MINUTE_MS),
            Counted::Device(_) => (10, 15 * MINUTE_MS),
            Counted::Account(_) => (25, 20 * SECOND_MS),
            Counted::Address(_) => (50, MINUTE_MS),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Millis,
}

impl Failures {
    /// When the next attempt may be made.
    fn next(&self, (free, longest_ms): (u32, i64)) -> Millis {
        let Some(beyond) = self.count.checked_sub(free) else {
            return self.last;
        };
        let wait = SECOND_MS.checked_shl(beyond.min(30)).unwrap_or(longest_ms);
        self.last.plus(wait.min(longest_ms))
    }
}

/// Who tries to sign in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt<'a> {
    /// The account, whether there is one or not.
    pub(super) account: &'a str,
    /// From where.
    pub(super) address: &'a str,
    /// The mark of a device cookie that is of this account.
    pub(super) device: Option<&'a str>,
}

impl Attempt<'_> {
    fn counted(&self) -> Vec<Counted> {
        if let Some(device) = self.device {
            return vec![Counted::Device(device.to_owned())];
        }
        let (account, address) = (self.account.to_owned(), network(self.address));
        vec![
            Counted::Pair(account.clone(), address.clone()),
            Counted::Account(account),
            Counted::Address(address),
        ]
    }
}

/// What one end of a line can be given at will: of IPv6 the upper half.
fn network(address: &str) -> String {
    match address.parse() {
        Ok(std::net::IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        _ => address.to_owned(),
    }
}

/// Failures of the last hour.
#[derive(Default)]
pub(crate) struct Guard(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    failures: BTreeMap<Counted, Failures>,
    /// The minute at hand, failures recorded in it, and those that were not recorded.
    minute: i64,
    recorded: u32,
    unrecorded: u64,
}

impl Guard {
    /// Begins an attempt, counting it as failed until it succeeds.
    ///
    /// # Errors
    /// How long to wait, in milliseconds; then nothing is counted.
    pub(super) fn begin(&self, attempt: &Attempt<'_>, now: Millis) -> Result<(), i64> {
        let mut inner = self.inner();
        let counted = attempt.counted();
        let fresh = |failures: &&Failures| now.since(failures.last) < FORGET_MS;
        let waits = counted.iter().filter_map(|one| {
            let failures = inner.failures.get(one).filter(fresh)?;
            Some(failures.next(one.limits()).since(now))
        });
        let wait = waits.max().unwrap_or(0);
        if wait > 0 {
            return Err(wait);
        }
        for one in counted {
            let before = inner.failures.get(&one).filter(fresh);
            let count = before.map_or(0, |before| before.count).saturating_add(1);
            inner.failures.insert(one, Failures { count, last: now });
        }
        if inner.failures.len() > KEPT_MAX {
            forget(&mut inner.failures, now);
        }
        Ok(())
    }

    /// Notes that an attempt succeeded. What was guessed from elsewhere stays counted.
    pub(super) fn succeeded(&self, attempt: &Attempt<'_>) {
        let mut inner = self.inner();
        for one in attempt.counted() {
            match one {
                Counted::Pair(..) | Counted::Device(_) => {
                    inner.failures.remove(&one);
                }
                one => {
                    if let Some(failures) = inner.failures.get_mut(&one) {
                        failures.count = failures.count.saturating_sub(1);
                    }
                }
            }
        }
    }

    /// Whether a failure is recorded: then how many before it were not.
    pub(super) fn records(&self, now: Millis) -> Option<u64> {
        let mut inner = self.inner();
        let minute = now.0.div_euclid(MINUTE_MS);
        if inner.minute != minute {
            inner.minute = minute;
            inner.recorded = 0;
        }
        if inner.recorded >= RECORDED_MAX {
            inner.unrecorded += 1;
            return None;
        }
        inner.recorded += 1;
        Some(std::mem::take(&mut inner.unrecorded))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets what is over, and half of the rest where that is not enough.
fn forget(failures: &mut BTreeMap<Counted, Failures>, now: Millis) {
    failures.retain(|_, failures| now.since(failures.last) < FORGET_MS);
    if failures.len() > KEPT_MAX / 2 {
        let mut last: Vec<Millis> = failures.values().map(|failures| failures.last).collect();
        last.sort_unstable();
        let middle = last[last.len() / 2];
        failures.retain(|_, failures| failures.last > middle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stranger<'a>(account: &'a str, address: &'a str) -> Attempt<'a> {
        Attempt {
            account,
            address,
            device: None,
        }
    }

    /// Guesses as fast as it is let, until `until`; how many guesses that were.
    fn guesses(guard: &Guard, attempt: &Attempt<'_>, until: Millis) -> u32 {
        let (mut now, mut made) = (Millis(0), 0);
        while now < until {
            match guard.begin(attempt, now) {
                Ok(()) => made += 1,
                Err(wait) => now = now.plus(wait),
            }
        }
        made
    }

    #[test]
    fn guessing_from_one_address_gets_slower_and_slower() {
        let guard = Guard::default();
        let made = guesses(&guard, &stranger("a", "192.0.2.1"), Millis(24 * HOUR_MS));
        assert!((15..150).contains(&made), "{made}");
    }

    #[test]
    fn guessing_from_everywhere_is_slowed_down_and_a_known_browser_is_not() {
        let guard = Guard::default();
        let mut now = Millis(0);
        let mut made = 0;
        for n in 0_u32.. {
            if now >= Millis(HOUR_MS) {
                break;
            }
            let address = format!("198.51.{}.{}", n / 250 % 250, n % 250);
            match guard.begin(&stranger("a", &address), now) {
                Ok(()) => made += 1,
                Err(wait) => now = now.plus(wait),
            }
        }
        assert!(made < 300, "{made} guesses in an hour");
        let known = Attempt {
            device: Some("d"),
            ..stranger("a", "192.0.2.7")
        };
        assert_eq!(guard.begin(&known, now), Ok(()), "the member gets in");
        let _ = guard.begin(&stranger("a", "203.0.113.4"), now);
        let wait = guard.begin(&stranger("a", "203.0.113.5"), now);
        assert!(
            wait.is_err_and(|wait| wait <= 20 * SECOND_MS),
            "nobody is locked out"
        );
        assert_eq!(guard.begin(&stranger("b", "203.0.113.5"), now), Ok(()));
    }

    #[test]
    fn many_at_once_are_counted_as_many_and_success_clears_only_its_own() {
        let guard = Guard::default();
        let own = stranger("a", "192.0.2.1");
        let begun = (0..20).filter(|_| guard.begin(&own, Millis(0)).is_ok());
        assert!(begun.count() <= 6);
        guard.succeeded(&own);
        assert_eq!(guard.begin(&own, Millis(0)), Ok(()));
        let whole = Millis(HOUR_MS + 1);
        assert_eq!(
            guard.begin(&own, whole),
            Ok(()),
            "an hour later it is forgotten"
        );
    }

    #[test]
    fn an_address_of_ipv6_is_its_network() {
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), network("2001:db8:1:2::9"));
        assert_ne!(network("2001:db8:1:2::9"), network("2001:db8:1:3::9"));
        assert_eq!(network("192.0.2.1"), "192.0.2.1");
    }

    #[test]
    fn what_is_remembered_has_a_bound() {
        let guard = Guard::default();
        for n in 0..KEPT_MAX as i64 {
            let (account, address) = (format!("a{n}"), format!("{n}"));
            guard
                .begin(&stranger(&account, &address), Millis(n))
                .expect("the first of each");
        }
        assert!(guard.inner().failures.len() <= KEPT_MAX + 3);
    }

    #[test]
    fn a_flood_of_failures_is_counted_more_than_recorded() {
        let guard = Guard::default();
        let now = Millis(5 * MINUTE_MS);
        let recorded = (0..500).filter(|_| guard.records(now).is_some()).count();
        assert_eq!(recorded, RECORDED_MAX as usize);
        assert_eq!(guard.records(now.plus(MINUTE_MS)), Some(440));
        assert_eq!(guard.records(now.plus(MINUTE_MS)), Some(0));
    }
}
