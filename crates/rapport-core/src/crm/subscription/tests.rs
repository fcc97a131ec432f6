//! Subscriptions: what may be asked for, and what becomes of what happens.

use super::change::{self, APPS_MAX, SUBSCRIPTIONS_MAX};
use super::message::Told;
use super::*;
use crate::crm::history::{Door, Origin};
use crate::crm::property::Sensitivity;
use crate::crm::{Definitions, PropertyNo, RecordNo, Value};
use crate::outbox::{self, About};
use crate::position::Position;
use std::collections::BTreeSet;

const APP: AppNo = AppNo(7);

fn target(app: AppNo) -> Destination {
    Destination {
        key: app.key(),
        url: "https://app.example.org/hook".into(),
        secret: "s".into(),
        shape: Shape::HubSpot,
        segments: Vec::new(),
        concurrency: None,
        created: Millis(0),
        updated: Millis(0),
    }
}

fn draft(event: &str, object: &str, property: &str) -> Draft {
    let text = |text: &str| (!text.is_empty()).then(|| text.into());
    Draft {
        event: event.into(),
        object: text(object),
        property: text(property),
        active: true,
    }
}

fn make(all: &Subscriptions, draft: &Draft) -> Result<Subscription, Error> {
    let definitions = Definitions::standard();
    change::make(all, &definitions, &[target(APP)], APP, draft, Millis(5))
}

fn subscribed(drafts: &[Draft]) -> Subscriptions {
    let mut all = Subscriptions::default();
    for draft in drafts {
        let made = make(&all, draft).unwrap();
        all.put(made);
    }
    all
}

fn happened(object: TypeId, record: u64, index: u32, of: Of) -> Happened {
    Happened {
        object,
        record: RecordNo(record),
        place: Position::event(3, index),
        at: Millis(1_000),
        origin: Origin {
            door: Door::Tracking,
            id: "1".into(),
            ..Origin::default()
        },
        of,
    }
}

fn property(object: TypeId, name: &str) -> PropertyNo {
    let definitions = Definitions::standard();
    definitions.get(object).unwrap().property(name).unwrap().no
}

fn messages(all: &Subscriptions, happened: &[Happened]) -> Vec<crate::activate::Message> {
    message::messages(all, &Definitions::standard(), &[target(APP)], happened)
}

fn events(body: &str) -> Vec<serde_json::Value> {
    serde_json::from_str(body).unwrap()
}

#[test]
fn every_kind_is_read_as_it_is_spelled() {
    let definitions = Definitions::standard();
    for word in [
        "contact",
        "company",
        "deal",
        "ticket",
        "product",
        "line_item",
        "object",
    ] {
        for what in What::ALL {
            let spelled = format!("{word}.{}", what.word());
            let object = if word == "object" { "0-136" } else { "" };
            let read = change::kind(&definitions, &draft(&spelled, object, ""));
            match (word, what) {
                ("product", What::AssociationChange) => {
                    assert_eq!(read, Err(Error::UnknownEvent(spelled.into())));
                }
                _ => assert_eq!(read.unwrap().spelled(), spelled),
            }
        }
    }
}

#[test]
fn a_draft_that_could_tell_of_nothing_is_refused() {
    let none = Subscriptions::default();
    for (wanted, expected) in [
        (
            draft("contact.created", "", ""),
            Error::UnknownEvent("contact.created".into()),
        ),
        (draft("", "", ""), Error::UnknownEvent("".into())),
        (
            draft("lead.creation", "", ""),
            Error::UnknownEvent("lead.creation".into()),
        ),
        (
            draft("conversation.creation", "", ""),
            Error::NotHere("conversation.creation".into()),
        ),
        (
            draft("contact.privacyDeletion", "", ""),
            Error::NotHere("contact.privacyDeletion".into()),
        ),
        (draft("object.creation", "", ""), Error::NoObject),
        (
            draft("object.creation", "2-9", ""),
            Error::WrongObject("2-9".into()),
        ),
        (
            draft("deal.creation", "0-1", ""),
            Error::WrongObject("0-1".into()),
        ),
        (draft("deal.propertyChange", "", ""), Error::NoProperty),
        (
            draft("deal.propertyChange", "", "no_such"),
            Error::UnknownProperty("no_such".into()),
        ),
        (draft("deal.creation", "", "amount"), Error::PropertyTooMuch),
    ] {
        assert_eq!(make(&none, &wanted), Err(expected), "{wanted:?}");
    }
}

#[test]
fn an_app_without_a_target_subscribes_to_nothing() {
    let definitions = Definitions::standard();
    let wanted = draft("deal.creation", "", "");
    let elsewhere = [target(AppNo(8))];
    let none = Subscriptions::default();
    let made = change::make(&none, &definitions, &elsewhere, APP, &wanted, Millis(0));
    assert_eq!(made, Err(Error::NoTarget(APP)));
}

#[test]
fn the_same_is_subscribed_to_once_and_numbers_are_not_given_twice() {
    let mut all = subscribed(&[draft("deal.creation", "", "")]);
    let twice = make(&all, &draft("object.creation", "0-3", ""));
    assert_eq!(twice, Err(Error::Exists(SubscriptionNo(1))));
    all.remove(SubscriptionNo(1));
    let again = make(&all, &draft("deal.creation", "", "")).unwrap();
    assert_eq!(again.no, SubscriptionNo(2));
}

#[test]
fn an_app_has_no_more_than_so_many() {
    let mut all = Subscriptions::default();
    let template = make(&all, &draft("deal.creation", "", "")).unwrap();
    for no in 1..=SUBSCRIPTIONS_MAX as u64 {
        all.put(Subscription {
            no: SubscriptionNo(no),
            ..template.clone()
        });
    }
    let more = make(&all, &draft("deal.deletion", "", ""));
    assert_eq!(more, Err(Error::TooMany));
}

#[test]
fn no_more_than_so_many_apps_have_any() {
    let mut all = Subscriptions::default();
    let template = make(&all, &draft("deal.creation", "", "")).unwrap();
    let last = APPS_MAX as u64;
    for no in 1..=last {
        all.put(Subscription {
            no: SubscriptionNo(no),
            app: AppNo(1_000 + no),
            ..template.clone()
        });
    }
    let wanted = draft("deal.deletion", "", "");
    assert_eq!(make(&all, &wanted), Err(Error::TooManyApps));
    all.remove(SubscriptionNo(last));
    let made = make(&all, &wanted).unwrap();
    assert_eq!(made.no, SubscriptionNo(last + 1));
    all.put(made);
    let more = make(&all, &draft("deal.restore", "", ""));
    assert!(more.is_ok(), "an app that has some may have more: {more:?}");
}

#[test]
fn what_is_put_switched_and_removed_is_as_what_is_read() {
    let mut all = subscribed(&[
        draft("deal.creation", "", ""),
        draft("deal.propertyChange", "", "amount"),
        draft("deal.propertyChange", "", "dealname"),
    ]);
    let off = change::switch(&all, APP, SubscriptionNo(2), false, Millis(9)).unwrap();
    all.put(off.clone());
    all.remove(SubscriptionNo(1));
    all.remove(SubscriptionNo(1));
    let left = all.of_app(APP).cloned().collect();
    let read = Subscriptions::of_rows(left, all.last());
    assert_eq!(all, read);
    all.remove(SubscriptionNo(2));
    all.remove(SubscriptionNo(3));
    assert_eq!(all, Subscriptions::of_rows(Vec::new(), SubscriptionNo(3)));
}

#[test]
fn one_that_is_switched_off_is_silent() {
    let mut all = subscribed(&[draft("contact.creation", "", "")]);
    let created = [happened(TypeId::CONTACT, 1, 0, Of::Created)];
    assert_eq!(messages(&all, &created).len(), 1);
    let off = change::switch(&all, APP, SubscriptionNo(1), false, Millis(9)).unwrap();
    assert_eq!((off.active, off.updated), (false, Millis(9)));
    all.put(off);
    assert!(all.are_silent());
    assert!(messages(&all, &created).is_empty());
    let same = change::switch(&all, APP, SubscriptionNo(1), false, Millis(20)).unwrap();
    assert_eq!(same.updated, Millis(9), "nothing changed");
    let other = change::switch(&all, AppNo(8), SubscriptionNo(1), true, Millis(9));
    assert_eq!(other, Err(Error::NotFound(SubscriptionNo(1))));
}

#[test]
fn what_happens_to_one_record_is_told_in_one_message_in_order() {
    let all = subscribed(&[
        draft("deal.creation", "", ""),
        draft("deal.propertyChange", "", "amount"),
    ]);
    let amount = property(TypeId::DEAL, "amount");
    let changed = |value| Of::Changed {
        property: amount,
        value,
    };
    let told = messages(
        &all,
        &[
            happened(TypeId::DEAL, 1, 0, Of::Created),
            happened(TypeId::DEAL, 2, 0, Of::Created),
            happened(TypeId::DEAL, 1, 0, changed(Some(Value::Number(12.5)))),
            happened(TypeId::DEAL, 1, 1, changed(None)),
            happened(TypeId::TICKET, 1, 1, Of::Created),
        ],
    );
    let about: Vec<_> = told.iter().map(|one| one.about).collect();
    let record = |no| About::Record(TypeId::DEAL, RecordNo(no));
    assert_eq!(about, [record(1), record(2)]);
    let first = events(&told[0].body);
    assert_eq!(first.len(), 3);
    assert_eq!(told[0].events, 3);
    assert_eq!(first[0]["subscriptionType"], "deal.creation");
    assert_eq!(first[0]["changeFlag"], "CREATED");
    assert_eq!(first[1]["propertyName"], "amount");
    assert_eq!(first[1]["propertyValue"], "12.5");
    assert_eq!(first[1]["isSensitive"], false);
    assert_eq!(first[2]["propertyValue"], "", "it was cleared");
    for event in &first {
        assert_eq!(event["objectId"], 1);
        assert_eq!(event["appId"], 7);
        assert_eq!(event["portalId"], 1);
        assert_eq!(event["attemptNumber"], 0);
        assert_eq!(event["occurredAt"], 1_000);
        assert_eq!(event["changeSource"], "ANALYTICS");
        assert!(event["eventId"].as_u64().unwrap() < 1 << 53);
    }
    let ids: BTreeSet<_> = first.iter().map(|one| one["eventId"].as_u64()).collect();
    assert_eq!(ids.len(), 3);
}

#[test]
fn a_change_of_another_property_is_not_told() {
    let all = subscribed(&[draft("deal.propertyChange", "", "amount")]);
    let other = Of::Changed {
        property: property(TypeId::DEAL, "dealname"),
        value: None,
    };
    assert!(messages(&all, &[happened(TypeId::DEAL, 1, 0, other)]).is_empty());
}

#[test]
fn what_a_sensitive_value_can_be_read_off_is_told_without_its_value() {
    let names = ["amount", "hs_projected_amount", "dealname"];
    let all = subscribed(&names.map(|name| draft("deal.propertyChange", "", name)));
    let mut definitions = Definitions::standard();
    let amount = property(TypeId::DEAL, "amount");
    let deals = definitions.types.get_mut(&TypeId::DEAL).unwrap();
    let secret = deals.properties.get_mut(&amount).unwrap();
    secret.sensitivity = Sensitivity::HighlySensitive;
    let changed = names.map(|name| {
        let of = Of::Changed {
            property: property(TypeId::DEAL, name),
            value: Some(Value::Number(4.0)),
        };
        happened(TypeId::DEAL, 1, 0, of)
    });
    let told = message::messages(&all, &definitions, &[target(APP)], &changed);
    let told = events(&told[0].body);
    let is_shown = |one: &serde_json::Value| !one["propertyValue"].is_null();
    assert_eq!(
        told.iter().map(is_shown).collect::<Vec<_>>(),
        [false, false, true]
    );
    let said = told.iter().map(|one| &one["isSensitive"]);
    assert_eq!(said.collect::<Vec<_>>(), [true, true, false]);
}

#[test]
fn what_a_message_tells_of_is_read_off_it() {
    let drafts = [
        draft("deal.propertyChange", "", "amount"),
        draft("object.creation", "deals", ""),
    ];
    let all = subscribed(&drafts);
    let amount = Of::Changed {
        property: property(TypeId::DEAL, "amount"),
        value: None,
    };
    let all_of = [Of::Created, amount].map(|of| happened(TypeId::DEAL, 1, 0, of));
    let told = message::told(&messages(&all, &all_of)[0].body).unwrap();
    let by = |no| Told::by(all.get(APP, SubscriptionNo(no)).unwrap());
    assert_eq!(told, [by(2), by(1)]);
    assert_eq!(message::told("[{}]"), None);
}

#[test]
fn an_app_whose_target_is_gone_is_told_nothing() {
    let all = subscribed(&[draft("deal.creation", "", "")]);
    let created = [happened(TypeId::DEAL, 1, 0, Of::Created)];
    let told = message::messages(&all, &Definitions::standard(), &[], &created);
    assert!(told.is_empty());
}

#[test]
fn merges_and_links_name_both_records() {
    let all = subscribed(&[
        draft("contact.merge", "", ""),
        draft("contact.associationChange", "", ""),
    ]);
    let merged = Of::Merged {
        absorbed: RecordNo(9),
    };
    let linked = Of::Linked {
        to: TypeId::COMPANY,
        other: RecordNo(4),
        kind: 279,
        removed: true,
    };
    let moved = Of::Changed {
        property: property(TypeId::CONTACT, "firstname"),
        value: None,
    };
    let told = messages(
        &all,
        &[
            happened(TypeId::CONTACT, 1, 0, merged),
            happened(TypeId::CONTACT, 1, 0, moved),
            happened(TypeId::CONTACT, 1, 0, linked),
        ],
    );
    let told = events(&told[0].body);
    assert_eq!(told[0]["primaryObjectId"], 1);
    assert_eq!(told[0]["mergedObjectIds"], serde_json::json!([9]));
    assert_eq!(told[0]["numberOfPropertiesMoved"], 1);
    assert_eq!(told[1]["associationType"], "CONTACT_TO_COMPANY");
    assert_eq!(
        (&told[1]["fromObjectId"], &told[1]["toObjectId"]),
        (&1.into(), &4.into())
    );
    assert_eq!(told[1]["associationRemoved"], true);
    assert_eq!(told[1]["isPrimaryAssociation"], false);
}

#[test]
fn many_events_of_one_record_are_several_messages() {
    let all = subscribed(&[draft("deal.propertyChange", "", "amount")]);
    let amount = property(TypeId::DEAL, "amount");
    let changed = |n: u32| Of::Changed {
        property: amount,
        value: Some(Value::Number(f64::from(n))),
    };
    let many: Vec<_> = (0..250)
        .map(|n| happened(TypeId::DEAL, 1, n, changed(n)))
        .collect();
    let told = messages(&all, &many);
    let sizes: Vec<_> = told.iter().map(|one| events(&one.body).len()).collect();
    assert_eq!(sizes, [100, 100, 50]);
    let keys: BTreeSet<_> = told.iter().map(|one| &one.key).collect();
    assert_eq!(keys.len(), 3);
    assert_eq!(told, messages(&all, &many), "a second fold says the same");
}

#[test]
fn what_is_sent_together_says_how_often_each_was_tried() {
    let all = subscribed(&[draft("deal.creation", "", "")]);
    let created = |no| happened(TypeId::DEAL, no, 0, Of::Created);
    let told = messages(&all, &[created(1), created(2)]);
    let stored = |told: &crate::activate::Message, attempts| outbox::Message {
        number: 1,
        destination: told.destination.clone(),
        about: told.about,
        key: told.key.clone(),
        body: told.body.clone(),
        events: told.events,
        attempts,
        next_at: Millis(0),
        created: Millis(0),
        last_error: String::new(),
    };
    let [first, second] = [stored(&told[0], 0), stored(&told[1], 3)];
    let both = message::parcel([&first, &second].into_iter());
    let attempts: Vec<_> = events(&both.body)
        .iter()
        .map(|one| one["attemptNumber"].clone())
        .collect();
    assert_eq!(attempts, [0, 3]);
    let alone = message::parcel(std::iter::once(&first));
    assert_eq!((&alone.key, &alone.body), (&first.key, &first.body));
    assert_ne!(both.key, alone.key);
}

#[test]
fn an_app_is_a_number_that_every_client_keeps() {
    assert_eq!(AppNo::parse("7"), Some(APP));
    for text in ["", "0", "-1", "+1", "01", "1.0", "x", "9007199254740992"] {
        assert_eq!(AppNo::parse(text), None, "{text}");
    }
    assert_eq!(AppNo::of(&target(APP)), Some(APP));
    let segments = Destination {
        shape: Shape::Track,
        ..target(APP)
    };
    assert_eq!(AppNo::of(&segments), None);
}
