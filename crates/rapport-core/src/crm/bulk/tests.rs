//! What a bulk makes of records, and what takes it back.

use super::*;
use crate::crm::Record;

fn record(values: &[(&str, &str)]) -> Record {
    let definitions = Definitions::standard();
    let object = definitions.get(TypeId::DEAL).expect("deals");
    let values = values.iter().map(|(name, text)| {
        let property = object.property(name).expect("a property");
        let value = Value::parse(property, text).expect("a value");
        (property.no, value.expect("something"))
    });
    Record {
        no: RecordNo(7),
        created: Millis(0),
        updated: Millis(0),
        archived: None,
        team_path: "".into(),
        values: values.collect(),
    }
}

fn draft(which: Which, act: Act) -> Draft {
    Draft {
        object: TypeId::DEAL,
        which,
        act,
        until: RecordNo(u64::MAX),
        expected: 0,
        by: By::Member(MemberNo(1)),
    }
}

fn set(values: &[(&str, &str)]) -> Act {
    let pairs = values.iter();
    Act::Set(
        pairs
            .map(|(name, text)| ((*name).into(), (*text).into()))
            .collect(),
    )
}

#[test]
fn what_makes_no_sense_is_refused_before_the_first_record() {
    let definitions = Definitions::standard();
    let deals = definitions.get(TypeId::DEAL).expect("deals");
    let named = |numbers: &[u64]| Which::Named(numbers.iter().map(|no| RecordNo(*no)).collect());
    let check = |which, act| draft(which, act).check(deals);
    assert_eq!(check(named(&[1, 2]), Act::Archive), Ok(()));
    assert_eq!(check(named(&[2, 1]), Act::Archive), Err(Error::Order));
    assert_eq!(check(named(&[1, 1]), Act::Archive), Err(Error::Order));
    let many: Vec<u64> = (0..=NAMED_MAX as u64).collect();
    assert_eq!(check(named(&many), Act::Archive), Err(Error::TooMany));
    assert_eq!(check(named(&[1]), set(&[])), Err(Error::Nothing));
    assert_eq!(
        check(named(&[1]), set(&[("amount", "7"), ("dealname", "")])),
        Ok(())
    );
    for wrong in [("unheard", "1"), ("amount", "many")] {
        let refused = check(named(&[1]), set(&[wrong]));
        assert!(matches!(refused, Err(Error::Refused(_))), "{wrong:?}");
    }
}

#[test]
fn a_field_goes_back_unless_somebody_wrote_it_since() {
    let definitions = Definitions::standard();
    let deals = definitions.get(TypeId::DEAL).expect("deals");
    let no = |name: &str| deals.property(name).expect("a property").no;
    let before = record(&[("amount", "5"), ("dealname", "Cheese")]);
    let after = record(&[
        ("amount", "7"),
        ("dealname", "Cheese"),
        ("description", "x"),
    ]);
    let touched = Touched::between(deals, Position::command(1, 1), &before, &after);
    let fields: Vec<PropertyNo> = touched.fields.iter().map(|field| field.no).collect();
    let mut changed = vec![no("amount"), no("description")];
    changed.sort_unstable();
    assert_eq!(fields, changed);
    let texts = |input: Option<RecordInput>| {
        let input = input.map(|input| input.properties).unwrap_or_default();
        let pairs = input.iter().map(|(name, text)| format!("{name}={text}"));
        pairs.collect::<Vec<_>>().join(" ")
    };
    let never = |_: PropertyNo| false;
    let (back, kept) = touched.back(deals, &after, never);
    assert_eq!(
        (texts(back), kept),
        ("amount=5 description=".to_owned(), vec![])
    );
    // Another value, and the same one written again, are somebody's.
    let edited = record(&[("amount", "9"), ("description", "x")]);
    let (back, kept) = touched.back(deals, &edited, |property| property == no("description"));
    assert_eq!((texts(back), kept), (String::new(), changed));
    // What is back already stays so.
    let (back, kept) = touched.back(deals, &before, never);
    assert_eq!((texts(back), kept), (String::new(), vec![]));
    // Whoever takes it back must be allowed what was set, not what followed from that.
    let sets = BTreeSet::from([no("amount")]);
    let asked = touched.asked(deals, RecordNo(7), &sets);
    assert_eq!(texts(Some(asked)), "amount=5");
}

#[test]
fn an_archived_record_comes_back_unless_it_was_archived_again_since() {
    let definitions = Definitions::standard();
    let deals = definitions.get(TypeId::DEAL).expect("deals");
    let before = record(&[]);
    let at = |millis| Record {
        archived: Some(Millis(millis)),
        ..record(&[])
    };
    let touched = Touched::between(deals, Position::command(1, 1), &before, &at(10));
    assert!(touched.is_change());
    let back = |now: &Record| touched.back(deals, now, |_| false);
    let verb = |back: Option<RecordInput>| back.map(|input| input.verb);
    let (restores, kept) = back(&at(10));
    assert_eq!((verb(restores), kept), (Some(Verb::Restore), vec![]));
    let (none, kept) = back(&at(20));
    assert_eq!((verb(none), kept), (None, vec![ARCHIVED]));
    let (none, kept) = back(&before);
    assert_eq!((verb(none), kept), (None, vec![]));
    // One that was restored, and archived and restored again since, looks the same and stays.
    let touched = Touched::between(deals, Position::command(1, 1), &at(10), &before);
    let (archives, kept) = touched.back(deals, &before, |_| false);
    assert_eq!((verb(archives), kept), (Some(Verb::Archive), vec![]));
    let (none, kept) = touched.back(deals, &before, |no| no == ARCHIVED);
    assert_eq!((verb(none), kept), (None, vec![ARCHIVED]));
}

#[test]
fn what_is_past_or_not_whole_is_told_apart() {
    let definitions = Definitions::standard();
    let mut bulk = Bulk::new(
        Position::command(1, 1),
        definitions.get(TypeId::DEAL).expect("deals"),
        &draft(Which::Changed, Act::Archive),
        "ada",
        Millis(0),
    );
    assert!(!bulk.is_past(Millis(KEPT_MS * 2)), "it goes on");
    bulk.ended = Some(Millis(5));
    bulk.course = Course::Done;
    assert!(!bulk.is_past(Millis(KEPT_MS + 4)));
    assert!(bulk.is_past(Millis(KEPT_MS + 5)));
    assert!(bulk.is_whole());
    bulk.counts.kept = 1;
    assert!(!bulk.is_whole());
}

#[test]
fn what_was_kept_is_named_to_those_who_know_of_it() {
    let definitions = Definitions::standard();
    let deals = definitions.get(TypeId::DEAL).expect("deals");
    let no = |name: &str| deals.property(name).expect("a property").no;
    let kept = Problem::Kept(vec![no("closedate"), no("amount"), ARCHIVED]);
    let told = |known: &[&str]| kept.told(Some(deals), |one| known.contains(&&*one.name));
    let all = told(&["closedate", "amount"]);
    assert_eq!(
        all,
        "changed since, and left as it is: closedate, amount, archived"
    );
    assert!(!told(&["amount"]).contains("closedate"));
    let one = Problem::Kept(vec![no("closedate")]);
    let nothing = one.told(Some(deals), |_| false);
    assert_eq!(nothing, "changed since, and left as it is");
}
