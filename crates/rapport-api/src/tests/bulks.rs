//! Bulks: many records changed at once, told apart, taken back, and gone on with by the next process.

use super::signed::{member, with_token};
use super::{Doors, TOKEN};
use crate::{ApiSettings, router};
use axum::http::Method;
use rapport_core::crm::bulk::{Act, By, Draft, Stop, Which};
use rapport_core::crm::query::Search;
use rapport_core::crm::{RecordNo, TypeId};
use rapport_core::entry::Command;
use rapport_core::position::Position;
use rapport_flow::keys;
use serde_json::{Value, json};

const DEALS: &str = "/api/v1/records/deals";

async fn deals(doors: &Doors, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..count {
        let properties = json!({ "dealname": format!("Deal {number}"), "amount": number });
        let body = json!({ "properties": properties }).to_string();
        let made = doors.post(DEALS, &body).await.good();
        ids.push(made["id"].as_str().expect("an id").to_owned());
    }
    ids
}

async fn bulk(doors: &Doors, query: &str, body: Value) -> Value {
    let path = format!("{DEALS}/bulk{query}");
    ended(doors, doors.post(&path, &body.to_string()).await.good()).await
}

async fn undone(doors: &Doors, id: &str) -> Value {
    let path = format!("/api/v1/bulk/{id}/undo");
    ended(doors, doors.post(&path, "").await.good()).await
}

/// The bulk once it has ended.
async fn ended(doors: &Doors, mut bulk: Value) -> Value {
    let path = format!("/api/v1/bulk/{}", bulk["id"].as_str().expect("an id"));
    while bulk["state"] == "running" {
        tokio::task::yield_now().await;
        bulk = doors.get(&path).await.good();
    }
    bulk
}

async fn value(doors: &Doors, id: &str, property: &str) -> Value {
    let path = format!("{DEALS}/{id}?property={property}");
    doors.get(&path).await.good()["properties"][property].clone()
}

fn counts(bulk: &Value) -> [u64; 4] {
    ["changed", "unchanged", "refused", "kept"].map(|word| bulk[word].as_u64().expect("a count"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_filter_finds_is_changed_once_though_it_is_not_found_any_more() {
    let doors = Doors::open().await;
    let ids = deals(&doors, 230).await;
    let set = json!({ "set": { "amount": 5_000 } });
    let done = bulk(&doors, "?filter=amount:lt:220", set).await;
    assert_eq!(
        (&done["state"], counts(&done)),
        (&json!("done"), [220, 0, 0, 0])
    );
    assert_eq!(done["expected"], 220);
    assert_eq!(value(&doors, &ids[0], "amount").await, 5_000);
    assert_eq!(value(&doors, &ids[229], "amount").await, 229);
    let id = done["id"].as_str().expect("an id");
    let back = undone(&doors, id).await;
    assert_eq!(counts(&back), [220, 0, 0, 0]);
    for number in [0, 99, 100, 219] {
        assert_eq!(value(&doors, &ids[number], "amount").await, number);
    }
    // Once is enough; but the undo can be undone.
    let again = doors.post(&format!("/api/v1/bulk/{id}/undo"), "").await;
    assert_eq!(again.error().0, 409);
    let back = back["id"].as_str().expect("an id").to_owned();
    undone(&doors, &back).await;
    assert_eq!(value(&doors, &ids[0], "amount").await, 5_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_leaves_what_somebody_changed_since() {
    let doors = Doors::open().await;
    let ids = deals(&doors, 3).await;
    let set = json!({ "ids": ids, "set": { "amount": 7, "dealname": "All" } });
    let done = bulk(&doors, "", set).await;
    assert_eq!(counts(&done), [3, 0, 0, 0]);
    // One way and back again is a change, too.
    for (id, amounts) in [(&ids[0], &[9][..]), (&ids[1], &[9, 7])] {
        for amount in amounts {
            let body = json!({ "properties": { "amount": amount } }).to_string();
            doors
                .call(Method::PATCH, &format!("{DEALS}/{id}"), body)
                .await
                .good();
        }
    }
    let back = undone(&doors, done["id"].as_str().expect("an id")).await;
    assert_eq!(counts(&back), [3, 0, 0, 2]);
    assert_eq!(back["problems"][0]["id"], json!(ids[0]));
    for (id, amount, name) in [(0, 9, "Deal 0"), (1, 7, "Deal 1"), (2, 2, "Deal 2")] {
        assert_eq!(value(&doors, &ids[id], "amount").await, amount);
        assert_eq!(value(&doors, &ids[id], "dealname").await, name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn archived_records_come_back_and_those_that_were_archived_stay() {
    let doors = Doors::open().await;
    let ids = deals(&doors, 3).await;
    doors.delete(&format!("{DEALS}/{}", ids[0])).await;
    let mut named = ids.clone();
    named.push("987654".to_owned());
    let done = bulk(&doors, "", json!({ "ids": named, "archive": true })).await;
    assert_eq!(counts(&done), [2, 1, 1, 0]);
    undone(&doors, done["id"].as_str().expect("an id")).await;
    let list = doors.get(DEALS).await.good();
    assert_eq!(list["results"].as_array().map(Vec::len), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_goes_on_where_the_process_before_left_it() {
    let doors = Doors::open().await;
    let ids = deals(&doors, 150).await;
    let set = [("amount".into(), "1".into())].into();
    // Nobody leads this one on: it was begun, and then the process ended.
    let draft = Draft {
        object: TypeId::DEAL,
        which: Which::Found(Search::default()),
        act: Act::Set(set),
        until: RecordNo(u64::MAX),
        expected: 150,
        by: By::Token(keys::hash(TOKEN).into()),
    };
    let begun = doors.rapport.command("tests", Command::StartBulk(draft));
    let id = begun.await.expect("begun").position.id();
    let next = Doors {
        router: router(doors.rapport.clone(), ApiSettings::default(), None),
        ..doors
    };
    let bulk = next.get(&format!("/api/v1/bulk/{id}")).await.good();
    let done = ended(&next, bulk).await;
    assert_eq!(done["state"], "done");
    assert_eq!(value(&next, &ids[149], "amount").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_that_makes_no_sense_is_refused_before_the_first_record() {
    let doors = Doors::open().await;
    deals(&doors, 1).await;
    for body in [
        json!({}),
        json!({ "set": { "amount": 1 }, "archive": true }),
        json!({ "set": { "unheard": 1 } }),
        json!({ "set": { "amount": "many" } }),
        json!({ "ids": ["x"], "archive": true }),
    ] {
        let path = format!("{DEALS}/bulk");
        assert_eq!(
            doors.post(&path, &body.to_string()).await.error().0,
            400,
            "{body}"
        );
    }
    let list = doors.get("/api/v1/bulk").await.good();
    assert_eq!(list["results"], json!([]));
}

/// A member whose role reaches deals this far, and a token of theirs.
async fn seller(doors: &Doors, role: Value) -> String {
    doors
        .put("/api/v1/roles/seller", &role.to_string())
        .await
        .good();
    let no = member(doors, "seller@example.org", "seller").await;
    let body = json!({ "name": "seller", "scopes": ["crm.objects.write"], "member": no });
    let made = doors.post("/api/v1/tokens", &body.to_string()).await;
    made.good()["token"].as_str().expect("a token").to_owned()
}

fn role(levels: Value, fields: Value) -> Value {
    json!({
        "scopes": [],
        "objects": { "deals": { "levels": levels, "fields": fields } },
        "other_objects": { "levels": { "view": "all" } },
    })
}

/// A bulk of all deals that nobody leads on yet, by the rights of a token.
async fn begun(doors: &Doors, token: &str, which: Which) -> String {
    let set = [("amount".into(), "1".into())].into();
    let draft = Draft {
        object: TypeId::DEAL,
        which,
        act: Act::Set(set),
        until: RecordNo(u64::MAX),
        expected: 0,
        by: By::Token(keys::hash(token).into()),
    };
    let begun = doors.rapport.command("tests", Command::StartBulk(draft));
    begun.await.expect("begun").position.id()
}

/// What becomes of a bulk once the next process leads it on.
async fn led_on(doors: Doors, id: &str) -> (Doors, Value) {
    let next = Doors {
        router: router(doors.rapport.clone(), ApiSettings::default(), None),
        ..doors
    };
    let bulk = next.get(&format!("/api/v1/bulk/{id}")).await.good();
    let done = ended(&next, bulk).await;
    (next, done)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_loses_rights_in_the_middle_goes_on_with_what_is_left_of_them() {
    let mut doors = Doors::open().await;
    let ids = deals(&doors, 3).await;
    let all = json!({ "view": "all", "edit": "all" });
    let token = seller(&doors, role(all, json!({}))).await;
    let numbers: Vec<RecordNo> = ids.iter().filter_map(|id| RecordNo::parse(id)).collect();
    let put = async |doors: &Doors, role: Value| {
        doors
            .put("/api/v1/roles/seller", &role.to_string())
            .await
            .good();
    };
    let named = begun(&doors, &token, Which::Named(numbers)).await;
    let found = begun(&doors, &token, Which::Found(Search::default())).await;
    put(&doors, role(json!({ "view": "all" }), json!({}))).await;
    let done;
    (doors, done) = led_on(doors, &named).await;
    assert_eq!(
        (&done["state"], counts(&done)),
        (&json!("done"), [0, 0, 3, 0])
    );
    let (doors, done) = led_on(doors, &found).await;
    assert_eq!(
        (&done["state"], counts(&done)),
        (&json!("done"), [0, 0, 3, 0])
    );
    assert_eq!(value(&doors, &ids[0], "amount").await, 0);
    // Nobody any more: what was begun in their name ends.
    let orphan = begun(&doors, &token, Which::Found(Search::default())).await;
    let command = Command::RevokeToken {
        token_hash: keys::hash(&token),
    };
    doors
        .rapport
        .command("tests", command)
        .await
        .expect("revoked");
    let (doors, done) = led_on(doors, &orphan).await;
    assert_eq!(
        (&done["state"], counts(&done)),
        (&json!("stopped"), [0, 0, 0, 0])
    );
    assert_eq!(value(&doors, &ids[2], "amount").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_masked_field_is_neither_found_by_nor_set_nor_told() {
    let doors = Doors::open().await;
    let ids = deals(&doors, 2).await;
    let levels = json!({ "view": "all", "edit": "all" });
    let token = seller(&doors, role(levels, json!({ "amount": "masked" }))).await;
    let path = format!("{DEALS}/bulk");
    let ask = async |path: &str, body: &Value| {
        with_token(&doors, &token, Method::POST, path, &body.to_string()).await
    };
    let rename = json!({ "set": { "dealname": "Mine" } });
    let by_it = ask(&format!("{path}?filter=amount:gte:1"), &rename).await;
    assert_eq!(by_it.error().0, 403);
    let set = ask(&path, &json!({ "set": { "amount": 1 } })).await;
    assert_eq!(set.error().0, 403);
    assert_eq!(value(&doors, &ids[1], "amount").await, 1);
    // What an admin did to it is another's, and told to whoever may read it.
    let done = bulk_of(&doors, &ids).await;
    let records = format!("/api/v1/bulk/{done}/records");
    let told = with_token(&doors, &token, Method::GET, &records, "").await;
    assert_eq!(told.error().0, 404);
    let told = doors.get(&records).await.good();
    assert_eq!(
        told["results"][0]["properties"]["amount"],
        json!({ "from": 0, "to": 9 })
    );
}

async fn bulk_of(doors: &Doors, ids: &[String]) -> String {
    let done = bulk(doors, "", json!({ "ids": ids, "set": { "amount": 9 } })).await;
    done["id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unseen_record_in_the_way_is_not_named() {
    let doors = Doors::open().await;
    let body = json!({ "name": "code", "label": "Code", "type": "string", "fieldType": "text",
        "groupName": "dealinformation", "hasUniqueValue": true });
    doors
        .post("/crm/v3/properties/deals", &body.to_string())
        .await
        .good();
    let ids = deals(&doors, 2).await;
    let first = json!({ "ids": [ids[0]], "set": { "code": "x" } });
    assert_eq!(counts(&bulk(&doors, "", first).await), [1, 0, 0, 0]);
    let second = bulk(
        &doors,
        "",
        json!({ "ids": [ids[1]], "set": { "code": "x" } }),
    )
    .await;
    assert_eq!(counts(&second), [0, 0, 1, 0]);
    let told = second["problems"][0]["message"].as_str().expect("a reason");
    assert!(!told.contains(&format!("record {}", ids[0])), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_followed_from_a_stage_is_undone_by_whoever_set_the_stage() {
    for right in ["read", "hidden"] {
        let doors = Doors::open().await;
        let ids = deals(&doors, 2).await;
        let levels = json!({ "view": "all", "edit": "all" });
        let token = seller(&doors, role(levels, json!({ "closedate": right }))).await;
        let ask = async |method: Method, path: &str, body: &str| {
            with_token(&doors, &token, method, path, body).await.good()
        };
        let finish = async |mut bulk: Value| {
            let path = format!("/api/v1/bulk/{}", bulk["id"].as_str().expect("an id"));
            while bulk["state"] == "running" {
                bulk = ask(Method::GET, &path, "").await;
            }
            (path, bulk)
        };
        let set = json!({ "ids": ids, "set": { "dealstage": "closedlost" } }).to_string();
        let lost = ask(Method::POST, &format!("{DEALS}/bulk"), &set).await;
        let (path, lost) = finish(lost).await;
        assert_eq!(counts(&lost), [2, 0, 0, 0]);
        let body = json!({ "properties": { "closedate": "2025-01-10" } }).to_string();
        doors
            .call(Method::PATCH, &format!("{DEALS}/{}", ids[0]), body)
            .await
            .good();
        let undo = ask(Method::POST, &format!("{path}/undo"), "").await;
        let (path, undo) = finish(undo).await;
        assert_eq!(counts(&undo), [2, 0, 0, 1], "{right}");
        for id in &ids {
            assert_ne!(value(&doors, id, "dealstage").await, "closedlost");
        }
        assert_eq!(value(&doors, &ids[1], "closedate").await, Value::Null);
        // What was kept is named to those who know that there is such a property.
        let records = ask(Method::GET, &format!("{path}/records"), "").await;
        let names = |told: &Value| told.to_string().contains("closedate");
        assert_eq!(
            (names(&undo), names(&records)),
            (right == "read", right == "read")
        );
        assert!(names(&doors.get(&path).await.good()), "to an admin");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_bulks_passes_over_so_many_of_others_and_goes_on_behind_them() {
    let doors = Doors::open().await;
    let token = seller(&doors, role(json!({ "view": "all" }), json!({}))).await;
    let mut own = String::new();
    for number in 0..1_200 {
        let by = match number {
            0 => &*token,
            _ => TOKEN,
        };
        let id = begun(&doors, by, Which::Named(Vec::new())).await;
        let bulk = Position::of_id(&id).expect("an id");
        let reason = "enough".into();
        let stop = Command::StopBulk(Stop { bulk, reason });
        doors.rapport.command("tests", stop).await.expect("stopped");
        if number == 0 {
            own = id;
        }
    }
    let list = async |path: &str| {
        with_token(&doors, &token, Method::GET, path, "")
            .await
            .good()
    };
    let first = list("/api/v1/bulk").await;
    assert_eq!(first["results"], json!([]));
    let after = first["paging"]["next"]["after"].as_str().expect("more");
    let second = list(&format!("/api/v1/bulk?after={after}")).await;
    assert_eq!(second["results"][0]["id"], json!(own));
    assert_eq!(second["paging"], json!({}));
    // An admin's are all.
    let mut path = "/api/v1/bulk?limit=500".to_owned();
    let mut pages = Vec::new();
    loop {
        let page = doors.get(&path).await.good();
        pages.push(page["results"].as_array().map_or(0, Vec::len));
        let Some(after) = page["paging"]["next"]["after"].as_str() else {
            break;
        };
        path = format!("/api/v1/bulk?limit=500&after={after}");
    }
    assert_eq!(pages, [500, 500, 200]);
}

/// A member with this role over deals; their token.
async fn with_role(doors: &Doors, name: &str, deals: &Value) -> String {
    let role = json!({ "scopes": [], "objects": { "deals": deals } }).to_string();
    let path = format!("/api/v1/roles/{name}");
    doors.put(&path, &role).await.good();
    let number = member(doors, &format!("{name}@example.org"), name).await;
    let body = json!({ "name": name, "scopes": ["crm.objects.write"], "member": number });
    let made = doors.post("/api/v1/tokens", &body.to_string()).await;
    made.good()["token"].as_str().expect("a token").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_change_nothing_begins_nothing() {
    let doors = Doors::open().await;
    deals(&doors, 3).await;
    let viewer = with_role(&doors, "viewing", &json!({ "levels": { "view": "all" } })).await;
    let path = format!("{DEALS}/bulk");
    for act in [
        json!({ "archive": true }),
        json!({ "restore": true }),
        json!({ "set": { "amount": 1 } }),
    ] {
        let answer = with_token(&doors, &viewer, Method::POST, &path, &act.to_string()).await;
        assert_eq!(answer.error(), (403, "forbidden".to_owned()), "{act}");
    }
    let begun = doors.get("/api/v1/bulk").await.good();
    assert_eq!(begun["results"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_bulk_sets_tells_nothing_of_hidden_properties() {
    let doors = Doors::open().await;
    let ids = deals(&doors, 1).await;
    let levels = json!({ "levels": { "view": "all", "edit": "all" },
        "fields": { "amount": "hidden", "closedate": "masked" } });
    let blind = with_role(&doors, "blind", &levels).await;
    let path = format!("{DEALS}/bulk");
    let mut answers = Vec::new();
    for (name, value) in [("nothing", "1"), ("amount", "1"), ("amount", "no number")] {
        let body = json!({ "ids": ids, "set": { name: value } }).to_string();
        let answer = with_token(&doors, &blind, Method::POST, &path, &body).await;
        let text = String::from_utf8_lossy(&answer.body).replace(name, "_");
        answers.push((answer.status.as_u16(), text));
    }
    assert_eq!(answers[0].0, 400);
    assert!(answers.iter().all(|one| *one == answers[0]), "{answers:?}");
    let body = json!({ "ids": ids, "set": { "closedate": "no day" } }).to_string();
    let masked = with_token(&doors, &blind, Method::POST, &path, &body).await;
    assert_eq!(masked.error(), (403, "forbidden".to_owned()));
}
