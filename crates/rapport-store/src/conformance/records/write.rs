//! Rows, columns and links as commits change them.

use super::{AMOUNT, DAY, DEAL, KEY, NAME, NOBODY, commit, define, definitions, ids, put, text};
use crate::records::{
    Cell, Changes, Defined, Filter, Form, Link, Links, Query, RecordWrite, Row, Whole, column,
};
use crate::state::State;
use rapport_core::position::Position;

pub(super) async fn nothing_is_defined_at_first(state: &impl State) {
    assert_eq!(state.objects().await.unwrap(), []);
    assert_eq!(
        state.rows(DEAL, &[1, 2], &[NAME]).await.unwrap(),
        [None, None]
    );
    assert_eq!(state.find(DEAL, NAME, &[text("a")]).await.unwrap(), [None]);
    assert_eq!(ids(state, Query::all(DEAL)).await, NOBODY);
    assert_eq!(state.walk(DEAL, None, 9).await.unwrap(), []);
    assert_eq!(state.walk_links(None, 9).await.unwrap(), []);
    commit(state, vec![put(1, &[])]).await.unwrap();
    assert_eq!(ids(state, Query::all(DEAL)).await, [1]);
    let name = Filter::equal(NAME, text("a"));
    let query = Query {
        filter: Filter::Not(Box::new(name)),
        ..Query::all(DEAL)
    };
    assert_eq!(
        ids(state, query).await,
        [1],
        "a column nobody defined is empty"
    );
    assert_eq!(state.check().await.unwrap(), Vec::<String>::new());
}

pub(super) async fn a_put_changes_what_it_names(state: &impl State) {
    let mut changes = definitions();
    changes.push(put(7, &[(NAME, text("Ann")), (AMOUNT, Cell::Number(2.5))]));
    changes.push(put(7, &[(DAY, Cell::Integer(-3))]));
    commit(state, changes).await.unwrap();
    let again = [
        (NAME, Cell::Null),
        (DAY, Cell::Integer(4)),
        (DAY, Cell::Integer(5)),
    ];
    commit(state, vec![put(7, &again), put(9, &[])])
        .await
        .unwrap();
    let columns = [DAY, NAME, AMOUNT, column::OWNER, 500, DAY];
    let rows = state.rows(DEAL, &[9, 8, 7], &columns).await.unwrap();
    let day = Cell::Integer(5);
    let cells = vec![
        day.clone(),
        Cell::Null,
        Cell::Number(2.5),
        Cell::Null,
        Cell::Null,
        day,
    ];
    let empty = vec![Cell::Null; 6];
    assert_eq!(
        rows,
        [
            Some(Row {
                id: 9,
                cells: empty
            }),
            None,
            Some(Row { id: 7, cells })
        ]
    );
}

pub(super) async fn a_refused_change_takes_all_along(state: &impl State) {
    commit(state, definitions()).await.unwrap();
    let before = state.head().await.unwrap();
    for refused in [
        put(2, &[(NAME, Cell::Number(1.0))]),
        put(2, &[(AMOUNT, text("1"))]),
        put(2, &[(AMOUNT, Cell::Number(f64::NAN))]),
        put(2, &[(DAY, Cell::Number(1.0))]),
        put(2, &[(700, text("nobody defined it"))]),
        put(2, &[(column::CREATED, text("now"))]),
        put(1 << 63, &[]),
        define(NAME, Form::Number, false),
        define(column::OWNER, Form::Integer, false),
    ] {
        let changes = vec![
            put(1, &[(NAME, text("a"))]),
            define(800, Form::Text, true),
            refused,
        ];
        let answer = commit(state, changes.clone()).await;
        assert!(answer.is_err(), "{changes:?}");
    }
    let changes = Changes {
        writes: Vec::new(),
        records: vec![put(1, &[])],
    };
    let late = state
        .commit(before.version + 1, Position::event(9, 0), changes)
        .await;
    assert!(late.is_err(), "another version");
    assert_eq!(state.head().await.unwrap(), before);
    assert_eq!(ids(state, Query::all(DEAL)).await, NOBODY);
    let objects = state.objects().await.unwrap();
    assert_eq!(objects[0].1.len(), definitions().len());
    commit(state, vec![define(800, Form::Integer, false)])
        .await
        .unwrap();
}

/// An engine may remember how it put one row when the next is like it: columns move in between.
pub(super) async fn rows_alike_are_judged_one_by_one(state: &impl State) {
    let gone = RecordWrite::Undefine {
        object: DEAL,
        column: NAME,
    };
    let named = |id| put(id, &[(NAME, text("a"))]);
    let mut changes = definitions();
    changes.extend([named(1), named(2)]);
    commit(state, changes).await.unwrap();
    for refused in [
        vec![named(3), put(4, &[(NAME, Cell::Number(1.0))])],
        vec![named(3), gone.clone(), named(4)],
    ] {
        assert!(commit(state, refused).await.is_err());
    }
    assert_eq!(ids(state, Query::all(DEAL)).await, [1, 2]);

    let amount = |id, amount| put(id, &[(AMOUNT, amount)]);
    let changes = vec![
        named(3),
        gone,
        define(NAME, Form::Integer, false),
        put(4, &[(NAME, Cell::Integer(5))]),
        amount(5, Cell::Null),
        amount(6, Cell::Number(1.5)),
        amount(7, Cell::Number(2.5)),
        amount(6, Cell::Null),
    ];
    commit(state, changes).await.unwrap();
    let asked = [3, 4, 5, 6, 7];
    let rows = state.rows(DEAL, &asked, &[NAME, AMOUNT]).await.unwrap();
    let expected = [
        [Cell::Null, Cell::Null],
        [Cell::Integer(5), Cell::Null],
        [Cell::Null, Cell::Null],
        [Cell::Null, Cell::Null],
        [Cell::Null, Cell::Number(2.5)],
    ];
    let row = |(id, cells): (u64, [Cell; 2])| {
        let cells = cells.to_vec();
        Some(Row { id, cells })
    };
    let expected: Vec<_> = asked.into_iter().zip(expected).map(row).collect();
    assert_eq!(rows, expected);
}

pub(super) async fn a_column_that_is_gone_is_gone_with_its_values(state: &impl State) {
    let mut changes = definitions();
    changes.push(put(1, &[(NAME, text("a")), (KEY, text("k"))]));
    commit(state, changes).await.unwrap();
    let named = || Query {
        filter: Filter::equal(NAME, text("a")),
        ..Query::all(DEAL)
    };
    assert_eq!(ids(state, named()).await, [1]);
    let gone = |column| RecordWrite::Undefine {
        object: DEAL,
        column,
    };
    commit(state, vec![gone(NAME), gone(KEY), gone(900)])
        .await
        .unwrap();
    assert_eq!(ids(state, named()).await, NOBODY);
    assert!(
        commit(state, vec![put(1, &[(NAME, text("a"))])])
            .await
            .is_err()
    );
    commit(state, vec![define(NAME, Form::Integer, true)])
        .await
        .unwrap();
    let rows = state.rows(DEAL, &[1], &[NAME]).await.unwrap();
    assert_eq!(
        rows,
        [Some(Row {
            id: 1,
            cells: vec![Cell::Null]
        })]
    );
    commit(state, vec![put(1, &[(NAME, Cell::Integer(5))])])
        .await
        .unwrap();
    assert_eq!(
        state.find(DEAL, NAME, &[Cell::Integer(5)]).await.unwrap(),
        [Some(1)]
    );
    assert_eq!(state.check().await.unwrap(), Vec::<String>::new());
}

pub(super) async fn a_deleted_row_is_found_by_nothing(state: &impl State) {
    let mut changes = definitions();
    for id in [1, 2] {
        changes.push(put(id, &[(KEY, text("k")), (AMOUNT, Cell::Number(1.0))]));
        changes.push(search(id, "word"));
    }
    commit(state, changes).await.unwrap();
    let found = || Query {
        search: Some("wo".to_owned()),
        ..Query::all(DEAL)
    };
    assert_eq!(ids(state, found()).await, [1, 2]);
    let gone = |id| RecordWrite::Delete { object: DEAL, id };
    commit(state, vec![gone(1), gone(5)]).await.unwrap();
    assert_eq!(ids(state, found()).await, [2]);
    assert_eq!(ids(state, Query::all(DEAL)).await, [2]);
    assert_eq!(
        state.find(DEAL, KEY, &[text("k")]).await.unwrap(),
        [Some(2)]
    );
    commit(state, vec![put(1, &[]), search(3, "word")])
        .await
        .unwrap();
    let rows = state.rows(DEAL, &[1], &[KEY, AMOUNT]).await.unwrap();
    assert_eq!(
        rows,
        [Some(Row {
            id: 1,
            cells: vec![Cell::Null; 2]
        })],
        "made anew"
    );
    assert_eq!(
        ids(state, found()).await,
        [2],
        "a row that is not there has no words"
    );
    assert_eq!(state.check().await.unwrap(), Vec::<String>::new());
}

pub(super) async fn many_columns_are_kept_apart(state: &impl State) {
    let columns = 16..1_120_u16;
    let defined = columns
        .clone()
        .map(|column| define(column, Form::Integer, false));
    commit(state, defined.collect()).await.unwrap();
    let cells: Vec<(u16, Cell)> = columns
        .clone()
        .map(|column| (column, Cell::Integer(i64::from(column) * 3)))
        .collect();
    commit(state, vec![put(1, &cells), put(2, &cells)])
        .await
        .unwrap();
    let last = *cells.last().map(|(column, _)| column).unwrap();
    let changed = [
        (last, Cell::Integer(7)),
        (last - 1, Cell::Null),
        (16, Cell::Null),
    ];
    commit(state, vec![put(2, &changed)]).await.unwrap();
    let asked: Vec<u16> = columns.collect();
    let rows = state.rows(DEAL, &[1], &asked).await.unwrap();
    let wanted: Vec<Cell> = cells.into_iter().map(|(_, cell)| cell).collect();
    assert_eq!(rows[0].as_ref().unwrap().cells, wanted);
    let rows = state
        .rows(DEAL, &[2], &[last, last - 1, 16, 17])
        .await
        .unwrap();
    let wanted = [Cell::Integer(7), Cell::Null, Cell::Null, Cell::Integer(51)];
    assert_eq!(rows[0].as_ref().unwrap().cells, wanted);
    let query = Query {
        filter: Filter::equal(last, Cell::Integer(7)),
        ..Query::all(DEAL)
    };
    assert_eq!(ids(state, query).await, [2]);
    let found = state
        .find(DEAL, last - 1, &[Cell::Integer(i64::from(last - 1) * 3)])
        .await;
    assert_eq!(found.unwrap(), [Some(1)]);
}

pub(super) async fn rows_and_links_are_walked_in_order(state: &impl State) {
    let link = |from, to, kind| Link {
        from: (DEAL, from),
        to: (1, to),
        kind,
    };
    let links = [link(1, 2, 5), link(1, 2, 6), link(1, 10, 5), link(2, 1, 5)];
    let mut changes = definitions();
    changes.push(put(
        10,
        &[(KEY, text("k")), (NAME, text("n")), (AMOUNT, Cell::Null)],
    ));
    changes.extend([
        put(2, &[]),
        put(3, &[]),
        search(2, "two"),
        search(3, "x"),
        search(3, ""),
    ]);
    changes.extend(links.iter().rev().map(|link| RecordWrite::Link(*link)));
    changes.extend([
        RecordWrite::Link(link(8, 8, 8)),
        RecordWrite::Unlink(link(8, 8, 8)),
    ]);
    commit(state, changes).await.unwrap();
    let archived = (column::ARCHIVED, Cell::Integer(0));
    let whole = |id, cells: &[(u16, Cell)], search: Option<&str>| Whole {
        id,
        cells: std::iter::once(archived.clone())
            .chain(cells.iter().cloned())
            .collect(),
        search: search.map(Into::into),
    };
    let two = whole(2, &[], Some("two"));
    let ten = whole(10, &[(NAME, text("n")), (KEY, text("k"))], None);
    assert_eq!(state.walk(DEAL, None, 1).await.unwrap(), [two]);
    assert_eq!(
        state.walk(DEAL, Some(2), 9).await.unwrap(),
        [whole(3, &[], None), ten]
    );
    assert_eq!(state.walk(DEAL, Some(u64::MAX), 9).await.unwrap(), []);
    assert_eq!(state.walk_links(None, 3).await.unwrap(), links[..3]);
    assert_eq!(
        state.walk_links(Some(links[2]), 3).await.unwrap(),
        links[3..]
    );
    let asked = Links {
        from: DEAL,
        ids: vec![8],
        to: None,
        after: None,
        limit: 9,
    };
    assert_eq!(state.links(asked).await.unwrap(), [[]]);
    let (object, columns) = state.objects().await.unwrap().remove(0);
    let unique = Defined {
        column: KEY,
        form: Form::Text,
        unique: true,
    };
    assert_eq!(
        (object, columns.len(), columns.last()),
        (DEAL, 4, Some(&unique))
    );
}

pub(super) fn search(id: u64, text: &str) -> RecordWrite {
    RecordWrite::Search {
        object: DEAL,
        id,
        text: text.into(),
    }
}
