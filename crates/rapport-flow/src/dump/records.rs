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
