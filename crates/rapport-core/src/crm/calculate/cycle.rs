//! Finds what would be calculated of itself, however far around.

use super::calculated;
use crate::crm::definitions::Definitions;
use crate::crm::{PropertyNo, TypeId};
use std::collections::BTreeMap;

type Place = (TypeId, PropertyNo);

/// A circle of calculated properties, from one of them to itself, as `deals.total`. `None` where
/// there is none.
#[must_use]
pub fn cycle(definitions: &Definitions) -> Option<Vec<String>> {
    let needs = needs(definitions);
    let mut walk = Walk {
        needs: &needs,
        marks: BTreeMap::new(),
        path: Vec::new(),
    };
    let found = needs.keys().find_map(|place| walk.from(*place))?;
    Some(
        found
            .iter()
            .map(|place| named(definitions, *place))
            .collect(),
    )
}

/// What each calculated property is calculated of, as far as that is calculated, too.
fn needs(definitions: &Definitions) -> BTreeMap<Place, Vec<Place>> {
    let mut all = BTreeMap::new();
    for object in definitions.in_use() {
        for (no, formula) in calculated(object) {
            let formula_needs = formula.needs();
            let own = formula_needs.own.iter().map(|name| (Some(object), name));
            let related = formula_needs.related.iter().flat_map(|(of, names)| {
                let of = definitions.find(of);
                names.iter().map(move |name| (of, name))
            });
            let places = own.chain(related).filter_map(|(of, name)| {
                let property = of?.property(name)?;
                let is_calculated = property.calculated.is_some();
                is_calculated.then_some((of?.id(), property.no))
            });
            all.insert((object.id(), no), places.collect());
        }
    }
    all
}

/// A walk along what is needed, which remembers where it was.
struct Walk<'a> {
    needs: &'a BTreeMap<Place, Vec<Place>>,
    /// `false` while on the path, `true` where nothing further on is a circle.
    marks: BTreeMap<Place, bool>,
    path: Vec<Place>,
}

impl Walk<'_> {
    /// The circle reached from here. Goes as deep as calculated properties need one another: their
    /// number is limited.
    fn from(&mut self, place: Place) -> Option<Vec<Place>> {
        match self.marks.get(&place) {
            Some(true) => return None,
            Some(false) => {
                let start = self.path.iter().position(|on_path| *on_path == place)?;
                let mut circle = self.path[start..].to_vec();
                circle.push(place);
                return Some(circle);
            }
            None => {}
        }
        self.marks.insert(place, false);
        self.path.push(place);
        let needed = self.needs.get(&place).cloned().unwrap_or_default();
        let found = needed.into_iter().find_map(|needed| self.from(needed));
        self.path.pop();
        self.marks.insert(place, true);
        found
    }
}

fn named(definitions: &Definitions, (object, property): Place) -> String {
    let found = definitions.get(object);
    let name = found.and_then(|object| Some(&object.properties.get(&property)?.name));
    match (found, name) {
        (Some(object), Some(name)) => format!("{}.{name}", object.head.name),
        _ => format!("{object}.{}", property.0),
    }
}
