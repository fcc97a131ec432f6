//! What a leaf keeps: which events, which end of them, and which of their properties.

use super::Form;
use crate::segment::error::Error;
use crate::segment::path::Path;
use crate::segment::rule::{Filter, Happening};
use crate::segment::text;
use crate::segment::window::Dates;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a leaf keeps. No count and no sliding window, so conditions that differ only in these
/// share a leaf.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LeafSpec {
    /// The type and name of its events.
    pub happening: Happening,
    /// What their properties must be, in canonical order.
    pub filter: Option<Filter>,
    /// Fixed instants between which they lie.
    pub dates: Option<Dates>,
    /// Whether the oldest are kept, not the newest.
    pub oldest: bool,
    /// The properties kept of each, ascending.
    pub values: Vec<Property>,
}

/// A property that a leaf keeps, and how.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Property {
    /// Its name, and names inside its value.
    pub path: Path,
    /// How it is kept.
    pub form: Form,
}

impl LeafSpec {
    /// The leaf of the newest events of this kind.
    #[must_use]
    pub fn of(happening: &Happening, filter: Option<&Filter>) -> LeafSpec {
        LeafSpec {
            happening: happening.clone(),
            filter: filter
                .and_then(Filter::without_links)
                .map(|filter| filter.canonical()),
            dates: None,
            oldest: false,
            values: Vec::new(),
        }
    }

    /// The same leaf, keeping these properties.
    #[must_use]
    pub fn keeping(mut self, values: impl IntoIterator<Item = Property>) -> LeafSpec {
        self.values.extend(values);
        self.values.sort_unstable();
        self.values.dedup();
        self
    }

    /// The slot of a property that it keeps.
    #[must_use]
    pub fn slot(&self, path: &Path, form: Form) -> Option<usize> {
        let wanted = |value: &Property| value.path == *path && value.form == form;
        self.values.iter().position(wanted)
    }
}

/// `did "Product Viewed" where category = "shoes" keeping same sku, number price`.
impl fmt::Display for LeafSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "did {}", self.happening)?;
        if let Some(filter) = &self.filter {
            write!(f, " where {filter}")?;
        }
        if let Some(dates) = &self.dates {
            write!(f, " {dates}")?;
        }
        if self.oldest {
            f.write_str(" oldest")?;
        }
        for (at, Property { path, form }) in self.values.iter().enumerate() {
            let word = if at == 0 { " keeping" } else { "," };
            write!(f, "{word} {} {path}", form.word())?;
        }
        Ok(())
    }
}

impl From<LeafSpec> for String {
    fn from(spec: LeafSpec) -> String {
        spec.to_string()
    }
}

impl TryFrom<String> for LeafSpec {
    type Error = Error;

    fn try_from(text: String) -> Result<LeafSpec, Error> {
        text::parse_leaf(&text)
    }
}
