//! The suite of seen ids, and what only files can suffer.

use super::*;
use proptest::prelude::*;
use rapport_store::conformance;
use std::fs;
use std::sync::atomic::AtomicU32;

#[tokio::test]
async fn the_suite_passes() {
    let root = tempfile::tempdir().unwrap();
    let made = AtomicU32::new(0);
    conformance::seen(async || {
        let name = made.fetch_add(1, Ordering::Relaxed).to_string();
        SeenRuns::open(&Directory::open(root.path().join(name)).unwrap()).unwrap()
    })
    .await;
}

fn runs(folder: &Path) -> Runs {
    Runs::open(folder.to_path_buf(), FILTER_BYTES_MAX).unwrap()
}

/// Spread like a hash.
fn key(n: u64) -> SeenKey {
    let half = |salt: u64| {
        let mixed = (n ^ salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
    };
    (SeenKey::from(half(1)) << 64) | SeenKey::from(half(2))
}

fn ids(from: u64, to: u64) -> Vec<(SeenKey, Millis)> {
    (from..to)
        .map(|n| (key(n), Millis(1_000 + n as i64)))
        .collect()
}

#[test]
fn an_id_takes_about_twenty_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let run = runs(folder.path()).write(ids(0, 200_000)).unwrap();
    assert_eq!(
        run.bytes,
        fs::metadata(folder.path().join(&run.name)).unwrap().len()
    );
    assert!(run.bytes < 200_000 * 22, "{} bytes", run.bytes);
}

#[test]
fn the_filter_knows_most_strangers() {
    let mut filter = filter::Filter::for_ids(100_000);
    (0..100_000).for_each(|n| filter.insert(key(n)));
    assert!(
        (0..100_000).all(|n| filter.may_hold(key(n))),
        "it forgets nobody"
    );
    let passed = (100_000..300_000)
        .filter(|n| filter.may_hold(key(*n)))
        .count();
    assert!(passed < 200_000 / 50, "{passed} of 200000 strangers pass");
}

#[test]
fn filters_beyond_the_limit_are_read_from_disk_with_the_same_answers() {
    let folder = tempfile::tempdir().unwrap();
    let writer = runs(folder.path());
    let listed: Vec<Run> = (0..4)
        .map(|n| writer.write(ids(n * 5_000, (n + 1) * 5_000)).unwrap())
        .collect();
    let one = fs::metadata(folder.path().join(&listed[0].name))
        .unwrap()
        .len()
        / 5;
    let keys: Vec<SeenKey> = (0..30_000).step_by(3).map(key).collect();
    for limit in [0, one, u64::MAX] {
        let runs = Runs::open(folder.path().to_path_buf(), limit).unwrap();
        let found = runs.find(&listed, &keys).unwrap();
        for (n, moment) in (0..30_000).step_by(3).zip(found) {
            assert_eq!(
                moment,
                (n < 20_000).then_some(Millis(1_000 + n)),
                "id {n}, limit {limit}"
            );
        }
    }
}

#[test]
fn every_damaged_byte_is_an_error_or_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let run = runs(folder.path()).write(ids(0, 600)).unwrap();
    let path = folder.path().join(&run.name);
    let good = fs::read(&path).unwrap();
    let keys: Vec<SeenKey> = (0..700).map(key).collect();
    let right = runs(folder.path())
        .find(std::slice::from_ref(&run), &keys)
        .unwrap();
    for limit in [0, FILTER_BYTES_MAX] {
        for place in (0..good.len()).step_by(101) {
            let mut bad = good.clone();
            bad[place] ^= 0x40;
            fs::write(&path, bad).unwrap();
            let runs = Runs::open(folder.path().to_path_buf(), limit).unwrap();
            match runs.find(std::slice::from_ref(&run), &keys) {
                Err(error) => assert!(matches!(error, Error::Damaged { .. }), "{error:?}"),
                Ok(found) => assert_eq!(found, right, "byte {place}"),
            }
        }
    }
    for length in [0, 10, good.len() - 1] {
        fs::write(&path, &good[..length]).unwrap();
        let cut = runs(folder.path()).find(std::slice::from_ref(&run), &keys);
        assert!(
            matches!(cut, Err(Error::Damaged { .. })),
            "cut to {length}: {cut:?}"
        );
    }
}

#[test]
fn a_failed_write_leaves_nothing_and_names_are_used_once() {
    let folder = tempfile::tempdir().unwrap();
    let first = runs(folder.path()).write(ids(0, 10)).unwrap();
    fs::write(folder.path().join("000000000007.tmp"), "left behind").unwrap();
    let reopened = runs(folder.path());
    let second = reopened.write(ids(10, 20)).unwrap();
    assert_eq!(
        second.name, "000000000008.seen",
        "behind everything that ever had a name"
    );
    fs::remove_file(folder.path().join(&first.name)).unwrap();
    assert!(reopened.merge(&[first, second.clone()], Millis(0)).is_err());
    assert_eq!(
        reopened
            .sweep(&BTreeSet::from([second.name.clone()]))
            .unwrap(),
        1
    );
    assert_eq!(files_in(folder.path()).unwrap(), [second.name]);
}

#[test]
fn a_name_cannot_leave_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["../lock", "/etc/passwd", "..", ""] {
        assert!(runs(folder.path()).remove(name).is_err(), "{name:?}");
    }
}

#[tokio::test]
async fn a_backup_answers_like_the_original() {
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::open(folder.path()).unwrap();
    let seen = SeenRuns::open(&directory).unwrap();
    let run = seen.write(ids(0, 300)).await.unwrap();
    let target = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        seen.back_up(std::slice::from_ref(&run), &target.path().join("seen"))
            .await
            .unwrap();
    }
    seen.remove(std::slice::from_ref(&run.name)).await.unwrap();
    let copy = SeenRuns::open(&Directory::open(target.path()).unwrap()).unwrap();
    assert_eq!(
        copy.find(&[run], &[key(3)]).await.unwrap(),
        [Some(Millis(1_003))]
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// Few upper halves, so that runs of equal ones cross pages.
    #[test]
    fn runs_and_merges_answer_like_a_map(
        written in prop::collection::vec(prop::collection::vec((0..4_u64, 0..900_u64, 0..50_i64), 0..700), 1..5),
        oldest in 0..60_i64,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let runs = runs(folder.path());
        let mut model: BTreeMap<SeenKey, Millis> = BTreeMap::new();
        let mut listed = Vec::new();
        for ids in written {
            let ids: Vec<_> = ids.into_iter()
                .map(|(upper, lower, at)| ((SeenKey::from(upper) << 64) | SeenKey::from(lower), Millis(at)))
                .collect();
            for (key, at) in &ids {
                let latest = model.entry(*key).or_insert(*at);
                *latest = (*latest).max(*at);
            }
            listed.push(runs.write(ids).unwrap());
        }
        let keys: Vec<SeenKey> = (0..4_u128).flat_map(|upper| (0..900).map(move |lower| (upper << 64) | lower)).collect();
        let wanted = |oldest: Millis| keys.iter().map(|key| model.get(key).copied().filter(|at| *at >= oldest)).collect::<Vec<_>>();
        prop_assert_eq!(runs.find(&listed, &keys).unwrap(), wanted(Millis(0)));
        let merged = runs.merge(&listed, Millis(oldest)).unwrap();
        prop_assert_eq!(runs.find(&[merged], &keys).unwrap(), wanted(Millis(oldest)));
    }
}
