//! A request as the dialect spells it: parts of the address, repeated or comma-separated parameters.

use super::fault::Fault;
use super::gate::Caller;
use crate::Api;
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::Uri;
use axum::http::request::Parts;
use std::collections::{BTreeMap, BTreeSet};

/// Who asks, for what, with which parameters.
#[derive(Debug)]
pub(super) struct Asked {
    /// Who asks.
    pub(super) caller: Caller,
    path: BTreeMap<String, String>,
    query: Vec<(String, String)>,
    uri: Uri,
}

impl Asked {
    /// A part of the address; the routes see to it that it is there.
    pub(super) fn at(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// The one value of a parameter.
    pub(super) fn one(&self, name: &str) -> Option<&str> {
        let mut values = self.query.iter().rev().filter(|(key, _)| key == name);
        let value = values.next().map(|(_, value)| value.as_str());
        value.filter(|value| !value.is_empty())
    }

    /// Every value of a parameter: clients repeat it, and people write commas.
    pub(super) fn all(&self, name: &str) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let values = self.query.iter().filter(|(key, _)| key == name);
        let words = values.flat_map(|(_, value)| value.split(','));
        let words = words.map(str::trim).filter(|word| !word.is_empty());
        words
            .filter(|word| seen.insert(*word))
            .map(str::to_owned)
            .collect()
    }

    /// A switch. Python says `False`.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Fault> {
        match self.one(name).map(str::to_ascii_lowercase).as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => Err(Fault::invalid(format!(
                "The parameter `{name}` is `true` or `false`, not `{other}`."
            ))),
        }
    }

    /// How many are asked for, where nothing else is said `usual`.
    pub(super) fn limit(&self, usual: usize, most: usize) -> Result<usize, Fault> {
        let Some(text) = self.one("limit") else {
            return Ok(usual);
        };
        let limit = text.parse().ok();
        limit
            .filter(|limit| (1..=most).contains(limit))
            .ok_or_else(|| {
                Fault::invalid(format!(
                    "The parameter `limit` is a number from 1 to {most}, not `{text}`."
                ))
            })
    }

    /// Where the page begins, as the page before it said.
    pub(super) fn after<T: std::str::FromStr>(&self) -> Result<Option<T>, Fault> {
        let Some(text) = self.one("after") else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| {
            Fault::invalid(format!(
                "The parameter `after` is of no page of this list: `{text}`."
            ))
        })
    }

    /// The address of the page behind this one.
    pub(super) fn link(&self, after: &str) -> String {
        let mut link = format!("{}?after={}", self.uri.path(), super::encoded(after));
        for (name, value) in self.query.iter().filter(|(name, _)| name != "after") {
            link.push('&');
            link.push_str(&super::encoded(name));
            link.push('=');
            link.push_str(&super::encoded(value));
        }
        link
    }
}

impl FromRequestParts<Api> for Asked {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Asked, Fault> {
        let path = Path::<BTreeMap<String, String>>::from_request_parts(parts, api).await;
        let path = path.map_err(|error| Fault::invalid(error.body_text()))?;
        let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let query = query.map_err(|error| Fault::invalid(error.body_text()))?;
        let caller = parts.extensions.get::<Caller>().cloned();
        Ok(Asked {
            caller: caller.ok_or_else(|| Fault::unknown_token("Nobody is known to ask."))?,
            path: path.0,
            query: query.0,
            uri: parts.uri.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &[(&str, &str)]) -> Asked {
        let pairs = query.iter();
        Asked {
            caller: Caller::named("tests"),
            path: BTreeMap::new(),
            query: pairs
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            uri: Uri::from_static("/crm/v3/objects/contacts"),
        }
    }

    #[test]
    fn a_list_is_repeated_or_has_commas_and_names_each_once() {
        for query in [
            &[("properties", "a"), ("properties", "b")][..],
            &[("properties", "a,b")],
            &[("properties", "a, b,,"), ("properties", "a")],
        ] {
            assert_eq!(asked(query).all("properties"), ["a", "b"], "{query:?}");
        }
        assert!(asked(&[("properties", "")]).all("properties").is_empty());
    }

    #[test]
    fn a_switch_is_spelled_as_python_does_too() {
        for (text, expected) in [
            ("False", false),
            ("True", true),
            ("true", true),
            ("", false),
        ] {
            let asked = asked(&[("archived", text)]);
            assert_eq!(asked.flag("archived").expect(text), expected);
        }
        assert!(asked(&[("archived", "maybe")]).flag("archived").is_err());
        assert!(!asked(&[]).flag("archived").expect("a switch"));
    }

    #[test]
    fn a_limit_is_within_what_the_list_allows() {
        assert_eq!(asked(&[]).limit(10, 100).expect("usual"), 10);
        assert_eq!(
            asked(&[("limit", "100")]).limit(10, 100).expect("most"),
            100
        );
        for text in ["0", "101", "-1", "ten", "1e2"] {
            assert!(asked(&[("limit", text)]).limit(10, 100).is_err(), "{text}");
        }
    }

    #[test]
    fn the_next_page_is_asked_for_like_this_one() {
        let asked = asked(&[("properties", "a b"), ("after", "1"), ("limit", "2")]);
        let next = "/crm/v3/objects/contacts?after=3&properties=a%20b&limit=2";
        assert_eq!(asked.link("3"), next);
    }
}
