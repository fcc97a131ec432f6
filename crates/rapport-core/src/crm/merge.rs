//! Merges: one record of two that turn out to be the same.
//!
//! The winner's values count; where it has none the other's do. Links and histories go over, and
//! the absorbed number leads to the winner for ever. Contacts are merged as profiles instead.

use crate::crm::history::Origin;
use crate::crm::object::ObjectType;
use crate::crm::property::{External, Property};
use crate::crm::record::Record;
use crate::crm::refused::Refused;
use crate::crm::value::Value;
use crate::crm::write::Change;
use crate::time::Millis;

/// The property that lists the numbers of absorbed records.
const MERGED: &str = "hs_merged_object_ids";

/// Whether two records may become one.
///
/// # Errors
/// [`Refused::CannotMerge`] where they are the same, or one of them is archived.
pub fn check(primary: &Record, absorbed: &Record) -> Result<(), Refused> {
    let refused = |message: String| Err(Refused::CannotMerge(message.into()));
    if primary.no == absorbed.no {
        return refused(format!(
            "record {} cannot be merged with itself",
            primary.no
        ));
    }
    if let Some(archived) = [primary, absorbed]
        .into_iter()
        .find(|one| one.archived.is_some())
    {
        return refused(format!(
            "record {} is archived: restore it first",
            archived.no
        ));
    }
    Ok(())
}

/// What changes of the winner. Calculated properties are settled afterwards.
#[must_use]
pub fn records(
    object: &ObjectType,
    primary: &Record,
    absorbed: &Record,
    at: Millis,
    origin: &Origin,
) -> Change {
    let mut after = primary.clone();
    for property in object.in_use() {
        let both = (
            primary.values.get(&property.no),
            absorbed.values.get(&property.no),
        );
        let value = match both {
            (ours, _) if property.calculated.is_some() => ours.cloned(),
            (Some(ours), Some(theirs)) => Some(of_both(property, ours, theirs)),
            (None, Some(theirs)) if !is_standing(property) => Some(theirs.clone()),
            (ours, _) => ours.cloned(),
        };
        match value {
            Some(value) => after.values.insert(property.no, value),
            None => after.values.remove(&property.no),
        };
    }
    if let Some(property) = object.property(MERGED) {
        let list = merged(property, primary, absorbed);
        after.values.insert(property.no, Value::Text(list.into()));
    }
    let member = origin.member.map(|member| Value::Number(member as f64));
    if let (Some(property), Some(member)) = (object.property("hs_updated_by_user_id"), member) {
        after.values.insert(property.no, member);
    }
    debug_assert!(at >= primary.updated, "entries do not go back in time");
    Change::between(&primary.values, &after.values)
}

/// When the winner was made: when the earlier of the two was.
#[must_use]
pub fn created(primary: &Record, absorbed: &Record) -> Millis {
    primary.created.min(absorbed.created)
}

/// The numbers of all records that are in the winner now.
fn merged(property: &Property, primary: &Record, absorbed: &Record) -> String {
    let listed = |record: &Record| record.value(property).map(|value| value.spelled());
    let lists = [
        listed(primary),
        listed(absorbed),
        Some(absorbed.no.to_string()),
    ];
    let lists: Vec<String> = lists.into_iter().flatten().collect();
    lists.join(";")
}

/// Whether a property says where a record stands: those belong together, so the winner's count
/// even where one of them is missing.
fn is_standing(property: &Property) -> bool {
    matches!(
        property.external,
        Some(External::Pipeline | External::Stage)
    )
}

/// The value where both have one: the winner's, but for those that are true of both together.
fn of_both(property: &Property, ours: &Value, theirs: &Value) -> Value {
    match (&*property.name, ours, theirs) {
        ("createdate" | "first_agent_reply_date", Value::Instant(a), Value::Instant(b)) => {
            Value::Instant(*a.min(b))
        }
        ("lifecyclestage", Value::Text(a), Value::Text(b)) => {
            let place = |stage: &str| {
                let choices = &mut property.choices.iter();
                choices.position(|choice| &*choice.value == stage)
            };
            // `other` is listed behind all of them and further than none.
            let far = |stage: &str| place(stage).filter(|_| stage != "other");
            if far(b) > far(a) {
                theirs.clone()
            } else {
                ours.clone()
            }
        }
        _ => ours.clone(),
    }
}

#[cfg(test)]
mod tests;
