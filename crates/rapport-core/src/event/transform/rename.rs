//! `rename`: a value goes by another name, or to another place.

use super::draft::Draft;
use super::path::Path;
use crate::json::edit::{self, Edit, Part};
use serde::{Deserialize, Serialize};

/// Gives a value another name. What had that name before goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rename {
    from: Path,
    to: Path,
}

impl Rename {
    pub(super) fn check(&self) -> Result<(), String> {
        self.from.check_target()?;
        self.to.check_target()?;
        if self.from == self.to {
            return Err("`from` and `to` are the same".to_owned());
        }
        let has_many = self.from.has_many() || self.to.has_many();
        if has_many && self.siblings().is_none() {
            return Err("paths with `*` differ in their last name alone".to_owned());
        }
        Ok(())
    }

    pub(super) fn apply(&self, draft: &mut Draft<'_>) {
        if let Some((parent, from, to)) = self.siblings()
            && !parent.is_empty()
        {
            let rename =
                |object: &str| edit::rename(object, from, to).map_or(Edit::Keep, Edit::Replace);
            draft.edit_parent(&self.from, rename);
            return;
        }
        let Some(value) = draft.at(&self.from).map(str::to_owned) else {
            return;
        };
        draft.edit(&self.from, |_| Edit::Drop);
        draft.put(&self.to, &value);
    }

    /// What both paths have in common, and the two last names, where nothing else differs.
    fn siblings(&self) -> Option<(&[Part], &str, &str)> {
        let (from, parent) = self.from.parts().split_last()?;
        let (to, other) = self.to.parts().split_last()?;
        match (from, to) {
            (Part::Name(from), Part::Name(to)) if parent == other => Some((parent, from, to)),
            _ => None,
        }
    }
}
