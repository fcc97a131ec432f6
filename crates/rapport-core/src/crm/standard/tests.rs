//! The files hold together: what they name is there, and their formulas fit.

use super::*;
use crate::crm::calculate;
use crate::crm::formula::Type;
use crate::crm::property::{External, Fact, Kind};
use crate::crm::value::Value;
use crate::crm::{PropertyNo, TypeId};
use std::collections::BTreeSet;

#[test]
fn every_type_is_found_by_all_its_spellings() {
    let definitions = Definitions::standard();
    for (number, plural, singular) in [
        (1, "contacts", "contact"),
        (2, "companies", "company"),
        (3, "deals", "deal"),
        (5, "tickets", "ticket"),
        (7, "products", "product"),
        (8, "line_items", "line_item"),
        (14, "quotes", "quote"),
        (18, "communications", "communication"),
        (19, "feedback_submissions", "feedback_submission"),
        (27, "tasks", "task"),
        (46, "notes", "note"),
        (47, "meetings", "meeting"),
        (48, "calls", "call"),
        (49, "emails", "email"),
        (53, "invoices", "invoice"),
        (69, "subscriptions", "subscription"),
        (115, "users", "user"),
        (123, "orders", "order"),
        (136, "leads", "lead"),
        (142, "carts", "cart"),
    ] {
        let spellings = [
            plural,
            singular,
            &plural.to_uppercase(),
            &format!("0-{number}"),
        ]
        .map(|spelling| definitions.find(spelling).map(ObjectType::id));
        assert_eq!(spellings, [Some(TypeId(number)); 4], "{plural}");
    }
    for unknown in ["", "0-4", "2-1", "contactss", "p_contact ;", "p_"] {
        assert!(definitions.find(unknown).is_none(), "{unknown}");
    }
}

#[test]
fn what_a_type_names_is_among_its_properties() {
    for object in Definitions::standard().types.values() {
        let head = &object.head;
        let staged = head
            .staged
            .iter()
            .flat_map(|staged| [&staged.pipeline, &staged.stage]);
        let named = [&head.primary_display]
            .into_iter()
            .chain(&head.secondary_display)
            .chain(&head.required)
            .chain(&head.searchable)
            .chain(&head.default_read)
            .chain(staged);
        for name in named {
            assert!(object.property(name).is_some(), "{}.{name}", head.name);
        }
        for property in object.properties.values() {
            let (place, group) = (&property.name, &property.group);
            assert!(object.groups.contains_key(group), "{place}: {group}");
            assert!(property.no >= PropertyNo::FIRST && property.no < PropertyNo::FIRST_CUSTOM);
            assert_eq!(**place, *place.to_ascii_lowercase());
            assert!(!property.label.is_empty() && property.defined_by_rapport);
        }
        let names: BTreeSet<_> = object.properties.values().map(|one| &one.name).collect();
        assert_eq!(names.len(), object.properties.len(), "{}", head.name);
    }
}

#[test]
fn every_record_shows_its_number_its_times_and_its_owner() {
    for object in Definitions::standard().types.values() {
        for fact in [
            Fact::Id,
            Fact::Created,
            Fact::Updated,
            Fact::Owner,
            Fact::TeamPath,
        ] {
            let has = object.in_use().any(|property| property.fact == Some(fact));
            assert!(has, "{}: {fact:?}", object.head.name);
        }
    }
}

#[test]
fn the_formulas_fit_what_is_defined_and_form_no_circle() {
    let definitions = Definitions::standard();
    for object in definitions.types.values() {
        for property in object.in_use() {
            let Some(formula) = &property.calculated else {
                continue;
            };
            let place = format!("{}.{}", object.head.name, property.name);
            match formula.check(&definitions, object) {
                Ok(found) => assert_eq!(found, Type::of(property), "{place}"),
                Err(error) => panic!("{place}: {error}"),
            }
            assert!(property.read_only_value, "{place}");
        }
        let calculated = object.in_use().filter(|one| one.calculated.is_some());
        assert_eq!(calculate::order(object).len(), calculated.count());
    }
    assert_eq!(calculate::cycle(&definitions), None);
}

#[test]
fn choices_are_values_of_their_property_and_none_is_there_twice() {
    for object in Definitions::standard().types.values() {
        for property in object.in_use() {
            let place = format!("{}.{}", object.head.name, property.name);
            let is_open = property.external.is_some() || property.calculated.is_some();
            let wants = property.kind == Kind::Enumeration && !is_open;
            assert_eq!(!property.choices.is_empty(), wants, "{place}");
            let values: BTreeSet<_> = property.choices.iter().map(|one| &one.value).collect();
            assert_eq!(values.len(), property.choices.len(), "{place}");
            for choice in &property.choices {
                assert!(!choice.label.is_empty(), "{place}");
                assert!(matches!(Value::parse(property, &choice.value), Ok(Some(_))));
            }
            if let Some(initial) = &property.initial {
                let read = Value::initial(property, Millis(0));
                assert!(read.is_some(), "{place}: {initial}");
            }
        }
    }
}

#[test]
fn types_that_move_through_stages_have_a_pipeline_to_begin_with() {
    for object in Definitions::standard().types.values() {
        let Some(staged) = &object.head.staged else {
            assert!(object.pipelines.is_empty(), "{}", object.head.name);
            continue;
        };
        let external = |name: &str| object.property(name).unwrap().external;
        assert_eq!(external(&staged.pipeline), Some(External::Pipeline));
        assert_eq!(external(&staged.stage), Some(External::Stage));
        let pipeline = object.pipelines.values().next().unwrap();
        assert!(pipeline.in_use().count() > 1, "{}", object.head.name);
    }
}

#[test]
fn associations_lead_there_and_back() {
    let definitions = Definitions::standard();
    let mut numbers = BTreeSet::new();
    for object in definitions.in_use() {
        for forth in definitions.associations_from(object.id()) {
            let back = definitions
                .association(forth.to, forth.from, forth.inverse)
                .unwrap();
            assert_eq!(back.inverse, forth.type_id, "{}", forth.name);
            assert!(numbers.insert(forth.type_id), "{}", forth.type_id);
            assert!(
                definitions.plain(forth.from, forth.to).is_some(),
                "{}",
                forth.name
            );
        }
    }
    let (contact, company) = (TypeId::CONTACT, TypeId::COMPANY);
    assert_eq!(definitions.plain(contact, company).unwrap().type_id, 279);
    assert_eq!(definitions.plain(company, contact).unwrap().type_id, 280);
    let primary = definitions.association(contact, company, 1).unwrap();
    assert!(primary.primary && &*primary.name == "contact_to_company_primary_company");
    assert!(
        numbers
            .iter()
            .all(|number| *number < crate::crm::association::FIRST_CUSTOM)
    );
}
