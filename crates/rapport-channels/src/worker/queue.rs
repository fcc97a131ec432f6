//! All lanes, and how a page of the outbox is dealt out to them.

use super::lane::{Lane, Limits};
use crate::outbox::{About, Message};
use rapport_core::time::Millis;
use std::collections::{BTreeMap, BTreeSet};

/// The lanes by destination, and how far the outbox was read.
#[derive(Default)]
pub(super) struct Queue {
    pub(super) lanes: BTreeMap<String, Lane>,
    /// No message at or above this number was seen yet.
    frontier: u64,
}

/// A page of the outbox, as it was asked for and came.
pub(super) struct Page {
    /// The lowest number it could hold.
    pub(super) from: u64,
    /// Its messages, ascending.
    pub(super) messages: Vec<Message>,
    /// Whether there may be more behind it.
    pub(super) more: bool,
}

impl Queue {
    /// Nothing is seen yet.
    pub(super) fn new() -> Queue {
        Queue {
            lanes: BTreeMap::new(),
            frontier: 1,
        }
    }

    /// Where the next new message will stand.
    pub(super) fn frontier(&self) -> u64 {
        self.frontier
    }

    /// The lowest number that a lane with room left in the outbox.
    pub(super) fn wanted(&self, limits: &Limits) -> Option<u64> {
        self.lanes
            .values()
            .filter_map(|lane| lane.wants(limits, self.frontier))
            .min()
    }

    /// Deals a page out.
    pub(super) fn deal(&mut self, page: Page, limits: &Limits) {
        let last = page.messages.last().map_or(0, |message| message.number);
        // A page that is not full has shown everything there was.
        let end = if page.more {
            last
        } else {
            last.max(self.frontier - 1)
        };
        let mut feeding = self.feeding(page.from, end);
        let mut stopped = BTreeSet::new();
        for message in page.messages {
            let lane = self
                .lanes
                .entry(message.destination.clone())
                .or_insert_with(|| Lane::from(message.number));
            if message.number < lane.next {
                feed(lane, message, limits, &mut feeding);
            } else if lane.next < page.from || stopped.contains(&message.destination) {
                // Left in the outbox; `next` stands before it.
            } else if lane.is_full(limits) {
                lane.next = message.number;
                stopped.insert(message.destination);
            } else if is_fed(&feeding, &message) {
                lane.next = message.number + 1;
                feed(lane, message, limits, &mut feeding);
            } else {
                lane.take(message, limits);
            }
        }
        self.frontier = self.frontier.max(end + 1);
        self.close(page.from, end, &stopped, feeding);
    }

    /// The hungry people that a page can feed, by destination.
    fn feeding(&self, from: u64, end: u64) -> BTreeMap<String, BTreeSet<About>> {
        let hungry = |(key, lane): (&String, &Lane)| (key.clone(), lane.hungry_between(from, end));
        self.lanes
            .iter()
            .map(hungry)
            .filter(|(_, people)| !people.is_empty())
            .collect()
    }

    /// Notes how far each lane and each person who was fed has now seen.
    fn close(
        &mut self,
        from: u64,
        end: u64,
        stopped: &BTreeSet<String>,
        feeding: BTreeMap<String, BTreeSet<About>>,
    ) {
        for (key, lane) in &mut self.lanes {
            if lane.next >= from && !stopped.contains(key) {
                lane.next = lane.next.max(end + 1);
            }
        }
        for (key, people) in feeding {
            let Some(lane) = self.lanes.get_mut(&key) else {
                continue;
            };
            let rest = (end + 1 < lane.next).then_some(end + 1);
            for who in people {
                lane.leave_from(who, rest);
            }
        }
    }

    /// When something may be to do by itself.
    pub(super) fn next_moment(&self, limits: &Limits) -> Option<Millis> {
        self.lanes
            .values()
            .filter_map(|lane| lane.next_moment(limits))
            .min()
    }
}

/// Whether a message's person is being fed by this page: then theirs come in order through there.
fn is_fed(feeding: &BTreeMap<String, BTreeSet<About>>, message: &Message) -> bool {
    let people = feeding.get(&message.destination);
    people.is_some_and(|people| people.contains(&message.about))
}

/// Gives a message that was left earlier to its person, if it is their turn.
fn feed(
    lane: &mut Lane,
    message: Message,
    limits: &Limits,
    feeding: &mut BTreeMap<String, BTreeSet<About>>,
) {
    let Some(people) = feeding.get_mut(&message.destination) else {
        return;
    };
    let who = message.about;
    if people.contains(&who) && !lane.feed(message, limits) {
        people.remove(&who);
    }
}
