//! Fields that are masked or hidden: what follows from them, and what is said of them.

use super::asked;
use super::world::{CALCULATED, HIDDEN, MASKED, NUMBER, OPEN, TYPES, World};
use axum::http::Method;
use rapport_core::crm::TypeId;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn field_level_bypass_what_follows_from_a_masked_field_is_masked() {
    let world = World::make().await;
    let mia = world.who("mia");
    for (name, object) in TYPES {
        let search = format!("/crm/v3/objects/{name}/search");
        for field in [MASKED, NUMBER, CALCULATED] {
            for spelled in [field.to_owned(), field.to_uppercase(), format!(" {field} ")] {
                let filter = json!({ "propertyName": spelled, "operator": "HAS_PROPERTY" });
                for body in [
                    json!({ "filterGroups": [{ "filters": [filter] }] }),
                    json!({ "sorts": [{ "propertyName": spelled, "direction": "DESCENDING" }] }),
                ] {
                    let answer = asked(&world, mia, Method::POST, &search, body).await;
                    assert_eq!(answer.status.as_u16(), 403, "{name} {spelled:?}");
                }
            }
            let native = format!("/api/v1/records/{name}");
            for query in [
                format!("?sort={field}"),
                format!("?filter={field}:has"),
                format!("?filter=%20{field}%20:has"),
                format!("/board?by={field}"),
            ] {
                let path = format!("{native}{query}");
                let answer = asked(&world, mia, Method::GET, &path, Value::Null).await;
                assert_eq!(answer.status.as_u16(), 403, "{path}");
            }
        }
        // What is hidden is not there: nothing is said of it that is not said of any word.
        let told = async |field: &str| {
            let mut told = Vec::new();
            let record = world.records[&(object, "olga")];
            let filter = json!({ "propertyName": field, "operator": "HAS_PROPERTY" });
            for (method, path, body) in [
                (Method::POST, search.clone(), json!({ "sorts": [field] })),
                (Method::POST, search.clone(), json!({ "filters": [filter] })),
                (
                    Method::GET,
                    format!("/api/v1/records/{name}?sort={field}"),
                    Value::Null,
                ),
                (
                    Method::GET,
                    format!("/api/v1/records/{name}/board?by={field}"),
                    Value::Null,
                ),
                (
                    Method::GET,
                    format!("/api/v1/records/{name}/board?by=hubspot_owner_id&sum={field}"),
                    Value::Null,
                ),
                (
                    Method::GET,
                    format!("/crm/v3/properties/{name}/{field}"),
                    Value::Null,
                ),
                (
                    Method::DELETE,
                    format!("/crm/v3/properties/{name}/{field}"),
                    Value::Null,
                ),
                (
                    Method::PATCH,
                    format!("/crm/v3/objects/{name}/{record}"),
                    json!({ "properties": { field: "x" } }),
                ),
            ] {
                let answer = asked(&world, mia, method, &path, body).await;
                let text = String::from_utf8_lossy(&answer.body).replace(field, "?");
                let start = text.find("correlationId").unwrap_or(text.len());
                let text = format!("{} {}", answer.status.as_u16(), &text[..start]);
                told.push(text);
            }
            told
        };
        let hidden = told(HIDDEN).await;
        for (hidden, nothing) in hidden.iter().zip(told("nothing_of_the_kind").await) {
            assert_eq!(*hidden, nothing, "{name}");
        }
        let properties = format!("/crm/v3/properties/{name}");
        let properties = asked(&world, mia, Method::GET, &properties, Value::Null).await;
        assert!(
            !String::from_utf8_lossy(&properties.body).contains(HIDDEN),
            "{name}"
        );
    }
    let contact = world.records[&(TypeId::CONTACT, "olga")];
    let email = "?idProperty=email";
    for path in [
        format!("/crm/v3/objects/contacts/{contact}@example.org{email}"),
        format!("/crm/v3/objects/contacts/nobody@example.org{email}"),
    ] {
        let answer = asked(&world, mia, Method::GET, &path, Value::Null).await;
        assert_eq!(answer.status.as_u16(), 403, "{path}");
    }
    let path = format!(
        "/crm/v3/objects/contacts/{contact}?properties=hs_email_domain,{CALCULATED},{OPEN}"
    );
    let read = asked(&world, mia, Method::GET, &path, Value::Null)
        .await
        .good();
    for field in ["hs_email_domain", CALCULATED] {
        assert_eq!(read["properties"][field], "********", "{field}");
    }
    assert!(
        read["properties"][OPEN]
            .as_str()
            .is_some_and(|text| text.starts_with("kanari"))
    );
    let note = world.records[&(TypeId::NOTE, "olga")];
    let path = format!("/crm/v3/objects/notes/{note}?properties=hs_body_preview");
    let read = asked(&world, mia, Method::GET, &path, Value::Null)
        .await
        .good();
    assert_eq!(read["properties"]["hs_body_preview"], "********");
    // A sum over what is seen only in part tells of the rest.
    let olga = world.who("olga");
    let company = world.records[&(TypeId::COMPANY, "olga")];
    let path = format!("/crm/v3/objects/companies/{company}?properties=num_associated_deals");
    let read = asked(&world, olga, Method::GET, &path, Value::Null)
        .await
        .good();
    assert_eq!(read["properties"]["num_associated_deals"], "********");
}
