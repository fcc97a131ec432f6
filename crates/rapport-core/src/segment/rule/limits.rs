//! How large a rule may be, and what may stand where in it.

use super::did::{Asked, Did};
use super::filter::{Filter, Reference};
use super::sequence::Sequence;
use super::{Need, Rule};
use crate::segment::leaf::{KEPT_MAX, LeafSpec};
use crate::segment::window::{BACK_MAX, Window};
use std::collections::BTreeSet;

/// The longest text of a rule, as written and in its canonical form, in bytes.
pub const RULE_BYTES_MAX: usize = 64 * 1024;
/// How deep conditions may nest, filters inside them counted.
pub const DEPTH_MAX: usize = 32;
/// How deep brackets of a spelling may nest, also those that say nothing; any rule within
/// [`DEPTH_MAX`] needs less.
pub(in crate::segment) const NESTING_MAX: usize = 3 * DEPTH_MAX;
/// How many conditions a rule may have, property tests counted.
pub const CONDITIONS_MAX: usize = 500;
/// How many steps a sequence may have.
pub const STEPS_MAX: usize = 16;
/// How many steps a step of a sequence may leave for later ones to speak of, itself apart.
const REMEMBERED_MAX: usize = 2;
/// The most periods that `regularly` looks at.
pub const PERIODS_MAX: u32 = 100;

type Checked = Result<(), &'static str>;

impl Rule {
    /// Whether the rule stays within the limits, and why not. What does reads back from either of
    /// its spellings.
    pub fn check(&self) -> Checked {
        let (depth, conditions) = self.size();
        if depth > DEPTH_MAX {
            return Err("conditions nest at most 32 deep");
        }
        if conditions > CONDITIONS_MAX {
            return Err("a rule has at most 500 conditions");
        }
        if self.to_string().len() > RULE_BYTES_MAX {
            return Err("a rule is at most 64 KB long");
        }
        let mut checked = Ok(());
        self.visit(&mut |part| {
            if checked.is_ok() {
                checked = part.check_part();
            }
        });
        checked
    }

    /// What of its conditions is kept only up to a limit, in sentences.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        Need::notes(&self.needs())
    }

    fn check_part(&self) -> Checked {
        match self {
            Rule::Did(did) => did.check(),
            Rule::Sequence(sequence) => sequence.check(),
            Rule::Random(random) => random.check(),
            Rule::Known { path, .. } if self.asked_trait().is_some() && path.names().len() > 1 => {
                Err("a trait is one value: behind its key comes the operator")
            }
            Rule::Held { rule, .. } if !rule.segments().is_empty() => Err(
                "what has to hold for some time cannot speak of segments: write their rules out",
            ),
            _ => Ok(()),
        }
    }

    /// Depth, and number of conditions and tests.
    fn size(&self) -> (usize, usize) {
        match self {
            Rule::All(parts) | Rule::Any(parts) => deepest(parts.iter().map(Rule::size)),
            Rule::Not(part) | Rule::Held { rule: part, .. } => deepest([part.size()].into_iter()),
            Rule::Did(did) => {
                let anchor = match &did.window {
                    Window::Since(anchor) => anchor.filter.as_ref(),
                    _ => None,
                };
                sized(did.filter.iter().chain(anchor))
            }
            Rule::Sequence(sequence) => {
                let steps = sequence.steps.iter().flat_map(|step| {
                    let without = step.without.iter().flat_map(|without| &without.filter);
                    step.filter.iter().chain(without)
                });
                let absent = sequence
                    .absent
                    .iter()
                    .flat_map(|absent| &absent.what.filter);
                let (depth, tests) = sized(steps.chain(absent));
                (depth, tests + sequence.steps.len())
            }
            Rule::Known { .. } | Rule::Random(_) | Rule::In(_) | Rule::NotIn(_) => (1, 1),
        }
    }
}

impl Need {
    /// What of these is kept only up to a limit, in sentences, each once.
    pub(in crate::segment) fn notes(needs: &[Need]) -> Vec<String> {
        let mut notes = Vec::new();
        for note in needs.iter().filter_map(Need::note) {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        notes
    }

    fn note(&self) -> Option<String> {
        let Need { spec, bounds } = self;
        let is_open = bounds.span_ms > 0 || bounds.keep as usize >= KEPT_MAX;
        is_open.then(|| {
            // Which events they are; what is kept of each is nobody's word but ours.
            let events = LeafSpec::of(&spec.happening, spec.filter.as_ref());
            format!(
                "of `{events}` at most {} events of a person are kept: where there are more, the newest count",
                KEPT_MAX.max(bounds.keep as usize)
            )
        })
    }
}

fn sized<'a>(filters: impl Iterator<Item = &'a Filter>) -> (usize, usize) {
    let sizes = filters.map(Filter::size);
    let (depth, tests) = sizes.fold((0, 0), |(deepest, sum), (depth, tests)| {
        (deepest.max(depth), sum + tests)
    });
    (depth + 1, tests + 1)
}

impl Filter {
    fn size(&self) -> (usize, usize) {
        match self {
            Filter::All(parts) | Filter::Any(parts) => deepest(parts.iter().map(Filter::size)),
            Filter::Not(part) => deepest([part.size()].into_iter()),
            Filter::Property { .. } | Filter::Link(_) => (1, 1),
        }
    }
}

fn deepest(parts: impl Iterator<Item = (usize, usize)>) -> (usize, usize) {
    let (depth, number) = parts.fold((0, 0), |(deepest, sum), (depth, number)| {
        (deepest.max(depth), sum + number)
    });
    (depth + 1, number)
}

impl Did {
    /// Whether its parts fit each other, and why not.
    pub(in crate::segment) fn check(&self) -> Checked {
        if let Some(filter) = &self.filter {
            check_links(filter, |to| matches!(to, Reference::Attribute(_)))?;
        }
        if let Window::Since(anchor) = &self.window
            && let Some(filter) = &anchor.filter
        {
            check_links(filter, |_| false)?;
        }
        let is_ever = self.window == Window::Ever;
        match &self.asked {
            Asked::Count(count) => count.check()?,
            Asked::Regularly { least, of, .. } => {
                if *of > PERIODS_MAX {
                    return Err("at most 100 periods are looked at");
                }
                if *least == 0 || least > of {
                    return Err("the first number lies between 1 and the second");
                }
                if !is_ever {
                    return Err("the periods are the window: take the other one out");
                }
            }
            Asked::Stopped { times, .. } if *times == 0 || *times > 1_000 => {
                return Err("counts go up to 1,000");
            }
            Asked::Stopped { .. } if !is_ever => {
                return Err("`but not for` goes with `within` or no window");
            }
            _ => {}
        }
        match self.window {
            Window::Ago { near, far } if near >= far => {
                Err("the second span is longer than the first")
            }
            Window::Dates(dates) if dates.from.zip(dates.to).is_some_and(|(f, t)| f >= t) => {
                Err("the second date is later than the first")
            }
            Window::Calendar { back, .. } if back > BACK_MAX => {
                Err("a window lies at most 12 units back")
            }
            _ => Ok(()),
        }
    }
}

impl Sequence {
    /// Whether its parts fit each other, and why not.
    pub(in crate::segment) fn check(&self) -> Checked {
        let steps = self.steps.len() + usize::from(self.absent.is_some());
        if self.steps.is_empty() || steps < 2 {
            return Err("a sequence has at least two steps, the first of which happened");
        }
        if steps > STEPS_MAX {
            return Err("a sequence has at most 16 steps");
        }
        let first = &self.steps[0];
        if first.gap.is_some() || !first.without.is_empty() {
            return Err("before the first step there is nothing");
        }
        let mut names = BTreeSet::new();
        for name in self.steps.iter().filter_map(|step| step.name.as_deref()) {
            if !is_step_name(name) {
                return Err("a step is named by one word that means nothing else");
            }
            if !names.insert(name) {
                return Err("two steps have one name");
            }
        }
        for (place, step) in self.steps.iter().enumerate() {
            let without = step.without.iter().flat_map(|without| &without.filter);
            for filter in step.filter.iter().chain(without) {
                self.check_filter(place, filter)?;
            }
            if self.remembered(place).len() > REMEMBERED_MAX {
                return Err("later steps may speak of at most two steps before the last one");
            }
        }
        for filter in self.absent.iter().flat_map(|absent| &absent.what.filter) {
            self.check_filter(self.steps.len(), filter)?;
        }
        Ok(())
    }

    fn check_filter(&self, place: usize, filter: &Filter) -> Checked {
        let is_known = |to: &Reference| {
            matches!(to, Reference::Attribute(_)) || self.target(place, to).is_some()
        };
        check_links(filter, is_known)
    }
}

/// Whether links stand outside of `or` and `not`, and speak of what there is.
fn check_links(filter: &Filter, knows: impl Fn(&Reference) -> bool) -> Checked {
    if !filter.links_stand_outside() {
        return Err(
            "a comparison with an attribute or another step stands beside other tests with `and`, not inside `or` and `not`",
        );
    }
    match filter.links().iter().all(|link| knows(&link.to)) {
        true => Ok(()),
        false => Err("this compares with a step that is not before it"),
    }
}

/// Whether a word can name a step.
fn is_step_name(name: &str) -> bool {
    let is_taken = ["previous", "first"].contains(&name);
    !is_taken && crate::segment::path::is_plain(name)
}
