//! Records read for an answer: found by id or by a unique value, with their histories and links.

use super::asked::Asked;
use super::fault::Fault;
use super::gate::Caller;
use super::record::{self, Columns};
use super::refusal;
use crate::Api;
use crate::rights::records::Reach;
use rapport_core::crm::{
    Definitions, Fact, ObjectType, Property, Record, RecordNo, RecordReference, Refused, TypeId,
    Value,
};
use rapport_core::member::{Access, Action};
use rapport_flow::crm::{Associated, Said};
use serde_json::{Map, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Records that one record shows it is linked to, at most.
const LINKED_MAX: usize = 100;

/// What is defined, as of one request.
pub(super) fn definitions(api: &Api) -> Arc<Definitions> {
    api.rapport.definitions()
}

/// The type of records that a word of the address means.
pub(super) fn object<'a>(
    definitions: &'a Definitions,
    spelling: &str,
) -> Result<&'a ObjectType, Fault> {
    let found = definitions.find(spelling);
    found.ok_or_else(|| {
        Fault::invalid(format!("Unable to infer object type from: {spelling}"))
            .kind("OBJECT_TYPE_UNKNOWN")
            .about("type", spelling)
    })
}

/// What a read shows of each record.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// Names of properties.
    pub(super) properties: Vec<String>,
    /// Names of properties to show the history of.
    pub(super) history: Vec<String>,
    /// Types of records it is linked to.
    pub(super) associations: Vec<String>,
}

impl Wanted {
    /// What the parameters of a request ask for.
    pub(super) fn of(asked: &Asked) -> Wanted {
        Wanted {
            properties: asked.all("properties"),
            history: asked.all("propertiesWithHistory"),
            associations: asked.all("associations"),
        }
    }
}

/// What names a record in a request: its id, or the value of a unique property.
pub(super) enum Naming<'a> {
    /// By id.
    Id,
    /// By the value of a property.
    Unique(&'a Property),
}

impl<'a> Naming<'a> {
    /// What `idProperty` says.
    pub(super) fn of(object: &'a ObjectType, name: Option<&str>) -> Result<Naming<'a>, Fault> {
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            return Ok(Naming::Id);
        };
        let property = object.property(name).ok_or_else(|| {
            let property = name.into();
            refusal::fault(object, &Refused::PropertyDoesntExist { property })
        })?;
        match property.fact {
            Some(Fact::Id) => Ok(Naming::Id),
            _ if property.unique => Ok(Naming::Unique(property)),
            _ => {
                let property = name.into();
                Err(refusal::fault(
                    object,
                    &Refused::NotAnIdProperty { property },
                ))
            }
        }
    }

    /// How a command names the record.
    pub(super) fn reference(
        &self,
        object: &ObjectType,
        text: &str,
    ) -> Result<RecordReference, Fault> {
        match self {
            Naming::Id => number(object, text).map(RecordReference::Id),
            Naming::Unique(property) => Ok(RecordReference::Unique {
                property: property.name.clone(),
                value: text.into(),
            }),
        }
    }

    /// The numbers of the records that texts name, in their order, where somebody may find
    /// records by it.
    pub(super) async fn numbers(
        &self,
        api: &Api,
        object: &ObjectType,
        reach: &Reach<'_>,
        texts: &[&str],
    ) -> Result<Vec<Option<RecordNo>>, Fault> {
        let property = match self {
            Naming::Id => return Ok(texts.iter().map(|text| RecordNo::parse(text)).collect()),
            Naming::Unique(property) => property,
        };
        let refused = reach.names_by(&property.name);
        refused.map_err(|refused| refusal::fault(object, &refused))?;
        let mut found = vec![None; texts.len()];
        let mut places = Vec::new();
        let mut values = Vec::new();
        for (place, text) in texts.iter().enumerate() {
            // What is no value of the property is the value of no record.
            if let Ok(Some(value)) = Value::parse(property, text) {
                places.push(place);
                values.push(value);
            }
        }
        let numbers = api
            .rapport
            .find_records(object.id(), property.no, &values)
            .await?;
        for (place, number) in places.into_iter().zip(numbers) {
            found[place] = number;
        }
        Ok(found)
    }
}

/// The number that a text is.
pub(super) fn number(object: &ObjectType, text: &str) -> Result<RecordNo, Fault> {
    RecordNo::parse(text).ok_or_else(|| missing(object, text))
}

/// There is no record of this id.
pub(super) fn missing(object: &ObjectType, id: &str) -> Fault {
    let refused = Refused::NotFound {
        object: object.id(),
        reference: id.into(),
    };
    refusal::fault(object, &refused)
}

/// What the caller may do with records of a type.
pub(super) fn reach<'a>(
    api: &'a Api,
    caller: &'a Caller,
    object: &'a ObjectType,
    access: Access,
) -> Result<Reach<'a>, Fault> {
    Ok(Reach::of(api, &caller.who, object, access)?)
}

/// What records of a type are shown with.
pub(super) struct Page<'a> {
    /// The doors.
    pub(super) api: &'a Api,
    /// Who asks.
    pub(super) caller: &'a Caller,
    /// What is defined.
    pub(super) definitions: &'a Definitions,
    /// The records' type.
    pub(super) object: &'a ObjectType,
}

type Shown = Map<String, serde_json::Value>;

impl Page<'_> {
    /// Records as they are answered, one after another.
    pub(super) async fn shown(
        &self,
        mut records: Vec<Record>,
        wanted: &Wanted,
    ) -> Result<Vec<Shown>, Fault> {
        let reach = reach(self.api, self.caller, self.object, Access::Read)?;
        records.iter_mut().for_each(|record| reach.veil(record));
        let columns = Columns::asked(self.object, &wanted.properties);
        let mut shown: Vec<_> = records
            .iter()
            .map(|one| record::shown(one, &columns))
            .collect();
        if !wanted.history.is_empty() {
            let named = wanted
                .history
                .iter()
                .filter_map(|name| self.object.property(name));
            let properties: Vec<&Property> = named.filter(|one| reach.reads(one)).collect();
            for (record, shown) in records.iter().zip(&mut shown) {
                let histories = histories(self.api, self.object, record.no, &properties).await?;
                shown.insert("propertiesWithHistory".to_owned(), histories);
            }
        }
        if !wanted.associations.is_empty() && !records.is_empty() {
            self.associate(&records, wanted, &mut shown).await?;
        }
        Ok(shown)
    }

    /// The records of another type that each of these is linked to, as far as the caller sees
    /// them.
    pub(super) async fn linked(
        &self,
        records: &[RecordNo],
        to: &ObjectType,
        after: Option<RecordNo>,
        limit: usize,
    ) -> Result<Vec<Associated>, Fault> {
        let reach = reach(self.api, self.caller, to, Access::Read)?;
        let (from, to) = (self.object.id(), to.id());
        let rapport = &self.api.rapport;
        let found = rapport
            .associations(from, records, to, after, limit)
            .await?;
        let mut seen = Vec::with_capacity(found.len());
        for (record, linked) in records.iter().zip(found) {
            seen.push(self.seen(&reach, (*record, to), linked, limit).await?);
        }
        Ok(seen)
    }

    /// Of what a record is linked to what the caller sees: a whole page of it, so that neither a
    /// gap nor where the next one begins tells of the others.
    async fn seen(
        &self,
        reach: &Reach<'_>,
        (record, to): (RecordNo, TypeId),
        mut page: Associated,
        limit: usize,
    ) -> Result<Associated, Fault> {
        if reach.is_whole() {
            return Ok(page);
        }
        let mut all = Vec::new();
        loop {
            let numbers: Vec<RecordNo> = page.to.iter().map(|(number, _)| *number).collect();
            let seen = reach.among(Action::View, &numbers).await?;
            all.extend(
                page.to
                    .into_iter()
                    .filter(|(number, _)| seen.contains(number)),
            );
            let (Some(next), true) = (page.next, all.len() <= limit) else {
                break;
            };
            let rapport = &self.api.rapport;
            let (own, most) = ([record], limit.max(LINKED_MAX));
            let from = self.object.id();
            let more = rapport.associations(from, &own, to, Some(next), most);
            page = more.await?.into_iter().next().unwrap_or_default();
        }
        let is_last = all.len() <= limit;
        all.truncate(limit);
        let next = all.last().map(|(number, _)| *number);
        Ok(Associated {
            to: all,
            next: next.filter(|_| !is_last),
        })
    }

    /// Adds to each record what it is linked to, type by type.
    async fn associate(
        &self,
        records: &[Record],
        wanted: &Wanted,
        shown: &mut [Shown],
    ) -> Result<(), Fault> {
        let numbers: Vec<RecordNo> = records.iter().map(|record| record.no).collect();
        let mut linked: Vec<BTreeMap<String, serde_json::Value>> =
            vec![BTreeMap::new(); records.len()];
        for name in &wanted.associations {
            let Some(to) = self.definitions.find(name) else {
                continue;
            };
            let found = self.linked(&numbers, to, None, LINKED_MAX).await?;
            for ((number, one), linked) in numbers.iter().zip(found).zip(&mut linked) {
                if !one.to.is_empty() {
                    let page = linked_page(self.definitions, self.object, to, *number, &one);
                    linked.insert(to.head.name.to_string(), page);
                }
            }
        }
        for (shown, linked) in shown.iter_mut().zip(linked) {
            if !linked.is_empty() {
                shown.insert("associations".to_owned(), json!(linked));
            }
        }
        Ok(())
    }
}

/// The histories of some properties of a record, each newest first.
async fn histories(
    api: &Api,
    object: &ObjectType,
    record: RecordNo,
    properties: &[&Property],
) -> Result<serde_json::Value, Fault> {
    let numbers: Vec<_> = properties.iter().map(|property| property.no).collect();
    let said = api
        .rapport
        .property_history(object.id(), record, &numbers)
        .await?;
    let histories = properties.iter().map(|property| {
        let said = said.get(&property.no).map_or(&[][..], Vec::as_slice);
        let values = said.iter().map(one_value).collect();
        (property.name.to_string(), serde_json::Value::Array(values))
    });
    Ok(serde_json::Value::Object(histories.collect()))
}

fn one_value(said: &Said) -> serde_json::Value {
    let value = said.value.as_ref().map(Value::spelled).unwrap_or_default();
    let mut shown = json!({ "value": value, "timestamp": said.at.to_string() });
    let origin = &said.origin;
    shown["sourceType"] = json!(origin.door.word());
    if !origin.id.is_empty() {
        shown["sourceId"] = json!(origin.id);
    }
    if !origin.label.is_empty() {
        shown["sourceLabel"] = json!(origin.label);
    }
    if let Some(member) = origin.member {
        shown["updatedByUserId"] = json!(member);
    }
    shown
}

fn linked_page(
    definitions: &Definitions,
    from: &ObjectType,
    to: &ObjectType,
    record: RecordNo,
    linked: &Associated,
) -> serde_json::Value {
    let mut results = Vec::new();
    for (number, kinds) in &linked.to {
        for kind in kinds {
            let name = slug(definitions, from.id(), to.id(), *kind);
            results.push(json!({ "id": number.to_string(), "type": name }));
        }
    }
    let mut page = json!({ "results": results });
    if let Some(next) = linked.next {
        let (from, to) = (&from.head.name, &to.head.name);
        let link = format!("/crm/v4/objects/{from}/{record}/associations/{to}?after={next}");
        page["paging"] = json!({ "next": { "after": next.to_string(), "link": link } });
    }
    page
}

/// The name of a kind of links in older addresses.
pub(super) fn slug(definitions: &Definitions, from: TypeId, to: TypeId, kind: u32) -> String {
    let known = definitions.association(from, to, kind);
    known.map_or_else(|| kind.to_string(), |known| known.name.to_string())
}
