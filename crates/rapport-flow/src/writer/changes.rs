//! Turns what a fold changed into writes: profiles, identifiers, redirects, timers, member lists,
//! the journal.

use super::Writer;
use crate::outbox::Message;
use crate::rows::{self, CHUNK};
use rapport_core::fold::{Effects, Listed, Member};
use rapport_core::identity::journal::{Record, What};
use rapport_core::identity::{Identifier, ProfileNo};
use rapport_core::people::PeopleChanges;
use rapport_core::position::Position;
use rapport_core::profile::Profile;
use rapport_core::segment::membership::SegmentNo;
use rapport_store::Result;
use rapport_store::state::{Table, Write, number_key};
use roaring::RoaringBitmap;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

impl Writer {
    /// Adds the writes of everything a fold changed.
    pub async fn effects(&mut self, effects: &Effects, writes: &mut Vec<Write>) -> Result<()> {
        // What is told of some identifiers only did not move: they did.
        let flips = effects
            .changes
            .iter()
            .filter(|change| change.about.is_none());
        let flips = flips.count() as u64;
        self.shared.stats.flips.fetch_add(flips, Ordering::Relaxed);
        self.news.changes(&effects.changes);
        for record in &effects.journal {
            self.journal(record, writes);
        }
        let mut changes = self.people.take_changes();
        let contacts = std::mem::take(&mut changes.contacts);
        let absorbed = changes.absorbed.iter().map(|(from, _)| *from);
        let joined: Vec<_> = absorbed.filter(|from| contacts.contains(from)).collect();
        self.people_changes(changes, writes);
        self.members(&effects.members, writes).await?;
        if contacts.is_empty() && joined.is_empty() && effects.told.is_empty() {
            return Ok(());
        }
        self.contacts(&contacts, &effects.seen).await?;
        self.told(&effects.told, &joined, writes).await
    }

    /// Adds the writes of messages.
    pub fn messages(&mut self, messages: &[Message], writes: &mut Vec<Write>) {
        let waiting = &self.shared.stats.outbox;
        waiting.fetch_add(messages.len() as u64, Ordering::Relaxed);
        for message in messages {
            writes.push(rows::put(
                Table::Outbox,
                number_key(message.number),
                message,
            ));
        }
    }

    /// Adds a journal entry, listed under everybody it speaks of; returns its number.
    pub fn journal(&mut self, record: &Record, writes: &mut Vec<Write>) -> u64 {
        let number = self.next_journal;
        self.next_journal += 1;
        self.news.journal(number, record);
        writes.push(rows::put(Table::Journal, number_key(number), record));
        for person in spoken_of(&record.what) {
            let key = rows::journal_of_key(person, number);
            writes.push(Write {
                table: Table::JournalOfProfile,
                key,
                value: Some(Vec::new()),
            });
        }
        number
    }

    /// Adds the writes of everybody the fold changed, and keeps them in the working set.
    pub fn people_changes(&mut self, changes: PeopleChanges, writes: &mut Vec<Write>) {
        for (from, _) in &changes.absorbed {
            writes.push(rows::remove(Table::Profile, rows::profile_key(*from)));
            self.disarm(*from, writes);
        }
        for profile in changes.profiles.into_values() {
            self.profile(&profile, writes);
            self.people.insert_loaded_profile(profile);
        }
        for (identifier, owner) in changes.owners {
            self.owner(&identifier, owner, writes);
        }
        for (identifier, record) in changes.shared {
            let key = number_key(rows::cell_of(self.hash.identifier(&identifier)));
            writes.push(rows::put(Table::Shared, key, &vec![(identifier, record)]));
        }
        for company in changes.companies {
            let key = number_key(rows::cell_of(self.hash.company(&company.id)));
            writes.push(rows::put(Table::Company, key, &vec![&company]));
            self.people.insert_loaded_company(company);
        }
    }

    /// Adds the writes of one profile: its row, its timer, the redirects to it.
    pub fn profile(&mut self, profile: &Profile, writes: &mut Vec<Write>) {
        writes.push(rows::put(
            Table::Profile,
            rows::profile_key(profile.number),
            profile,
        ));
        if self.armed.get(&profile.number).copied() != profile.armed {
            self.disarm(profile.number, writes);
            if let Some(moment) = profile.armed {
                let key = rows::timer_key(moment, profile.number);
                writes.push(Write {
                    table: Table::Timer,
                    key,
                    value: Some(Vec::new()),
                });
                self.armed.insert(profile.number, moment);
            }
        }
        for (number, _) in profile.absorbed.iter().chain(&profile.vacated) {
            if self.leads_to(*number) != Some(profile.number) {
                self.redirect(*number, Some(profile.number), writes);
            }
        }
        self.list_with_companies(profile, self.head.position.request + 1, writes);
    }

    /// Lists a profile with the companies it was linked to by this request or a later one. An
    /// absorbed profile stays listed: its number leads to the survivor.
    pub fn list_with_companies(&self, profile: &Profile, since: u64, writes: &mut Vec<Write>) {
        let links = profile.companies.iter();
        for link in links.filter(|link| link.cause.request >= since) {
            writes.push(Write {
                table: Table::CompanyPeople,
                key: rows::company_person_key(self.hash.company(&link.id), profile.number),
                value: Some(Vec::new()),
            });
        }
    }

    /// Adds the write of a redirect, or of its end.
    pub fn redirect(&mut self, from: ProfileNo, to: Option<ProfileNo>, writes: &mut Vec<Write>) {
        let value = to.map(|to| to.0.to_be_bytes().to_vec());
        writes.push(Write {
            table: Table::Redirect,
            key: number_key(from.0),
            value,
        });
        self.pending.redirects.push((from, to));
    }

    /// Adds the writes that say whose the events of an origin are after an undo, where they are not
    /// its own.
    pub fn moved(
        &mut self,
        origin: ProfileNo,
        events: Vec<(Position, ProfileNo)>,
        writes: &mut Vec<Write>,
    ) {
        let before = super::moved_of(&self.shared.ownership(), origin).count();
        if before == 0 && events.is_empty() {
            return;
        }
        for nth in 0..before.max(events.len()).div_ceil(rows::MOVED) {
            let first = (nth * rows::MOVED).min(events.len());
            let last = (first + rows::MOVED).min(events.len());
            let some = &events[first..last];
            let value = (!some.is_empty()).then(|| rows::pack(&some));
            let nth = u32::try_from(nth).expect("an origin has no trillion events");
            let key = rows::moved_key(origin, nth);
            writes.push(Write {
                table: Table::Moved,
                key,
                value,
            });
        }
        self.pending.moved.push((origin, events));
    }

    /// Adds the writes of changed member lists.
    pub async fn members(&mut self, members: &[Listed], writes: &mut Vec<Write>) -> Result<()> {
        let chunk = |row: &Listed| chunk_of(row.segment, row.person);
        let chunks: BTreeSet<(u32, u32)> = members.iter().map(chunk).collect();
        self.load_chunks(&chunks).await?;
        let mut moved: Vec<&Listed> = Vec::new();
        for row in members {
            let bitmap = self.bitmaps.entry(chunk(row)).or_default();
            let place = u32::try_from(row.person.0 % CHUNK).expect("a chunk is small");
            let size = self.sizes.entry(row.segment.0).or_default();
            match row.member {
                Member::In if bitmap.insert(place) => *size += 1,
                Member::Out if bitmap.remove(place) => *size -= 1,
                Member::In | Member::Out => continue,
            }
            moved.push(row);
        }
        self.turnover(&moved, writes).await?;
        for &(segment, chunk) in &chunks {
            writes.push(chunk_write(
                segment,
                chunk,
                &self.bitmaps[&(segment, chunk)],
            ));
        }
        for segment in chunks
            .iter()
            .map(|(segment, _)| *segment)
            .collect::<BTreeSet<_>>()
        {
            let value = Some(self.sizes[&segment].to_be_bytes().to_vec());
            writes.push(Write {
                table: Table::Series,
                key: size_key(segment),
                value,
            });
        }
        Ok(())
    }

    /// Forgets a segment's member list.
    pub async fn drop_members(
        &mut self,
        segment: SegmentNo,
        writes: &mut Vec<Write>,
    ) -> Result<()> {
        for (key, _) in super::all(&*self.shared.roles.state, Table::Members).await? {
            if key.starts_with(&segment.0.to_be_bytes()) {
                writes.push(rows::remove(Table::Members, key));
            }
        }
        self.bitmaps.retain(|(no, _), _| *no != segment.0);
        self.sizes.remove(&segment.0);
        writes.push(Write {
            table: Table::Series,
            key: size_key(segment.0),
            value: None,
        });
        Ok(())
    }

    /// Adds the writes that take a profile out, whoever its number leads to afterwards.
    pub fn take_out(&mut self, profile: &Profile, writes: &mut Vec<Write>) {
        for (number, _) in profile.absorbed.iter().chain(&profile.vacated) {
            self.redirect(*number, None, writes);
        }
        if let Some(moment) = profile.armed {
            self.due.remove(&(moment, profile.number));
        }
        self.disarm(profile.number, writes);
        self.people.remove(profile.number);
        if profile.contact.is_some() {
            self.people.note_contact(profile.number);
        }
        writes.push(rows::remove(
            Table::Profile,
            rows::profile_key(profile.number),
        ));
        for link in &profile.links {
            self.people.set_owner(&link.identifier, None);
        }
    }

    /// Takes a refolded profile into the working set; it is written with the next effects.
    pub fn take_in(&mut self, profile: Profile) {
        let number = profile.number;
        if let Some(moment) = profile.armed {
            self.due.insert((moment, number));
        }
        if profile.contact.is_some() {
            self.people.note_contact(number);
        }
        self.people.insert_loaded_profile(profile);
        // Asking for it to be changed is what puts it among the next changes.
        let _ = self.people.profile_mut(number);
    }

    fn leads_to(&self, number: ProfileNo) -> Option<ProfileNo> {
        let pending = self.pending.redirects.iter().rev();
        let mut newest = pending.chain(self.redirects_underway().iter().rev());
        match newest.find(|(from, _)| *from == number) {
            Some((_, to)) => *to,
            None => self.shared.ownership().redirects.get(&number).copied(),
        }
    }

    fn disarm(&mut self, number: ProfileNo, writes: &mut Vec<Write>) {
        if let Some(moment) = self.armed.remove(&number) {
            writes.push(rows::remove(Table::Timer, rows::timer_key(moment, number)));
        }
    }

    fn owner(
        &mut self,
        identifier: &Identifier,
        owner: Option<ProfileNo>,
        writes: &mut Vec<Write>,
    ) {
        let hash = self.hash.identifier(identifier);
        let cell = rows::cell_of(hash);
        let mut entries = self.crowded.get(&cell).cloned().unwrap_or_default();
        entries.retain(|(other, _)| *other != hash);
        entries.extend(owner.map(|owner| (hash, owner.0)));
        if entries.len() > 1 {
            self.crowded.insert(cell, entries.clone());
        }
        let value = (!entries.is_empty()).then(|| rows::cell(&entries));
        writes.push(Write {
            table: Table::Identifier,
            key: number_key(cell),
            value,
        });
    }

    async fn load_chunks(&mut self, chunks: &BTreeSet<(u32, u32)>) -> Result<()> {
        let missing: Vec<(u32, u32)> = chunks
            .iter()
            .copied()
            .filter(|chunk| !self.bitmaps.contains_key(chunk))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let key = |&(segment, chunk): &(u32, u32)| rows::members_key(SegmentNo(segment), chunk);
        let keys: Vec<_> = missing.iter().map(key).collect();
        let values = self.load(Table::Members, &keys).await?;
        for (chunk, value) in missing.into_iter().zip(values) {
            self.bitmaps.insert(chunk, bitmap(value.as_deref())?);
        }
        Ok(())
    }
}

/// Reads a chunk of a member list.
///
/// # Errors
/// [`rapport_store::Error::Damaged`] where it is no bitmap.
pub(crate) fn bitmap(value: Option<&[u8]>) -> Result<RoaringBitmap> {
    let Some(value) = value else {
        return Ok(RoaringBitmap::new());
    };
    RoaringBitmap::deserialize_from(value).map_err(|error| rapport_store::Error::Damaged {
        what: "a segment's member list".to_owned(),
        detail: error.to_string(),
    })
}

fn chunk_write(segment: u32, chunk: u32, bitmap: &RoaringBitmap) -> Write {
    let mut value = Vec::with_capacity(bitmap.serialized_size());
    bitmap
        .serialize_into(&mut value)
        .expect("writing to memory does not fail");
    let value = (!bitmap.is_empty()).then_some(value);
    Write {
        table: Table::Members,
        key: rows::members_key(SegmentNo(segment), chunk),
        value,
    }
}

fn chunk_of(segment: SegmentNo, person: ProfileNo) -> (u32, u32) {
    (
        segment.0,
        u32::try_from(person.0 / CHUNK).unwrap_or(u32::MAX),
    )
}

fn size_key(segment: u32) -> Box<[u8]> {
    [&b"size/"[..], &segment.to_be_bytes()].concat().into()
}

fn spoken_of(what: &What) -> Vec<ProfileNo> {
    match what {
        What::Merged {
            survivor, absorbed, ..
        } => vec![*survivor, *absorbed],
        What::Refused { profiles, .. } => profiles.clone(),
        What::Undone { .. } | What::Shared { .. } | What::Released { .. } => Vec::new(),
    }
}
