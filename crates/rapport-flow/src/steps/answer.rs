//! Answer: whoever waits for what their request did is told right behind the fold.
//!
//! The request is on disk, and folding it again, after a failed transaction or a crash, comes to
//! the same person: the same requests, under the same configuration, onto the same state. For that
//! the writer applies no command before it (`Writer::owes`), and a batch whose events went
//! through something that may say another thing the second time is not answered here.

use crate::flow::Source;
use crate::writer::Writer;
use rapport_core::event::Request;
use rapport_core::identity::Identifier;
use rapport_core::profile::Profile;

/// Requests behind the last one on disk that are answered, at most: so many are folded first after
/// a start, because a crash forgets who was answered.
pub(crate) const ANSWERED_MAX: u64 = 4_096;

/// Answers the questions about a batch that was folded.
pub(crate) fn step(writer: &mut Writer, source: &Source) {
    let Source::Ledger(requests, _) = source else {
        return;
    };
    let Some(last) = requests.last() else { return };
    let questions = writer.shared.awaited.take(last.number);
    let on_disk = writer.shared.head().position.request;
    let is_near = last.number <= on_disk + ANSWERED_MAX;
    if questions.is_empty() || !is_near || !is_repeatable(writer, requests) {
        return;
    }
    for question in questions.into_values() {
        if let Some(found) = named(writer, &question.about) {
            // Noted before anybody hears of it.
            writer.answered = writer.answered.max(last.number);
            let _ = question.reply.send(found);
        }
    }
}

/// Whom an identifier leads to as of the fold; nobody where it is shared. `None` where the batch
/// did not look it up.
fn named(writer: &Writer, about: &Identifier) -> Option<Option<Profile>> {
    let people = &writer.people;
    if !people.has_looked_up(about) {
        return None;
    }
    let owner = people.owner(about).filter(|_| !people.is_shared(about));
    match owner {
        None => Some(None),
        Some(number) => people.profile(number).cloned().map(Some),
    }
}

fn is_repeatable(writer: &Writer, requests: &[Request]) -> bool {
    let in_force = &writer.configuration.transformations;
    let mut others = in_force
        .iter()
        .filter(|(_, one)| one.enabled && !one.is_repeatable());
    !others.any(|(source, _)| {
        requests
            .iter()
            .any(|request| request.origin.source == *source)
    })
}
