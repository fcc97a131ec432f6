//! What inputs make of records, and what is refused.

use super::*;
use crate::crm::definitions::Definitions;
use crate::crm::history::{self, Door};
use crate::crm::pipeline::Stage;
use crate::crm::{TypeId, property::Property};
use proptest::prelude::*;

const NOW: Millis = Millis(1_700_000_000_000);
const LATER: Millis = Millis(1_700_000_100_000);

fn properties(pairs: &[(&str, &str)]) -> BTreeMap<Box<str>, Box<str>> {
    let pairs = pairs
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()));
    pairs.collect()
}

fn object(id: TypeId) -> ObjectType {
    Definitions::standard().get(id).unwrap().clone()
}

fn origin() -> Origin {
    Origin {
        door: Door::Console,
        id: "7".into(),
        label: "Ada".into(),
        member: Some(7),
    }
}

/// A new record of these values.
fn made(object: &ObjectType, pairs: &[(&str, &str)]) -> Record {
    let mut record = Record::new(RecordNo(1), NOW);
    let change = create(object, &properties(pairs), NOW, &origin()).unwrap();
    change.apply(&mut record);
    record
}

fn changed(object: &ObjectType, record: &mut Record, pairs: &[(&str, &str)]) -> Change {
    let change = update(object, record, &properties(pairs), LATER, &origin()).unwrap();
    change.apply(record);
    change
}

fn spelled(object: &ObjectType, record: &Record, name: &str) -> Option<String> {
    record.named(object, name).map(|value| value.spelled())
}

fn check(object: &ObjectType, record: &Record, expected: &[(&str, Option<&str>)]) {
    for (name, value) in expected {
        assert!(object.property(name).is_some(), "{name}");
        assert_eq!(spelled(object, record, name).as_deref(), *value, "{name}");
    }
}

#[test]
fn a_new_deal_stands_at_the_beginning_of_the_first_pipeline() {
    let deals = object(TypeId::DEAL);
    let deal = made(
        &deals,
        &[("dealname", "Cheese for Lund"), ("amount", "1200.50")],
    );
    check(
        &deals,
        &deal,
        &[
            ("pipeline", Some("default")),
            ("dealstage", Some("appointmentscheduled")),
            ("hs_deal_stage_probability", Some("0.2")),
            ("hs_is_closed", Some("false")),
            ("hs_is_closed_won", Some("false")),
            ("amount", Some("1200.5")),
            ("closedate", None),
            ("createdate", Some("2023-11-14T22:13:20.000Z")),
            (
                "hs_date_entered_current_stage",
                Some("2023-11-14T22:13:20.000Z"),
            ),
            ("hs_object_source", Some("CRM_UI")),
            ("hs_created_by_user_id", Some("7")),
        ],
    );
}

#[test]
fn a_deal_that_is_won_closes_now_and_one_that_goes_on_again_is_open() {
    let deals = object(TypeId::DEAL);
    let mut deal = made(&deals, &[("dealname", "A")]);
    changed(&deals, &mut deal, &[("dealstage", "closedwon")]);
    let later = Some("2023-11-14T22:15:00.000Z");
    check(
        &deals,
        &deal,
        &[
            ("hs_is_closed", Some("true")),
            ("hs_is_closed_won", Some("true")),
            ("hs_is_closed_lost", Some("false")),
            ("hs_deal_stage_probability", Some("1")),
            ("closedate", later),
            ("hs_closed_won_date", later),
            ("hs_date_entered_current_stage", later),
        ],
    );
    changed(&deals, &mut deal, &[("dealstage", "contractsent")]);
    check(
        &deals,
        &deal,
        &[
            ("hs_is_closed", Some("false")),
            ("hs_closed_won_date", None),
            ("closedate", later),
        ],
    );
}

#[test]
fn a_close_date_that_is_given_stands() {
    let deals = object(TypeId::DEAL);
    let day = "2023-01-02";
    let given = [
        ("dealname", "A"),
        ("dealstage", "closedlost"),
        ("closedate", day),
    ];
    let deal = made(&deals, &given);
    check(
        &deals,
        &deal,
        &[
            ("closedate", Some("2023-01-02T00:00:00.000Z")),
            ("hs_is_closed_lost", Some("true")),
            ("hs_is_closed_won", Some("false")),
        ],
    );
}

#[test]
fn a_ticket_that_is_closed_has_a_close_date_until_it_is_opened_again() {
    let tickets = object(TypeId::TICKET);
    let mut ticket = made(
        &tickets,
        &[("subject", "No cheese"), ("hs_pipeline_stage", "4")],
    );
    check(&tickets, &ticket, &[("hs_is_closed", Some("true"))]);
    assert!(ticket.named(&tickets, "closed_date").is_some());
    changed(&tickets, &mut ticket, &[("hs_pipeline_stage", "1")]);
    check(
        &tickets,
        &ticket,
        &[("hs_is_closed", Some("false")), ("closed_date", None)],
    );
}

#[test]
fn a_change_holds_only_what_is_another_way_and_history_has_both_values() {
    let deals = object(TypeId::DEAL);
    let mut deal = made(&deals, &[("dealname", "A"), ("amount", "5")]);
    let before = deal.values.clone();
    let nothing = changed(&deals, &mut deal, &[("dealname", "A"), ("amount", "5.00")]);
    assert!(nothing.is_empty(), "{nothing:?}");
    let change = changed(&deals, &mut deal, &[("dealname", "B"), ("amount", "")]);
    let rows = history::rows(&before, &change, LATER, &origin());
    let row = |name: &str| {
        let no = deals.property(name).unwrap().no;
        let row = rows.iter().find(|row| row.property == no).unwrap();
        (row.old.as_deref(), row.new.as_deref(), row.origin.member)
    };
    assert_eq!(row("dealname"), (Some("A"), Some("B"), Some(7)));
    assert_eq!(row("amount"), (Some("5"), None, Some(7)));
    assert_eq!(rows.len(), 2);
}

#[test]
fn choices_are_added_to_those_there_are_by_a_semicolon_in_front() {
    let tickets = object(TypeId::TICKET);
    let category = "hs_ticket_category";
    let mut ticket = made(
        &tickets,
        &[("subject", "A"), (category, "BILLING_ISSUE; PRODUCT_ISSUE")],
    );
    let both = Some("BILLING_ISSUE;PRODUCT_ISSUE");
    check(&tickets, &ticket, &[(category, both)]);
    changed(
        &tickets,
        &mut ticket,
        &[(category, ";FEATURE_REQUEST;BILLING_ISSUE")],
    );
    let all = Some("BILLING_ISSUE;PRODUCT_ISSUE;FEATURE_REQUEST");
    check(&tickets, &ticket, &[(category, all)]);
    changed(&tickets, &mut ticket, &[(category, "FEATURE_REQUEST")]);
    check(&tickets, &ticket, &[(category, Some("FEATURE_REQUEST"))]);
}

#[test]
fn what_cannot_be_taken_is_refused_with_its_property() {
    let deals = object(TypeId::DEAL);
    let long = "x".repeat(70_000);
    for (name, value, code) in [
        ("no_such", "1", "PROPERTY_DOESNT_EXIST"),
        ("amount", "12 EUR", "INVALID_NUMBER"),
        ("amount", "NaN", "INVALID_NUMBER"),
        ("amount", "inf", "INVALID_NUMBER"),
        ("amount", "1e999", "INVALID_NUMBER"),
        ("closedate", "soon", "INVALID_DATE"),
        ("closedate", "99999999999999999", "INVALID_DATE"),
        ("dealtype", "Newbusiness", "INVALID_OPTION"),
        ("hs_is_closed", "true", "READ_ONLY_VALUE"),
        ("hs_projected_amount", "1", "READ_ONLY_VALUE"),
        ("hs_object_id", "1", "READ_ONLY_VALUE"),
        ("hs_lastmodifieddate", "1", "READ_ONLY_VALUE"),
        ("hubspot_owner_id", "Ada", "INVALID_VALUE"),
        ("description", &long, "VALUE_TOO_LONG"),
        ("description", "a\0b", "INVALID_VALUE"),
        ("pipeline", "other", "INVALID_PIPELINE"),
        ("dealstage", "other", "INVALID_PIPELINE_STAGE"),
    ] {
        let input = properties(&[(name, value)]);
        let refused = create(&deals, &input, NOW, &origin()).unwrap_err();
        assert_eq!(refused.code(), code, "{name}: {refused}");
        assert_eq!(refused.property(), Some(name), "{refused}");
        assert!(refused.to_string().len() < 1_000, "{name}");
    }
}

#[test]
fn a_stage_of_another_pipeline_is_refused_unless_the_record_moves_there() {
    let mut deals = object(TypeId::DEAL);
    let mut other = deals.pipelines["default"].clone();
    other.id = "renewals".into();
    other.display_order = 1;
    for stage in &mut other.stages {
        stage.id = format!("renewal_{}", stage.id).into();
    }
    deals.pipelines.insert(other.id.clone(), other);
    let by_stage = made(
        &deals,
        &[("dealname", "A"), ("dealstage", "renewal_contractsent")],
    );
    check(&deals, &by_stage, &[("pipeline", Some("renewals"))]);
    let mut deal = made(&deals, &[("dealname", "A")]);
    let moves =
        |pairs: &[(&str, &str)]| update(&deals, &deal, &properties(pairs), LATER, &origin());
    let stage = moves(&[("dealstage", "renewal_contractsent")]).unwrap_err();
    assert_eq!(stage.code(), "INVALID_PIPELINE_STAGE");
    let pipeline = moves(&[("pipeline", "renewals")]).unwrap_err();
    assert_eq!(pipeline.code(), "INVALID_PIPELINE_STAGE");
    let both = [("pipeline", "renewals"), ("dealstage", "renewal_closedwon")];
    changed(&deals, &mut deal, &both);
    check(&deals, &deal, &[("hs_is_closed_won", Some("true"))]);
}

#[test]
fn a_record_in_a_stage_that_is_archived_stays_and_can_be_changed() {
    let mut deals = object(TypeId::DEAL);
    let mut deal = made(&deals, &[("dealname", "A")]);
    let pipeline = deals.pipelines.get_mut("default").unwrap();
    pipeline.stages[0].archived = true;
    let change = changed(&deals, &mut deal, &[("amount", "3")]);
    assert_eq!(change.values.len(), 1, "{change:?}");
    check(
        &deals,
        &deal,
        &[("dealstage", Some("appointmentscheduled"))],
    );
}

#[test]
fn a_record_needs_what_its_type_and_its_stage_require() {
    let notes = object(TypeId::NOTE);
    let missing = |pairs: &[(&str, &str)]| create(&notes, &properties(pairs), NOW, &origin());
    let refused = missing(&[("hs_note_body", "Hello")]).unwrap_err();
    assert_eq!(refused.code(), "REQUIRED_PROPERTY_MISSING");
    assert_eq!(refused.property(), Some("hs_timestamp"));
    let note = made(&notes, &[("hs_timestamp", "1700000000000")]);
    let cleared = update(
        &notes,
        &note,
        &properties(&[("hs_timestamp", "")]),
        LATER,
        &origin(),
    );
    assert_eq!(cleared.unwrap_err().code(), "REQUIRED_PROPERTY_MISSING");

    let mut deals = object(TypeId::DEAL);
    let stages = &mut deals.pipelines.get_mut("default").unwrap().stages;
    let lost: &mut Stage = stages
        .iter_mut()
        .find(|stage| &*stage.id == "closedlost")
        .unwrap();
    lost.required = vec!["closed_lost_reason".into(), "archived_long_ago".into()];
    let mut deal = made(&deals, &[("dealname", "A")]);
    let bare = properties(&[("dealstage", "closedlost")]);
    let refused = update(&deals, &deal, &bare, LATER, &origin()).unwrap_err();
    assert_eq!(refused.code(), "REQUIRED_BY_STAGE");
    assert_eq!(refused.property(), Some("closed_lost_reason"));
    let why = [
        ("dealstage", "closedlost"),
        ("closed_lost_reason", "too dear"),
    ];
    changed(&deals, &mut deal, &why);
    let cleared = properties(&[("closed_lost_reason", "")]);
    let refused = update(&deals, &deal, &cleared, LATER, &origin()).unwrap_err();
    assert_eq!(refused.code(), "REQUIRED_BY_STAGE");
}

#[test]
fn what_else_follows_is_set() {
    let contacts = object(TypeId::CONTACT);
    let mut contact = made(
        &contacts,
        &[("email", "ada@example.org"), ("lifecyclestage", "lead")],
    );
    let now = Some("2023-11-14T22:13:20.000Z");
    check(
        &contacts,
        &contact,
        &[("hs_lifecyclestage_lead_date", now), ("closedate", None)],
    );
    let moved = [("lifecyclestage", "customer"), ("hubspot_owner_id", "12")];
    changed(&contacts, &mut contact, &moved);
    let later = Some("2023-11-14T22:15:00.000Z");
    check(
        &contacts,
        &contact,
        &[
            ("hs_lifecyclestage_customer_date", later),
            ("hs_lifecyclestage_lead_date", now),
            ("closedate", later),
            ("hubspot_owner_assigneddate", later),
        ],
    );
    let tasks = object(TypeId::TASK);
    let body = "<p>Call  <b>Ada</b></p>\n about <i>cheese";
    let mut task = made(
        &tasks,
        &[("hs_timestamp", "2023-11-15"), ("hs_task_body", body)],
    );
    check(
        &tasks,
        &task,
        &[
            ("hs_task_status", Some("NOT_STARTED")),
            ("hs_task_completion_date", None),
            ("hs_body_preview", Some("Call Ada about cheese")),
        ],
    );
    changed(&tasks, &mut task, &[("hs_task_status", "COMPLETED")]);
    check(
        &tasks,
        &task,
        &[
            ("hs_task_completion_date", later),
            ("hs_task_is_completed", Some("1")),
        ],
    );
}

#[test]
fn unique_values_of_a_change_are_those_to_be_looked_up() {
    let orders = object(TypeId::ORDER);
    let input = properties(&[("hs_external_order_id", "A-17"), ("hs_order_name", "A")]);
    let change = create(&orders, &input, NOW, &origin()).unwrap();
    let no = orders.property("hs_external_order_id").unwrap().no;
    assert_eq!(unique(&orders, &change), [(no, Value::Text("A-17".into()))]);
}

/// A text that may well be a value of something.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[0-9]{1,14}",
        "-?[0-9]{1,6}(\\.[0-9]{1,4})?",
        "20[0-9]{2}-0[1-9]-[0-2][1-8](T1[0-9]:00:00Z)?",
        Just("true".to_owned()),
        "[a-zA-Z_ ;é]{0,12}",
        "\\PC{0,20}",
    ]
}

proptest! {
    #[test]
    fn a_written_record_reads_back_from_its_cells_and_the_same_again_changes_nothing(
        type_no in 0_usize..20,
        picks in proptest::collection::vec((any::<u16>(), any_text()), 0..12),
    ) {
        let definitions = Definitions::standard();
        let object = definitions.in_use().nth(type_no).unwrap();
        let names: Vec<&Property> = object.in_use().filter(|one| one.is_writable()).collect();
        let mut said: BTreeMap<Box<str>, Box<str>> = BTreeMap::new();
        for name in &object.head.required {
            said.insert(name.clone(), "2024-02-03".into());
        }
        for (pick, text) in picks {
            let property = names[usize::from(pick) % names.len()];
            let text = match property.choices.first() {
                Some(choice) if text.len() % 2 == 0 => choice.value.to_string(),
                _ => text,
            };
            said.insert(property.name.clone(), text.into());
        }
        let Ok(change) = create(object, &said, NOW, &origin()) else {
            return Ok(());
        };
        let mut record = Record::new(RecordNo(5), NOW);
        change.apply(&mut record);
        let back = Record::of_cells(object, RecordNo(5), record.cells(object));
        prop_assert_eq!(&back, &record);
        let mut again = said.clone();
        again.retain(|name, _| !name.is_empty());
        if let Ok(change) = update(object, &record, &again, LATER, &origin()) {
            let updated_by = object.property("hs_updated_by_user_id").unwrap().no;
            prop_assert!(change.values.keys().all(|no| *no == updated_by), "{:?}", change);
        }
        for (no, value) in &record.values {
            let property = &object.properties[no];
            let open = property.external.is_none();
            if open && property.calculated.is_none() {
                let read = Value::parse(property, &value.spelled());
                prop_assert_eq!(read, Ok(Some(value.clone())), "{}", property.name);
            }
        }
    }
}
