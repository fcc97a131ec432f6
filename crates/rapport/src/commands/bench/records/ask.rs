//! The questions that a person at a console asks, and the writes that a form or a sync makes.

use super::seed::{BUSY_EVERY, STAGES};
use super::{FACTS, SELECTIVITIES, SORTED_BY, TIMES, bounds, record, tell};
use crate::commands::bench::Scale;
use crate::commands::bench::client::Client;
use crate::commands::bench::load::histogram;
use crate::commands::bench::report::{Report, Target};
use crate::commands::bench::server::{Server, TOKEN};
use crate::commands::bench::traffic::Random;
use anyhow::{Result, anyhow, bail};
use hdrhistogram::Histogram;
use std::time::Instant;

const ABOUT: &str = "while 2,000 events/s flow";
/// Entries of a timeline's first page.
const ENTRIES: usize = 30;

/// Asks each question, one after another.
///
/// # Errors
/// Where one is not answered.
pub(super) async fn all(scale: &Scale, server: &Server, report: &mut Report) -> Result<()> {
    let mut client = server.client().await?;
    lists(&mut client, report).await?;
    board(&mut client, report).await?;
    timelines(&mut client, scale.people, report).await?;
    writes(&mut client, report).await
}

async fn lists(client: &mut Client, report: &mut Report) -> Result<()> {
    for (name, share) in SELECTIVITIES {
        let body = |time: usize| {
            let filters = FACTS.iter().zip(bounds(share)).map(|(fact, bound)| {
                let bound = bound + time as u64 % 3;
                format!(r#"{{"propertyName":"{fact}","operator":"LT","value":"{bound}"}}"#)
            });
            let filters: Vec<_> = filters.collect();
            format!(
                r#"{{"filterGroups":[{{"filters":[{}]}}],"sorts":["{SORTED_BY}"],"limit":50}}"#,
                filters.join(",")
            )
        };
        let path = "/crm/v3/objects/contacts/search";
        // The first answers may make an index that the others have.
        for time in 0..3 {
            timed(client, "POST", path, &body(time), 200).await?;
        }
        let took = many(client, "POST", |time| (path.to_owned(), body(time)), 200).await?;
        tell(
            report,
            &format!("records: list of 50, three filters and a sort, {name}, p95"),
            &took,
            Target::Below(80.0),
            &format!("contacts, with a total up to 10,000, {ABOUT}"),
        );
    }
    Ok(())
}

async fn board(client: &mut Client, report: &mut Report) -> Result<()> {
    let path = "/api/v1/records/deals/board?by=dealstage&sum=amount";
    let answer = timed(client, "GET", path, "", 200).await?;
    let columns = length(&answer, "columns")?;
    if columns != STAGES.len() {
        bail!("the board has {columns} columns: {answer}");
    }
    let took = many(client, "GET", |_| (path.to_owned(), String::new()), 200).await?;
    tell(
        report,
        "records: board with sums, p95",
        &took,
        Target::Below(150.0),
        &format!(
            "deals in {} stages, counted and summed, {ABOUT}",
            STAGES.len()
        ),
    );
    Ok(())
}

async fn timelines(client: &mut Client, people: u64, report: &mut Report) -> Result<()> {
    let mut random = Random(77);
    let mut took = histogram();
    for _ in 0..TIMES {
        let contact = random.below(people.div_ceil(BUSY_EVERY)) * BUSY_EVERY + 1;
        let began = Instant::now();
        timed(
            client,
            "GET",
            &format!("/crm/v3/objects/contacts/{contact}"),
            "",
            200,
        )
        .await?;
        let path = format!("/api/v1/records/contacts/{contact}/timeline?limit={ENTRIES}");
        let answer = timed(client, "GET", &path, "", 200).await?;
        record(&mut took, began);
        let entries = length(&answer, "results")?;
        if entries != ENTRIES {
            bail!("the timeline of contact {contact} begins with {entries} entries");
        }
    }
    tell(
        report,
        "records: a record with its first 30 timeline entries, p95",
        &took,
        Target::Below(60.0),
        &format!("contacts with thirty activities, two requests one after another, {ABOUT}"),
    );
    Ok(())
}

async fn writes(client: &mut Client, report: &mut Report) -> Result<()> {
    let run = std::process::id();
    let one = |time: usize| {
        let body = format!(
            r#"{{"properties":{{"email":"new-{run}-{time}@bench.example","firstname":"New","lastname":"Contact"}}}}"#
        );
        ("/crm/v3/objects/contacts".to_owned(), body)
    };
    let took = many(client, "POST", one, 201).await?;
    tell(
        report,
        "records: create, p95",
        &took,
        Target::Below(25.0),
        &format!("a contact, durable, {ABOUT}"),
    );
    let hundred = |time: usize| {
        let inputs = (0..100).map(|place| {
            format!(
                r#"{{"id":"up-{run}-{}@bench.example","idProperty":"email","properties":{{"firstname":"Up {time}"}}}}"#,
                // Half of them are there from the time before.
                time * 50 + place
            )
        });
        let inputs: Vec<_> = inputs.collect();
        let body = format!(r#"{{"inputs":[{}]}}"#, inputs.join(","));
        ("/crm/v3/objects/contacts/batch/upsert".to_owned(), body)
    };
    let took = many(client, "POST", hundred, 200).await?;
    tell(
        report,
        "records: upsert of 100, p95",
        &took,
        Target::Below(60.0),
        &format!("contacts by e-mail, half of them new, durable, {ABOUT}"),
    );
    Ok(())
}

/// Asks the same kind of question again and again; from the request to the whole answer, in
/// microseconds.
async fn many(
    client: &mut Client,
    method: &str,
    question: impl Fn(usize) -> (String, String),
    wanted: u16,
) -> Result<Histogram<u64>> {
    let mut took = histogram();
    for time in 0..TIMES {
        let (path, body) = question(time);
        let began = Instant::now();
        timed(client, method, &path, &body, wanted).await?;
        record(&mut took, began);
    }
    Ok(took)
}

async fn timed(
    client: &mut Client,
    method: &str,
    path: &str,
    body: &str,
    wanted: u16,
) -> Result<String> {
    let (status, answer) = client.call(method, path, TOKEN, body).await?;
    if status != wanted {
        let beginning: String = answer.chars().take(500).collect();
        bail!("{method} {path}: {status} {beginning}");
    }
    Ok(answer)
}

/// How many an answer has of something.
fn length(answer: &str, of: &str) -> Result<usize> {
    let answer: serde_json::Value = serde_json::from_str(answer)?;
    let all = answer[of].as_array();
    all.map(Vec::len)
        .ok_or_else(|| anyhow!("there are no {of}: {answer}"))
}
