//! Questions for records, with answers worked out by hand.

use super::write::search;
use super::{AMOUNT, DAY, DEAL, KEY, NAME, NOBODY, commit, definitions, ids, put, text};
use crate::records::{
    After, Cell, Comparison, Count, Direction, Filter, Group, Link, Linked, Links, Query,
    RecordWrite, Sort, Sums, Test, Total,
};
use crate::state::State;

pub(super) async fn a_value_is_found_exactly(state: &impl State) {
    let mut changes = definitions();
    for (id, key, name) in [
        (5, "Aé", "x"),
        (3, "aé", "x"),
        (4, "aé", "y"),
        (9, "12", "x"),
    ] {
        changes.push(put(id, &[(KEY, text(key)), (NAME, text(name))]));
    }
    commit(state, changes).await.unwrap();
    let asked = [
        text("aé"),
        text("Aé"),
        text("AÉ"),
        Cell::Null,
        text("12"),
        Cell::Number(12.0),
    ];
    let found = state.find(DEAL, KEY, &asked).await.unwrap();
    assert_eq!(found, [Some(3), Some(5), None, None, Some(9), None]);
    assert_eq!(
        state.find(DEAL, NAME, &[text("x")]).await.unwrap(),
        [Some(3)]
    );
}

pub(super) async fn tests_hold_as_they_say(state: &impl State) {
    let mut changes = definitions();
    let rows: [(u64, &str, f64, i64); 5] = [
        (1, "Ann Smith;VIP", 1.5, 10),
        (2, "ann-marie", -2.0, 20),
        (3, "Bob O'Neil", 3.0, 20),
        (4, "vip;gold", 1e300, -5),
        (5, "café", 0.0, 30),
    ];
    for (id, name, amount, day) in rows {
        let (amount, day) = (Cell::Number(amount), Cell::Integer(day));
        changes.push(put(id, &[(NAME, text(name)), (AMOUNT, amount), (DAY, day)]));
    }
    changes.push(put(6, &[]));
    let link = |to, kind| Link {
        from: (2, 77),
        to: (DEAL, to),
        kind,
    };
    changes.extend([link(2, 5), link(3, 6), link(99, 5)].map(RecordWrite::Link));
    commit(state, changes).await.unwrap();
    for (filter, wanted) in conditions() {
        let asked = || Query {
            filter: filter.clone(),
            ..Query::all(DEAL)
        };
        assert_eq!(ids(state, asked()).await, wanted, "{filter:?}");
        assert_eq!(ids(state, asked()).await, wanted, "asked again: {filter:?}");
    }
}

fn conditions() -> Vec<(Filter, Vec<u64>)> {
    use Comparison::{Above, AtLeast, AtMost, Below, Equal, NotEqual};
    let compare =
        |column, comparison, cell| Filter::Column(column, Test::Compare(comparison, cell));
    let number = Cell::Number;
    let name = |test| Filter::Column(NAME, test);
    let token = |pattern: &str| name(Test::Token(pattern.into()));
    let options = |options: &[&str]| {
        name(Test::Option(
            options.iter().map(|&option| option.into()).collect(),
        ))
    };
    let linked = |kinds: &[u32]| Filter::Linked {
        to: (2, 77),
        kinds: kinds.to_vec(),
    };
    let day = |days: &[i64]| {
        days.iter()
            .map(|day| Cell::Integer(*day))
            .collect::<Vec<_>>()
    };
    vec![
        (Filter::every(), vec![1, 2, 3, 4, 5, 6]),
        (Filter::Never, vec![]),
        (Filter::Any(vec![]), vec![]),
        (name(Test::Has), vec![1, 2, 3, 4, 5]),
        (name(Test::HasNot), vec![6]),
        (compare(NAME, Equal, text("ANN-MARIE")), vec![2]),
        (compare(NAME, Equal, text("CAFÉ")), vec![]),
        (compare(NAME, NotEqual, text("ann-marie")), vec![1, 3, 4, 5]),
        (
            Filter::Not(Box::new(compare(NAME, Equal, text("café")))),
            vec![1, 2, 3, 4, 6],
        ),
        (compare(NAME, Below, text("ann-")), vec![1]),
        (compare(NAME, AtLeast, text("CAF")), vec![4, 5]),
        (compare(AMOUNT, Equal, number(-0.0)), vec![5]),
        (compare(AMOUNT, Equal, Cell::Integer(3)), vec![3]),
        (compare(AMOUNT, Above, number(1.5)), vec![3, 4]),
        (compare(AMOUNT, AtLeast, number(1.5)), vec![1, 3, 4]),
        (compare(AMOUNT, Below, text("1.5")), vec![]),
        (compare(AMOUNT, NotEqual, text("1.5")), vec![1, 2, 3, 4, 5]),
        (compare(NAME, Above, number(0.0)), vec![]),
        (compare(DAY, AtMost, number(19.5)), vec![1, 4]),
        (compare(DAY, Equal, Cell::Null), vec![]),
        (
            Filter::Column(DAY, Test::In(day(&[20, 20, -5, 7]))),
            vec![2, 3, 4],
        ),
        (Filter::Column(DAY, Test::In(vec![])), vec![]),
        (Filter::Column(DAY, Test::NotIn(day(&[20, 30]))), vec![1, 4]),
        (
            Filter::Column(DAY, Test::Between(Cell::Integer(10), Cell::Integer(20))),
            vec![1, 2, 3],
        ),
        (
            Filter::Column(DAY, Test::Between(Cell::Integer(20), Cell::Integer(10))),
            vec![],
        ),
        (name(Test::Prefix("ANN".into())), vec![1, 2]),
        (name(Test::Prefix("".into())), vec![1, 2, 3, 4, 5]),
        (token("ann"), vec![1, 2]),
        (token("an"), vec![]),
        (token("an*"), vec![1, 2]),
        (token("*m*i*"), vec![1, 2]),
        (token("o neil"), vec![3]),
        (token("neil o"), vec![]),
        (token("CAFÉ"), vec![5]),
        (token("--"), vec![]),
        (name(Test::NoToken("vip".into())), vec![2, 3, 5]),
        (options(&["vip"]), vec![1, 4]),
        (options(&["GOLD", "café"]), vec![4, 5]),
        (options(&["smith"]), vec![]),
        (linked(&[]), vec![2, 3]),
        (linked(&[6, 9]), vec![3]),
        (linked(&[9]), vec![]),
        (Filter::Ids(vec![6, 2, 2, 40]), vec![2, 6]),
        (Filter::Numbered(2, 3), vec![2, 3]),
        (
            Filter::Numbered(7, u64::MAX).and(Filter::Ids(vec![1])),
            vec![],
        ),
        (
            linked(&[]).and(Filter::Ids(vec![2])).and(name(Test::Has)),
            vec![2],
        ),
        (
            Filter::Any(vec![linked(&[6]), Filter::Ids(vec![1]), Filter::Never]),
            vec![1, 3],
        ),
        (Filter::Not(Box::new(Filter::every())), vec![]),
    ]
}

fn sorted(by: &[(u16, Direction)]) -> Query {
    let sort = by.iter().map(|(column, direction)| Sort {
        column: *column,
        direction: *direction,
    });
    Query {
        sort: sort.collect(),
        ..Query::all(DEAL)
    }
}

pub(super) async fn rows_without_a_value_come_last(state: &impl State) {
    let mut changes = definitions();
    for (id, name) in [(1, "b"), (2, ""), (4, "A"), (6, "a"), (8, "Z")] {
        changes.push(put(id, &[(NAME, text(name)), (KEY, text(name))]));
    }
    changes.extend([put(3, &[]), put(7, &[])]);
    commit(state, changes).await.unwrap();
    for column in [NAME, KEY] {
        let up = sorted(&[(column, Direction::Ascending)]);
        assert_eq!(ids(state, up).await, [2, 4, 6, 1, 8, 3, 7]);
        let down = sorted(&[(column, Direction::Descending)]);
        assert_eq!(ids(state, down.clone()).await, [8, 1, 6, 4, 2, 7, 3]);
        let mut found = Vec::new();
        let mut after = After::Start;
        loop {
            let page = Query {
                after,
                limit: 2,
                ..down.clone()
            };
            let answer = state.query(page).await.unwrap();
            found.extend(answer.rows.iter().map(|row| row.id));
            let Some(next) = answer.next else { break };
            after = next;
        }
        assert_eq!(found, [8, 1, 6, 4, 2, 7, 3], "page by page");
        let offset = Query {
            after: After::Offset(4),
            limit: 2,
            ..down.clone()
        };
        assert_eq!(ids(state, offset).await, [2, 7]);
        let gone = Query {
            after: After::Key(vec![text("C")], 5),
            ..down
        };
        assert_eq!(
            ids(state, gone).await,
            [1, 6, 4, 2, 7, 3],
            "behind a row that is gone"
        );
    }
    assert_eq!(
        ids(state, sorted(&[(600, Direction::Descending)])).await,
        [8, 7, 6, 4, 3, 2, 1]
    );
}

pub(super) async fn ties_go_by_the_next_column_and_then_by_id(state: &impl State) {
    let mut changes = definitions();
    let rows = [
        (1, "a", 2),
        (2, "a", 1),
        (3, "b", 1),
        (4, "A", 2),
        (5, "b", 0),
    ];
    for (id, key, day) in rows {
        changes.push(put(id, &[(KEY, text(key)), (DAY, Cell::Integer(day))]));
    }
    changes.extend([
        put(6, &[(DAY, Cell::Integer(9))]),
        put(7, &[(KEY, text("a"))]),
    ]);
    commit(state, changes).await.unwrap();
    let query = sorted(&[(KEY, Direction::Ascending), (DAY, Direction::Descending)]);
    let wanted = [1, 4, 2, 7, 3, 5, 6];
    assert_eq!(ids(state, query.clone()).await, wanted);
    for length in 1..5 {
        let mut found = Vec::new();
        let mut after = Some(After::Start);
        while let Some(from) = after {
            let page = Query {
                after: from,
                limit: length,
                ..query.clone()
            };
            let answer = state.query(page).await.unwrap();
            found.extend(answer.rows.iter().map(|row| row.id));
            after = answer.next;
        }
        assert_eq!(found, wanted, "pages of {length}");
    }
}

pub(super) async fn totals_are_capped_as_asked(state: &impl State) {
    let mut changes = definitions();
    changes.extend((1..=30).map(|id| put(id, &[(DAY, Cell::Integer(id as i64 % 2))])));
    commit(state, changes).await.unwrap();
    let total = |count, exact| Some(Total { count, exact });
    for (count, limit, wanted) in [
        (Count::No, 5, None),
        (Count::Exact, 5, total(15, true)),
        (Count::Exact, 0, total(15, true)),
        (Count::Capped(15), 50, total(15, true)),
        (Count::Capped(14), 50, total(14, false)),
    ] {
        let query = Query {
            filter: Filter::equal(DAY, Cell::Integer(1)),
            after: After::Offset(3),
            count,
            limit,
            ..Query::all(DEAL)
        };
        let answer = state.query(query).await.unwrap();
        assert_eq!(answer.total, wanted, "{count:?}");
        assert_eq!(answer.rows.len(), limit.min(12));
        assert_eq!(answer.next.is_some(), limit == 5);
    }
}

pub(super) async fn words_begin_in_any_case(state: &impl State) {
    let changes = vec![put(1, &[]), put(2, &[]), put(3, &[])];
    commit(state, changes).await.unwrap();
    let found = async |words: &str| {
        let query = Query {
            search: Some(words.to_owned()),
            ..Query::all(DEAL)
        };
        ids(state, query).await
    };
    assert_eq!(found("ann").await, NOBODY);
    let texts = [
        search(1, "Anna Müller anna@example.com"),
        search(2, "Hannah 4711"),
    ];
    commit(state, texts.to_vec()).await.unwrap();
    for (words, wanted) in [
        ("ann", vec![1]),
        ("MULL an", vec![1]),
        ("müller", vec![1]),
        ("anna@example.com", vec![1]),
        ("ann hannah", vec![]),
        ("47", vec![2]),
        ("711", vec![]),
        ("an\" OR \"ha", vec![]),
        ("-- * ()", vec![]),
        ("", vec![]),
        ("NOT", vec![]),
    ] {
        assert_eq!(found(words).await, wanted, "{words}");
    }
    commit(state, vec![search(1, "Berta"), search(2, "")])
        .await
        .unwrap();
    assert_eq!(found("ann").await, NOBODY);
    assert_eq!(found("berta").await, [1]);
    assert_eq!(found("47").await, NOBODY);
}

pub(super) async fn groups_count_and_sum(state: &impl State) {
    let mut changes = definitions();
    let rows = [
        (1, Some("won"), Some(10.0), 1),
        (2, Some("Won"), Some(5.0), 1),
        (3, Some("won"), None, 1),
        (4, None, Some(7.0), 1),
        (5, Some("lost"), Some(-1.0), 1),
        (6, Some("lost"), Some(100.0), 0),
    ];
    for (id, stage, amount, day) in rows {
        let stage = stage.map_or(Cell::Null, text);
        let amount = amount.map_or(Cell::Null, Cell::Number);
        changes.push(put(
            id,
            &[(NAME, stage), (AMOUNT, amount), (DAY, Cell::Integer(day))],
        ));
    }
    commit(state, changes).await.unwrap();
    let asked = |by, columns: &[u16]| Sums {
        object: DEAL,
        filter: Filter::equal(DAY, Cell::Integer(1)),
        by,
        columns: columns.to_vec(),
    };
    let group = |cell, count, sums: &[f64]| Group {
        cell,
        count,
        sums: sums.to_vec(),
    };
    let groups = state.sums(asked(Some(NAME), &[AMOUNT, DAY])).await.unwrap();
    let wanted = [
        group(text("lost"), 1, &[-1.0, 1.0]),
        group(text("Won"), 1, &[5.0, 1.0]),
        group(text("won"), 2, &[10.0, 2.0]),
        group(Cell::Null, 1, &[7.0, 1.0]),
    ];
    assert_eq!(groups, wanted);
    let all = state.sums(asked(None, &[AMOUNT])).await.unwrap();
    assert_eq!(all, [group(Cell::Null, 5, &[21.0])]);
    let count = state.sums(asked(None, &[])).await.unwrap();
    assert_eq!(count, [group(Cell::Null, 5, &[])]);
    let nobody = Sums {
        filter: Filter::Never,
        ..asked(None, &[AMOUNT])
    };
    assert_eq!(state.sums(nobody).await.unwrap(), []);
}

pub(super) async fn links_come_in_pages(state: &impl State) {
    let link = |from, to, kind| {
        RecordWrite::Link(Link {
            from: (DEAL, from),
            to,
            kind,
        })
    };
    let contact = |id| (1, id);
    let changes = vec![
        link(1, contact(5), 3),
        link(1, contact(5), 3),
        link(1, contact(5), 1),
        link(1, (2, 4), 5),
        link(1, (4, 4), 5),
        link(2, contact(6), 3),
    ];
    commit(state, changes).await.unwrap();
    let far = |object, id, kind| Linked { object, id, kind };
    let asked = |to, after, limit| Links {
        from: DEAL,
        ids: vec![2, 1, 9],
        to,
        after,
        limit,
    };
    let contacts = vec![far(1, 5, 1), far(1, 5, 3)];
    let found = state.links(asked(Some(1), None, 9)).await.unwrap();
    assert_eq!(found, [vec![far(1, 6, 3)], contacts.clone(), vec![]]);
    let found = state
        .links(asked(None, Some(far(1, 5, 1)), 2))
        .await
        .unwrap();
    assert_eq!(
        found,
        [vec![far(1, 6, 3)], vec![far(1, 5, 3), far(2, 4, 5)], vec![]]
    );
    let found = state
        .links(asked(Some(2), Some(far(1, 9, 9)), 2))
        .await
        .unwrap();
    assert_eq!(
        found[1],
        [far(2, 4, 5)],
        "a key before the type begins at its start"
    );
    let found = state
        .links(asked(Some(1), Some(far(2, 0, 0)), 2))
        .await
        .unwrap();
    assert_eq!(found, [[], [], []]);
}
