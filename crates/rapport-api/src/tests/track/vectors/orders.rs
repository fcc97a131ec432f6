//! The calls of one page arrive on connections of their own, in any order, and are one person.

use super::speakers::{SPEAKERS, Speaker};
use crate::tests::Doors;
use rapport_core::event::Dialect;
use serde_json::{Value, json};

/// A page before the sign-in, the sign-in, an event behind it, an alias that says it again, a company.
const SEGMENT: [&str; 5] = [
    r#"{"type":"page","anonymousId":"vNN","name":"Home","messageId":"pageNN","timestamp":"2026-01-01T00:00:00Z"}"#,
    r#"{"type":"identify","anonymousId":"vNN","userId":"uNN","traits":{"plan":"gold"},"messageId":"identifyNN","timestamp":"2026-01-01T00:00:00Z"}"#,
    r#"{"type":"track","userId":"uNN","event":"Bought","messageId":"trackNN","timestamp":"2026-01-01T00:00:00Z"}"#,
    r#"{"type":"alias","previousId":"vNN","userId":"uNN","messageId":"aliasNN","timestamp":"2026-01-01T00:00:00Z"}"#,
    r#"{"type":"group","anonymousId":"vNN","userId":"uNN","groupId":"acme","messageId":"groupNN","timestamp":"2026-01-01T00:00:00Z"}"#,
];

/// The same in PostHog's words. A visitor's id looks as its SDKs make one.
const POSTHOG: [&str; 5] = [
    r#"{"event":"$pageview","distinct_id":"0190d3e1-5c2b-7f00-8a4e-000000000NN","properties":{"title":"Home","$is_identified":false},"uuid":"pageNN","timestamp":"2026-01-01T00:00:00Z"}"#,
    r#"{"event":"$identify","distinct_id":"uNN","properties":{"$anon_distinct_id":"0190d3e1-5c2b-7f00-8a4e-000000000NN"},"$set":{"plan":"gold"},"uuid":"identifyNN","timestamp":"2026-01-01T00:00:00Z"}"#,
    r#"{"event":"Bought","distinct_id":"uNN","properties":{},"uuid":"trackNN","timestamp":"2026-01-01T00:00:00Z"}"#,
    r#"{"event":"$create_alias","distinct_id":"uNN","properties":{"alias":"0190d3e1-5c2b-7f00-8a4e-000000000NN"},"uuid":"aliasNN","timestamp":"2026-01-01T00:00:00Z"}"#,
    r#"{"event":"$groupidentify","distinct_id":"uNN","properties":{"$group_type":"company","$group_key":"acme"},"uuid":"groupNN","timestamp":"2026-01-01T00:00:00Z"}"#,
];

/// Every order of five.
fn orders() -> Vec<Vec<usize>> {
    let mut orders = vec![Vec::new()];
    for _ in 0..5 {
        let longer = orders.iter().flat_map(|order: &Vec<usize>| {
            let left = (0..5).filter(|one| !order.contains(one));
            left.map(|one| order.iter().copied().chain([one]).collect())
        });
        orders = longer.collect();
    }
    orders
}

/// Sends the calls in an order, each as a request of its own, about people of this number alone.
async fn send(doors: &Doors, speaker: &Speaker, order: &[usize], number: &str) {
    let calls = match speaker.dialect {
        Dialect::Posthog => POSTHOG,
        _ => SEGMENT,
    };
    for call in order {
        let item = calls[*call].replace("NN", number);
        speaker.sent(doors, (speaker.batch)(&item, "null")).await;
    }
}

/// The graph around a person, without numbers that no two people share.
async fn graph(doors: &Doors, number: &str) -> Value {
    let path = format!("/api/v1/profiles/user_id:u{number}");
    let person = doors.get(&path).await.good();
    let timeline = doors.get(&format!("{path}/timeline")).await.good();
    let entries = timeline["results"].as_array().expect("a list").iter();
    let mut events: Vec<String> = entries
        .map(|entry| entry["message_id"].to_string())
        .collect();
    events.sort();
    let graph = json!({
        "identifiers": person["identifiers"],
        "attributes": person["attributes"],
        "events": events,
    });
    let text = graph.to_string().replace(number, "NN");
    serde_json::from_str(&text).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_in_any_order_of_arrival_is_one_person_in_every_dialect() {
    let orders = orders();
    assert_eq!(orders.len(), 120);
    for speaker in &SPEAKERS {
        let doors = Doors::open().await;
        let mut first = None;
        for (place, order) in orders.iter().enumerate() {
            // Three digits that stand in no instant and no other id.
            let number = (place + 701).to_string();
            send(&doors, speaker, order, &number).await;
            doors.settle().await;
            let graph = graph(&doors, &number).await;
            let events = graph["events"].as_array().map(Vec::len);
            assert_eq!(events, Some(5), "{} {order:?}: {graph}", speaker.path);
            assert_eq!(graph["attributes"]["plan"], "gold");
            let first = first.get_or_insert_with(|| graph.clone());
            assert_eq!(*first, graph, "{} {order:?}", speaker.path);
        }
        assert_eq!(doors.outcome("accepted", "").await, 600);
        let company = doors.get("/api/v1/companies/acme").await.good();
        assert_eq!(company["id"], "acme", "{company}");
        doors.rapport.stop().await;
    }
}
