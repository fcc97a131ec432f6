//! Schemas within bounds, and hostile ones.

use super::*;
use crate::plan::Compiled;
use serde_json::json;
use std::time::{Duration, Instant};

/// Whether the schema is taken; where it is not, this is part of why.
#[track_caller]
fn refused(schema: &Value, why: &str) {
    let start = Instant::now();
    let plan = json!({ "events": { "Order Completed": schema } }).to_string();
    let plan = serde_json::from_str(&plan).expect("a plan");
    let wrong = Compiled::new(plan).expect_err("it is hostile");
    assert!(wrong.contains("Order Completed"), "{wrong}");
    assert!(wrong.contains(why), "{wrong}");
    assert!(start.elapsed() < Duration::from_secs(5), "{why}");
}

#[test]
fn an_ordinary_schema_with_references_is_within_bounds() {
    let schema = json!({
        "$id": "https://example.org/order",
        "$defs": {
            "money": { "type": "number", "minimum": 0 },
            "line": { "properties": { "price": { "$ref": "#/$defs/money" }, "id": { "type": "string" } } },
        },
        "properties": {
            "revenue": { "$ref": "#/$defs/money" },
            "lines": { "items": { "$ref": "#/$defs/line" } },
            "$ref": { "type": "string" },
            "currency": { "enum": ["EUR", { "$ref": "no reference" }] },
        },
    });
    check(&schema).expect("within bounds");
    let plan = json!({ "events": { "E": schema } }).to_string();
    Compiled::new(serde_json::from_str(&plan).expect("a plan")).expect("schemas");
}

#[test]
fn references_that_double_at_each_step_are_refused() {
    let mut defs = Map::new();
    for no in 0..40 {
        let next = json!({ "$ref": format!("#/$defs/d{}", no + 1) });
        defs.insert(format!("d{no}"), json!({ "allOf": [next, next] }));
    }
    defs.insert("d40".to_owned(), json!({ "type": "object" }));
    let schema = json!({ "$defs": defs, "$ref": "#/$defs/d0" });
    refused(&schema, "deep");
    let mut defs = Map::new();
    for no in 0..14 {
        let next = json!({ "$ref": format!("#/$defs/d{}", no + 1) });
        defs.insert(format!("d{no}"), json!({ "anyOf": [next, next] }));
    }
    defs.insert("d14".to_owned(), json!({ "type": "object" }));
    let schema = json!({ "$defs": defs, "$ref": "#/$defs/d0" });
    refused(&schema, "5000 values");
}

#[test]
fn references_in_a_circle_are_refused() {
    refused(&json!({ "$ref": "#" }), "leads back to itself");
    refused(
        &json!({ "allOf": [{ "$ref": "#" }] }),
        "leads back to itself",
    );
    let tree = json!({ "items": { "anyOf": [{ "$ref": "#" }, { "$ref": "#" }] } });
    refused(&tree, "leads back to itself");
    let circle = json!({
        "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "not": { "$ref": "#/$defs/a" } } },
        "properties": { "x": { "$ref": "#/$defs/a" } },
    });
    refused(&circle, "leads back to itself");
}

#[test]
fn references_that_the_plan_cannot_follow_are_refused() {
    refused(&json!({ "$ref": "#/$defs/none" }), "leads nowhere");
    refused(
        &json!({ "$ref": "https://example.org/s.json" }),
        "begins with `#/`",
    );
    refused(&json!({ "$ref": "file:///etc/passwd" }), "begins with `#/`");
    refused(
        &json!({ "$ref": "https://json-schema.org/draft/2020-12/schema" }),
        "begins with",
    );
    refused(&json!({ "$dynamicRef": "#a" }), "`$dynamicRef`");
    refused(&json!({ "items": { "$anchor": "a" } }), "`$anchor`");
    refused(
        &json!({ "items": { "$id": "https://example.org/" } }),
        "`$id`",
    );
}

#[test]
fn what_is_too_large_too_deep_or_full_of_patterns_is_refused() {
    let many: Vec<Value> = (0..6_000).map(Value::from).collect();
    refused(&json!({ "enum": many }), "5000 values");
    let mut deep = json!({});
    for _ in 0..70 {
        deep = json!({ "not": deep });
    }
    refused(&deep, "64 deep");
    let patterns: Map<String, Value> = (0..60)
        .map(|no| (format!("p{no}"), json!({ "pattern": "\\w{100}" })))
        .collect();
    refused(&json!({ "properties": patterns }), "50 patterns");
    let mut nested = json!({});
    for _ in 0..20 {
        nested = json!({ "allOf": [nested], "unevaluatedProperties": false });
    }
    refused(&nested, "unevaluated");
    refused(&json!({ "pattern": "(\\w{100}){100}" }), "regex");
    refused(&json!({ "format": "regex" }), "regex");
}

#[test]
fn json_deeper_than_the_parser_goes_is_refused() {
    let deep = format!("{}{{}}{}", "{\"not\":".repeat(10_000), "}".repeat(10_000));
    let plan = format!("{{\"events\": {{\"E\": {deep}}}}}");
    match serde_json::from_str::<rapport_core::plan::Plan>(&plan) {
        Err(_) => {}
        Ok(plan) => {
            let wrong = Compiled::new(plan).expect_err("too deep");
            assert!(wrong.contains('E'), "{wrong}");
        }
    }
}
