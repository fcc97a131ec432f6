//! `filter`: events are left out.

use super::condition::Condition;
use super::draft::Draft;
use serde::{Deserialize, Serialize};

/// Leaves events out: all but those to keep, or those to drop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keep: Option<Condition>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    drop: Option<Condition>,
}

impl Filter {
    pub(super) fn check(&self) -> Result<(), String> {
        match (&self.keep, &self.drop) {
            (None, None) => Err("a filter needs `keep` or `drop`".to_owned()),
            (Some(_), Some(_)) => Err("a filter has `keep` or `drop`, not both".to_owned()),
            _ => Ok(()),
        }
    }

    pub(super) fn leaves_out(&self, draft: &Draft<'_>) -> bool {
        let holds = |condition: &Condition| condition.holds(draft.item());
        self.keep.as_ref().is_some_and(|keep| !holds(keep)) || self.drop.as_ref().is_some_and(holds)
    }
}
