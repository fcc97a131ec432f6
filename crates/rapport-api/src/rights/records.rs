//! Records at the doors: which of them somebody reaches, and which of their fields. Lists, searches,
//! boards, timelines and writes all ask here.

use crate::Api;
use rapport_core::crm::query::ASSOCIATIONS;
use rapport_core::crm::{Fact, ObjectType, Property, Record, RecordNo, Value};
use rapport_core::member::{
    Access, Action, Actor, FieldRight, MemberNo, ObjectRights, Owned, Scope, TeamNo, Visible,
    visible,
};
use rapport_store::records::{Cell as Kept, Filter, Test};
use std::collections::BTreeSet;

pub(crate) use fields::Fields;
pub(crate) use links::{links, seen};

mod fields;
mod links;
mod writes;

/// What stands in the place of a value that somebody may not read.
const MASK: &str = "********";

/// The scope somebody lacks, or what else keeps them out.
#[derive(Clone, Debug)]
pub(crate) enum Denied {
    /// A scope.
    Scope(Scope),
    /// The right to do this.
    Right(String),
    /// To them there is no such property.
    Unknown(String),
}

/// Somebody, and what they may do with records of one type.
pub(crate) struct Reach<'a> {
    api: &'a Api,
    who: &'a Actor,
    object: &'a ObjectType,
    fields: Fields,
}

impl<'a> Reach<'a> {
    /// Somebody's reach into a type, where their scopes open it at all.
    pub(crate) fn of(
        api: &'a Api,
        who: &'a Actor,
        object: &'a ObjectType,
        access: Access,
    ) -> Result<Reach<'a>, Denied> {
        let scope = Scope::RecordsOf(object.id(), access);
        if !who.has(scope) {
            return Err(Denied::Scope(scope));
        }
        Ok(Reach {
            api,
            who,
            object,
            fields: Fields::of(&api.rapport.definitions(), who, object),
        })
    }

    /// Whether no role limits them.
    pub(crate) fn is_whole(&self) -> bool {
        self.who.rights(self.object.id()).is_none()
    }

    /// The records an action reaches, as a filter.
    pub(crate) fn filter(&self, action: Action) -> Filter {
        let conditions = match visible(self.who, self.object.id(), action) {
            Visible::Nothing => return Filter::Never,
            Visible::Everything => return Filter::every(),
            Visible::Any(conditions) => conditions,
        };
        let roster = self.api.rapport.roster();
        let mut any = vec![of_owners([conditions.owner].into_iter())];
        if !conditions.teams.is_empty() {
            let paths = conditions.teams.iter().map(|team| roster.teams.path(*team));
            let paths = paths.map(|path| Kept::Text(path.into())).collect();
            let column = Fact::TeamPath.column().unwrap_or_default();
            any.push(Filter::Column(column, Test::In(paths)));
            // A record without a team is of its owner's.
            let of_teams = roster.members(MemberNo(0));
            let of_teams = of_teams.filter(|one| {
                one.team()
                    .is_some_and(|team| conditions.teams.contains(&team))
            });
            let none = Filter::Any(vec![
                Filter::Column(column, Test::HasNot),
                Filter::equal(column, Kept::text("")),
            ]);
            any.push(of_owners(of_teams.map(|one| one.no)).and(none));
        }
        if !conditions.records.is_empty() {
            any.push(Filter::Ids(
                conditions.records.iter().map(|no| no.0).collect(),
            ));
        }
        Filter::Any(any)
    }

    /// Whether an action reaches a record.
    pub(crate) fn reaches(&self, action: Action, record: &Record) -> bool {
        self.is_whole() || visible(self.who, self.object.id(), action).shows(&self.owned(record))
    }

    fn owned(&self, record: &Record) -> Owned {
        let owner = self
            .object
            .properties
            .values()
            .find(|one| one.fact == Some(Fact::Owner));
        let owner = owner.and_then(|property| record.values.get(&property.no));
        let owner = owner.and_then(|value| member(&value.spelled()));
        Owned {
            object: self.object.id(),
            record: Some(record.no),
            owner,
            team: TeamNo::of_path(&record.team_path).or_else(|| team_of(self.api, owner)),
        }
    }

    /// Takes out of a record what they may not read.
    pub(crate) fn veil(&self, record: &mut Record) {
        if self.fields.are_whole() {
            return;
        }
        for property in self.object.properties.values() {
            let right = self.fields.right(property);
            let is_team = property.fact == Some(Fact::TeamPath);
            match right {
                FieldRight::Hidden if is_team => record.team_path = "".into(),
                FieldRight::Masked if is_team && !record.team_path.is_empty() => {
                    record.team_path = MASK.into();
                }
                FieldRight::Hidden => {
                    record.values.remove(&property.no);
                }
                FieldRight::Masked if record.values.contains_key(&property.no) => {
                    record.values.insert(property.no, Value::Text(MASK.into()));
                }
                _ => {}
            }
        }
    }

    /// The same of a record they wrote: who may not look at it is told what they said themselves.
    pub(crate) fn veil_written<'n>(
        &self,
        record: &mut Record,
        names: impl Iterator<Item = &'n str>,
    ) {
        if !self.reaches(Action::View, record) {
            let named = names.filter_map(|name| self.object.property(name));
            let named: BTreeSet<_> = named.map(|property| property.no).collect();
            record.values.retain(|no, _| named.contains(no));
        }
        self.veil(record);
    }

    /// Whether they may read what a property says.
    pub(crate) fn reads(&self, property: &Property) -> bool {
        self.fields.right(property) >= FieldRight::Read
    }

    /// Whether they may know that there is a property.
    pub(crate) fn knows(&self, property: &Property) -> bool {
        self.fields.knows(property)
    }

    /// Whether they may read whatever a record says, also what no property is for.
    pub(crate) fn reads_everything(&self) -> bool {
        let rights = self.who.rights(self.object.id());
        rights.is_none_or(ObjectRights::reads_every_field)
    }

    /// Whether they may find, sort or sum by these names; what is masked would be told by it, and
    /// what is hidden is not there.
    pub(crate) fn finds<'n>(&self, names: impl Iterator<Item = &'n str>) -> Result<(), Denied> {
        let plain = names.map(str::trim).filter(|name| {
            let start = name.get(..ASSOCIATIONS.len());
            !start.is_some_and(|start| start.eq_ignore_ascii_case(ASSOCIATIONS))
        });
        let mut properties = plain.filter_map(|name| Some((name, self.object.property(name)?)));
        let unread = properties.find(|(_, property)| !self.reads(property));
        let Some((name, property)) = unread else {
            return Ok(());
        };
        Err(match self.knows(property) {
            true => Denied::Right(self.unfound(name)),
            false => Denied::Unknown(name.to_owned()),
        })
    }

    fn unfound(&self, name: &str) -> String {
        let plural = &self.object.head.plural;
        format!("Your role does not let you find {plural} by \"{name}\".")
    }

    /// Whether they may look for words: in every property that is looked into.
    pub(crate) fn looks_for_words(&self) -> Result<(), Denied> {
        self.finds(self.object.head.searchable.iter().map(|name| &**name))
    }

    /// Those of these records that an action reaches.
    pub(crate) async fn among(
        &self,
        action: Action,
        numbers: &[RecordNo],
    ) -> rapport_flow::Result<BTreeSet<RecordNo>> {
        if self.is_whole() {
            return Ok(numbers.iter().copied().collect());
        }
        let records = self.api.rapport.records(self.object.id(), numbers).await?;
        let pairs = numbers.iter().zip(records);
        let reached = pairs.filter(|(_, record)| {
            record
                .as_ref()
                .is_some_and(|record| self.reaches(action, record))
        });
        Ok(reached.map(|(number, _)| *number).collect())
    }
}

/// Why rights could not be looked up, or were not there.
pub(crate) enum Failed {
    /// They are not there.
    Denied(Denied),
    /// Storage.
    Flow(rapport_flow::Error),
}

impl From<rapport_flow::Error> for Failed {
    fn from(error: rapport_flow::Error) -> Failed {
        Failed::Flow(error)
    }
}

fn of_owners(owners: impl Iterator<Item = MemberNo>) -> Filter {
    let numbers = owners.filter_map(|owner| i64::try_from(owner.0).ok());
    let cells = numbers.map(Kept::Integer).collect();
    Filter::Column(Fact::Owner.column().unwrap_or_default(), Test::In(cells))
}

fn member(text: &str) -> Option<MemberNo> {
    text.trim().parse().ok().map(MemberNo)
}

fn team_of(api: &Api, owner: Option<MemberNo>) -> Option<TeamNo> {
    let roster = api.rapport.roster();
    roster.member(owner?)?.team()
}
