//! What a subscription tells of, and how the dialect spells it: `deal.propertyChange`.

use crate::crm::TypeId;
use serde::{Deserialize, Serialize};

/// Something that can happen to the records of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Kind {
    /// The type.
    pub object: TypeId,
    /// What happens.
    pub what: What,
    /// Whether it is spelled `object.…`, with the type beside it.
    #[serde(default)]
    pub generic: bool,
}

/// What happens to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// It is made.
    Creation,
    /// It is archived.
    Deletion,
    /// One of its properties has another value.
    PropertyChange,
    /// Another one becomes part of it.
    Merge,
    /// It is taken out of the bin, or a merge of it is taken back.
    Restore,
    /// It is linked to another one, or not any more.
    AssociationChange,
}

/// What a spelling comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelled {
    /// What happens to records of a type.
    Of(TypeId, What),
    /// What happens to records of the type that stands beside it.
    OfAny(What),
    /// Something that the dialect knows and that cannot happen here.
    NotHere,
    /// Nothing.
    Unknown,
}

/// The types that have a word of their own.
const WORDS: [(&str, TypeId); 6] = [
    ("contact", TypeId::CONTACT),
    ("company", TypeId::COMPANY),
    ("deal", TypeId::DEAL),
    ("ticket", TypeId::TICKET),
    ("product", TypeId::PRODUCT),
    ("line_item", TypeId::LINE_ITEM),
];

/// What the dialect knows of conversations, and of people gone for good.
const NOT_HERE: [&str; 6] = [
    "contact.privacyDeletion",
    "conversation.creation",
    "conversation.deletion",
    "conversation.newMessage",
    "conversation.privacyDeletion",
    "conversation.propertyChange",
];

const ANY: &str = "object";

impl What {
    /// Everything that can happen.
    pub const ALL: [What; 6] = [
        What::Creation,
        What::Deletion,
        What::PropertyChange,
        What::Merge,
        What::Restore,
        What::AssociationChange,
    ];

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            What::Creation => "creation",
            What::Deletion => "deletion",
            What::PropertyChange => "propertyChange",
            What::Merge => "merge",
            What::Restore => "restore",
            What::AssociationChange => "associationChange",
        }
    }
}

impl Kind {
    /// As the dialect spells it.
    #[must_use]
    pub fn spelled(self) -> String {
        let named = WORDS.iter().find(|(_, object)| *object == self.object);
        let word = named.map_or(ANY, |(word, _)| word);
        let word = if self.generic { ANY } else { word };
        format!("{word}.{}", self.what.word())
    }

    /// What a spelling means.
    #[must_use]
    pub fn read(text: &str) -> Spelled {
        if NOT_HERE.contains(&text) {
            return Spelled::NotHere;
        }
        let Some((word, rest)) = text.split_once('.') else {
            return Spelled::Unknown;
        };
        let Some(what) = What::ALL.into_iter().find(|what| what.word() == rest) else {
            return Spelled::Unknown;
        };
        let named = WORDS.iter().find(|(known, _)| *known == word);
        match named {
            // The dialect tells of no product's associations under its own word.
            Some((_, TypeId::PRODUCT)) if what == What::AssociationChange => Spelled::Unknown,
            Some((_, object)) => Spelled::Of(*object, what),
            None if word == ANY => Spelled::OfAny(what),
            None => Spelled::Unknown,
        }
    }
}
