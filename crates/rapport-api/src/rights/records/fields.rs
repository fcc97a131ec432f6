//! Which properties of a type somebody may read and write: what their role says of each, and no
//! more of what follows from others than of those.

use rapport_core::crm::{Definitions, ObjectType, Property, PropertyNo, TypeId, derived};
use rapport_core::member::{Access, Action, Actor, FieldRight, Scope};
use std::collections::BTreeMap;

/// The rights that are less than everything.
#[derive(Debug, Default)]
pub(crate) struct Fields(BTreeMap<PropertyNo, FieldRight>);

impl Fields {
    /// Somebody's rights to the properties of a type.
    pub(crate) fn of(definitions: &Definitions, who: &Actor, object: &ObjectType) -> Fields {
        if who.is_admin() {
            return Fields::default();
        }
        let rights = object.properties.values().filter_map(|property| {
            let right = right(definitions, who, object, property);
            (right < FieldRight::Write).then_some((property.no, right))
        });
        Fields(rights.collect())
    }

    /// Whether somebody reads a property.
    pub(crate) fn reads(
        definitions: &Definitions,
        who: &Actor,
        object: &ObjectType,
        property: &Property,
    ) -> bool {
        who.is_admin() || right(definitions, who, object, property) >= FieldRight::Read
    }

    /// The right to one.
    pub(super) fn right(&self, property: &Property) -> FieldRight {
        self.0.get(&property.no).copied().unwrap_or_default()
    }

    /// Whether they may know that there is one.
    pub(crate) fn knows(&self, property: &Property) -> bool {
        self.right(property) != FieldRight::Hidden
    }

    /// Whether nothing is kept from them.
    pub(super) fn are_whole(&self) -> bool {
        self.0.is_empty()
    }
}

/// The right to a property: no more than to what it can be read off.
fn right(
    definitions: &Definitions,
    who: &Actor,
    object: &ObjectType,
    property: &Property,
) -> FieldRight {
    let own = who.field(object.id(), &property.name);
    let needs = derived::needs(object, property);
    let sources = needs.own.iter().filter_map(|name| object.property(name));
    let sources = sources.filter(|source| source.no != property.no);
    let sources = sources.map(|source| right(definitions, who, object, source));
    let related = needs.related.iter().map(|(name, names)| {
        let Some(other) = definitions.find(name) else {
            return FieldRight::Write;
        };
        let properties = names.iter().filter_map(|name| other.property(name));
        let rights = properties.map(|property| right(definitions, who, other, property));
        match sees_every(who, other.id()) {
            true => rights.min().unwrap_or_default(),
            false => FieldRight::Masked,
        }
    });
    let least = sources.chain(related).min().unwrap_or_default();
    match least >= FieldRight::Read {
        true => own,
        false => own.min(least),
    }
}

/// Whether every record of a type is seen: a sum over some would tell of the others.
fn sees_every(who: &Actor, object: TypeId) -> bool {
    who.has(Scope::RecordsOf(object, Access::Read)) && who.reaches_all(object, Action::View)
}
