//! Writes at the doors: what keeps an input from being done, asked before anything is done.

use super::{Denied, Failed, Reach, links, member, team_of};
use rapport_core::crm::{
    Fact, Property, Record, RecordInput, RecordNo, RecordReference, Refused, Value, Verb, Written,
};
use rapport_core::member::{Action, FieldRight, Owned, Visible, may, visible};
use std::collections::BTreeMap;

impl Reach<'_> {
    /// What keeps each input from being done; `None` where nothing does.
    pub(crate) async fn writes(
        &self,
        inputs: &[RecordInput],
    ) -> Result<Vec<Option<Refused>>, Failed> {
        let linking = links::together(self, inputs).await?;
        if self.is_whole() {
            return Ok(linking);
        }
        let numbers = self.numbers(inputs).await?;
        let known: Vec<RecordNo> = numbers.iter().copied().flatten().collect();
        let records = self.api.rapport.records(self.object.id(), &known).await?;
        let records: BTreeMap<RecordNo, Record> = known
            .into_iter()
            .zip(records)
            .filter_map(|(number, record)| Some((number, record?)))
            .collect();
        let fates = inputs.iter().zip(numbers).zip(linking);
        let fates = fates.map(|((input, number), linking)| {
            let record = number.and_then(|number| records.get(&number));
            self.write(input, record).or(linking)
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
    pub(super) async fn of_value(
        &self,
        name: &str,
        text: &str,
    ) -> rapport_flow::Result<Option<RecordNo>> {
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
        if let RecordReference::Unique { property, .. } = &input.reference
            && let Err(refused) = self.names_by(property)
        {
            return Some(refused);
        }
        // What is not there and what may not be seen are answered alike.
        let seen = record.filter(|record| self.reaches(Action::View, record));
        let makes = match &input.reference {
            RecordReference::Create => true,
            RecordReference::Id(_) => false,
            RecordReference::Unique { .. } => input.upsert,
        };
        let makes = makes && input.verb == Verb::Write;
        match (seen, record) {
            (Some(record), _) => self.change(input, record),
            (None, _) if !makes => Some(self.missing(&input.reference)),
            (None, hidden) => self.make(input).or_else(|| {
                let taken = |_: &Record| match &input.reference {
                    RecordReference::Unique { property, .. } => Refused::Taken {
                        property: property.clone(),
                    },
                    reference => self.missing(reference),
                };
                hidden.map(taken)
            }),
        }
    }

    fn missing(&self, reference: &RecordReference) -> Refused {
        let reference = match reference {
            RecordReference::Unique { value, .. } => value.clone(),
            RecordReference::Id(number) => number.to_string().into(),
            RecordReference::Create => "".into(),
        };
        Refused::NotFound {
            object: self.object.id(),
            reference,
        }
    }

    fn make(&self, input: &RecordInput) -> Option<Refused> {
        let owner = self.given_owner(input).and_then(member);
        let owned = Owned {
            object: self.object.id(),
            record: None,
            owner,
            team: team_of(self.api, owner),
        };
        if !may(self.who, Action::Create, &owned, None).is_allowed() {
            return Some(self.refused(Action::Create, None));
        }
        // A value that names the record becomes one of its values.
        let named = match &input.reference {
            RecordReference::Unique { property, .. } => Some(&**property),
            _ => None,
        };
        self.locked(input, named, Action::Create)
    }

    fn change(&self, input: &RecordInput, record: &Record) -> Option<Refused> {
        let action = match input.verb {
            Verb::Archive | Verb::Restore => Action::Archive,
            Verb::Write => Action::Edit,
        };
        let owned = self.owned(record);
        if !may(self.who, action, &owned, None).is_allowed() {
            return Some(self.refused(action, None));
        }
        if let Some(refused) = self.locked(input, None, action) {
            return Some(refused);
        }
        let given = self.given_owner(input)?;
        let owner = member(given);
        let then = Owned {
            owner,
            team: team_of(self.api, owner),
            ..owned
        };
        let denied = !may(self.who, Action::Assign, &then, None).is_allowed();
        denied.then(|| self.refused(Action::Assign, None))
    }

    /// The owner that an input gives, in whichever case it spells the property.
    fn given_owner<'i>(&self, input: &'i RecordInput) -> Option<&'i str> {
        let is_owner = |property: &Property| property.fact == Some(Fact::Owner);
        let mut given = input.properties.iter().rev();
        let found = given.find(|(name, _)| self.object.property(name).is_some_and(is_owner));
        found.map(|(_, text)| &**text)
    }

    /// What an input sets that may not be set; what is hidden is not there.
    fn locked(&self, input: &RecordInput, named: Option<&str>, action: Action) -> Option<Refused> {
        let names = input.properties.keys().map(|name| &**name).chain(named);
        let mut known = names.filter_map(|name| Some((name, self.object.property(name)?)));
        let locked = known.find(|(_, property)| {
            // What no input may set is said to be so by the writer, unless it is hidden.
            let right = self.fields.right(property);
            right < FieldRight::Write && (property.is_writable() || right == FieldRight::Hidden)
        });
        let (name, property) = locked?;
        Some(match self.fields.right(property) {
            FieldRight::Hidden => Refused::PropertyDoesntExist {
                property: name.chars().take(100).collect::<String>().into(),
            },
            _ => self.refused(action, Some(&property.name)),
        })
    }

    /// Whether they may do this to any record at all, and set these properties; what is hidden is
    /// not there.
    ///
    /// # Errors
    /// [`Denied`].
    pub(crate) fn begins<'n>(
        &self,
        action: Action,
        mut names: impl Iterator<Item = &'n str>,
    ) -> Result<(), Denied> {
        if visible(self.who, self.object.id(), action) == Visible::Nothing {
            let many = &self.object.head.plural;
            let action = action.word();
            let message = format!("Your role does not let you {action} any {many}.");
            return Err(Denied::Right(message));
        }
        names.try_for_each(|name| {
            let known = self.object.property(name).filter(|one| self.knows(one));
            let property = known.ok_or_else(|| Denied::Unknown(name.to_owned()))?;
            let is_locked = self.fields.right(property) < FieldRight::Write;
            if !is_locked || !property.is_writable() {
                // What nobody may set is said to be so by the writer.
                return Ok(());
            }
            let (name, many) = (&property.name, &self.object.head.plural);
            let action = action.word();
            let message =
                format!("Your role does not let you {action} the property \"{name}\" of {many}.");
            Err(Denied::Right(message))
        })
    }

    /// Whether records may be named by the values of a property: finding one tells its value.
    pub(crate) fn names_by(&self, name: &str) -> Result<(), Refused> {
        let Some(property) = self.object.property(name) else {
            return Ok(());
        };
        match self.fields.right(property) {
            FieldRight::Hidden => Err(Refused::PropertyDoesntExist {
                property: name.into(),
            }),
            FieldRight::Masked => Err(Refused::NotAllowed(self.unfound(name).into())),
            _ => Ok(()),
        }
    }

    pub(super) fn refused(&self, action: Action, field: Option<&str>) -> Refused {
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

    /// The same fates, in which nothing is told of records that somebody may not see.
    pub(crate) async fn veiled(
        &self,
        mut fates: Vec<Result<Written, Refused>>,
    ) -> rapport_flow::Result<Vec<Result<Written, Refused>>> {
        let holder = |fate: &Result<Written, Refused>| match fate {
            Err(Refused::NotUnique { existing, .. }) => Some(*existing),
            _ => None,
        };
        let holders: Vec<RecordNo> = fates.iter().filter_map(holder).collect();
        if holders.is_empty() {
            return Ok(fates);
        }
        let seen = self.among(Action::View, &holders).await?;
        for fate in &mut fates {
            if let Err(Refused::NotUnique {
                property, existing, ..
            }) = fate
                && !seen.contains(existing)
            {
                let property = property.clone();
                *fate = Err(Refused::Taken { property });
            }
        }
        Ok(fates)
    }
}
