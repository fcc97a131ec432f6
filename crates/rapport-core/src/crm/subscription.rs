//! Subscriptions: what an app hears of records, and the messages that tell it.
//!
//! An app is a number that its owner chose; where it is told is its [`Destination`], and what a
//! subscription names is a [`Kind`]. [`happened`] is what records went through, [`message`] what
//! becomes of it in the outbox, [`change`] how subscriptions are made.

use crate::crm::TypeId;
use crate::entry::{Destination, Shape};
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

pub use self::change::{Draft, Error};
pub use self::happened::{Happened, Of};
pub use self::kind::{Kind, What};

pub mod change;
pub mod happened;
pub mod kind;
pub mod message;

#[cfg(test)]
mod tests;

/// How the key of an app's destination begins; its number follows.
const KEY: &str = "app-";

/// Number of an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AppNo(pub u64);

/// Number of a subscription, never given twice.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct SubscriptionNo(pub u64);

/// That an app wants to hear of something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Its number.
    pub no: SubscriptionNo,
    /// Whose it is.
    pub app: AppNo,
    /// Of what it tells.
    pub kind: Kind,
    /// The property whose changes are told, by name, where changes of one are.
    #[serde(default)]
    pub property: Option<Box<str>>,
    /// Whether it is told.
    pub active: bool,
    /// When it was made.
    pub created: Millis,
    /// When it changed last.
    pub updated: Millis,
}

/// All subscriptions there are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subscriptions {
    /// Shared, since a change takes a copy of all.
    all: BTreeMap<SubscriptionNo, Arc<Subscription>>,
    /// By app.
    apps: BTreeMap<AppNo, BTreeSet<SubscriptionNo>>,
    /// The active ones, by what they tell of.
    active: BTreeMap<Topic, BTreeSet<SubscriptionNo>>,
    last: SubscriptionNo,
}

/// What is told: of a property, of that one only; of anything else there is no name.
type Topic = (TypeId, What, Box<str>);

impl AppNo {
    /// The key of its destination.
    #[must_use]
    pub fn key(self) -> String {
        format!("{KEY}{}", self.0)
    }

    /// The app that a destination is of, if it is an app's.
    #[must_use]
    pub fn of(destination: &Destination) -> Option<AppNo> {
        let app = AppNo::of_key(&destination.key)?;
        (destination.shape == Shape::HubSpot).then_some(app)
    }

    /// The app whose destination has this key.
    #[must_use]
    pub fn of_key(key: &str) -> Option<AppNo> {
        let number = key.strip_prefix(KEY)?;
        AppNo::parse(number)
    }

    /// Reads a decimal number without sign or leading zero.
    #[must_use]
    pub fn parse(text: &str) -> Option<AppNo> {
        let number = text.parse::<u64>().ok()?;
        // Clients keep numbers as JSON does: exactly up to 2 to the 53rd.
        let fits = number > 0 && number < 1 << 53;
        (fits && number.to_string() == text).then_some(AppNo(number))
    }
}

impl fmt::Display for AppNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for SubscriptionNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Subscriptions {
    /// Those of these rows; `last` is the last number that was given.
    #[must_use]
    pub fn of_rows(rows: Vec<Subscription>, last: SubscriptionNo) -> Subscriptions {
        let mut subscriptions = Subscriptions {
            last,
            ..Subscriptions::default()
        };
        for row in rows {
            subscriptions.put(row);
        }
        subscriptions
    }

    /// Puts one in force, in the place of the one of its number.
    pub fn put(&mut self, subscription: Subscription) {
        let no = subscription.no;
        self.remove(no);
        self.last = self.last.max(no);
        self.apps.entry(subscription.app).or_default().insert(no);
        if subscription.active {
            let topic = subscription.topic();
            self.active.entry(topic).or_default().insert(no);
        }
        self.all.insert(no, Arc::new(subscription));
    }

    /// Takes one out of force.
    pub fn remove(&mut self, no: SubscriptionNo) {
        let Some(known) = self.all.remove(&no) else {
            return;
        };
        take(&mut self.apps, &known.app, no);
        take(&mut self.active, &known.topic(), no);
    }

    /// The last number that was given.
    #[must_use]
    pub fn last(&self) -> SubscriptionNo {
        self.last
    }

    /// Whether nobody wants to hear of anything.
    #[must_use]
    pub fn are_silent(&self) -> bool {
        self.active.is_empty()
    }

    /// The subscriptions of an app, ascending by number.
    pub fn of_app(&self, app: AppNo) -> impl Iterator<Item = &Subscription> {
        let numbers = self.apps.get(&app).into_iter().flatten();
        numbers.filter_map(|no| self.all.get(no).map(|one| &**one))
    }

    /// How many apps have any.
    pub(crate) fn apps(&self) -> usize {
        self.apps.len()
    }

    /// The subscription of this number, where it is the app's.
    #[must_use]
    pub fn get(&self, app: AppNo, no: SubscriptionNo) -> Option<&Subscription> {
        let found = self.all.get(&no).map(|one| &**one);
        found.filter(|one| one.app == app)
    }

    /// The active ones that tell of this, ascending by number; `property` names the one that
    /// changed, where one did.
    pub(crate) fn active(
        &self,
        object: TypeId,
        what: What,
        property: &str,
    ) -> impl Iterator<Item = &Subscription> {
        let topic = (object, what, property.into());
        let numbers = self.active.get(&topic).into_iter().flatten();
        numbers.filter_map(|no| self.all.get(no).map(|one| &**one))
    }
}

impl Subscription {
    fn topic(&self) -> Topic {
        let property = self.property.clone().unwrap_or_default();
        (self.kind.object, self.kind.what, property)
    }
}

/// Takes a number from a set of those of a key, and the set where it was the last.
fn take<K: Ord>(sets: &mut BTreeMap<K, BTreeSet<SubscriptionNo>>, key: &K, no: SubscriptionNo) {
    if let Some(set) = sets.get_mut(key) {
        set.remove(&no);
        if set.is_empty() {
            sets.remove(key);
        }
    }
}
