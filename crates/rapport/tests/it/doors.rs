//! Every door of the real program: one customer through five of them, and the demo through all.

use crate::client::Client;
use crate::crash::doctor;
use crate::server::{BROWSER_KEY, Launch, SERVER_KEY, Server, TOKEN};
use serde_json::{Value, json};
use std::process::Command;

const SECRET: &str = "a-secret-of-a-shop";

fn started() -> (tempfile::TempDir, Launch, Server) {
    let folder = tempfile::tempdir().expect("a folder");
    let launch = Launch::on(&folder.path().join("data")).with_small_flushes();
    let server = launch.start();
    (folder, launch, server)
}

fn make(client: &mut Client, method: &str, path: &str, body: &Value) -> Value {
    let answer = client
        .api(method, path, &body.to_string())
        .expect("an answer");
    assert!(answer.status < 300, "{path}: {}", answer.text());
    answer.json()
}

/// Delivers to a webhook of a source of its own.
fn deliver(server: &Server, map: &str, body: &Value) {
    let mut client = server.client();
    let source = make(
        &mut client,
        "POST",
        "/api/v1/sources",
        &json!({ "name": map }),
    );
    let verify = json!({ "scheme": "header", "header": "x-proof", "secret": SECRET });
    let path = format!("/api/v1/sources/{}/webhook", source["id"]);
    let put = make(
        &mut client,
        "PUT",
        &path,
        &json!({ "map": map, "verify": verify }),
    );
    let address = put["address"].as_str().expect("an address");
    let path = address.find("/v1/").map_or(address, |at| &address[at..]);
    let headers = [("content-type", "application/json"), ("x-proof", SECRET)];
    let answer = client.call(("POST", path), &headers, body.to_string().as_bytes());
    assert_eq!(answer.expect("an answer").status, 200, "{map}");
}

#[test]
fn one_person_through_five_doors_is_one_profile_with_one_timeline() {
    let (folder, launch, server) = started();
    let message = json!({ "from": "447700900123", "id": "wamid.1", "type": "text",
        "timestamp": "1763712000", "text": { "body": "Is the goat cheese back?" } });
    let value = json!({ "messaging_product": "whatsapp", "messages": [message],
        "metadata": { "display_phone_number": "447700900000", "phone_number_id": "1" } });
    let chat = json!({ "object": "whatsapp_business_account",
        "entry": [{ "id": "dairy", "changes": [{ "field": "messages", "value": value }] }] });
    deliver(&server, "whatsapp", &chat);
    deliver(
        &server,
        "sendgrid",
        &json!([{ "email": "ana@example.org", "event": "open",
        "timestamp": 1_763_884_800, "sg_event_id": "mail-1", "sg_message_id": "letter" }]),
    );
    let app = json!({ "writeKey": BROWSER_KEY, "batch": [
        { "type": "track", "event": "Application Opened", "userId": "c1", "anonymousId": "app",
          "messageId": "app-1", "timestamp": "2025-11-22T08:00:00Z",
          "context": { "device": { "id": "PHONE-1", "type": "android" } } },
    ] });
    server.send("/v1/batch", &app.to_string());
    let web = json!({ "writeKey": BROWSER_KEY, "batch": [
        { "type": "page", "anonymousId": "web", "messageId": "web-1", "timestamp": "2025-11-20T08:00:00Z" },
        { "type": "identify", "anonymousId": "web", "userId": "c1", "messageId": "web-2",
          "timestamp": "2025-11-20T08:01:00Z", "traits": { "email": "ana@example.org" } },
        { "type": "track", "anonymousId": "web", "userId": "c1", "messageId": "web-3",
          "event": "Product Viewed", "timestamp": "2025-11-20T08:02:00Z" },
    ] });
    server.send("/v1/batch", &web.to_string());

    let file = folder.path().join("till.csv");
    let rows = "receipt,when,card,customer,phone,mail,total\n\
                r-1,2025-11-20T18:00:00Z,7001,c1,+44 7700 900123,ana@example.org,4.20\n";
    std::fs::write(&file, rows).expect("a file");
    let mapping = folder.path().join("till.toml");
    let lines = "event = \"Order Completed\"\nmessage_id = [\"receipt\"]\ntime = { column = \"when\" }\n\
                 identifiers = { user_id = \"customer\", phone = \"phone\", email = \"mail\", loyalty_card = \"card\" }\n\
                 [properties]\nrevenue = \"total\"\n[types]\ncard = \"text\"\n";
    std::fs::write(&mapping, lines).expect("a file");
    let imported = Command::new(env!("CARGO_BIN_EXE_rapport"))
        .arg("import")
        .arg(&file)
        .args([
            "--to",
            &format!("http://{}", server.address),
            "--source",
            "1",
            "--map",
        ])
        .arg(&mapping)
        .env("RAPPORT_API_TOKEN", TOKEN)
        .output()
        .expect("the program runs");
    assert!(imported.status.success(), "{imported:?}");

    server.settle();
    let timeline = server.get("/api/v1/profiles/user_id:c1/timeline");
    let events = timeline["results"].as_array().expect("events").iter();
    let moments: Vec<&str> = events
        .filter_map(|event| event["timestamp"].as_str())
        .collect();
    assert_eq!(
        moments,
        [
            "2025-11-23T08:00:00.000Z",
            "2025-11-22T08:00:00.000Z",
            "2025-11-21T08:00:00.000Z",
            "2025-11-20T18:00:00.000Z",
            "2025-11-20T08:02:00.000Z",
            "2025-11-20T08:01:00.000Z",
            "2025-11-20T08:00:00.000Z",
        ]
    );
    let id = server.get("/api/v1/profiles/user_id:c1")["id"].clone();
    for reference in [
        "anonymous_id:web",
        "anonymous_id:app",
        "device_id:PHONE-1",
        "loyalty_card:7001",
        "phone:%2B447700900123",
        "email:ana@example.org",
    ] {
        let found = server.get(&format!("/api/v1/profiles/{reference}"));
        assert_eq!(found["id"], id, "{reference}");
    }
    assert!(server.stop().success());
    doctor(&launch.data).unwrap();
}

/// Runs the demo; answers what it printed, and the score at the end of it.
fn demo(server: &Server, truth: &std::path::Path) -> (String, Value) {
    let told = Command::new(env!("CARGO_BIN_EXE_rapport"))
        .args(["demo", "--to", &format!("http://{}", server.address)])
        .args(["--people", "300", "--days", "45", "--score", "--truth"])
        .arg(truth)
        .env("RAPPORT_WRITE_KEY", BROWSER_KEY)
        .env("RAPPORT_SERVER_KEY", SERVER_KEY)
        .env("RAPPORT_API_TOKEN", TOKEN)
        .output()
        .expect("the program runs");
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(
        told.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&told.stderr)
    );
    let score = text
        .split("held against the truth:\n")
        .nth(1)
        .expect("a score");
    let score = serde_json::from_str(score).expect("JSON");
    (text, score)
}

#[test]
fn the_demo_goes_through_every_door_and_identity_finds_who_is_who() {
    let (folder, launch, server) = started();
    let truth = folder.path().join("truth.ndjson");
    let (text, score) = demo(&server, &truth);
    assert!(text.contains("api() { curl"), "{text}");
    let rate = |name: &str| {
        score[name]
            .as_f64()
            .unwrap_or_else(|| panic!("{name}: {score}"))
    };
    assert!(rate("precision") >= 0.98, "{score}");
    assert!(rate("recall") >= 0.93, "{score}");
    assert_eq!(score["isolated"], json!(["bot", "kiosk"]), "{score}");
    assert_eq!(score["wrongly_isolated"], 0, "{score}");
    assert!(rate("families") >= 3.0, "{score}");
    assert_eq!(score["families_joined"], 0, "{score}");
    let lines = std::fs::read_to_string(&truth)
        .expect("the truth")
        .lines()
        .count();
    assert_eq!(score["identifiers"], lines);

    let outcomes = server.get("/api/v1/outcomes");
    assert_eq!(
        (&outcomes["invalid"], &outcomes["refused"]),
        (&json!(0), &json!(0)),
        "{outcomes}"
    );
    for name in ["WhatsApp", "Mail service", "Instagram", "Shop counter"] {
        let sources = server.get("/api/v1/sources");
        let mut all = sources["results"].as_array().expect("a list").iter();
        let id = &all.find(|one| one["name"] == name).expect("a source")["id"];
        let events = server.get(&format!("/api/v1/events?source={id}"));
        assert!(
            events["results"]
                .as_array()
                .is_some_and(|all| !all.is_empty()),
            "{name}"
        );
    }
    let (text, again) = demo(&server, &truth);
    assert!(text.contains("changed nothing"), "{text}");
    assert_eq!(again["precision"], score["precision"]);
    assert!(server.stop().success());
    doctor(&launch.data).unwrap();
}
