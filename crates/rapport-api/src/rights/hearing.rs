//! Who may let an app hear of records: it hears of every one of a type, with every value, so that
//! is for those who see as much themselves.

use super::records::{Denied, Failed, Fields};
use crate::Api;
use rapport_core::crm::subscription::message::{self, Told};
use rapport_core::crm::subscription::{AppNo, What};
use rapport_core::crm::{Definitions, TypeId};
use rapport_core::member::{Access, Actor, Scope};
use rapport_flow::outbox::Message;

/// Messages that are read at a time.
const PAGE: usize = 500;
/// Pages that are read at most.
const PAGES: usize = 20;

/// Whether somebody may hear this of every record.
///
/// # Errors
/// [`Denied`] says what keeps them from it.
pub(crate) fn may_hear(definitions: &Definitions, who: &Actor, told: &Told) -> Result<(), Denied> {
    may_see(who, told.object)?;
    // Of a link both ends are told.
    if told.what == What::AssociationChange {
        let mut ends = definitions.associations_from(told.object);
        ends.try_for_each(|association| may_see(who, association.to))?;
    }
    let object = definitions.get(told.object);
    let named = told.property.as_deref();
    let property = object.and_then(|object| Some((object, object.property(named?)?)));
    let is_masked = |(object, property)| !Fields::reads(definitions, who, object, property);
    match property.is_some_and(is_masked) {
        true => Err(unseen()),
        false => Ok(()),
    }
}

/// Whether somebody may say where an app is told: they could let it tell them, also what still
/// waits to be told and what it refused.
pub(crate) async fn may_lead(api: &Api, who: &Actor, app: AppNo) -> Result<(), Failed> {
    let definitions = api.rapport.definitions();
    let mut types = definitions.types.keys();
    if types.all(|object| may_see(who, *object).is_ok()) {
        return Ok(());
    }
    let subscriptions = api.rapport.subscriptions();
    let mut all = subscriptions.of_app(app).map(Told::by);
    all.try_for_each(|told| may_hear(&definitions, who, &told))?;
    let key = app.key();
    let is_kept = |message: &Message| {
        message.destination == key && !may_read(&definitions, who, &message.body)
    };
    let (mut waiting, mut refused) = (0, 0);
    for _ in 0..PAGES {
        let waits = api.rapport.outbox(waiting, PAGE).await?;
        let dead = api.rapport.dead_letters(refused, PAGE).await?;
        if waits.iter().chain(&dead).any(is_kept) {
            return Err(unseen().into());
        }
        if waits.len() < PAGE && dead.len() < PAGE {
            return Ok(());
        }
        let last = |page: &[Message], before| page.last().map_or(before, |last| last.number);
        (waiting, refused) = (last(&waits, waiting), last(&dead, refused));
    }
    let message = "So many messages wait or were refused that nobody can tell whether you may see \
                   them: let somebody do it who sees every record.";
    Err(Denied::Right(message.to_owned()).into())
}

/// Whether somebody may read a message to an app.
pub(crate) fn may_read(definitions: &Definitions, who: &Actor, body: &str) -> bool {
    let told = message::told(body);
    told.is_some_and(|mut told| {
        told.sort();
        told.dedup();
        let hears = |told: &Told| may_hear(definitions, who, told).is_ok();
        told.iter().all(hears)
    })
}

fn may_see(who: &Actor, object: TypeId) -> Result<(), Denied> {
    let scope = Scope::RecordsOf(object, Access::Read);
    match who.has(scope) {
        true if who.sees_whole(object) => Ok(()),
        true => Err(unseen()),
        false => Err(Denied::Scope(scope)),
    }
}

fn unseen() -> Denied {
    let message = "An app hears of every record of a type, and your role does not let you see all \
                   of each.";
    Denied::Right(message.to_owned())
}
