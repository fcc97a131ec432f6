//! Mappings: what makes events of the JSON that other systems' webhooks send.
//!
//! A map is JSON itself and only says where things are: `parts` find the items of a delivery, the
//! first of a part's `rules` whose `when` holds for an item makes an event of it. Values are
//! constants, or templates such as `"wa-{id}"` whose braces hold paths into the item, into what
//! encloses it (`^`), into the whole body (`$`) and into the headers (`@`).
//!
//! There are no loops but over what was sent, no recursion and no expressions that backtrack; how
//! many events, how many steps and how many bytes one delivery may cost is bounded, so a hostile
//! delivery costs what its limits say and nothing more.

use crate::event::Kind;
use crate::identity::Identifier;
use crate::outcome::Reason;
use crate::time::Millis;

mod apply;
mod condition;
mod conversion;
mod error;
mod expression;
mod fuel;
mod node;
mod path;
mod read;
pub mod ready;
mod template;
#[cfg(test)]
mod tests;

pub use error::Error;

/// Largest map, in bytes of its JSON text.
pub const MAP_BYTES_MAX: usize = 64 * 1024;
/// Most events of one delivery.
pub const EVENTS_MAX: usize = 2_500;
/// Largest sum of what one delivery becomes, in bytes of JSON.
pub const OUTPUT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A map, read and ready to be applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    parts: Vec<Part>,
    /// Whether what no rule takes is skipped instead of rejected.
    skips_others: bool,
}

/// Some items of a delivery, and the rules for them.
#[derive(Clone, Debug, PartialEq)]
struct Part {
    each: path::Each,
    rules: Vec<Rule>,
}

/// What to make of an item, and of which.
#[derive(Clone, Debug, PartialEq)]
struct Rule {
    /// Where it stands in the map, for messages.
    place: Box<str>,
    when: condition::Condition,
    make: Make,
}

#[derive(Clone, Debug, PartialEq)]
enum Make {
    /// Nothing, on purpose.
    Skip,
    Event(Box<Recipe>),
}

/// What an event is made of.
#[derive(Clone, Debug, PartialEq)]
struct Recipe {
    kind: Kind,
    name: Option<expression::Expression>,
    identifiers: Vec<(crate::identity::IdKind, expression::Expression)>,
    previous: Option<expression::Expression>,
    group: Option<expression::Expression>,
    time: Option<expression::Expression>,
    message_id: Option<expression::Expression>,
    properties: expression::Members,
    traits: expression::Members,
    context: expression::Members,
}

/// One delivery: what a webhook sent.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// Headers that were kept, names in lower case.
    pub headers: &'a [(String, String)],
    /// The body: known to be JSON.
    pub body: &'a str,
}

/// What became of one item.
#[derive(Clone, Debug, PartialEq)]
pub enum Mapped {
    /// An event.
    Event(Box<Draft>),
    /// Left out on purpose.
    Skipped {
        /// Which rule did.
        reason: Reason,
        /// The body, narrowed to this item.
        body: String,
    },
    /// No event could be made of it.
    Invalid {
        /// Why not.
        reason: Reason,
        /// The body, narrowed to this item.
        body: String,
    },
}

/// What a map says of an event: all but where and when it was received.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// Its type.
    pub kind: Kind,
    /// Its name, empty where it has none.
    pub name: Box<str>,
    /// Its message id, the same for the same item.
    pub message_id: Box<str>,
    /// When it happened, where the item says.
    pub original: Option<Millis>,
    /// Whom it is about.
    pub identifiers: Vec<Identifier>,
    /// Alias only: the id that was used before.
    pub previous: Option<Box<str>>,
    /// Group only: the company's id.
    pub group: Option<Box<str>>,
    /// Traits, as a JSON object.
    pub traits: Box<str>,
    /// Properties, as a JSON object.
    pub properties: Box<str>,
    /// Context, as a JSON object.
    pub context: Box<str>,
}

impl Map {
    /// Reads a map.
    ///
    /// # Errors
    /// [`Error`], which names the place in the map.
    pub fn parse(text: &str) -> Result<Map, Error> {
        read::map(text)
    }

    /// Makes events of a delivery, in the order of its parts and items. The same delivery is the
    /// same events for ever; whatever the body is, nothing panics.
    #[must_use]
    pub fn apply(&self, delivery: Delivery<'_>) -> Vec<Mapped> {
        apply::apply(self, delivery)
    }
}
