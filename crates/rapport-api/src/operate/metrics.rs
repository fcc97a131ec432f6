//! Figures in Prometheus' text format.

use rapport_flow::collect::Counts;
use rapport_flow::latency::Latencies;
use rapport_flow::{Rapport, Stats};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

/// Every figure there is.
pub(super) fn text(rapport: &Rapport) -> String {
    let mut page = Page::default();
    page.collected(rapport.collected());
    page.folded(rapport.stats());
    page.health(rapport);
    page.outcomes(rapport);
    page.segments(rapport);
    page.0
}

#[derive(Default)]
struct Page(String);

// Writing into a `String` cannot fail, so results are dropped below.
impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn counter(&mut self, name: &str, help: &str, value: &AtomicU64) {
        self.head(name, "counter", help);
        let _ = writeln!(self.0, "{name} {}", value.load(Ordering::Relaxed));
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, "gauge", help);
        let _ = writeln!(self.0, "{name} {value}");
    }

    fn collected(&mut self, counts: &Counts) {
        for (name, help, value) in [
            (
                "requests",
                "Requests on the ledger since the start.",
                &counts.requests,
            ),
            (
                "request_bytes",
                "Bytes of bodies on the ledger since the start.",
                &counts.bytes,
            ),
            (
                "commit_groups",
                "Groups of requests written with one fsync each.",
                &counts.groups,
            ),
            (
                "requests_busy",
                "Requests turned away because too much waited.",
                &counts.busy,
            ),
        ] {
            self.counter(&format!("rapport_{name}_total"), help, value);
        }
    }

    fn folded(&mut self, stats: &Stats) {
        for (name, help, value) in [
            (
                "events",
                "Events folded since the start, by any outcome.",
                &stats.events,
            ),
            (
                "batches",
                "Batches committed since the start.",
                &stats.batches,
            ),
            (
                "membership_changes",
                "People who entered or left a segment.",
                &stats.flips,
            ),
            ("timers", "Timers fired in the background.", &stats.timers),
            ("flushes", "Flushes to history.", &stats.flushes),
            ("compactions", "Compactions of history.", &stats.compactions),
        ] {
            self.counter(&format!("rapport_{name}_total"), help, value);
        }
        let held = stats.held.load(Ordering::Relaxed);
        self.gauge(
            "rapport_profiles_held",
            "Profiles decoded in memory, as of the last batch.",
            held,
        );
        self.latencies(&stats.event_to_commit);
        let waiting = stats.outbox.load(Ordering::Relaxed);
        self.gauge(
            "rapport_outbox_messages",
            "Messages that wait in the outbox.",
            waiting,
        );
    }

    fn latencies(&mut self, latencies: &Latencies) {
        let name = "rapport_event_to_commit_seconds";
        let help = "From an event's receipt to the commit of its fold, memberships included.";
        self.head(name, "histogram", help);
        // Read first: what is added meanwhile may be in a bucket, never only in the total.
        let (events, sum_ms) = (latencies.events(), latencies.sum_ms());
        for (bound_ms, within) in latencies.within() {
            let (bound, within) = (seconds(bound_ms), within.min(events));
            let _ = writeln!(self.0, "{name}_bucket{{le=\"{bound}\"}} {within}");
        }
        let _ = writeln!(self.0, "{name}_bucket{{le=\"+Inf\"}} {events}");
        let _ = writeln!(self.0, "{name}_sum {}", seconds(sum_ms));
        let _ = writeln!(self.0, "{name}_count {events}");
    }

    fn health(&mut self, rapport: &Rapport) {
        let health = rapport.health();
        let ready = u64::from(health.is_ready());
        self.gauge("rapport_ready", "1 when ready.", ready);
        let waiting = health.lag_requests;
        self.gauge(
            "rapport_lag_requests",
            "Requests on the ledger that are not folded yet.",
            waiting,
        );
        let help = "Age of the last batch's oldest request when committed.";
        self.gauge("rapport_lag_milliseconds", help, health.lag_ms);
        let help = "The dedup window in force: the configured one, or what its disk budget leaves.";
        let window_s = health.dedup_window_ms.max(0) as f64 / 1_000.0;
        self.head("rapport_dedup_window_seconds", "gauge", help);
        let _ = writeln!(self.0, "rapport_dedup_window_seconds {window_s}");
    }

    fn outcomes(&mut self, rapport: &Rapport) {
        let name = "rapport_outcomes_total";
        self.head(
            name,
            "counter",
            "How events ended since the directory was made.",
        );
        for (outcome, count) in rapport.outcomes(None).words {
            let _ = writeln!(self.0, "{name}{{outcome=\"{}\"}} {count}", label(&outcome));
        }
    }

    fn segments(&mut self, rapport: &Rapport) {
        let name = "rapport_segment_members";
        self.head(name, "gauge", "People in a segment.");
        for definition in rapport.registry().segments() {
            let size = rapport.segment_size(definition.no);
            let _ = writeln!(
                self.0,
                "{name}{{segment=\"{}\"}} {size}",
                label(&definition.key)
            );
        }
    }
}

fn seconds(ms: u64) -> f64 {
    ms as f64 / 1_000.0
}

fn label(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_has_its_help_its_type_and_its_value() {
        let mut page = Page::default();
        page.gauge("rapport_x", "Some.", 3);
        assert_eq!(
            page.0,
            "# HELP rapport_x Some.\n# TYPE rapport_x gauge\nrapport_x 3\n"
        );
        assert_eq!(label("a\"b\\c\nd"), "a\\\"b\\\\c\\nd");
    }

    #[test]
    fn a_histogram_has_buckets_that_only_grow_a_sum_and_a_count() {
        let latencies = Latencies::default();
        latencies.add(3, 2);
        latencies.add(120_000, 1);
        let mut page = Page::default();
        page.latencies(&latencies);
        let name = "rapport_event_to_commit_seconds";
        for line in [
            format!("# TYPE {name} histogram"),
            format!("{name}_bucket{{le=\"0.002\"}} 0"),
            format!("{name}_bucket{{le=\"0.003\"}} 2"),
            format!("{name}_bucket{{le=\"60\"}} 2"),
            format!("{name}_bucket{{le=\"+Inf\"}} 3"),
            format!("{name}_sum 120.006"),
            format!("{name}_count 3"),
        ] {
            assert!(
                page.0.lines().any(|found| found == line),
                "{line}: {}",
                page.0
            );
        }
    }
}
