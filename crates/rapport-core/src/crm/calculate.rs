//! Calculated properties: in which order they are calculated, what they come to, and what a change
//! makes be calculated again.
//!
//! The shell loads the associated records that [`related`] names, asks [`settle`], and saves. After
//! a change it asks [`affected`] for types whose records, where linked with the changed one, are to be
//! settled too. What is calculated of what forms no circle ([`cycle`] is asked before a formula is
//! taken), so this ends.

use crate::crm::definitions::Definitions;
use crate::crm::formula::{self, Aggregate, Fuel, Known, Rollup};
use crate::crm::object::ObjectType;
use crate::crm::property::Property;
use crate::crm::record::Record;
use crate::crm::value::Value;
use crate::crm::write::Change;
use crate::crm::{PropertyNo, TypeId};
use std::collections::{BTreeMap, BTreeSet};

mod cycle;
mod index;
mod order;
#[cfg(test)]
mod tests;

pub use cycle::cycle;
pub(super) use index::Cached;
use index::Step;
pub use order::order;

/// The most associated records of one type that a roll-up looks at. What would look at more is
/// left as it is: a value of a part would be wrong.
pub const RELATED_MAX: usize = 10_000;

/// Associated records by their type; those of a type that is not there are not known, and what
/// needs them stays as it is. Archived records are not among them.
pub type Related = BTreeMap<TypeId, Vec<Record>>;

/// The types whose associated records the calculated properties of a type ask for.
#[must_use]
pub fn related(definitions: &Definitions, object: &ObjectType) -> BTreeSet<TypeId> {
    let of_type = definitions.index().types.get(&object.id());
    of_type
        .map(|of_type| of_type.related.clone())
        .unwrap_or_default()
}

/// The types whose associated records are asked for where nothing but these properties of a record
/// changed: mostly none. What the others would be asked for cannot have moved.
#[must_use]
pub fn needed(
    definitions: &Definitions,
    object: &ObjectType,
    changed: &Change,
) -> BTreeSet<TypeId> {
    let mut needed = BTreeSet::new();
    let mut moved: BTreeSet<PropertyNo> = changed.values.keys().copied().collect();
    let of_type = definitions.index().types.get(&object.id());
    for step in of_type.iter().flat_map(|of_type| &of_type.order) {
        if !step.own.is_disjoint(&moved) {
            moved.insert(step.no);
            needed.extend(step.related.iter().flatten());
        }
    }
    needed
}

/// The types that have a calculated property which a change of these properties of records of
/// `object` can move; with `None`, which a record of `object` that is linked, unlinked, archived or
/// restored can move.
#[must_use]
pub fn affected(
    definitions: &Definitions,
    object: TypeId,
    changed: Option<&Change>,
) -> BTreeSet<TypeId> {
    let Some(asked) = definitions.index().asked.get(&object) else {
        return BTreeSet::new();
    };
    let moves = |properties: &BTreeSet<PropertyNo>| {
        changed.is_none_or(|changed| changed.values.keys().any(|no| properties.contains(no)))
    };
    let by = asked.iter().filter(|(_, properties)| moves(properties));
    by.map(|(by, _)| *by).collect()
}

/// Calculates every calculated property of a record, and says which are other ones now.
pub fn settle(
    definitions: &Definitions,
    object: &ObjectType,
    record: &mut Record,
    related: &Related,
) -> Change {
    let mut change = Change::default();
    let mut fuel = Fuel::OF_A_RECORD;
    let Some(of_type) = definitions.index().types.get(&object.id()) else {
        return change;
    };
    for step in of_type.order.iter().filter(|step| is_known(step, related)) {
        let Some(property) = object.properties.get(&step.no) else {
            continue;
        };
        let Some(formula) = &property.calculated else {
            continue;
        };
        let world = World {
            definitions,
            object,
            record,
            related,
        };
        let mut lent = fuel.lend(Fuel::OF_A_FORMULA);
        let value = formula::evaluate(formula.tree(), &world, &mut lent);
        fuel.take_back(lent);
        let value = value.and_then(|value| held(property, value));
        if record.values.get(&step.no) != value.as_ref() {
            match &value {
                Some(value) => record.values.insert(step.no, value.clone()),
                None => record.values.remove(&step.no),
            };
            change.values.insert(step.no, value);
        }
    }
    change
}

/// Whether all records that a property asks for are there, and not too many.
fn is_known(step: &Step, related: &Related) -> bool {
    let Some(types) = &step.related else {
        return false;
    };
    let few = |records: &Vec<Record>| records.len() <= RELATED_MAX;
    types.iter().all(|of| related.get(of).is_some_and(few))
}

/// The calculated properties in use.
fn calculated(object: &ObjectType) -> impl Iterator<Item = (PropertyNo, &formula::Formula)> {
    object
        .in_use()
        .filter_map(|property| Some((property.no, property.calculated.as_ref()?)))
}

/// The value as the property can hold it; `None` where it is none of its own.
fn held(property: &Property, value: Value) -> Option<Value> {
    match formula::Type::of(property).fits_value(&value) {
        true => Some(value),
        false => Value::parse(property, &value.spelled()).ok().flatten(),
    }
}

/// What the formulas of a record may ask for.
struct World<'a> {
    definitions: &'a Definitions,
    object: &'a ObjectType,
    record: &'a Record,
    related: &'a Related,
}

impl Known for World<'_> {
    fn property(&self, name: &str) -> Option<Value> {
        self.record.named(self.object, name)
    }

    fn rollup(&self, rollup: &Rollup, fuel: &mut Fuel) -> Option<Value> {
        let object = self.definitions.find(&rollup.object)?;
        let mut values = Vec::new();
        let mut count = 0_usize;
        for record in self.related.get(&object.id())? {
            fuel.take(1)?;
            let one = One { object, record };
            let counts = match &rollup.condition {
                Some(condition) => formula::holds(condition, &one, fuel),
                None => true,
            };
            if !counts {
                continue;
            }
            count += 1;
            if let Some(name) = &rollup.property {
                values.extend(record.named(object, name));
            }
        }
        // Fuel that ends in a condition would make a record not count.
        if fuel.is_empty() {
            return None;
        }
        match (rollup.aggregate, &rollup.property) {
            (Aggregate::Count, None) => Some(Value::Number(count as f64)),
            (aggregate, _) => aggregate.of(values),
        }
    }
}

/// One of the associated records.
struct One<'a> {
    object: &'a ObjectType,
    record: &'a Record,
}

impl Known for One<'_> {
    fn property(&self, name: &str) -> Option<Value> {
        self.record.named(self.object, name)
    }

    fn rollup(&self, _: &Rollup, _: &mut Fuel) -> Option<Value> {
        None
    }
}
