//! Roles: how far a member reaches, per type of records, action and field, and what else is open
//! to them.

use super::{Error, Scopes, normal_name};
use crate::crm::TypeId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The longest key of a role, in bytes.
pub const KEY_BYTES_MAX: usize = 64;
/// Fields one role may name.
pub const FIELDS_MAX: usize = 5_000;
/// How many roles there can be.
pub const ROLES_MAX: usize = 500;
/// The role that may do everything.
pub const ADMIN: &str = "admin";
/// The role that may look at every record and change nothing.
pub const VIEWER: &str = "viewer";

/// What can be done with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Look at it, find it, count it.
    View,
    /// Make one.
    Create,
    /// Change it, or what it is linked with.
    Edit,
    /// Put it into the recycling bin, or take it out.
    Archive,
    /// Take it out of Rapport in bulk.
    Export,
    /// Make one of it and another.
    Merge,
    /// Give it to an owner or a team: asked of the record as it would be then.
    Assign,
}

impl Action {
    /// Every action.
    pub const ALL: [Action; 7] = [
        Action::View,
        Action::Create,
        Action::Edit,
        Action::Archive,
        Action::Export,
        Action::Merge,
        Action::Assign,
    ];

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Action::View => "view",
            Action::Create => "create",
            Action::Edit => "edit",
            Action::Archive => "archive",
            Action::Export => "export",
            Action::Merge => "merge",
            Action::Assign => "assign",
        }
    }
}

/// Which records of a type an action reaches. Each level reaches what those before it do.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// None.
    #[default]
    None,
    /// Those the member owns.
    Own,
    /// Those of the member's teams, too.
    Team,
    /// Those of teams inside of these, too.
    TeamAndBelow,
    /// All.
    All,
}

/// What a member may do with a field of a record they reach.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum FieldRight {
    /// Not even that it is there.
    Hidden,
    /// That it is there, but not what it says: no finding, sorting or counting by it either.
    Masked,
    /// Read it.
    Read,
    /// Read and change it.
    #[default]
    Write,
}

/// What a role may do with one type of records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectRights {
    /// How far each action reaches; one that is not named reaches nothing.
    #[serde(default)]
    pub levels: BTreeMap<Action, Level>,
    /// What holds for single fields.
    #[serde(default)]
    pub fields: BTreeMap<Box<str>, FieldRight>,
    /// What holds for every other field.
    #[serde(default)]
    pub other_fields: FieldRight,
}

impl ObjectRights {
    /// The same level for each of these actions.
    #[must_use]
    pub fn of(actions: &[Action], level: Level) -> ObjectRights {
        ObjectRights {
            levels: actions.iter().map(|action| (*action, level)).collect(),
            ..ObjectRights::default()
        }
    }

    /// How far an action reaches. Whoever cannot see a record can do nothing else with it, but
    /// make one.
    #[must_use]
    pub fn level(&self, action: Action) -> Level {
        let level = |action| self.levels.get(&action).copied().unwrap_or_default();
        match action {
            Action::View | Action::Create => level(action),
            _ => level(action).min(level(Action::View)),
        }
    }

    /// What holds for a field.
    #[must_use]
    pub fn field(&self, name: &str) -> FieldRight {
        self.fields.get(name).copied().unwrap_or(self.other_fields)
    }

    /// Whether every field can be read.
    #[must_use]
    pub fn reads_every_field(&self) -> bool {
        let rights = self.fields.values().chain([&self.other_fields]);
        rights.min().is_some_and(|least| *least >= FieldRight::Read)
    }

    /// Whether this reaches everything that `other` does.
    fn covers(&self, other: &ObjectRights) -> bool {
        let reaches = |action: &Action| self.level(*action) >= other.level(*action);
        let named = self.fields.keys().chain(other.fields.keys());
        let mut named = named.map(|field| (self.field(field), other.field(field)));
        let fields =
            self.other_fields >= other.other_fields && named.all(|(own, theirs)| own >= theirs);
        Action::ALL.iter().all(reaches) && fields
    }
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// Its key: lower case letters, digits, `_` and `-`.
    pub key: Box<str>,
    /// Its name for people.
    pub name: Box<str>,
    /// What else than records is open: `segments.read` and so on.
    #[serde(default)]
    pub scopes: Scopes,
    /// What it may do with records of these types.
    #[serde(default, with = "spelled")]
    pub objects: BTreeMap<TypeId, ObjectRights>,
    /// What it may do with records of every other type.
    #[serde(default)]
    pub other_objects: ObjectRights,
}

impl Role {
    /// The role that may do everything.
    #[must_use]
    pub fn admin() -> Role {
        Role {
            key: ADMIN.into(),
            name: "Admin".into(),
            scopes: Scopes::admin(),
            objects: BTreeMap::new(),
            other_objects: ObjectRights::of(&Action::ALL, Level::All),
        }
    }

    /// The role that may look at every record and change nothing.
    #[must_use]
    pub fn viewer() -> Role {
        use super::scope::{Access, Area, Scope};
        let areas = [
            Area::Events,
            Area::Lists,
            Area::Owners,
            Area::Profiles,
            Area::Schemas,
            Area::Segments,
            Area::Settings,
        ];
        let scopes = areas.map(|area| Scope::Area(area, Access::Read));
        Role {
            key: VIEWER.into(),
            name: "Viewer".into(),
            scopes: scopes.into_iter().collect(),
            objects: BTreeMap::new(),
            other_objects: ObjectRights::of(&[Action::View], Level::All),
        }
    }

    /// Whether it may do everything.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.scopes.are_admin()
    }

    /// What it may do with records of a type.
    #[must_use]
    pub fn object(&self, object: TypeId) -> &ObjectRights {
        self.objects.get(&object).unwrap_or(&self.other_objects)
    }

    /// Whether it may do everything that `other` may: who has it can give the other to somebody
    /// without gaining anything.
    #[must_use]
    pub fn covers(&self, other: &Role) -> bool {
        if self.is_admin() {
            return true;
        }
        let named: BTreeSet<_> = self.objects.keys().chain(other.objects.keys()).collect();
        let mut named = named.into_iter();
        self.scopes.cover(&other.scopes)
            && self.other_objects.covers(&other.other_objects)
            && named.all(|object| self.object(*object).covers(other.object(*object)))
    }

    /// The role as it would be kept.
    pub(super) fn checked(&self) -> Result<Role, Error> {
        if [ADMIN, VIEWER].contains(&&*self.key) {
            return Err(Error::Builtin(self.key.clone()));
        }
        if !is_key(&self.key) {
            return Err(Error::RoleKey(self.key.clone()));
        }
        let objects = self.objects.values().chain([&self.other_objects]);
        if objects.map(|object| object.fields.len() + 1).sum::<usize>() > FIELDS_MAX {
            return Err(Error::RoleSize);
        }
        let name = normal_name("the name of a role", &self.name)?;
        Ok(Role {
            name: if name.is_empty() {
                self.key.clone()
            } else {
                name
            },
            ..self.clone()
        })
    }
}

/// Types as keys of an object: numbers are none where a command is read.
mod spelled {
    use super::{BTreeMap, ObjectRights, TypeId};
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        objects: &BTreeMap<TypeId, ObjectRights>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let spelled = objects
            .iter()
            .map(|(object, rights)| (object.to_string(), rights));
        serializer.collect_map(spelled)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<TypeId, ObjectRights>, D::Error> {
        let spelled = BTreeMap::<String, ObjectRights>::deserialize(deserializer)?;
        let read = |(name, rights): (String, ObjectRights)| {
            let object = TypeId::parse(&name);
            let object = object.ok_or_else(|| D::Error::custom(format!("`{name}` is no type")))?;
            Ok((object, rights))
        };
        spelled.into_iter().map(read).collect()
    }
}

fn is_key(key: &str) -> bool {
    let fits =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    let starts_well = key
        .bytes()
        .next()
        .is_some_and(|first| first.is_ascii_alphanumeric());
    starts_well && key.len() <= KEY_BYTES_MAX && key.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_further_than_looking_does() {
        let mut rights = ObjectRights::of(&Action::ALL, Level::All);
        rights.levels.insert(Action::View, Level::Team);
        assert_eq!(rights.level(Action::Edit), Level::Team);
        assert_eq!(rights.level(Action::Create), Level::All);
        rights.levels.remove(&Action::View);
        assert_eq!(rights.level(Action::Export), Level::None);
    }

    #[test]
    fn a_role_covers_what_it_could_do_itself() {
        let mut sales = Role {
            key: "sales".into(),
            ..Role::viewer()
        };
        let (admin, viewer) = (Role::admin(), Role::viewer());
        assert!(admin.covers(&sales) && admin.covers(&admin));
        assert!(sales.covers(&viewer) && viewer.covers(&sales));
        assert!(!sales.covers(&admin));
        let mut deals = ObjectRights::of(&[Action::View, Action::Edit], Level::All);
        sales.objects.insert(TypeId::DEAL, deals.clone());
        assert!(sales.covers(&viewer) && !viewer.covers(&sales));
        deals.fields.insert("amount".into(), FieldRight::Masked);
        sales.objects.insert(TypeId::DEAL, deals);
        assert!(!sales.covers(&viewer), "which reads the amount");
    }

    #[test]
    fn a_role_is_kept_with_a_key_and_a_name_and_what_comes_with_rapport_stays() {
        let role = |key: &str| Role {
            key: key.into(),
            name: " ".into(),
            ..Role::viewer()
        };
        assert_eq!(&*role("sales-1").checked().unwrap().name, "sales-1");
        for key in ["", "-a", "A", "a b", "ä"] {
            assert_eq!(
                role(key).checked(),
                Err(Error::RoleKey(key.into())),
                "{key}"
            );
        }
        for key in [ADMIN, VIEWER] {
            assert_eq!(role(key).checked(), Err(Error::Builtin(key.into())));
        }
    }
}
