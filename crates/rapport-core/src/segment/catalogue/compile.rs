//! From the registry to the catalogue: names become places.

use super::Catalogue;
use super::compiled::{Condition, Leaf, Offered, Segment, Timed, Tree};
use crate::segment::chain::{Barrier, Chain, Stage, Tie, Tied};
use crate::segment::computed::{Asking, Computed, Drawn, Reading};
use crate::segment::leaf::{LeafNo, LeafSpec};
use crate::segment::membership::SegmentNo;
use crate::segment::question::{Joint, Question, Totalled};
use crate::segment::registry::{Definition, LeafRecord, Registry, Trait, Whole};
use crate::segment::rule::{
    Asked, Did, Filter, Link, Reference, Rule, Sequence, Without, currency,
};
use crate::segment::window::Window;
use crate::segment::zone;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn compile(registry: &Registry) -> Catalogue {
    let order = ranked(registry);
    let ranks: BTreeMap<_, _> = order
        .iter()
        .enumerate()
        .map(|(rank, d)| (d.no, rank))
        .collect();
    let mut catalogue = Catalogue {
        segments: order
            .iter()
            .map(|definition| segment(registry, definition))
            .collect(),
        ranks,
        zone: registry.zone(),
        ..Catalogue::default()
    };
    for (place, record) in registry.leaves().iter().enumerate() {
        let slots = catalogue.index.add(place, &record.spec);
        catalogue.leaves.push(leaf(record, &slots));
    }
    catalogue.index.finish();
    let mut places = BTreeMap::new();
    for (rank, definition) in order.iter().enumerate() {
        for rule in definition.wholes() {
            link(&mut catalogue, registry, rank, rule);
            time(&mut catalogue, registry, rank, rule, &mut places);
        }
    }
    let offered = registry.traits().iter();
    catalogue.traits = offered.map(|one| offer(registry, one)).collect();
    catalogue
}

fn offer(registry: &Registry, one: &Trait) -> Offered {
    Offered {
        no: one.no,
        key: one.key.clone(),
        asking: asking(registry, &one.computed),
        build: one.build,
        since: one.since,
    }
}

/// The segments in an order in which each comes behind those it refers to, else by number. The
/// registry has no circles.
fn ranked(registry: &Registry) -> Vec<&Definition> {
    fn place<'a>(
        definition: &'a Definition,
        registry: &'a Registry,
        placed: &mut BTreeSet<SegmentNo>,
        order: &mut Vec<&'a Definition>,
    ) {
        if !placed.insert(definition.no) {
            return;
        }
        for key in definition.rules().flat_map(Rule::segments) {
            if let Some(referred) = registry.get(key) {
                place(referred, registry, placed, order);
            }
        }
        order.push(definition);
    }
    let (mut placed, mut order) = (BTreeSet::new(), Vec::new());
    for definition in registry.segments() {
        place(definition, registry, &mut placed, &mut order);
    }
    order
}

fn segment(registry: &Registry, definition: &Definition) -> Segment {
    Segment {
        no: definition.no,
        key: definition.key.clone(),
        rule: definition.rule.clone(),
        traits: definition.traits.clone(),
        tree: tree(registry, definition.whole()),
        before: definition.whole_before().map(|rule| tree(registry, rule)),
        build: definition.build,
        since: definition.since,
        dependents: Vec::new(),
        timed: Vec::new(),
    }
}

pub(super) fn leaf(record: &LeafRecord, slots: &[usize]) -> Leaf {
    let forms = record.spec.values.iter().map(|value| value.form);
    Leaf {
        no: record.no,
        bounds: record.bounds,
        dates: record.spec.dates,
        values: slots.iter().copied().zip(forms).collect(),
        timed: Vec::new(),
        segments: Vec::new(),
    }
}

fn tree<'a>(registry: &Registry, whole: Whole<'a>) -> Tree {
    let inner = |rule: &'a Rule| tree(registry, whole.part(rule));
    let parts = |parts: &'a [Rule]| parts.iter().map(inner).collect();
    let segment = |key: &str| {
        registry
            .get(key)
            .map_or(SegmentNo(0), |definition| definition.no)
    };
    if let Some(computed) = whole.asked_trait()
        && let Rule::Known { test, .. } = whole.rule
    {
        return Tree::Is(Condition::Trait {
            asking: asking(registry, computed),
            test: test.clone(),
        });
    }
    Tree::Is(match whole.rule {
        Rule::All(all) => return Tree::All(parts(all)),
        Rule::Any(any) => return Tree::Any(parts(any)),
        Rule::Not(part) => return Tree::Not(Box::new(inner(part))),
        Rule::Held { rule, span } => {
            return Tree::Held {
                tree: Box::new(inner(rule)),
                span_ms: span.length_ms(),
            };
        }
        Rule::Known { fact, path, test } => Condition::Known {
            fact,
            path: path.clone(),
            test: test.clone(),
        },
        Rule::Did(did) => Condition::Did(Box::new(question(registry, did))),
        Rule::Sequence(sequence) => Condition::Sequence(Box::new(chain(registry, sequence))),
        Rule::Random(random) => Condition::Random(random.clone()),
        Rule::In(key) => Condition::In(segment(key)),
        Rule::NotIn(key) => Condition::NotIn(segment(key)),
    })
}

fn number(registry: &Registry, spec: &LeafSpec) -> LeafNo {
    registry.leaf(spec).map_or(LeafNo(0), |leaf| leaf.no)
}

fn asking(registry: &Registry, computed: &Computed) -> Asking {
    let reading = |part: &Drawn| {
        let spec = part.need(0).spec;
        let kept = currency();
        let asks = part.asks_currency();
        Reading {
            function: part.function,
            window: part.window.clone(),
            leaf: number(registry, &spec),
            slot: part
                .kept()
                .and_then(|value| spec.slot(&value.path, value.form)),
            currency: asks.then(|| spec.slot(&kept.path, kept.form)).flatten(),
        }
    };
    Asking {
        parts: computed.parts().map(reading).collect(),
        thresholds: computed.thresholds.clone(),
    }
}

fn question(registry: &Registry, did: &Did) -> Question {
    let need = did.need(0);
    let joint = |link: &Link| match &link.to {
        Reference::Attribute(attribute) => Some(Joint {
            slot: need.spec.slot(&link.path, link.comparison.form())?,
            comparison: link.comparison,
            attribute: attribute.clone(),
        }),
        _ => None,
    };
    let totalled = match &did.asked {
        Asked::Aggregate(aggregate) => {
            let kept = currency();
            let currency = did.asks_currency(aggregate.function);
            let slot = need.spec.slot(&aggregate.path, aggregate.function.form());
            slot.map(|slot| Totalled {
                aggregate: (**aggregate).clone(),
                slot,
                currency: currency
                    .then(|| need.spec.slot(&kept.path, kept.form))
                    .flatten(),
            })
        }
        _ => None,
    };
    Question {
        leaf: number(registry, &need.spec),
        anchor: did.anchor(0).map(|need| number(registry, &need.spec)),
        window: did.window.clone(),
        asked: did.asked.clone(),
        joints: did.links().into_iter().filter_map(joint).collect(),
        totalled,
    }
}

fn chain(registry: &Registry, sequence: &Sequence) -> Chain {
    let specs: Vec<LeafSpec> = (0..sequence.steps.len())
        .map(|place| sequence.step_spec(place))
        .collect();
    let ties = |place: usize, filter: &Option<Filter>, spec: &LeafSpec| -> Vec<Tie> {
        let links = filter.iter().flat_map(Filter::links);
        links
            .filter_map(|link| {
                let form = link.comparison.form();
                let to = match (&link.to, sequence.target(place, &link.to)) {
                    (Reference::Attribute(path), _) => Tied::Attribute(path.clone()),
                    (_, Some((step, path))) => Tied::Step(step, specs[step].slot(path, form)?),
                    _ => return None,
                };
                Some(Tie {
                    slot: spec.slot(&link.path, form)?,
                    comparison: link.comparison,
                    to,
                })
            })
            .collect()
    };
    let barrier = |place: usize, without: &Without| {
        let spec = without.spec();
        Barrier {
            leaf: number(registry, &spec),
            ties: ties(place, &without.filter, &spec),
        }
    };
    let steps = sequence
        .steps
        .iter()
        .enumerate()
        .map(|(place, step)| Stage {
            leaf: number(registry, &specs[place]),
            ties: ties(place, &step.filter, &specs[place]),
            gap_ms: step.gap.map(|span| span.length_ms()),
            without: step.without.iter().map(|w| barrier(place, w)).collect(),
            remembered: sequence.remembered(place),
        });
    Chain {
        steps: steps.collect(),
        absent: sequence.absent.as_ref().map(|absent| {
            let gap_ms = absent.gap.map(|span| span.length_ms());
            (barrier(sequence.steps.len(), &absent.what), gap_ms)
        }),
        lasting_ms: sequence.lasting.map(|span| span.length_ms()),
        within_ms: sequence.within.map(|span| span.length_ms()),
    }
}

/// Makes known to leaves, attributes and segments which rule hangs on them.
fn link(catalogue: &mut Catalogue, registry: &Registry, rank: usize, whole: Whole<'_>) {
    for need in whole.needs() {
        let no = number(registry, &need.spec);
        if let Ok(place) = catalogue.leaves.binary_search_by_key(&no, |leaf| leaf.no) {
            insert(&mut catalogue.leaves[place].segments, rank);
        }
    }
    whole.rule.visit(&mut |part| {
        for name in attributes(whole.part(part)) {
            insert(catalogue.attributes.entry(name.into()).or_default(), rank);
        }
        if let Rule::In(key) | Rule::NotIn(key) = part {
            let referred = registry
                .get(key)
                .and_then(|d| catalogue.ranks.get(&d.no).copied());
            if let Some(referred) = referred {
                insert(&mut catalogue.segments[referred].dependents, rank);
            }
        }
    });
}

/// The attributes that a condition asks for.
fn attributes(part: Whole<'_>) -> Vec<&str> {
    let mut names = Vec::new();
    match part.rule {
        Rule::Known { test, .. } if part.rule.asked_trait().is_some() => {
            let asks_days = part.asked_trait().is_some_and(Computed::asks_calendar);
            names.extend((asks_days || test.is_timed()).then_some(zone::ATTRIBUTE));
        }
        Rule::Known { fact, path, test } => {
            names.push((fact.moved_by)(path));
            names.extend(test.is_timed().then_some(zone::ATTRIBUTE));
        }
        Rule::Did(did) => {
            names.extend(did.attributes());
            let is_calendar = matches!(did.window, Window::Calendar { .. });
            names.extend(is_calendar.then_some(zone::ATTRIBUTE));
        }
        Rule::Sequence(sequence) => {
            for (_, link) in sequence.links() {
                if let Reference::Attribute(path) = &link.to {
                    names.push(path.split().0);
                }
            }
        }
        _ => {}
    }
    names
}

/// Makes known which of its conditions can flip by themselves, and on what they hang.
fn time(
    catalogue: &mut Catalogue,
    registry: &Registry,
    rank: usize,
    whole: Whole<'_>,
    places: &mut BTreeMap<String, usize>,
) {
    match whole.rule {
        Rule::All(parts) | Rule::Any(parts) => {
            for part in parts {
                time(catalogue, registry, rank, whole.part(part), places);
            }
            return;
        }
        Rule::Not(part) => return time(catalogue, registry, rank, whole.part(part), places),
        _ => {}
    }
    let tree = tree(registry, whole);
    let (leaves, is_dated) = match &tree {
        Tree::Is(Condition::Did(question)) if question.moves() => (vec![question.leaf], false),
        Tree::Is(Condition::Sequence(chain)) if chain.moves() => (vec![chain.steps[0].leaf], false),
        Tree::Is(Condition::Known { test, .. }) if test.is_timed() => (Vec::new(), true),
        Tree::Is(Condition::Trait { asking, test }) if asking.moves() || test.is_timed() => {
            let leaves = asking.parts.iter().map(|part| part.leaf).collect();
            // What is a value without any events may be taken for a date.
            let is_of_none = whole.asked_trait().is_some_and(Computed::is_of_none);
            (leaves, test.is_timed() && is_of_none)
        }
        Tree::Held { .. } => {
            let mut is_dated = false;
            let mut look = |part| is_dated |= !attributes(whole.part(part)).is_empty();
            whole.rule.visit(&mut look);
            let needs = whole.needs();
            let leaves = needs.iter().map(|need| number(registry, &need.spec));
            (leaves.collect(), is_dated)
        }
        _ => return,
    };
    let place = *places.entry(whole.key()).or_insert_with(|| {
        let place = catalogue.timed.len();
        for no in leaves {
            if let Ok(leaf) = catalogue.leaves.binary_search_by_key(&no, |leaf| leaf.no) {
                insert(&mut catalogue.leaves[leaf].timed, place);
            }
        }
        if is_dated {
            catalogue.dated.push(place);
        }
        let ranks = Vec::new();
        catalogue.timed.push(Timed { tree, ranks });
        place
    });
    insert(&mut catalogue.timed[place].ranks, rank);
    insert(&mut catalogue.segments[rank].timed, place);
}

fn insert(places: &mut Vec<usize>, place: usize) {
    if let Err(at) = places.binary_search(&place) {
        places.insert(at, place);
    }
}
