//! What every store of seen ids must do.

use crate::seen::{Run, Seen, SeenKey};
use rapport_core::time::{DAY_MS, Millis};
use std::collections::BTreeSet;

/// Runs the suite on fresh stores.
///
/// # Panics
/// Where the engine breaks the contract of [`Seen`].
pub async fn seen<S: Seen>(make: impl AsyncFn() -> S) {
    nothing_is_found_in_nothing(&make().await).await;
    what_was_written_is_found(&make().await).await;
    the_latest_moment_counts(&make().await).await;
    odd_keys_are_found(&make().await).await;
    a_merge_drops_only_what_is_too_old(&make().await).await;
    a_merge_keeps_the_latest_moment(&make().await).await;
    only_unlisted_runs_are_swept(&make().await).await;
    a_missing_run_is_an_error(&make().await).await;
}

async fn nothing_is_found_in_nothing(seen: &impl Seen) {
    assert_eq!(seen.find(&[], &[1, 2]).await.unwrap(), [None, None]);
    let empty = seen.write(Vec::new()).await.unwrap();
    assert_eq!(empty.ids, 0);
    assert_eq!(
        seen.find(std::slice::from_ref(&empty), &[0, 1, SeenKey::MAX])
            .await
            .unwrap(),
        [None; 3]
    );
    let merged = seen.merge(&[empty], Millis(0)).await.unwrap();
    assert_eq!(seen.find(&[merged], &[]).await.unwrap(), []);
}

async fn what_was_written_is_found(seen: &impl Seen) {
    let ids: Vec<_> = (0..5_000).map(|n| (key(n), at(n))).collect();
    let run = seen
        .write(ids.iter().rev().copied().collect())
        .await
        .unwrap();
    assert_eq!((run.ids, run.received), (5_000, (at(0), at(4_999))));
    assert!(run.bytes > 0);
    let keys: Vec<_> = (0..10_000).map(key).collect();
    let found = seen.find(&[run], &keys).await.unwrap();
    for (n, moment) in (0..).zip(found) {
        assert_eq!(moment, (n < 5_000).then(|| at(n)), "id {n}");
    }
}

async fn the_latest_moment_counts(seen: &impl Seen) {
    let one = seen
        .write(vec![(7, Millis(50)), (7, Millis(90)), (7, Millis(70))])
        .await
        .unwrap();
    assert_eq!(one.ids, 1, "an id is kept once");
    let other = seen
        .write(vec![(7, Millis(80)), (8, Millis(10))])
        .await
        .unwrap();
    for runs in [[one.clone(), other.clone()], [other, one]] {
        let found = seen.find(&runs, &[8, 7, 7, 9]).await.unwrap();
        assert_eq!(
            found,
            [Some(Millis(10)), Some(Millis(90)), Some(Millis(90)), None]
        );
    }
}

async fn odd_keys_are_found(seen: &impl Seen) {
    let keys = [0, 1, 1 << 64, (1 << 64) - 1, SeenKey::MAX - 1, SeenKey::MAX];
    let crowd = (0..1_000).map(|n| ((5 << 64) | n, Millis(-40)));
    let ids = keys
        .iter()
        .map(|&key| (key, Millis(i64::from(u32::MAX) * 2)))
        .chain(crowd)
        .collect();
    let run = seen.write(ids).await.unwrap();
    let found = seen.find(std::slice::from_ref(&run), &keys).await.unwrap();
    assert!(found.iter().all(Option::is_some), "{found:?}");
    let crowd: Vec<SeenKey> = (0..1_001).map(|n| (5 << 64) | n).collect();
    let found = seen.find(&[run], &crowd).await.unwrap();
    assert_eq!(
        found.iter().flatten().count(),
        1_000,
        "neighbours are told apart"
    );
    assert_eq!(found[1_000], None);
}

async fn a_merge_drops_only_what_is_too_old(seen: &impl Seen) {
    let mut runs = Vec::new();
    for start in [0, 1_000, 2_000] {
        let ids = (start..start + 1_000).map(|n| (key(n), at(n))).collect();
        runs.push(seen.write(ids).await.unwrap());
    }
    let merged = seen.merge(&runs, at(1_500)).await.unwrap();
    assert_eq!(
        (merged.ids, merged.received),
        (1_500, (at(1_500), at(2_999)))
    );
    let keys: Vec<_> = (0..3_000).map(key).collect();
    let before = seen.find(&runs, &keys).await.unwrap();
    assert!(
        before.iter().all(Option::is_some),
        "merged runs stay until removed"
    );
    let names: Vec<String> = runs.into_iter().map(|run| run.name).collect();
    seen.remove(&names).await.unwrap();
    seen.remove(&names).await.unwrap();
    let found = seen.find(&[merged], &keys).await.unwrap();
    for (n, moment) in (0..).zip(found) {
        assert_eq!(moment, (n >= 1_500).then(|| at(n)), "id {n}");
    }
}

async fn a_merge_keeps_the_latest_moment(seen: &impl Seen) {
    let old = seen
        .write(vec![(1, Millis(10)), (2, Millis(10)), (3, Millis(10))])
        .await
        .unwrap();
    let new = seen
        .write(vec![(2, Millis(30)), (1, Millis(20))])
        .await
        .unwrap();
    let merged = seen.merge(&[old, new], Millis(15)).await.unwrap();
    let found = seen.find(&[merged], &[1, 2, 3]).await.unwrap();
    assert_eq!(found, [Some(Millis(20)), Some(Millis(30)), None]);
}

async fn only_unlisted_runs_are_swept(seen: &impl Seen) {
    let listed = seen.write(vec![(1, Millis(1))]).await.unwrap();
    seen.write(vec![(2, Millis(2))]).await.unwrap();
    let names = BTreeSet::from([listed.name.clone()]);
    assert_eq!(seen.sweep(&names).await.unwrap(), 1);
    assert_eq!(seen.sweep(&names).await.unwrap(), 0);
    assert_eq!(seen.find(&[listed], &[1]).await.unwrap(), [Some(Millis(1))]);
}

async fn a_missing_run_is_an_error(seen: &impl Seen) {
    let run = seen.write(vec![(1, Millis(1))]).await.unwrap();
    seen.remove(std::slice::from_ref(&run.name)).await.unwrap();
    assert!(
        seen.find(&[run], &[1]).await.is_err(),
        "a listed run is never skipped"
    );
    let never = Run {
        name: "never".into(),
        ids: 1,
        bytes: 1,
        received: (Millis(0), Millis(0)),
    };
    assert!(seen.merge(&[never], Millis(0)).await.is_err());
}

/// Spread like the hashes that real keys are.
fn key(n: u64) -> SeenKey {
    let mixed = |n: u64| {
        n.wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(29)
            .wrapping_mul(0xbf58_476d_1ce4_e5b9)
    };
    (SeenKey::from(mixed(n + 1)) << 64) | SeenKey::from(mixed(n + 77_777))
}

/// Moments over a week, to the millisecond.
fn at(n: u64) -> Millis {
    Millis(1_800_000_000_123).plus(i64::try_from(n).unwrap() * 7 * DAY_MS / 5_000)
}
