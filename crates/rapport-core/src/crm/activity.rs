//! What calls, e-mails, meetings, messages, notes and tasks say of the records they belong to: how
//! often somebody was contacted, when last, and when next.
//!
//! A shell asks when an activity comes to belong to a record ([`comes`]), and when it goes or is
//! archived ([`goes`]). Numbers go down again; dates stay, as nobody remembers what they were
//! before.

use crate::crm::TypeId;
use crate::crm::object::ObjectType;
use crate::crm::record::Record;
use crate::crm::value::Value;
use crate::crm::write::Change;
use crate::time::Millis;

const LAST_CONTACTED: &str = "notes_last_contacted";
const LAST: &str = "notes_last_updated";
const NEXT: &str = "notes_next_activity_date";
const CONTACTED: &str = "num_contacted_notes";
const ALL: &str = "num_notes";

/// Whether records of this type are activities.
#[must_use]
pub fn is_activity(object: TypeId) -> bool {
    is_contact(object) || matches!(object, TypeId::NOTE | TypeId::TASK)
}

/// Whether an activity of this type reaches the person, rather than being about them.
fn is_contact(object: TypeId) -> bool {
    let contacting = [
        TypeId::CALL,
        TypeId::EMAIL,
        TypeId::MEETING,
        TypeId::COMMUNICATION,
    ];
    contacting.contains(&object)
}

/// What changes of a record that an activity comes to belong to. Nothing where `activity` is none.
#[must_use]
pub fn comes(
    activity: &ObjectType,
    record: &Record,
    of: &ObjectType,
    to: &Record,
    at: Millis,
) -> Change {
    let mut change = Change::default();
    if !is_activity(activity.id()) {
        return change;
    }
    let when = when(activity, record);
    count(&mut change, of, to, ALL, 1.0);
    latest(&mut change, of, to, LAST, when, at);
    if is_contact(activity.id()) {
        count(&mut change, of, to, CONTACTED, 1.0);
        latest(&mut change, of, to, LAST_CONTACTED, when, at);
    }
    next(&mut change, of, to, when, at);
    change
}

/// What changes of a record that an activity no longer belongs to.
#[must_use]
pub fn goes(activity: TypeId, of: &ObjectType, to: &Record) -> Change {
    let mut change = Change::default();
    if is_activity(activity) {
        count(&mut change, of, to, ALL, -1.0);
    }
    if is_contact(activity) {
        count(&mut change, of, to, CONTACTED, -1.0);
    }
    change
}

/// When an activity happened or is to happen.
fn when(activity: &ObjectType, record: &Record) -> Option<Millis> {
    match record.named(activity, "hs_timestamp")? {
        Value::Instant(when) => Some(when),
        _ => None,
    }
}

fn set(change: &mut Change, of: &ObjectType, to: &Record, name: &str, value: Value) {
    if let Some(property) = of.property(name)
        && to.values.get(&property.no) != Some(&value)
    {
        change.values.insert(property.no, Some(value));
    }
}

fn count(change: &mut Change, of: &ObjectType, to: &Record, name: &str, by: f64) {
    let now = match to.named(of, name) {
        Some(Value::Number(number)) => number,
        _ => 0.0,
    };
    set(change, of, to, name, Value::Number((now + by).max(0.0)));
}

fn instant(of: &ObjectType, to: &Record, name: &str) -> Option<Millis> {
    match to.named(of, name)? {
        Value::Instant(at) => Some(at),
        _ => None,
    }
}

/// The later of what is there and this, of what has happened.
fn latest(
    change: &mut Change,
    of: &ObjectType,
    to: &Record,
    name: &str,
    when: Option<Millis>,
    at: Millis,
) {
    let Some(when) = when.filter(|when| *when <= at) else {
        return;
    };
    if instant(of, to, name).is_none_or(|known| known < when) {
        set(change, of, to, name, Value::Instant(when));
    }
}

/// The earlier of what is planned and this, of what is to happen.
fn next(change: &mut Change, of: &ObjectType, to: &Record, when: Option<Millis>, at: Millis) {
    let Some(when) = when.filter(|when| *when > at) else {
        return;
    };
    let planned = instant(of, to, NEXT).filter(|planned| *planned > at);
    if planned.is_none_or(|planned| when < planned) {
        set(change, of, to, NEXT, Value::Instant(when));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crm::definitions::Definitions;
    use crate::crm::history::Origin;
    use crate::crm::{RecordNo, write};

    const NOW: Millis = Millis(1_700_000_000_000);

    fn activity(object: &ObjectType, when: i64) -> Record {
        let said = [("hs_timestamp".into(), when.to_string().into())];
        let change = write::create(object, &said.into(), NOW, &Origin::default()).unwrap();
        let mut record = Record::new(RecordNo(1), NOW);
        change.apply(&mut record);
        record
    }

    fn check(of: &ObjectType, record: &Record, expected: [Option<&str>; 5]) {
        let names = [ALL, CONTACTED, LAST, LAST_CONTACTED, NEXT];
        for (name, value) in names.into_iter().zip(expected) {
            let found = record.named(of, name).map(|value| value.spelled());
            assert_eq!(found.as_deref(), value, "{name}");
        }
    }

    #[test]
    fn a_contact_shows_how_often_and_when_it_was_contacted() {
        let definitions = Definitions::standard();
        let of = |id| definitions.get(id).unwrap();
        let contacts = of(TypeId::CONTACT);
        let mut contact = Record::new(RecordNo(7), NOW);
        let mut meets = |object: TypeId, when: i64| {
            let record = activity(of(object), when);
            let change = comes(of(object), &record, contacts, &contact, NOW);
            change.apply(&mut contact);
            contact.clone()
        };
        let called = meets(TypeId::CALL, NOW.0 - 60_000);
        let at = Some("2023-11-14T22:12:20.000Z");
        check(contacts, &called, [Some("1"), Some("1"), at, at, None]);
        let noted = meets(TypeId::NOTE, NOW.0);
        let now = Some("2023-11-14T22:13:20.000Z");
        check(contacts, &noted, [Some("2"), Some("1"), now, at, None]);
        let earlier = meets(TypeId::EMAIL, NOW.0 - 90_000);
        check(contacts, &earlier, [Some("3"), Some("2"), now, at, None]);
        meets(TypeId::TASK, NOW.0 + 120_000);
        let planned = meets(TypeId::MEETING, NOW.0 + 60_000);
        let soon = Some("2023-11-14T22:14:20.000Z");
        check(contacts, &planned, [Some("5"), Some("3"), now, at, soon]);
        let mut fewer = planned.clone();
        goes(TypeId::CALL, contacts, &fewer).apply(&mut fewer);
        check(contacts, &fewer, [Some("4"), Some("2"), now, at, soon]);
    }

    #[test]
    fn what_is_no_activity_and_who_keeps_no_count_change_nothing() {
        let definitions = Definitions::standard();
        let of = |id| definitions.get(id).unwrap();
        let contact = Record::new(RecordNo(7), NOW);
        let call = activity(of(TypeId::CALL), NOW.0);
        let product = comes(of(TypeId::CALL), &call, of(TypeId::PRODUCT), &contact, NOW);
        assert!(product.is_empty());
        let deal = comes(
            of(TypeId::DEAL),
            &contact,
            of(TypeId::CONTACT),
            &contact,
            NOW,
        );
        assert!(deal.is_empty());
        assert!(goes(TypeId::DEAL, of(TypeId::CONTACT), &contact).is_empty());
    }
}
