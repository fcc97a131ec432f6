//! Live membership against an oracle: naive, straight from the definition, sharing nothing with
//! the core but [`Event`]. It has its own rules (which it spells as text for the core), reads
//! properties as trees, keeps every event, and decides by counting all of them.
//!
//! Everything is checked at every instant: at each entry, and at each moment at which any event
//! enters or leaves any window, and one millisecond to either side of it.
//!
//! `RAPPORT_ORACLE=20 cargo test -p rapport-core oracle` tries twenty times as many worlds.

use self::any::{any_close, any_history, any_joined, any_rules, told_apart};
use self::live::Live;
use self::meaning::oracle;
use self::rules::Rule;
use self::world::{Timers, World};
use crate::event::{Event, Kind};
use crate::segment::catalogue::Touched;
use crate::segment::leaf::Leaves;
use crate::time::Millis;
use proptest::prelude::*;
use serde_json::Value;

mod any;
mod calendar;
mod inquiry;
mod instants;
mod live;
mod meaning;
mod people;
mod rules;
mod traits;
mod values;
mod world;

/// So many worlds, or as many times more as the environment says.
fn cases(usual: u32) -> ProptestConfig {
    let times = std::env::var("RAPPORT_ORACLE");
    let times: Option<u32> = times.ok().and_then(|text| text.parse().ok());
    ProptestConfig::with_cases(usual.saturating_mul(times.unwrap_or(1)))
}

/// Keys of the segments of a world, each of which may refer to those before it.
const KEYS: [&str; 3] = ["s0", "s1", "s2"];

/// What arrives.
#[derive(Clone, Debug)]
enum Entry {
    Event {
        late_ms: i64,
        what: (Kind, &'static str),
        properties: Value,
        message: u32,
    },
    /// An event that arrived before, once more.
    Again(usize),
    Attribute(&'static str, Value),
}

/// Shortly before a Monday, a month, a quarter and a year begin in UTC.
const START: i64 = 1_704_067_200_000 - 40_000;

/// The same events in another order, and in two parts united, give the same state.
fn same_in_any_order(live: &Live, sent: &[Event]) -> Result<(), TestCaseError> {
    let catalogue = &live.catalogue;
    let fold = |events: &mut dyn Iterator<Item = &Event>| {
        let mut leaves = Leaves::default();
        events.for_each(|event| catalogue.observe(&mut leaves, event, &mut Touched::default()));
        leaves
    };
    prop_assert_eq!(&fold(&mut sent.iter().rev()), &live.leaves);
    let (history, after) = sent.split_at(sent.len() / 2);
    let mut united = fold(&mut after.iter());
    let all = live.registry.leaves().iter().map(|leaf| leaf.no).collect();
    let mut of_history = Leaves::default();
    history
        .iter()
        .for_each(|event| catalogue.observe_only(&all, &mut of_history, event));
    catalogue.unite(&mut united, &of_history, &mut Touched::default());
    prop_assert_eq!(&united, &live.leaves);
    Ok(())
}

/// What explain says of each segment is what membership says, now and at the moment it names.
fn explained(world: &World<'_, Rule>) -> Result<(), TestCaseError> {
    let now = Millis(world.now);
    let members = world.live.members();
    for (nth, key) in KEYS.iter().enumerate() {
        let live = &world.live;
        let explained = live
            .catalogue
            .explain(key, &live.facts(), &live.memberships, now)
            .unwrap();
        prop_assert!(explained.built);
        prop_assert_eq!(explained.member, members[nth]);
        prop_assert_eq!(explained.rule.holds, members[nth]);
        prop_assert_eq!(explained.rule.flips_at, explained.flips_at);
        let flips = |at: i64| oracle(world.asked, &world.person, at)[nth] != members[nth];
        match explained.flips_at {
            Some(moment) => prop_assert!(flips(moment.0.0) && !flips(moment.0.0 - 1)),
            None => prop_assert!(!flips(world.now + 70_000)),
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn live_membership_is_what_the_oracle_says_at_every_instant(
        rules in any_rules(),
        history in any_history().prop_map(told_apart),
    ) {
        let mut punctual = World::new(&rules, Timers::Punctual);
        punctual.compare(&history)?;
        same_in_any_order(&punctual.live, &punctual.sent)?;
        let mut late = World::new(&rules, Timers::Late);
        late.compare(&history)?;
        prop_assert_eq!(&late.live.flips, &punctual.live.flips);
        prop_assert_eq!(&late.live.memberships, &punctual.live.memberships);
    }

    #[test]
    fn a_sequence_is_found_by_whichever_way_leads_to_it(
        rules in [any_joined(), any_joined(), any_joined()],
        history in any_close().prop_map(told_apart),
    ) {
        let mut world = World::new(&rules, Timers::Punctual);
        world.compare(&history)?;
        same_in_any_order(&world.live, &world.sent)?;
    }

    #[test]
    fn a_rule_set_amid_a_history_and_built_from_it_is_what_the_oracle_says(
        rules in any_rules(),
        other_rules in any_rules(),
        history in any_history().prop_map(told_apart),
        (at, meanwhile) in (0..25_usize, 0..10_usize),
    ) {
        let (before, rest) = history.split_at(at.min(history.len()));
        let (meanwhile, after) = rest.split_at(meanwhile.min(rest.len()));
        let mut world = World::new(&rules, Timers::Punctual);
        world.compare(before)?;
        world.rebuild(&other_rules, meanwhile)?;
        world.compare(after)?;
        let mut leaves = world.live.leaves.clone();
        let mut memberships = world.live.memberships.clone();
        world.live.catalogue.forget_removed(&mut leaves, &mut memberships);
        world.live.leaves = leaves;
        same_in_any_order(&world.live, &world.sent)?;
    }

    #[test]
    fn an_explanation_says_what_membership_says_now_and_at_the_moment_it_names(
        rules in any_rules(),
        history in any_history().prop_map(told_apart),
    ) {
        let mut world = World::new(&rules, Timers::Punctual);
        for (pause_ms, entry) in &history {
            world.pass(*pause_ms)?;
            world.enter(entry);
        }
        explained(&world)?;
    }
}
