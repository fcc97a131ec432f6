//! The order of results, in both shapes that clients send it in.

use rapport_core::crm::Fact;
use rapport_core::crm::query::{self, Order};
use rapport_store::records::{self, Direction};
use serde::Deserialize;

/// What results are ordered by.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Sort {
    /// `createdate`, or `-createdate` for the highest first.
    Name(String),
    /// The same with words.
    #[serde(rename_all = "camelCase")]
    Spelled {
        /// The property.
        property_name: String,
        /// `ASCENDING`, or `DESCENDING` for the highest first.
        #[serde(default)]
        direction: Option<String>,
    },
}

impl Sort {
    /// The same as what a search takes.
    pub(super) fn read(self) -> query::Sort {
        let (property, descending) = match &self {
            Sort::Name(name) => match name.strip_prefix('-') {
                Some(name) => (name, true),
                None => (name.as_str(), false),
            },
            Sort::Spelled {
                property_name,
                direction,
            } => {
                let direction = direction.as_deref().unwrap_or_default();
                (
                    property_name.as_str(),
                    direction.eq_ignore_ascii_case("DESCENDING"),
                )
            }
        };
        query::Sort {
            property: property.into(),
            descending,
        }
    }
}

/// The same in the columns of an engine. By number is what every order ends with; the other way
/// round it is the order in which records were made.
pub(crate) fn of(order: &[Order]) -> Vec<records::Sort> {
    let by_value = order.iter().filter_map(|one| {
        let made = one.descending.then(|| Fact::Created.column()).flatten();
        Some(records::Sort {
            column: one.column.or(made)?,
            direction: match one.descending {
                true => Direction::Descending,
                false => Direction::Ascending,
            },
        })
    });
    by_value.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_shapes_of_an_order_say_the_same() {
        for (text, name, descending) in [
            (r#""-createdate""#, "createdate", true),
            (r#""createdate""#, "createdate", false),
            (
                r#"{"propertyName": "amount", "direction": "DESCENDING"}"#,
                "amount",
                true,
            ),
            (
                r#"{"propertyName": "amount", "direction": "ASCENDING"}"#,
                "amount",
                false,
            ),
            (r#"{"propertyName": "amount"}"#, "amount", false),
        ] {
            let sort: Sort = serde_json::from_str(text).expect(text);
            let sort = sort.read();
            assert_eq!(
                (&*sort.property, sort.descending),
                (name, descending),
                "{text}"
            );
        }
    }
}
