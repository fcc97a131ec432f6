//! The query of an address: which part of a list, and how it is to be spelled.

use super::fault::Fault;
use axum::extract::Query;
use axum::http::Uri;
use std::collections::BTreeSet;

/// Parameters in the order they came.
pub(super) struct Wanted {
    pairs: Vec<(String, String)>,
}

impl Wanted {
    /// Reads a query.
    ///
    /// # Errors
    /// `invalid_request_error` where it is none.
    pub(super) fn read(uri: &Uri) -> Result<Wanted, Fault> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri);
        let Query(pairs) = pairs.map_err(|error| Fault::invalid(error.body_text()))?;
        Ok(Wanted { pairs })
    }

    /// The value of a parameter; the last one counts, and an empty one is none.
    pub(super) fn one(&self, name: &str) -> Option<&str> {
        let own = self.pairs.iter().rfind(|(other, _)| other == name)?;
        Some(own.1.as_str()).filter(|value| !value.is_empty())
    }

    /// How many are wanted.
    ///
    /// # Errors
    /// `invalid_request_error` where it is no number in the range.
    pub(super) fn limit(&self, default: usize, most: usize) -> Result<usize, Fault> {
        let Some(text) = self.one("limit") else {
            return Ok(default);
        };
        let limit = text.parse().ok().filter(|limit| (1..=most).contains(limit));
        limit.ok_or_else(|| {
            Fault::invalid(format!(
                "The parameter `limit` is a number from 1 to {most}."
            ))
        })
    }

    /// Names separated by commas; `None` where the parameter is not there.
    pub(super) fn names(&self, name: &str) -> Option<BTreeSet<&str>> {
        let names = self.one(name)?.split(',').map(str::trim);
        Some(names.filter(|name| !name.is_empty()).collect())
    }

    /// Whether a flag is set.
    ///
    /// # Errors
    /// `invalid_request_error` where it is neither `true` nor `false`.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Fault> {
        match self.one(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => Err(Fault::invalid(format!(
                "The parameter `{name}` is `true` or `false`, not `{other}`."
            ))),
        }
    }

    /// Every parameter but one.
    pub(super) fn without<'a>(
        &'a self,
        name: &'a str,
    ) -> impl Iterator<Item = &'a (String, String)> {
        self.pairs.iter().filter(move |(other, _)| other != name)
    }
}
