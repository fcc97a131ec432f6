//! The canonical dump: what a state says, spelled so that equal states have equal dumps, however
//! they came about.
//!
//! Left out is what does not follow from the entries alone: secrets, rows that only wait (timers,
//! outbox, tail, files), sessions, the audit, and what the door refused.

mod records;

use crate::archive::Archive;
use crate::counters::REFUSED;
use crate::error::Result;
use crate::reads::profile::as_of;
use crate::rows;
use crate::writer::pages;
use rapport_core::identity::journal::Record;
use rapport_core::profile::Profile;
use rapport_core::profile::company::Company;
use rapport_core::time::Millis;
use rapport_store::state::Table;
use siphasher::sip128::{Hasher128, SipHasher24};
use std::collections::BTreeMap;
use std::hash::Hasher;

/// A dump: for each thing the state says, a hash of how it is spelled.
pub type Dump = BTreeMap<String, u128>;

/// Dumps a directory's state as of `at`, firing timers up to then in what is dumped.
///
/// # Errors
/// Those of storage.
pub async fn dump(archive: &Archive, at: Millis) -> Result<Dump> {
    let mut dump = Dump::new();
    each(archive, at, |name, text| {
        dump.insert(name, hash(&text));
    })
    .await?;
    Ok(dump)
}

/// Spells out the named things of a dump.
///
/// # Errors
/// Those of storage.
pub async fn spell(
    archive: &Archive,
    at: Millis,
    names: &[String],
) -> Result<BTreeMap<String, String>> {
    let mut spelled = BTreeMap::new();
    each(archive, at, |name, text| {
        if names.contains(&name) {
            spelled.insert(name, text);
        }
    })
    .await?;
    Ok(spelled)
}

/// Names that two dumps disagree about.
#[must_use]
pub fn difference(left: &Dump, right: &Dump) -> Vec<String> {
    let mut names: Vec<String> = left
        .iter()
        .filter(|(name, hash)| right.get(*name) != Some(hash))
        .map(|(n, _)| n.clone())
        .collect();
    names.extend(
        right
            .keys()
            .filter(|name| !left.contains_key(*name))
            .cloned(),
    );
    names
}

async fn each(archive: &Archive, at: Millis, mut say: impl FnMut(String, String)) -> Result<()> {
    let shared = &archive.shared;
    let state = &*shared.roles.state;
    for (key, value) in pages(state, Table::Config).all().await? {
        let name = lossy(&key);
        let text = match name.starts_with("password/") {
            // What differs is printed, and no hash of a password is.
            true => format!("{:032x}", hash(&lossy(&value))),
            false => lossy(&value),
        };
        say(format!("config {name}"), text);
    }
    let mut profiles = pages(state, Table::Profile);
    while let Some(page) = profiles.next().await? {
        for (_, value) in page {
            let profile: Profile = rows::unpack(Table::Profile, &value)?;
            let profile = canonical(archive, profile, at);
            say(
                format!("profile {}", profile.number),
                format!("{profile:#?}"),
            );
        }
    }
    for table in [Table::Redirect, Table::Moved] {
        for (key, value) in pages(state, table).all().await? {
            say(format!("{table:?} {}", hex(&key)), hex(&value));
        }
    }
    for (key, value) in pages(state, Table::Journal).all().await? {
        let record: Record = rows::unpack(Table::Journal, &value)?;
        say(
            format!("journal {}", rows::number_of(Table::Journal, &key)?),
            format!("{record:#?}"),
        );
    }
    for (_, value) in pages(state, Table::Company).all().await? {
        for company in rows::unpack::<Vec<Company>>(Table::Company, &value)? {
            say(format!("company {}", company.id), format!("{company:#?}"));
        }
    }
    for table in [
        Table::Edit,
        Table::Attached,
        Table::MergedRecord,
        Table::Bulk,
        Table::BulkRecord,
        Table::BulkDraft,
    ] {
        let mut rows = pages(state, table);
        while let Some(page) = rows.next().await? {
            for (key, value) in page {
                say(format!("{table:?} {}", hex(&key)), hex(&value));
            }
        }
    }
    for (key, value) in pages(state, Table::Outcome).all().await? {
        if !lossy(&key).contains(REFUSED) {
            say(format!("outcome {}", lossy(&key)), hex(&value));
        }
    }
    records::each(state, say).await
}

fn canonical(archive: &Archive, profile: Profile, at: Millis) -> Profile {
    let mut profile = as_of(&archive.shared, profile, at);
    let catalogue = &archive.writer.configuration.catalogue;
    catalogue.forget_removed(&mut profile.leaves, &mut profile.memberships);
    profile.armed = None;
    profile
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hash(text: &str) -> u128 {
    let mut hasher = SipHasher24::new();
    hasher.write(text.as_bytes());
    hasher.finish128().as_u128()
}
