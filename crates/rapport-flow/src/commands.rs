//! Commands: what is changed otherwise than by an event, a file each, applied by the one writer
//! between two batches and journalled as entries of the one order.

use self::undo_merge::Prepared;
use crate::configuration::{self, Configuration};
use crate::crm::timeline::by_actor;
use crate::crm::work::Cause;
use crate::error::CommandError;
use crate::rows;
use crate::writer::Writer;
use rapport_core::crm::change::Definition;
use rapport_core::crm::subscription::Subscription;
use rapport_core::crm::{RecordNo, Refused, Written};
use rapport_core::entry::{Command, CommandEntry, Reference};
use rapport_core::fold::Effects;
use rapport_core::identity::ProfileNo;
use rapport_core::identity::normalise;
use rapport_core::position::Position;
use rapport_core::time::Millis;
use rapport_store::history::Entry;
use rapport_store::records::Changes;
use rapport_store::state::{Table, Write};
use std::collections::BTreeSet;
use std::sync::Arc;

pub mod build_range;
mod computed;
mod configure;
mod crm;
mod decide;
mod due;
mod freeze;
mod members;
mod merge;
mod plan;
mod revoke;
mod segment;
mod subscriptions;
mod time_zone;
pub(crate) mod undo_merge;
mod view;
mod webhook;

pub(crate) use due::is_about_everybody;

/// What a command did.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// Its place in the one order.
    pub position: Position,
    /// What there is to say of it.
    pub reply: Reply,
}

/// What there is to say of an applied command.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// It is done.
    Done,
    /// A segment was put.
    Segment {
        /// Its number.
        no: u32,
        /// The version of its rule.
        version: u32,
        /// Whether its members are being found in history.
        building: bool,
    },
    /// Two profiles are one.
    Merged {
        /// The journal number of the merge.
        journal: u64,
        /// Who is left.
        survivor: ProfileNo,
    },
    /// A merge was taken back.
    Undone {
        /// Everybody whose state was folded again, as numbered now.
        profiles: Vec<ProfileNo>,
    },
    /// Records were written; what became of each input, in order.
    Records(Vec<Result<Written, Refused>>),
    /// Records were linked, or not any more; what became of each input, in order.
    Links(Vec<Result<Linked, Refused>>),
    /// Two records are one.
    MergedRecords {
        /// The number of who is left.
        survivor: RecordNo,
    },
    /// Definitions of records are others; those that are, whole.
    Defined(Vec<Definition>),
    /// A subscription was made.
    Subscribed(Box<Subscription>),
}

/// Two records that are linked, or not any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// The one the link leads from.
    pub from: RecordNo,
    /// The one it leads to.
    pub to: RecordNo,
    /// The numbers of the kinds that were put or taken away.
    pub kinds: Vec<u32>,
}

type Outcome = Result<Reply, CommandError>;

/// Applies a command as it is asked for now.
pub(crate) async fn apply(
    writer: &mut Writer,
    actor: &str,
    command: Command,
    prepared: Option<Box<Prepared>>,
) -> Result<Applied, CommandError> {
    let entry = CommandEntry {
        position: next(writer),
        received: now(writer).max(Millis(0)),
        actor: actor.to_owned(),
        command,
    };
    enter(writer, entry, prepared).await
}

/// The place of a command that is applied next.
fn next(writer: &Writer) -> Position {
    let head = writer.head.position;
    Position::command(head.request, head.command + 1)
}

/// The moment of a command that is applied next: nothing that is folded later was received before.
pub(crate) fn now(writer: &Writer) -> Millis {
    let shared = &writer.shared;
    let folded = writer.head.position.request;
    let mark = shared.feed.low_water(shared.clock.now(), folded);
    mark.unwrap_or(writer.received).max(writer.received)
}

/// Applies a command at the place and moment its entry says.
pub(crate) async fn replay(
    writer: &mut Writer,
    entry: CommandEntry,
) -> Result<Applied, CommandError> {
    enter(writer, entry, None).await
}

async fn enter(
    writer: &mut Writer,
    entry: CommandEntry,
    prepared: Option<Box<Prepared>>,
) -> Result<Applied, CommandError> {
    let mut writes = Vec::new();
    writer.make_room();
    if is_about_everybody(&entry.command) {
        writer.fire_all(entry.received).await?;
    }
    writer.received = writer.received.max(entry.received);
    let before = Arc::clone(&writer.configuration);
    let untouched = writer.next_journal;
    writer.cause = Some(Cause {
        place: entry.position,
        received: entry.received,
        origin: by_actor(&entry.actor),
    });
    let applied = apply_to(writer, &entry, prepared, &mut writes).await;
    writer.cause = None;
    let reply = match applied {
        Ok(reply) => reply,
        Err(refused) => {
            let is_clean = Arc::ptr_eq(&before, &writer.configuration)
                && writer.records.is_empty()
                && writer.heard.is_empty()
                && untouched == writer.next_journal
                && !writer.people.is_changed();
            if !is_clean {
                writer.reset().await?;
            }
            return Err(refused);
        }
    };
    record(writer, entry.clone(), writes).await?;
    Ok(Applied {
        position: entry.position,
        reply,
    })
}

/// Applies a command to what the writer holds; what is to be written besides goes to `writes`.
async fn apply_to(
    writer: &mut Writer,
    entry: &CommandEntry,
    prepared: Option<Box<Prepared>>,
    writes: &mut Vec<Write>,
) -> Outcome {
    match &entry.command {
        Command::PutSegment { key, name, rule } => {
            segment::put(writer, entry, key, name, rule, writes).await
        }
        Command::DeleteSegment { key } => segment::delete(writer, key, writes).await,
        Command::Merge { left, right } => merge::apply(writer, entry, left, right, writes).await,
        Command::UndoMerge { merge } => {
            undo_merge::apply(writer, entry, *merge, prepared, writes).await
        }
        Command::ReleaseShared { identifier } => {
            configure::release(writer, entry, identifier, writes).await
        }
        Command::RevokeKey { .. }
        | Command::RevokeToken { .. }
        | Command::DisableSource { .. }
        | Command::EnableSource { .. } => revoke::apply(writer, &entry.command, writes),
        Command::PutPlan { source, plan } => plan::put(writer, *source, plan.as_ref(), writes),
        Command::PutTimeZone { zone } => time_zone::put(writer, entry, zone, writes),
        Command::FreezeSegment { segment, list } => {
            freeze::apply(writer, entry, segment, list, writes).await
        }
        Command::BuildRange { .. } => build_range::replay(writer, entry, writes).await,
        command if crm::is_about_records(command) => crm::apply(writer, entry, writes).await,
        Command::PutWebhook(webhook) => webhook::put(writer, webhook, writes),
        Command::DeleteWebhook { source } => webhook::delete(writer, *source, writes),
        Command::PutExposure(_)
        | Command::PutSlot(_)
        | Command::DeleteSlot { .. }
        | Command::PutSigning { .. } => decide::apply(writer, &entry.command, writes),
        Command::PutTrait {
            key,
            name,
            computed,
        } => computed::put(writer, entry, key, name, computed, writes),
        Command::DeleteTrait { key } => computed::delete(writer, key, writes),
        command if members::is_one(command) => members::apply(writer, entry, writes),
        command if subscriptions::is_one(command) => subscriptions::apply(writer, entry, writes),
        Command::PutView { view, draft } => view::put(writer, entry, *view, draft, writes),
        Command::DeleteView(removal) => view::delete(writer, removal.view, writes),
        other => configure::apply(writer, entry, other, writes),
    }
}

/// Commits a command's writes together with its entry.
pub(crate) async fn record(
    writer: &mut Writer,
    entry: CommandEntry,
    changes: impl Into<Changes>,
) -> rapport_store::Result<()> {
    let mut changes = changes.into();
    let revision = crate::revisions::row(&entry, writer.people.next());
    changes.writes.extend(revision);
    if let Some(record) = crate::audit::Record::of(&entry) {
        changes.writes.push(writer.audit.add(record));
    }
    let json = serde_json::to_vec(&entry).expect("commands are plain data");
    let key = rows::position_key(entry.position);
    changes.writes.push(Write {
        table: Table::Command,
        key,
        value: Some(json),
    });
    let position = entry.position;
    let entries = vec![Entry::Command(Arc::new(entry))];
    writer.commit_entries(position, changes, entries).await?;
    writer.shared.announce_messages();
    Ok(())
}

/// Adds a piece of configuration to the writes and puts the whole in force.
fn configure_with<T: serde::Serialize>(
    writer: &mut Writer,
    key: &str,
    value: &T,
    change: impl FnOnce(&mut Configuration),
    writes: &mut Vec<Write>,
) {
    let mut configuration = Configuration::clone(&writer.configuration);
    change(&mut configuration);
    writer.configure(configuration);
    writes.push(configuration::row(key, value));
}

/// Adds the writes of a fold that a command made, messages included.
async fn effects(
    writer: &mut Writer,
    effects: &Effects,
    writes: &mut Vec<Write>,
) -> rapport_store::Result<()> {
    let messages = crate::steps::activate::step(writer, effects);
    writer.effects(effects, writes).await?;
    writer.messages(&messages, writes);
    Ok(())
}

/// Loads whom a reference means.
async fn person(writer: &mut Writer, reference: &Reference) -> Result<ProfileNo, CommandError> {
    let missing = || CommandError::NotFound {
        what: format!("profile {}", spelled(reference)),
    };
    let number = match reference {
        Reference::Number(number) => writer.shared.survivor(*number),
        Reference::Identifier(identifier) => {
            let policy = Arc::clone(&writer.configuration.policy);
            let identifier = normalise::normalise(&policy, identifier).map_err(|_| missing())?;
            crate::steps::load::identifiers(writer, BTreeSet::from([identifier.clone()])).await?;
            writer.people.owner(&identifier).ok_or_else(missing)?
        }
    };
    crate::steps::load::profiles(writer, BTreeSet::from([number])).await?;
    writer
        .people
        .profile(number)
        .map(|profile| profile.number)
        .ok_or_else(missing)
}

fn spelled(reference: &Reference) -> String {
    match reference {
        Reference::Number(number) => number.to_string(),
        Reference::Identifier(identifier) => identifier.to_string(),
    }
}
