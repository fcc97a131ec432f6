//! Tracking plans, and events that are held against them.

use crate::targets::request;
use rapport_core::event::dialect::{self, NoMaps};
use rapport_core::event::{Call, Dialect, Event, Validated};
use rapport_core::plan::Plan;
use rapport_flow::plan::Compiled;

/// Plans as they should be, and hostile ones.
pub(crate) const PLANS: &[&[u8]] = &[
    br##"{"name":"Shop","on_violation":"omit","on_unplanned":"flag","events":{"Milk Bought":{"type":"object","required":["price"],"additionalProperties":false,"properties":{"price":{"type":"number","minimum":0},"tags":{"type":"array","items":{"$ref":"#/$defs/tag"}}},"$defs":{"tag":{"type":"string","pattern":"^(a+)+$"}}},"$identify":{"properties":{"email":{"format":"email"}}}}}"##,
    br##"{"on_violation":"block","events":{"Milk Bought":{"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/b"},{"$ref":"#/$defs/b"}]},"b":{"unevaluatedProperties":{"not":{"enum":[1,"x",null]}}}},"$ref":"#/$defs/a","dependentSchemas":{"price":{"uniqueItems":true}}}}}"##,
    br##"{"events":{"$page":{"allOf":[{"$ref":"#"}],"patternProperties":{"^p":{"multipleOf":0.01}}},"Cart Left":{"$dynamicRef":"#x","if":true,"then":false}}}"##,
];

/// What batches of the corpus hold, and one event of it.
const BATCH: &[u8] = br#"{"batch":[{"type":"track","userId":"u1","event":"Milk Bought","messageId":"m1","properties":{"price":"1.5","tags":["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!",2],"deep":{"x":[{"y":null}]}}},{"type":"identify","userId":"u1","traits":{"email":"ana"}},{"type":"page","anonymousId":"a1","name":"Home"}]}"#;

/// Reads a plan, and holds events against it where it is one.
pub(crate) fn plan(input: &[u8]) {
    let Ok(plan) = serde_json::from_slice::<Plan>(input) else {
        return;
    };
    match Compiled::new(plan) {
        Ok(compiled) => events(BATCH)
            .iter()
            .for_each(|event| judged(&compiled, event)),
        Err(wrong) => assert!(!wrong.is_empty()),
    }
}

/// Holds the events of a body against the first plan.
pub(crate) fn event(input: &[u8]) {
    let plan = serde_json::from_slice::<Plan>(PLANS[0]).map(Compiled::new);
    if let Ok(Ok(compiled)) = plan {
        events(input)
            .iter()
            .for_each(|event| judged(&compiled, event));
    }
}

fn events(body: &[u8]) -> Vec<Event> {
    let items = dialect::validate(&request(Dialect::Segment, Call::Batch, body), &NoMaps);
    let event = |item| match item {
        Validated::Event(event) => Some(*event),
        _ => None,
    };
    items.into_iter().filter_map(event).collect()
}

fn judged(plan: &Compiled, event: &Event) {
    let [mut once, mut again] = [event.clone(), event.clone()];
    let said = format!("{:?}", plan.judge(&mut once));
    assert_eq!(
        said,
        format!("{:?}", plan.judge(&mut again)),
        "one event has one verdict"
    );
    assert_eq!(once, again);
    let kept: Result<serde_json::Value, _> = serde_json::from_str(&once.properties);
    let sent: Result<serde_json::Value, _> = serde_json::from_str(&event.properties);
    assert_eq!(kept.is_ok(), sent.is_ok(), "what is left is JSON as before");
}
