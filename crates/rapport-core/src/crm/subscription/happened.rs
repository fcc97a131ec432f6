//! What records went through, entry by entry.

use super::What;
use crate::crm::history::Origin;
use crate::crm::{PropertyNo, RecordNo, TypeId, Value};
use crate::position::Position;
use crate::time::Millis;

/// Something that happened to a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Happened {
    /// The record's type.
    pub object: TypeId,
    /// The record, as numbered when it happened.
    pub record: RecordNo,
    /// The entry, and which of its inputs.
    pub place: Position,
    /// When the entry was received.
    pub at: Millis,
    /// By whom or what.
    pub origin: Origin,
    /// What happened.
    pub of: Of,
}

/// What happened to it.
#[derive(Clone, Debug, PartialEq)]
pub enum Of {
    /// It was made.
    Created,
    /// It was archived.
    Archived,
    /// It was taken out of the bin, or a merge of it was taken back.
    Restored,
    /// A property of it has another value.
    Changed {
        /// The property.
        property: PropertyNo,
        /// Its value now.
        value: Option<Value>,
    },
    /// Another one became part of it.
    Merged {
        /// The other one.
        absorbed: RecordNo,
    },
    /// It was linked to another one, or is not any more.
    Linked {
        /// The type of the other one.
        to: TypeId,
        /// The other one.
        other: RecordNo,
        /// As what.
        kind: u32,
        /// Whether it is not any more.
        removed: bool,
    },
}

impl Of {
    /// The kind of thing it is.
    #[must_use]
    pub fn what(&self) -> What {
        match self {
            Of::Created => What::Creation,
            Of::Archived => What::Deletion,
            Of::Restored => What::Restore,
            Of::Changed { .. } => What::PropertyChange,
            Of::Merged { .. } => What::Merge,
            Of::Linked { .. } => What::AssociationChange,
        }
    }

    /// What tells it from others of its kind in the same entry.
    pub(super) fn mark(&self) -> String {
        match self {
            Of::Created | Of::Archived | Of::Restored => String::new(),
            Of::Changed { property, .. } => property.0.to_string(),
            Of::Merged { absorbed } => absorbed.to_string(),
            Of::Linked {
                to,
                other,
                kind,
                removed,
            } => format!("{to}/{other}/{kind}/{removed}"),
        }
    }
}
