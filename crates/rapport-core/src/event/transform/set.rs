//! `set`: a value is put in its place.

use super::draft::Draft;
use super::path::Path;
use serde::{Deserialize, Serialize};

/// The largest value, as JSON.
const VALUE_BYTES_MAX: usize = 4_096;

/// Puts a value in its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Set {
    path: Path,
    value: serde_json::Value,
    /// Only where there is none yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    if_absent: bool,
}

impl Set {
    pub(super) fn check(&self) -> Result<(), String> {
        self.path.check_target()?;
        if self.path.has_many() {
            return Err("a value is put in one place: `*` is none".to_owned());
        }
        if self.value.to_string().len() > VALUE_BYTES_MAX {
            return Err(format!("a value may have {VALUE_BYTES_MAX} bytes"));
        }
        Ok(())
    }

    pub(super) fn apply(&self, draft: &mut Draft<'_>) {
        let is_there = draft.at(&self.path).is_some_and(|raw| raw != "null");
        if !(self.if_absent && is_there) {
            draft.put(&self.path, &self.value.to_string());
        }
    }
}
