//! Figures in Prometheus' text format.

use rapport_flow::Rapport;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

/// Every figure there is.
pub(super) fn text(rapport: &Rapport) -> String {
    let mut page = Page::default();
    let collected = rapport.collected();
    page.counter(
        "rapport_requests_total",
        "Requests on the ledger since the start.",
        &collected.requests,
    );
    page.counter(
        "rapport_request_bytes_total",
        "Bytes of bodies on the ledger since the start.",
        &collected.bytes,
    );
    page.counter(
        "rapport_commit_groups_total",
        "Groups of requests written with one fsync each.",
        &collected.groups,
    );
    page.counter(
        "rapport_requests_busy_total",
        "Requests turned away because too much waited.",
        &collected.busy,
    );

    let stats = rapport.stats();
    page.counter(
        "rapport_events_total",
        "Events folded since the start, by any outcome.",
        &stats.events,
    );
    page.counter(
        "rapport_batches_total",
        "Batches committed since the start.",
        &stats.batches,
    );
    page.counter(
        "rapport_membership_changes_total",
        "People who entered or left a segment.",
        &stats.flips,
    );
    page.counter(
        "rapport_timers_total",
        "Timers fired in the background.",
        &stats.timers,
    );
    page.counter(
        "rapport_flushes_total",
        "Flushes to history.",
        &stats.flushes,
    );
    page.counter(
        "rapport_compactions_total",
        "Compactions of history.",
        &stats.compactions,
    );

    let health = rapport.health();
    page.gauge(
        "rapport_ready",
        "1 when ready.",
        u64::from(health.is_ready()),
    );
    page.gauge(
        "rapport_lag_requests",
        "Requests on the ledger that are not folded yet.",
        health.lag_requests,
    );
    page.gauge(
        "rapport_lag_milliseconds",
        "Age of the last batch's oldest request when committed.",
        health.lag_ms,
    );
    page.gauge(
        "rapport_outbox_messages",
        "Messages that wait in the outbox.",
        stats.outbox.load(Ordering::Relaxed),
    );
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
}
