//! Why a person is in a segment or not, leaf by leaf, and when that changes by itself.

use crate::segment::catalogue::compiled::Tree;
use crate::segment::catalogue::{Catalogue, Facts, Touched, Wanted};
use crate::segment::computed::Traits;
use crate::segment::membership::Memberships;
use crate::segment::person::Seen;
use crate::segment::registry::Whole;
use crate::segment::rule::Rule;
use crate::time::Millis;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

pub use self::evidence::Evidence;
pub use self::why::{Asked, Counted, Events};

mod evidence;
mod why;

/// Why a person is in a segment or not.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The segment's key.
    pub segment: Box<str>,
    /// Whether the person is a member.
    pub member: bool,
    /// Since when.
    pub entered_at: Option<Rfc3339>,
    /// When that changes by itself, if nothing happens before.
    pub flips_at: Option<Rfc3339>,
    /// Whether the segment is built for this person; until then membership stays as it was, and
    /// conditions on events may lack what is older than the rule.
    pub built: bool,
    /// The moment of which all this is said.
    pub at: Rfc3339,
    /// The rule, part by part.
    pub rule: Node,
    /// The types and names of the events that it asks for.
    #[serde(skip)]
    pub wanted: Wanted,
}

/// A part of the rule.
#[derive(Clone, Debug, Serialize)]
pub struct Node {
    /// The part as text.
    pub text: String,
    /// Whether it holds.
    pub holds: bool,
    /// When that changes by itself, if nothing happens before.
    pub flips_at: Option<Rfc3339>,
    /// Why.
    #[serde(flatten)]
    pub why: Why,
}

/// What decides a part of the rule.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Why {
    /// Whether all parts hold.
    All {
        /// The parts.
        parts: Vec<Node>,
    },
    /// Whether any part holds.
    Any {
        /// The parts.
        parts: Vec<Node>,
    },
    /// Whether the part does not hold.
    Not {
        /// The part.
        parts: Vec<Node>,
    },
    /// Whether the part has held for so long.
    Held {
        /// The part.
        parts: Vec<Node>,
        /// Since when it holds; where that is longer than asked for, since the asked for time.
        #[serde(skip_serializing_if = "Option::is_none")]
        since: Option<Rfc3339>,
    },
    /// Something known of the person.
    Attribute {
        /// What it is taken from; absent where there is none.
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<Box<RawValue>>,
        /// Since when it is what it is; absent where nobody ever said.
        #[serde(skip_serializing_if = "Option::is_none")]
        since: Option<Rfc3339>,
    },
    /// A computed trait.
    Trait(Asked),
    /// Events.
    Events(Events),
    /// Chance.
    Random {
        /// Where the person stands, in percent.
        place: String,
    },
    /// A membership in another segment.
    Segment {
        /// Its key.
        segment: Box<str>,
        /// Since when; absent where the person is not in it.
        #[serde(skip_serializing_if = "Option::is_none")]
        entered_at: Option<Rfc3339>,
    },
}

/// An instant, written as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rfc3339(pub Millis);

impl Serialize for Rfc3339 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// How many moments ahead are looked at for the next flip.
const MOMENTS_MAX: usize = 10_000;

impl Catalogue {
    /// Explains a segment for a person at `now`, timers up to then fired. `None` where there is no
    /// such segment.
    #[must_use]
    pub fn explain(
        &self,
        key: &str,
        person: &Facts<'_>,
        memberships: &Memberships,
        now: Millis,
    ) -> Option<Explanation> {
        let segment = self.by_key(key)?;
        let membership = memberships.get(segment.no);
        let mut explanation = Explanation {
            segment: segment.key.clone(),
            member: membership.is_some(),
            entered_at: membership.map(|membership| Rfc3339(membership.entered_at)),
            flips_at: None,
            built: segment.build.covers(segment.since, person.numbers),
            at: Rfc3339(now),
            rule: node(
                &segment.rule,
                &segment.tree,
                &Look {
                    catalogue: self,
                    seen: Seen::new(person, self.zone()),
                    memberships,
                    traits: &segment.traits,
                    now,
                },
            ),
            wanted: evidence::wanted(Whole {
                rule: &segment.rule,
                traits: &segment.traits,
            }),
        };
        self.each_later_state(person, memberships, now, |memberships, now| {
            let look = Look {
                catalogue: self,
                seen: Seen::new(person, self.zone()),
                memberships,
                traits: &segment.traits,
                now,
            };
            explanation.rule.look(&segment.tree, &look);
            if memberships.contains(segment.no) != explanation.member {
                explanation.flips_at.get_or_insert(Rfc3339(now));
            }
        });
        Some(explanation)
    }

    /// Shows the memberships at each moment behind `now` at which something can flip by itself.
    fn each_later_state(
        &self,
        person: &Facts<'_>,
        memberships: &Memberships,
        now: Millis,
        mut see: impl FnMut(&Memberships, Millis),
    ) {
        let (mut later, mut clock) = (memberships.clone(), now);
        let (mut touched, mut flips) = (Touched::default(), Vec::new());
        for _ in 0..MOMENTS_MAX {
            let Some(moment) = self.next_moment(person, clock) else {
                return;
            };
            self.touch_all(&mut touched);
            self.settle(person, &mut later, moment, &mut touched, &mut flips);
            see(&later, moment);
            clock = moment;
        }
    }
}

/// A moment at which a rule is looked at.
struct Look<'a> {
    catalogue: &'a Catalogue,
    seen: Seen<'a>,
    memberships: &'a Memberships,
    traits: &'a Traits,
    now: Millis,
}

impl Look<'_> {
    fn holds(&self, tree: &Tree) -> bool {
        tree.holds(&self.seen, self.memberships, self.now)
    }
}

/// A rule and its tree have the same shape.
fn node(rule: &Rule, tree: &Tree, look: &Look<'_>) -> Node {
    let why = match (rule, tree) {
        (Rule::All(rules), Tree::All(trees)) => Why::All {
            parts: nodes(rules, trees, look),
        },
        (Rule::Any(rules), Tree::Any(trees)) => Why::Any {
            parts: nodes(rules, trees, look),
        },
        (Rule::Not(rule), Tree::Not(tree)) => Why::Not {
            parts: vec![node(rule, tree, look)],
        },
        (Rule::Held { rule, .. }, Tree::Held { tree, span_ms }) => {
            let since = tree.holds_since(&look.seen, look.memberships, look.now, *span_ms);
            Why::Held {
                parts: vec![node(rule, tree, look)],
                since: since.map(Rfc3339),
            }
        }
        (Rule::In(key) | Rule::NotIn(key), Tree::Is(condition)) => Why::Segment {
            segment: key.clone(),
            entered_at: why::entered(condition, look),
        },
        (_, Tree::Is(condition)) => {
            let traits = look.traits;
            evidence::asked(Whole { rule, traits }, why::decided_by(condition, look))
        }
        _ => unreachable!("a tree is compiled from its rule"),
    };
    Node {
        text: rule.to_string(),
        holds: look.holds(tree),
        flips_at: None,
        why,
    }
}

fn nodes(rules: &[Rule], trees: &[Tree], look: &Look<'_>) -> Vec<Node> {
    rules
        .iter()
        .zip(trees)
        .map(|(rule, tree)| node(rule, tree, look))
        .collect()
}

impl Node {
    /// Notes which parts hold otherwise at a later moment.
    fn look(&mut self, tree: &Tree, look: &Look<'_>) {
        if self.flips_at.is_none() && look.holds(tree) != self.holds {
            self.flips_at = Some(Rfc3339(look.now));
        }
        match (&mut self.why, tree) {
            (Why::All { parts }, Tree::All(trees)) | (Why::Any { parts }, Tree::Any(trees)) => {
                parts
                    .iter_mut()
                    .zip(trees)
                    .for_each(|(part, tree)| part.look(tree, look));
            }
            (Why::Not { parts }, Tree::Not(tree))
            | (Why::Held { parts, .. }, Tree::Held { tree, .. }) => {
                parts.iter_mut().for_each(|part| part.look(tree, look));
            }
            _ => {}
        }
    }
}
