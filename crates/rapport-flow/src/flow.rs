//! The flow: what happens to a batch of requests, from bytes on the ledger to rows in the outbox.
//!
//! ```text
//! validate -> transform -> plan -> dedup -> load -> fold (resolve, profile, segment) -> answer -> activate -> commit
//! ```
//!
//! Every step takes what the one before it returns, so none can be left out and no item can get
//! lost between two of them: an [`Item`] becomes an [`Ended`], and both lists have the same
//! length. Only load and commit touch storage. What is folded while a transaction is written joins
//! the batch that is open, and everything an open batch changes is one commit.

use crate::steps::{activate, answer, dedup, fold, load, plan, transform, validate};
use crate::writer::Writer;
use rapport_core::event::transform::change::Change;
use rapport_core::event::{Event, Request};
use rapport_core::fold::Effects;
use rapport_core::identity::ProfileNo;
use rapport_core::outcome::{Outcome, Reason};
use rapport_core::time::Millis;
use rapport_store::Result;
use rapport_store::history::Row;
use rapport_store::seen::SeenKey;
use std::collections::BTreeMap;

/// One item of a request after validation, and after its source's transformations.
#[derive(Debug)]
pub enum Item {
    /// An event.
    Event(Box<Event>),
    /// What could be read of an item that is none, and why it is none.
    Invalid(Box<Event>, Reason),
    /// The same of one that its source's webhook map leaves out.
    Filtered(Box<Event>, Reason),
    /// An event, and the transformation or the plan that leaves it out.
    LeftOut(Box<Event>, Reason),
}

/// What transformations and plans made of a batch: for each item that is another now, its place among the
/// items and what is other about it.
pub type Changes = Vec<(u32, Change)>;

/// One item after dedup.
#[derive(Debug)]
pub enum Fresh {
    /// To be folded, unless its id is accepted earlier in the same batch.
    Event(Box<Event>, SeenKey),
    /// Ended already.
    Ended(Box<Event>, Outcome),
}

/// One item with how it ended.
#[derive(Debug)]
pub struct Ended {
    /// The event.
    pub event: Box<Event>,
    /// How it ended.
    pub outcome: Outcome,
    /// In whom, where it was accepted.
    pub origin: Option<ProfileNo>,
}

impl Ended {
    /// The row that history keeps. What was accepted before is kept without its payload.
    #[must_use]
    pub fn into_row(self) -> Row {
        let mut event = *self.event;
        if self.outcome == Outcome::Duplicate {
            for payload in [
                &mut event.traits,
                &mut event.properties,
                &mut event.context,
                &mut event.extra,
            ] {
                *payload = "{}".into();
            }
        }
        Row {
            event,
            origin: self.origin,
            outcome: self.outcome,
        }
    }
}

/// A batch after the fold.
#[derive(Debug)]
pub struct Folded {
    /// Every item, in order.
    pub ended: Vec<Ended>,
    /// What the fold did beside changing people.
    pub effects: Effects,
    /// The ids it accepted, and when.
    pub accepted: BTreeMap<SeenKey, Millis>,
}

/// Sends requests through every step up to the commit: they join the batch that is open.
///
/// # Errors
/// Those of storage; then the writer takes everything up where the disk says, and the same requests
/// may be sent again.
pub(crate) async fn batch(writer: &mut Writer, requests: Vec<Request>) -> Result<()> {
    let items = validate::step(&requests, &*writer.configuration);
    let (items, changes) = transform::step(writer, items);
    let (items, changes) = plan::step(writer, items, changes);
    let source = Source::Ledger(requests, changes);
    let fresh = dedup::step(writer, items, &source).await?;
    folded(writer, fresh, source).await
}

/// Where items come from.
pub(crate) enum Source {
    /// The ledger, whose bytes stay there until history has the items as they were changed.
    Ledger(Vec<Request>, Changes),
    /// History of another directory.
    Replay,
}

/// Folds events of another directory, each with the verdict it had, and writes them.
///
/// # Errors
/// Those of [`batch`].
pub(crate) async fn replayed(writer: &mut Writer, fresh: Vec<Fresh>) -> Result<()> {
    folded(writer, fresh, Source::Replay).await?;
    writer.settle().await
}

async fn folded(writer: &mut Writer, fresh: Vec<Fresh>, source: Source) -> Result<()> {
    load::step(writer, &fresh).await?;
    writer.show_written().await?;
    let folded = fold::step(writer, fresh);
    answer::step(writer, &source);
    let messages = activate::step(writer, &folded.effects);
    writer.add(folded, messages, source);
    Ok(())
}
