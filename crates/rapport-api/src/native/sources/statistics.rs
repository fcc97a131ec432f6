//! How it goes with a source: what it sent, how that ended, and the newest of what was not taken.

use crate::Api;
use crate::errors::Error;
use rapport_core::event::SourceNo;
use rapport_core::position::Position;
use serde::Serialize;
use std::collections::BTreeMap;

/// The word under which the door's refusals are counted.
const REFUSED: &str = "refused";
/// Newest events named for each reason.
const SAMPLES: usize = 3;
/// Rejected events of all sources looked at for them, newest first.
const LOOKED_AT: usize = 2_000;
/// The same, in one go.
const PAGE: usize = 500;

/// Counts since the directory was made.
#[derive(Serialize)]
pub(super) struct Statistics {
    /// Events that came, however they ended.
    received: u64,
    refused: Refused,
    outcomes: BTreeMap<String, Ended>,
    last_received_at: Option<String>,
    /// How far the fold is behind what was collected: one order, so the same for every source.
    lag_requests: u64,
    lag_ms: u64,
}

/// What was turned away at the door: no events.
#[derive(Default, Serialize)]
struct Refused {
    count: u64,
    codes: BTreeMap<String, u64>,
}

/// How events ended.
#[derive(Default, Serialize)]
struct Ended {
    count: u64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    reasons: BTreeMap<String, Because>,
}

#[derive(Default, Serialize)]
struct Because {
    count: u64,
    /// Ids of the newest, as `/rejected` lists them.
    newest: Vec<String>,
}

impl Statistics {
    /// Of one source.
    pub(super) async fn of(api: &Api, source: SourceNo) -> Result<Statistics, Error> {
        let counted = api.rapport.outcomes(Some(source));
        let mut refused = Refused::default();
        let mut outcomes: BTreeMap<String, Ended> = BTreeMap::new();
        for (word, count) in counted.words {
            match word.as_str() {
                REFUSED => refused.count = count,
                _ => outcomes.entry(word).or_default().count = count,
            }
        }
        for ((word, code), count) in counted.reasons {
            match word.as_str() {
                REFUSED => drop(refused.codes.insert(code, count)),
                _ => {
                    let reasons = &mut outcomes.entry(word).or_default().reasons;
                    reasons.entry(code).or_default().count = count;
                }
            }
        }
        name_newest(api, source, &mut outcomes).await?;
        let health = api.rapport.health();
        let last = api.rapport.last_received(source).await?;
        Ok(Statistics {
            received: outcomes.values().map(|ended| ended.count).sum(),
            refused,
            outcomes,
            last_received_at: last.map(|moment| moment.to_string()),
            lag_requests: health.lag_requests,
            lag_ms: health.lag_ms,
        })
    }
}

/// Names the newest rejected events of each reason, as far as they are among the newest of all.
async fn name_newest(
    api: &Api,
    source: SourceNo,
    outcomes: &mut BTreeMap<String, Ended>,
) -> Result<(), Error> {
    let mut before: Option<Position> = None;
    for _ in 0..LOOKED_AT / PAGE {
        let page = api.rapport.rejected(before, PAGE).await?;
        let is_last = page.len() < PAGE;
        before = page.last().map(|rejected| rejected.position);
        for rejected in page.iter().filter(|rejected| rejected.source == source) {
            let ended = outcomes.get_mut(rejected.outcome.word());
            let code = rejected.outcome.reason().map(|reason| &reason.code);
            let because = ended.and_then(|ended| code.and_then(|code| ended.reasons.get_mut(code)));
            if let Some(because) = because
                && because.newest.len() < SAMPLES
            {
                because.newest.push(rejected.position.to_string());
            }
        }
        if is_last {
            break;
        }
    }
    Ok(())
}
