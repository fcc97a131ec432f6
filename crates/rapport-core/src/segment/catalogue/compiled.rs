//! From the registry to the catalogue: names become places.

use super::Catalogue;
use crate::event::{Event, Kind};
use crate::json::Paths;
use crate::position::Position;
use crate::segment::count::Question;
use crate::segment::leaf::{Bounds, LeafNo, LeafSpec};
use crate::segment::membership::SegmentNo;
use crate::segment::operator::Test;
use crate::segment::path::Path;
use crate::segment::registry::{Build, Definition, Registry};
use crate::segment::rule::{Filter, Happening, Rule};
use std::collections::{BTreeMap, BTreeSet};

/// A segment. Its tree has the shape of its rule.
#[derive(Clone, Debug)]
pub(in crate::segment) struct Segment {
    pub no: SegmentNo,
    pub key: Box<str>,
    pub rule: Rule,
    pub tree: Tree,
    pub build: Build,
    /// The entry that set the rule.
    pub since: Position,
    /// The ranks of the segments that refer to it.
    pub dependents: Vec<usize>,
}

/// A rule with numbers for names.
#[derive(Clone, Debug)]
pub(in crate::segment) enum Tree {
    All(Vec<Tree>),
    Any(Vec<Tree>),
    Not(Box<Tree>),
    Is(Condition),
}

#[derive(Clone, Debug)]
pub(in crate::segment) enum Condition {
    Attribute { path: Path, test: Test },
    Did { leaf: LeafNo, question: Question },
    In(SegmentNo),
    NotIn(SegmentNo),
}

/// A leaf and what hangs on it.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub no: LeafNo,
    pub happening: Happening,
    pub bounds: Bounds,
    /// What is asked of it within a window, each once.
    pub questions: Vec<Question>,
    /// The ranks of the segments that ask.
    pub segments: Vec<usize>,
}

/// The leaves on one type of events with one name, or any.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub kind: Kind,
    /// The properties that their filters ask for.
    pub paths: Paths,
    /// Places of leaves, each with its filter.
    pub leaves: Vec<(usize, Option<Gate>)>,
}

/// A filter with slots for paths.
#[derive(Clone, Debug)]
pub(super) enum Gate {
    All(Vec<Gate>),
    Any(Vec<Gate>),
    Not(Box<Gate>),
    Property { slot: usize, test: Test },
}

/// What filters look into: traits of identify and group, properties of the others.
pub(super) fn filtered_json(event: &Event) -> &str {
    match event.kind {
        Kind::Identify | Kind::Group => &event.traits,
        Kind::Track | Kind::Page | Kind::Screen | Kind::Alias => &event.properties,
    }
}

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
        leaves: registry
            .leaves()
            .iter()
            .map(|record| leaf(record.no, &record.spec, record.bounds))
            .collect(),
        ranks,
        ..Catalogue::default()
    };
    for (rank, definition) in order.iter().enumerate() {
        link(&mut catalogue, registry, rank, &definition.rule);
    }
    for (place, record) in registry.leaves().iter().enumerate() {
        index(&mut catalogue, place, &record.spec);
    }
    catalogue
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
        for key in definition.rule.segments() {
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
        tree: tree(registry, &definition.rule),
        build: definition.build,
        since: definition.since,
        dependents: Vec::new(),
    }
}

fn tree(registry: &Registry, rule: &Rule) -> Tree {
    let parts = |parts: &[Rule]| parts.iter().map(|part| tree(registry, part)).collect();
    let segment = |key: &str| {
        registry
            .get(key)
            .map_or(SegmentNo(0), |definition| definition.no)
    };
    match rule {
        Rule::All(all) => Tree::All(parts(all)),
        Rule::Any(any) => Tree::Any(parts(any)),
        Rule::Not(part) => Tree::Not(Box::new(tree(registry, part))),
        Rule::Attribute { path, test } => Tree::Is(Condition::Attribute {
            path: path.clone(),
            test: test.clone(),
        }),
        Rule::Did(did) => {
            let leaf = registry
                .leaf(&LeafSpec::of(did))
                .map_or(LeafNo(0), |leaf| leaf.no);
            Tree::Is(Condition::Did {
                leaf,
                question: did.question(),
            })
        }
        Rule::In(key) => Tree::Is(Condition::In(segment(key))),
        Rule::NotIn(key) => Tree::Is(Condition::NotIn(segment(key))),
    }
}

fn leaf(no: LeafNo, spec: &LeafSpec, bounds: Bounds) -> Leaf {
    let happening = spec.happening.clone();
    Leaf {
        no,
        happening,
        bounds,
        questions: Vec::new(),
        segments: Vec::new(),
    }
}

/// Makes known to leaves, attributes and segments which rule hangs on them.
fn link(catalogue: &mut Catalogue, registry: &Registry, rank: usize, rule: &Rule) {
    rule.visit(&mut |part| match part {
        Rule::Attribute { path, .. } => {
            let ranks = catalogue
                .attributes
                .entry(path.split().0.into())
                .or_default();
            insert(ranks, rank);
        }
        Rule::Did(did) => {
            let spec = LeafSpec::of(did);
            let Some(record) = registry.leaf(&spec) else {
                return;
            };
            let Ok(place) = catalogue
                .leaves
                .binary_search_by_key(&record.no, |leaf| leaf.no)
            else {
                return;
            };
            let leaf = &mut catalogue.leaves[place];
            insert(&mut leaf.segments, rank);
            if did.window.is_some() && !leaf.questions.contains(&did.question()) {
                leaf.questions.push(did.question());
            }
        }
        Rule::In(key) | Rule::NotIn(key) => {
            let referred = registry
                .get(key)
                .and_then(|d| catalogue.ranks.get(&d.no).copied());
            if let Some(referred) = referred {
                insert(&mut catalogue.segments[referred].dependents, rank);
            }
        }
        Rule::All(_) | Rule::Any(_) | Rule::Not(_) => {}
    });
}

fn insert(ranks: &mut Vec<usize>, rank: usize) {
    if let Err(place) = ranks.binary_search(&rank) {
        ranks.insert(place, rank);
    }
}

/// Makes a leaf known to the events it keeps.
fn index(catalogue: &mut Catalogue, place: usize, spec: &LeafSpec) {
    let Happening { kind, name } = &spec.happening;
    let groups = match name {
        Some(name) => catalogue.named.entry(name.clone()).or_default(),
        None => &mut catalogue.unnamed,
    };
    let known = groups.iter().position(|group| group.kind == *kind);
    let at = known.unwrap_or_else(|| {
        groups.push(Group {
            kind: *kind,
            paths: Paths::default(),
            leaves: Vec::new(),
        });
        groups.len() - 1
    });
    let group = &mut groups[at];
    let gate = spec
        .filter
        .as_ref()
        .map(|filter| gate(filter, &mut group.paths));
    group.leaves.push((place, gate));
}

fn gate(filter: &Filter, paths: &mut Paths) -> Gate {
    match filter {
        Filter::All(parts) => Gate::All(parts.iter().map(|part| gate(part, paths)).collect()),
        Filter::Any(parts) => Gate::Any(parts.iter().map(|part| gate(part, paths)).collect()),
        Filter::Not(part) => Gate::Not(Box::new(gate(part, paths))),
        Filter::Property { path, test } => Gate::Property {
            slot: paths.add(path.names()),
            test: test.clone(),
        },
    }
}
