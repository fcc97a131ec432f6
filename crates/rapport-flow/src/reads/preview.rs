//! Who a rule that is not saved would have for members: exact where there are few people, else
//! from a sample spread over the whole range of profile numbers.
//!
//! What the leaves, attributes and memberships of people answer is read from their rows. What no
//! leaf keeps yet is read from the history of those who are looked at, within the time there is:
//! the sample then grows until it is used up.

use super::profile;
use crate::error::Result;
use crate::shared::Shared;
use crate::writer::next_profile;
use rapport_core::identity::ProfileNo;
use rapport_core::profile::Profile;
use rapport_core::segment::catalogue::{Facts, Wanted};
use rapport_core::segment::estimate::Estimate;
use rapport_core::segment::leaf::Leaves;
use rapport_core::segment::trial::Trial;
use rapport_core::time::Millis;
use rapport_store::history::{Ask, Row};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::OwnedSemaphorePermit;

/// Numbers looked at in one go where rows answer.
const BATCH: usize = 512;
/// The same for the first look into history; it doubles while there is time.
const FIRST_BATCH_OF_HISTORY: usize = 16;
/// Events read in one look into history at most.
const EVENTS_MAX: usize = 50_000;

/// How far a preview goes.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Numbers looked at, at most.
    pub sample: usize,
    /// Members shown, at most.
    pub members: usize,
    /// How long it may take.
    pub budget: Duration,
}

/// What a preview found.
#[derive(Debug)]
pub struct Preview {
    /// Profile numbers given so far. Behind one that was absorbed by a merge there is nobody.
    pub all: u64,
    /// How many of them were looked at.
    pub looked: u64,
    /// How many people were behind those.
    pub people: u64,
    /// How many of them are members.
    pub found: u64,
    /// What that says of everybody; `None` where nobody could be looked at in time.
    pub estimate: Option<Estimate>,
    /// Members among them, as many as were asked for.
    pub members: Vec<Profile>,
    /// Of how many history was read; 0 where it was not needed.
    pub read_back: u64,
    /// Whether somebody had more events than are read of one.
    pub is_cut: bool,
    /// How long it took.
    pub took: Duration,
    /// As of when.
    pub now: Millis,
}

/// Looks at a rule.
pub(crate) async fn of(shared: &Arc<Shared>, trial: &Trial, bounds: Bounds) -> Result<Preview> {
    let began = Instant::now();
    // Held by whatever it starts, so that what outlasts it counts as well.
    let turn = Arc::clone(&shared.previews).acquire_owned().await;
    let turn = turn.ok().map(Arc::new);
    let all = next_profile(&*shared.roles.state)
        .await?
        .0
        .saturating_sub(1);
    let sample = Sample::of(all, bounds.sample as u64);
    let mut looking = Looking {
        shared,
        trial,
        turn,
        wanted: trial.wanted().clone(),
        ends: began + bounds.budget,
        shown: bounds.members,
        preview: Preview {
            all,
            looked: 0,
            people: 0,
            found: 0,
            estimate: None,
            members: Vec::new(),
            read_back: 0,
            is_cut: false,
            took: Duration::ZERO,
            now: shared.clock.now(),
        },
    };
    looking.all(&sample).await?;
    let mut preview = looking.preview;
    if preview.looked > 0 || all == 0 {
        preview.estimate = Some(Estimate::of(preview.found, preview.looked, all));
    }
    preview.members.sort_by_key(|profile| profile.number);
    preview.took = began.elapsed();
    Ok(preview)
}

/// Numbers drawn one from each of equal strata, in an order in which the first of them lie spread
/// over all, too.
struct Sample {
    all: u64,
    strata: u64,
}

impl Sample {
    fn of(all: u64, most: u64) -> Sample {
        Sample {
            all,
            strata: all.min(most),
        }
    }

    /// The strata, each once: by the places of their bits turned round.
    fn order(&self) -> impl Iterator<Item = u64> + '_ {
        let bits = self.strata.next_power_of_two().trailing_zeros();
        let turned = (0..self.strata.next_power_of_two()).map(move |nth| match bits {
            0 => nth,
            bits => nth.reverse_bits() >> (64 - bits),
        });
        turned.filter(|stratum| *stratum < self.strata)
    }

    /// The number drawn from a stratum by lot.
    fn number(&self, stratum: u64, lot: u128) -> ProfileNo {
        let edge = |nth: u64| u128::from(nth) * u128::from(self.all) / u128::from(self.strata);
        let (from, to) = (edge(stratum), edge(stratum + 1));
        let drawn = from + lot % (to - from).max(1);
        ProfileNo(1 + u64::try_from(drawn).unwrap_or(self.all - 1))
    }
}

struct Looking<'a> {
    shared: &'a Arc<Shared>,
    trial: &'a Trial,
    turn: Option<Arc<OwnedSemaphorePermit>>,
    wanted: Wanted,
    ends: Instant,
    shown: usize,
    preview: Preview,
}

impl Looking<'_> {
    async fn all(&mut self, sample: &Sample) -> Result<()> {
        let hash = self.shared.hash();
        let mut numbers = sample
            .order()
            .map(|stratum| sample.number(stratum, hash.lot(stratum)));
        let needs_history = !self.wanted.is_empty();
        let mut batch = match needs_history {
            true => FIRST_BATCH_OF_HISTORY,
            false => BATCH,
        };
        loop {
            let some: Vec<ProfileNo> = numbers.by_ref().take(batch).collect();
            if some.is_empty() {
                return Ok(());
            }
            let began = Instant::now();
            if !self.some(&some).await? {
                return Ok(());
            }
            let left = self.ends.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            // Most of a look into history is finding the files: twice as many cost less than that.
            if needs_history && began.elapsed() * 3 < left {
                batch = (batch * 2).min(BATCH);
            }
        }
    }

    /// Looks at a few; false where the time was over before their past was read.
    async fn some(&mut self, numbers: &[ProfileNo]) -> Result<bool> {
        let people = profile::many(self.shared, numbers).await?;
        let mut past = BTreeMap::new();
        if !self.wanted.is_empty() && !people.is_empty() {
            let Some(read) = self.past(&people).await? else {
                return Ok(false);
            };
            past = read;
            self.preview.read_back += people.len() as u64;
        }
        for profile in people {
            self.one(profile, &past);
        }
        self.preview.looked += numbers.len() as u64;
        Ok(true)
    }

    fn one(&mut self, profile: Profile, past: &BTreeMap<ProfileNo, Leaves>) {
        let (trial, preview) = (self.trial, &mut self.preview);
        let mut leaves = trial.leaves(&profile.leaves);
        if let Some(past) = past.get(&profile.number) {
            trial.unite(&mut leaves, past);
        }
        let numbers = profile.origins_since();
        let facts = Facts {
            number: profile.number,
            numbers: &numbers,
            attributes: &profile.attributes,
            companies: &profile.companies,
            leaves: &leaves,
        };
        preview.people += 1;
        if trial.holds(&facts, &profile.memberships, preview.now) {
            preview.found += 1;
            if preview.members.len() < self.shown {
                preview.members.push(profile);
            }
        }
    }

    /// What the leaves that are missing keep of these people; `None` where that took too long.
    async fn past(&mut self, people: &[Profile]) -> Result<Option<BTreeMap<ProfileNo, Leaves>>> {
        let mut past: BTreeMap<ProfileNo, Leaves> = BTreeMap::new();
        let mut waiting = vec![people];
        while let Some(people) = waiting.pop() {
            let Some(rows) = self.rows(people).await? else {
                return Ok(None);
            };
            if rows.len() >= EVENTS_MAX {
                // The newest events of so many people may be those of a few.
                if people.len() > 1 {
                    let (left, right) = people.split_at(people.len() / 2);
                    waiting.extend([left, right]);
                    continue;
                }
                self.preview.is_cut = true;
            }
            let ownership = self.shared.ownership();
            for row in rows {
                let Some(origin) = row.origin else { continue };
                let owner = ownership.owner(origin, row.event.position);
                let into = past.entry(owner).or_default();
                self.trial.add(into, &row.event);
            }
        }
        Ok(Some(past))
    }

    /// The newest events of these people that are wanted, from files and from memory.
    async fn rows(&self, people: &[Profile]) -> Result<Option<Vec<Arc<Row>>>> {
        if Instant::now() >= self.ends {
            return Ok(None);
        }
        let origins: BTreeSet<ProfileNo> = people.iter().flat_map(Profile::origins).collect();
        let origins: Vec<ProfileNo> = origins.into_iter().collect();
        let ask = asked(&self.wanted);
        let (files, mut rows) = {
            let recorded = self.shared.recorded();
            let waiting = recorded.tail.timeline(&origins, &ask);
            (recorded.files.history.clone(), waiting)
        };
        let history = Arc::clone(&self.shared.roles.history);
        let turn = self.turn.clone();
        let look = tokio::spawn(async move {
            let _turn = turn;
            history.timeline(&files, &origins, &ask).await
        });
        match tokio::time::timeout_at(self.ends.into(), look).await {
            Ok(Ok(found)) => rows.extend(found?),
            // It ran out of time, or the program is stopping.
            Ok(Err(_)) | Err(_) => return Ok(None),
        }
        Ok(Some(rows))
    }
}

/// The events that the leaves can want: a superset, told apart again where they are observed.
fn asked(wanted: &Wanted) -> Ask {
    let named = wanted.named.iter();
    let kinds = named.clone().map(|(kind, _)| kind).chain(&wanted.kinds);
    let names = match wanted.kinds.is_empty() {
        true => named.map(|(_, name)| name.to_string()).collect(),
        false => BTreeSet::new(),
    };
    Ask {
        names,
        kinds: kinds.map(|kind| kind.word().to_owned()).collect(),
        limit: EVENTS_MAX,
        ..Ask::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_one_number_of_each_stratum_and_reaches_everybody_where_there_are_few() {
        for (all, most) in [(1, 10), (7, 10), (10, 10), (1_000_000, 5_000), (12_345, 77)] {
            let sample = Sample::of(all, most);
            let strata: Vec<u64> = sample.order().collect();
            assert_eq!(strata.len() as u64, all.min(most));
            let mut numbers: Vec<u64> = strata
                .iter()
                .map(|stratum| {
                    let lot = u128::from(*stratum).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                    sample.number(*stratum, lot).0
                })
                .collect();
            // Half of it is already spread over all.
            let half = &numbers[..numbers.len().div_ceil(2)];
            let lower = half.iter().filter(|number| **number <= all.div_ceil(2));
            assert!(lower.count().abs_diff(half.len() / 2) <= half.len() / 10 + 1);
            numbers.sort_unstable();
            numbers.dedup();
            assert_eq!(numbers.len() as u64, all.min(most));
            assert!(numbers[0] >= 1 && *numbers.last().expect("some") <= all);
        }
        assert_eq!(Sample::of(0, 10).order().count(), 0);
    }
}
