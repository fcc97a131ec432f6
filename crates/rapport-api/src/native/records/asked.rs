//! Which records a request asks for: `filter=amount:gte:100`, `sort=-amount`, `q=words`, `view=12_3`.
//! What is said beside a view narrows it, and an order takes the place of its own.

use crate::errors::{Code, Error};
use crate::native::list::Page;
use crate::rights::records::Reach;
use rapport_core::crm::query::{self, Filter, Operator, Query, Search, Sort};
use rapport_core::crm::view::View;
use rapport_core::crm::{Definitions, ObjectType};

/// What the parameters of a request ask for, checked.
pub(super) fn query(
    definitions: &Definitions,
    object: &ObjectType,
    page: &Page,
    reach: &Reach<'_>,
    view: Option<&View>,
) -> Result<Query, Error> {
    let search = search(object, page, view)?;
    let named = search
        .groups
        .iter()
        .flatten()
        .map(|filter| &*filter.property);
    let named = named.chain(search.sorts.iter().map(|sort| &*sort.property));
    reach.finds(named).map_err(super::denied)?;
    if search.words.is_some() {
        reach.looks_for_words().map_err(super::denied)?;
    }
    let checked = query::compile(definitions, object, &search);
    checked.map_err(|error| Error::new(Code::InvalidQuery, error.to_string()))
}

/// What a view and the parameters beside it ask for together.
pub(super) fn search(
    object: &ObjectType,
    page: &Page,
    view: Option<&View>,
) -> Result<Search, Error> {
    let base = match view {
        None => Search::default(),
        Some(view) if view.draft.object == object.id() => view.draft.search.clone(),
        Some(view) => {
            let message = format!("the view {} shows no {}", view.id.id(), object.head.plural);
            return Err(Error::new(Code::InvalidQuery, message));
        }
    };
    let filters = page.all("filter").iter().map(|text| filter(text));
    let filters = filters.collect::<Result<Vec<_>, _>>()?;
    let sorts = page.all("sort").iter().map(|text| {
        let (property, descending) = match text.strip_prefix('-') {
            Some(property) => (property, true),
            None => (text.as_str(), false),
        };
        Sort {
            property: property.into(),
            descending,
        }
    });
    let sorts: Vec<Sort> = sorts.collect();
    let archived = match page.one("archived") {
        None => base.archived,
        Some("false") => false,
        Some("true") => true,
        Some(other) => {
            let message = format!("`archived={other}` is neither `true` nor `false`");
            return Err(Error::new(Code::InvalidQuery, message));
        }
    };
    let words = match (base.words, page.one("q")) {
        (Some(words), Some(more)) => Some(format!("{words} {more}").into()),
        (words, more) => words.or_else(|| more.map(Into::into)),
    };
    let mut groups = base.groups;
    match (groups.is_empty(), filters.is_empty()) {
        (_, true) => {}
        (true, false) => groups.push(filters),
        (false, false) => {
            for group in &mut groups {
                group.extend(filters.iter().cloned());
            }
        }
    }
    Ok(Search {
        words,
        groups,
        sorts: if sorts.is_empty() { base.sorts } else { sorts },
        archived,
    })
}

/// Reads `property:operator:value`; several values have commas, and `between` has two.
fn filter(text: &str) -> Result<Filter, Error> {
    let mut parts = text.splitn(3, ':');
    let property = parts.next().unwrap_or_default();
    let word = parts.next().unwrap_or("has");
    let value = parts.next();
    let operator = operator(word).ok_or_else(|| {
        let message = format!("`filter={text}`: `{word}` is no operator");
        Error::new(Code::InvalidQuery, message).with_help(
            "Filters are `property:operator:value` with eq, neq, lt, lte, gt, gte, between, in, \
             not_in, has, has_not, token or not_token.",
        )
    })?;
    let mut filter = Filter {
        property: property.into(),
        operator,
        value: value.map(Into::into),
        values: Vec::new(),
        high: None,
    };
    match operator {
        Operator::In | Operator::NotIn => {
            let values = value.unwrap_or_default().split(',');
            filter.values = values.map(Into::into).collect();
            filter.value = None;
        }
        Operator::Between => {
            if let Some((low, high)) = value.and_then(|value| value.split_once(',')) {
                filter.value = Some(low.into());
                filter.high = Some(high.into());
            }
        }
        _ => {}
    }
    Ok(filter)
}

/// The operator of a word.
pub(super) fn operator(word: &str) -> Option<Operator> {
    match word {
        "has" => Some(Operator::Has),
        "has_not" => Some(Operator::HasNot),
        "token" => Some(Operator::ContainsToken),
        "not_token" => Some(Operator::NotContainsToken),
        word => Operator::from_word(word).ok(),
    }
}
