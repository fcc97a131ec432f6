//! Check: whether the parts of a state agree with each other and with the files beside it.

use self::contacts::Contacts;
use crate::archive::Archive;
use crate::audit;
use crate::error::Result;
use crate::revisions;
use crate::rows::{self, CHUNK, cell_entries};
use crate::writer::{bitmap, pages};
use rapport_core::fold::rulebook::Rulebook;
use rapport_core::identity::ProfileNo;
use rapport_core::position::Position;
use rapport_core::profile::Profile;
use rapport_store::state::{Table, number_key};
use std::collections::{BTreeMap, BTreeSet};

mod contacts;

/// Findings listed at most.
const FINDINGS: usize = 100;

/// Looks for contradictions; an empty list is a clean bill.
///
/// # Errors
/// Those of storage.
pub async fn check(archive: &Archive) -> Result<Vec<String>> {
    let state = &*archive.shared.roles.state;
    let mut findings = state.check().await?;
    findings.extend(rules(archive).await?);
    findings.extend(audit::check(state).await?);
    let mut members = members(archive).await?;
    let mut timers = timers(archive).await?;
    let mut contacts = Contacts::default();
    let mut profiles = pages(state, Table::Profile);
    while let Some(page) = profiles.next().await? {
        let mut people = Vec::with_capacity(page.len());
        for (_, value) in &page {
            people.push(rows::unpack::<Profile>(Table::Profile, value)?);
        }
        identifiers(archive, &people, &mut findings).await?;
        contacts.look(archive, &people, &mut findings).await?;
        for profile in &people {
            memberships(archive, profile, &mut members, &mut findings);
            let row = timers.remove(&profile.number);
            if row != profile.armed.map(|moment| BTreeSet::from([moment.0])) {
                findings.push(format!(
                    "{} is armed at {:?}, its rows say {row:?}",
                    profile.number, profile.armed
                ));
            }
            redirects(archive, profile, &mut findings);
        }
        if findings.len() > FINDINGS {
            break;
        }
    }
    findings.extend(contacts.strays(archive).await?);
    findings.extend(members.iter().take(FINDINGS).map(|(segment, person)| {
        format!("segment {segment} lists prf_{person}, who is not in it")
    }));
    findings.extend(
        timers
            .keys()
            .take(FINDINGS)
            .map(|person| format!("a timer of {person}, who is not there")),
    );
    findings.truncate(FINDINGS);
    Ok(findings)
}

/// What speaks against the changes of the rules leading to those in force.
async fn rules(archive: &Archive) -> Result<Option<String>> {
    let mut rulebook = Rulebook::default();
    for revision in revisions::read(&archive.shared, Position::default()).await? {
        if let Err(error) = rulebook.revise(&revision) {
            return Ok(Some(format!(
                "the revision at {}: {error}",
                revision.place()
            )));
        }
    }
    let configuration = &archive.writer.configuration;
    let agrees = *rulebook.policy() == *configuration.policy
        && rulebook.registry().agrees(&configuration.registry);
    Ok((!agrees).then(|| "the revisions of the rules do not lead to those in force".to_owned()))
}

async fn members(archive: &Archive) -> Result<BTreeSet<(u32, u64)>> {
    let mut members = BTreeSet::new();
    for (key, value) in pages(&*archive.shared.roles.state, Table::Members)
        .all()
        .await?
    {
        let (Some(segment), Some(chunk)) = (word(&key, 0), word(&key, 4)) else {
            continue;
        };
        let base = u64::from(chunk) * CHUNK;
        members.extend(
            bitmap(Some(&value))?
                .iter()
                .map(|place| (segment, base + u64::from(place))),
        );
    }
    Ok(members)
}

fn word(key: &[u8], from: usize) -> Option<u32> {
    key.get(from..from + 4)?
        .try_into()
        .ok()
        .map(u32::from_be_bytes)
}

async fn timers(archive: &Archive) -> Result<BTreeMap<ProfileNo, BTreeSet<i64>>> {
    let mut timers: BTreeMap<ProfileNo, BTreeSet<i64>> = BTreeMap::new();
    for (key, _) in pages(&*archive.shared.roles.state, Table::Timer)
        .all()
        .await?
    {
        if let Some((moment, person)) = rows::timer_of(&key) {
            timers.entry(person).or_default().insert(moment.0);
        }
    }
    Ok(timers)
}

fn memberships(
    archive: &Archive,
    profile: &Profile,
    members: &mut BTreeSet<(u32, u64)>,
    findings: &mut Vec<String>,
) {
    for membership in profile.memberships.iter() {
        let segment = membership.segment;
        let exists = archive
            .writer
            .configuration
            .registry
            .by_no(segment)
            .is_some();
        if exists && !members.remove(&(segment.0, profile.number.0)) {
            findings.push(format!(
                "{} is in segment {} and not listed",
                profile.number, segment.0
            ));
        }
    }
}

async fn identifiers(
    archive: &Archive,
    people: &[Profile],
    findings: &mut Vec<String>,
) -> Result<()> {
    let hash = archive.writer.hash;
    let links: Vec<_> = people
        .iter()
        .flat_map(|profile| profile.links.iter().map(move |link| (profile.number, link)))
        .map(|(number, link)| (number, &link.identifier, hash.identifier(&link.identifier)))
        .collect();
    let keys: Vec<_> = links
        .iter()
        .map(|(_, _, hash)| number_key(rows::cell_of(*hash)))
        .collect();
    let cells = archive
        .shared
        .roles
        .state
        .load(Table::Identifier, &keys)
        .await?;
    for ((number, identifier, hash), cell) in links.into_iter().zip(cells) {
        let entries = cell_entries(Table::Identifier, cell.as_deref().unwrap_or_default())?;
        if !entries.contains(&(hash, number.0)) {
            findings.push(format!(
                "{identifier} of {number} does not lead to it: {entries:?}"
            ));
        }
    }
    Ok(())
}

fn redirects(archive: &Archive, profile: &Profile, findings: &mut Vec<String>) {
    for (absorbed, _) in profile.absorbed.iter().chain(&profile.vacated) {
        let leads_to = archive.shared.survivor(*absorbed);
        if leads_to != profile.number {
            findings.push(format!(
                "{absorbed} is a number of {} and leads to {leads_to}",
                profile.number
            ));
        }
    }
}
