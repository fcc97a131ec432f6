//! Folds one entry after another into the people it touches: the order of the rules, and the
//! clock between them.
//!
//! A [`Fold`] works on [`People`], the working set a shell has loaded. For every entry it first
//! fires the timers that are due before it, each with its own moment as the clock, then resolves,
//! applies, observes and settles. It never fails: what cannot be folded has an outcome saying so.

use crate::event::{Event, Kind};
use crate::identity::journal::Record;
use crate::identity::policy::Policy;
use crate::identity::resolve::{self, Resolved};
use crate::identity::veto::Vetoes;
use crate::identity::{Identifier, ProfileNo};
use crate::outcome::Outcome;
use crate::people::People;
use crate::position::Position;
use crate::profile::{Profile, apply, company};
use crate::segment::catalogue::{Catalogue, Facts, Flip, Touched};
use crate::segment::fact::COMPANIES_MOVED;
use crate::segment::membership::{Memberships, SegmentNo};
use crate::time::{MINUTE_MS, Millis};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub mod build;
pub mod edit;
pub mod merge;
pub mod rulebook;
pub mod told;
pub mod undo;
pub mod watch;
#[cfg(test)]
pub(crate) mod worlds;

/// An event that arrives later than this after it happened is marked late where it moves a
/// membership.
pub const LATE_MS: i64 = 5 * MINUTE_MS;

/// The configuration in force at an entry.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// Kinds, priorities, limits and trust.
    pub policy: &'a Policy,
    /// Merges that were taken back.
    pub vetoes: &'a Vetoes,
    /// The segments.
    pub catalogue: &'a Catalogue,
}

/// What folding did beside changing people: everything the shell writes down or hands on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    /// Merges, refusals and marks, in the order they happened.
    pub journal: Vec<Record>,
    /// Memberships that moved and that the world may hear of.
    pub changes: Vec<Change>,
    /// Rows of the segments' member lists, in order: the last word on a (segment, person) holds.
    pub members: Vec<Listed>,
    /// Profiles that were absorbed, with the identifiers they had: what changed for them before is
    /// told of those.
    pub absorbed: BTreeMap<ProfileNo, Arc<[Identifier]>>,
    /// What events said of companies and orders, in order.
    pub told: Vec<told::Told>,
    /// Contacts that events made, changed or absorbed, entry by entry, where they are watched.
    pub seen: Vec<watch::Seen>,
}

impl Effects {
    /// Adds what folding what comes next did.
    pub fn extend(&mut self, later: Effects) {
        let Effects {
            journal,
            changes,
            members,
            absorbed,
            told,
            seen,
        } = later;
        self.journal.extend(journal);
        self.changes.extend(changes);
        self.members.extend(members);
        self.absorbed.extend(absorbed);
        self.told.extend(told);
        self.seen.extend(seen);
    }
}

/// A row of a segment's member list, as it is from now on. It may say what is so already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The segment.
    pub segment: SegmentNo,
    /// Whose row.
    pub person: ProfileNo,
    /// Whether they are listed.
    pub member: Member,
    /// Since when, by the clock of the entry or timer.
    pub at: Millis,
    /// The entry, or for a timer the last one folded before it.
    pub cause: Position,
    /// What kind of cause it was.
    pub why: Why,
}

/// Whether a person stands in a segment's member list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    /// Listed.
    In,
    /// Not listed.
    Out,
}

/// A membership that moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whose.
    pub person: ProfileNo,
    /// In which segment.
    pub segment: SegmentNo,
    /// Entered or left.
    pub member: Member,
    /// The moment it moved, by the clock of the entry or timer.
    pub at: Millis,
    /// The entry that moved it, or for a timer the last entry folded before it.
    pub cause: Position,
    /// What kind of cause it was.
    pub why: Why,
    /// The identifiers for which it moved, where that is not everything the person goes by: a
    /// merge or an undo gave them to somebody whose membership is another.
    pub about: Option<Arc<[Identifier]>>,
}

/// What moved a membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// An event in time.
    Event,
    /// An event that came more than [`LATE_MS`] after it happened.
    LateEvent,
    /// A window ran out.
    Timer,
    /// A merge by a member, or an undo.
    Member,
    /// The segment was built.
    Build,
    /// The person was absorbed, or took over what an absorbed one was in: said of rows of member
    /// lists only.
    Merge,
}

impl Why {
    /// Every kind of cause. The place of each is stored: add at the end.
    pub const ALL: [Why; 6] = [
        Why::Event,
        Why::LateEvent,
        Why::Timer,
        Why::Member,
        Why::Build,
        Why::Merge,
    ];

    /// The word the API uses.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Why::Event => "event",
            Why::LateEvent => "late_event",
            Why::Timer => "timer",
            Why::Member => "member",
            Why::Build => "build",
            Why::Merge => "merge",
        }
    }
}

/// How one event ended, and in whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folded {
    /// How it ended.
    pub outcome: Outcome,
    /// The profile it was folded into, where it was.
    pub origin: Option<ProfileNo>,
}

/// The timers of a working set: the moment each person's timer stands at.
pub type Due = BTreeSet<(Millis, ProfileNo)>;

/// A fold in progress over a working set.
pub struct Fold<'a> {
    rules: Rules<'a>,
    people: &'a mut People,
    due: Due,
    effects: Effects,
    last: Position,
    flips: Vec<Flip>,
    touched: Touched,
    joining: Option<merge::Joining>,
}

impl<'a> Fold<'a> {
    /// A fold of entries behind `last` into `people`.
    pub fn new(rules: Rules<'a>, people: &'a mut People, last: Position) -> Fold<'a> {
        let due = people
            .profiles()
            .filter_map(|p| Some((p.armed?, p.number)))
            .collect();
        Fold::resume(rules, people, due, last)
    }

    /// The same for a working set that is kept over several folds: `due` holds the timers of
    /// everybody in it.
    pub fn resume(rules: Rules<'a>, people: &'a mut People, due: Due, last: Position) -> Fold<'a> {
        Fold {
            rules,
            people,
            due,
            effects: Effects::default(),
            last,
            flips: Vec::new(),
            touched: Touched::default(),
            joining: None,
        }
    }

    /// Folds one event; the working set holds whoever its identifiers belong to.
    pub fn event(&mut self, event: &Event) -> Folded {
        let Rules { policy, vetoes, .. } = self.rules;
        self.fire_about(event);
        self.last = event.position;
        match resolve::resolve(
            policy,
            vetoes,
            self.people,
            event,
            &mut self.effects.journal,
        ) {
            // A server may describe a company and name nobody.
            Resolved::None(_) if event.identifiers.is_empty() && company::of(event).is_some() => {
                let described = company::describe(policy, self.people, event);
                self.tell(event, None, described);
                Folded {
                    outcome: Outcome::Accepted,
                    origin: None,
                }
            }
            Resolved::None(reason) => Folded {
                outcome: Outcome::Filtered(reason),
                origin: None,
            },
            Resolved::Profile {
                number,
                created,
                merged,
            } => {
                if created {
                    self.rules.catalogue.touch_all(&mut self.touched);
                }
                for absorbed in merged {
                    self.absorb(number, absorbed, event.received);
                }
                self.apply(number, event);
                self.show(event);
                Folded {
                    outcome: Outcome::Accepted,
                    origin: Some(number),
                }
            }
        }
    }

    /// Fires every timer of the working set that is due at `now`, each at its own moment.
    pub fn fire(&mut self, now: Millis) {
        while let Some(&(moment, number)) = self.due.first() {
            if moment > now {
                return;
            }
            self.due.remove(&(moment, number));
            self.fire_one(number, now);
        }
    }

    /// Fires what is due of whomever an event may be about. The others can wait: at midnight
    /// everybody is due.
    fn fire_about(&mut self, event: &Event) {
        let now = event.received;
        if self.due.first().is_none_or(|(moment, _)| *moment > now) {
            return;
        }
        let names = resolve::wanted(self.rules.policy, event).into_iter();
        let people: Vec<_> = names.filter_map(|name| self.people.owner(&name)).collect();
        self.fire_of(people, now);
    }

    /// Fires the timers of these people that are due at `now`, each at its own moment.
    pub fn fire_of(&mut self, people: impl IntoIterator<Item = ProfileNo>, now: Millis) {
        for number in people {
            let armed = self.people.profile(number).and_then(|person| person.armed);
            if let Some(armed) = armed.filter(|armed| *armed <= now) {
                self.due.remove(&(armed, number));
                self.fire_one(number, now);
            }
        }
    }

    fn fire_one(&mut self, number: ProfileNo, now: Millis) {
        let Some(profile) = self.people.profile_mut(number) else {
            return;
        };
        let numbers = numbers(profile);
        let armed = profile.armed;
        let (facts, memberships) = parts(profile, &numbers);
        let flips = &mut self.flips;
        let next = self
            .rules
            .catalogue
            .advance(&facts, memberships, armed, now, flips);
        profile.armed = next;
        self.due.extend(next.map(|moment| (moment, number)));
        self.record(number, Why::Timer);
    }

    fn apply(&mut self, number: ProfileNo, event: &Event) {
        let Rules {
            policy, catalogue, ..
        } = self.rules;
        if event.kind == Kind::Group {
            let described = company::apply(policy, self.people, number, event);
            self.tell(event, Some(number), described);
        }
        self.effects.told.extend(told::order(event, number));
        let profile = self
            .people
            .profile_mut(number)
            .expect("resolve names a profile it holds");
        let moved = apply::apply(policy, profile, event);
        let is_moved = !moved.is_empty();
        for name in moved {
            catalogue.attribute_moved(&name, &mut self.touched);
        }
        if event.kind == Kind::Group {
            catalogue.attribute_moved(COMPANIES_MOVED, &mut self.touched);
        }
        catalogue.observe(&mut profile.leaves, event, &mut self.touched);
        if is_moved {
            self.people.touch_contact(number, event.received);
        }
        let late = event.received.since(event.at) > LATE_MS;
        let why = if late { Why::LateEvent } else { Why::Event };
        self.settle(number, event.received, why);
        self.hand_over(number, event.received, why);
    }

    /// Notes what a group call says of a company, where that is anything new.
    fn tell(
        &mut self,
        event: &Event,
        person: Option<ProfileNo>,
        described: Option<company::Described>,
    ) {
        if let Some(company::Described {
            id,
            changed,
            joined,
        }) = described
        {
            let of = told::Of::Company {
                id,
                changed,
                joined,
            };
            self.effects.told.push(told::Told::new(event, person, of));
        }
    }

    /// Settles what was touched of one person at `now`, and arms the person's timer.
    fn settle(&mut self, number: ProfileNo, now: Millis, why: Why) {
        let catalogue = self.rules.catalogue;
        if self.touched.is_empty() {
            return;
        }
        let (due, touched, flips) = (&mut self.due, &mut self.touched, &mut self.flips);
        self.people.change_if(number, |profile| {
            let numbers = numbers(profile);
            let (facts, memberships) = parts(profile, &numbers);
            let next = catalogue.settle(&facts, memberships, now, touched, flips);
            arm(due, profile, next) || !flips.is_empty()
        });
        self.touched.clear();
        self.record(number, why);
    }

    fn record(&mut self, person: ProfileNo, why: Why) {
        for flip in self.flips.drain(..) {
            let member = if flip.entered {
                Member::In
            } else {
                Member::Out
            };
            self.effects.members.push(Listed {
                segment: flip.segment,
                person,
                member,
                at: flip.at,
                cause: self.last,
                why,
            });
            self.effects.changes.push(Change {
                person,
                segment: flip.segment,
                member,
                at: flip.at,
                cause: self.last,
                why,
                about: None,
            });
        }
    }
}

/// Moves a person's timer row only where the next moment is earlier than the one it stands at;
/// one that stands too early fires, finds nothing and arms itself again. Says whether it moved.
fn arm(due: &mut Due, profile: &mut Profile, next: Option<Millis>) -> bool {
    let Some(next) = next else {
        return false;
    };
    if profile.armed.is_none_or(|armed| next < armed) {
        if let Some(armed) = profile.armed {
            due.remove(&(armed, profile.number));
        }
        profile.armed = Some(next);
        due.insert((next, profile.number));
        return true;
    }
    false
}

/// The numbers under which history may hold events of a person; most people have one.
fn numbers(profile: &Profile) -> Numbers {
    match profile.absorbed.is_empty() && profile.moved_from.is_empty() {
        true => Numbers::One([(profile.number, profile.birth)]),
        false => Numbers::Many(profile.origins_since()),
    }
}

/// One number without an allocation, or several.
enum Numbers {
    One([(ProfileNo, Position); 1]),
    Many(Vec<(ProfileNo, Position)>),
}

impl std::ops::Deref for Numbers {
    type Target = [(ProfileNo, Position)];

    fn deref(&self) -> &Self::Target {
        match self {
            Numbers::One(number) => number,
            Numbers::Many(numbers) => numbers,
        }
    }
}

/// A profile as the segments see it, and apart from it what they change.
fn parts<'a>(
    profile: &'a mut Profile,
    numbers: &'a [(ProfileNo, Position)],
) -> (Facts<'a>, &'a mut Memberships) {
    let facts = Facts {
        number: profile.number,
        numbers,
        attributes: &profile.attributes,
        companies: &profile.companies,
        leaves: &profile.leaves,
    };
    (facts, &mut profile.memberships)
}
