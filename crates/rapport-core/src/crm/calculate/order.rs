//! In which order the calculated properties of a type are calculated: each behind those it needs.

use super::calculated;
use crate::crm::PropertyNo;
use crate::crm::object::ObjectType;
use std::collections::BTreeSet;

/// The calculated properties of a type, each behind those it needs. Those in a circle, which the
/// rules for definitions refuse, are left out.
#[must_use]
pub fn order(object: &ObjectType) -> Vec<PropertyNo> {
    let mut waiting: Vec<(PropertyNo, BTreeSet<PropertyNo>)> = Vec::new();
    for (no, formula) in calculated(object) {
        let needs = formula.needs().own;
        let needed = needs.iter().filter_map(|name| {
            let property = object.property(name)?;
            property.calculated.is_some().then_some(property.no)
        });
        waiting.push((no, needed.collect()));
    }
    let mut order = Vec::with_capacity(waiting.len());
    let mut done = BTreeSet::new();
    loop {
        let before = order.len();
        waiting.retain(|(no, needs)| {
            let is_ready = needs.iter().all(|needed| done.contains(needed));
            if is_ready {
                done.insert(*no);
                order.push(*no);
            }
            !is_ready
        });
        if waiting.is_empty() || order.len() == before {
            return order;
        }
    }
}
