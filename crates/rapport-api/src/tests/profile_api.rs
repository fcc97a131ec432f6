//! `/v1/spaces/default/...`: Segment's Profile API, in the shapes its clients read.

use super::{Answer, Doors, SERVER_KEY, TOKEN, WRITE_KEY};
use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rapport_core::time::{DAY_MS, Millis};
use serde_json::{Value, json};

const USERS: &str = "/v1/spaces/default/collections/users/profiles";
const ACCOUNTS: &str = "/v1/spaces/default/collections/accounts/profiles";

async fn get_with(doors: &Doors, path: &str, authorization: &str) -> Answer {
    let request = Request::get(path).header("authorization", authorization);
    doors
        .send(request.body(Body::empty()).expect("a request"))
        .await
}

async fn get(doors: &Doors, path: &str) -> Answer {
    let user = format!("Basic {}", STANDARD.encode(format!("{TOKEN}:")));
    get_with(doors, path, &user).await
}

#[track_caller]
fn fault(answer: &Answer) -> (u16, String) {
    let body = answer.json();
    let error = &body["error"];
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|text| !text.is_empty()),
        "{body}"
    );
    assert_eq!(
        error.as_object().map(|error| error.len()),
        Some(2),
        "{body}"
    );
    let code = error["code"].as_str().expect("a code").to_owned();
    (answer.status.as_u16(), code)
}

fn now(doors: &Doors) -> Millis {
    doors.rapport.clock().now()
}

/// Ana: twelve attributes, two segments one of which she is in, events of today and of a month
/// ago, and a company that Bo belongs to as well.
async fn with_ana() -> Doors {
    let doors = Doors::open().await;
    let ago = |ms: i64| now(&doors).plus(-ms).to_string();
    let mut traits = json!({ "email": "ana@example.org", "score": 1.50 });
    for number in 0..10 {
        traits[format!("t{number}")] = json!(number);
    }
    let batch = json!({ "batch": [
        { "type": "identify", "userId": "ana", "anonymousId": "v-1", "messageId": "m-1",
          "traits": traits, "timestamp": ago(30 * DAY_MS) },
        { "type": "track", "userId": "ana", "messageId": "m-2", "event": "Order Completed",
          "properties": { "revenue": 9.90 }, "timestamp": ago(3_000) },
        { "type": "track", "userId": "ana", "messageId": "m-3", "event": "Product Viewed",
          "timestamp": ago(2_000) },
        { "type": "page", "userId": "ana", "messageId": "m-4", "name": "Home", "timestamp": ago(1_000) },
        { "type": "group", "userId": "ana", "messageId": "m-5", "groupId": "dairy 1",
          "traits": { "name": "Dairy" }, "timestamp": ago(500) },
        { "type": "group", "userId": "bo", "messageId": "m-6", "groupId": "dairy 1", "timestamp": ago(400) },
    ]});
    // Numbers come back to the last digit.
    let batch = batch.to_string().replace("\"score\":1.5", "\"score\":1.50");
    assert_eq!(doors.track("/v1/batch", batch).await.status.as_u16(), 200);
    doors.settle().await;
    for (key, event) in [("buyers", "Order Completed"), ("dreamers", "Wish Added")] {
        let rule = json!({ "name": key, "rule": format!("did \"{event}\" ever") });
        doors
            .put(&format!("/api/v1/segments/{key}"), &rule.to_string())
            .await
            .good();
    }
    while doors.rapport.registry().building().next().is_some() {
        tokio::task::yield_now().await;
    }
    doors
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_api_token_as_the_user_of_basic_authorization_reads() {
    let doors = with_ana().await;
    let path = format!("{USERS}/user_id:ana/traits");
    for user in ["", "other", WRITE_KEY, SERVER_KEY, &format!(":{TOKEN}")] {
        let basic = format!("Basic {}", STANDARD.encode(user));
        let answer = get_with(&doors, &path, &basic).await;
        assert_eq!(
            fault(&answer),
            (401, "authentication_error".into()),
            "{user}"
        );
        assert!(answer.header("www-authenticate").starts_with("Basic"));
    }
    let bearer = get_with(&doors, &path, &format!("Bearer {TOKEN}")).await;
    assert_eq!(fault(&bearer), (401, "authentication_error".into()));
    let bare = format!("Basic {}", STANDARD.encode(TOKEN));
    assert_eq!(get_with(&doors, &path, &bare).await.status.as_u16(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_an_id_and_none_lets_a_browser_in() {
    let doors = with_ana().await;
    let mut ids = std::collections::BTreeSet::new();
    for path in ["user_id:ana/traits", "user_id:nobody/traits"] {
        let user = format!("Basic {}", STANDARD.encode(format!("{TOKEN}:")));
        let request = Request::get(format!("{USERS}/{path}"))
            .header("authorization", user)
            .header("origin", "https://shop.example.org");
        let answer = doors
            .send(request.body(Body::empty()).expect("a request"))
            .await;
        assert_eq!(answer.header("request-id").len(), 36);
        ids.insert(answer.header("request-id").to_owned());
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
    }
    assert_eq!(ids.len(), 2);
    let preflight = Request::builder()
        .method("OPTIONS")
        .uri(format!("{USERS}/user_id:ana/traits"))
        .header("origin", "https://shop.example.org")
        .header("access-control-request-headers", "authorization");
    let answer = doors
        .send(preflight.body(Body::empty()).expect("a request"))
        .await;
    assert_eq!(answer.status.as_u16(), 405);
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_said_in_the_same_shape() {
    let doors = with_ana().await;
    for (path, status, code) in [
        (
            "/v1/spaces/other/collections/users/profiles/user_id:ana/traits",
            404,
            "not_found",
        ),
        (
            "/v1/spaces/default/collections/carts/profiles/user_id:ana/traits",
            400,
            "validation_error",
        ),
        (
            "/v1/spaces/default/collections/users!/profiles/user_id:ana/traits",
            400,
            "validation_error",
        ),
        (
            "/v1/spaces/default/collections/users/profiles/user_id:no/traits",
            404,
            "not_found",
        ),
        (
            "/v1/spaces/default/collections/users/profiles/User_ID:ana/traits",
            400,
            "validation_error",
        ),
        (
            "/v1/spaces/default/collections/users/profiles/ana/traits",
            400,
            "validation_error",
        ),
        (
            "/v1/spaces/default/collections/users/profiles/user_id:ana/wishes",
            404,
            "not_found",
        ),
        (
            "/v1/spaces/default/collections/accounts/profiles/user_id:ana/traits",
            400,
            "validation_error",
        ),
        (
            "/v1/spaces/default/collections/accounts/profiles/group_id:no/traits",
            404,
            "not_found",
        ),
        (
            "/v1/spaces/default/collections/accounts/profiles/group_id:dairy%201/events",
            400,
            "invalid_request_error",
        ),
    ] {
        let answer = get(&doors, path).await;
        assert_eq!(fault(&answer), (status, code.to_owned()), "{path}");
    }
    for query in [
        "traits?limit=0",
        "traits?limit=201",
        "traits?limit=ten",
        "traits?class=wish",
        "traits?verbose=yes",
        "traits?next=%21",
        "events?sort=up",
        "events?start=soon",
        "events?next=abc",
        "events?limit=101",
        "external_ids?next=abc",
        "links?limit=21",
    ] {
        let answer = get(&doors, &format!("{USERS}/user_id:ana/{query}")).await;
        assert_eq!(
            fault(&answer),
            (400, "invalid_request_error".into()),
            "{query}"
        );
    }
    let missing = get(&doors, &format!("{USERS}/user_id:no/traits"))
        .await
        .json();
    assert_eq!(missing["error"]["message"], "Profile was not found.");
}

#[tokio::test(flavor = "multi_thread")]
async fn traits_come_ten_at_a_time_with_segments_as_booleans() {
    let doors = with_ana().await;
    let path = format!("{USERS}/email:ana%40example.org/traits");
    let first = get(&doors, &path).await.good();
    assert_eq!(
        first["traits"].as_object().map(|traits| traits.len()),
        Some(10)
    );
    assert_eq!(first["cursor"]["has_more"], true);
    assert_eq!(first["cursor"]["limit"], 10);
    let next = first["cursor"]["next"].as_str().expect("a cursor");
    let url = first["cursor"]["url"].as_str().expect("an address");
    assert!(
        url.starts_with(&path) && url.ends_with(&format!("next={next}")),
        "{url}"
    );
    let second = get(&doors, url).await.good();
    assert_eq!(second["cursor"]["has_more"], false);
    assert_eq!(second["cursor"]["next"], "");
    let mut all = first["traits"].as_object().expect("traits").clone();
    all.extend(second["traits"].as_object().expect("traits").clone());
    assert_eq!(all.len(), 14);
    assert_eq!(
        (&all["buyers"], &all["dreamers"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(all["email"], "ana@example.org");
    let whole = get(&doors, &format!("{path}?limit=200")).await;
    assert!(String::from_utf8_lossy(&whole.body).contains("\"score\":1.50"));
}

#[tokio::test(flavor = "multi_thread")]
async fn traits_are_chosen_by_class_and_name_and_told_in_full() {
    let doors = with_ana().await;
    let traits = async |query: &str| {
        let path = format!("{USERS}/user_id:ana/traits?{query}");
        get(&doors, &path).await.good()["traits"].clone()
    };
    let audiences = json!({ "buyers": true, "dreamers": false });
    assert_eq!(traits("class=audience").await, audiences);
    assert_eq!(traits("class=computed_trait").await, json!({}));
    let chosen = json!({ "buyers": true, "t1": 1 });
    assert_eq!(traits("include=t1,buyers,no").await, chosen);
    let told = traits("include=t1,buyers&verbose=true").await;
    assert_eq!(told["t1"]["value"], 1);
    assert_eq!(told["t1"]["source_id"], "1");
    assert!(
        told["t1"]["updated_at"]
            .as_str()
            .is_some_and(|at| at.ends_with('Z'))
    );
    assert_eq!(told["buyers"]["value"], true);
    let account = get(&doors, &format!("{ACCOUNTS}/group_id:dairy%201/traits"))
        .await
        .good();
    assert_eq!(account["traits"], json!({ "name": "Dairy" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn external_ids_say_where_they_came_from() {
    let doors = with_ana().await;
    let path = format!("{USERS}/user_id:ana/external_ids");
    let ids = get(&doors, &path).await.good();
    let first = &ids["data"][0];
    let names: Vec<&String> = first.as_object().expect("an id").keys().collect();
    assert_eq!(names.len(), 7, "{names:?}");
    assert_eq!(first["collection"], "users");
    assert_eq!(first["encoding"], "none");
    assert_eq!(first["first_message_id"], "m-1");
    let kinds = |list: &Value| -> Vec<String> {
        let data = list["data"].as_array().expect("a list").iter();
        data.map(|id| id["type"].as_str().expect("a type").to_owned())
            .collect()
    };
    assert_eq!(kinds(&ids).len(), 3);
    let only = get(&doors, &format!("{path}?include=email,user_id"))
        .await
        .good();
    assert_eq!(kinds(&only).len(), 2);
    let page = get(&doors, &format!("{path}?limit=2")).await.good();
    let rest = get(&doors, page["cursor"]["url"].as_str().expect("an address"))
        .await
        .good();
    assert_eq!([kinds(&page), kinds(&rest)].concat(), kinds(&ids));
    assert_eq!(rest["cursor"]["has_more"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_fourteen_days_are_paged_in_both_directions() {
    let doors = with_ana().await;
    let path = format!("{USERS}/user_id:ana/events");
    let ids = |list: &Value| -> Vec<String> {
        let data = list["data"].as_array().expect("a list").iter();
        data.map(|event| event["message_id"].as_str().expect("an id").to_owned())
            .collect()
    };
    let every = async |query: &str| {
        let mut next = format!("{path}?limit=1{query}");
        let mut all = Vec::new();
        loop {
            let page = get(&doors, &next).await.good();
            all.extend(ids(&page));
            if page["cursor"]["has_more"] == false {
                return all;
            }
            next = page["cursor"]["url"]
                .as_str()
                .expect("an address")
                .to_owned();
        }
    };
    let newest = ids(&get(&doors, &path).await.good());
    assert_eq!(newest, ["m-5", "m-4", "m-3", "m-2"]);
    assert_eq!(every("").await, newest);
    assert_eq!(every("&sort=asc").await, ["m-2", "m-3", "m-4", "m-5"]);
    assert_eq!(
        every("&include=Order%20Completed,Home").await,
        ["m-4", "m-2"]
    );
    assert_eq!(
        every("&exclude=Order%20Completed,Home").await,
        ["m-5", "m-3"]
    );
    let middle = now(&doors).plus(-1_500 - 1_000).to_string();
    let behind = every(&format!("&start={middle}")).await;
    let before = every(&format!("&end={middle}&sort=asc")).await;
    assert_eq!(
        [before, {
            let mut behind = behind;
            behind.reverse();
            behind
        }]
        .concat()
        .len(),
        4
    );
    let page = get(&doors, &path).await.good();
    let order = &page["data"][3];
    assert_eq!(
        (&order["type"], &order["event"]),
        (&json!("track"), &json!("Order Completed"))
    );
    assert_eq!(order["external_ids"][0]["type"], "user_id");
    assert!(
        order["related"]["users"]
            .as_str()
            .is_some_and(|id| id.starts_with("prf_"))
    );
    assert_eq!(order["source_id"], "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_tells_the_first_and_the_last_that_was_heard() {
    let doors = with_ana().await;
    let answer = get(&doors, &format!("{USERS}/anonymous_id:v-1/metadata"))
        .await
        .good();
    let metadata = &answer["metadata"];
    assert_eq!(metadata["first_message_id"], "m-1");
    assert_eq!(metadata["last_message_id"], "m-5");
    assert_eq!(
        (&metadata["first_source_id"], &metadata["last_source_id"]),
        (&json!("1"), &json!("1"))
    );
    assert_eq!(metadata["expires_at"], Value::Null);
    assert!(metadata["created_at"].as_str() < metadata["updated_at"].as_str());
    let account = get(&doors, &format!("{ACCOUNTS}/group_id:dairy%201/metadata"))
        .await
        .good();
    assert!(account["metadata"]["created_at"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn links_lead_from_users_to_accounts_and_back_through_a_merge() {
    let doors = with_ana().await;
    let of_ana = get(&doors, &format!("{USERS}/user_id:ana/links"))
        .await
        .good();
    assert_eq!(of_ana["data"][0]["to_collection"], "accounts");
    assert_eq!(of_ana["data"][0]["external_ids"][0]["id"], "dairy 1");
    assert_eq!(of_ana["data"][0]["external_ids"][0]["type"], "group_id");
    let path = format!("{ACCOUNTS}/group_id:dairy%201/links");
    let users = |list: &Value| list["data"].as_array().expect("a list").len();
    let both = get(&doors, &path).await.good();
    assert_eq!(users(&both), 2);
    assert_eq!(both["data"][0]["to_collection"], "users");
    let one = get(&doors, &format!("{path}?limit=1")).await.good();
    let rest = get(&doors, one["cursor"]["url"].as_str().expect("an address"))
        .await
        .good();
    assert_eq!((users(&one), users(&rest)), (1, 1));
    assert_eq!(rest["cursor"]["has_more"], false);
    let merge = json!({ "left": "user_id:ana", "right": "user_id:bo" }).to_string();
    let merged = doors.post("/api/v1/profiles/merge", &merge).await.good();
    assert_eq!(users(&get(&doors, &path).await.good()), 1);
    let undo = format!(
        "/api/v1/merges/{}/undo",
        merged["id"].as_str().expect("an id")
    );
    doors.post(&undo, "").await.good();
    assert_eq!(users(&get(&doors, &path).await.good()), 2);
}
