//! The records there are: contacts as a site tells of them, everything else as sellers type it.

use super::{FACTS, contact};
use crate::commands::bench::Scale;
use crate::commands::bench::client::Client;
use crate::commands::bench::load;
use crate::commands::bench::report::{Report, Target};
use crate::commands::bench::server::{SERVER_KEY, Server, TOKEN};
use anyhow::{Result, bail};
use std::net::SocketAddr;
use std::time::Instant;

/// Records of one request.
const BATCH: u64 = 100;
/// Connections that records are made over.
const WRITERS: u64 = 4;
/// A stage of our own, so that the board has eight columns.
const STAGE: &str = "bench_on_hold";
/// The stages of the board.
pub(super) const STAGES: [&str; 8] = [
    "appointmentscheduled",
    "qualifiedtobuy",
    "presentationscheduled",
    "decisionmakerboughtin",
    "contractsent",
    "closedwon",
    "closedlost",
    STAGE,
];
/// Every so many contacts there is a busy one.
pub(super) const BUSY_EVERY: u64 = 100;
/// How many activities of each of the five kinds a busy contact has at least: thirty in all.
const BUSY_EACH: u64 = 6;

/// Makes everything; says how many records there are.
///
/// # Errors
/// Where the server refuses one.
pub(super) async fn all(scale: &Scale, server: &Server, report: &mut Report) -> Result<u64> {
    let people = scale.people;
    define(&mut server.client().await?).await?;
    contacts(server.address, people).await?;
    let mut made = people;
    let each = [
        ("companies", people / 5, company as fn(u64) -> String),
        ("deals", people * 3 / 10, deal),
        ("tickets", people / 2, ticket),
        ("calls", people, activity),
        ("emails", people, activity),
        ("meetings", people, activity),
        ("notes", people, activity),
        ("tasks", people, activity),
    ];
    for (object, count, properties) in each {
        let began = Instant::now();
        make(server.address, object, count, people, properties).await?;
        made += count;
        report.add(
            &format!("records: {object} made"),
            count as f64 / began.elapsed().as_secs_f64(),
            "records/s",
            Target::None,
            format!("{count}, {BATCH} a request over {WRITERS} connections, each durable"),
        );
    }
    Ok(made)
}

async fn define(client: &mut Client) -> Result<()> {
    for name in FACTS {
        let body = format!(
            r#"{{"name":"{name}","label":"{name}","type":"number","fieldType":"number","groupName":"contactinformation"}}"#
        );
        let (status, answer) = client
            .call("POST", "/crm/v3/properties/contacts", TOKEN, &body)
            .await?;
        if status != 201 {
            bail!("property {name}: {status} {answer}");
        }
    }
    let path = "/crm/v3/pipelines/deals/default/stages";
    let body = format!(
        r#"{{"label":"On hold","stageId":"{STAGE}","displayOrder":7,"metadata":{{"probability":"0.1","isClosed":"false"}}}}"#
    );
    let (status, answer) = client.call("POST", path, TOKEN, &body).await?;
    if status != 201 {
        bail!("stage: {status} {answer}");
    }
    Ok(())
}

/// The contacts, as identify calls of a server.
async fn contacts(address: SocketAddr, people: u64) -> Result<()> {
    let body = move |request: u64| {
        let numbers = request * BATCH..people.min((request + 1) * BATCH);
        let calls = numbers.map(|number| {
            let ([a, b, c], name) = contact(number);
            format!(
                r#"{{"type":"identify","messageId":"r-{number:08}","userId":"u-{number:08}","traits":{{"email":"u{number:08}@bench.example","lastName":"{name}","bench_a":{a},"bench_b":{b},"bench_c":{c}}}}}"#
            )
        });
        let calls: Vec<_> = calls.collect();
        format!(
            r#"{{"writeKey":"{SERVER_KEY}","batch":[{}]}}"#,
            calls.join(",")
        )
    };
    load::pour(address, people.div_ceil(BATCH), body).await
}

async fn make(
    address: SocketAddr,
    object: &'static str,
    count: u64,
    people: u64,
    properties: fn(u64) -> String,
) -> Result<()> {
    let writers = (0..WRITERS).map(|place| async move {
        let mut client = Client::connect(address).await?;
        let path = format!("/crm/v3/objects/{object}/batch/create");
        for first in (place * BATCH..count).step_by((WRITERS * BATCH) as usize) {
            let inputs = (first..count.min(first + BATCH)).map(|number| {
                let links = link(object, number, people);
                format!(
                    r#"{{"properties":{},"associations":[{links}]}}"#,
                    properties(number)
                )
            });
            let inputs: Vec<_> = inputs.collect();
            let body = format!(r#"{{"inputs":[{}]}}"#, inputs.join(","));
            let (status, answer) = client.call("POST", &path, TOKEN, &body).await?;
            if status != 201 {
                let beginning: String = answer.chars().take(500).collect();
                bail!("{path}: {status} {beginning}");
            }
        }
        Ok::<(), anyhow::Error>(())
    });
    let writers: Vec<_> = writers.map(tokio::spawn).collect();
    for writer in writers {
        writer.await??;
    }
    Ok(())
}

/// Which contact a record is about: some activities are a busy one's, the rest are spread.
fn link(object: &str, number: u64, people: u64) -> String {
    let kind = match object {
        "deals" => 3,
        "tickets" => 16,
        "calls" => 194,
        "emails" => 198,
        "meetings" => 200,
        "notes" => 202,
        "tasks" => 204,
        _ => return String::new(),
    };
    let is_busy = kind > 100 && number % BUSY_EVERY < BUSY_EACH;
    let contact = match is_busy {
        true => number / BUSY_EVERY * BUSY_EVERY + 1,
        false => number.wrapping_mul(0x9e37_79b9) % people + 1,
    };
    format!(
        r#"{{"to":{{"id":"{contact}"}},"types":[{{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":{kind}}}]}}"#
    )
}

fn company(number: u64) -> String {
    format!(
        r#"{{"name":"Company {number}","domain":"c{number:07}.example","city":"City {}"}}"#,
        number % 50
    )
}

fn deal(number: u64) -> String {
    let stage = STAGES[(number % STAGES.len() as u64) as usize];
    format!(
        r#"{{"dealname":"Deal {number}","pipeline":"default","dealstage":"{stage}","amount":"{}.50"}}"#,
        100 + number * 37 % 50_000
    )
}

fn ticket(number: u64) -> String {
    format!(
        r#"{{"subject":"Ticket {number}","hs_pipeline":"0","hs_pipeline_stage":"{}"}}"#,
        number % 4 + 1
    )
}

fn activity(number: u64) -> String {
    format!(
        r#"{{"hs_timestamp":"{}"}}"#,
        1_700_000_000_000 + number * 1_000
    )
}
