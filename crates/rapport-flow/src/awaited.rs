//! Whoever waits for what their own request did to one person.
//!
//! The door hands the question over with the request; it stands here from the request's fsync to
//! the fold ([`answer`](crate::steps::answer)). A question that is dropped is not lost: whoever
//! asked waits for the commit then, and reads.

use rapport_core::identity::Identifier;
use rapport_core::profile::Profile;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Questions held at most: they are answered in moments, or nothing is folded at all.
const QUESTIONS_MAX: usize = 4_096;

/// Whom somebody wants to see as of after their request; nobody where the identifier names none.
#[derive(Debug)]
pub(crate) struct Question {
    pub about: Identifier,
    pub reply: oneshot::Sender<Option<Profile>>,
}

/// Asks about whoever an identifier, spelled as it is stored, leads to.
pub(crate) fn ask(about: Identifier) -> (Question, oneshot::Receiver<Option<Profile>>) {
    let (reply, answer) = oneshot::channel();
    (Question { about, reply }, answer)
}

/// Questions by the request they wait for.
#[derive(Debug, Default)]
pub(crate) struct Awaited(Mutex<BTreeMap<u64, Question>>);

impl Awaited {
    /// Holds questions about requests that are on disk now.
    pub fn hold(&self, questions: impl Iterator<Item = (u64, Question)>) {
        let mut held = self.held();
        for (request, question) in questions {
            if held.len() >= QUESTIONS_MAX {
                held.retain(|_, one| !one.reply.is_closed());
            }
            if held.len() < QUESTIONS_MAX {
                held.insert(request, question);
            }
        }
    }

    /// Takes the questions about requests up to this one.
    pub fn take(&self, through: u64) -> BTreeMap<u64, Question> {
        let mut held = self.held();
        let later = held.split_off(&through.saturating_add(1));
        std::mem::replace(&mut *held, later)
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.held().is_empty()
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<u64, Question>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapport_core::identity::IdKind;

    fn about(id: &str) -> (Question, oneshot::Receiver<Option<Profile>>) {
        ask(Identifier::new(IdKind::AnonymousId, id))
    }

    #[test]
    fn questions_are_taken_once_their_request_is_folded() {
        let awaited = Awaited::default();
        let asked = [3, 5, 9].map(|number| (number, about("a").0));
        awaited.hold(asked.into_iter());
        let numbers = |through| awaited.take(through).into_keys().collect::<Vec<_>>();
        assert_eq!(numbers(2), [0; 0]);
        assert_eq!(numbers(5), [3, 5]);
        assert_eq!(numbers(u64::MAX), [9]);
    }

    #[test]
    fn who_gave_up_makes_room_and_no_more_wait_than_there_is_room_for() {
        let awaited = Awaited::default();
        let most = QUESTIONS_MAX as u64;
        awaited.hold((0..most).map(|number| (number, about("gone").0)));
        let (patient, mut answer) = about("patient");
        awaited.hold([(most, patient)].into_iter());
        assert_eq!(awaited.held().len(), 1, "nobody else listens any more");
        let (questions, answers): (Vec<_>, Vec<_>) = (0..most).map(|_| about("b")).unzip();
        awaited.hold((most + 1..).zip(questions));
        assert_eq!(awaited.held().len(), QUESTIONS_MAX);
        assert!(
            answer
                .try_recv()
                .is_err_and(|why| why == oneshot::error::TryRecvError::Empty)
        );
        let turned_away = answers
            .into_iter()
            .filter_map(|mut one| one.try_recv().err());
        let closed = turned_away.filter(|why| *why == oneshot::error::TryRecvError::Closed);
        assert_eq!(closed.count(), 1, "who found no room is told at once");
    }
}
