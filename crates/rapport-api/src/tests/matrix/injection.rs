//! Names and values that would be more than that, were queries made of texts.

use super::world::{OPEN, World};
use super::{asked, dumped};
use axum::http::Method;
use rapport_flow::dump;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn injection_a_name_or_a_value_is_never_more_than_that() {
    let world = World::make().await;
    let ada = world.who("ada");
    let before = dumped(&world.doors).await;
    let words = [
        "'",
        "\"",
        "') or 1=1 --",
        "\" or \"\"=\"",
        "x; drop table records;--",
        "1 union select * from kv",
        "%00",
        "\\",
        "c0",
        "rowid",
        "* ",
        "a\u{0}b",
        "NEAR(",
        "hs_object_id) or (1",
    ];
    for word in words {
        let escaped: String = word.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let search = "/crm/v3/objects/deals/search";
        let filter = |name: &str, value: &str| {
            json!({ "filters": [
            { "propertyName": name, "operator": "EQ", "value": value }] })
        };
        let mut asks = vec![
            (Method::POST, search.to_owned(), filter(word, "x")),
            (Method::POST, search.to_owned(), filter(OPEN, word)),
            (Method::POST, search.to_owned(), json!({ "sorts": [word] })),
            (Method::POST, search.to_owned(), json!({ "query": word })),
            (Method::POST, search.to_owned(), json!({ "after": word })),
        ];
        for query in ["sort=", "filter=", "q=", "after=", "property=", "total="] {
            let path = format!("/api/v1/records/deals?{query}{escaped}");
            asks.push((Method::GET, path, Value::Null));
        }
        for path in [
            format!("/api/v1/records/deals/board?by={escaped}"),
            format!("/api/v1/records/deals/board?sum={escaped}"),
            format!("/api/v1/records/{escaped}"),
            format!("/crm/v3/objects/{escaped}"),
            format!("/crm/v3/objects/deals/{escaped}"),
        ] {
            asks.push((Method::GET, path, Value::Null));
        }
        for (method, path, body) in asks {
            let finds_by = body.get("filters").is_some() || path.contains("filter=");
            let answer = asked(&world, ada, method, &path, body).await;
            assert!(answer.status.as_u16() < 500, "{path} {word:?}");
            if finds_by && answer.status.is_success() {
                assert_eq!(answer.json()["results"], json!([]), "{path} {word:?}");
            }
        }
    }
    let difference = dump::difference(&before, &dumped(&world.doors).await);
    assert!(difference.is_empty(), "{difference:?}");
}
