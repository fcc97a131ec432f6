//! A destination that keeps failing rests, and is tried with one message before the rest follow.

use rapport_core::time::{MINUTE_MS, Millis, SECOND_MS};

/// When a circuit opens and how long it stays so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Opens after this many failures with no success between.
    pub failures: u32,
    /// The first rest, in milliseconds; doubles with each failed probe.
    pub rest_ms: i64,
    /// Where the doubling ends, in milliseconds.
    pub rest_cap_ms: i64,
}

/// Five failures; from 1 s to 1 min.
impl Default for Policy {
    fn default() -> Policy {
        Policy {
            failures: 5,
            rest_ms: SECOND_MS,
            rest_cap_ms: MINUTE_MS,
        }
    }
}

/// What a failed attempt says about the destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The message was never tried before: the destination itself seems to be ill.
    Fresh,
    /// The message has failed before: it may be the message. Its own backoff spares the
    /// destination, and others must not wait for it.
    Repeated,
}

/// The circuit of one destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Circuit {
    /// Messages flow.
    Closed {
        /// Failures since the last success.
        failures: u32,
    },
    /// Nothing goes before `until`.
    Open {
        /// When the probe may go.
        until: Millis,
        /// How often it has opened without a success between.
        times: u32,
    },
    /// One message is on its way; the others wait for what becomes of it.
    Probing {
        /// How often it has opened without a success between.
        times: u32,
    },
}

/// A destination nobody has tried yet.
impl Default for Circuit {
    fn default() -> Circuit {
        Circuit::Closed { failures: 0 }
    }
}

/// Whether a message may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// Yes.
    Go,
    /// Yes, this one, to see whether the destination is well again.
    Probe,
    /// Not before this moment.
    NotBefore(Millis),
    /// Not before the probe is back.
    AwaitProbe,
}

impl Circuit {
    /// Asks leave for one message; says so itself where that message is the probe.
    #[must_use]
    pub fn leave(self, now: Millis) -> (Circuit, Leave) {
        match self {
            Circuit::Closed { .. } => (self, Leave::Go),
            Circuit::Open { until, .. } if now < until => (self, Leave::NotBefore(until)),
            Circuit::Open { times, .. } => (Circuit::Probing { times }, Leave::Probe),
            Circuit::Probing { .. } => (self, Leave::AwaitProbe),
        }
    }

    /// The destination has answered, if only to refuse a message: it is alive.
    ///
    /// An answer to a message sent before the circuit opened does not close it; the probe does.
    #[must_use]
    pub fn answered(self) -> Circuit {
        match self {
            Circuit::Open { .. } => self,
            Circuit::Closed { .. } | Circuit::Probing { .. } => Circuit::default(),
        }
    }

    /// An attempt has failed.
    #[must_use]
    pub fn failed(self, policy: &Policy, now: Millis, evidence: Evidence) -> Circuit {
        match (self, evidence) {
            (Circuit::Open { .. }, _) | (Circuit::Closed { .. }, Evidence::Repeated) => self,
            (Circuit::Closed { failures }, Evidence::Fresh) if failures + 1 < policy.failures => {
                Circuit::Closed {
                    failures: failures + 1,
                }
            }
            (Circuit::Closed { .. }, Evidence::Fresh) => Circuit::opened(policy, now, 1),
            (Circuit::Probing { times }, Evidence::Fresh) => {
                Circuit::opened(policy, now, times.saturating_add(1))
            }
            // The probe says little: a fresh message shall not wait long to say more.
            (Circuit::Probing { times }, Evidence::Repeated) => Circuit::Open {
                until: now.plus(policy.rest_ms),
                times,
            },
        }
    }

    /// The destination has asked to be left alone for `rest_ms`.
    #[must_use]
    pub fn asked_to_rest(self, now: Millis, rest_ms: i64) -> Circuit {
        let until = now.plus(rest_ms);
        match self {
            Circuit::Closed { .. } => Circuit::Open { until, times: 1 },
            Circuit::Probing { times } => Circuit::Open { until, times },
            Circuit::Open {
                until: earlier,
                times,
            } => Circuit::Open {
                until: until.max(earlier),
                times,
            },
        }
    }

    fn opened(policy: &Policy, now: Millis, times: u32) -> Circuit {
        let doublings = (times - 1).min(32);
        let rest_ms = policy
            .rest_ms
            .saturating_mul(1 << doublings)
            .min(policy.rest_cap_ms);
        Circuit::Open {
            until: now.plus(rest_ms),
            times,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy {
        failures: 3,
        rest_ms: 1_000,
        rest_cap_ms: 5_000,
    };

    fn open(now: Millis) -> Circuit {
        (0..3).fold(Circuit::default(), |circuit, _| {
            circuit.failed(&POLICY, now, Evidence::Fresh)
        })
    }

    #[test]
    fn it_opens_at_the_third_failure_in_a_row_and_not_before() {
        let two = Circuit::default()
            .failed(&POLICY, Millis(0), Evidence::Fresh)
            .failed(&POLICY, Millis(0), Evidence::Fresh);
        assert_eq!(two.leave(Millis(0)).1, Leave::Go);
        let interrupted = two
            .answered()
            .failed(&POLICY, Millis(0), Evidence::Fresh)
            .failed(&POLICY, Millis(0), Evidence::Fresh);
        assert_eq!(interrupted.leave(Millis(0)).1, Leave::Go);
        assert_eq!(
            open(Millis(0)).leave(Millis(0)).1,
            Leave::NotBefore(Millis(1_000))
        );
    }

    #[test]
    fn one_probe_goes_when_the_rest_is_over_and_decides_for_all() {
        let (probing, leave) = open(Millis(0)).leave(Millis(1_000));
        assert_eq!(leave, Leave::Probe);
        assert_eq!(probing.leave(Millis(9_999)).1, Leave::AwaitProbe);
        assert_eq!(probing.answered(), Circuit::Closed { failures: 0 });
        let again = probing.failed(&POLICY, Millis(1_100), Evidence::Fresh);
        assert_eq!(
            again.leave(Millis(1_100)).1,
            Leave::NotBefore(Millis(3_100))
        );
    }

    #[test]
    fn rests_grow_up_to_the_cap() {
        let mut circuit = open(Millis(0));
        let mut rests = Vec::new();
        for _ in 0..5 {
            let Circuit::Open { until, .. } = circuit else {
                panic!("{circuit:?}")
            };
            circuit = circuit
                .leave(until)
                .0
                .failed(&POLICY, until, Evidence::Fresh);
            let Circuit::Open { until: next, .. } = circuit else {
                panic!("{circuit:?}")
            };
            rests.push(next.since(until));
        }
        assert_eq!(rests, [2_000, 4_000, 5_000, 5_000, 5_000]);
    }

    #[test]
    fn answers_to_older_attempts_neither_close_nor_prolong_an_open_circuit() {
        let circuit = open(Millis(0));
        assert_eq!(circuit.answered(), circuit);
        assert_eq!(
            circuit.failed(&POLICY, Millis(900), Evidence::Fresh),
            circuit
        );
    }

    #[test]
    fn a_rest_that_was_asked_for_is_kept_and_never_shortened() {
        let resting = Circuit::default().asked_to_rest(Millis(0), 30_000);
        assert_eq!(
            resting.leave(Millis(29_999)).1,
            Leave::NotBefore(Millis(30_000))
        );
        let asked_less = resting.asked_to_rest(Millis(10), 1_000);
        assert_eq!(
            asked_less.leave(Millis(29_999)).1,
            Leave::NotBefore(Millis(30_000))
        );
        assert_eq!(asked_less.leave(Millis(30_000)).1, Leave::Probe);
    }

    #[test]
    fn messages_that_fail_again_do_not_open_it_and_prolong_it_little() {
        let repeated = |circuit: Circuit, now| circuit.failed(&POLICY, now, Evidence::Repeated);
        let closed = (0..99).fold(Circuit::default(), |circuit, _| {
            repeated(circuit, Millis(0))
        });
        assert_eq!(closed, Circuit::default());
        let mut circuit = open(Millis(0));
        for _ in 0..5 {
            let Circuit::Open { until, .. } = circuit else {
                panic!("{circuit:?}")
            };
            circuit = repeated(circuit.leave(until).0, until);
            let rest = Leave::NotBefore(until.plus(POLICY.rest_ms));
            assert_eq!(circuit.leave(until).1, rest);
        }
    }
}
