//! The audit, newest first: read, never changed.

use super::list::{self, List, Page};
use crate::Api;
use crate::errors::{Code, Error};
use crate::rights::Asker;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use rapport_flow::audit::{Record, What};
use serde::Serialize;
use std::collections::BTreeMap;

/// Records looked at for one page at most: behind them the page says where to go on.
const LOOKED_AT: usize = 10_000;

pub(super) fn routes() -> Router<Api> {
    Router::new().route("/audit", get(all))
}

/// A record.
#[derive(Serialize)]
struct Shown {
    id: u64,
    at: String,
    what: &'static str,
    actor: Box<str>,
    subject: Box<str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    address: Box<str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    detail: BTreeMap<Box<str>, Box<str>>,
}

impl Shown {
    fn of(id: u64, record: Record) -> Shown {
        Shown {
            id,
            at: record.at.to_string(),
            what: record.what.word(),
            actor: record.actor,
            subject: record.subject,
            address: record.address,
            detail: record.detail,
        }
    }
}

async fn all(State(api): State<Api>, _: Asker, page: Page) -> Result<Json<List<Shown>>, Error> {
    let whats = page.all("what").iter().map(|word| {
        let unknown = || Error::new(Code::InvalidQuery, format!("`what={word}` does not happen"));
        What::from_word(word).ok_or_else(unknown)
    });
    let whats = whats.collect::<Result<Vec<What>, Error>>()?;
    let (actor, subject) = (page.one("actor"), page.one("subject"));
    let is_asked = |record: &Record| {
        (whats.is_empty() || whats.contains(&record.what))
            && actor.is_none_or(|actor| *record.actor == *actor)
            && subject.is_none_or(|subject| *record.subject == *subject)
    };
    let mut before = page.after(|text| text.parse().ok())?;
    let mut shown = Vec::new();
    for _ in 0..LOOKED_AT / 1_000 {
        let records = api.rapport.audit(before, 1_000).await?;
        let is_last = records.len() < 1_000;
        for (id, record) in records {
            if is_asked(&record) {
                if shown.len() == page.limit {
                    return Ok(list::behind(shown, before.map(|before| before.to_string())));
                }
                shown.push(Shown::of(id, record));
            }
            before = Some(id);
        }
        if is_last {
            return Ok(list::behind(shown, None));
        }
    }
    Ok(list::behind(shown, before.map(|before| before.to_string())))
}
