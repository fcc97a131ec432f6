//! Undo equals a veto from the start, whatever becomes of the rules meanwhile; and whoever listens
//! knows at every moment who is where.

use super::*;
use crate::fold::worlds::{Entry, any_entries, any_ruled_entries};
use crate::identity::journal::What;
use crate::identity::policy::Policy;
use crate::identity::veto::births;
use proptest::prelude::*;

mod builds;
mod numbers;
mod world;

use world::World;

const TIGHT: &str =
    r#"{"kinds": {"email": {"limit": 2}, "anonymous_id": {"limit": 2}}, "identifiers_max": 5}"#;

/// Policies to change to; the first is the default.
const POLICIES: [&str; 4] = [
    "{}",
    TIGHT,
    r#"{"kinds": {"anonymous_id": {"blocked": ["a4"]}}, "email": {"strip_plus_tag": true}}"#,
    r#"{"kinds": {"email": {"limit": 1, "priority": 2000}}}"#,
];

/// Rules to change to; the first four are those that segments begin with.
const RULES: [&str; 10] = [
    r#"did "A" at least 2 times within 20 seconds"#,
    r#"did not "B" within 5 seconds"#,
    r#"did "A" where x > 0 exactly 1 times or attribute x = 1"#,
    r#"in segment "s0" and not in segment "s1""#,
    r#"did "A" at least 3 times"#,
    r#"did "B" within 9 seconds"#,
    r#"sequence "A" then "B" where x = previous.x without page "A" within 20 seconds"#,
    r#"did "A" with sum of x >= 2 within 20 seconds or did "B" again after 2 seconds"#,
    r#"for 5 seconds (did "A" within 20 seconds or attribute x = 1)"#,
    r#"did "A" for the first time this day and random "lot" below 70 percent"#,
];

fn policy(nth: usize) -> Policy {
    serde_json::from_str(POLICIES[nth]).unwrap()
}

/// Folds entries in batches of `batch`, with undos between them, and the same entries under all
/// the vetoes from the start; says how many undos there were.
fn undo_equals_a_veto(
    policy: usize,
    entries: &[Entry],
    batch: usize,
    undos: &[(usize, usize)],
) -> Result<usize, TestCaseError> {
    let mut live = World::new(policy);
    let mut done = 0;
    for (nth, entries) in entries.chunks(batch).enumerate() {
        live.enter(entries);
        live.check_listener()?;
        for (_, merge) in undos.iter().filter(|(at, _)| *at == nth) {
            let merges = live.merges();
            if !merges.is_empty() {
                done += usize::from(live.undo(merges[merge % merges.len()]).is_some());
                live.check_listener()?;
                live.check_numbers()?;
            }
        }
    }
    let mut vetoed = World::new(policy);
    vetoed.vetoes = live.vetoes.clone();
    for entry in entries {
        if live.took(entry) && !live.undone.contains(&entry.place()) {
            vetoed.enter(std::slice::from_ref(entry));
        }
    }
    let now = live.now;
    live.end(now);
    vetoed.end(now);
    prop_assert_eq!(live.canonical(), vetoed.canonical());
    prop_assert!(live.rulebook.registry().agrees(vetoed.rulebook.registry()));
    Ok(done)
}

fn any_undos() -> impl Strategy<Value = Vec<(usize, usize)>> {
    prop::collection::vec((0..30_usize, 0..40_usize), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn undo_equals_a_veto_from_the_start(
        entries in any_entries(40),
        batch in 1..4_usize,
        undos in any_undos(),
    ) {
        undo_equals_a_veto(0, &entries, batch, &undos)?;
    }

    #[test]
    fn undo_equals_a_veto_from_the_start_where_limits_are_tight(
        entries in any_entries(40),
        batch in 1..4_usize,
        undos in any_undos(),
    ) {
        undo_equals_a_veto(1, &entries, batch, &undos)?;
    }

    #[test]
    fn undo_equals_a_veto_from_the_start_whatever_the_rules_were_meanwhile(
        entries in any_ruled_entries(50),
        batch in 1..4_usize,
        undos in any_undos(),
    ) {
        undo_equals_a_veto(0, &entries, batch, &undos)?;
    }
}
