//! Changes of what is defined: a rule each for properties, groups, pipelines, types and labels.
//!
//! A rule takes the [`Definitions`](crate::crm::Definitions) and what is asked for, and gives the
//! [`Definition`]s that are another way afterwards, whole. Those are what is stored, a row of
//! configuration each under [`Definition::key`], and what
//! [`Definitions::put`](crate::crm::Definitions::put) puts in force. Nothing defined is ever
//! removed: it is archived, so that its number is not given twice.

use crate::crm::association::AssociationType;
use crate::crm::definitions::Definitions;
use crate::crm::object::{Head, ObjectType};
use crate::crm::pipeline::Pipeline;
use crate::crm::property::{Property, PropertyGroup};
use crate::crm::{TypeId, formula};
use crate::time::Millis;
use serde::{Deserialize, Serialize};

pub use draft::{
    GroupDraft, LabelDraft, ObjectTypeDraft, PipelineDraft, PropertyDraft, StageDraft,
};

pub mod association;
mod choice;
mod draft;
pub mod group;
mod kind;
mod name;
pub mod object_type;
pub mod pipeline;
pub mod property;
#[cfg(test)]
mod tests;

/// One thing that is defined, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Definition {
    /// A type, without its properties, groups and pipelines.
    Object(Box<Head>),
    /// A property of a type.
    Property {
        /// The type.
        object: TypeId,
        /// The property.
        property: Box<Property>,
    },
    /// A group of properties of a type.
    Group {
        /// The type.
        object: TypeId,
        /// The group.
        group: PropertyGroup,
    },
    /// A pipeline of a type, with its stages.
    Pipeline {
        /// The type.
        object: TypeId,
        /// The pipeline.
        pipeline: Pipeline,
    },
    /// One direction of an association.
    Association(Box<AssociationType>),
}

/// Whether what is put may, must or must not be there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Must {
    /// It is made, and must not be there.
    BeNew,
    /// It is changed, and must be there.
    Exist,
    /// It is made or changed.
    #[default]
    Either,
}

/// When and by whom.
#[derive(Clone, Copy, Debug)]
pub struct By<'a> {
    /// When.
    pub at: Millis,
    /// By whom.
    pub actor: &'a str,
}

/// Why a definition cannot be changed as asked.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// There is no such thing.
    #[error("there is no {what}")]
    NotFound {
        /// What was asked for.
        what: Box<str>,
    },
    /// What is to be new is there already.
    #[error("{what} already exists")]
    Exists {
        /// What is there.
        what: Box<str>,
    },
    /// A name, a label or another part is not as it has to be.
    #[error("{0}")]
    Invalid(Box<str>),
    /// What Rapport brings cannot be changed this way.
    #[error("{0}")]
    Fixed(Box<str>),
    /// Something else relies on it.
    #[error("{what} is used by {by}")]
    InUse {
        /// What cannot go.
        what: Box<str>,
        /// What relies on it.
        by: Box<str>,
    },
    /// A formula cannot be read or does not fit.
    #[error("{0}")]
    Formula(#[from] formula::Error),
    /// There are as many as there may be.
    #[error("{0}")]
    Limit(Box<str>),
}

/// What a change is another way afterwards, or why it is not.
pub type Changed = Result<Vec<Definition>, Error>;

impl Definition {
    /// The key of its row of configuration.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Definition::Object(head) => format!("crm/object/{}", head.id),
            Definition::Property { object, property } => {
                format!("crm/property/{object}/{}", property.no.0)
            }
            Definition::Group { object, group } => format!("crm/group/{object}/{}", group.name),
            Definition::Pipeline { object, pipeline } => {
                format!("crm/pipeline/{object}/{}", pipeline.id)
            }
            Definition::Association(association) => format!(
                "crm/association/{}/{}/{}",
                association.from, association.to, association.type_id
            ),
        }
    }
}

/// The type of this number that is in use.
fn object(definitions: &Definitions, id: TypeId) -> Result<&ObjectType, Error> {
    let what = || format!("object type {id}").into();
    definitions
        .get(id)
        .ok_or_else(|| Error::NotFound { what: what() })
}
