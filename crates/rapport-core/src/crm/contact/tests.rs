//! Profiles as contacts, and contacts as profiles.

use super::*;
use crate::crm::definitions::Definitions;
use crate::crm::history::Origin;
use crate::crm::record::Record;
use crate::crm::write;
use crate::crm::{RecordNo, TypeId};
use crate::identity::policy::Policy;
use crate::identity::{Identifier, Link, ProfileNo, Trust};
use crate::position::Position;
use crate::profile::attributes::Writing;
use crate::time::Millis;

const NOW: Millis = Millis(1_700_000_000_000);

fn contacts() -> ObjectType {
    Definitions::standard()
        .get(TypeId::CONTACT)
        .unwrap()
        .clone()
}

fn profile(identifiers: &[(IdKind, &str)], attributes: &[(&str, &str)]) -> Profile {
    let mut profile = Profile::born(ProfileNo(7), Position::event(1, 0), NOW);
    for (kind, value) in identifiers {
        profile.links.push(Link {
            identifier: Identifier::new(kind.clone(), *value),
            cause: Position::event(1, 0),
            source: None,
            since: NOW,
            trust: Trust::Confirmed,
        });
    }
    let writing = Writing::by_member(&Policy::default(), NOW, "1");
    for (name, raw) in attributes {
        profile.attributes.write(name, raw, &writing);
    }
    profile
}

fn shown(profile: &Profile, name: &str) -> Option<String> {
    let object = contacts();
    let no = object.property(name).unwrap().no;
    project(&object, profile).get(&no).map(Value::spelled)
}

fn check(profile: &Profile, expected: &[(&str, Option<&str>)]) {
    for (name, value) in expected {
        assert_eq!(shown(profile, name).as_deref(), *value, "{name}");
    }
}

#[test]
fn an_identify_in_segments_words_shows_in_the_crms() {
    let address = r#"{"street": "Storgatan 1", "city": "Lund", "postalCode": "222 22"}"#;
    let profile = profile(
        &[(IdKind::UserId, "ada"), (IdKind::Email, "ada@example.org")],
        &[
            ("firstName", r#""Ada""#),
            ("lastName", r#""Ström""#),
            ("title", r#""CTO""#),
            ("address", address),
            ("company", r#"{"name": "Lund Dairy", "industry": "Food"}"#),
            ("lifecyclestage", r#""lead""#),
            ("hubspotscore", "42.50"),
            ("hs_email_optout", "true"),
        ],
    );
    check(
        &profile,
        &[
            ("email", Some("ada@example.org")),
            ("hs_email_domain", Some("example.org")),
            ("rapport_user_id", Some("ada")),
            ("firstname", Some("Ada")),
            ("lastname", Some("Ström")),
            ("jobtitle", Some("CTO")),
            ("address", Some("Storgatan 1")),
            ("city", Some("Lund")),
            ("zip", Some("222 22")),
            ("company", Some("Lund Dairy")),
            ("industry", Some("Food")),
            ("lifecyclestage", Some("lead")),
            ("hubspotscore", Some("42.5")),
            ("hs_email_optout", Some("true")),
            ("phone", None),
        ],
    );
    assert!(is_contact(&profile));
}

#[test]
fn an_attribute_that_is_no_value_of_its_property_shows_nothing() {
    let profile = profile(
        &[],
        &[
            ("lifecyclestage", r#""unheard of""#),
            ("hubspotscore", r#""many""#),
            ("city", r#"["Lund", "Malmö"]"#),
            ("state", "null"),
            ("firstName", r#""  ""#),
            ("country", r#"{"code": "SE"}"#),
            ("hs_buying_role", r#"["CHAMPION", "BLOCKER", ["x"]]"#),
        ],
    );
    check(
        &profile,
        &[
            ("lifecyclestage", None),
            ("hubspotscore", None),
            ("city", Some("Lund;Malmö")),
            ("state", None),
            ("firstname", None),
            ("country", None),
            ("hs_buying_role", Some("CHAMPION;BLOCKER")),
            ("email", None),
        ],
    );
    assert!(!is_contact(&profile));
}

#[test]
fn the_address_that_was_said_last_comes_first_and_the_others_behind_it() {
    let addresses = [
        (IdKind::Email, "a@example.org"),
        (IdKind::Email, "b@example.org"),
        (IdKind::Email, "c@example.org"),
        (IdKind::Phone, "+46701234567"),
    ];
    let unsaid = profile(&addresses, &[]);
    check(
        &unsaid,
        &[
            ("email", Some("a@example.org")),
            ("hs_additional_emails", Some("b@example.org;c@example.org")),
            ("phone", Some("+46701234567")),
        ],
    );
    let said = [
        ("email", r#""B@Example.org""#),
        ("phone", r#""070-123 45 67""#),
    ];
    check(
        &profile(&addresses, &said),
        &[
            ("email", Some("b@example.org")),
            ("hs_additional_emails", Some("a@example.org;c@example.org")),
            ("phone", Some("070-123 45 67")),
        ],
    );
    // An address the profile has not got (any more) is no contact's.
    let gone = profile(&addresses[..1], &[("email", r#""x@example.org""#)]);
    check(&gone, &[("email", Some("a@example.org"))]);
}

#[test]
fn writing_a_contact_says_attributes_and_identifiers() {
    let object = contacts();
    let mut before = Record::new(RecordNo(7), NOW);
    let said = |pairs: &[(&str, &str)]| {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        pairs.collect()
    };
    let first = said(&[("email", "ada@example.org"), ("firstname", "Ada")]);
    let change = write::create(&object, &first, NOW, &Origin::default()).unwrap();
    change.apply(&mut before);
    let second = said(&[
        ("email", "ada@example.com"),
        ("firstname", ""),
        ("hubspotscore", "5.0"),
        ("hs_buying_role", "CHAMPION;BLOCKER"),
        ("hs_email_optout", "true"),
        ("hubspot_owner_id", "3"),
        ("lifecyclestage", "lead"),
    ]);
    let change = write::update(&object, &before, &second, NOW, &Origin::default()).unwrap();
    let says = says(&object, Some(&before), &change);
    let attribute = |name: &str| {
        let found = says.iter().find_map(|said| match said {
            Said::Attribute { name: known, json } if &**known == name => Some(&**json),
            _ => None,
        });
        found.map(str::to_owned)
    };
    assert_eq!(attribute("firstName").as_deref(), Some("null"));
    assert_eq!(attribute("hubspotscore").as_deref(), Some("5"));
    assert_eq!(
        attribute("hs_buying_role").as_deref(),
        Some(r#"["CHAMPION","BLOCKER"]"#)
    );
    assert_eq!(attribute("hs_email_optout").as_deref(), Some("true"));
    assert_eq!(attribute("email").as_deref(), Some(r#""ada@example.com""#));
    assert_eq!(attribute("hubspot_owner_id"), None);
    assert_eq!(attribute("hs_lifecyclestage_lead_date"), None);
    let identifier = Said::Identifier {
        kind: IdKind::Email,
        old: Some("ada@example.org".into()),
        new: Some("ada@example.com".into()),
    };
    assert!(says.contains(&identifier), "{says:?}");
    let kept = kept(&object, &change);
    let names: Vec<&str> = kept
        .values
        .keys()
        .map(|no| &*object.properties[no].name)
        .collect();
    assert!(names.contains(&"hubspot_owner_id"), "{names:?}");
    assert!(names.contains(&"hs_lifecyclestage_lead_date"), "{names:?}");
    assert!(!names.contains(&"lifecyclestage"), "{names:?}");
}

#[test]
fn what_is_written_to_a_contact_is_what_it_shows_afterwards() {
    let object = contacts();
    let skipped = [EMAIL, PHONE];
    for property in object.in_use().filter(|one| one.is_writable()) {
        if property.fact.is_some() || skipped.contains(&&*property.name) {
            continue;
        }
        let text = match property.choices.first() {
            Some(choice) => choice.value.to_string(),
            None => "true".to_owned(),
        };
        let texts = [text, "2024-02-29".to_owned(), "17.25".to_owned()];
        let value = texts
            .iter()
            .find_map(|text| Value::parse(property, text).ok().flatten());
        let value = value.unwrap_or_else(|| panic!("{}", property.name));
        let change = Change {
            values: [(property.no, Some(value.clone()))].into(),
        };
        let mut profile = profile(&[], &[]);
        let writing = Writing::by_member(&Policy::default(), NOW, "1");
        for said in says(&object, None, &change) {
            if let Said::Attribute { name, json } = said {
                assert!(profile.attributes.write(&name, &json, &writing), "{name}");
            }
        }
        let shown = project(&object, &profile);
        assert_eq!(shown.get(&property.no), Some(&value), "{}", property.name);
    }
}

#[test]
fn a_projection_moves_only_what_comes_of_the_profile() {
    let object = contacts();
    let before = project(&object, &profile(&[], &[("city", r#""Lund""#)]));
    let after = project(&object, &profile(&[], &[("city", r#""Malmö""#)]));
    let change = difference(&object, &before, &after);
    let city = object.property("city").unwrap().no;
    assert_eq!(change.values.len(), 1);
    assert_eq!(change.values[&city], Some(Value::Text("Malmö".into())));
    let mut with_notes = before.clone();
    let notes = object.property("num_associated_deals").unwrap().no;
    with_notes.insert(notes, Value::Number(3.0));
    assert!(difference(&object, &with_notes, &before).is_empty());
}
