//! How subscriptions are made, switched and ended.

use super::kind::Spelled;
use super::{AppNo, Kind, Subscription, SubscriptionNo, Subscriptions, What};
use crate::crm::{Definitions, ObjectType, TypeId};
use crate::entry::Destination;
use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// Subscriptions of one app at most.
pub const SUBSCRIPTIONS_MAX: usize = 1_000;
/// Apps that have any, at most: each of them is told of everything that happens.
pub const APPS_MAX: usize = 100;

/// A subscription that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Of what it tells, as the dialect spells it.
    pub event: Box<str>,
    /// The type of the records, where the spelling leaves it open.
    #[serde(default)]
    pub object: Option<Box<str>>,
    /// The property whose changes are told.
    #[serde(default)]
    pub property: Option<Box<str>>,
    /// Whether it is told at once.
    #[serde(default)]
    pub active: bool,
}

/// Why a subscription is not made or changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nothing is spelled like this.
    #[error("`{0}` is no event type: it is `contact.creation`, `deal.propertyChange` and the like")]
    UnknownEvent(Box<str>),
    /// The dialect knows it; here it cannot happen.
    #[error(
        "`{0}` cannot happen here: there are no conversations, and nobody is erased for good yet"
    )]
    NotHere(Box<str>),
    /// The spelling leaves the type open, and nothing else says it.
    #[error("`objectTypeId` is missing: `object.…` tells of the records of one type")]
    NoObject,
    /// There is no such type, or it is not the one that is spelled.
    #[error("`{0}` is not the type of records that the event type is of")]
    WrongObject(Box<str>),
    /// Nothing says which property.
    #[error("`propertyName` is missing: changes are told of one property")]
    NoProperty,
    /// There is no such property.
    #[error("Property \"{0}\" does not exist")]
    UnknownProperty(Box<str>),
    /// A property is named where none is meant.
    #[error("`propertyName` goes with `propertyChange` only")]
    PropertyTooMuch,
    /// The app wants to hear that already.
    #[error("subscription {0} of this app tells of the same")]
    Exists(SubscriptionNo),
    /// The app has too many.
    #[error("an app has at most {SUBSCRIPTIONS_MAX} subscriptions: delete some first")]
    TooMany,
    /// Too many others have some.
    #[error("at most {APPS_MAX} apps have subscriptions: delete all of one that needs none first")]
    TooManyApps,
    /// The app has nowhere to be told.
    #[error("app {0} has no target URL yet: set one in its webhook settings first")]
    NoTarget(AppNo),
    /// There is none of this number.
    #[error("subscription {0}")]
    NotFound(SubscriptionNo),
}

/// The subscription that a draft comes to.
///
/// # Errors
/// [`Error`] where it cannot be one.
pub fn make(
    subscriptions: &Subscriptions,
    definitions: &Definitions,
    destinations: &[Destination],
    app: AppNo,
    draft: &Draft,
    at: Millis,
) -> Result<Subscription, Error> {
    let kind = kind(definitions, draft)?;
    let property = property(definitions, kind, draft)?;
    let has_target = |one: &Destination| AppNo::of(one) == Some(app);
    if !destinations.iter().any(has_target) {
        return Err(Error::NoTarget(app));
    }
    let alike = |one: &&Subscription| {
        (one.kind.object, one.kind.what, &one.property) == (kind.object, kind.what, &property)
    };
    if let Some(known) = subscriptions.of_app(app).find(alike) {
        return Err(Error::Exists(known.no));
    }
    match subscriptions.of_app(app).count() {
        0 if subscriptions.apps() >= APPS_MAX => return Err(Error::TooManyApps),
        SUBSCRIPTIONS_MAX.. => return Err(Error::TooMany),
        _ => {}
    }
    Ok(Subscription {
        no: SubscriptionNo(subscriptions.last.0 + 1),
        app,
        kind,
        property,
        active: draft.active,
        created: at,
        updated: at,
    })
}

/// The same subscription, told or not.
///
/// # Errors
/// [`Error::NotFound`].
pub fn switch(
    subscriptions: &Subscriptions,
    app: AppNo,
    no: SubscriptionNo,
    active: bool,
    at: Millis,
) -> Result<Subscription, Error> {
    let known = subscriptions.get(app, no).ok_or(Error::NotFound(no))?;
    let updated = match known.active == active {
        true => known.updated,
        false => at,
    };
    Ok(Subscription {
        active,
        updated,
        ..known.clone()
    })
}

/// What a draft tells of.
///
/// # Errors
/// [`Error`] where it is nothing that can happen.
pub fn kind(definitions: &Definitions, draft: &Draft) -> Result<Kind, Error> {
    let named = draft.object.as_deref().filter(|named| !named.is_empty());
    let object = |named: &str| -> Result<&ObjectType, Error> {
        let found = definitions.find(named);
        found.ok_or_else(|| Error::WrongObject(named.into()))
    };
    match Kind::read(&draft.event) {
        Spelled::Of(meant, what) => {
            let said = named.map(object).transpose()?;
            match (said, named) {
                (Some(said), Some(named)) if said.id() != meant => {
                    Err(Error::WrongObject(named.into()))
                }
                _ => Ok(Kind {
                    object: meant,
                    what,
                    generic: false,
                }),
            }
        }
        Spelled::OfAny(what) => Ok(Kind {
            object: object(named.ok_or(Error::NoObject)?)?.id(),
            what,
            generic: true,
        }),
        Spelled::NotHere => Err(Error::NotHere(draft.event.clone())),
        Spelled::Unknown => Err(Error::UnknownEvent(draft.event.clone())),
    }
}

fn property(
    definitions: &Definitions,
    kind: Kind,
    draft: &Draft,
) -> Result<Option<Box<str>>, Error> {
    let named = draft.property.as_deref().filter(|named| !named.is_empty());
    match (kind.what, named) {
        (What::PropertyChange, None) => Err(Error::NoProperty),
        (What::PropertyChange, Some(named)) => {
            let known = name_of(definitions, kind.object, named);
            known
                .map(Some)
                .ok_or_else(|| Error::UnknownProperty(named.into()))
        }
        (_, None) => Ok(None),
        (_, Some(_)) => Err(Error::PropertyTooMuch),
    }
}

/// The name of a property as it is defined.
fn name_of(definitions: &Definitions, object: TypeId, named: &str) -> Option<Box<str>> {
    let property = definitions.get(object)?.property(named)?;
    Some(property.name.clone())
}
