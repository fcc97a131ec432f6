//! Records by number, by a unique value, by a query, and in sums.

use super::cells;
use super::{Answer, Group, Query, Sums};
use crate::reads;
use crate::shared::Shared;
use rapport_core::crm::contact::{EMAIL, PHONE, USER_ID};
use rapport_core::crm::{ObjectType, PropertyNo, Record, RecordNo, TypeId, Value};
use rapport_core::entry::Reference;
use rapport_core::identity::{IdKind, Identifier, ProfileNo};
use rapport_store::Result;
use rapport_store::records::{self, Filter};

/// Records by number, in the order asked; merged ones are found as what they are now.
pub(crate) async fn records(
    shared: &Shared,
    object: TypeId,
    numbers: &[RecordNo],
) -> Result<Vec<Option<Record>>> {
    let definitions = shared.configuration().crm.clone();
    let Some(object) = definitions.types.get(&object) else {
        return Ok(vec![None; numbers.len()]);
    };
    let ids: Vec<u64> = {
        let merged = shared.merged();
        let survivor = |number: &RecordNo| merged.survivor(object.id(), *number).0;
        numbers.iter().map(survivor).collect()
    };
    rows(shared, object, &ids).await
}

/// Rows as records, in the order asked.
pub(crate) async fn rows(
    shared: &Shared,
    object: &ObjectType,
    ids: &[u64],
) -> Result<Vec<Option<Record>>> {
    let columns = cells::columns(object);
    let state = &shared.roles.state;
    let rows = state.rows(object.id().0, ids, &columns).await?;
    let record = |row| cells::record(object, &columns, row);
    Ok(rows.into_iter().map(|row| row.map(record)).collect())
}

/// The numbers of records by the values of a unique property.
pub(crate) async fn find(
    shared: &Shared,
    object: TypeId,
    property: PropertyNo,
    values: &[Value],
) -> Result<Vec<Option<RecordNo>>> {
    let definitions = shared.configuration().crm.clone();
    let known = definitions.types.get(&object);
    let Some(property) = known.and_then(|known| known.properties.get(&property)) else {
        return Ok(vec![None; values.len()]);
    };
    let Some(column) = property.column() else {
        let number = |value: &Value| RecordNo::parse(&value.spelled());
        let numbers: Vec<_> = values.iter().map(number).collect();
        let there: Vec<RecordNo> = numbers.iter().flatten().copied().collect();
        let mut records = records(shared, object, &there).await?.into_iter();
        let found = numbers
            .iter()
            .map(|number| number.and_then(|_| records.next().flatten().map(|record| record.no)));
        return Ok(found.collect());
    };
    if let Some(kind) = identifier_kind(object, &property.name) {
        let mut found = Vec::with_capacity(values.len());
        for value in values {
            found.push(holder(shared, &kind, &value.spelled()).await?);
        }
        return Ok(found);
    }
    let cells: Vec<_> = values
        .iter()
        .map(|value| cells::to_engine(value.cell(property)))
        .collect();
    let found = shared.roles.state.find(object.0, column, &cells).await?;
    Ok(found.into_iter().map(|id| id.map(RecordNo)).collect())
}

/// The kind of identifier that names a contact by this property.
pub(crate) fn identifier_kind(object: TypeId, property: &str) -> Option<IdKind> {
    match property {
        _ if object != TypeId::CONTACT => None,
        EMAIL => Some(IdKind::Email),
        PHONE => Some(IdKind::Phone),
        USER_ID => Some(IdKind::UserId),
        _ => None,
    }
}

/// The contact that goes by an identifier.
async fn holder(shared: &Shared, kind: &IdKind, value: &str) -> Result<Option<RecordNo>> {
    let identifier = Identifier::new(kind.clone(), value);
    let reference = Reference::Identifier(identifier);
    let profile = reads::profile::one(shared, &reference).await?;
    let contact = profile.filter(|profile| profile.contact.is_some());
    Ok(contact.map(|profile| RecordNo(profile.number.0)))
}

/// Records that a filter and a search find, sorted, a page of them.
pub(crate) async fn query(shared: &Shared, query: Query) -> Result<Answer> {
    let definitions = shared.configuration().crm.clone();
    let Some(object) = definitions.types.get(&query.object) else {
        return Ok(Answer::default());
    };
    let columns = cells::columns(object);
    let asked = records::Query {
        object: query.object.0,
        filter: with_numbers(shared, query.filter),
        search: query.search.map(String::from),
        sort: query.sort,
        after: query.after,
        limit: query.limit,
        columns: columns.clone(),
        count: query.count,
    };
    let answer = shared.roles.state.query(asked).await?;
    let rows = answer.rows.into_iter();
    Ok(Answer {
        records: rows
            .map(|row| cells::record(object, &columns, row))
            .collect(),
        total: answer.total,
        next: answer.next,
    })
}

/// Counts and sums by the values of a property.
pub(crate) async fn sums(shared: &Shared, sums: Sums) -> Result<Vec<Group>> {
    let definitions = shared.configuration().crm.clone();
    let Some(object) = definitions.types.get(&sums.object) else {
        return Ok(Vec::new());
    };
    let column = |no: &PropertyNo| object.properties.get(no).and_then(|one| one.column());
    let Some(by) = object.properties.get(&sums.by) else {
        return Ok(Vec::new());
    };
    let asked = records::Sums {
        object: sums.object.0,
        filter: with_numbers(shared, sums.filter),
        by: by.column(),
        columns: sums.of.iter().filter_map(column).collect(),
    };
    let groups = shared.roles.state.sums(asked).await?;
    let group = |group: records::Group| Group {
        value: Value::of_cell(by, &cells::from_engine(group.cell)),
        count: group.count,
        sums: group.sums,
    };
    Ok(groups.into_iter().map(group).collect())
}

/// A filter in which a record that others are linked to goes by all of its numbers: links keep the
/// number it had when they were made.
pub(crate) fn with_numbers(shared: &Shared, filter: Filter) -> Filter {
    match filter {
        Filter::All(all) => Filter::All(each(shared, all)),
        Filter::Any(any) => Filter::Any(each(shared, any)),
        Filter::Not(one) => Filter::Not(Box::new(with_numbers(shared, *one))),
        Filter::Linked { to, kinds } => {
            let mut linked = numbers(shared, TypeId(to.0), RecordNo(to.1))
                .into_iter()
                .map(|number| Filter::Linked {
                    to: (to.0, number.0),
                    kinds: kinds.clone(),
                });
            match (linked.next(), linked.len()) {
                (Some(only), 0) => only,
                (first, _) => Filter::Any(first.into_iter().chain(linked).collect()),
            }
        }
        other => other,
    }
}

fn each(shared: &Shared, filters: Vec<Filter>) -> Vec<Filter> {
    let filters = filters.into_iter();
    filters.map(|one| with_numbers(shared, one)).collect()
}

/// Every number that leads to the record this number means, the record's own first.
pub(crate) fn numbers(shared: &Shared, object: TypeId, number: RecordNo) -> Vec<RecordNo> {
    let merged = shared.merged();
    merged.numbers(object, merged.survivor(object, number))
}

/// The profile behind a contact's number.
pub(crate) fn profile_no(number: RecordNo) -> ProfileNo {
    ProfileNo(number.0)
}
