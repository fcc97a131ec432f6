//! Records at the doors: which of them somebody reaches, and which of their fields. Lists, searches,
//! boards, timelines and writes all ask here.

use crate::Api;
use rapport_core::crm::query::ASSOCIATIONS;
use rapport_core::crm::{
    Definitions, Fact, LinkInput, ObjectType, Property, Record, RecordInput, RecordNo,
    RecordReference, Refused, Value, Verb,
};
use rapport_core::member::{
    Access, Action, Actor, FieldRight, MemberNo, Owned, Scope, TeamNo, Visible, may, visible,
};
use rapport_store::records::{Cell as Kept, Filter, Test};
use std::collections::{BTreeMap, BTreeSet};

/// What stands in the place of a value that somebody may not read.
const MASK: &str = "********";

/// The scope somebody lacks, or what else keeps them out.
#[derive(Clone, Debug)]
pub(crate) enum Denied {
    /// A scope.
    Scope(Scope),
    /// The right to do this.
    Right(String),
}

/// Somebody, and what they may do with records of one type.
pub(crate) struct Reach<'a> {
    api: &'a Api,
    who: &'a Actor,
    object: &'a ObjectType,
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
        Ok(Reach { api, who, object })
    }

    /// Whether no role limits them.
    fn is_whole(&self) -> bool {
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
        if self.is_whole() {
            return;
        }
        for property in self.object.properties.values() {
            match self.who.field(self.object.id(), &property.name) {
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

    /// Whether they may read what a property says.
    pub(crate) fn reads(&self, property: &Property) -> bool {
        self.who.field(self.object.id(), &property.name) >= FieldRight::Read
    }

    /// Whether they may find, sort or sum by these names; what is masked would be told by it.
    pub(crate) fn finds<'n>(&self, names: impl Iterator<Item = &'n str>) -> Result<(), Denied> {
        let is_hidden = |name: &&str| {
            let property = self.object.property(name);
            property.is_some_and(|property| !self.reads(property))
        };
        let plain = |name: &&str| !name.starts_with(ASSOCIATIONS);
        let mut hidden = names.filter(plain).filter(is_hidden);
        match hidden.next() {
            None => Ok(()),
            Some(name) => Err(Denied::Right(format!(
                "Your role does not let you find {} by \"{name}\".",
                self.object.head.plural
            ))),
        }
    }

    /// Whether they may look for words: in every property that is looked into.
    pub(crate) fn looks_for_words(&self) -> Result<(), Denied> {
        self.finds(self.object.head.searchable.iter().map(|name| &**name))
    }

    /// What keeps each input from being done; `None` where nothing does.
    pub(crate) async fn writes(
        &self,
        inputs: &[RecordInput],
    ) -> rapport_flow::Result<Vec<Option<Refused>>> {
        if self.is_whole() {
            return Ok(vec![None; inputs.len()]);
        }
        let numbers = self.numbers(inputs).await?;
        let known: Vec<RecordNo> = numbers.iter().copied().flatten().collect();
        let records = self.api.rapport.records(self.object.id(), &known).await?;
        let records: BTreeMap<RecordNo, Record> = known
            .into_iter()
            .zip(records)
            .filter_map(|(number, record)| Some((number, record?)))
            .collect();
        let fates = inputs.iter().zip(numbers).map(|(input, number)| {
            let record = number.and_then(|number| records.get(&number));
            self.write(input, record)
        });
        Ok(fates.collect())
    }

    async fn numbers(&self, inputs: &[RecordInput]) -> rapport_flow::Result<Vec<Option<RecordNo>>> {
        let mut numbers = Vec::with_capacity(inputs.len());
        for input in inputs {
            numbers.push(match &input.reference {
                RecordReference::Create => None,
                RecordReference::Id(number) => Some(*number),
                RecordReference::Unique { property, value } => {
                    self.of_value(property, value).await?
                }
            });
        }
        Ok(numbers)
    }

    /// The number of the record that has this value of a unique property.
    async fn of_value(&self, name: &str, text: &str) -> rapport_flow::Result<Option<RecordNo>> {
        let property = self.object.property(name);
        let value = property.and_then(|one| Value::parse(one, text).ok().flatten());
        let Some((property, value)) = property.zip(value) else {
            return Ok(None);
        };
        let (object, value) = (self.object.id(), [value]);
        let found = self
            .api
            .rapport
            .find_records(object, property.no, &value)
            .await?;
        Ok(found.into_iter().flatten().next())
    }

    /// What keeps an input from being done to this record, or from making one.
    fn write(&self, input: &RecordInput, record: Option<&Record>) -> Option<Refused> {
        let action = match (input.verb, record) {
            (Verb::Archive | Verb::Restore, _) => Action::Archive,
            (Verb::Write, Some(_)) => Action::Edit,
            (Verb::Write, None) => Action::Create,
        };
        let owner = self
            .object
            .properties
            .values()
            .find(|one| one.fact == Some(Fact::Owner));
        let given = owner.and_then(|property| input.properties.get(&property.name));
        let owned = match record {
            Some(record) => self.owned(record),
            None => {
                let owner = given.and_then(|text| member(text));
                Owned {
                    object: self.object.id(),
                    record: None,
                    owner,
                    team: team_of(self.api, owner),
                }
            }
        };
        // What is not there and what may not be seen are answered alike.
        let is_missing = match record {
            Some(record) => !self.reaches(Action::View, record),
            None => !input.upsert && input.reference != RecordReference::Create,
        };
        if is_missing {
            let reference = match (&input.reference, record) {
                (RecordReference::Unique { value, .. }, _) => value.clone(),
                (RecordReference::Id(number), _) => number.to_string().into(),
                (RecordReference::Create, record) => {
                    record.map_or_else(Default::default, |record| record.no.to_string().into())
                }
            };
            return Some(Refused::NotFound {
                object: self.object.id(),
                reference,
            });
        }
        if !may(self.who, action, &owned, None).is_allowed() {
            return Some(self.refused(action, None));
        }
        let mut names = input
            .properties
            .keys()
            .filter_map(|name| self.object.property(name));
        let locked = names.find(|one| !may(self.who, action, &owned, Some(&one.name)).is_allowed());
        if let Some(property) = locked {
            return Some(self.refused(action, Some(&property.name)));
        }
        let owner = given.and_then(|text| member(text));
        let then = Owned {
            owner,
            team: team_of(self.api, owner),
            ..owned
        };
        let assigned = given.is_some() && record.is_some();
        let denied = assigned && !may(self.who, Action::Assign, &then, None).is_allowed();
        denied.then(|| self.refused(Action::Assign, None))
    }

    fn refused(&self, action: Action, field: Option<&str>) -> Refused {
        let one = &self.object.head.singular;
        let action = action.word();
        let message = match field {
            Some(field) => format!(
                "Your role does not let you {action} the property \"{field}\" of this {one}."
            ),
            None => format!("Your role does not let you {action} this {one}."),
        };
        Refused::NotAllowed(message.into())
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

/// What keeps each link from being changed: both records must be seen, and the first one edited.
pub(crate) async fn links(
    api: &Api,
    who: &Actor,
    definitions: &Definitions,
    inputs: &[LinkInput],
) -> Result<Vec<Option<Refused>>, Failed> {
    let mut fates = Vec::with_capacity(inputs.len());
    for input in inputs {
        let ends = [
            (input.from_object, &input.from, Access::Write, Action::Edit),
            (input.to_object, &input.to, Access::Read, Action::View),
        ];
        let mut fate = None;
        for (object, reference, access, action) in ends {
            let Some(object) = definitions.get(object) else {
                continue;
            };
            let reach = Reach::of(api, who, object, access).map_err(Failed::Denied)?;
            let RecordReference::Id(number) = reference else {
                continue;
            };
            if fate.is_none() && !reach.is_whole() {
                fate = reach.end(action, *number).await?;
            }
        }
        fates.push(fate);
    }
    Ok(fates)
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

impl Reach<'_> {
    async fn end(&self, action: Action, number: RecordNo) -> rapport_flow::Result<Option<Refused>> {
        let found = self
            .api
            .rapport
            .records(self.object.id(), &[number])
            .await?;
        let Some(record) = found.into_iter().flatten().next() else {
            return Ok(None);
        };
        if !self.reaches(Action::View, &record) {
            return Ok(Some(Refused::NotFound {
                object: self.object.id(),
                reference: number.to_string().into(),
            }));
        }
        Ok((!self.reaches(action, &record)).then(|| self.refused(action, None)))
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
