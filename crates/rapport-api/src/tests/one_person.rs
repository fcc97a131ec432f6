//! One customer by web, app, shop counter, chat and mail is one profile with one timeline, in
//! whatever order the five arrive.

use super::{Doors, SERVER_KEY, WRITE_KEY};
use rapport_core::event::dialect::import::Head;
use rapport_core::event::{Call, Dialect, KeyKind, Origin, SourceNo};
use rapport_core::time::Millis;
use rapport_import::Mapping;
use rapport_import::mapping::item::Maker;
use rapport_import::rows::csv::Csv;
use rapport_store::ledger::Submission;
use serde_json::{Value, json};

const DOORS: [Door; 5] = [Door::Web, Door::App, Door::Counter, Door::Chat, Door::Mail];
/// Everything that the five say happened, newest first: message ids in the order of time.
const TIMELINE: [&str; 8] = [
    "sendgrid-mail-1",
    "app-2",
    "app-1",
    "whatsapp-wamid.1",
    "receipt-1",
    "web-3",
    "web-2",
    "web-1",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    Web,
    App,
    Counter,
    Chat,
    Mail,
}

/// Doors with a source for each hook, and the addresses of the two.
async fn open() -> (Doors, [String; 2]) {
    let doors = Doors::open().await;
    let mut addresses = [String::new(), String::new()];
    for (address, map) in addresses.iter_mut().zip(["whatsapp", "sendgrid"]) {
        let named = json!({ "name": map }).to_string();
        let made = doors.post("/api/v1/sources", &named);
        let source = made.await.good()["id"].clone();
        let verify =
            json!({ "scheme": "header", "header": "x-proof", "secret": "a-secret-of-a-shop" });
        let body = json!({ "map": map, "verify": verify }).to_string();
        let path = format!("/api/v1/sources/{source}/webhook");
        let put = doors.put(&path, &body);
        put.await.good()["address"]
            .as_str()
            .expect("an address")
            .clone_into(address);
    }
    (doors, addresses)
}

async fn enter(doors: &Doors, hooks: &[String; 2], door: Door) {
    let proof = [("x-proof", "a-secret-of-a-shop")];
    match door {
        Door::Web => {
            let page = json!({ "type": "page", "anonymousId": "web", "messageId": "web-1",
                "name": "Home", "timestamp": "2025-11-20T08:00:00Z" });
            let signed_in = json!({ "type": "identify", "anonymousId": "web", "userId": "c1",
                "messageId": "web-2", "timestamp": "2025-11-20T08:01:00Z",
                "traits": { "email": "ana@example.org", "firstName": "Ana" } });
            let bought = json!({ "type": "track", "anonymousId": "web", "userId": "c1",
                "event": "Product Viewed", "messageId": "web-3", "timestamp": "2025-11-20T08:02:00Z" });
            let batch = json!({ "batch": [page, signed_in, bought] });
            by_key(doors, WRITE_KEY, &batch).await;
        }
        Door::App => {
            let context = json!({ "device": { "id": "PHONE-1", "type": "android" } });
            let signed_in = json!({ "type": "identify", "anonymousId": "app", "userId": "c1",
                "messageId": "app-1", "timestamp": "2025-11-22T08:00:00Z", "context": context });
            let opened = json!({ "type": "track", "anonymousId": "app", "userId": "c1",
                "event": "Application Opened", "messageId": "app-2",
                "timestamp": "2025-11-22T08:01:00Z", "context": context });
            by_key(doors, WRITE_KEY, &json!({ "batch": [signed_in, opened] })).await;
        }
        Door::Counter => count(doors).await,
        Door::Chat => {
            let message = json!({ "from": "447700900123", "id": "wamid.1", "type": "text",
                "timestamp": "1763712000", "text": { "body": "Is the goat cheese back?" } });
            let value = json!({ "messaging_product": "whatsapp", "messages": [message],
                "metadata": { "display_phone_number": "447700900000", "phone_number_id": "1" } });
            let body = json!({ "object": "whatsapp_business_account",
                "entry": [{ "id": "dairy", "changes": [{ "field": "messages", "value": value }] }] });
            doors
                .track_with(&hooks[0], &proof, body.to_string())
                .await
                .good();
        }
        Door::Mail => {
            let body = json!([{ "email": "Ana@example.org", "event": "open", "timestamp": 1_763_884_800,
                "sg_event_id": "mail-1", "sg_message_id": "letter" }]);
            doors
                .track_with(&hooks[1], &proof, body.to_string())
                .await
                .good();
        }
    }
    doors.settle().await;
}

async fn by_key(doors: &Doors, key: &str, batch: &Value) {
    let headers = [("x-write-key", key)];
    let sent = doors.track_with("/v1/batch", &headers, batch.to_string());
    sent.await.good();
}

/// A receipt of the shop counter, from the till's file.
async fn count(doors: &Doors) {
    let file = "receipt,when,card,customer,phone,mail,total\n\
                receipt-1,2025-11-20T18:00:00Z,7001,c1,+44 7700 900123,ana@example.org,4.20\n";
    let mapping = json!({
        "event": "Order Completed", "message_id": ["receipt"], "time": { "column": "when" },
        "identifiers": { "user_id": "customer", "phone": "phone", "email": "mail", "loyalty_card": "card" },
        "properties": { "revenue": "total" }, "types": { "card": "text" }, "rest": "none",
    });
    let mapping = Mapping::parse(&mapping.to_string()).expect("a mapping");
    let lines = Box::new(std::io::Cursor::new(file.as_bytes().to_vec()));
    let rows = Csv::open(lines, &mapping.csv).expect("a file");
    let maker = Maker::new(mapping).expect("a mapping");
    let mut items = Vec::new();
    for row in rows.flatten().flatten() {
        let made = maker
            .make(&[row], Millis(1_764_000_000_000))
            .expect("an event");
        for (n, item) in made.items.iter().enumerate() {
            let id = made.id.clone().expect("an id");
            let id = if n == 0 { id } else { format!("{id}-{n}") };
            let open = item.strip_suffix('}').expect("an object");
            items.push(format!("{open},\"messageId\":{}}}", json!(id)));
        }
    }
    assert!(!items.is_empty());
    let head = Head {
        import: 1,
        cursor: "{\"rows\":1}".into(),
    };
    let origin = Origin {
        source: SourceNo(1),
        key_kind: KeyKind::Server,
        dialect: Dialect::Import,
        call: Call::Batch,
        ip: None,
        user_agent: None,
    };
    let body = head.batch(items.iter().map(String::as_str));
    let sent = doors.rapport.collect(Submission { origin, body });
    sent.await.expect("taken");
}

/// Every order of the five.
fn orders() -> Vec<Vec<Door>> {
    let mut orders = vec![Vec::new()];
    for _ in DOORS {
        let longer = orders.iter().flat_map(|order: &Vec<Door>| {
            let left = DOORS.into_iter().filter(|door| !order.contains(door));
            left.map(|door| order.iter().copied().chain([door]).collect())
        });
        orders = longer.collect();
    }
    orders
}

/// The one profile of the customer, without its number, and its timeline.
async fn found(doors: &Doors, order: &[Door]) -> (Value, Value) {
    let mut ids = Vec::new();
    let mut profile = Value::Null;
    for reference in [
        "user_id:c1",
        "anonymous_id:web",
        "anonymous_id:app",
        "device_id:PHONE-1",
        "loyalty_card:7001",
        "phone:%2B447700900123",
        "email:ana@example.org",
    ] {
        let answer = doors.get(&format!("/api/v1/profiles/{reference}")).await;
        assert!(answer.status.is_success(), "{order:?}: no {reference}");
        profile = answer.json();
        ids.push(profile["id"].clone());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "{order:?}: {ids:?}");
    let path = format!(
        "/api/v1/profiles/{}/timeline",
        ids[0].as_str().expect("an id")
    );
    let timeline = doors.get(&path).await.good();
    let timeline = timeline["results"].as_array().expect("events").iter();
    let shown = timeline.map(|event| {
        json!([
            event["message_id"],
            event["timestamp"],
            event["type"],
            event["event"],
            event["properties"]
        ])
    });
    let shown = shown.collect();
    let profile = profile.as_object_mut().expect("a profile");
    profile.remove("id");
    // Within a kind, identifiers stand in the order in which they came.
    for values in profile["identifiers"]
        .as_object_mut()
        .expect("kinds")
        .values_mut()
    {
        let values = values.as_array_mut().expect("a list");
        values.sort_by_key(Value::to_string);
    }
    (json!(profile), shown)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_through_five_doors_is_one_profile_in_all_120_orders() {
    assert_ne!(WRITE_KEY, SERVER_KEY);
    let orders = orders();
    assert_eq!(orders.len(), 120);
    let mut first: Option<(Value, Value)> = None;
    for order in &orders {
        let (doors, hooks) = open().await;
        for door in order {
            enter(&doors, &hooks, *door).await;
        }
        let found = found(&doors, order).await;
        let ids: Vec<&Value> = found
            .1
            .as_array()
            .expect("events")
            .iter()
            .map(|event| &event[0])
            .collect();
        assert_eq!(ids, TIMELINE, "{order:?}");
        assert_eq!(found.0["attributes"]["firstName"], "Ana", "{order:?}");
        match &first {
            None => first = Some(found),
            Some(first) => assert_eq!(*first, found, "{order:?}"),
        }
        doors.rapport.stop().await;
    }
}
