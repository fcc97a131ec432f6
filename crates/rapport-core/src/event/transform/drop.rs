//! `drop`: values are taken out.

use super::draft::Draft;
use super::path::Path;
use crate::json::edit::Edit;
use serde::{Deserialize, Serialize};

/// Takes values out of events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Drop {
    paths: Vec<Path>,
}

impl Drop {
    pub(super) fn paths(&self) -> usize {
        self.paths.len()
    }

    pub(super) fn check(&self) -> Result<(), String> {
        super::check_targets(&self.paths)
    }

    pub(super) fn apply(&self, draft: &mut Draft<'_>) {
        for path in &self.paths {
            draft.edit(path, |_| Edit::Drop);
        }
    }
}
