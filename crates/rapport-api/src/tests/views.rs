//! Views: kept, shared, asked by, and never more than their reader may see.

use super::signed::{member, token, with_token};
use super::{Answer, Doors};
use axum::http::Method;
use serde_json::{Value, json};

const VIEWS: &str = "/api/v1/views";

fn large() -> Value {
    json!({
        "object": "deals",
        "name": "Large ones",
        "filters": [[{ "property": "amount", "operator": "gte", "value": 100 }]],
        "sort": ["-amount"],
        "columns": ["dealname"],
        "board": { "by": "dealstage", "sum": ["amount"] },
        "shared": "everybody",
    })
}

async fn kept(doors: &Doors, view: &Value) -> String {
    let made = doors.post(VIEWS, &view.to_string()).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.json());
    made.json()["id"].as_str().expect("an id").to_owned()
}

async fn deal(doors: &Doors, name: &str, amount: u64) {
    let properties = json!({ "dealname": name, "amount": amount, "pipeline": "default",
        "dealstage": "contractsent" });
    let body = json!({ "properties": properties }).to_string();
    doors.post("/api/v1/records/deals", &body).await.good();
}

fn names(page: &Value) -> Vec<&str> {
    let results = page["results"].as_array().expect("results").iter();
    results
        .filter_map(|one| one["properties"]["dealname"].as_str())
        .collect()
}

/// A member whose role does not let them read amounts; their token.
async fn veiled(doors: &Doors) -> String {
    let role = json!({
        "scopes": [],
        "objects": { "deals": { "levels": { "view": "all" }, "fields": { "amount": "masked" } } },
        "other_objects": { "levels": { "view": "all" } },
    });
    let role = role.to_string();
    doors.put("/api/v1/roles/veiled", &role).await.good();
    let number = member(doors, "veiled@example.org", "veiled").await;
    let body = json!({ "name": "veiled", "scopes": ["crm.objects.read"], "member": number });
    let made = doors.post("/api/v1/tokens", &body.to_string()).await;
    made.good()["token"].as_str().expect("a token").to_owned()
}

async fn ask(doors: &Doors, token: &str, path: &str) -> Answer {
    with_token(doors, token, Method::GET, path, "").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_is_kept_as_it_was_sent_until_it_is_changed_or_removed() {
    let doors = Doors::open().await;
    let id = kept(&doors, &large()).await;
    let path = format!("{VIEWS}/{id}");
    let shown = doors.get(&path).await.good();
    for word in ["object", "name", "sort", "columns", "board", "shared"] {
        assert_eq!(shown[word], large()[word], "{word}");
    }
    assert_eq!(shown["filters"][0][0]["value"], "100");
    let mut other = large();
    other["name"] = json!("Others");
    doors.put(&path, &other.to_string()).await.good();
    let list = doors.get(&format!("{VIEWS}?object=deals")).await.good();
    assert_eq!(list["results"][0]["name"], "Others");
    let none = doors.get(&format!("{VIEWS}?object=contacts")).await.good();
    assert_eq!(none["results"], json!([]));
    assert_eq!(doors.delete(&path).await.status.as_u16(), 204);
    assert_eq!(doors.get(&path).await.error().0, 404);
    // Its id is nobody else's afterwards.
    assert_ne!(kept(&doors, &large()).await, id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_lists_its_records_page_by_page_and_sums_its_board() {
    let doors = Doors::open().await;
    for (name, amount) in [("a", 50), ("b", 100), ("c", 300), ("d", 200)] {
        deal(&doors, name, amount).await;
    }
    let id = kept(&doors, &large()).await;
    let records = format!("/api/v1/records/deals?view={id}&limit=2");
    let first = doors.get(&records).await.good();
    assert_eq!(names(&first), ["c", "d"]);
    assert_eq!(
        first["results"][0]["properties"],
        json!({ "dealname": "c" })
    );
    let after = first["paging"]["next"]["after"].as_str().expect("more");
    let last = doors.get(&format!("{records}&after={after}")).await.good();
    assert_eq!(names(&last), ["b"]);
    let narrowed = doors.get(&format!("{records}&filter=amount:lt:250")).await;
    assert_eq!(names(&narrowed.good()), ["d", "b"]);
    let board = format!("/api/v1/records/deals/board?view={id}");
    let board = doors.get(&board).await.good();
    assert_eq!(board["columns"][0]["sums"]["amount"], 600.0);
    let other = format!("/api/v1/records/contacts?view={id}");
    assert_eq!(doors.get(&other).await.error().0, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_tells_nothing_that_its_reader_may_not_find() {
    let doors = Doors::open().await;
    deal(&doors, "a", 500).await;
    let token = veiled(&doors).await;
    let id = kept(&doors, &large()).await;
    for path in [
        format!("{VIEWS}/{id}"),
        format!("/api/v1/records/deals?view={id}"),
        format!("/api/v1/records/deals/board?view={id}"),
    ] {
        assert_eq!(ask(&doors, &token, &path).await.error().0, 403, "{path}");
    }
    let list = ask(&doors, &token, VIEWS).await.good();
    assert_eq!(list["results"], json!([]));
    let made = with_token(&doors, &token, Method::POST, VIEWS, &large().to_string()).await;
    assert_eq!(made.error().0, 403);
    // What is not shared is not there for others.
    let own = json!({ "object": "deals", "name": "Mine" });
    let own = kept(&doors, &own).await;
    let path = format!("{VIEWS}/{own}");
    assert_eq!(ask(&doors, &token, &path).await.error().0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_asks_nonsense_is_refused() {
    let doors = Doors::open().await;
    let cases = [
        ("name", json!(" ")),
        ("object", json!("unicorns")),
        ("columns", json!(["unheard"])),
        ("sort", json!(["-unheard"])),
        ("shared", json!("team")),
        ("board", json!({ "by": "dealstage", "sum": ["dealname"] })),
        (
            "filters",
            json!([[{ "property": "amount", "operator": "near", "value": 1 }]]),
        ),
        (
            "filters",
            json!([[{ "property": "amount", "operator": "gte", "value": {} }]]),
        ),
    ];
    for (word, wrong) in cases {
        let mut view = large();
        view[word] = wrong;
        let (status, _) = doors.post(VIEWS, &view.to_string()).await.error();
        assert!([400, 404, 422].contains(&status), "{view}: {status}");
    }
    let list = doors.get(VIEWS).await.good();
    assert_eq!(list["results"], json!([]));
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
async fn a_token_that_only_reads_keeps_no_view_and_removes_none() {
    let doors = Doors::open().await;
    let id = kept(&doors, &large()).await;
    let reader = token(&doors, &["crm.objects.read"]).await;
    let path = format!("{VIEWS}/{id}");
    let body = large().to_string();
    for (method, path, body) in [
        (Method::POST, VIEWS, &*body),
        (Method::PUT, &*path, &*body),
        (Method::DELETE, &*path, ""),
    ] {
        let answer = with_token(&doors, &reader, method.clone(), path, body).await;
        assert_eq!(
            answer.error(),
            (403, "missing_scope".to_owned()),
            "{method}"
        );
    }
    assert_eq!(
        ask(&doors, &reader, &path).await.good()["name"],
        "Large ones"
    );
    let writer = token(&doors, &["crm.objects.write"]).await;
    let gone = with_token(&doors, &writer, Method::DELETE, &path, "").await;
    assert_eq!(gone.status.as_u16(), 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_column_is_like_one_that_is_not_there() {
    let doors = Doors::open().await;
    let levels = json!({ "levels": { "view": "all" }, "fields": { "amount": "hidden" } });
    let blind = with_role(&doors, "blind", &levels).await;
    let of = |columns: &[&str]| json!({ "object": "deals", "name": "x", "columns": columns, "shared": "everybody" });
    let mut answers = Vec::new();
    for column in ["amount", "nothing"] {
        let body = of(&["dealname", column]).to_string();
        let answer = with_token(&doors, &blind, Method::POST, VIEWS, &body).await;
        let text = String::from_utf8_lossy(&answer.body).replace(column, "_");
        answers.push((answer.status.as_u16(), text));
    }
    assert_eq!(answers[0].0, 400);
    assert_eq!(answers[0], answers[1]);
    let id = kept(&doors, &of(&["dealname", "amount"])).await;
    let path = format!("{VIEWS}/{id}");
    let shown = ask(&doors, &blind, &path).await.good();
    assert_eq!(shown["columns"], json!(["dealname"]));
    let listed = ask(&doors, &blind, VIEWS).await.good();
    assert_eq!(listed["results"][0]["columns"], json!(["dealname"]));
    let whole = doors.get(&path).await.good();
    assert_eq!(whole["columns"], json!(["dealname", "amount"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_its_owner_may_not_ask_by_any_more_is_still_theirs_to_remove() {
    let doors = Doors::open().await;
    let all = json!({ "levels": { "view": "all" } });
    let una = with_role(&doors, "una", &all).await;
    let body = large().to_string();
    let made = with_token(&doors, &una, Method::POST, VIEWS, &body).await;
    let id = made.json()["id"].as_str().expect("an id").to_owned();
    let masked = json!({ "scopes": [], "objects": { "deals": { "levels": { "view": "all" },
        "fields": { "amount": "masked" } } } });
    doors
        .put("/api/v1/roles/una", &masked.to_string())
        .await
        .good();
    let path = format!("{VIEWS}/{id}");
    assert_eq!(ask(&doors, &una, &path).await.error().0, 403);
    let gone = with_token(&doors, &una, Method::DELETE, &path, "").await;
    assert_eq!(gone.status.as_u16(), 204);
    assert_eq!(doors.get(&path).await.error().0, 404);
}
