//! What can be asked: everything here reads what is folded so far, and changes nothing.

use super::Rapport;
use crate::configuration::Configuration;
use crate::counters::Outcomes;
use crate::discovery::{self, Found};
use crate::error::Result;
use crate::reads;
use crate::rejected::Rejected;
use crate::rows;
use crate::violations::Broken;
use crate::violations::counts::Count;
use crate::writer::all;
use rapport_core::entry::{Destination, Reference, Source};
use rapport_core::event::SourceNo;
use rapport_core::identity::journal::Record;
use rapport_core::identity::policy::Policy;
use rapport_core::identity::shared::Tally;
use rapport_core::identity::{Identifier, ProfileNo, shared};
use rapport_core::position::Position;
use rapport_core::profile::Profile;
use rapport_core::profile::company::Company;
use rapport_core::segment::catalogue::Catalogue;
use rapport_core::segment::membership::SegmentNo;
use rapport_core::segment::registry::Registry;
use rapport_store::history::{Ask, Row};
use rapport_store::state::{Table, number_key};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

impl Rapport {
    /// The configuration in force.
    #[must_use]
    pub fn configuration(&self) -> Arc<Configuration> {
        self.shared.configuration()
    }

    /// Segments, as defined.
    #[must_use]
    pub fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.shared.configuration().registry)
    }

    /// Segments, as compiled.
    #[must_use]
    pub fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.shared.configuration().catalogue)
    }

    /// The identity policy.
    #[must_use]
    pub fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.shared.configuration().policy)
    }

    /// Where events come from.
    #[must_use]
    pub fn sources(&self) -> Vec<Source> {
        self.shared
            .configuration()
            .sources
            .values()
            .cloned()
            .collect()
    }

    /// Whether the door checks what this source sends before it takes it.
    #[must_use]
    pub fn is_strict(&self, source: SourceNo) -> bool {
        let configuration = self.shared.configuration();
        let source = configuration.sources.get(&source);
        source.is_some_and(|source| source.strict)
    }

    /// Sinks for decisions.
    #[must_use]
    pub fn destinations(&self) -> Vec<Destination> {
        Vec::clone(&self.shared.configuration().destinations)
    }

    /// The person a reference means, timers that are due fired.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn profile(&self, reference: &Reference) -> Result<Option<Profile>> {
        Ok(reads::profile::one(&self.shared, reference).await?)
    }

    /// A company.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn company(&self, id: &str) -> Result<Option<Company>> {
        let key = number_key(rows::cell_of(self.shared.hash().company(id)));
        let row = self
            .shared
            .roles
            .state
            .load(Table::Company, &[key])
            .await?
            .remove(0);
        let Some(row) = row else { return Ok(None) };
        let companies: Vec<Company> = rows::unpack(Table::Company, &row)?;
        Ok(companies.into_iter().find(|company| &*company.id == id))
    }

    /// How many people are in a segment.
    #[must_use]
    pub fn segment_size(&self, no: SegmentNo) -> u64 {
        let sizes = self
            .shared
            .sizes
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        sizes.get(&no.0).copied().unwrap_or(0)
    }

    /// Members of a segment above `after`, by number, and where the next page begins: behind
    /// which number, `None` where there is none.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn members(
        &self,
        no: SegmentNo,
        after: Option<ProfileNo>,
        limit: usize,
    ) -> Result<(Vec<Profile>, Option<ProfileNo>)> {
        let more = limit.saturating_add(1);
        let mut numbers = reads::members::numbers(&self.shared, no, after, more).await?;
        let is_last = numbers.len() <= limit;
        numbers.truncate(limit);
        let next = if is_last {
            None
        } else {
            numbers.last().copied()
        };
        let mut people = reads::profile::many(&self.shared, &numbers).await?;
        // Whoever left, or was absorbed, since the list was read.
        people.retain(|profile| profile.memberships.contains(no));
        Ok((people, next))
    }

    /// Journal entries that speak of any of these profile numbers, newest first, below `before`.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn journal_of(
        &self,
        numbers: &[ProfileNo],
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, Record)>> {
        let mut found = BTreeMap::new();
        for &number in numbers {
            found.extend(reads::journal::page(&self.shared, number, before, limit).await?);
        }
        Ok(found.into_iter().rev().take(limit).collect())
    }

    /// One journal entry.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn journal(&self, number: u64) -> Result<Option<Record>> {
        Ok(reads::journal::entry(&self.shared, number).await?)
    }

    /// What a person did, newest first.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn timeline(&self, profile: &Profile, ask: &Ask) -> Result<Vec<Arc<Row>>> {
        Ok(reads::timeline::of(&self.shared, profile, ask).await?)
    }

    /// How events ended since the directory was made, of one source or of all.
    #[must_use]
    pub fn outcomes(&self, source: Option<SourceNo>) -> Outcomes {
        // In the writer's order, and the first held through: a count is in one of the two.
        let refused = self
            .shared
            .refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut counters = self
            .shared
            .counters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        counters.absorb(refused.clone());
        counters.outcomes(source)
    }

    /// Rejected events before `before`, newest first.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn rejected(&self, before: Option<Position>, limit: usize) -> Result<Vec<Rejected>> {
        Ok(reads::rejected::page(&self.shared, before, limit).await?)
    }

    /// How often these identifiers were refused lately, where they were.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn refused(&self, asked: &[Identifier]) -> Result<BTreeMap<Identifier, Tally>> {
        let hash = self.shared.hash();
        let key = |one: &Identifier| number_key(rows::cell_of(hash.identifier(one)));
        let keys: Vec<_> = asked.iter().map(key).collect();
        let state = &self.shared.roles.state;
        let mut refused = BTreeMap::new();
        for row in state.load(Table::Shared, &keys).await?.iter().flatten() {
            let records: Vec<(Identifier, shared::Record)> = rows::unpack(Table::Shared, row)?;
            let counted = records.into_iter().filter(|(_, one)| one.tally().count > 0);
            refused.extend(counted.map(|(identifier, one)| (identifier, one.tally().clone())));
        }
        Ok(refused)
    }

    /// Which events sources send, as seen so far.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn discovered(&self, source: Option<SourceNo>) -> Result<Found> {
        Ok(discovery::all(&self.shared, source).await?)
    }

    /// Events of a source that were not as planned, before `before`, newest first.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn violations(
        &self,
        source: SourceNo,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Broken>> {
        Ok(reads::violations::page(&self.shared, source, before, limit).await?)
    }

    /// How often each violation of a source's plans was found, since the directory was made.
    #[must_use]
    pub fn violation_counts(&self, source: SourceNo) -> Vec<Count> {
        let counts = &self.shared.violations;
        counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .of(source)
    }

    /// Identifiers that are marked shared, with their records.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn shared_identifiers(&self) -> Result<Vec<(Identifier, shared::Record)>> {
        let mut found = Vec::new();
        for (_, row) in all(&*self.shared.roles.state, Table::Shared).await? {
            let records: Vec<(Identifier, shared::Record)> = rows::unpack(Table::Shared, &row)?;
            found.extend(
                records
                    .into_iter()
                    .filter(|(_, record)| record.marked().is_some()),
            );
        }
        Ok(found)
    }
}
