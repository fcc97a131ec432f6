//! Undo equals a veto from the start.

use super::*;
use crate::fold::worlds::{Entry, any_entries};
use crate::fold::{Due, Effects};
use crate::identity::journal::What;
use crate::identity::veto::{Vetoes, births};
use crate::segment::catalogue::Catalogue;
use crate::segment::registry::{Moment, Registry};
use crate::segment::text;
use proptest::prelude::*;

const TIGHT: &str =
    r#"{"kinds": {"email": {"limit": 2}, "anonymous_id": {"limit": 2}}, "identifiers_max": 5}"#;

const RULES: [&str; 8] = [
    r#"did "A" at least 2 times within 20 seconds"#,
    r#"did not "B" within 5 seconds"#,
    r#"did "A" where x > 0 exactly 1 times or attribute x = 1"#,
    r#"in segment "s0" and not in segment "s1""#,
    r#"sequence "A" then "B" where x = previous.x without page "A" within 20 seconds"#,
    r#"did "A" with sum of x >= 2 within 20 seconds or did "B" again after 2 seconds"#,
    r#"for 5 seconds (did "A" within 20 seconds or attribute x = 1)"#,
    r#"did "A" for the first time this day and random "lot" below 70 percent"#,
];

fn catalogue() -> Catalogue {
    let mut registry = Registry::default();
    for (nth, rule) in RULES.iter().enumerate() {
        let moment = Moment {
            position: Position::default(),
            received: Millis(0),
            next_profile: ProfileNo(1),
        };
        let key = format!("s{nth}");
        registry
            .put(&key, &key, text::parse(rule).unwrap(), moment)
            .unwrap();
    }
    Catalogue::new(&registry)
}

/// Everything folded so far, and what an undo asks of it.
struct World<'a> {
    policy: &'a Policy,
    catalogue: &'a Catalogue,
    vetoes: Vetoes,
    people: People,
    due: Due,
    journal: Vec<Record>,
    placed: Vec<(&'a Event, ProfileNo)>,
    /// Whose an event is that an undo gave to somebody else.
    moved: BTreeMap<Position, ProfileNo>,
    undone: BTreeSet<Position>,
    last: Position,
    now: Millis,
}

impl<'a> World<'a> {
    fn new(policy: &'a Policy, catalogue: &'a Catalogue) -> World<'a> {
        World {
            policy,
            catalogue,
            vetoes: Vetoes::default(),
            people: People::whole(ProfileNo(1)),
            due: Due::new(),
            journal: Vec::new(),
            placed: Vec::new(),
            moved: BTreeMap::new(),
            undone: BTreeSet::new(),
            last: Position::default(),
            now: Millis(0),
        }
    }

    fn enter(&mut self, entry: &'a Entry) {
        let given = self.fold(|fold| entry.fold(fold));
        if let (Some(number), Entry::Event(event)) = (given, entry) {
            self.placed.push((event, number));
        }
        (self.last, self.now) = (entry.place(), entry.received());
    }

    fn fold<T>(&mut self, act: impl FnOnce(&mut Fold<'_>) -> T) -> T {
        let rules = Rules {
            policy: self.policy,
            vetoes: &self.vetoes,
            catalogue: self.catalogue,
        };
        let due = std::mem::take(&mut self.due);
        let mut fold = Fold::resume(rules, &mut self.people, due, self.last);
        let done = act(&mut fold);
        let (Effects { journal, .. }, due) = fold.finish();
        self.due = due;
        self.journal.extend(journal);
        done
    }

    /// Takes back the merge at this place of the journal, if it is one that was not taken back.
    fn undo(&mut self, nth: usize) -> Option<(Position, Position)> {
        let record = self.journal.get(nth)?.clone();
        let What::Merged {
            survivor_birth,
            absorbed_birth,
            cause,
            ..
        } = record.what
        else {
            return None;
        };
        if matches!(cause, MergeCause::Member { .. }) && !self.undone.insert(record.place) {
            return None;
        }
        self.vetoes.forbid(survivor_birth, absorbed_birth);
        self.refold();
        Some((survivor_birth, absorbed_birth))
    }

    fn refold(&mut self) {
        let journal = self.journal.clone();
        let undone = self.undone.clone();
        let mut past: Vec<Past<'_>> = self
            .placed
            .iter()
            .map(|&(event, origin)| Past::Event { event, origin })
            .collect();
        let mut merges: BTreeMap<Position, Past<'_>> = BTreeMap::new();
        for Record {
            place,
            received,
            what,
        } in &journal
        {
            if let What::Merged {
                cause: cause @ MergeCause::Member { .. },
                ..
            } = what
                && !undone.contains(place)
            {
                let (place, received) = (*place, *received);
                merges.insert(
                    place,
                    Past::Merge {
                        place,
                        received,
                        cause,
                    },
                );
            }
        }
        past.extend(merges.into_values());
        past.sort_by_key(Past::place);
        let before: Vec<Profile> = self.people.profiles().cloned().collect();
        let empty = People::whole(self.people.next());
        let rules = Rules {
            policy: self.policy,
            vetoes: &self.vetoes,
            catalogue: self.catalogue,
        };
        let refolded = refold(rules, &before, &past, empty, self.last, self.now);
        self.people = refolded.people;
        self.due = self
            .people
            .profiles()
            .filter_map(|p| Some((p.armed?, p.number)))
            .collect();
        self.moved = refolded
            .moved
            .iter()
            .map(|(_, event, person)| (*event, *person))
            .collect();
        let new = refolded
            .journal
            .into_iter()
            .filter(|record| !journal.contains(record));
        self.journal.extend(new.collect::<Vec<_>>());
    }

    fn owner(&self, event: &Event, origin: ProfileNo) -> ProfileNo {
        self.people
            .survivor(self.moved.get(&event.position).copied().unwrap_or(origin))
    }

    /// Everybody, by the entries that made them: numbers left out, for they depend on the way.
    fn canonical(&self) -> BTreeMap<Vec<Position>, (Profile, BTreeSet<Position>)> {
        let everybody = self.people.profiles().map(|profile| {
            let mut born = births(profile);
            born.sort_unstable();
            let theirs = self
                .placed
                .iter()
                .filter(|(e, origin)| self.owner(e, *origin) == profile.number);
            let theirs = theirs.map(|(event, _)| event.position).collect();
            let canonical = Profile {
                number: ProfileNo(0),
                birth: born[0],
                absorbed: Vec::new(),
                moved_from: Vec::new(),
                armed: None,
                ..profile.clone()
            };
            (born, (canonical, theirs))
        });
        everybody.collect()
    }
}

fn undo_equals_a_veto(
    policy: &Policy,
    entries: &[Entry],
    undos: &[(usize, usize)],
) -> Result<usize, TestCaseError> {
    let catalogue = catalogue();
    let mut live = World::new(policy, &catalogue);
    let mut done = 0;
    for (nth, entry) in entries.iter().enumerate() {
        live.enter(entry);
        for (_, merge) in undos.iter().filter(|(at, _)| at % entries.len() == nth) {
            let merges: Vec<usize> = live
                .journal
                .iter()
                .enumerate()
                .filter(|(_, record)| matches!(record.what, What::Merged { .. }))
                .map(|(nth, _)| nth)
                .collect();
            if !merges.is_empty() {
                done += usize::from(live.undo(merges[merge % merges.len()]).is_some());
            }
        }
    }
    let mut vetoed = World::new(policy, &catalogue);
    vetoed.vetoes = live.vetoes.clone();
    // A merge that was refused because both were one already never became an entry.
    let merged: BTreeSet<Position> = live.journal.iter().map(|record| record.place).collect();
    for entry in entries {
        let is_entry = matches!(entry, Entry::Event(_)) || merged.contains(&entry.place());
        if is_entry && !live.undone.contains(&entry.place()) {
            vetoed.enter(entry);
        }
    }
    let end = live.now;
    live.fold(|fold| fold.fire(end));
    vetoed.fold(|fold| fold.fire(end));
    prop_assert_eq!(live.canonical(), vetoed.canonical());
    Ok(done)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn undo_equals_a_veto_from_the_start(
        entries in any_entries(40),
        undos in prop::collection::vec((0..40_usize, 0..40_usize), 1..4),
    ) {
        prop_assume!(!entries.is_empty());
        undo_equals_a_veto(&Policy::default(), &entries, &undos)?;
    }

    #[test]
    fn undo_equals_a_veto_from_the_start_where_limits_are_tight(
        entries in any_entries(40),
        undos in prop::collection::vec((0..40_usize, 0..40_usize), 1..4),
    ) {
        prop_assume!(!entries.is_empty());
        undo_equals_a_veto(&serde_json::from_str(TIGHT).unwrap(), &entries, &undos)?;
    }
}
