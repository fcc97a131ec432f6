//! Histories: every change of a property of a record, with who, when and from where.

use crate::crm::PropertyNo;
use crate::crm::value::Value;
use crate::crm::write::Change;
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One change of one property of one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The property.
    pub property: PropertyNo,
    /// What was there, as spelled; `None` for nothing.
    pub old: Option<Box<str>>,
    /// What is there since, as spelled; `None` for nothing.
    pub new: Option<Box<str>>,
    /// When.
    pub at: Millis,
    /// By whom or what.
    pub origin: Origin,
}

/// By whom or what a property was changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// By what kind of door.
    pub door: Door,
    /// Which of them: a token's name, a source's, a member's number.
    #[serde(default)]
    pub id: Box<str>,
    /// What people call it.
    #[serde(default)]
    pub label: Box<str>,
    /// The number of the member, if it was one.
    #[serde(default)]
    pub member: Option<u64>,
}

/// By what kind of door a change came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// By a program, with a token.
    #[default]
    Api,
    /// By a member, in the console.
    Console,
    /// By an event.
    Tracking,
    /// By a file.
    Import,
    /// By a formula or a rule of a pipeline.
    Calculated,
    /// By a merge.
    Merge,
    /// By Rapport, for other reasons.
    Rapport,
    /// By a bulk.
    Bulk,
    /// By a bulk that took another one back.
    Undo,
}

impl Door {
    /// Its word in the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Door::Api => "INTEGRATION",
            Door::Console => "CRM_UI",
            Door::Tracking => "ANALYTICS",
            Door::Import => "IMPORT",
            Door::Calculated => "CALCULATED",
            Door::Merge => "MERGE_OBJECTS",
            Door::Rapport => "SYSTEM",
            Door::Bulk | Door::Undo => "CRM_UI_BULK_ACTION",
        }
    }
}

/// Whether somebody wrote a property, whose later rows came by these doors. Bulks that were taken back
/// again leave it as it was before them; what was taken back that is not among them was before, and
/// a bulk behind that stands by itself.
pub fn is_written(later: impl Iterator<Item = Door>) -> bool {
    let mut standing = 0_u64;
    for door in later {
        match door {
            Door::Bulk => standing += 1,
            Door::Undo if standing == 0 => return true,
            Door::Undo => standing -= 1,
            _ => return true,
        }
    }
    standing != 0
}

/// The rows of a change to what was there before, ascending by property.
#[must_use]
pub fn rows(
    before: &BTreeMap<PropertyNo, Value>,
    change: &Change,
    at: Millis,
    origin: &Origin,
) -> Vec<Row> {
    let spelled = |value: &Value| value.spelled().into();
    let row = |(property, new): (&PropertyNo, &Option<Value>)| Row {
        property: *property,
        old: before.get(property).map(spelled),
        new: new.as_ref().map(spelled),
        at,
        origin: origin.clone(),
    };
    change.values.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bulks_that_were_taken_back_have_written_nothing() {
        let cases: [(&[Door], bool); 7] = [
            (&[], false),
            (&[Door::Bulk, Door::Undo], false),
            (&[Door::Bulk, Door::Bulk, Door::Undo, Door::Undo], false),
            (&[Door::Bulk, Door::Undo, Door::Bulk], true),
            (&[Door::Undo], true),
            (&[Door::Undo, Door::Bulk], true),
            (&[Door::Bulk, Door::Console, Door::Undo], true),
        ];
        for (later, written) in cases {
            assert_eq!(is_written(later.iter().copied()), written, "{later:?}");
        }
    }
}
