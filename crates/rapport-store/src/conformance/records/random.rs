//! Random changes and questions, answered by an engine and by looking at every row.

use super::{AMOUNT, DAY, DEAL, KEY, NAME, definitions, put};
use crate::memory::MemoryState;
use crate::records::{
    After, Answer, Cell, Changes, Comparison, Count, Direction, Filter, Link, Linked, Links, Query,
    RecordWrite, Records, Sort, Sums, Test, column,
};
use crate::state::State;

/// Fills a state with `rows` rows and changes it `rounds` times; after each round the same random
/// questions go to the state and to a model that looks at every row.
///
/// # Panics
/// Where their answers differ.
pub async fn compare(state: &impl State, seed: u64, rows: u64, rounds: u32) {
    let model = MemoryState::default();
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut changes = definitions();
    changes.extend((1..=rows).map(|id| random.put(id)));
    both(state, &model, changes).await;
    for round in 0..rounds {
        for _ in 0..8 {
            let query = random.query(rows);
            let asked = format!("seed {seed}, round {round}: {query:?}");
            ask(state, &model, query, &asked).await;
        }
        let sums = random.sums(rows);
        let groups = state.sums(sums.clone()).await.unwrap();
        assert_eq!(groups, model.sums(sums.clone()).await.unwrap(), "{sums:?}");
        let links = random.links(rows);
        let found = state.links(links.clone()).await.unwrap();
        assert_eq!(
            found,
            model.links(links.clone()).await.unwrap(),
            "{links:?}"
        );
        let changes = (0..=random.below(20))
            .map(|_| random.change(rows))
            .collect();
        both(state, &model, changes).await;
    }
    let all = async |state: &dyn Records| {
        let rows = state.walk(DEAL, None, usize::MAX).await.unwrap();
        (rows, state.walk_links(None, usize::MAX).await.unwrap())
    };
    assert_eq!(all(state).await, all(&model).await, "seed {seed}");
}

async fn both(state: &impl State, model: &MemoryState, records: Vec<RecordWrite>) {
    let head = model.head().await.unwrap();
    let changes = || Changes {
        writes: Vec::new(),
        records: records.clone(),
    };
    model
        .commit(head.version, head.position, changes())
        .await
        .unwrap();
    let head = state.head().await.unwrap();
    state
        .commit(head.version, head.position, changes())
        .await
        .unwrap();
}

/// Asks for a page, and for what is behind it, page by page.
async fn ask(state: &impl State, model: &MemoryState, mut query: Query, asked: &str) {
    for _ in 0..4 {
        let wanted: Answer = model.query(query.clone()).await.unwrap();
        let found = state.query(query.clone()).await.unwrap();
        assert_eq!(found, wanted, "{asked}");
        let ids: Vec<u64> = wanted.rows.iter().map(|row| row.id).collect();
        let rows = state.rows(DEAL, &ids, &query.columns).await.unwrap();
        let rows: Vec<_> = rows.into_iter().flatten().collect();
        assert_eq!(rows, wanted.rows, "{asked}");
        let Some(next) = wanted.next else { return };
        query.after = next;
    }
}

/// A small generator of numbers (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end.max(1)
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize].clone()
    }

    fn column(&mut self) -> u16 {
        self.pick(&[NAME, AMOUNT, DAY, KEY, KEY, column::OWNER, 999])
    }

    fn cell(&mut self, column: u16) -> Cell {
        if self.below(6) == 0 {
            return Cell::Null;
        }
        match column {
            NAME => Cell::text(self.pick(&["", "Ann", "ann b", "ann;b", "Bob", "über", "z"])),
            KEY => Cell::Text(format!("k{}", self.below(40)).into()),
            AMOUNT => Cell::Number(self.below(9) as f64 - 4.0),
            999 => Cell::Null,
            _ => Cell::Integer(self.below(9) as i64 - 4),
        }
    }

    fn put(&mut self, id: u64) -> RecordWrite {
        let columns = [NAME, AMOUNT, DAY, KEY, column::OWNER];
        let cells = columns.map(|column| (column, self.cell(column)));
        put(id, &cells)
    }

    fn change(&mut self, rows: u64) -> RecordWrite {
        let id = 1 + self.below(rows + rows / 8);
        let link = Link {
            from: (2, self.below(5)),
            to: (DEAL, id),
            kind: self.below(3) as u32,
        };
        match self.below(10) {
            0 | 1 => RecordWrite::Link(link),
            2 => RecordWrite::Unlink(link),
            3 => RecordWrite::Delete { object: DEAL, id },
            4 | 5 => RecordWrite::Search {
                object: DEAL,
                id,
                text: self
                    .pick(&["", "Ann B", "anne bee", "Bob O'Neil", "x1 y2"])
                    .into(),
            },
            6 => self.put(id),
            _ => {
                let column = self.pick(&[NAME, AMOUNT, DAY, KEY]);
                let cell = self.cell(column);
                put(id, &[(column, cell)])
            }
        }
    }

    fn filter(&mut self, rows: u64, depth: u32) -> Filter {
        let branch = if depth == 0 { 4 } else { 0 };
        match branch + self.below(10 - branch) {
            0 | 1 => Filter::All(self.filters(rows, depth - 1)),
            2 => Filter::Any(self.filters(rows, depth - 1)),
            3 => Filter::Not(Box::new(self.filter(rows, depth - 1))),
            4 => Filter::Linked {
                to: (2, self.below(5)),
                kinds: self.pick(&[vec![], vec![0], vec![1, 2]]),
            },
            5 => Filter::Ids((0..self.below(30)).map(|_| self.below(rows)).collect()),
            _ => {
                let column = self.column();
                let test = self.test(column);
                Filter::Column(column, test)
            }
        }
    }

    fn filters(&mut self, rows: u64, depth: u32) -> Vec<Filter> {
        let count = self.below(4);
        (0..count).map(|_| self.filter(rows, depth)).collect()
    }

    fn test(&mut self, column: u16) -> Test {
        let comparison = self.pick(&[
            Comparison::Equal,
            Comparison::NotEqual,
            Comparison::Below,
            Comparison::AtMost,
            Comparison::Above,
            Comparison::AtLeast,
        ]);
        match self.below(10) {
            0 => Test::Has,
            1 => Test::HasNot,
            2 => Test::In((0..self.below(4)).map(|_| self.cell(column)).collect()),
            3 => Test::NotIn((0..self.below(4)).map(|_| self.cell(column)).collect()),
            4 => Test::Between(self.cell(column), self.cell(column)),
            5 => Test::Prefix(self.pick(&["", "A", "k1", "ann"]).into()),
            6 => Test::Token(self.pick(&["ann", "*b", "k*", "ÜBER"]).into()),
            7 => Test::NoToken(self.pick(&["ann", "k2"]).into()),
            8 => Test::Compare(comparison, self.cell(NAME)),
            _ => Test::Compare(comparison, self.cell(column)),
        }
    }

    fn query(&mut self, rows: u64) -> Query {
        let directions = [Direction::Ascending, Direction::Descending];
        let sorts = self.below(3);
        let sort = (0..sorts).map(|_| Sort {
            column: self.column(),
            direction: self.pick(&directions),
        });
        let sort: Vec<Sort> = sort.collect();
        let after = match self.below(4) {
            0 => After::Offset(self.below(rows)),
            1 => {
                let cells = sort.iter().map(|by| self.cell(by.column)).collect();
                After::Key(cells, self.below(rows))
            }
            _ => After::Start,
        };
        let words = [None, None, None, Some("ann"), Some("o b"), Some("x")];
        Query {
            object: DEAL,
            filter: self.filter(rows, 2),
            search: self.pick(&words).map(str::to_owned),
            sort,
            after,
            limit: self.below(12) as usize,
            columns: (0..self.below(4)).map(|_| self.column()).collect(),
            count: self.pick(&[Count::No, Count::Exact, Count::Capped(7)]),
        }
    }

    fn sums(&mut self, rows: u64) -> Sums {
        Sums {
            object: DEAL,
            filter: self.filter(rows, 1),
            by: self.pick(&[None, Some(NAME), Some(DAY), Some(AMOUNT)]),
            columns: self.pick(&[vec![], vec![AMOUNT], vec![DAY, AMOUNT], vec![NAME]]),
        }
    }

    fn links(&mut self, rows: u64) -> Links {
        let after = Linked {
            object: DEAL,
            id: self.below(rows),
            kind: 1,
        };
        Links {
            from: 2,
            ids: (0..self.below(6)).collect(),
            to: self.pick(&[None, Some(DEAL), Some(1)]),
            after: self.pick(&[None, Some(after)]),
            limit: self.below(9) as usize,
        }
    }
}
