//! Every change of the rules of the fold, kept beside the state: an undo folds a person's past
//! again and meets each of them where it stood.

use crate::shared::Shared;
use crate::writer::all;
use rapport_core::entry::CommandEntry;
use rapport_core::fold::rulebook::Revision;
use rapport_core::identity::ProfileNo;
use rapport_core::position::Position;
use rapport_store::state::{Table, Write};
use rapport_store::{Error, Result};

/// The row that keeps what a command changed of the rules, where it changed any.
pub(crate) fn row(entry: &CommandEntry, next_profile: ProfileNo) -> Option<Write> {
    let revision = Revision::of(entry, next_profile)?;
    let json = serde_json::to_vec(&revision).expect("commands are plain data");
    Some(Write {
        table: Table::Revision,
        key: crate::rows::position_key(entry.position),
        value: Some(json),
    })
}

/// Those behind an entry, in order.
pub(crate) async fn read(shared: &Shared, after: Position) -> Result<Vec<Revision>> {
    let rows = all(&*shared.roles.state, Table::Revision).await?;
    let first = crate::rows::position_key(after);
    rows.iter()
        .filter(|(key, _)| *key > first)
        .map(|(_, json)| serde_json::from_slice(json).map_err(|error| damaged(&error.to_string())))
        .collect()
}

/// What is wrong where they are not those that were applied.
pub(crate) fn damaged(detail: &str) -> Error {
    Error::Damaged {
        what: "the rules as they were".to_owned(),
        detail: detail.to_owned(),
    }
}
