//! The same people in PostHog's dialect: what it alone can say is among it.

use super::{Dice, NAMES, USERS, VISITORS};
use rapport_core::time::{HOUR_MS, Millis};
use serde_json::json;

/// One item of a batch.
pub(in crate::tests) fn item(dice: &mut Dice, now: Millis) -> String {
    let event = dice.of(&[
        "$identify",
        "$create_alias",
        "$groupidentify",
        "$set",
        "",
        "",
    ]);
    let distinct = match dice.one_in(2) {
        true => dice.of(&USERS),
        false => dice.of(&VISITORS),
    };
    let mut properties =
        json!({ "price": dice.below(4), "$is_identified": USERS.contains(&distinct) });
    match event {
        "$identify" => properties["$anon_distinct_id"] = json!(dice.of(&VISITORS)),
        "$create_alias" => properties["alias"] = json!(dice.of(&VISITORS)),
        "$groupidentify" => {
            properties["$group_key"] = json!(dice.of(&["dairy", "farm"]));
            properties["$group_set"] = json!({ "size": dice.below(3) });
        }
        _ => {}
    }
    if dice.one_in(2) {
        properties["$set"] = json!({ "plan": dice.of(&["free", "gold"]) });
    }
    if dice.one_in(2) {
        properties["$set_once"] = json!({ "age": dice.below(3) });
    }
    // A company that is described names nobody.
    let nobody = event == "$groupidentify" && dice.one_in(2);
    let late_ms = dice.of(&[0, HOUR_MS, -HOUR_MS]);
    json!({
        "event": if event.is_empty() { dice.of(&NAMES) } else { event },
        "distinct_id": if nobody { "" } else { distinct },
        "properties": properties,
        "timestamp": now.plus(-late_ms).to_string(),
        "uuid": format!("p{}", dice.below(200)),
    })
    .to_string()
}
