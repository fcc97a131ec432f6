//! Plans and what they say of events.

use super::*;
use rapport_core::position::Position;
use rapport_core::time::Millis;

fn compiled(text: &str) -> Compiled {
    Compiled::new(serde_json::from_str(text).expect("a plan")).expect("schemas")
}

fn event(kind: Kind, name: &str, properties: &str) -> Event {
    let empty: Box<str> = "{}".into();
    let mut event = Event {
        position: Position::event(1, 0),
        received: Millis(1),
        original: None,
        sent: None,
        at: Millis(1),
        source: SourceNo(1),
        key_kind: rapport_core::event::KeyKind::Server,
        kind,
        name: name.into(),
        message_id: "m".into(),
        identifiers: Vec::new(),
        previous: None,
        group: None,
        traits: empty.clone(),
        properties: empty.clone(),
        context: empty.clone(),
        extra: empty,
    };
    *looked_at_mut(&mut event) = properties.into();
    event
}

/// How it is judged, what of it is left, and which fields are named with what is wrong.
#[track_caller]
fn check(plan: &str, event: &mut Event, expected: (&str, &[(&str, &str)])) {
    let (word, violations) = match compiled(plan).judge(event) {
        Verdict::AsPlanned => ("as planned", Vec::new()),
        Verdict::Flagged(violations) => ("flagged", violations),
        Verdict::Trimmed(_, violations) => ("trimmed", violations),
        Verdict::Blocked(violations) => ("blocked", violations),
    };
    let fields: Vec<(&str, &str)> = violations
        .iter()
        .map(|violation| (&*violation.field, &*violation.kind))
        .collect();
    assert_eq!((word, fields.as_slice()), expected);
}

const ORDER: &str = r#""events": {"Order Completed": {
    "type": "object", "required": ["order_id"], "additionalProperties": false,
    "properties": {
        "order_id": {"type": "string"},
        "revenue": {"type": "number", "minimum": 0},
        "coupon": {"type": "string", "pattern": "^(a+)+$"},
        "products": {"type": "array", "items": {"type": "object", "properties": {"price": {"type": "number"}}}}
    }}}"#;

#[test]
fn an_event_as_planned_passes_untouched() {
    let plan = format!(r#"{{"on_violation": "block", "on_unplanned": "block", {ORDER}}}"#);
    let raw = r#"{"order_id": "o1", "revenue": 12.50}"#;
    let mut order = event(Kind::Track, "Order Completed", raw);
    check(&plan, &mut order, ("as planned", &[]));
    assert_eq!(&*order.properties, raw);
}

#[test]
fn each_action_does_what_it_says() {
    let raw = r#"{"order_id": "o1", "revenue": "12.50", "note": 1}"#;
    let wrong: &[(&str, &str)] = &[("note", "additional_property"), ("revenue", "type")];
    for (action, word, left) in [
        ("flag", "flagged", raw),
        ("block", "blocked", raw),
        ("omit", "trimmed", r#"{"order_id":"o1"}"#),
    ] {
        let plan = format!(r#"{{"on_violation": "{action}", {ORDER}}}"#);
        let mut order = event(Kind::Track, "Order Completed", raw);
        let mut found = match compiled(&plan).judge(&mut order) {
            Verdict::Flagged(found) if word == "flagged" => found,
            Verdict::Blocked(found) if word == "blocked" => found,
            Verdict::Trimmed(_, found) if word == "trimmed" => found,
            other => panic!("{action}: {other:?}"),
        };
        found.sort();
        let fields: Vec<(&str, &str)> = found.iter().map(|v| (&*v.field, &*v.kind)).collect();
        assert_eq!(fields, wrong);
        assert_eq!(&*order.properties, left);
    }
}

#[test]
fn what_is_required_cannot_be_left_out() {
    let plan = format!(r#"{{"on_violation": "omit", {ORDER}}}"#);
    let mut order = event(Kind::Track, "Order Completed", r#"{"revenue": 1}"#);
    check(&plan, &mut order, ("flagged", &[("order_id", "required")]));
}

#[test]
fn fields_inside_lists_are_left_out_one_by_one() {
    let plan = format!(r#"{{"on_violation": "omit", {ORDER}}}"#);
    let raw = r#"{"order_id":"o","products":[{"price":1},{"price":"x","sku":"a"}]}"#;
    let mut order = event(Kind::Track, "Order Completed", raw);
    check(
        &plan,
        &mut order,
        ("trimmed", &[("products.1.price", "type")]),
    );
    assert_eq!(
        &*order.properties,
        r#"{"order_id":"o","products":[{"price":1},{"sku":"a"}]}"#
    );
}

#[test]
fn unplanned_events_are_allowed_flagged_or_blocked() {
    let unplanned: &[(&str, &str)] = &[("", "unplanned_event")];
    for (action, expected) in [
        ("allow", ("as planned", &[][..])),
        ("flag", ("flagged", unplanned)),
        ("block", ("blocked", unplanned)),
    ] {
        let plan = format!(r#"{{"on_unplanned": "{action}"}}"#);
        check(&plan, &mut event(Kind::Track, "Waved", "{}"), expected);
        check(
            &plan,
            &mut event(Kind::Identify, "", "{}"),
            ("as planned", &[]),
        );
    }
}

#[test]
fn calls_without_a_name_have_a_schema_by_their_type() {
    let plan = r#"{"on_violation": "block", "events": {"$identify": {"required": ["email"]}}}"#;
    let wrong: &[(&str, &str)] = &[("email", "required")];
    check(
        plan,
        &mut event(Kind::Identify, "", "{}"),
        ("blocked", wrong),
    );
    check(
        plan,
        &mut event(Kind::Identify, "", r#"{"email": "a@b.c"}"#),
        ("as planned", &[]),
    );
}

#[test]
fn a_schema_that_is_none_or_leads_outside_is_refused() {
    for schema in [
        r#"{"type": "strange"}"#,
        r#"{"$ref": "https://schemas.example.org/order.json"}"#,
        r#"{"$ref": "file:///etc/passwd"}"#,
        r#"{"pattern": "("}"#,
        r#"{"pattern": "(?=a)b"}"#,
    ] {
        let plan = format!(r#"{{"events": {{"Order Completed": {schema}}}}}"#);
        let plan = serde_json::from_str(&plan).expect("a plan");
        let wrong = Compiled::new(plan).expect_err(schema);
        assert!(wrong.contains("Order Completed"), "{wrong}");
    }
}

#[test]
fn a_pattern_made_to_backtrack_takes_no_time() {
    let plan = format!(r#"{{"on_violation": "block", {ORDER}}}"#);
    let coupon = format!(
        r#"{{"order_id": "o", "coupon": "{}!"}}"#,
        "a".repeat(20_000)
    );
    let mut order = event(Kind::Track, "Order Completed", &coupon);
    check(&plan, &mut order, ("blocked", &[("coupon", "pattern")]));
}

#[test]
fn what_is_told_does_not_repeat_the_value() {
    let plan = format!(r#"{{{ORDER}}}"#);
    let mut order = event(
        Kind::Track,
        "Order Completed",
        r#"{"order_id": "o", "revenue": "4111-1111"}"#,
    );
    let Verdict::Flagged(violations) = compiled(&plan).judge(&mut order) else {
        panic!("it is not as planned");
    };
    assert!(
        !violations[0].description.contains("4111"),
        "{violations:?}"
    );
}
