//! The server's own histogram of how long events take to their commit: a second way to see how
//! long until an event counts, for every event of a load, without looking again and again.

use super::client::Client;
use super::server::TOKEN;
use anyhow::{Result, bail};

const BUCKET: &str = "rapport_event_to_commit_seconds_bucket{le=\"";

/// Events by how long they took: upper ends of buckets in milliseconds, each with how many took
/// at most as long; the last end is infinite.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Committed {
    within: Vec<(f64, u64)>,
}

/// Asks for it.
///
/// # Errors
/// Where the server does not answer.
pub(super) async fn look(client: &mut Client) -> Result<Committed> {
    let (status, text) = client.call("GET", "/metrics", TOKEN, "").await?;
    if status != 200 {
        bail!("/metrics was answered with {status}");
    }
    Ok(Committed::read(&text))
}

impl Committed {
    fn read(text: &str) -> Committed {
        let bucket = |line: &str| {
            let (bound, events) = line.strip_prefix(BUCKET)?.split_once("\"} ")?;
            let bound_s = match bound {
                "+Inf" => f64::INFINITY,
                bound => bound.parse().ok()?,
            };
            Some((bound_s * 1_000.0, events.trim().parse().ok()?))
        };
        Committed {
            within: text.lines().filter_map(bucket).collect(),
        }
    }

    /// What came since an earlier look.
    pub(super) fn since(&self, before: &Committed) -> Committed {
        let was = |bound: f64| {
            let mut found = before.within.iter().filter(|(other, _)| *other == bound);
            found.next().map_or(0, |(_, events)| *events)
        };
        let within = self.within.iter();
        Committed {
            within: within
                .map(|&(bound, events)| (bound, events.saturating_sub(was(bound))))
                .collect(),
        }
    }

    /// How many events there were.
    pub(super) fn events(&self) -> u64 {
        self.within.last().map_or(0, |(_, events)| *events)
    }

    /// How long this share of the events took at most, as if spread evenly inside a bucket;
    /// infinite behind the last bucket with an end.
    pub(super) fn quantile_ms(&self, quantile: f64) -> f64 {
        let wanted = self.events() as f64 * quantile;
        let (mut from_ms, mut below) = (0.0, 0.0);
        for &(bound_ms, within) in &self.within {
            let within = within as f64;
            if within >= wanted && within > below {
                if bound_ms.is_infinite() {
                    return bound_ms;
                }
                return from_ms + (bound_ms - from_ms) * (wanted - below) / (within - below);
            }
            (from_ms, below) = (bound_ms, within);
        }
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_lies_in_its_bucket_of_what_came_since() {
        let line = |bound: &str, events: u64| format!("{BUCKET}{bound}\"}} {events}\n");
        let page = |events: [u64; 3]| {
            let [some, most, all] = events;
            let lines = [line("0.01", some), line("0.02", most), line("+Inf", all)];
            format!("# HELP x\nother 7\n{}", lines.concat())
        };
        let before = Committed::read(&page([5, 5, 5]));
        let took = Committed::read(&page([55, 95, 105])).since(&before);
        assert_eq!(took.events(), 100);
        assert_eq!(took.quantile_ms(0.5), 10.0);
        assert_eq!(took.quantile_ms(0.7), 15.0);
        assert_eq!(took.quantile_ms(0.99), f64::INFINITY);
        assert_eq!(Committed::default().quantile_ms(0.5), 0.0);
    }
}
