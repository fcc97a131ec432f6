//! Everything that is defined of records: the standard definitions, and what was changed and added since.

use crate::crm::TypeId;
use crate::crm::association::{AssociationType, FIRST_CUSTOM, Kind};
use crate::crm::calculate::Cached;
use crate::crm::change::Definition;
use crate::crm::object::ObjectType;
use crate::crm::refused::Refused;
use std::collections::BTreeMap;

/// Types, their properties and pipelines, and how their records belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Definitions {
    /// The types, archived ones too.
    pub types: BTreeMap<TypeId, ObjectType>,
    associations: BTreeMap<(TypeId, TypeId, u32), AssociationType>,
    names: BTreeMap<Box<str>, TypeId>,
    pub(super) calculated: Cached,
}

impl Default for Definitions {
    fn default() -> Definitions {
        Definitions::standard()
    }
}

impl Definitions {
    /// Nothing at all.
    #[must_use]
    pub fn empty() -> Definitions {
        Definitions {
            types: BTreeMap::new(),
            associations: BTreeMap::new(),
            names: BTreeMap::new(),
            calculated: Cached::default(),
        }
    }

    /// Puts one definition in force, in the place of the one of the same key. Properties, groups
    /// and pipelines of a type that is not there change nothing.
    pub fn put(&mut self, definition: Definition) {
        self.calculated = Cached::default();
        match definition {
            Definition::Object(head) => {
                let id = head.id;
                for name in [&head.name, &head.word, &head.fully_qualified] {
                    self.names.insert(name.to_ascii_lowercase().into(), id);
                }
                match self.types.get_mut(&id) {
                    Some(object) => object.head = *head,
                    None => {
                        self.types.insert(id, ObjectType::new(*head));
                    }
                }
            }
            Definition::Property { object, property } => {
                if let Some(object) = self.types.get_mut(&object) {
                    object.put(*property);
                }
            }
            Definition::Group { object, group } => {
                if let Some(object) = self.types.get_mut(&object) {
                    object.groups.insert(group.name.clone(), group);
                }
            }
            Definition::Pipeline { object, pipeline } => {
                if let Some(object) = self.types.get_mut(&object) {
                    object.pipelines.insert(pipeline.id.clone(), pipeline);
                }
            }
            Definition::Association(association) => {
                let key = (association.from, association.to, association.type_id);
                self.associations.insert(key, *association);
            }
        }
    }

    /// The type that is meant: `0-3`, `deals`, `deal`, `DEAL`, `p_cars`, `p1_cars`, `2-4`, in any
    /// case. `None` where there is none in use.
    #[must_use]
    pub fn find(&self, spelling: &str) -> Option<&ObjectType> {
        let spelling = spelling.trim().to_ascii_lowercase();
        let named = || {
            let plain = spelling.strip_prefix("p_");
            let names = [Some(&*spelling), plain];
            names
                .into_iter()
                .flatten()
                .find_map(|name| self.names.get(name))
        };
        let id = TypeId::parse(&spelling).or_else(|| named().copied())?;
        self.get(id)
    }

    /// Whether a type has or had this name: names are not given twice.
    #[must_use]
    pub fn was_named(&self, name: &str) -> bool {
        self.names.contains_key(&*name.to_ascii_lowercase())
    }

    /// The same, or why not.
    ///
    /// # Errors
    /// [`Refused::TypeUnknown`].
    pub fn named(&self, spelling: &str) -> Result<&ObjectType, Refused> {
        let unknown =
            || Refused::TypeUnknown(spelling.chars().take(100).collect::<String>().into());
        self.find(spelling).ok_or_else(unknown)
    }

    /// The type of this number that is in use.
    #[must_use]
    pub fn get(&self, id: TypeId) -> Option<&ObjectType> {
        self.types.get(&id).filter(|object| !object.head.archived)
    }

    /// The types in use, ascending by number.
    pub fn in_use(&self) -> impl Iterator<Item = &ObjectType> {
        self.types.values().filter(|object| !object.head.archived)
    }

    /// The ways in use in which a record of `from` can belong to one of `to`, ascending by number.
    pub fn associations(&self, from: TypeId, to: TypeId) -> impl Iterator<Item = &AssociationType> {
        let range = (from, to, 0)..=(from, to, u32::MAX);
        let all = self
            .associations
            .range(range)
            .map(|(_, association)| association);
        all.filter(|association| !association.archived)
    }

    /// Every way in use that leads from records of a type, by the type it leads to.
    pub fn associations_from(&self, from: TypeId) -> impl Iterator<Item = &AssociationType> {
        let range = (from, TypeId(0), 0)..=(from, TypeId(u32::MAX), u32::MAX);
        let all = self
            .associations
            .range(range)
            .map(|(_, association)| association);
        all.filter(|association| !association.archived)
    }

    /// The way that says no more than that the two belong together.
    #[must_use]
    pub fn plain(&self, from: TypeId, to: TypeId) -> Option<&AssociationType> {
        self.associations(from, to)
            .find(|association| association.is_plain())
    }

    /// The way of this number, archived or not.
    #[must_use]
    pub fn association(&self, from: TypeId, to: TypeId, type_id: u32) -> Option<&AssociationType> {
        self.associations.get(&(from, to, type_id))
    }

    /// The way an input names.
    ///
    /// # Errors
    /// [`Refused::UnknownAssociationType`] where none of this number and category leads there.
    pub fn association_of(
        &self,
        from: TypeId,
        to: TypeId,
        kind: Kind,
    ) -> Result<&AssociationType, Refused> {
        let found = self.association(from, to, kind.type_id);
        found
            .filter(|found| !found.archived && found.category == kind.category)
            .ok_or(Refused::UnknownAssociationType {
                from,
                to,
                type_id: kind.type_id,
            })
    }

    /// The number the next type of associations gets.
    #[must_use]
    pub fn next_association(&self) -> u32 {
        let highest = self
            .associations
            .keys()
            .map(|(_, _, type_id)| *type_id)
            .max();
        highest.map_or(FIRST_CUSTOM, |highest| FIRST_CUSTOM.max(highest + 1))
    }

    /// The number the next custom type gets; `None` where there are too many.
    #[must_use]
    pub fn next_type(&self) -> Option<TypeId> {
        let custom = self.types.keys().filter(|id| id.is_custom());
        let highest = custom.map(|id| id.number()).max();
        TypeId::custom(highest.map_or(1, |highest| highest + 1))
    }
}
