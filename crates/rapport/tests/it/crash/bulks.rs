//! kill -9 in the middle of a bulk: the next process goes on where it was, and the undo as well.

use super::doctor::doctor;
use crate::server::{Launch, Server, wait_for};
use serde_json::{Value, json};

/// Records there are, and how many are made at once.
const RECORDS: usize = 3_000;
const AT_ONCE: usize = 100;

#[test]
fn a_bulk_and_its_undo_go_on_behind_kill_9() {
    let folder = tempfile::tempdir().expect("a folder");
    let launch = Launch::on(&folder.path().join("data")).with_small_flushes();
    let server = launch.start();
    for first in (0..RECORDS).step_by(AT_ONCE) {
        let inputs = (first..first + AT_ONCE).map(|number| {
            json!({ "properties": { "dealname": format!("Deal {number}"), "amount": "1" } })
        });
        let body = json!({ "inputs": inputs.collect::<Vec<_>>() }).to_string();
        let made = server
            .client()
            .api("POST", "/crm/v3/objects/deals/batch/create", &body)
            .expect("an answer");
        assert_eq!(made.status, 201, "{}", made.text());
    }
    let set = json!({ "set": { "amount": 2 } }).to_string();
    let path = "/api/v1/records/deals/bulk?filter=amount:lt:2";
    let (server, id) = killed_in(&launch, server, path, &set);
    assert_eq!(counted(&server, 2), RECORDS);
    let undo = format!("/api/v1/bulk/{id}/undo");
    let (server, _) = killed_in(&launch, server, &undo, "");
    assert_eq!(counted(&server, 1), RECORDS);
    assert!(server.stop().success());
    doctor(&launch.data).expect("sound");
}

/// Begins a bulk and kills the server in the middle of it; the next one, once it has ended, and its
/// id.
fn killed_in(launch: &Launch, server: Server, path: &str, body: &str) -> (Server, String) {
    let mut client = server.client();
    let (path, body) = (path.to_owned(), body.to_owned());
    // No answer comes: the server is killed.
    let begun = std::thread::spawn(move || drop(client.api("POST", &path, &body)));
    let newest = |server: &Server| server.get("/api/v1/bulk?limit=1")["results"][0].clone();
    let bulk = wait_for("a bulk is under way", || {
        let bulk = newest(&server);
        let is_begun = bulk["state"] == "running" && bulk["changed"].as_u64() > Some(0);
        is_begun.then_some(bulk)
    });
    server.kill();
    begun.join().expect("a thread");
    assert!(changed(&bulk) < RECORDS, "{bulk}");
    let server = launch.start();
    let done = wait_for("the bulk ends", || {
        let bulk = newest(&server);
        (bulk["state"] != "running").then_some(bulk)
    });
    assert_eq!(done["id"], bulk["id"]);
    assert_eq!(
        (&done["state"], changed(&done)),
        (&json!("done"), RECORDS),
        "{done}"
    );
    (server, done["id"].as_str().expect("an id").to_owned())
}

fn changed(bulk: &Value) -> usize {
    let changed = bulk["changed"].as_u64().expect("a count");
    usize::try_from(changed).expect("a few")
}

/// Records of an amount.
fn counted(server: &Server, amount: u32) -> usize {
    let path = format!("/api/v1/records/deals?filter=amount:eq:{amount}&total=exact&limit=1");
    let total = server.get(&path)["total"].as_u64().expect("a total");
    usize::try_from(total).expect("a few")
}
