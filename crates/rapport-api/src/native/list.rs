//! Lists: `limit` and `after` in, `results` and the next page's `after` out.

use crate::errors::{Code, Error};
use axum::Json;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use std::collections::BTreeMap;

const LIMIT_MAX: usize = 1_000;
const LIMIT_DEFAULT: usize = 100;

/// Which part of a list is asked for, and the parameters beside it.
#[derive(Debug)]
pub(super) struct Page {
    /// At most this many results.
    pub(super) limit: usize,
    after: Option<String>,
    others: BTreeMap<String, Vec<String>>,
}

impl Page {
    /// The cursor, read by the list that made it.
    pub(super) fn after<T>(&self, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Error> {
        let Some(after) = self.after.as_deref() else {
            return Ok(None);
        };
        let unread = || {
            Error::new(
                Code::InvalidQuery,
                format!("`after={after}` is of no page of this list"),
            )
        };
        read(after).map(Some).ok_or_else(unread)
    }

    /// Every value of a parameter.
    pub(super) fn all(&self, name: &str) -> &[String] {
        self.others.get(name).map_or(&[], Vec::as_slice)
    }

    /// The one value of a parameter.
    pub(super) fn one(&self, name: &str) -> Option<&str> {
        self.all(name).last().map(String::as_str)
    }

    fn read(pairs: Vec<(String, String)>) -> Result<Page, Error> {
        let mut page = Page {
            limit: LIMIT_DEFAULT,
            after: None,
            others: BTreeMap::new(),
        };
        for (name, value) in pairs {
            match name.as_str() {
                "limit" => {
                    let limit = value
                        .parse()
                        .ok()
                        .filter(|limit| (1..=LIMIT_MAX).contains(limit));
                    page.limit = limit.ok_or_else(|| {
                        let message = format!("`limit={value}` is no number from 1 to {LIMIT_MAX}");
                        Error::new(Code::InvalidQuery, message)
                    })?;
                }
                "after" => page.after = Some(value),
                _ => page.others.entry(name).or_default().push(value),
            }
        }
        Ok(page)
    }
}

impl<S: Sync> FromRequestParts<S> for Page {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Page, Error> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let pairs = pairs.map_err(|error| Error::new(Code::InvalidQuery, error.body_text()))?;
        Page::read(pairs.0)
    }
}

/// A page of a list, as it is answered.
#[derive(Serialize)]
pub(super) struct List<T> {
    results: Vec<T>,
    paging: Paging,
}

#[derive(Default, Serialize)]
struct Paging {
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Next>,
}

#[derive(Serialize)]
struct Next {
    after: String,
}

/// A page from one result more than was asked for, where there is one: then there is a next page,
/// behind the last result that is kept.
pub(super) fn page<T>(
    mut results: Vec<T>,
    limit: usize,
    cursor: impl Fn(&T) -> String,
) -> Json<List<T>> {
    let is_last = results.len() <= limit;
    results.truncate(limit);
    let next = if is_last { None } else { results.last() };
    let next = next.map(cursor);
    behind(results, next)
}

/// A page whose next one, if there is one, begins behind `after`.
pub(super) fn behind<T>(results: Vec<T>, after: Option<String>) -> Json<List<T>> {
    let next = after.map(|after| Next { after });
    let paging = Paging { next };
    Json(List { results, paging })
}

/// A cursor made of any text, safe in an address without further encoding.
pub(super) fn opaque(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// The text of an [`opaque`] cursor.
pub(super) fn read_opaque(cursor: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &[(&str, &str)]) -> Result<Page, Code> {
        let pairs = query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Page::read(pairs.collect()).map_err(|error| error.code())
    }

    #[test]
    fn a_limit_is_a_number_from_1_to_1000() {
        assert_eq!(read(&[]).expect("a page").limit, 100);
        assert_eq!(read(&[("limit", "1000")]).expect("a page").limit, 1_000);
        for limit in ["0", "1001", "-1", "", "ten", "1e3"] {
            assert_eq!(
                read(&[("limit", limit)]).expect_err(limit),
                Code::InvalidQuery
            );
        }
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let page = read(&[("after", "x")]).expect("a page");
        assert!(page.after(|text| text.parse::<u64>().ok()).is_err());
    }

    #[test]
    fn the_last_page_names_no_next_one() {
        let shown = |count: usize| {
            let Json(list) = page((0..count).collect(), 2, ToString::to_string);
            serde_json::to_string(&list).expect("a list")
        };
        assert_eq!(shown(0), r#"{"results":[],"paging":{}}"#);
        assert_eq!(shown(2), r#"{"results":[0,1],"paging":{}}"#);
        assert_eq!(
            shown(3),
            r#"{"results":[0,1],"paging":{"next":{"after":"1"}}}"#
        );
    }
}
