//! Commit: everything an open batch changed, in one transaction, which is begun here; the rest of
//! the process sees it once it is on disk.

use crate::flow::Ended;
use crate::imports;
use crate::rows;
use crate::tail::Ends;
use crate::violations::{Broken, KEPT_OF_BATCH_MAX};
use crate::writer::{Batch, Open, Writer};
use rapport_core::event::{Event, Request, SourceNo};
use rapport_core::outcome::Outcome;
use rapport_core::time::Millis;
use rapport_store::Result;
use rapport_store::history::Entry;
use rapport_store::state::{Table, Write, number_key};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Begins to write what is folded. Nothing is being written.
pub(crate) async fn step(writer: &mut Writer, open: Open) -> Result<()> {
    let Open {
        requests,
        changes,
        ended,
        effects,
        accepted,
        messages,
        mut writes,
        position,
        ..
    } = open;
    // What is replayed was received long ago.
    let received = match requests.is_empty() {
        true => Vec::new(),
        false => by_receipt(&ended),
    };
    let of = |number: u64| request_of(&requests, number);
    writes.extend(ended.iter().filter_map(|ended| rejected(ended, &of)));
    if let (Some(first), Some(last)) = (requests.first(), requests.last()) {
        let item = |ended: &Ended| (ended.outcome.clone(), ended.origin);
        let ends = Ends {
            last: last.number,
            items: ended.iter().map(item).collect(),
            configured: configured(&requests, &ended),
            changes,
        };
        writes.push(rows::put(Table::Tail, number_key(first.number), &ends));
        writes.extend(imports::tallied(writer, &requests, &ended).await?);
    }
    count(writer, &ended);
    let broken = std::mem::take(&mut writer.broken);
    violations(writer, &broken, &mut writes);
    note_received(&ended, &mut writes);
    writer.effects(&effects, &mut writes).await?;
    writer.messages(&messages, &mut writes);
    let row = |ended: Ended| Entry::Event(Arc::new(ended.into_row()));
    let rows = ended.into_iter().map(row).collect();
    let batch = Batch {
        accepted,
        received,
        has_messages: !messages.is_empty(),
        violations: (!broken.is_empty()).then(|| writer.violations.clone()),
    };
    writer.begin(position, writes.into(), rows, batch).await
}

/// Counts what was not as planned, and keeps some of it.
fn violations(writer: &mut Writer, broken: &[Broken], writes: &mut Vec<Write>) {
    for one in broken {
        writer.violations.add(one);
    }
    writes.extend(writer.violations.take_writes());
    for one in broken.iter().take(KEPT_OF_BATCH_MAX) {
        let key = rows::position_key(one.position);
        writes.push(rows::put(Table::Violation, key, one));
    }
}

/// How many items were received when, in order.
fn by_receipt(ended: &[Ended]) -> Vec<(Millis, u64)> {
    let together = |left: &Ended, right: &Ended| left.event.received == right.event.received;
    let runs = ended.chunk_by(together);
    runs.map(|run| (run[0].event.received, run.len() as u64))
        .collect()
}

/// The events of requests that the configuration had a say in.
fn configured(requests: &[Request], ended: &[Ended]) -> Vec<(u64, Vec<Event>)> {
    let asked = requests
        .iter()
        .filter(|request| request.origin.dialect.is_configured());
    let events = |request: &Request| {
        let first = ended.partition_point(|e| e.event.position.request < request.number);
        let own = ended[first..].iter();
        let own = own.take_while(|e| e.event.position.request == request.number);
        (request.number, own.map(|e| (*e.event).clone()).collect())
    };
    asked.map(events).collect()
}

fn count(writer: &mut Writer, ended: &[Ended]) {
    let stats = &writer.shared.stats;
    stats
        .events
        .fetch_add(ended.len() as u64, Ordering::Relaxed);
    // Runs of equal outcomes of one source are the rule: each is counted once.
    let alike = |left: &Ended, right: &Ended| {
        left.event.source == right.event.source && left.outcome == right.outcome
    };
    for run in ended.chunk_by(alike) {
        let outcome = &run[0].outcome;
        let code = outcome.reason().map_or("", |reason| reason.code.as_str());
        let source = Some(run[0].event.source);
        writer
            .counters
            .add_many(source, outcome.word(), code, run.len() as u64);
    }
}

fn request_of(requests: &[Request], number: u64) -> Option<&Request> {
    let place = requests.binary_search_by_key(&number, |request| request.number);
    place.ok().map(|place| &requests[place])
}

/// Adds the writes that say when each source was last heard of.
fn note_received(ended: &[Ended], writes: &mut Vec<Write>) {
    let mut last: BTreeMap<SourceNo, Millis> = BTreeMap::new();
    for run in ended.chunk_by(|left, right| left.event.source == right.event.source) {
        let event = &run[run.len() - 1].event;
        last.insert(event.source, event.received);
    }
    for (source, received) in last {
        writes.push(Write {
            table: Table::Series,
            key: rows::received_key(source),
            value: Some(received.0.to_be_bytes().to_vec()),
        });
    }
}

/// The row that keeps a rejected item for inspection and re-drive.
fn rejected<'a>(ended: &Ended, of: &impl Fn(u64) -> Option<&'a Request>) -> Option<Write> {
    if matches!(ended.outcome, Outcome::Accepted | Outcome::Duplicate) {
        return None;
    }
    let position = ended.event.position;
    let kept = crate::rejected::Rejected::of(ended, of(position.request));
    let key = rows::position_key(position);
    Some(rows::put(Table::Rejected, key, &kept))
}
