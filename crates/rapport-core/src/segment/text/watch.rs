//! Who listens while a rule is read: what could stand at the end of its text, and what was spoken
//! of last.

use crate::event::Kind;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Something that could be written next and is no word of the language.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// The name of an event of this type.
    Event(Kind),
    /// A property of these events.
    Property(Kind, Option<Box<str>>),
    /// The name of a fact: `attribute`, `score`.
    Fact(&'static str),
    /// A value of what stands before it: a property or a fact, and its path.
    Value(Box<Slot>, Box<str>),
    /// The key of a segment.
    Segment,
    /// The name of a draw.
    Draw,
    /// A number.
    Number,
    /// A date.
    Date,
    /// A name for a step.
    Step,
}

/// Hears what a parser asks for.
#[derive(Debug, Default)]
pub(in crate::segment) struct Watch {
    heard: RefCell<Heard>,
}

#[derive(Debug)]
struct Heard {
    words: BTreeSet<Box<str>>,
    slots: BTreeSet<Slot>,
    event: (Kind, Option<Box<str>>),
    fact: Option<&'static str>,
    path: Box<str>,
}

impl Default for Heard {
    fn default() -> Heard {
        Heard {
            words: BTreeSet::new(),
            slots: BTreeSet::new(),
            event: (Kind::Track, None),
            fact: None,
            path: "".into(),
        }
    }
}

impl Watch {
    /// The words and the other things that could be written next.
    pub(in crate::segment) fn heard(self) -> (BTreeSet<Box<str>>, BTreeSet<Slot>) {
        let Heard { words, slots, .. } = self.heard.into_inner();
        (words, slots)
    }

    pub(super) fn word(&self, words: &str) {
        self.heard.borrow_mut().words.insert(words.into());
    }

    pub(super) fn slot(&self, slot: Slot) {
        self.heard.borrow_mut().slots.insert(slot);
    }

    /// An event was named; what follows is about its properties.
    pub(super) fn event(&self, kind: Kind, name: Option<&str>) {
        let mut heard = self.heard.borrow_mut();
        heard.event = (kind, name.map(Box::from));
        heard.fact = None;
    }

    /// What follows is about a fact, or again about the event's properties.
    pub(super) fn fact(&self, fact: Option<&'static str>) {
        self.heard.borrow_mut().fact = fact;
    }

    /// A path was read.
    pub(super) fn path(&self, path: String) {
        self.heard.borrow_mut().path = path.into();
    }

    /// What a name that follows would name.
    pub(super) fn named(&self) -> Slot {
        let heard = self.heard.borrow();
        match heard.fact {
            Some(fact) => Slot::Fact(fact),
            None => Slot::Property(heard.event.0, heard.event.1.clone()),
        }
    }

    /// A value of what was named last.
    pub(super) fn value(&self) -> Slot {
        let path = self.heard.borrow().path.clone();
        Slot::Value(Box::new(self.named()), path)
    }
}
