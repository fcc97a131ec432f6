//! What a rule needs: the leaves that answer its conditions, and how much each must keep.

use super::did::{Aggregate, Asked, Did, Function, Measure};
use super::filter::{Filter, Link};
use super::sequence::{Sequence, Without};
use super::{Reference, Rule};
use crate::segment::computed::Traits;
use crate::segment::leaf::{Bounds, Form, LeafSpec, Property};
use crate::segment::window::Window;

/// A leaf that a condition needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Need {
    /// What it keeps.
    pub spec: LeafSpec,
    /// How much of it.
    pub bounds: Bounds,
}

/// The property that tells in which currency an amount is.
pub(in crate::segment) const CURRENCY: &str = "currency";

impl Rule {
    /// The leaves that the rule needs, in the order written.
    #[must_use]
    pub fn needs(&self) -> Vec<Need> {
        self.needs_with(&Traits::new())
    }

    /// The same with those of the computed traits that it asks for, made like this.
    #[must_use]
    pub fn needs_with(&self, traits: &Traits) -> Vec<Need> {
        let mut needs = Vec::new();
        self.collect_needs(0, traits, &mut needs);
        needs
    }

    /// `past_ms` is how far back the conditions are looked at, not only now.
    fn collect_needs(&self, past_ms: i64, traits: &Traits, needs: &mut Vec<Need>) {
        match self {
            Rule::All(parts) | Rule::Any(parts) => parts
                .iter()
                .for_each(|part| part.collect_needs(past_ms, traits, needs)),
            Rule::Not(part) => part.collect_needs(past_ms, traits, needs),
            Rule::Held { rule, span } => {
                rule.collect_needs(past_ms.saturating_add(span.length_ms()), traits, needs);
            }
            Rule::Did(did) => {
                needs.push(did.need(past_ms));
                needs.extend(did.anchor(past_ms));
            }
            Rule::Sequence(sequence) => needs.extend(sequence.needs(past_ms)),
            Rule::Known { .. } => {
                let asked = self.asked_trait().and_then(|key| traits.get(key));
                needs.extend(asked.into_iter().flat_map(|one| one.needs(past_ms)));
            }
            Rule::Random(_) | Rule::In(_) | Rule::NotIn(_) => {}
        }
    }
}

impl Did {
    /// The leaf of its events.
    #[must_use]
    pub fn need(&self, past_ms: i64) -> Need {
        let links = self.links();
        let kept = links.iter().map(|link| Property {
            path: link.path.clone(),
            form: link.comparison.form(),
        });
        let mut spec = LeafSpec::of(&self.happening, self.filter.as_ref())
            .keeping(kept.chain(self.totalled()));
        let reach_ms = self.window.reach_ms();
        let is_plain = links.is_empty();
        let bounds = match &self.asked {
            Asked::Count(count) => {
                spec.dates = self.window.dates();
                match self.window {
                    Window::Before(_) if is_plain => Bounds::oldest(count.keep()),
                    Window::Ago { .. } => Bounds::all(reach_ms),
                    Window::Calendar { back, .. } if back > 0 => Bounds::all(reach_ms),
                    _ if is_plain => Bounds::newest(count.keep(), reach_ms),
                    _ => Bounds::all(reach_ms),
                }
            }
            Asked::First if is_plain => Bounds::oldest(1),
            Asked::First => Bounds::all(None),
            Asked::Regularly { of, period, .. } => {
                Bounds::all(Some(period.length_ms().saturating_mul(i64::from(*of))))
            }
            // Looked at in the past, the last one may be any.
            Asked::Stopped { times, within, .. } if is_plain => {
                let near = within.filter(|_| past_ms == 0);
                Bounds::newest(*times, near.map(|span| span.length_ms()))
            }
            Asked::Stopped { .. } => Bounds::all(None),
            Asked::Resumed { .. } => match reach_ms {
                Some(span_ms) if is_plain => Bounds {
                    span_ms,
                    ..Bounds::newest(1, None)
                },
                _ => Bounds::all(None),
            },
            Asked::Aggregate(_) => {
                spec.dates = self.window.dates();
                Bounds::all(reach_ms)
            }
        };
        spec.oldest = bounds.oldest;
        let bounds = bounds.held(past_ms);
        Need { spec, bounds }
    }

    /// The leaf of the events that its window runs from.
    #[must_use]
    pub fn anchor(&self, past_ms: i64) -> Option<Need> {
        let Window::Since(anchor) = &self.window else {
            return None;
        };
        Some(Need {
            spec: LeafSpec::of(&anchor.happening, anchor.filter.as_ref()),
            bounds: Bounds::newest(1, None).held(past_ms),
        })
    }

    /// What is compared with attributes.
    #[must_use]
    pub fn links(&self) -> Vec<&Link> {
        self.filter.iter().flat_map(Filter::links).collect()
    }

    /// The attributes that it is compared with.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        let links = self.links().into_iter().filter_map(|link| match &link.to {
            Reference::Attribute(path) => Some(path.split().0),
            _ => None,
        });
        let measure = match &self.asked {
            Asked::Aggregate(aggregate) => match &aggregate.to {
                Measure::Attribute(path) => Some(path.split().0),
                _ => None,
            },
            _ => None,
        };
        links.chain(measure)
    }

    /// Whether amounts in several currencies could meet in it.
    pub(in crate::segment) fn asks_currency(&self, function: Function) -> bool {
        let is_fixed = self
            .filter
            .as_ref()
            .is_some_and(|filter| filter.fixes(CURRENCY));
        function.is_of_numbers() && !is_fixed
    }

    fn totalled(&self) -> Vec<Property> {
        let Asked::Aggregate(aggregate) = &self.asked else {
            return Vec::new();
        };
        let Aggregate { function, path, .. } = &**aggregate;
        let mut kept = vec![Property {
            path: path.clone(),
            form: function.form(),
        }];
        if self.asks_currency(*function) {
            kept.push(currency());
        }
        kept
    }
}

/// What a leaf keeps of the currency.
pub(in crate::segment) fn currency() -> Property {
    let path = crate::segment::path::Path::new(vec![CURRENCY.into()]);
    Property {
        path: path.expect("one name is a path"),
        form: Form::Same,
    }
}

impl Sequence {
    /// The leaves of its steps; behind each step those of what did not happen before it, and last
    /// that of what did not follow.
    fn needs(&self, past_ms: i64) -> Vec<Need> {
        let mut specs = Vec::new();
        for (place, step) in self.steps.iter().enumerate() {
            specs.push(self.step_spec(place));
            specs.extend(step.without.iter().map(Without::spec));
        }
        specs.extend(self.absent.as_ref().map(|absent| absent.what.spec()));
        let bounds = Bounds::all(self.within.map(|span| span.length_ms())).held(past_ms);
        specs
            .into_iter()
            .map(|spec| Need { spec, bounds })
            .collect()
    }

    /// The leaf of a step: it keeps what the step compares, and what later ones compare with it.
    pub(in crate::segment) fn step_spec(&self, place: usize) -> LeafSpec {
        let step = &self.steps[place];
        let ours = step
            .filter
            .iter()
            .flat_map(Filter::links)
            .map(|link| Property {
                path: link.path.clone(),
                form: link.comparison.form(),
            });
        let links = self.links();
        let theirs = links.iter().filter_map(|(from, link)| {
            let (target, path) = self.target(*from, &link.to)?;
            (target == place).then(|| Property {
                path: path.clone(),
                form: link.comparison.form(),
            })
        });
        LeafSpec::of(&step.happening, step.filter.as_ref()).keeping(ours.chain(theirs))
    }
}

impl Without {
    /// The leaf of what did not happen.
    pub(in crate::segment) fn spec(&self) -> LeafSpec {
        let kept = self
            .filter
            .iter()
            .flat_map(Filter::links)
            .map(|link| Property {
                path: link.path.clone(),
                form: link.comparison.form(),
            });
        LeafSpec::of(&self.happening, self.filter.as_ref()).keeping(kept)
    }
}
