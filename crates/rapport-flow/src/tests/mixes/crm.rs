//! What the people of a mixed world do in the CRM.

use super::super::records::{by_email, create, linked, texts, update};
use super::dice::Dice;
use rapport_core::crm::association::LinkInput;
use rapport_core::crm::change::{Must, PropertyDraft};
use rapport_core::crm::{RecordInput, RecordNo, RecordReference, TypeId, Verb};
use rapport_core::entry::Command;

const EMAILS: [&str; 4] = [
    "ana@example.org",
    "ana+x@example.org",
    "bo@example.org",
    "cy@example.org",
];
const OBJECTS: [TypeId; 4] = [
    TypeId::CONTACT,
    TypeId::COMPANY,
    TypeId::DEAL,
    TypeId::ORDER,
];

/// Something somebody does to records.
pub(in crate::tests) fn command(dice: &mut Dice) -> Command {
    match dice.below(20) {
        0..7 => contacts(dice),
        7..11 => others(dice),
        11..14 => {
            let object = dice.of(&[TypeId::CONTACT, TypeId::CONTACT, TypeId::COMPANY]);
            Command::MergeRecords {
                object,
                primary: number(dice),
                absorbed: number(dice),
            }
        }
        14..16 => Command::Associate {
            inputs: vec![link(dice), link(dice)],
        },
        16 => Command::Disassociate {
            inputs: vec![link(dice)],
        },
        17 => Command::ArchiveProperty {
            object: TypeId::CONTACT,
            name: "plan".into(),
        },
        _ => property(dice),
    }
}

fn number(dice: &mut Dice) -> RecordNo {
    RecordNo(1 + dice.below(8))
}

fn reference(dice: &mut Dice, object: TypeId) -> RecordReference {
    match object == TypeId::CONTACT && dice.one_in(2) {
        true => by_email(dice.of(&EMAILS)),
        false => RecordReference::Id(number(dice)),
    }
}

fn contacts(dice: &mut Dice) -> Command {
    let some = 1 + dice.below(3);
    let inputs = (0..some).map(|_| contact(dice)).collect();
    Command::Records {
        object: TypeId::CONTACT,
        inputs,
    }
}

fn contact(dice: &mut Dice) -> RecordInput {
    let plan = dice.of(&["free", "gold", ""]);
    let mut input = match dice.below(4) {
        0 => create(&[("email", dice.of(&EMAILS)), ("firstname", "Ana")]),
        1 => create(&[("lastname", plan)]),
        _ => update(reference(dice, TypeId::CONTACT), &[("jobtitle", plan)]),
    };
    if dice.one_in(3) {
        input
            .properties
            .extend(texts(&[("email", dice.of(&EMAILS))]));
    }
    input.upsert = dice.one_in(2);
    input.verb = dice.of(&[
        Verb::Write,
        Verb::Write,
        Verb::Write,
        Verb::Archive,
        Verb::Restore,
    ]);
    if dice.one_in(3) {
        let object = dice.of(&OBJECTS);
        input
            .associations
            .push(linked(object, reference(dice, object)));
    }
    input
}

fn others(dice: &mut Dice) -> Command {
    let object = dice.of(&[TypeId::COMPANY, TypeId::DEAL, TypeId::TICKET]);
    let name = match object {
        TypeId::COMPANY => "name",
        TypeId::DEAL => "dealname",
        _ => "subject",
    };
    let mut input = match dice.one_in(2) {
        true => create(&[(name, "Cheese")]),
        false => update(
            reference(dice, object),
            &[(name, dice.of(&["Milk", "Brie", ""]))],
        ),
    };
    if object == TypeId::DEAL && dice.one_in(2) {
        input
            .properties
            .extend(texts(&[("amount", dice.of(&["5", "7.5", "", "many"]))]));
    }
    input.verb = dice.of(&[Verb::Write, Verb::Write, Verb::Archive, Verb::Restore]);
    let other = dice.of(&OBJECTS);
    input
        .associations
        .push(linked(other, reference(dice, other)));
    Command::Records {
        object,
        inputs: vec![input.clone(), input],
    }
}

fn link(dice: &mut Dice) -> LinkInput {
    let (from_object, to_object) = (dice.of(&OBJECTS), dice.of(&OBJECTS));
    LinkInput {
        from_object,
        from: reference(dice, from_object),
        to_object,
        to: reference(dice, to_object),
        kinds: Vec::new(),
        replace_labels: dice.one_in(4),
    }
}

/// A property of what events say, or one that follows from others.
fn property(dice: &mut Dice) -> Command {
    let (object, name, formula) = dice.of(&[
        (TypeId::CONTACT, "plan", None),
        (TypeId::CONTACT, "age", None),
        (TypeId::CONTACT, "worth", Some("sum(deals.amount)")),
        (TypeId::COMPANY, "size", None),
        (TypeId::COMPANY, "worth", Some("sum(deals.amount) + 1")),
        (TypeId::CONTACT, "spent", Some("sum(orders.hs_total_price)")),
    ]);
    Command::PutProperty {
        object,
        must: Must::Either,
        draft: PropertyDraft {
            name: name.into(),
            formula: formula.map(Box::from),
            ..PropertyDraft::default()
        },
    }
}
