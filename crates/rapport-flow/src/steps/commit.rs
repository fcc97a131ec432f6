//! Commit: everything a batch changed, in one transaction; then the rest of the process sees it.

use crate::flow::{Ended, Folded, Source};
use crate::outbox::Message;
use crate::rows;
use crate::tail::Ends;
use crate::writer::Writer;
use rapport_core::event::SourceNo;
use rapport_core::outcome::Outcome;
use rapport_core::position::Position;
use rapport_core::time::Millis;
use rapport_store::Result;
use rapport_store::history::Entry;
use rapport_store::state::{Table, Write, number_key};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Writes a batch.
pub(crate) async fn step(
    writer: &mut Writer,
    folded: Folded,
    messages: Vec<Message>,
    source: Source<'_>,
) -> Result<()> {
    let Folded {
        ended,
        effects,
        accepted,
    } = folded;
    let mut writes = Vec::new();
    let head = match source {
        Source::Ledger(requests) => {
            let (Some(first), Some(last)) = (requests.first(), requests.last()) else {
                return Ok(());
            };
            let items = ended
                .iter()
                .map(|e| (e.outcome.clone(), e.origin))
                .collect();
            let ends = Ends {
                last: last.number,
                items,
            };
            writes.push(rows::put(Table::Tail, number_key(first.number), &ends));
            writer.received = writer.received.max(last.received);
            Position::event(last.number, 0)
        }
        Source::Replay => match ended.last() {
            Some(last) => Position::event(last.event.position.request, 0),
            None => return Ok(()),
        },
    };
    count(writer, &ended);
    note_received(&ended, &mut writes);
    writes.extend(ended.iter().filter_map(rejected));
    writer.effects(&effects, &mut writes).await?;
    writer.messages(&messages, &mut writes);
    let row = |ended: Ended| Entry::Event(Arc::new(ended.into_row()));
    let rows = ended.into_iter().map(row).collect();
    writer.commit_entries(head, writes, rows).await?;
    writer.recent.extend(accepted);
    if !messages.is_empty() {
        writer.shared.announce_messages();
    }
    Ok(())
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
fn rejected(ended: &Ended) -> Option<Write> {
    if matches!(ended.outcome, Outcome::Accepted | Outcome::Duplicate) {
        return None;
    }
    let kept = crate::rejected::Rejected::of(ended);
    let key = rows::position_key(ended.event.position);
    Some(rows::put(Table::Rejected, key, &kept))
}
