//! Why an input is refused: typed, with the property it is about, so that every dialect finds its words.

use crate::crm::value::{Invalid, TEXT_CHARS_MAX};
use crate::crm::{RecordNo, TypeId};

/// Why one input of a write changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no type of this name or number.
    #[error("there is no object type {0}")]
    TypeUnknown(Box<str>),
    /// The type has no property of this name in use.
    #[error("Property \"{property}\" does not exist")]
    PropertyDoesntExist {
        /// The name as sent.
        property: Box<str>,
    },
    /// The value is none of the choices.
    #[error("{option} was not one of the allowed options: [{}]", allowed.join(", "))]
    InvalidOption {
        /// The property.
        property: Box<str>,
        /// What was sent.
        option: Box<str>,
        /// The first of what is allowed.
        allowed: Vec<Box<str>>,
    },
    /// The value is not a number.
    #[error("{value} was not a valid number.")]
    InvalidNumber {
        /// The property.
        property: Box<str>,
        /// What was sent.
        value: Box<str>,
    },
    /// The value is neither a day nor, where one is asked for, an instant.
    #[error("{reason}")]
    InvalidDate {
        /// The property.
        property: Box<str>,
        /// What was sent.
        value: Box<str>,
        /// A sentence with a way out.
        reason: Box<str>,
    },
    /// The value is not `true` or `false`.
    #[error("{value} was not one of the allowed options: [true, false]")]
    InvalidBool {
        /// The property.
        property: Box<str>,
        /// What was sent.
        value: Box<str>,
    },
    /// The value is no text a property can hold, or not the e-mail, phone number or id it should be.
    #[error("Property {property}: {reason}")]
    InvalidText {
        /// The property.
        property: Box<str>,
        /// What is wrong with it.
        reason: Box<str>,
    },
    /// The text is too long.
    #[error("the value has {chars} characters, and {property} keeps {TEXT_CHARS_MAX} at most")]
    TooLong {
        /// The property.
        property: Box<str>,
        /// How many were sent.
        chars: usize,
    },
    /// No input may set the property.
    #[error("\"{property}\" is a read only property; its value cannot be set.")]
    ReadOnly {
        /// The property.
        property: Box<str>,
    },
    /// Another record has this value already.
    #[error("{property} is already used by record {existing}")]
    NotUnique {
        /// The property.
        property: Box<str>,
        /// The value, as spelled.
        value: Box<str>,
        /// Who has it.
        existing: RecordNo,
    },
    /// The property that is to name a record is not unique.
    #[error("{property} is not a unique property, so it cannot name a record")]
    NotAnIdProperty {
        /// The property.
        property: Box<str>,
    },
    /// Properties a record cannot be without are missing.
    #[error("required properties are missing: {}", properties.join(", "))]
    RequiredMissing {
        /// Their names.
        properties: Vec<Box<str>>,
    },
    /// The stage asks for properties the record has not got.
    #[error("stage {stage} requires {}", properties.join(", "))]
    RequiredByStage {
        /// The stage's id.
        stage: Box<str>,
        /// The names of what is missing.
        properties: Vec<Box<str>>,
    },
    /// There is no such pipeline.
    #[error("there is no pipeline {pipeline}; there are {}", allowed.join(", "))]
    PipelineUnknown {
        /// The property that names it.
        property: Box<str>,
        /// What was sent.
        pipeline: Box<str>,
        /// The ids there are.
        allowed: Vec<Box<str>>,
    },
    /// The pipeline has no such stage.
    #[error("pipeline {pipeline} has no stage {stage}; it has {}", allowed.join(", "))]
    StageUnknown {
        /// The property that names it.
        property: Box<str>,
        /// The pipeline's id.
        pipeline: Box<str>,
        /// What was sent.
        stage: Box<str>,
        /// The ids it has.
        allowed: Vec<Box<str>>,
    },
    /// There is no such record, or the actor may not know of it.
    #[error("there is no record {reference} of type {object}")]
    NotFound {
        /// The type.
        object: TypeId,
        /// What was asked for.
        reference: Box<str>,
    },
    /// An input that makes a record named one, or the other way round.
    #[error("{0}")]
    BadReference(Box<str>),
    /// A batch names the same record twice.
    #[error("record {reference} is in the batch twice")]
    Twice {
        /// The record.
        reference: Box<str>,
    },
    /// A record cannot be merged with itself, or not with one of this kind.
    #[error("{0}")]
    CannotMerge(Box<str>),
    /// There is no such way to associate records of these types.
    #[error("no association type {type_id} leads from {from} to {to}")]
    UnknownAssociationType {
        /// From records of this type.
        from: TypeId,
        /// To records of this type.
        to: TypeId,
        /// The number sent; 0 where the plain one is missing.
        type_id: u32,
    },
    /// The record has as many links of this kind as it may have.
    #[error("record {record} already has {max} associations of type {type_id} to {to}")]
    LinkLimit {
        /// The record at its limit.
        record: RecordNo,
        /// To records of this type.
        to: TypeId,
        /// The kind of link.
        type_id: u32,
        /// How many it may have.
        max: u32,
    },
    /// The actor may not.
    #[error("{0}")]
    NotAllowed(Box<str>),
    /// Another record has this value already, and the actor may not know which.
    #[error("{property} is already used by another record")]
    Taken {
        /// The property.
        property: Box<str>,
    },
}

impl Refused {
    /// What is wrong with a value of a property.
    #[must_use]
    pub fn value(property: &str, invalid: Invalid) -> Refused {
        let property = property.into();
        let reason: Box<str> = invalid.to_string().into();
        match invalid {
            Invalid::Bool(value) => Refused::InvalidBool { property, value },
            Invalid::Number(value) => Refused::InvalidNumber { property, value },
            Invalid::Date(value) | Invalid::Instant(value) => Refused::InvalidDate {
                property,
                value,
                reason,
            },
            Invalid::Choice { option, allowed } => Refused::InvalidOption {
                property,
                option,
                allowed,
            },
            Invalid::TooLong { chars } => Refused::TooLong { property, chars },
            Invalid::Id(_) | Invalid::Nul => Refused::InvalidText { property, reason },
        }
    }

    /// The property it is about, if it is about one.
    #[must_use]
    pub fn property(&self) -> Option<&str> {
        match self {
            Refused::PropertyDoesntExist { property }
            | Refused::InvalidOption { property, .. }
            | Refused::InvalidNumber { property, .. }
            | Refused::InvalidDate { property, .. }
            | Refused::InvalidBool { property, .. }
            | Refused::InvalidText { property, .. }
            | Refused::TooLong { property, .. }
            | Refused::ReadOnly { property }
            | Refused::NotUnique { property, .. }
            | Refused::Taken { property }
            | Refused::NotAnIdProperty { property }
            | Refused::PipelineUnknown { property, .. }
            | Refused::StageUnknown { property, .. } => Some(property),
            Refused::RequiredMissing { properties }
            | Refused::RequiredByStage { properties, .. } => {
                properties.first().map(|property| &**property)
            }
            _ => None,
        }
    }

    /// A word for it that programs can rely on.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Refused::TypeUnknown(_) => "OBJECT_TYPE_UNKNOWN",
            Refused::PropertyDoesntExist { .. } => "PROPERTY_DOESNT_EXIST",
            Refused::InvalidOption { .. } | Refused::InvalidBool { .. } => "INVALID_OPTION",
            Refused::InvalidNumber { .. } => "INVALID_NUMBER",
            Refused::InvalidDate { .. } => "INVALID_DATE",
            Refused::InvalidText { .. } => "INVALID_VALUE",
            Refused::TooLong { .. } => "VALUE_TOO_LONG",
            Refused::ReadOnly { .. } => "READ_ONLY_VALUE",
            Refused::NotUnique { .. } | Refused::Taken { .. } => "UNIQUE_VALUE_CONFLICT",
            Refused::NotAnIdProperty { .. } => "NOT_A_UNIQUE_PROPERTY",
            Refused::RequiredMissing { .. } => "REQUIRED_PROPERTY_MISSING",
            Refused::RequiredByStage { .. } => "REQUIRED_BY_STAGE",
            Refused::PipelineUnknown { .. } => "INVALID_PIPELINE",
            Refused::StageUnknown { .. } => "INVALID_PIPELINE_STAGE",
            Refused::NotFound { .. } => "OBJECT_NOT_FOUND",
            Refused::BadReference(_) => "INVALID_REFERENCE",
            Refused::Twice { .. } => "DUPLICATE_INPUT",
            Refused::CannotMerge(_) => "CANNOT_MERGE",
            Refused::UnknownAssociationType { .. } => "ASSOCIATION_TYPE_UNKNOWN",
            Refused::LinkLimit { .. } => "ASSOCIATION_LIMIT_REACHED",
            Refused::NotAllowed(_) => "NOT_ALLOWED",
        }
    }
}
