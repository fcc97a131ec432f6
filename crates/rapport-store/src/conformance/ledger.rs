//! What every ledger must do.

use super::{origin, submission};
use crate::ledger::{Ledger, Submission};
use rapport_core::event::Request;
use rapport_core::time::Millis;

/// Runs the suite on fresh ledgers.
///
/// # Panics
/// Where the engine breaks the contract of [`Ledger`].
pub async fn ledger<L: Ledger>(make: impl AsyncFn() -> L) {
    an_empty_ledger_has_nothing(&make().await).await;
    requests_come_back_as_sent(&make().await).await;
    numbers_are_dense_and_stamps_never_decrease(&make().await).await;
    reads_give_whole_groups_up_to_a_size(&make().await).await;
    forgetting_drops_whole_old_groups(&make().await).await;
    numbers_are_never_given_again(&make().await).await;
    concurrent_appends_get_numbers_of_their_own(&make().await).await;
    a_probe_leaves_nothing_behind(&make().await).await;
}

async fn an_empty_ledger_has_nothing(ledger: &impl Ledger) {
    assert_eq!(ledger.last().await.unwrap(), (0, Millis(0)));
    assert!(ledger.read(0, 1 << 20).await.unwrap().is_empty());
    assert!(ledger.read(u64::MAX, 1 << 20).await.unwrap().is_empty());
    ledger.forget(u64::MAX, Millis::MAX).await.unwrap();
    assert!(
        ledger
            .append(Vec::new(), Millis(5))
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        ledger.last().await.unwrap(),
        (0, Millis(0)),
        "an empty group is no request"
    );
}

async fn requests_come_back_as_sent(ledger: &impl Ledger) {
    let mut plain = submission("{}");
    plain.origin.ip = None;
    plain.origin.user_agent = None;
    let noise: Vec<u8> = (0..3_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let group = vec![
        submission(r#"{"batch":[]}"#),
        plain,
        Submission {
            origin: origin("another"),
            body: noise,
        },
        submission(""),
        submission(&"repeated ".repeat(40_000)),
    ];
    let appended = ledger.append(group.clone(), Millis(70)).await.unwrap();
    assert_eq!(
        appended,
        expected(1, 70, group),
        "append answers what it stored"
    );
    assert_eq!(
        ledger.read(0, usize::MAX).await.unwrap(),
        appended,
        "read gives it back"
    );
    assert_eq!(ledger.last().await.unwrap(), (5, Millis(70)));
}

async fn numbers_are_dense_and_stamps_never_decrease(ledger: &impl Ledger) {
    for (now, stamp) in [(100, 100), (90, 100), (100, 100), (130, 130), (-5, 130)] {
        let appended = ledger
            .append(vec![submission("{}")], Millis(now))
            .await
            .unwrap();
        assert_eq!(
            appended[0].received,
            Millis(stamp),
            "stamp of an append at {now}"
        );
    }
    let read = ledger.read(0, usize::MAX).await.unwrap();
    assert_eq!(
        read.iter()
            .map(|request| request.number)
            .collect::<Vec<_>>(),
        [1, 2, 3, 4, 5]
    );
    assert!(
        read.is_sorted_by_key(|request| request.received),
        "stamps never decrease"
    );
    assert_eq!(ledger.last().await.unwrap(), (5, Millis(130)));
}

async fn reads_give_whole_groups_up_to_a_size(ledger: &impl Ledger) {
    for _ in 0..4 {
        let group = vec![
            submission("0123456789"),
            submission("0123456789"),
            submission("0123456789"),
        ];
        ledger.append(group, Millis(1)).await.unwrap();
    }
    for (after, bytes_max, first, count) in [
        (0, 0, 1, 3),
        (0, 30, 1, 3),
        (0, 31, 1, 6),
        (0, usize::MAX, 1, 12),
        (3, 1, 4, 3),
        (4, 1, 5, 2),
        (5, 11, 6, 4),
        (11, 1, 12, 1),
        (12, 1, 13, 0),
        (100, 1, 101, 0),
    ] {
        let numbers = numbers(&ledger.read(after, bytes_max).await.unwrap());
        let wanted: Vec<u64> = (first..first + count).collect();
        assert_eq!(numbers, wanted, "read({after}, {bytes_max})");
    }
}

async fn forgetting_drops_whole_old_groups(ledger: &impl Ledger) {
    for now in [10, 20, 30] {
        ledger
            .append(vec![submission("a"), submission("b")], Millis(now))
            .await
            .unwrap();
    }
    for (through, before, left) in [
        (1, 100, vec![1, 2, 3, 4, 5, 6]),
        (6, 10, vec![1, 2, 3, 4, 5, 6]),
        (3, 100, vec![3, 4, 5, 6]),
        (6, 30, vec![5, 6]),
        (5, 100, vec![5, 6]),
        (6, 31, vec![]),
    ] {
        ledger.forget(through, Millis(before)).await.unwrap();
        let found = numbers(&ledger.read(0, usize::MAX).await.unwrap());
        assert_eq!(found, left, "after forget({through}, {before})");
    }
}

async fn numbers_are_never_given_again(ledger: &impl Ledger) {
    ledger
        .append(vec![submission("a"), submission("b")], Millis(50))
        .await
        .unwrap();
    ledger.forget(2, Millis(51)).await.unwrap();
    assert_eq!(
        ledger.last().await.unwrap(),
        (2, Millis(50)),
        "the end outlives its bytes"
    );
    let appended = ledger
        .append(vec![submission("c")], Millis(40))
        .await
        .unwrap();
    assert_eq!(appended, expected(3, 50, vec![submission("c")]));
    assert_eq!(numbers(&ledger.read(0, 1).await.unwrap()), [3]);
}

async fn concurrent_appends_get_numbers_of_their_own(ledger: &impl Ledger) {
    let one = async |text: &str| {
        ledger
            .append(vec![submission(text); 2], Millis(9))
            .await
            .unwrap()
    };
    let (a, b, c) = tokio::join!(one("a"), one("b"), one("c"));
    let mut answered = [a, b, c].concat();
    answered.sort_by_key(|request| request.number);
    assert_eq!(numbers(&answered), [1, 2, 3, 4, 5, 6]);
    assert_eq!(ledger.read(0, usize::MAX).await.unwrap(), answered);
}

async fn a_probe_leaves_nothing_behind(ledger: &impl Ledger) {
    ledger.probe(0).await.unwrap();
    ledger.probe(1 << 20).await.unwrap();
    assert_eq!(ledger.last().await.unwrap(), (0, Millis(0)));
    assert!(ledger.read(0, usize::MAX).await.unwrap().is_empty());
    let group = vec![submission("a")];
    let appended = ledger.append(group.clone(), Millis(7)).await.unwrap();
    ledger.probe(100).await.unwrap();
    assert_eq!(appended, expected(1, 7, group));
    assert_eq!(ledger.read(0, usize::MAX).await.unwrap(), appended);
}

fn numbers(requests: &[Request]) -> Vec<u64> {
    requests.iter().map(|request| request.number).collect()
}

fn expected(first: u64, received_ms: i64, group: Vec<Submission>) -> Vec<Request> {
    (first..)
        .zip(group)
        .map(|(number, Submission { origin, body })| Request {
            number,
            received: Millis(received_ms),
            origin,
            body,
        })
        .collect()
}
