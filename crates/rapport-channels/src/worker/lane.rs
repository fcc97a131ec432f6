//! The messages of one destination that are in memory, and which of them may go now.
//!
//! Each person's messages stand in line, and only the head of a line may be on its way. What
//! does not fit into memory stays in the outbox: a lane knows from which number on ([`Lane::next`]
//! for the destination, [`Person::more_from`] for one person) and asks for it when it has room.

use crate::circuit::{Circuit, Leave};
use crate::outbox::{About, Delivery, Message};
use rapport_core::time::Millis;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// How much of one destination is held in memory and on its way; each at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Messages on their way at once.
    pub in_flight: usize,
    /// Messages in memory.
    pub held: usize,
    /// Messages of one person in memory.
    pub held_of_person: usize,
}

/// 16 on their way, 2,048 in memory, 16 of one person.
impl Default for Limits {
    fn default() -> Limits {
        Limits {
            in_flight: 16,
            held: 2_048,
            held_of_person: 16,
        }
    }
}

/// How many due messages of each end are looked at for the one that makes the best probe.
const PROBE_CHOICE: usize = 64;

#[derive(Default)]
pub(super) struct Lane {
    pub(super) circuit: Circuit,
    /// Every message below this number is held here, noted as somebody's `more_from`, or done.
    pub(super) next: u64,
    people: BTreeMap<About, Person>,
    /// Heads of the lines that wait, by the moment they may go.
    due: BTreeSet<(Millis, u64, About)>,
    /// People with nothing in memory and more in the outbox, from that number on.
    hungry: BTreeSet<(u64, About)>,
    held: usize,
    /// Attempts on their way.
    in_flight: usize,
    /// How many may be, where the destination says.
    pub(super) concurrency: Option<usize>,
}

#[derive(Default)]
struct Person {
    line: VecDeque<Arc<Message>>,
    more_from: Option<u64>,
    /// The head is on its way, or its result is not recorded yet.
    busy: bool,
}

impl Lane {
    /// A lane whose first message has this number.
    pub(super) fn from(number: u64) -> Lane {
        Lane {
            next: number,
            ..Lane::default()
        }
    }

    pub(super) fn held(&self) -> usize {
        self.held
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    pub(super) fn is_full(&self, limits: &Limits) -> bool {
        self.held >= limits.held
    }

    /// The number from which on it wants to see the outbox again: there is room, and something
    /// was left below `frontier`. Half empty is when it asks, not at every gap.
    pub(super) fn wants(&self, limits: &Limits, frontier: u64) -> Option<u64> {
        if self.held > limits.held / 2 {
            return None;
        }
        let behind = (self.next < frontier).then_some(self.next);
        let hungry = self.hungry.first().map(|(from, _)| *from);
        behind.into_iter().chain(hungry).min()
    }

    /// Takes a message it has not seen, or notes that it was left in the outbox.
    pub(super) fn take(&mut self, message: Message, limits: &Limits) {
        let (number, who) = (message.number, message.about);
        self.next = number + 1;
        let person = self.people.entry(who).or_default();
        if person.more_from.is_some() {
            return;
        }
        if person.line.len() >= limits.held_of_person {
            person.more_from = Some(number);
            return;
        }
        self.hold(message);
    }

    /// The hungry people whose messages begin between these numbers: a page can feed them.
    pub(super) fn hungry_between(&self, from: u64, to: u64) -> BTreeSet<About> {
        if from > to {
            return BTreeSet::new();
        }
        let range = (from, About::FIRST)..=(to, About::LAST);
        self.hungry.range(range).map(|(_, who)| *who).collect()
    }

    /// Gives a hungry person a message left earlier; `false` where they have enough for now.
    pub(super) fn feed(&mut self, message: Message, limits: &Limits) -> bool {
        let (number, who) = (message.number, message.about);
        self.sated(who);
        let full = self.is_full(limits);
        let Some(person) = self.people.get_mut(&who) else {
            return false;
        };
        if full || person.line.len() >= limits.held_of_person {
            self.leave_from(who, Some(number));
            return false;
        }
        self.hold(message);
        true
    }

    /// Notes from which number on a person's messages are still in the outbox, if any are.
    pub(super) fn leave_from(&mut self, who: About, from: Option<u64>) {
        self.sated(who);
        if let Some(person) = self.people.get_mut(&who) {
            person.more_from = from;
        }
        self.rest(who);
    }

    /// The message that may go now, if one may. It counts as on its way.
    pub(super) fn start(&mut self, now: Millis, limits: &Limits) -> Option<Arc<Message>> {
        let (first_at, ..) = self.due.first()?;
        if *first_at > now || self.is_busy(limits) {
            return None;
        }
        let (circuit, leave) = self.circuit.leave(now);
        let chosen = match leave {
            Leave::Go => *self.due.first()?,
            Leave::Probe => self.best_probe(now)?,
            Leave::NotBefore(_) | Leave::AwaitProbe => return None,
        };
        self.circuit = circuit;
        self.in_flight += 1;
        self.send(chosen)
    }

    /// Another message that may go in the same attempt as one that has started: of somebody else,
    /// never tried, and with no more than `room` events. Nothing joins a probe.
    pub(super) fn join(&mut self, now: Millis, room: u32) -> Option<Arc<Message>> {
        let chosen = *self.due.first()?;
        let head = self.people.get(&chosen.2)?.line.front()?;
        let fits = chosen.0 <= now && head.attempts == 0 && head.events <= room;
        if !fits || !matches!(self.circuit, Circuit::Closed { .. }) {
            return None;
        }
        self.send(chosen)
    }

    fn send(&mut self, chosen: (Millis, u64, About)) -> Option<Arc<Message>> {
        self.due.remove(&chosen);
        let person = self.people.get_mut(&chosen.2)?;
        person.busy = true;
        person.line.front().cloned()
    }

    /// Whether no other attempt may start.
    fn is_busy(&self, limits: &Limits) -> bool {
        self.in_flight >= self.concurrency.unwrap_or(limits.in_flight)
    }

    /// An attempt is over, whatever came of it: another may start.
    pub(super) fn landed(&mut self) {
        debug_assert!(self.in_flight > 0, "what landed had started");
        self.in_flight -= 1;
    }

    /// The result of a person's head is recorded in the outbox: their next may go.
    pub(super) fn recorded(&mut self, who: About, delivery: &Delivery) {
        let Some(person) = self.people.get_mut(&who) else {
            return;
        };
        person.busy = false;
        match delivery {
            Delivery::Delivered | Delivery::Dead { .. } => {
                person.line.pop_front();
                self.held -= 1;
            }
            Delivery::Retry { at, .. } => {
                if let Some(head) = person.line.front_mut() {
                    let head = Arc::make_mut(head);
                    head.attempts += 1;
                    head.next_at = *at;
                }
            }
        }
        self.rest(who);
    }

    /// When it may have something to do by itself, if it may at all.
    pub(super) fn next_moment(&self, limits: &Limits) -> Option<Millis> {
        let (at, ..) = *self.due.first()?;
        if self.is_busy(limits) {
            return None;
        }
        match self.circuit {
            Circuit::Closed { .. } => Some(at),
            Circuit::Open { until, .. } => Some(at.max(until)),
            Circuit::Probing { .. } => None,
        }
    }

    /// Of the messages at both ends of what is due, one that has failed least, and of those the
    /// newest: it is the least likely to share the fault of what opened the circuit.
    fn best_probe(&self, now: Millis) -> Option<(Millis, u64, About)> {
        let due = self.due.range(..=(now, u64::MAX, About::LAST));
        let ends = due
            .clone()
            .take(PROBE_CHOICE)
            .chain(due.rev().take(PROBE_CHOICE));
        let tried = |who: &About| {
            let head = self.people.get(who).and_then(|person| person.line.front());
            head.map_or(u32::MAX, |head| head.attempts)
        };
        ends.min_by_key(|(_, number, who)| (tried(who), Reverse(*number)))
            .copied()
    }

    fn hold(&mut self, message: Message) {
        let who = message.about;
        self.held += 1;
        let person = self.people.entry(who).or_default();
        person.line.push_back(Arc::new(message));
        if person.line.len() == 1 {
            self.rest(who);
        }
    }

    fn sated(&mut self, who: About) {
        if let Some(from) = self.people.get(&who).and_then(|person| person.more_from) {
            self.hungry.remove(&(from, who));
        }
    }

    /// Puts an idle person where they belong: in line, hungry, or out of memory.
    fn rest(&mut self, who: About) {
        let Some(person) = self.people.get(&who) else {
            return;
        };
        match (person.line.front(), person.more_from) {
            _ if person.busy => {}
            (Some(head), _) => {
                self.due.insert((head.next_at, head.number, who));
            }
            (None, Some(from)) => {
                self.hungry.insert((from, who));
            }
            (None, None) => {
                self.people.remove(&who);
            }
        }
    }
}
