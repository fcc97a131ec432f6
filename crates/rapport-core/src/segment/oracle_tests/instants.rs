//! At which instants an answer of the oracle could change: whenever something happens, and each of
//! the rule's spans later; at every midnight, where the rule asks the calendar; around dates.

use super::calendar::{DAY, midnights};
use super::meaning::Person;
use super::rules::{Asked, Did, Rule, Sequence, Window};
use crate::time::Millis;
use serde_json::Value;
use std::collections::BTreeSet;

impl Rule {
    /// Instants between two (neither included) at which the answer could change, and one to either
    /// side of each.
    pub(super) fn instants(&self, person: &Person, from: i64, to: i64) -> BTreeSet<i64> {
        let (mut spans, mut days) = (vec![0], false);
        self.spans(&mut spans, &mut days);
        spans.sort_unstable();
        spans.dedup();
        let longest = spans.last().copied().unwrap_or(0);
        let happened = person.events.values().map(|event| event.at.0);
        let dates = person.attributes.values().flat_map(|(value, since)| {
            let date = value.as_str().and_then(Millis::parse).map(|at| at.0);
            date.into_iter().chain([*since])
        });
        let mut starts: Vec<i64> = happened.chain(dates).collect();
        if days {
            starts.extend(midnights(from - longest, to));
        }
        starts
            .into_iter()
            .flat_map(|start| {
                let later = spans.iter().map(move |span| start + span);
                let earlier = spans.iter().map(move |span| start - span);
                later.chain(earlier)
            })
            .flat_map(|moment| [moment - 1, moment, moment + 1])
            .filter(|moment| from < *moment && *moment < to)
            .collect()
    }

    /// The spans, in milliseconds, after which something can change; and whether days matter.
    fn spans(&self, found: &mut Vec<i64>, days: &mut bool) {
        match self {
            Rule::All(parts) | Rule::Any(parts) => {
                parts.iter().for_each(|part| part.spans(found, days));
            }
            Rule::Not(part) => part.spans(found, days),
            Rule::Held(part, s) => {
                let mut inner = vec![0];
                part.spans(&mut inner, days);
                found.extend(inner.iter().map(|span| span + s * 1_000));
                found.extend(inner);
            }
            Rule::Did(did) => did.spans(found, days),
            Rule::Sequence(Sequence { within, absent, .. }) => {
                let gap = absent.as_ref().and_then(|(_, gap)| *gap);
                found.extend(within.iter().chain(&gap).map(|s| s * 1_000));
            }
            Rule::Attribute(test) => {
                if let Value::Object(span) = &test.operand {
                    let (unit, amount) = span.iter().next().unwrap();
                    *days |= unit == "days";
                    let unit_ms = if unit == "seconds" { 1_000 } else { DAY };
                    found.push(amount.as_i64().unwrap() * unit_ms);
                }
            }
            Rule::In(_) | Rule::NotIn(_) => {}
        }
    }
}

impl Did {
    fn spans(&self, found: &mut Vec<i64>, days: &mut bool) {
        match &self.window {
            Window::Within(s) | Window::Before(s) => found.push(s * 1_000),
            Window::Ago(near, far) => found.extend([near * 1_000, far * 1_000]),
            Window::Calendar(..) => *days = true,
            Window::Ever | Window::Dates(..) | Window::Since(..) => {}
        }
        match &self.asked {
            Asked::Regularly(_, of, s) => {
                found.extend((1..=*of as i64).map(|nth| nth * s * 1_000));
            }
            Asked::Stopped(_, _, idle) => found.push(idle * 1_000),
            _ => {}
        }
    }
}
