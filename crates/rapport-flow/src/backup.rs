//! Backup: state, manifest, files and ledger as of one commit, while everything goes on.

use crate::error::Result;
use crate::shared::{Files, Roles};
use rapport_store::state::Head;
use std::path::Path;

/// Copies a directory into `target`, which does not exist yet; returns how far the copy is.
///
/// First the state, then every file it may list (`files` is asked behind the copy and may name
/// more: what a state does not list is swept when it is opened), then the ledger, which has every
/// request the state's tail speaks of. Whoever removes files or forgets requests must hold still
/// meanwhile.
///
/// # Errors
/// Those of storage.
pub async fn back_up(roles: &Roles, target: &Path, files: impl Fn() -> Files) -> Result<Head> {
    std::fs::create_dir_all(target).map_err(|error| rapport_store::Error::Engine {
        what: format!("making {}", target.display()),
        detail: error.to_string(),
    })?;
    let head = roles.state.back_up(target).await?;
    let files = files();
    roles
        .history
        .back_up(&files.history, &target.join("history"))
        .await?;
    roles
        .seen
        .back_up(&files.runs, &target.join("seen"))
        .await?;
    roles.ledger.back_up(target).await?;
    Ok(head)
}
