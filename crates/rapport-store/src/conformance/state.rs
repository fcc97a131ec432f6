//! What every state must do.

use crate::Error;
use crate::records::Changes;
use crate::state::{Head, Key, Order, Page, State, Table, Write, number_key};
use rapport_core::position::Position;

/// Runs the suite on fresh states.
///
/// # Panics
/// Where the engine breaks the contract of [`State`].
pub async fn state<S: State>(make: impl AsyncFn() -> S) {
    an_empty_state_has_nothing(&make().await).await;
    every_table_keeps_what_is_written(&make().await).await;
    a_commit_moves_the_head(&make().await).await;
    a_commit_at_another_version_writes_nothing(&make().await).await;
    the_last_write_of_a_key_wins(&make().await).await;
    values_come_in_the_order_asked(&make().await).await;
    numbers_keep_their_order_up_to_the_last(&make().await).await;
    byte_keys_keep_their_order(&make().await).await;
    pages_follow_each_other(&make().await).await;
    a_bad_numbered_key_writes_nothing(&make().await).await;
}

async fn an_empty_state_has_nothing(state: &impl State) {
    assert_eq!(state.head().await.unwrap(), Head::default());
    for table in Table::ALL {
        assert_eq!(state.load(table, &[number_key(1)]).await.unwrap(), [None]);
        assert!(state.load(table, &[]).await.unwrap().is_empty());
        assert!(keys(state, all(table)).await.is_empty());
    }
    assert_eq!(state.check().await.unwrap(), Vec::<String>::new());
}

async fn every_table_keeps_what_is_written(state: &impl State) {
    let value = |table: Table| vec![table as u8; 40 * table as usize];
    let writes = Table::ALL
        .map(|table| put(table, number_key(table as u64), value(table)))
        .to_vec();
    state
        .commit(0, Position::event(1, 0), writes.into())
        .await
        .unwrap();
    for table in Table::ALL {
        let asked = [number_key(table as u64), number_key(99)];
        assert_eq!(
            state.load(table, &asked).await.unwrap(),
            [Some(value(table)), None],
            "{table:?}"
        );
    }
    let removals = Table::ALL
        .map(|table| remove(table, number_key(table as u64)))
        .to_vec();
    state
        .commit(1, Position::event(1, 0), removals.into())
        .await
        .unwrap();
    for table in Table::ALL {
        assert!(
            keys(state, all(table)).await.is_empty(),
            "{table:?} after removals"
        );
    }
    assert_eq!(state.check().await.unwrap(), Vec::<String>::new());
}

async fn a_commit_moves_the_head(state: &impl State) {
    let positions = [
        Position::event(7, 3),
        Position::command(7, 1),
        Position {
            request: u64::MAX,
            command: u32::MAX,
            index: u32::MAX,
        },
        Position::event(7, 0),
    ];
    for (version, position) in (0..).zip(positions) {
        let head = state
            .commit(version, position, Changes::default())
            .await
            .unwrap();
        assert_eq!(
            head,
            Head {
                position,
                version: version + 1
            }
        );
        assert_eq!(state.head().await.unwrap(), head);
    }
}

async fn a_commit_at_another_version_writes_nothing(state: &impl State) {
    state
        .commit(
            0,
            Position::event(1, 0),
            vec![put(Table::Meta, text("a"), b"1")].into(),
        )
        .await
        .unwrap();
    for expected in [0, 2, u64::MAX] {
        let write = vec![
            put(Table::Meta, text("a"), b"2"),
            put(Table::Meta, text("b"), b"2"),
        ];
        let refusal = state
            .commit(expected, Position::event(2, 0), write.into())
            .await;
        let conflict = matches!(
            refusal,
            Err(Error::Conflict { expected: named, found: 1 }) if named == expected
        );
        assert!(conflict, "version {expected}: {refusal:?}");
    }
    let kept = state
        .load(Table::Meta, &[text("a"), text("b")])
        .await
        .unwrap();
    assert_eq!(kept, [Some(b"1".to_vec()), None]);
    assert_eq!(
        state.head().await.unwrap(),
        Head {
            position: Position::event(1, 0),
            version: 1
        }
    );
}

async fn the_last_write_of_a_key_wins(state: &impl State) {
    let writes = vec![
        put(Table::Profile, number_key(5), b"first"),
        remove(Table::Profile, number_key(5)),
        put(Table::Profile, number_key(5), b"last"),
        put(Table::Timer, text("t"), b"armed"),
        put(Table::Profile, number_key(6), b"gone"),
        remove(Table::Timer, text("t")),
        remove(Table::Profile, number_key(6)),
        remove(Table::Profile, number_key(7)),
    ];
    state
        .commit(0, Position::event(1, 0), writes.into())
        .await
        .unwrap();
    let profiles = state
        .load(Table::Profile, &[number_key(5), number_key(6)])
        .await
        .unwrap();
    assert_eq!(profiles, [Some(b"last".to_vec()), None]);
    assert_eq!(
        state.load(Table::Timer, &[text("t")]).await.unwrap(),
        [None]
    );
}

async fn values_come_in_the_order_asked(state: &impl State) {
    for table in [Table::Profile, Table::Outcome] {
        let version = state.head().await.unwrap().version;
        let writes: Vec<Write> = (0..300)
            .map(|n| put(table, number_key(n * 2), n.to_string()))
            .collect();
        state
            .commit(version, Position::event(1, 0), writes.into())
            .await
            .unwrap();
        let asked: Vec<u64> = vec![598, 3, 0, 598, 4, 700, 2];
        let keys: Vec<Key> = asked.iter().map(|&number| number_key(number)).collect();
        let wanted: Vec<_> = asked
            .iter()
            .map(|n| (n % 2 == 0 && *n < 600).then(|| (n / 2).to_string().into_bytes()))
            .collect();
        assert_eq!(state.load(table, &keys).await.unwrap(), wanted, "{table:?}");
    }
}

async fn numbers_keep_their_order_up_to_the_last(state: &impl State) {
    let half = 1 << 63;
    let numbers = [
        0,
        1,
        255,
        256,
        half - 1,
        half,
        half + 1,
        u64::MAX - 1,
        u64::MAX,
    ];
    let writes: Vec<Write> = numbers
        .iter()
        .rev()
        .map(|&n| put(Table::Identifier, number_key(n), b"x"))
        .collect();
    state
        .commit(0, Position::event(1, 0), writes.into())
        .await
        .unwrap();
    let wanted: Vec<Key> = numbers.iter().map(|&n| number_key(n)).collect();
    assert_eq!(keys(state, all(Table::Identifier)).await, wanted);
    let loaded = state.load(Table::Identifier, &wanted).await.unwrap();
    assert!(
        loaded.iter().all(Option::is_some),
        "every number is found again"
    );
    for (from, to, first, behind) in [
        (1, half, 1, 5),
        (half, u64::MAX, 5, 8),
        (u64::MAX, u64::MAX, 8, 8),
        (0, 0, 0, 0),
    ] {
        let page = Page {
            from: number_key(from),
            to: Some(number_key(to)),
            ..all(Table::Identifier)
        };
        assert_eq!(
            keys(state, page).await,
            wanted[first..behind],
            "{from}..{to}"
        );
    }
}

async fn byte_keys_keep_their_order(state: &impl State) {
    let mut wanted: Vec<Key> = ["", "\0", "a", "a\0", "aa", "b", "é"].map(text).to_vec();
    wanted.push(vec![0xff; 512].into());
    let writes: Vec<Write> = wanted
        .iter()
        .rev()
        .map(|key| put(Table::Config, key.clone(), b""))
        .collect();
    state
        .commit(0, Position::event(1, 0), writes.into())
        .await
        .unwrap();
    assert_eq!(keys(state, all(Table::Config)).await, wanted);
    let values = state.load(Table::Config, &wanted).await.unwrap();
    assert!(
        values
            .iter()
            .all(|value| value.as_deref() == Some(b"".as_slice())),
        "empty is not absent"
    );
    let page = Page {
        from: text("a\0"),
        to: Some(text("b")),
        ..all(Table::Config)
    };
    assert_eq!(keys(state, page).await, wanted[3..5]);
}

async fn pages_follow_each_other(state: &impl State) {
    for table in [Table::Journal, Table::Series] {
        let version = state.head().await.unwrap().version;
        let writes: Vec<Write> = (0..10)
            .map(|n| put(table, number_key(n), vec![n as u8]))
            .collect();
        state
            .commit(version, Position::event(1, 0), writes.into())
            .await
            .unwrap();
        let to = Some(number_key(8));
        let page = |from, limit, order| Page {
            table,
            from: number_key(from),
            to: to.clone(),
            limit,
            order,
        };
        for (from, limit, order, wanted) in [
            (2, 3, Order::Ascending, vec![2, 3, 4]),
            (5, 9, Order::Ascending, vec![5, 6, 7]),
            (2, 3, Order::Descending, vec![7, 6, 5]),
            (6, 9, Order::Descending, vec![7, 6]),
            (8, 9, Order::Descending, vec![]),
            (9, 9, Order::Ascending, vec![]),
            (0, 0, Order::Ascending, vec![]),
        ] {
            let found = state.scan(page(from, limit, order)).await.unwrap();
            let wanted: Vec<_> = wanted
                .into_iter()
                .map(|n: u8| (number_key(n.into()), vec![n]))
                .collect();
            assert_eq!(found, wanted, "{table:?} from {from}, {limit} {order:?}");
        }
    }
}

async fn a_bad_numbered_key_writes_nothing(state: &impl State) {
    let writes = vec![
        put(Table::Profile, number_key(1), b"x"),
        put(Table::Profile, text("abc"), b"x"),
    ];
    assert!(
        state
            .commit(0, Position::event(1, 0), writes.into())
            .await
            .is_err(),
        "eight bytes or nothing"
    );
    assert!(keys(state, all(Table::Profile)).await.is_empty());
    assert_eq!(state.head().await.unwrap(), Head::default());
}

fn all(table: Table) -> Page {
    Page {
        table,
        from: Box::default(),
        to: None,
        limit: usize::MAX,
        order: Order::Ascending,
    }
}

async fn keys(state: &impl State, page: Page) -> Vec<Key> {
    state
        .scan(page)
        .await
        .unwrap()
        .into_iter()
        .map(|(key, _)| key)
        .collect()
}

fn text(word: &str) -> Key {
    word.as_bytes().into()
}

fn put(table: Table, key: Key, value: impl Into<Vec<u8>>) -> Write {
    Write {
        table,
        key,
        value: Some(value.into()),
    }
}

fn remove(table: Table, key: Key) -> Write {
    Write {
        table,
        key,
        value: None,
    }
}
