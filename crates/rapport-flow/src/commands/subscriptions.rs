//! Subscriptions of apps to what happens to records.

use super::{Outcome, Reply};
use crate::configuration::{self, Configuration};
use crate::error::CommandError;
use crate::writer::Writer;
use rapport_core::crm::subscription::{AppNo, Error, SubscriptionNo, Subscriptions, change};
use rapport_core::entry::{Command, CommandEntry};
use rapport_store::state::Write;
use std::sync::Arc;

/// Whether a command changes subscriptions.
pub(super) fn is_one(command: &Command) -> bool {
    matches!(
        command,
        Command::PutSubscription { .. }
            | Command::SwitchSubscriptions { .. }
            | Command::DeleteSubscription { .. }
    )
}

/// Applies it.
pub(super) fn apply(writer: &mut Writer, entry: &CommandEntry, writes: &mut Vec<Write>) -> Outcome {
    match &entry.command {
        Command::PutSubscription { app, draft } => put(writer, entry, *app, draft, writes),
        Command::SwitchSubscriptions { app, switches } => {
            switch(writer, entry, *app, switches, writes)
        }
        Command::DeleteSubscription { app, subscription } => {
            delete(writer, *app, *subscription, writes)
        }
        _ => unreachable!("every other command has a file of its own"),
    }
}

fn put(
    writer: &mut Writer,
    entry: &CommandEntry,
    app: AppNo,
    draft: &change::Draft,
    writes: &mut Vec<Write>,
) -> Outcome {
    let configuration = &writer.configuration;
    let made = change::make(
        &configuration.subscriptions,
        &configuration.crm,
        &configuration.destinations,
        app,
        draft,
        entry.received,
    )
    .map_err(refused)?;
    writes.push(configuration::row(&key(made.no), &made));
    writes.push(configuration::row("subscription/last", &made.no));
    install(writer, |all| all.put(made.clone()));
    Ok(Reply::Subscribed(Box::new(made)))
}

fn switch(
    writer: &mut Writer,
    entry: &CommandEntry,
    app: AppNo,
    switches: &[(SubscriptionNo, bool)],
    writes: &mut Vec<Write>,
) -> Outcome {
    let mut switched = Vec::new();
    for (no, active) in switches {
        let all = &writer.configuration.subscriptions;
        match change::switch(all, app, *no, *active, entry.received) {
            Ok(subscription) => switched.push(subscription),
            // One alone is told of; of several the others are switched.
            Err(error) if switches.len() == 1 => return Err(refused(error)),
            Err(_) => {}
        }
    }
    for one in &switched {
        writes.push(configuration::row(&key(one.no), one));
    }
    install(writer, |all| {
        switched.into_iter().for_each(|one| all.put(one))
    });
    Ok(Reply::Done)
}

fn delete(writer: &mut Writer, app: AppNo, no: SubscriptionNo, writes: &mut Vec<Write>) -> Outcome {
    if writer.configuration.subscriptions.get(app, no).is_none() {
        return Err(refused(Error::NotFound(no)));
    }
    writes.push(configuration::removal(&key(no)));
    install(writer, |all| all.remove(no));
    Ok(Reply::Done)
}

fn install(writer: &mut Writer, change: impl FnOnce(&mut Subscriptions)) {
    let mut configuration = Configuration::clone(&writer.configuration);
    let mut subscriptions = Subscriptions::clone(&configuration.subscriptions);
    change(&mut subscriptions);
    configuration.subscriptions = Arc::new(subscriptions);
    writer.configure(configuration);
}

fn key(no: SubscriptionNo) -> String {
    format!("subscription/{no}")
}

fn refused(error: Error) -> CommandError {
    match error {
        Error::NotFound(_) => CommandError::NotFound {
            what: error.to_string(),
        },
        Error::Exists(_) => CommandError::Contradicts {
            message: error.to_string(),
        },
        _ => CommandError::Invalid {
            code: "invalid_subscription",
            message: error.to_string(),
            help: String::new(),
        },
    }
}
