//! One person as they are now.

use crate::rows;
use crate::shared::Shared;
use rapport_core::entry::Reference;
use rapport_core::fold::Fold;
use rapport_core::identity::{Identifier, ProfileNo, normalise, shared};
use rapport_core::people::People;
use rapport_core::position::Position;
use rapport_core::profile::Profile;
use rapport_core::time::Millis;
use rapport_store::Result;
use rapport_store::state::{Table, number_key};

/// The person a reference means, with the timers that are due fired.
pub(crate) async fn one(shared: &Shared, reference: &Reference) -> Result<Option<Profile>> {
    // A merge between the two reads of a look leads the second one elsewhere: look once more.
    match look(shared, reference).await? {
        Some(profile) => Ok(Some(profile)),
        None => look(shared, reference).await,
    }
}

async fn look(shared: &Shared, reference: &Reference) -> Result<Option<Profile>> {
    let number = match reference {
        Reference::Number(number) => Some(*number),
        Reference::Identifier(identifier) => owner(shared, identifier).await?,
    };
    let Some(number) = number else {
        return Ok(None);
    };
    let found = many(shared, &[shared.survivor(number)]).await?;
    Ok(found.into_iter().next())
}

/// People by number, those that exist, in the order asked.
pub(crate) async fn many(shared: &Shared, numbers: &[ProfileNo]) -> Result<Vec<Profile>> {
    let keys: Vec<_> = numbers
        .iter()
        .map(|number| rows::profile_key(*number))
        .collect();
    let rows = shared.roles.state.load(Table::Profile, &keys).await?;
    let now = shared.clock.now();
    let mut found = Vec::with_capacity(rows.len());
    for row in rows.into_iter().flatten() {
        let profile: Profile = rows::unpack(Table::Profile, &row)?;
        found.push(as_of(shared, profile, now));
    }
    Ok(found)
}

/// The person with every timer up to `now` fired, without writing it: the writer will.
pub(crate) fn as_of(shared: &Shared, profile: Profile, now: Millis) -> Profile {
    if profile.armed.is_none_or(|moment| moment > now) {
        return profile;
    }
    let configuration = shared.configuration();
    let number = profile.number;
    let mut people = People::new(ProfileNo(number.0 + 1));
    people.insert_loaded_profile(profile);
    let mut fold = Fold::new(configuration.rules(), &mut people, Position::default());
    fold.fire(now);
    let _ = fold.finish();
    people
        .profile(number)
        .cloned()
        .expect("firing timers removes nobody")
}

/// Whom an identifier names. A kiosk's id leads to whoever used it first: it names nobody.
pub(crate) async fn named(shared: &Shared, identifier: &Identifier) -> Result<Option<Profile>> {
    let found = one(shared, &Reference::Identifier(identifier.clone())).await?;
    let is_shared = is_shared(shared, identifier).await?;
    Ok(found.filter(|_| !is_shared))
}

/// Whether an identifier is marked shared, and so names nobody.
async fn is_shared(shared: &Shared, identifier: &Identifier) -> Result<bool> {
    let Ok(identifier) = normalise::normalise(&shared.configuration().policy, identifier) else {
        return Ok(false);
    };
    let key = number_key(rows::cell_of(shared.hash().identifier(&identifier)));
    let row = shared
        .roles
        .state
        .load(Table::Shared, &[key])
        .await?
        .remove(0);
    let Some(row) = row else { return Ok(false) };
    let records: Vec<(Identifier, shared::Record)> = rows::unpack(Table::Shared, &row)?;
    let own = records.iter().find(|(other, _)| *other == identifier);
    Ok(own.is_some_and(|(_, record)| record.marked().is_some()))
}

async fn owner(shared: &Shared, identifier: &Identifier) -> Result<Option<ProfileNo>> {
    let configuration = shared.configuration();
    let Ok(identifier) = normalise::normalise(&configuration.policy, identifier) else {
        return Ok(None);
    };
    let hash = shared.hash().identifier(&identifier);
    let key = number_key(rows::cell_of(hash));
    let Some(cell) = shared
        .roles
        .state
        .load(Table::Identifier, &[key])
        .await?
        .remove(0)
    else {
        return Ok(None);
    };
    let entries = rows::cell_entries(Table::Identifier, &cell)?;
    Ok(entries
        .iter()
        .find(|(entry, _)| *entry == hash)
        .map(|(_, number)| ProfileNo(*number)))
}
