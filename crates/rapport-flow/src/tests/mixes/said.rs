//! What the people of a mixed world say: items of all types, good and bad, and rules about them.

pub(in crate::tests) mod members;
pub(in crate::tests) mod posthog;

use super::dice::Dice;
use rapport_core::decide::{Exposure, Slot, slot};
use rapport_core::entry::Command;
use rapport_core::event::SourceNo;
use rapport_core::identity::policy::Policy;
use rapport_core::identity::{IdKind, Identifier};
use rapport_core::time::{DAY_MS, HOUR_MS, Millis, SECOND_MS};
use serde_json::{Value, json};

pub(in crate::tests) const SEGMENTS: [&str; 4] = ["s1", "s2", "s3", "s4"];
pub(in crate::tests) const TRAITS: [&str; 2] = ["t1", "t2"];
pub(in crate::tests) const LISTS: [&str; 2] = ["l1", "l2"];
const USERS: [&str; 4] = ["u1", "u2", "u3", "u4"];
const VISITORS: [&str; 5] = ["a1", "a2", "a3", "a4", "a5"];
const EMAILS: [&str; 3] = ["ana@example.org", "ana+x@example.org", "bo@example.org"];
const NAMES: [&str; 3] = ["Milk Bought", "Cheese Seen", "Cart Left"];

/// One item of a batch.
pub(in crate::tests) fn item(dice: &mut Dice, now: Millis) -> String {
    let kind = dice.of(&[
        "track", "track", "track", "identify", "identify", "page", "group", "alias", "bad",
    ]);
    let mut item = json!({ "type": kind, "messageId": format!("m{}", dice.below(400)) });
    if dice.one_in(2) {
        item["anonymousId"] = json!(dice.of(&VISITORS));
    }
    if item.get("anonymousId").is_none() || dice.one_in(3) {
        item["userId"] = json!(dice.of(&USERS));
    }
    if dice.one_in(4) {
        let late_ms = dice.of(&[SECOND_MS, HOUR_MS, 9 * HOUR_MS, 9 * DAY_MS, -HOUR_MS]);
        item["timestamp"] = json!(now.plus(-late_ms + dice.below(2_000) as i64).to_string());
    }
    about(dice, kind, &mut item);
    item.to_string()
}

/// One item of a delivery.
pub(in crate::tests) fn delivered(dice: &mut Dice) -> String {
    let mut item = json!({ "id": dice.below(60), "who": dice.of(&USERS) });
    if dice.one_in(4) {
        item["who"] = Value::Null;
    }
    if dice.one_in(5) {
        item["noise"] = json!(true);
    }
    item.to_string()
}

fn about(dice: &mut Dice, kind: &str, item: &mut Value) {
    match kind {
        "track" => {
            item["event"] = json!(dice.of(&NAMES));
            item["properties"] =
                json!({ "price": dice.below(4), "kind": dice.of(&["goat", "cow"]) });
            if dice.one_in(6) {
                item["event"] = json!("Order Completed");
                item["properties"]["order_id"] = json!(dice.below(12));
                item["properties"]["products"] = json!([{ "price": 2 }, { "price": 3 }]);
            }
        }
        "identify" => {
            item["traits"] = json!({ "plan": dice.of(&["free", "gold"]), "age": dice.below(3) });
            if dice.one_in(2) {
                item["traits"]["email"] = json!(dice.of(&EMAILS));
            }
        }
        "page" => item["name"] = json!("Home"),
        "group" => {
            item["groupId"] = json!(dice.of(&["dairy", "farm"]));
            item["traits"] = json!({ "size": dice.below(3) });
        }
        "alias" => {
            item["userId"] = json!(dice.of(&USERS));
            item["previousId"] = json!(match dice.one_in(2) {
                true => dice.of(&USERS),
                false => dice.of(&VISITORS),
            });
        }
        _ => {
            item["type"] = json!(dice.of(&["track", "identify", "nonsense"]));
            item["userId"] = dice.of(&[0, 1]).into();
            item["event"] = Value::Null;
        }
    }
}

/// An identifier that somebody may have.
pub(in crate::tests) fn identifier(dice: &mut Dice) -> Identifier {
    match dice.below(3) {
        0 => Identifier::new(IdKind::UserId, dice.of(&USERS)),
        1 => Identifier::new(IdKind::Email, dice.of(&EMAILS)),
        _ => Identifier::new(IdKind::AnonymousId, dice.of(&VISITORS)),
    }
}

/// Policies that people change to.
const POLICIES: [&str; 5] = [
    "{}",
    r#"{"kinds": {"email": {"limit": 1}, "anonymous_id": {"limit": 2}}}"#,
    r#"{"kinds": {"email": {"priority": 2000}}, "identifiers_max": 4}"#,
    r#"{"kinds": {"anonymous_id": {"blocked": ["a5"]}}, "attributes_max": 2}"#,
    r#"{"email": {"strip_plus_tag": true}, "attribute_stand_days": 1}"#,
];

/// A policy.
pub(in crate::tests) fn policy(dice: &mut Dice) -> Policy {
    serde_json::from_str(dice.of(&POLICIES)).expect("a policy")
}

/// A tracking plan that much of what is said violates, or none.
pub(in crate::tests) fn plan(dice: &mut Dice) -> Command {
    let spelled = dice.of(&[
        r#"{"on_violation": "omit", "events": {
            "Milk Bought": {"properties": {"price": {"maximum": 2}, "kind": {"enum": ["cow"]}}},
            "$identify": {"properties": {"plan": {"const": "gold"}}}}}"#,
        r#"{"on_unplanned": "flag", "events": {"Milk Bought": {"required": ["litres"]}}}"#,
        r#"{"on_violation": "block", "on_unplanned": "block", "events": {
            "Milk Bought": {"properties": {"price": {"maximum": 1}}}, "Cart Left": true,
            "$page": false}}"#,
    ]);
    let plan = (!dice.one_in(4)).then(|| serde_json::from_str(spelled).expect("a plan"));
    Command::PutPlan {
        source: SourceNo(1),
        plan,
    }
}

/// What browsers are told, changed.
pub(in crate::tests) fn decision(dice: &mut Dice) -> Command {
    let segment: Box<str> = dice.of(&SEGMENTS).into();
    match dice.below(4) {
        0 => {
            let mut exposure = Exposure::default();
            exposure.public.segments.insert(segment);
            Command::PutExposure(exposure)
        }
        1 => Command::DeleteSlot { key: "hero".into() },
        2 => Command::PutSigning {
            source: SourceNo(1),
            secret: dice.one_in(2).then(|| "secret".to_owned()),
        },
        _ => Command::PutSlot(Slot {
            key: "hero".into(),
            name: "Hero".into(),
            rules: vec![slot::Rule {
                segment,
                content: "1".into(),
            }],
            default: "2".into(),
        }),
    }
}

/// The key of a segment, or of a list now and then.
pub(in crate::tests) fn segment(dice: &mut Dice) -> &'static str {
    match dice.one_in(3) {
        true => dice.of(&LISTS),
        false => dice.of(&SEGMENTS),
    }
}

/// A rule, in text.
pub(in crate::tests) fn rule(dice: &mut Dice) -> String {
    match dice.below(5) {
        0 => format!("{} and {}", condition(dice), condition(dice)),
        1 => format!("{} or {}", condition(dice), condition(dice)),
        2 => format!("not ({})", condition(dice)),
        _ => condition(dice),
    }
}

/// A computed trait, put or changed.
pub(in crate::tests) fn computed(dice: &mut Dice) -> Command {
    let (key, name) = (dice.of(&TRAITS).to_owned(), dice.of(&NAMES));
    let window = dice.of(&["", " within 40 seconds", " within 3 hours", " today"]);
    let computed = match dice.below(4) {
        0 => format!("count of \"{name}\"{window}"),
        1 => format!("sum of price of \"{name}\"{window}"),
        2 => format!("max of price of \"{name}\" where kind = \"goat\"{window}"),
        _ => format!("unique count of kind of \"{name}\"{window}"),
    };
    Command::PutTrait {
        name: key.clone(),
        computed,
        key,
    }
}

fn condition(dice: &mut Dice) -> String {
    let name = dice.of(&NAMES);
    let window = dice.of(&[
        "",
        " within 40 seconds",
        " within 20 minutes",
        " within 3 hours",
    ]);
    let filter = dice.of(&["", " where price > 1", " where kind = \"goat\""]);
    let other = dice.of(&NAMES);
    match dice.below(18) {
        16 => format!("trait {} > {}", dice.of(&TRAITS), dice.below(3)),
        17 => format!("for 10 minutes trait {} > 1", dice.of(&TRAITS)),
        7 => format!("did \"{name}\" with sum of price >= 2{window}"),
        8 => format!("did \"{name}\" with distinct count of kind >= 2 since last \"{other}\""),
        9 => format!("sequence \"{name}\" then \"{other}\" where kind = previous.kind{window}"),
        10 => format!("sequence \"{name}\" then within 20 minutes not \"{other}\""),
        11 => {
            format!("for 10 minutes (did \"{name}\"{filter}{window} or attribute plan = \"gold\")")
        }
        12 => format!("did \"{name}\"{filter} for the first time{window}"),
        13 => format!("did \"{name}\"{filter} this day and random \"lot\" below 50 percent"),
        14 => format!("did \"{name}\" at least 2 times within 1 hour but not for 20 minutes"),
        15 => format!("did \"{name}\" in at least 2 of the last 3 periods of 20 minutes"),
        0 => format!("attribute plan = \"{}\"", dice.of(&["free", "gold"])),
        1 => format!("in segment \"{}\"", segment(dice)),
        2 => format!("not in segment \"{}\"", segment(dice)),
        3 => format!("did not \"{name}\"{filter}{window}"),
        4 => format!(
            "did \"{name}\"{filter} exactly {} times{window}",
            1 + dice.below(2)
        ),
        5 => format!(
            "did \"{name}\"{filter} at most {} times{window}",
            1 + dice.below(3)
        ),
        _ => format!(
            "did \"{name}\"{filter} at least {} times{window}",
            1 + dice.below(3)
        ),
    }
}
