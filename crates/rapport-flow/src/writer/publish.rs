//! Publishing: files that jobs wrote count once one transaction lists them.

use super::Writer;
use crate::discovery;
use crate::jobs;
use crate::rows;
use crate::shared::Files;
use rapport_core::position::Position;
use rapport_store::Result;
use rapport_store::state::{self, Page, Table, number_key};
use std::sync::Arc;

/// The key of [`Files::forgotten`] in [`Table::Meta`].
pub(crate) const FORGOTTEN: &[u8] = b"forgotten";

/// Lists new files and drops what they replace, in one transaction.
pub(crate) async fn publish(writer: &mut Writer, published: jobs::Published) -> Result<()> {
    let mut writes = Vec::new();
    for file in &published.history {
        writes.push(rows::put(
            Table::File,
            file_key("history", &file.name),
            file,
        ));
    }
    for run in &published.runs {
        writes.push(rows::put(Table::File, file_key("seen", &run.name), run));
    }
    for name in &published.replaced_history {
        writes.push(rows::remove(Table::File, file_key("history", name)));
    }
    for name in &published.replaced_runs {
        writes.push(rows::remove(Table::File, file_key("seen", name)));
    }
    let forgotten = published.forgotten.max(writer.shared.files().forgotten);
    if let Some(moment) = forgotten {
        writes.push(rows::put(Table::Meta, FORGOTTEN.into(), &moment));
    }
    if let Some(through) = published.flushed {
        forget_tail(writer, through, &mut writes).await?;
        let state = &*writer.shared.roles.state;
        discovery::add(state, &published.discovered, &mut writes).await?;
    }
    writer.commit(writer.head.position, writes).await?;
    let mut recorded = writer.shared.recorded_mut();
    let mut files = Files::clone(&recorded.files);
    writer.shared.note_replaced(&files);
    files
        .history
        .retain(|file| !published.replaced_history.contains(&file.name));
    files.history.extend(published.history);
    files.history.sort_by_key(|file| (file.first, file.last));
    files
        .runs
        .retain(|run| !published.replaced_runs.contains(&run.name));
    files.runs.extend(published.runs);
    files.runs.sort_by_key(|run| run.received);
    files.forgotten = forgotten;
    recorded.files = Arc::new(files);
    if let Some(through) = published.flushed {
        recorded.tail.forget(through);
    }
    drop(recorded);
    writer.recent.forget(published.ids.iter());
    Ok(())
}

async fn forget_tail(
    writer: &Writer,
    through: Position,
    writes: &mut Vec<state::Write>,
) -> Result<()> {
    let state = &writer.shared.roles.state;
    for (table, to) in [
        (Table::Tail, number_key(through.request + 1)),
        (
            Table::Command,
            rows::position_key(Position {
                index: u32::MAX,
                ..through
            }),
        ),
    ] {
        let page = Page {
            table,
            from: Box::default(),
            to: Some(to),
            limit: usize::MAX >> 1,
            order: state::Order::Ascending,
        };
        writes.extend(
            state
                .scan(page)
                .await?
                .into_iter()
                .map(|(key, _)| rows::remove(table, key)),
        );
    }
    Ok(())
}

/// The key under which the state lists a file.
fn file_key(kind: &str, name: &str) -> state::Key {
    format!("{kind}/{name}").into_bytes().into()
}
