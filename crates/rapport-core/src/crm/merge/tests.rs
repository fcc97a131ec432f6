//! What becomes of two records.

use super::*;
use crate::crm::definitions::Definitions;
use crate::crm::write;
use crate::crm::{RecordNo, TypeId};

const NOW: Millis = Millis(1_700_000_000_000);

fn made(object: &ObjectType, no: u64, at: Millis, pairs: &[(&str, &str)]) -> Record {
    let said = pairs
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()));
    let change = write::create(object, &said.collect(), at, &Origin::default()).unwrap();
    let mut record = Record::new(RecordNo(no), at);
    change.apply(&mut record);
    record
}

fn merged(object: &ObjectType, primary: &Record, absorbed: &Record) -> Record {
    let at = Millis(NOW.0 + 100_000);
    let change = records(object, primary, absorbed, at, &Origin::default());
    let mut record = primary.clone();
    change.apply(&mut record);
    record
}

#[test]
fn the_winner_keeps_its_values_and_gets_what_it_has_not() {
    let definitions = Definitions::standard();
    let deals = definitions.get(TypeId::DEAL).unwrap();
    let ours = made(
        deals,
        1,
        NOW,
        &[("dealname", "A"), ("dealstage", "closedlost")],
    );
    let before = Millis(NOW.0 - 5_000);
    let theirs = [
        ("dealname", "B"),
        ("amount", "7"),
        ("dealstage", "closedwon"),
    ];
    let theirs = made(deals, 2, before, &theirs);
    assert_eq!(check(&ours, &theirs), Ok(()));
    let one = merged(deals, &ours, &theirs);
    let text = |name: &str| one.named(deals, name).map(|value| value.spelled());
    assert_eq!(text("dealname").as_deref(), Some("A"));
    assert_eq!(text("amount").as_deref(), Some("7"));
    assert_eq!(text("dealstage").as_deref(), Some("closedlost"));
    assert_eq!(text("hs_is_closed_won").as_deref(), Some("false"));
    assert_eq!(text("createdate"), Some(before.to_string()));
    assert_eq!(text("hs_merged_object_ids").as_deref(), Some("2"));
    assert_eq!(created(&ours, &theirs), before);
    let three = merged(deals, &one, &made(deals, 3, NOW, &[("dealname", "C")]));
    let merged = three.named(deals, "hs_merged_object_ids").unwrap();
    assert_eq!(merged.spelled(), "2;3");
}

#[test]
fn the_lifecycle_stage_that_is_further_on_counts() {
    let definitions = Definitions::standard();
    let companies = definitions.get(TypeId::COMPANY).unwrap();
    for (ours, theirs, expected) in [
        ("lead", "customer", "customer"),
        ("customer", "lead", "customer"),
        ("lead", "other", "lead"),
        ("other", "subscriber", "subscriber"),
    ] {
        let ours = made(companies, 1, NOW, &[("lifecyclestage", ours)]);
        let theirs = made(companies, 2, NOW, &[("lifecyclestage", theirs)]);
        let one = merged(companies, &ours, &theirs);
        let stage = one.named(companies, "lifecyclestage").unwrap();
        assert_eq!(stage.spelled(), expected);
    }
}

#[test]
fn a_record_is_not_merged_with_itself_or_out_of_the_bin() {
    let definitions = Definitions::standard();
    let companies = definitions.get(TypeId::COMPANY).unwrap();
    let one = made(companies, 1, NOW, &[("name", "Lund Dairy")]);
    assert!(check(&one, &one).is_err());
    let archived = Record {
        no: RecordNo(2),
        archived: Some(NOW),
        ..one.clone()
    };
    assert!(check(&one, &archived).is_err() && check(&archived, &one).is_err());
}
