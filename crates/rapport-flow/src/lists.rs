//! Putting people on lists and taking them off: whom references mean, and the events that say so.

use crate::collect::Collector;
use crate::error::{Error, Refusal, Result};
use crate::reads;
use crate::rows;
use crate::shared::Shared;
use rapport_core::entry::Reference;
use rapport_core::event::dialect::list::{self, Item};
use rapport_core::event::{Call, Dialect, KeyKind, Origin, SourceNo};
use rapport_core::identity::{Identifier, ProfileNo, normalise, shared};
use rapport_core::profile::Profile;
use rapport_store::ledger::Submission;
use rapport_store::state::{Table, number_key};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// People in one request of the ledger at most.
pub const ITEMS_MAX: usize = 500;
/// The source of what Rapport itself says: no source that anybody makes has this number.
const OWN: SourceNo = SourceNo(0);
/// How long a request waits for room in front of the ledger before it is tried again.
const RETRY: Duration = Duration::from_millis(100);

/// Why a reference changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It names nobody.
    NotFound,
    /// It is no identifier, and why.
    Unreadable(String),
    /// It is marked shared, and so names nobody.
    Shared,
}

/// What became of references.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// People put on the list, or taken off it.
    pub changed: u64,
    /// Their places among the references.
    pub places: BTreeSet<usize>,
    /// References to people who were there already, or named twice.
    pub already: u64,
    /// References that changed nothing, by their places.
    pub problems: Vec<(usize, Problem)>,
    /// Whether all of it can be seen: else it waits to be folded.
    pub is_folded: bool,
}

/// Whom a reference means.
#[derive(Clone, Debug)]
pub enum Found {
    /// This person, and an identifier of theirs.
    Person(Box<Profile>, Identifier),
    /// Nobody.
    Nobody,
    /// It is no identifier, and why.
    Unreadable(String),
    /// It is marked shared, and so names nobody.
    Shared,
}

/// Whom references mean, in their order.
pub(crate) async fn look_up(shared: &Shared, asked: &[Reference]) -> Result<Vec<Found>> {
    let policy = std::sync::Arc::clone(&shared.configuration().policy);
    let mut found = vec![Found::Nobody; asked.len()];
    let mut names: Vec<(usize, Identifier)> = Vec::new();
    let mut numbers: Vec<(usize, ProfileNo, Option<Identifier>)> = Vec::new();
    for (place, reference) in asked.iter().enumerate() {
        match reference {
            Reference::Number(number) => numbers.push((place, shared.survivor(*number), None)),
            Reference::Identifier(identifier) => match normalise::normalise(&policy, identifier) {
                Ok(identifier) => names.push((place, identifier)),
                Err(why) => found[place] = Found::Unreadable(why.to_string()),
            },
        }
    }
    let marked = marked(shared, names.iter().map(|(_, name)| name)).await?;
    let owners = owners(shared, &names).await?;
    for ((place, name), owner) in names.into_iter().zip(owners) {
        if marked.contains(&name) {
            found[place] = Found::Shared;
        } else if let Some(owner) = owner {
            numbers.push((place, shared.survivor(owner), Some(name)));
        }
    }
    let mut wanted: Vec<ProfileNo> = numbers.iter().map(|(_, number, _)| *number).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let people = reads::profile::many(shared, &wanted).await?;
    let people: BTreeMap<ProfileNo, Profile> =
        people.into_iter().map(|one| (one.number, one)).collect();
    for (place, number, name) in numbers {
        let Some(profile) = people.get(&number) else {
            continue;
        };
        let name = match name {
            Some(name) => Some(name),
            None => name_of(shared, profile).await?,
        };
        if let Some(name) = name {
            found[place] = Found::Person(Box::new(profile.clone()), name);
        }
    }
    Ok(found)
}

/// An identifier that leads to a person: of those that are not marked shared the one that counts
/// most.
pub(crate) async fn name_of(shared: &Shared, profile: &Profile) -> Result<Option<Identifier>> {
    let policy = std::sync::Arc::clone(&shared.configuration().policy);
    let mut names: Vec<&Identifier> = profile.links.iter().map(|link| &link.identifier).collect();
    names.sort_by_key(|name| std::cmp::Reverse(policy.priority(&name.kind)));
    let Some(&first) = names.first() else {
        return Ok(None);
    };
    if marked(shared, std::iter::once(first)).await?.is_empty() {
        return Ok(Some(first.clone()));
    }
    let marked = marked(shared, names.iter().copied()).await?;
    let name = names.into_iter().find(|name| !marked.contains(name));
    Ok(name.cloned())
}

/// Puts items on the ledger; returns the number of their request.
pub(crate) async fn submit(collector: &Collector, items: &[Item]) -> Result<Option<u64>> {
    if items.is_empty() {
        return Ok(None);
    }
    let body = list::batch(items);
    loop {
        // A browser's word: it names somebody who is there, and vouches for nothing.
        let origin = Origin {
            source: OWN,
            key_kind: KeyKind::Browser,
            dialect: Dialect::List,
            call: Call::Batch,
            ip: None,
            user_agent: None,
        };
        let submission = Submission {
            origin,
            body: body.clone(),
        };
        match collector.collect(submission).await {
            Ok(number) => return Ok(Some(number)),
            Err(Refusal::Busy { .. }) => tokio::time::sleep(RETRY).await,
            Err(Refusal::Stopping) => return Err(Error::Stopping),
            Err(refusal) => {
                return Err(Error::Store(rapport_store::Error::Engine {
                    what: "putting people on a list".to_owned(),
                    detail: refusal.to_string(),
                }));
            }
        }
    }
}

/// Those that are marked shared.
async fn marked<'a>(
    shared: &Shared,
    names: impl Iterator<Item = &'a Identifier>,
) -> Result<BTreeSet<Identifier>> {
    let hash = shared.hash();
    let keys: Vec<_> = names
        .map(|name| number_key(rows::cell_of(hash.identifier(name))))
        .collect();
    let mut marked = BTreeSet::new();
    for row in shared.roles.state.load(Table::Shared, &keys).await? {
        let Some(row) = row else { continue };
        let records: Vec<(Identifier, shared::Record)> = rows::unpack(Table::Shared, &row)?;
        let records = records.into_iter();
        marked.extend(
            records
                .filter(|(_, record)| record.marked().is_some())
                .map(|(name, _)| name),
        );
    }
    Ok(marked)
}

async fn owners(shared: &Shared, names: &[(usize, Identifier)]) -> Result<Vec<Option<ProfileNo>>> {
    let hash = shared.hash();
    let hashes: Vec<u128> = names
        .iter()
        .map(|(_, name)| hash.identifier(name))
        .collect();
    let keys: Vec<_> = hashes
        .iter()
        .map(|hash| number_key(rows::cell_of(*hash)))
        .collect();
    let cells = shared.roles.state.load(Table::Identifier, &keys).await?;
    let mut owners = Vec::with_capacity(names.len());
    for (hash, cell) in hashes.into_iter().zip(cells) {
        let entries = match cell {
            Some(cell) => rows::cell_entries(Table::Identifier, &cell)?,
            None => Vec::new(),
        };
        let owner = entries.iter().find(|(entry, _)| *entry == hash);
        owners.push(owner.map(|(_, number)| ProfileNo(*number)));
    }
    Ok(owners)
}
