//! What became of the people who were named for a list.

use crate::Api;
use crate::errors::Error;
use rapport_core::entry::Reference;
use rapport_flow::lists::Problem;
use serde::Serialize;

/// Rows that changed nothing listed at most; all are counted.
const LISTED_MAX: usize = 1_000;
/// Characters of a value that are repeated in a report.
const SHOWN_MAX: usize = 200;

/// A reference as it was named: by its row in a file, or its place in a body, from 1.
pub(super) struct Row {
    pub(super) row: u64,
    pub(super) text: String,
    pub(super) reference: Result<Reference, String>,
}

#[derive(Serialize)]
pub(super) struct Report {
    rows: u64,
    changed: u64,
    already: u64,
    not_found: u64,
    rejected: u64,
    /// Whether all of it can be seen by now.
    settled: bool,
    problems: Vec<Shown>,
}

#[derive(Serialize)]
struct Shown {
    row: u64,
    value: String,
    reason: &'static str,
    message: String,
}

/// Puts people on a list or takes them off, and says what became of each.
pub(super) async fn change(
    api: &Api,
    key: &str,
    on: bool,
    rows: Vec<Row>,
) -> Result<Report, Error> {
    let (mut named, mut places, mut problems) = (Vec::new(), Vec::new(), Vec::new());
    for (place, row) in rows.iter().enumerate() {
        match &row.reference {
            Ok(reference) => {
                named.push(reference.clone());
                places.push(place);
            }
            Err(why) => problems.push((place, Problem::Unreadable(why.clone()))),
        }
    }
    let done = api.rapport.change_list(key, on, &named).await?;
    let of_named = done.problems.into_iter();
    problems.extend(of_named.map(|(nth, problem)| (places[nth], problem)));
    problems.sort_by_key(|(place, _)| *place);
    let not_found = problems
        .iter()
        .filter(|(_, problem)| *problem == Problem::NotFound)
        .count() as u64;
    Ok(Report {
        rows: rows.len() as u64,
        changed: done.changed,
        already: done.already,
        not_found,
        rejected: problems.len() as u64 - not_found,
        settled: done.is_folded,
        problems: problems
            .into_iter()
            .take(LISTED_MAX)
            .map(|(place, problem)| shown(&rows[place], problem))
            .collect(),
    })
}

fn shown(row: &Row, problem: Problem) -> Shown {
    let (reason, message) = match problem {
        Problem::NotFound => ("not_found", "nobody has this identifier".to_owned()),
        Problem::Unreadable(why) => ("unreadable", why),
        Problem::Shared => (
            "shared",
            "this identifier is marked shared, and so names nobody".to_owned(),
        ),
    };
    Shown {
        row: row.row,
        value: row.text.chars().take(SHOWN_MAX).collect(),
        reason,
        message,
    }
}
