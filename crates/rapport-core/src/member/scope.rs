//! Scopes: what a token, or the settings part of a role, opens. `segments.read`,
//! `crm.objects.0-1.write`, `admin`.

use crate::crm::TypeId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// A part of Rapport that is opened as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Area {
    /// The audit.
    Audit,
    /// Backups.
    Backups,
    /// What browsers may be told: exposure and slots.
    Decisions,
    /// Destinations and dead letters.
    Destinations,
    /// Events: seen, rejected, counted, watched live.
    Events,
    /// The identity policy and shared identifiers.
    Identity,
    /// Imports.
    Imports,
    /// Lists and their members.
    Lists,
    /// Members, teams, roles and shares.
    Members,
    /// Owners: who members are, without their rights.
    Owners,
    /// Profiles, their timelines and merges, and companies.
    Profiles,
    /// Object types, properties, pipelines and labels.
    Schemas,
    /// Segments and computed traits.
    Segments,
    /// What holds for everybody, such as the time zone.
    Settings,
    /// Sources, their keys, plans, transformations and webhooks.
    Sources,
    /// API tokens.
    Tokens,
}

impl Area {
    /// Every area.
    pub const ALL: [Area; 16] = [
        Area::Audit,
        Area::Backups,
        Area::Decisions,
        Area::Destinations,
        Area::Events,
        Area::Identity,
        Area::Imports,
        Area::Lists,
        Area::Members,
        Area::Owners,
        Area::Profiles,
        Area::Schemas,
        Area::Segments,
        Area::Settings,
        Area::Sources,
        Area::Tokens,
    ];

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Area::Audit => "audit",
            Area::Backups => "backups",
            Area::Decisions => "decisions",
            Area::Destinations => "destinations",
            Area::Events => "events",
            Area::Identity => "identity",
            Area::Imports => "imports",
            Area::Lists => "crm.lists",
            Area::Members => "members",
            Area::Owners => "crm.objects.owners",
            Area::Profiles => "profiles",
            Area::Schemas => "crm.schemas",
            Area::Segments => "segments",
            Area::Settings => "settings",
            Area::Sources => "sources",
            Area::Tokens => "tokens",
        }
    }
}

/// How far a scope opens something. Whoever may write may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Look.
    Read,
    /// Look and change.
    Write,
}

impl Access {
    fn word(self) -> &'static str {
        match self {
            Access::Read => "read",
            Access::Write => "write",
        }
    }
}

/// What opens something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Scope {
    /// Everything, whatever comes.
    Admin,
    /// An area.
    Area(Area, Access),
    /// Records of every type.
    Records(Access),
    /// Records of one type.
    RecordsOf(TypeId, Access),
    /// Takes records out in bulk.
    Export,
}

const RECORDS: &str = "crm.objects";
const EXPORT: &str = "crm.export";
const ADMIN: &str = "admin";

impl Scope {
    /// Reads a scope; `find` says which type a name such as `contacts` means.
    #[must_use]
    pub fn parse(text: &str, find: impl Fn(&str) -> Option<TypeId>) -> Option<Scope> {
        match text {
            ADMIN => return Some(Scope::Admin),
            EXPORT => return Some(Scope::Export),
            _ => {}
        }
        let (what, access) = text.rsplit_once('.')?;
        let access = match access {
            "read" => Access::Read,
            "write" => Access::Write,
            _ => return None,
        };
        if let Some(area) = Area::ALL.into_iter().find(|area| area.word() == what) {
            return Some(Scope::Area(area, access));
        }
        let of = what.strip_prefix(RECORDS)?;
        if of.is_empty() {
            return Some(Scope::Records(access));
        }
        let object = find(of.strip_prefix('.')?)?;
        Some(Scope::RecordsOf(object, access))
    }

    /// Whether holding this scope opens what needs `needed`.
    #[must_use]
    pub fn opens(self, needed: Scope) -> bool {
        match (self, needed) {
            (Scope::Admin, _) => true,
            (Scope::Area(area, access), Scope::Area(other, least)) => {
                area == other && access >= least
            }
            (Scope::Records(access), Scope::Records(least) | Scope::RecordsOf(_, least)) => {
                access >= least
            }
            (Scope::RecordsOf(object, access), Scope::RecordsOf(other, least)) => {
                object == other && access >= least
            }
            (Scope::Export, Scope::Export) => true,
            _ => false,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::Admin => f.write_str(ADMIN),
            Scope::Export => f.write_str(EXPORT),
            Scope::Area(area, access) => write!(f, "{}.{}", area.word(), access.word()),
            Scope::Records(access) => write!(f, "{RECORDS}.{}", access.word()),
            Scope::RecordsOf(object, access) => write!(f, "{RECORDS}.{object}.{}", access.word()),
        }
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> String {
        scope.to_string()
    }
}

impl TryFrom<String> for Scope {
    type Error = String;

    fn try_from(text: String) -> Result<Scope, String> {
        Scope::parse(&text, TypeId::parse).ok_or_else(|| format!("`{text}` is no scope"))
    }
}

/// A set of scopes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Those that open everything.
    #[must_use]
    pub fn admin() -> Scopes {
        Scopes(BTreeSet::from([Scope::Admin]))
    }

    /// Whether they open everything.
    #[must_use]
    pub fn are_admin(&self) -> bool {
        self.0.contains(&Scope::Admin)
    }

    /// Whether they open what needs `needed`.
    #[must_use]
    pub fn open(&self, needed: Scope) -> bool {
        self.0.iter().any(|scope| scope.opens(needed))
    }

    /// Whether they open everything that the others do.
    #[must_use]
    pub fn cover(&self, others: &Scopes) -> bool {
        others.0.iter().all(|scope| self.open(*scope))
    }

    /// Each of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Scopes {
        Scopes(scopes.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Scope> {
        Scope::parse(text, TypeId::parse)
    }

    #[test]
    fn scopes_are_read_as_they_are_printed() {
        let areas = Area::ALL.into_iter();
        let mut all: Vec<Scope> = areas
            .flat_map(|area| [Access::Read, Access::Write].map(|access| Scope::Area(area, access)))
            .collect();
        all.extend([
            Scope::Admin,
            Scope::Export,
            Scope::Records(Access::Read),
            Scope::RecordsOf(TypeId::CONTACT, Access::Write),
        ]);
        for scope in all {
            assert_eq!(read(&scope.to_string()), Some(scope));
        }
        assert_eq!(
            read("crm.objects.0-1.write"),
            Some(Scope::RecordsOf(TypeId::CONTACT, Access::Write))
        );
        for text in [
            "",
            "admin.read",
            "segments",
            "segments.all",
            "crm.objects..read",
            "crm.objectsx.read",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        let find = |name: &str| (name == "contacts").then_some(TypeId::CONTACT);
        let named = Scope::parse("crm.objects.contacts.read", find);
        assert_eq!(named, Some(Scope::RecordsOf(TypeId::CONTACT, Access::Read)));
    }

    #[test]
    fn whoever_may_write_may_read_and_nothing_else() {
        let opens = |held: &str, needed: &str| read(held).unwrap().opens(read(needed).unwrap());
        assert!(opens("segments.write", "segments.read"));
        assert!(!opens("segments.read", "segments.write"));
        assert!(!opens("segments.write", "sources.read"));
        assert!(opens("crm.objects.read", "crm.objects.0-3.read"));
        assert!(!opens("crm.objects.0-3.read", "crm.objects.read"));
        assert!(!opens("crm.objects.0-3.write", "crm.objects.0-1.read"));
        assert!(!opens("crm.objects.write", "crm.export"));
        assert!(opens("admin", "crm.export") && !opens("crm.export", "admin"));
    }
}
