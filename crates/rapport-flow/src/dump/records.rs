//! Records in the canonical dump: rows, links, what they are found by, and their history.
//!
//! There may be millions of them, so neighbours are one thing of the dump: as many as a name says.

use crate::error::Result;
use crate::writer::pages;
use rapport_store::records::{Form, Link, Whole};
use rapport_store::state::{State, Table};
use std::fmt::Write as _;

/// Numbers that share a name in the dump.
const NEIGHBOURS: u64 = 256;
/// Rows read at once.
const PAGE: usize = 4_096;

/// Says everything about records, in an order of its own.
pub(super) async fn each(state: &dyn State, mut say: impl FnMut(String, String)) -> Result<()> {
    for (object, columns) in state.objects().await? {
        let spelled = columns.iter().map(|defined| {
            let form = match defined.form {
                Form::Text => "text",
                Form::Number => "number",
                Form::Integer => "integer",
            };
            format!("{} {form} unique={}\n", defined.column, defined.unique)
        });
        say(format!("columns {object}"), spelled.collect());
        rows(state, object, &mut say).await?;
    }
    links(state, &mut say).await?;
    history(state, &mut say).await
}

async fn rows(state: &dyn State, object: u32, say: &mut impl FnMut(String, String)) -> Result<()> {
    let mut said = Saying::default();
    let mut after = None;
    loop {
        let page = state.walk(object, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for row in page {
            let name = neighbours("records", object, row.id);
            let Whole { id, cells, search } = row;
            said.add(name, format_args!("{id} {cells:?} {search:?}"), say);
        }
    }
    said.end(say);
    Ok(())
}

async fn links(state: &dyn State, say: &mut impl FnMut(String, String)) -> Result<()> {
    let mut said = Saying::default();
    let mut after = None;
    loop {
        let page = state.walk_links(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(*last);
        for Link { from, to, kind } in page {
            let name = neighbours("links", from.0, from.1);
            said.add(
                name,
                format_args!("{} to {}/{} {kind}", from.1, to.0, to.1),
                say,
            );
        }
    }
    said.end(say);
    Ok(())
}

async fn history(state: &dyn State, say: &mut impl FnMut(String, String)) -> Result<()> {
    let mut said = Saying::default();
    let mut read = pages(state, Table::PropertyHistory);
    while let Some(page) = read.next().await? {
        for (key, value) in page {
            let record = key.split_first_chunk::<4>().and_then(|(object, rest)| {
                let (id, _) = rest.split_first_chunk::<8>()?;
                Some((u32::from_be_bytes(*object), u64::from_be_bytes(*id)))
            });
            let (object, id) = record.unwrap_or_default();
            let name = neighbours("property history", object, id);
            said.add(name, format_args!("{key:02x?} {value:02x?}"), say);
        }
    }
    said.end(say);
    Ok(())
}

fn neighbours(what: &str, object: u32, id: u64) -> String {
    let first = id / NEIGHBOURS * NEIGHBOURS;
    format!("{what} {object} from {first}")
}

/// What was said of the neighbours at hand.
#[derive(Default)]
struct Saying {
    name: String,
    text: String,
}

impl Saying {
    fn add(
        &mut self,
        name: String,
        line: std::fmt::Arguments<'_>,
        say: &mut impl FnMut(String, String),
    ) {
        if self.name != name {
            self.end(say);
            self.name = name;
        }
        let written = writeln!(self.text, "{line}");
        debug_assert!(written.is_ok(), "text takes everything");
    }

    fn end(&mut self, say: &mut impl FnMut(String, String)) {
        if !self.text.is_empty() {
            say(
                std::mem::take(&mut self.name),
                std::mem::take(&mut self.text),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapport_core::position::Position;
    use rapport_store::memory::MemoryState;
    use rapport_store::records::{Cell, Changes, RecordWrite};
    use rapport_store::state::Write;
    use std::collections::BTreeMap;

    fn put(id: u64, owner: i64) -> RecordWrite {
        RecordWrite::Put {
            object: 3,
            id,
            cells: vec![(4, Cell::Integer(owner))],
        }
    }

    fn link(from: u64, kind: u32) -> RecordWrite {
        RecordWrite::Link(Link {
            from: (3, from),
            to: (1, 5),
            kind,
        })
    }

    fn moved(id: u64, value: u8) -> Write {
        let key = [&3_u32.to_be_bytes()[..], &id.to_be_bytes(), &[0, 16, 1]].concat();
        Write {
            table: Table::PropertyHistory,
            key: key.into(),
            value: Some(vec![value]),
        }
    }

    fn world() -> Changes {
        let search = RecordWrite::Search {
            object: 3,
            id: 2,
            text: "oak".into(),
        };
        Changes {
            writes: vec![moved(2, 7), moved(900, 7)],
            records: vec![
                put(2, 1),
                put(255, 1),
                put(256, 1),
                search,
                link(2, 3),
                link(700, 3),
            ],
        }
    }

    async fn said(more: Changes) -> BTreeMap<String, String> {
        let state = MemoryState::default();
        for (version, changes) in (0..).zip([world(), more]) {
            let done = state.commit(version, Position::default(), changes).await;
            done.unwrap();
        }
        let mut said = BTreeMap::new();
        let each = each(&state, |name, text| {
            assert!(said.insert(name.clone(), text).is_none(), "{name} twice");
        });
        each.await.unwrap();
        said
    }

    #[tokio::test]
    async fn every_difference_shows_under_the_name_of_its_neighbours() {
        let before = said(Changes::default()).await;
        assert_eq!(before.len(), 7, "{before:?}");
        let records = |records| Changes {
            writes: Vec::new(),
            records,
        };
        let found = |text: &str| RecordWrite::Search {
            object: 3,
            id: 2,
            text: text.into(),
        };
        for (more, name) in [
            (records(vec![put(255, 2)]), "records 3 from 0"),
            (records(vec![put(256, 2)]), "records 3 from 256"),
            (records(vec![found("elm")]), "records 3 from 0"),
            (records(vec![link(2, 4)]), "links 3 from 0"),
            (records(vec![link(600, 3)]), "links 3 from 512"),
            (vec![moved(900, 8)].into(), "property history 3 from 768"),
        ] {
            let after = said(more).await;
            let differ = after
                .iter()
                .filter(|(name, text)| before.get(*name) != Some(text));
            let differ: Vec<_> = differ.map(|(name, _)| name.as_str()).collect();
            assert_eq!(differ, [name]);
        }
        assert_eq!(said(records(vec![put(2, 1)])).await, before);
    }
}
