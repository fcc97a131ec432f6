//! Random entries of a few people who meet, part and are mistaken for each other: for tests.

use super::Fold;
use super::rulebook::Revision;
use super::undo::Past;
use crate::entry::Reference;
use crate::event::{Event, KeyKind, Kind, SourceNo};
use crate::identity::journal::{MergeCause, Record, What};
use crate::identity::normalise::normalise;
use crate::identity::{IdKind, Identifier, ProfileNo};
use crate::position::Position;
use crate::time::Millis;
use proptest::prelude::*;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// When a world begins.
pub(crate) const START: i64 = 1_700_000_000_000;

/// An entry of a world.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    /// Somebody did something.
    Event(Box<Event>),
    /// A member says that two are one.
    Merge {
        place: Position,
        received: Millis,
        left: Identifier,
        right: Identifier,
    },
    /// Somebody changes the rules.
    Rules {
        place: Position,
        received: Millis,
        said: RulesSaid,
    },
}

/// What somebody says of the rules. Segments, rules and policies are named by their places in the
/// lists of whoever asks for them.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RulesSaid {
    /// Another rule for a segment.
    Put { segment: usize, rule: usize },
    /// A segment is removed.
    Delete { segment: usize },
    /// What is left of a segment's build is done.
    Build { segment: usize },
    /// Another policy.
    Policy(usize),
}

impl Entry {
    pub(crate) fn received(&self) -> Millis {
        match self {
            Entry::Event(event) => event.received,
            Entry::Merge { received, .. } | Entry::Rules { received, .. } => *received,
        }
    }

    pub(crate) fn place(&self) -> Position {
        match self {
            Entry::Event(event) => event.position,
            Entry::Merge { place, .. } | Entry::Rules { place, .. } => *place,
        }
    }

    /// Folds it; the number an accepted event was given.
    pub(crate) fn fold(&self, fold: &mut Fold<'_>) -> Option<ProfileNo> {
        match self {
            Entry::Event(event) => fold.event(event).origin,
            Entry::Merge {
                place,
                received,
                left,
                right,
            } => {
                let policy = fold.rules.policy;
                let owner = |identifier| fold.people.owner(&normalise(policy, identifier).ok()?);
                if let Some(pair) = owner(left).zip(owner(right)) {
                    let [left, right] = [left, right].map(|id| Reference::Identifier(id.clone()));
                    let cause = MergeCause::Member {
                        actor: "ana".into(),
                        left,
                        right,
                    };
                    fold.merge(pair, cause, *place, *received);
                }
                None
            }
            Entry::Rules { .. } => None,
        }
    }
}

/// Entries in order, a moment or an hour apart.
pub(crate) fn any_entries(most: usize) -> impl Strategy<Value = Vec<Entry>> {
    entries(any_said(), most)
}

/// The same, with other rules every now and then.
pub(crate) fn any_ruled_entries(most: usize) -> impl Strategy<Value = Vec<Entry>> {
    let segment = || 0..4_usize;
    let rules = prop_oneof![
        3 => (segment(), 0..6_usize).prop_map(|(segment, rule)| RulesSaid::Put { segment, rule }),
        3 => segment().prop_map(|segment| RulesSaid::Build { segment }),
        1 => segment().prop_map(|segment| RulesSaid::Delete { segment }),
        2 => (0..4_usize).prop_map(RulesSaid::Policy),
    ];
    entries(
        prop_oneof![4 => any_said(), 1 => rules.prop_map(Said::Rules)],
        most,
    )
}

fn entries(
    any_said: impl Strategy<Value = Said>,
    most: usize,
) -> impl Strategy<Value = Vec<Entry>> {
    let pause_ms =
        prop_oneof![2 => Just(0), 3 => 0..1_500_i64, 2 => (0..22_i64).prop_map(|s| s * 1_000)];
    prop::collection::vec((pause_ms, any_said), 0..most).prop_map(|said| {
        let mut now = START;
        let entry = |(nth, (pause_ms, said)): (usize, (i64, Said))| {
            now += pause_ms;
            said.entry(nth as u64 + 1, now)
        };
        said.into_iter().enumerate().map(entry).collect()
    })
}

#[derive(Clone, Debug)]
enum Said {
    Event {
        what: (Kind, &'static str),
        x: u8,
        ids: Vec<Identifier>,
        late_ms: i64,
        key: KeyKind,
    },
    Alias {
        ids: Vec<Identifier>,
        previous: &'static str,
        key: KeyKind,
    },
    Merge(Identifier, Identifier),
    Rules(RulesSaid),
}

fn any_identifier() -> impl Strategy<Value = Identifier> {
    let of = |kind: IdKind, values: Vec<&'static str>| {
        prop::sample::select(values).prop_map(move |value| Identifier::new(kind.clone(), value))
    };
    prop_oneof![
        3 => of(IdKind::UserId, vec!["u1", "u2", "u3"]),
        4 => of(IdKind::AnonymousId, vec!["a1", "a2", "a3", "a4"]),
        2 => of(IdKind::Email, vec!["ana@example.org", "ana+x@example.org", "bo@example.org", "cy@example.org"]),
    ]
}

fn any_said() -> impl Strategy<Value = Said> {
    let ids = || prop::collection::vec(any_identifier(), 1..4);
    let key = || prop::sample::select(vec![KeyKind::Browser, KeyKind::Server]);
    let what = prop::sample::select(vec![
        (Kind::Track, "A"),
        (Kind::Track, "B"),
        (Kind::Page, "A"),
        (Kind::Identify, ""),
        (Kind::Group, ""),
    ]);
    let late_ms = prop_oneof![3 => Just(0), 1 => 0..70_000_i64];
    let event = (what, 0..3_u8, ids(), late_ms, key()).prop_map(|(what, x, ids, late_ms, key)| {
        Said::Event {
            what,
            x,
            ids,
            late_ms,
            key,
        }
    });
    let previous = prop::sample::select(vec!["u1", "u2", "u3", "a1", "a2"]);
    let alias = (ids(), previous, key()).prop_map(|(ids, previous, key)| Said::Alias {
        ids,
        previous,
        key,
    });
    let merge =
        (any_identifier(), any_identifier()).prop_map(|(left, right)| Said::Merge(left, right));
    prop_oneof![12 => event, 1 => alias, 1 => merge]
}

impl Said {
    fn entry(self, nth: u64, now: i64) -> Entry {
        let (received, place) = (Millis(now), Position::event(nth, 0));
        let (kind, name, x, identifiers, late_ms, key_kind, previous) = match self {
            Said::Merge(left, right) => {
                return Entry::Merge {
                    place: Position::command(nth, 1),
                    received,
                    left,
                    right,
                };
            }
            Said::Rules(said) => {
                return Entry::Rules {
                    place: Position::command(nth, 1),
                    received,
                    said,
                };
            }
            Said::Event {
                what: (kind, name),
                x,
                ids,
                late_ms,
                key,
            } => (kind, name, x, ids, late_ms, key, None),
            Said::Alias { ids, previous, key } => {
                (Kind::Alias, "", 0, ids, 0, key, Some(previous.into()))
            }
        };
        let raw: Box<str> = json!({ "x": x, "y": "a" }).to_string().into();
        let is_about_somebody = matches!(kind, Kind::Identify | Kind::Group);
        let (traits, properties) = match is_about_somebody {
            true => (raw, "{}".into()),
            false => ("{}".into(), raw),
        };
        Entry::Event(Box::new(Event {
            position: place,
            received,
            original: None,
            sent: None,
            at: received.plus(-late_ms),
            source: SourceNo(1 + u32::from(key_kind == KeyKind::Server)),
            key_kind,
            kind,
            name: name.into(),
            message_id: format!("m{nth}").into(),
            identifiers,
            previous,
            group: (kind == Kind::Group).then(|| "dairy".into()),
            traits,
            properties,
            context: "{}".into(),
            extra: "{}".into(),
        }))
    }
}

/// What an undo asks of a world: its events with the numbers they were given, the merges by a
/// member that still hold, and the changes of the rules, in order.
pub(crate) fn past<'p>(
    placed: &[(&'p Event, ProfileNo)],
    journal: &'p [Record],
    undone: &BTreeSet<Position>,
    revisions: &'p [Revision],
) -> Vec<Past<'p>> {
    let event = |&(event, origin): &(&'p Event, ProfileNo)| Past::Event { event, origin };
    let mut past: Vec<Past<'p>> = placed.iter().map(event).collect();
    let mut merges: BTreeMap<Position, Past<'p>> = BTreeMap::new();
    for record in journal {
        if let What::Merged {
            cause: cause @ MergeCause::Member { .. },
            ..
        } = &record.what
            && !undone.contains(&record.place)
        {
            let (place, received) = (record.place, record.received);
            let merge = Past::Merge {
                place,
                received,
                cause,
            };
            merges.insert(place, merge);
        }
    }
    past.extend(merges.into_values());
    past.extend(revisions.iter().map(Past::Revision));
    past.sort_by_key(Past::place);
    past
}
