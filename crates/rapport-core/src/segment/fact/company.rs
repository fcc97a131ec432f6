//! `company`: the companies somebody belongs to.

use super::Fact;
use crate::json::{Decimal, Value};
use crate::segment::literal::Quoted;

/// What moves where somebody joins a company. No attribute has this name.
pub const MOVED: &str = "";

pub(super) static COMPANY: Fact = Fact {
    word: "company",
    about: "The companies the person belongs to: `company ids` is a list, `company number` how many.",
    moved_by: |_| MOVED,
    read: |facts, path, see| {
        let ids = facts
            .companies
            .iter()
            .map(|link| Quoted(&link.id).to_string());
        match path.split() {
            ("ids", []) if !facts.companies.is_empty() => {
                let list = format!("[{}]", ids.collect::<Vec<_>>().join(","));
                see(Some(&Value::List(&list)));
            }
            ("number", []) => {
                let number = i64::try_from(facts.companies.len()).unwrap_or(i64::MAX);
                see(Some(&Value::Number(Decimal::whole(number))));
            }
            _ => see(None),
        }
    },
};
