//! Defaults, and policies that cannot be used.

use super::*;

fn policy(json: &str) -> Policy {
    serde_json::from_str(json).expect("a policy")
}

#[test]
fn an_empty_policy_is_the_default_one() {
    assert_eq!(policy("{}"), Policy::default());
    assert_eq!(Policy::default().validate(), Ok(()));
}

#[test]
fn limits_have_the_documented_defaults() {
    let policy = Policy::default();
    for (word, limit) in [
        ("user_id", 1),
        ("email", 5),
        ("phone", 5),
        ("device_id", 20),
        ("anonymous_id", 100),
        ("loyalty_card", 5),
    ] {
        let kind = IdKind::from_word(word).expect("a kind");
        assert_eq!(policy.limit(&kind), limit, "{word}");
    }
}

#[test]
fn a_kind_keeps_what_its_rule_leaves_out() {
    let policy = policy(r#"{"kinds": {"phone": {"limit": 2}}}"#);
    assert_eq!(policy.limit(&IdKind::Phone), 2);
    assert_eq!(policy.priority(&IdKind::Phone), 100);
    assert_eq!(policy.limit(&IdKind::DeviceId), 20);
}

#[test]
fn a_policy_that_cannot_be_used_is_refused() {
    for (json, expected) in [
        (r#"{"kinds": {"E-Mail": {}}}"#, "is no identifier kind"),
        (r#"{"kinds": {"email": {"limit": 0}}}"#, "kinds.email.limit"),
        (
            r#"{"phone": {"default_country_code": "+44"}}"#,
            "is no country code",
        ),
        (r#"{"shared": {"user_ids": 1}}"#, "shared.user_ids"),
    ] {
        let error = policy(json).validate().expect_err(json).to_string();
        assert!(error.contains(expected), "{json}: {error}");
    }
}

#[test]
fn a_misspelt_field_is_an_error() {
    assert!(serde_json::from_str::<Policy>(r#"{"blockd": []}"#).is_err());
}
