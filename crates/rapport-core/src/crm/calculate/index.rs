//! What is calculated of what, found once for all definitions: every write asks for it.

use super::{calculated, order};
use crate::crm::definitions::Definitions;
use crate::crm::object::ObjectType;
use crate::crm::{PropertyNo, TypeId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

/// What is calculated of what.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Of each type what its records calculate.
    pub(super) types: BTreeMap<TypeId, OfType>,
    /// Of each type which others ask for its records, and for which properties of them.
    pub(super) asked: BTreeMap<TypeId, BTreeMap<TypeId, BTreeSet<PropertyNo>>>,
}

/// What the records of a type calculate.
#[derive(Debug, Default)]
pub(super) struct OfType {
    /// Its calculated properties, each behind those it needs.
    pub(super) order: Vec<Step>,
    /// The types they ask for.
    pub(super) related: BTreeSet<TypeId>,
}

/// A calculated property.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) no: PropertyNo,
    /// The record's own properties it asks for.
    pub(super) own: BTreeSet<PropertyNo>,
    /// The types it asks for; `None` where one of them is not there any more.
    pub(super) related: Option<Vec<TypeId>>,
}

/// An index that is made when it is asked for first. It says nothing about the definitions that
/// they do not say themselves, so it counts for nothing when they are compared.
#[derive(Clone, Debug, Default)]
pub(in crate::crm) struct Cached(OnceLock<Arc<Index>>);

impl PartialEq for Cached {
    fn eq(&self, _: &Cached) -> bool {
        true
    }
}

impl Cached {
    pub(super) fn get(&self, definitions: &Definitions) -> &Index {
        self.0.get_or_init(|| Arc::new(Index::of(definitions)))
    }
}

impl Definitions {
    /// What is calculated of what.
    pub(super) fn index(&self) -> &Index {
        self.calculated.get(self)
    }
}

impl Index {
    fn of(definitions: &Definitions) -> Index {
        let mut index = Index::default();
        for object in definitions.in_use() {
            let mut of_type = OfType::default();
            for no in order(object) {
                let step = step(definitions, object, no, &mut index.asked);
                of_type.related.extend(step.related.iter().flatten());
                of_type.order.push(step);
            }
            index.types.insert(object.id(), of_type);
        }
        index
    }
}

fn step(
    definitions: &Definitions,
    object: &ObjectType,
    no: PropertyNo,
    asked: &mut BTreeMap<TypeId, BTreeMap<TypeId, BTreeSet<PropertyNo>>>,
) -> Step {
    let formula = calculated(object).find(|(known, _)| *known == no);
    let needs = formula
        .map(|(_, formula)| formula.needs())
        .unwrap_or_default();
    let mut related = Some(Vec::new());
    for (name, properties) in &needs.related {
        let Some(other) = definitions.find(name) else {
            related = None;
            continue;
        };
        if let Some(related) = &mut related {
            related.push(other.id());
        }
        let by = asked.entry(other.id()).or_default();
        let names = properties.iter().filter_map(|name| other.property(name));
        by.entry(object.id())
            .or_default()
            .extend(names.map(|property| property.no));
    }
    let own = needs.own.iter().filter_map(|name| object.property(name));
    Step {
        no,
        own: own.map(|property| property.no).collect(),
        related,
    }
}
