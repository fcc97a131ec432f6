//! The identifiers that hide in traits and context, for the dialects' parsers.

use crate::identity::{IdKind, Identifier};
use crate::profile::reserved::{member, members};

/// The most external ids that are read from one event.
pub const EXTERNAL_IDS_MAX: usize = 50;

/// E-mail and phone of a person's traits (a JSON object), as sent.
#[must_use]
pub fn of_traits(traits: &str) -> Vec<Identifier> {
    let mut found = Vec::new();
    if !traits.contains("email") && !traits.contains("phone") {
        return found;
    }
    for (name, value) in members(traits) {
        let kind = match &*name {
            "email" => IdKind::Email,
            "phone" => IdKind::Phone,
            _ => continue,
        };
        found.extend(scalar(value).map(|value| Identifier::new(kind, value)));
    }
    found
}

/// Device id and external ids of a context (a JSON object), as sent: `device.id`, and
/// `externalIds: [{"id", "type", "collection", "encoding"}]` of people in plain text. Dots and
/// dashes in a type become `_` (`ios.idfa` is the kind `ios_idfa`).
#[must_use]
pub fn of_context(context: &str) -> Vec<Identifier> {
    let mut found = Vec::new();
    let device = member(context, "device")
        .and_then(|device| member(device, "id"))
        .and_then(scalar);
    found.extend(device.map(|id| Identifier::new(IdKind::DeviceId, id)));
    let list = member(context, "externalIds").unwrap_or("[]");
    let list: Vec<&serde_json::value::RawValue> = serde_json::from_str(list).unwrap_or_default();
    let external = list
        .iter()
        .take(EXTERNAL_IDS_MAX)
        .filter_map(|item| external_id(item.get()));
    found.extend(external);
    found
}

fn external_id(item: &str) -> Option<Identifier> {
    let text = |name| member(item, name).and_then(scalar);
    let of_people = text("collection").is_none_or(|collection| collection == "users");
    let plain = text("encoding").is_none_or(|encoding| encoding == "none");
    if !of_people || !plain {
        return None;
    }
    let word = text("type")?
        .to_ascii_lowercase()
        .replace(['.', '-', ' '], "_");
    Some(Identifier::new(IdKind::from_word(&word)?, text("id")?))
}

/// A text, or a number as it is written.
fn scalar(raw: &str) -> Option<String> {
    match raw.as_bytes().first()? {
        b'"' => serde_json::from_str(raw).ok(),
        b'0'..=b'9' => Some(raw.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(found: Vec<Identifier>) -> Vec<String> {
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn email_and_phone_are_found_in_traits() {
        let traits = r#"{"email": "Ana@example.org", "plan": "gold", "phone": 4670123456}"#;
        assert_eq!(
            spelled(of_traits(traits)),
            ["email:Ana@example.org", "phone:4670123456"]
        );
        for nothing in [
            "{}",
            r#"{"email": null, "phone": {}}"#,
            r#"{"e-mail": "a@b.cd"}"#,
            "[]",
        ] {
            assert_eq!(of_traits(nothing), [], "{nothing}");
        }
    }

    #[test]
    fn device_and_external_ids_are_found_in_a_context() {
        let context = r#"{"device": {"id": "D1", "type": "ios"}, "externalIds": [
            {"id": "77", "type": "loyalty_card", "collection": "users", "encoding": "none"},
            {"id": "I-1", "type": "ios.idfa"},
            {"id": "acme", "type": "group_id", "collection": "accounts"},
            {"id": "0af3", "type": "email", "encoding": "sha256"},
            {"type": "no id"}, 7]}"#;
        let expected = ["device_id:D1", "loyalty_card:77", "ios_idfa:I-1"];
        assert_eq!(spelled(of_context(context)), expected);
    }
}
