//! One spelling per identifier: tables, and that normalising is idempotent.

use super::*;
use proptest::prelude::*;

fn check_with(policy: &Policy, sent: &str, expected: Result<&str, Why>) {
    let (word, value) = sent.split_once(':').expect("kind:value");
    let identifier = Identifier::new(IdKind::from_word(word).expect("a kind"), value);
    let normal = normalise(policy, &identifier);
    let normal = normal
        .as_ref()
        .map(|one| &*one.value)
        .map_err(|blocked| blocked.why);
    assert_eq!(normal, expected, "{sent:?}");
}

fn check(sent: &str, expected: Result<&str, Why>) {
    check_with(&Policy::default(), sent, expected);
}

fn policy(json: &str) -> Policy {
    serde_json::from_str(json).expect("a policy")
}

#[test]
fn white_space_around_a_value_means_nothing() {
    check("user_id:  u-1\n", Ok("u-1"));
    check("user_id:Ana Lind", Ok("Ana Lind"));
    check("user_id:U-1", Ok("U-1"));
}

#[test]
fn values_that_name_nobody_are_blocked_in_every_kind() {
    for value in [
        "null",
        "NULL",
        "undefined",
        "None",
        "nil",
        "NaN",
        "0",
        "-1",
        "-",
        "---",
        "0.0",
        "''",
        "00000000-0000-0000-0000-000000000000",
        "anonymous",
        "Guest",
        "unknown",
        "test",
        "[object Object]",
        "{}",
        "not set",
        "000",
    ] {
        for kind in [
            "user_id",
            "anonymous_id",
            "device_id",
            "loyalty_card",
            "email",
            "phone",
        ] {
            check(&format!("{kind}:{value}"), Err(Why::BlockedValue));
        }
    }
}

#[test]
fn values_that_only_resemble_blocked_ones_pass() {
    for value in ["1", "10", "nullify", "test-77", "0a", "anonymous-7", "-12"] {
        check(&format!("user_id:{value}"), Ok(value));
    }
}

#[test]
fn empty_oversized_and_control_characters_are_no_identifiers() {
    check("user_id: \t ", Err(Why::Empty));
    check(
        &format!("user_id:{}", "é".repeat(256)),
        Ok(&"é".repeat(256)),
    );
    check(&format!("user_id:{}x", "é".repeat(256)), Err(Why::TooLong));
    check("user_id:a\0b", Err(Why::Malformed));
    check("user_id:a\u{85}b", Err(Why::Malformed));
}

#[test]
fn emails_are_lowered_and_checked() {
    check("email: Ana.Lind@Example.ORG ", Ok("ana.lind@example.org"));
    check("email:ana+shop@example.org", Ok("ana+shop@example.org"));
    check(
        "email:o'neill@mail.example.co.uk",
        Ok("o'neill@mail.example.co.uk"),
    );
    check(
        "email:ana@xn--bcher-kva.example",
        Ok("ana@xn--bcher-kva.example"),
    );
    check("email:TEST@test.com", Err(Why::BlockedValue));
    for malformed in [
        "ana",
        "ana@",
        "@example.org",
        "ana@localhost",
        "ana@example..org",
        "a b@example.org",
        "ana@-example.org",
        "ana@exam_ple.org",
        "änna@example.org",
        "ana@bücher.example",
        "<ana@example.org>",
        "ana@b@example.org",
        "ana,bo@example.org",
        "ana@example.org.",
    ] {
        check(&format!("email:{malformed}"), Err(Why::Malformed));
    }
    check(
        &format!("email:{}@example.org", "a".repeat(65)),
        Err(Why::Malformed),
    );
}

#[test]
fn a_policy_decides_on_case_plus_tags_and_gmail_dots() {
    let policy =
        policy(r#"{"email": {"lower_case": false, "strip_plus_tag": true, "gmail_dots": true}}"#);
    check_with(&policy, "email:Ana+shop@Example.org", Ok("Ana@example.org"));
    check_with(&policy, "email:a.n.a@googlemail.com", Ok("ana@gmail.com"));
    check_with(&policy, "email:a.n.a@example.org", Ok("a.n.a@example.org"));
    check_with(&policy, "email:+shop@example.org", Err(Why::Malformed));
}

#[test]
fn phones_become_e164() {
    for spelling in [
        "+46701234567",
        "+46 70-123 45 67",
        "0046 70 123 45 67",
        "+46 (0)70 123.45.67",
        "tel:+46701234567",
        "+46/70/1234567",
        " +46\u{a0}70\u{a0}1234567 ",
    ] {
        check(&format!("phone:{spelling}"), Ok("+46701234567"));
    }
    for malformed in [
        "070 123 45 67",
        "+4670",
        "+1234567890123456",
        "+46 70 CALL ME",
        "46+701234567",
        "+0701234567",
        "+11111111111",
        "++46701234567",
    ] {
        check(&format!("phone:{malformed}"), Err(Why::Malformed));
    }
}

#[test]
fn a_national_number_needs_a_default_country_code() {
    let policy = policy(r#"{"phone": {"default_country_code": "46"}}"#);
    check_with(&policy, "phone:070-123 45 67", Ok("+46701234567"));
    check_with(&policy, "phone:+44 20 7946 0958", Ok("+442079460958"));
    check_with(&policy, "phone:0044 20 7946 0958", Ok("+442079460958"));
}

#[test]
fn a_policy_can_block_values_of_one_kind() {
    let policy = policy(r#"{"kinds": {"user_id": {"blocked": ["demo"]}}, "blocked": []}"#);
    check_with(&policy, "user_id:DEMO", Err(Why::BlockedValue));
    check_with(&policy, "anonymous_id:demo", Ok("demo"));
    check_with(&policy, "user_id:null", Ok("null"));
    check_with(&policy, "user_id:0", Err(Why::BlockedValue));
}

proptest! {
    #[test]
    fn normalising_twice_changes_nothing(
        word in prop::sample::select(vec!["user_id", "email", "phone", "device_id", "card"]),
        value in prop_oneof![
            "\\PC{0,40}",
            "[A-Za-z.+]{1,10}@[A-Za-z]{1,8}\\.(com|ORG)",
            "[+0-9() .-]{0,20}",
            "(a\\.){0,3}[a-z]\\+?[a-z]{0,3}@(gmail|googlemail)\\.com",
        ],
        json in prop::sample::select(vec![
            "{}",
            r#"{"email": {"strip_plus_tag": true, "gmail_dots": true}}"#,
            r#"{"phone": {"default_country_code": "46"}}"#,
        ]),
    ) {
        let policy = policy(json);
        let kind = IdKind::from_word(word).expect("a kind");
        if let Ok(once) = normalise(&policy, &Identifier::new(kind, value)) {
            prop_assert_eq!(normalise(&policy, &once), Ok(once.clone()));
            prop_assert!(!once.value.is_empty() && once.value.len() <= VALUE_BYTES_MAX);
        }
    }
}
