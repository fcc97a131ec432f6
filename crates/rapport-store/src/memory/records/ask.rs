//! Questions for records in memory: every row is looked at.

use super::{Kept, Object, Shelf};
use crate::Result;
use crate::memory::{Call, MemoryState, lock};
use crate::records::{
    After, Answer, Cell, Defined, Filter, Group, Link, Linked, Links, Query, Records, Row, Sums,
    Total, Whole,
};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::ops::Bound;

#[async_trait]
impl Records for MemoryState {
    async fn rows(&self, object: u32, ids: &[u64], columns: &[u16]) -> Result<Vec<Option<Row>>> {
        self.ask(|shelf| {
            let kept = |id: &u64| shelf.objects.get(&object)?.rows.get(id);
            let row = |id: &u64| kept(id).map(|kept| kept.row(*id, columns));
            ids.iter().map(row).collect()
        })
    }

    async fn find(&self, object: u32, column: u16, cells: &[Cell]) -> Result<Vec<Option<u64>>> {
        self.ask(|shelf| {
            let holder = |cell: &Cell| {
                let mut rows = shelf.objects.get(&object)?.rows.iter();
                rows.find(|(_, kept)| kept.cells.get(&column) == Some(cell))
                    .map(|(id, _)| *id)
            };
            cells.iter().map(holder).collect()
        })
    }

    async fn query(&self, query: Query) -> Result<Answer> {
        self.ask(|shelf| shelf.query(&query))
    }

    async fn sums(&self, sums: Sums) -> Result<Vec<Group>> {
        self.ask(|shelf| shelf.sums(&sums))
    }

    async fn links(&self, links: Links) -> Result<Vec<Vec<Linked>>> {
        self.ask(|shelf| {
            let of = |id: &u64| shelf.links_of((links.from, *id), &links);
            links.ids.iter().map(of).collect()
        })
    }

    async fn objects(&self) -> Result<Vec<(u32, Vec<Defined>)>> {
        self.ask(|shelf| {
            let used = |object: &Object| !object.rows.is_empty() || !object.columns.is_empty();
            let objects = shelf.objects.iter().filter(|(_, object)| used(object));
            objects
                .map(|(no, object)| (*no, object.defined()))
                .collect()
        })
    }

    async fn walk(&self, object: u32, after: Option<u64>, limit: usize) -> Result<Vec<Whole>> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.ask(|shelf| {
            let rows = shelf.objects.get(&object).map(|object| &object.rows);
            let behind = rows
                .into_iter()
                .flat_map(|rows| rows.range((from, Bound::Unbounded)));
            behind
                .take(limit)
                .map(|(id, kept)| kept.whole(*id))
                .collect()
        })
    }

    async fn walk_links(&self, after: Option<Link>, limit: usize) -> Result<Vec<Link>> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.ask(|shelf| {
            let behind = shelf.links.range((from, Bound::Unbounded));
            behind.take(limit).copied().collect()
        })
    }
}

impl MemoryState {
    fn ask<T>(&self, question: impl FnOnce(&Shelf) -> T) -> Result<T> {
        let ending = self.faults.begin(Call::Query)?;
        let answer = question(&lock(&self.kept).records);
        self.faults.end(Call::Query, &ending, answer)
    }
}

impl Shelf {
    fn matching(&self, object: u32, filter: &Filter) -> Vec<(u64, &Kept)> {
        let rows = self.objects.get(&object).into_iter();
        let rows = rows.flat_map(|object| &object.rows);
        let holds = |(id, kept): &(&u64, &Kept)| {
            let linked = |to: (u32, u64), kinds: &[u32]| self.are_linked(to, (object, **id), kinds);
            filter.holds(**id, &|column| kept.cell(column), &linked)
        };
        rows.filter(holds).map(|(id, kept)| (*id, kept)).collect()
    }

    fn are_linked(&self, from: (u32, u64), to: (u32, u64), kinds: &[u32]) -> bool {
        let mut links = self.links.iter();
        links.any(|link| {
            link.from == from && link.to == to && (kinds.is_empty() || kinds.contains(&link.kind))
        })
    }

    fn query(&self, query: &Query) -> Answer {
        let mut rows = self.matching(query.object, &query.filter);
        if let Some(words) = query.words() {
            rows.retain(|(_, kept)| is_found(&kept.search, &words));
        }
        let total = Total::of(rows.len() as u64, query.count);
        let key = |(id, kept): &(u64, &Kept)| {
            let cells: Vec<Cell> = query.sort.iter().map(|by| kept.cell(by.column)).collect();
            (cells, *id)
        };
        let order = |left: &(Vec<Cell>, u64), right: &(Vec<Cell>, u64)| {
            query.in_order((&left.0, left.1), (&right.0, right.1))
        };
        rows.sort_by(|left, right| order(&key(left), &key(right)));
        let skipped = match &query.after {
            After::Start => 0,
            After::Offset(offset) => usize::try_from(*offset).unwrap_or(usize::MAX),
            After::Key(cells, id) => {
                let behind = (cells.clone(), *id);
                rows.partition_point(|row| order(&key(row), &behind).is_le())
            }
        };
        let rest = rows.get(skipped..).unwrap_or_default();
        let page = &rest[..rest.len().min(query.limit)];
        let last = page.last().filter(|_| page.len() < rest.len()).map(key);
        let row = |(id, kept): &(u64, &Kept)| kept.row(*id, &query.columns);
        Answer {
            rows: page.iter().map(row).collect(),
            next: last.map(|(cells, id)| After::Key(cells, id)),
            total,
        }
    }

    fn sums(&self, asked: &Sums) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for (_, kept) in self.matching(asked.object, &asked.filter) {
            let cell = asked.by.map_or(Cell::Null, |column| kept.cell(column));
            let place = groups.iter().position(|group| group.cell == cell);
            let place = place.unwrap_or_else(|| {
                let sums = vec![0.0; asked.columns.len()];
                groups.push(Group {
                    cell,
                    count: 0,
                    sums,
                });
                groups.len() - 1
            });
            groups[place].count += 1;
            for (sum, column) in groups[place].sums.iter_mut().zip(&asked.columns) {
                *sum += kept.cell(*column).as_number().unwrap_or(0.0);
            }
        }
        groups.sort_by(|left, right| left.cell.in_order(&right.cell));
        groups
    }

    fn links_of(&self, from: (u32, u64), asked: &Links) -> Vec<Linked> {
        let links = self.links.iter().filter(|link| link.from == from);
        let far = links.map(|link| Linked {
            object: link.to.0,
            id: link.to.1,
            kind: link.kind,
        });
        far.filter(|far| asked.to.is_none_or(|object| far.object == object))
            .filter(|far| asked.after.is_none_or(|after| *far > after))
            .take(asked.limit)
            .collect()
    }
}

impl Object {
    fn defined(&self) -> Vec<Defined> {
        let defined = |(column, (form, unique)): (&u16, &(_, _))| Defined {
            column: *column,
            form: *form,
            unique: *unique,
        };
        self.columns.iter().map(defined).collect()
    }
}

impl Kept {
    fn cell(&self, column: u16) -> Cell {
        self.cells.get(&column).cloned().unwrap_or_default()
    }

    fn row(&self, id: u64, columns: &[u16]) -> Row {
        let cells = columns.iter().map(|column| self.cell(*column)).collect();
        Row { id, cells }
    }

    fn whole(&self, id: u64) -> Whole {
        let cells: BTreeMap<u16, Cell> = self.cells.clone();
        Whole {
            id,
            cells: cells.into_iter().collect(),
            search: Some(self.search.clone()).filter(|text| !text.is_empty()),
        }
    }
}

fn is_found(text: &str, words: &[String]) -> bool {
    let plain = |text: &str| {
        text.to_lowercase()
            .chars()
            .map(without_accent)
            .collect::<String>()
    };
    let text = plain(text);
    let has = |word: &String| {
        let mut of_text = text.split(|letter: char| !letter.is_alphanumeric());
        of_text.any(|one| one.starts_with(&plain(word)))
    };
    !words.is_empty() && words.iter().all(has)
}

/// The letters of western Europe, which is enough for tests.
fn without_accent(letter: char) -> char {
    match letter {
        'à'..='å' => 'a',
        'ç' => 'c',
        'è'..='ë' => 'e',
        'ì'..='ï' => 'i',
        'ñ' => 'n',
        'ò'..='ö' => 'o',
        'ù'..='ü' => 'u',
        plain => plain,
    }
}
