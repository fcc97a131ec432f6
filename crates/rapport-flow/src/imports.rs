//! Imports as the flow sees them: batches of rows that say which import they are of, and a tally
//! per import that is written in the transaction that decides the rows.
//!
//! The tally holds the cursor of the last batch folded, too. So after a crash an import goes on
//! exactly behind the rows that are decided, and counts none of them twice.

use crate::flow::Ended;
use crate::rows;
use crate::writer::Writer;
use rapport_core::event::dialect::import::Head;
use rapport_core::event::{Dialect, Request};
use rapport_core::outcome::Outcome;
use rapport_store::Result;
use rapport_store::state::{Key, State, Table, Write};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// How the rows of an import ended so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Events folded into their profiles.
    pub accepted: u64,
    /// Events that were there already.
    pub duplicate: u64,
    /// Events that a rule or a limit left out.
    pub left_out: u64,
    /// How far the import had come with the last of them, as its job spells it: JSON; empty
    /// before the first.
    pub cursor: Box<str>,
}

fn is_import(request: &Request) -> bool {
    request.origin.dialect == Dialect::Import
}

/// The rows that keep the tallies of the imports that these requests are of.
pub(crate) async fn tallied(
    writer: &Writer,
    requests: &[Request],
    ended: &[Ended],
) -> Result<Vec<Write>> {
    let mut tallies: BTreeMap<u64, Tally> = BTreeMap::new();
    for request in requests.iter().filter(|request| is_import(request)) {
        let Some(head) = Head::read(&request.body) else {
            continue;
        };
        let tally = match tallies.entry(head.import) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => {
                free.insert(tally(&*writer.shared.roles.state, head.import).await?)
            }
        };
        let from = ended.partition_point(|one| one.event.position.request < request.number);
        let to = ended.partition_point(|one| one.event.position.request <= request.number);
        for one in &ended[from..to] {
            match one.outcome {
                Outcome::Accepted => tally.accepted += 1,
                Outcome::Duplicate => tally.duplicate += 1,
                _ => tally.left_out += 1,
            }
        }
        tally.cursor = head.cursor;
    }
    let write = |(import, tally): (u64, Tally)| rows::put(Table::Meta, key(import), &tally);
    Ok(tallies.into_iter().map(write).collect())
}

/// How the rows of an import ended so far; nothing where none is folded.
///
/// # Errors
/// Those of storage.
pub(crate) async fn tally(state: &dyn State, import: u64) -> Result<Tally> {
    let row = state.load(Table::Meta, &[key(import)]).await?.remove(0);
    row.map_or_else(
        || Ok(Tally::default()),
        |row| rows::unpack(Table::Meta, &row),
    )
}

fn key(import: u64) -> Key {
    format!("import/{import}").into_bytes().into()
}
