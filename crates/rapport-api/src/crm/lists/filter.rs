//! Filters of dynamic lists as rules of segments, where both say the same. What a rule cannot say
//! is refused, with what can be said instead.
//!
//! A property of contacts shows an attribute of the profile, or else another one: a filter asks
//! the first that there is. Text compares as in rules: case counts.

use crate::Api;
use crate::crm::fault::Fault;
use crate::crm::reading;
use rapport_core::crm::contact::mapped;
use rapport_core::crm::{Property, TypeId};
use rapport_core::segment::path::Path;
use rapport_core::segment::rule::Rule;
use rapport_core::segment::text;
use serde::Deserialize;
use serde_json::Value;

pub(super) use spelled::spelled;

mod operation;
mod spelled;

use operation::{Asked, Operation};

/// How deep branches may stand in each other.
const DEPTH_MAX: usize = 8;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Branch {
    filter_branch_type: String,
    #[serde(default)]
    filter_branches: Vec<Value>,
    #[serde(default)]
    filters: Vec<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "filterType", rename_all = "SCREAMING_SNAKE_CASE")]
enum Filter {
    Property {
        property: String,
        operation: Operation,
    },
    InList {
        #[serde(rename = "listId")]
        list: String,
        operator: String,
    },
}

/// The rule that a tree of filters says.
pub(super) fn rule(api: &Api, branch: &Value) -> Result<Rule, Fault> {
    let text = branched(api, branch, DEPTH_MAX)?;
    text::parse(&text).map_err(|error| {
        Fault::invalid(format!("These filters make no rule of a segment: {error}."))
    })
}

/// A branch as text of the rule language, in parentheses where it is more than one condition.
fn branched(api: &Api, branch: &Value, depth: usize) -> Result<String, Fault> {
    if depth == 0 {
        return Err(Fault::invalid(format!(
            "Filter branches stand at most {DEPTH_MAX} deep."
        )));
    }
    let branch: Branch = Deserialize::deserialize(branch)
        .map_err(|error| Fault::invalid(format!("A filter branch cannot be read: {error}.")))?;
    let mut parts = Vec::new();
    for filter in &branch.filters {
        parts.push(filtered(api, filter)?);
    }
    for inner in &branch.filter_branches {
        parts.push(branched(api, inner, depth - 1)?);
    }
    if parts.is_empty() {
        return Err(Fault::invalid(
            "A filter branch without any filter would hold for everybody: name at least one.",
        ));
    }
    let all = format!("({})", parts.join(" and "));
    let any = format!("({})", parts.join(" or "));
    match branch.filter_branch_type.as_str() {
        "AND" => Ok(all),
        "OR" => Ok(any),
        "NOT_ALL" => Ok(format!("not {all}")),
        "NOT_ANY" => Ok(format!("not {any}")),
        other => Err(refused(
            "Filter branches",
            other,
            "AND, OR, NOT_ALL and NOT_ANY",
        )),
    }
}

/// What is not there, and what is.
fn refused(what: &str, kind: &str, instead: &str) -> Fault {
    Fault::invalid(format!(
        "{what} of the type `{kind}` are not taken here; {instead} are. Rules of segments say \
         more: make the segment under /api/v1/segments, and it is a list as well."
    ))
    .kind("FILTER_NOT_SUPPORTED")
}

fn filtered(api: &Api, filter: &Value) -> Result<String, Fault> {
    let kind = filter["filterType"].as_str().unwrap_or_default();
    if !["PROPERTY", "IN_LIST"].contains(&kind) {
        return Err(refused("Filters", kind, "PROPERTY and IN_LIST"));
    }
    let filter: Filter = Deserialize::deserialize(filter)
        .map_err(|error| Fault::invalid(format!("A filter cannot be read: {error}.")))?;
    match filter {
        Filter::Property {
            property,
            operation,
        } => asked_of(api, &property, &operation),
        Filter::InList { list, operator } => {
            let found = super::find(api, &list)?;
            let key = serde_json::to_string(&*found.key).map_err(|_| Fault::internal())?;
            match operator.as_str() {
                "IN_LIST" => Ok(format!("in segment {key}")),
                "NOT_IN_LIST" => Ok(format!("not in segment {key}")),
                other => Err(refused("List operators", other, "IN_LIST and NOT_IN_LIST")),
            }
        }
    }
}

fn asked_of(api: &Api, name: &str, operation: &Operation) -> Result<String, Fault> {
    let definitions = reading::definitions(api);
    let contacts = reading::object(&definitions, &TypeId::CONTACT.to_string())?;
    let property = contacts.property(name).ok_or_else(|| {
        Fault::invalid(format!("Property \"{name}\" does not exist.")).about("propertyName", name)
    })?;
    let paths = paths(property)?;
    let Asked { test, holds } = operation.asked(property)?;
    let exists = chain(&paths, "exists");
    let has = match &test {
        Some(test) => chain(&paths, test),
        None => exists.clone(),
    };
    let includes_unset = operation.include_objects_with_no_value_set && test.is_some();
    Ok(match (holds, includes_unset) {
        (true, false) => has,
        (true, true) => format!("({has} or not {exists})"),
        (false, true) => format!("not {has}"),
        (false, false) if test.is_none() => format!("not {exists}"),
        (false, false) => format!("({exists} and not {has})"),
    })
}

/// Where the value of a property stands in a profile, the first that there is.
fn paths(property: &Property) -> Result<Vec<Path>, Fault> {
    if property.fact.is_some() || property.calculated.is_some() {
        let message = format!(
            "Lists cannot ask for \"{}\": it is no attribute of a profile.",
            property.name
        );
        return Err(Fault::invalid(message).kind("FILTER_NOT_SUPPORTED"));
    }
    let names = match mapped(&property.name) {
        Some(mapped) => std::iter::once(mapped.attribute)
            .chain(mapped.otherwise.iter().copied())
            .collect(),
        None => vec![&*property.name],
    };
    let paths = names
        .into_iter()
        .map(|name| Path::new(name.split('.').map(Into::into).collect()));
    paths
        .collect::<Option<Vec<_>>>()
        .ok_or_else(Fault::internal)
}

/// The test of the first of these that there is.
fn chain(paths: &[Path], test: &str) -> String {
    match paths {
        [] => String::new(),
        [path] => format!("attribute {path} {test}"),
        [path, others @ ..] => {
            let others = chain(others, test);
            format!("(attribute {path} {test} or attribute {path} not exists and {others})")
        }
    }
}
