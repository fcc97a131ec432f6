//! What can be made, changed and taken out of use, and what cannot.

use super::*;
use crate::crm::association::{Category, FIRST_CUSTOM, Kind as LinkKind};
use crate::crm::property::{Choice, FieldType, Kind};
use crate::crm::{PropertyNo, write};

const NOW: Millis = Millis(1_700_000_000_000);
const BY: By<'_> = By {
    at: NOW,
    actor: "ada",
};

/// Puts changes in force, by way of what is stored of them.
fn in_force(definitions: &mut Definitions, changes: Vec<Definition>) {
    for change in changes {
        let json = serde_json::to_string(&change).unwrap();
        let read: Definition = serde_json::from_str(&json).unwrap();
        assert_eq!(read, change);
        assert!(change.key().starts_with("crm/") && change.key().is_ascii());
        definitions.put(read);
    }
}

fn draft(name: &str) -> PropertyDraft {
    PropertyDraft {
        name: name.into(),
        ..PropertyDraft::default()
    }
}

fn calculated(name: &str, formula: &str) -> PropertyDraft {
    PropertyDraft {
        formula: Some(formula.into()),
        ..draft(name)
    }
}

fn choices(values: &[&str]) -> Option<Vec<Choice>> {
    let choice = |value: &&str| Choice {
        value: (*value).into(),
        ..Choice::default()
    };
    Some(values.iter().map(choice).collect())
}

fn make(definitions: &mut Definitions, object: TypeId, draft: &PropertyDraft) -> PropertyNo {
    let changes = property::put(definitions, object, Must::BeNew, draft, BY).unwrap();
    in_force(definitions, changes);
    let object = definitions.get(object).unwrap();
    object.property(&draft.name).unwrap().no
}

#[test]
fn a_new_property_is_a_text_in_the_first_group_with_a_number_of_its_own() {
    let mut definitions = Definitions::standard();
    let first = make(&mut definitions, TypeId::DEAL, &draft("Cheese_kind"));
    let second = make(&mut definitions, TypeId::DEAL, &draft("cheese_age"));
    assert_eq!((first, second), (PropertyNo(4_096), PropertyNo(4_097)));
    let deals = definitions.get(TypeId::DEAL).unwrap();
    let property = deals.property("cheese_kind").unwrap();
    assert_eq!(
        (property.kind, property.field),
        (Kind::String, FieldType::Text)
    );
    assert_eq!(&*property.group, "dealinformation");
    assert_eq!((&*property.created_by, property.created), ("ada", NOW));
    let again = property::put(
        &definitions,
        TypeId::DEAL,
        Must::BeNew,
        &draft("cheese_kind"),
        BY,
    );
    assert!(matches!(again, Err(Error::Exists { .. })));
    let none = property::put(
        &definitions,
        TypeId::DEAL,
        Must::Exist,
        &draft("wine_kind"),
        BY,
    );
    assert!(matches!(none, Err(Error::NotFound { .. })));
}

#[test]
fn an_archived_property_comes_back_with_its_number_or_makes_room_for_another() {
    let mut definitions = Definitions::standard();
    let first = make(&mut definitions, TypeId::DEAL, &draft("cheese"));
    let archived = property::archive(&definitions, TypeId::DEAL, "cheese", BY).unwrap();
    in_force(&mut definitions, archived);
    assert!(
        definitions
            .get(TypeId::DEAL)
            .unwrap()
            .property("cheese")
            .is_none()
    );
    let twice = property::archive(&definitions, TypeId::DEAL, "cheese", BY);
    assert!(matches!(twice, Err(Error::NotFound { .. })));
    assert_eq!(
        make(&mut definitions, TypeId::DEAL, &draft("cheese")),
        first
    );
    let archived = property::archive(&definitions, TypeId::DEAL, "cheese", BY).unwrap();
    in_force(&mut definitions, archived.clone());
    let number = PropertyDraft {
        kind: Some(Kind::Number),
        ..draft("cheese")
    };
    let other = make(&mut definitions, TypeId::DEAL, &number);
    assert_ne!(other, first);
    // Rows are read in any order: the one in use is found.
    in_force(&mut definitions, archived);
    let deals = definitions.get(TypeId::DEAL).unwrap();
    assert_eq!(deals.property("cheese").unwrap().no, other);
}

#[test]
fn what_a_property_cannot_be_is_refused() {
    let definitions = Definitions::standard();
    let refused = |draft: PropertyDraft| {
        let error = property::put(&definitions, TypeId::DEAL, Must::Either, &draft, BY);
        error.unwrap_err().to_string()
    };
    let select = |values: &[&str]| PropertyDraft {
        kind: Some(Kind::Enumeration),
        choices: choices(values),
        ..draft("cheese")
    };
    let of = |kind, field| PropertyDraft {
        kind: Some(kind),
        field: Some(field),
        ..draft("cheese")
    };
    for (name, words) in [
        ("", "a letter followed by"),
        ("1st", "a letter followed by"),
        ("käse", "a letter followed by"),
        ("a b", "a letter followed by"),
        ("hs_cheese", "kept for standard"),
        ("rapport_cheese", "kept for standard"),
    ] {
        assert!(
            refused(draft(name)).contains(words),
            "{name}: {}",
            refused(draft(name))
        );
    }
    assert!(refused(select(&[])).contains("at least one option"));
    assert!(refused(select(&["a", "a"])).contains("twice"));
    assert!(refused(select(&["a;b"])).contains("no `;`"));
    assert!(refused(of(Kind::Number, FieldType::Html)).contains("cannot have field type"));
    let unique_date = PropertyDraft {
        kind: Some(Kind::Date),
        unique: Some(true),
        ..draft("cheese")
    };
    assert!(refused(unique_date).contains("can be unique"));
    let nowhere = PropertyDraft {
        group: Some("nowhere".into()),
        ..draft("cheese")
    };
    assert!(refused(nowhere).contains("no group `nowhere`"));
    let label = PropertyDraft {
        label: Some("a\nb".into()),
        ..draft("cheese")
    };
    assert!(refused(label).contains("one line"));
}

#[test]
fn of_a_standard_property_only_what_people_see_can_be_changed() {
    let mut definitions = Definitions::standard();
    let relabelled = PropertyDraft {
        label: Some("Worth".into()),
        hidden: Some(true),
        ..draft("amount")
    };
    let changes = property::put(&definitions, TypeId::DEAL, Must::Exist, &relabelled, BY);
    in_force(&mut definitions, changes.unwrap());
    let deals = definitions.get(TypeId::DEAL).unwrap();
    assert_eq!(&*deals.property("amount").unwrap().label, "Worth");
    for fixed in [
        PropertyDraft {
            kind: Some(Kind::String),
            ..draft("amount")
        },
        PropertyDraft {
            unique: Some(true),
            ..draft("amount")
        },
        PropertyDraft {
            formula: Some("1".into()),
            ..draft("amount")
        },
        PropertyDraft {
            formula: Some("1".into()),
            ..draft("hs_projected_amount")
        },
    ] {
        let refused = property::put(&definitions, TypeId::DEAL, Must::Exist, &fixed, BY);
        assert!(matches!(refused, Err(Error::Fixed(_))), "{fixed:?}");
    }
    let refused = property::archive(&definitions, TypeId::DEAL, "amount", BY);
    assert!(matches!(refused, Err(Error::Fixed(_))));
}

#[test]
fn one_choice_stays_one_and_choices_may_come_and_go() {
    let mut definitions = Definitions::standard();
    let select = PropertyDraft {
        kind: Some(Kind::Enumeration),
        choices: choices(&["brie", "comté"]),
        ..draft("cheese")
    };
    make(&mut definitions, TypeId::DEAL, &select);
    let fewer = PropertyDraft {
        choices: choices(&["brie"]),
        field: Some(FieldType::Radio),
        ..draft("cheese")
    };
    let changes = property::put(&definitions, TypeId::DEAL, Must::Exist, &fewer, BY).unwrap();
    in_force(&mut definitions, changes);
    let several = PropertyDraft {
        field: Some(FieldType::Checkbox),
        ..draft("cheese")
    };
    let refused = property::put(&definitions, TypeId::DEAL, Must::Exist, &several, BY);
    assert!(matches!(refused, Err(Error::Fixed(_))));
}

#[test]
fn a_calculated_property_has_the_kind_of_its_formula_and_no_input_sets_it() {
    let mut definitions = Definitions::standard();
    make(
        &mut definitions,
        TypeId::DEAL,
        &calculated("net", "amount * 0.8"),
    );
    let deals = definitions.get(TypeId::DEAL).unwrap();
    let net = deals.property("net").unwrap();
    assert_eq!(
        (net.kind, net.field),
        (Kind::Number, FieldType::CalculationEquation)
    );
    assert!(!net.is_writable());
    for (formula, words) in [
        ("amount *", "a value is expected"),
        ("amont", "no property `amont`"),
        ("amount + dealname", "cannot be added"),
        ("net2 + 1", "no property `net2`"),
    ] {
        let bad = calculated("net2", formula);
        let refused = property::put(&definitions, TypeId::DEAL, Must::BeNew, &bad, BY);
        let words_of = refused.unwrap_err().to_string();
        assert!(words_of.contains(words), "{formula}: {words_of}");
    }
    let kind = PropertyDraft {
        kind: Some(Kind::Date),
        ..calculated("due", "amount")
    };
    let refused = property::put(&definitions, TypeId::DEAL, Must::BeNew, &kind, BY);
    assert!(refused.unwrap_err().to_string().contains("cannot hold"));
}

#[test]
fn what_is_calculated_of_itself_is_refused_however_far_around() {
    let mut definitions = Definitions::standard();
    make(
        &mut definitions,
        TypeId::DEAL,
        &calculated("a", "amount + 1"),
    );
    make(&mut definitions, TypeId::DEAL, &calculated("b", "a + 1"));
    make(
        &mut definitions,
        TypeId::COMPANY,
        &calculated("c", "sum(deals.b)"),
    );
    for formula in [
        "a",
        "b + 1",
        "max(companies.c)",
        "sum(companies.annualrevenue where c > 1)",
    ] {
        let around = calculated("a", formula);
        let refused = property::put(&definitions, TypeId::DEAL, Must::Exist, &around, BY);
        let words = refused.unwrap_err().to_string();
        assert!(words.contains("of itself"), "{formula}: {words}");
    }
    let fine = calculated("a", "count(companies) + amount");
    assert!(property::put(&definitions, TypeId::DEAL, Must::Exist, &fine, BY).is_ok());
    let used = property::archive(&definitions, TypeId::DEAL, "b", BY).unwrap_err();
    assert!(
        used.to_string().contains("the formula of companies.c"),
        "{used}"
    );
}

#[test]
fn a_group_is_archived_once_it_is_empty() {
    let mut definitions = Definitions::standard();
    let group = GroupDraft {
        name: "Dairy".into(),
        label: Some("Dairy".into()),
        display_order: None,
    };
    let changes = group::put(&definitions, TypeId::DEAL, Must::BeNew, &group).unwrap();
    in_force(&mut definitions, changes);
    let again = group::put(&definitions, TypeId::DEAL, Must::BeNew, &group);
    assert!(matches!(again, Err(Error::Exists { .. })));
    let cheese = PropertyDraft {
        group: Some("dairy".into()),
        ..draft("cheese")
    };
    make(&mut definitions, TypeId::DEAL, &cheese);
    let refused = group::archive(&definitions, TypeId::DEAL, "dairy");
    assert!(matches!(refused, Err(Error::InUse { .. })));
    let archived = property::archive(&definitions, TypeId::DEAL, "cheese", BY).unwrap();
    in_force(&mut definitions, archived);
    let changes = group::archive(&definitions, TypeId::DEAL, "dairy").unwrap();
    in_force(&mut definitions, changes);
    let gone = group::archive(&definitions, TypeId::DEAL, "dairy");
    assert!(matches!(gone, Err(Error::NotFound { .. })));
}

fn stage(label: &str, probability: &str) -> StageDraft {
    let metadata = [("probability".into(), probability.into())];
    StageDraft {
        label: Some(label.into()),
        metadata: Some(metadata.into()),
        ..StageDraft::default()
    }
}

fn renewals() -> PipelineDraft {
    PipelineDraft {
        label: Some("Renewals".into()),
        stages: Some(vec![
            stage("Due", "0.5"),
            stage("Renewed", "1"),
            stage("Lost", "0.0"),
        ]),
        ..PipelineDraft::default()
    }
}

#[test]
fn a_pipeline_and_its_stages_get_numbers_of_their_own() {
    let mut definitions = Definitions::standard();
    let changes = pipeline::put(&definitions, TypeId::DEAL, Must::BeNew, &renewals(), BY).unwrap();
    in_force(&mut definitions, changes);
    let deals = definitions.get(TypeId::DEAL).unwrap();
    let made = deals
        .pipelines
        .values()
        .find(|one| &*one.label == "Renewals")
        .unwrap();
    let ids: Vec<&str> = made.in_use().map(|stage| &*stage.id).collect();
    assert_eq!((&*made.id, ids), ("1001", vec!["1002", "1003", "1004"]));
    assert_eq!(&*made.stages[1].metadata["isClosed"], "true");
    assert_eq!(&*made.stages[0].metadata["isClosed"], "false");
    let again = pipeline::put(&definitions, TypeId::DEAL, Must::BeNew, &renewals(), BY);
    assert!(matches!(again, Err(Error::Exists { .. })), "{again:?}");
}

#[test]
fn stages_that_are_not_named_are_archived_and_come_back_by_name() {
    let mut definitions = Definitions::standard();
    let changes = pipeline::put(&definitions, TypeId::DEAL, Must::BeNew, &renewals(), BY).unwrap();
    in_force(&mut definitions, changes);
    let named = |id: &str, label: &str| StageDraft {
        id: Some(id.into()),
        ..stage(label, "0.5")
    };
    let put = |definitions: &Definitions, stages: Vec<StageDraft>| {
        let draft = PipelineDraft {
            id: Some("1001".into()),
            stages: Some(stages),
            ..PipelineDraft::default()
        };
        pipeline::put(definitions, TypeId::DEAL, Must::Exist, &draft, BY)
    };
    let changes = put(
        &definitions,
        vec![named("1004", "Lost"), stage("New", "0.1")],
    )
    .unwrap();
    in_force(&mut definitions, changes);
    let ids = |definitions: &Definitions| -> Vec<String> {
        let deals = definitions.get(TypeId::DEAL).unwrap();
        deals.pipelines["1001"]
            .in_use()
            .map(|stage| stage.id.to_string())
            .collect()
    };
    assert_eq!(ids(&definitions), ["1004", "1005"]);
    let changes = put(&definitions, vec![named("1002", "Due")]).unwrap();
    in_force(&mut definitions, changes);
    assert_eq!(ids(&definitions), ["1002"]);
    assert!(put(&definitions, Vec::new()).is_err());
    let twice = vec![named("1002", "A"), named("1002", "B")];
    assert!(put(&definitions, twice).is_err());
    let elsewhere = put(&definitions, vec![named("contractsent", "Sent")]);
    assert!(matches!(elsewhere, Err(Error::Exists { .. })));
}

#[test]
fn single_stages_are_put_and_deleted() {
    let mut definitions = Definitions::standard();
    let draft = StageDraft {
        id: Some("negotiation".into()),
        display_order: Some(5),
        required: Some(vec!["Amount".into()]),
        ..stage("Negotiation", "0.95")
    };
    let changes = pipeline::put_stage(
        &definitions,
        TypeId::DEAL,
        "default",
        Must::BeNew,
        &draft,
        BY,
    );
    in_force(&mut definitions, changes.unwrap());
    let bare = StageDraft {
        id: Some("negotiation".into()),
        label: Some("Talks".into()),
        ..StageDraft::default()
    };
    let changes = pipeline::put_stage(
        &definitions,
        TypeId::DEAL,
        "default",
        Must::Exist,
        &bare,
        BY,
    );
    in_force(&mut definitions, changes.unwrap());
    let deals = definitions.get(TypeId::DEAL).unwrap();
    let stage = deals.pipelines["default"].stage("negotiation").unwrap();
    assert_eq!((&*stage.label, stage.probability()), ("Talks", Some(0.95)));
    assert_eq!(stage.required, ["amount".into()]);
    let delete = pipeline::delete_stage(&definitions, TypeId::DEAL, "default", "negotiation", BY);
    in_force(&mut definitions, delete.unwrap());
    let twice = pipeline::delete_stage(&definitions, TypeId::DEAL, "default", "negotiation", BY);
    assert!(matches!(twice, Err(Error::NotFound { .. })));
    let only = pipeline::delete(&definitions, TypeId::DEAL, "default", BY);
    assert!(matches!(only, Err(Error::InUse { .. })));
    let none = pipeline::delete(&definitions, TypeId::NOTE, "default", BY);
    assert!(matches!(none, Err(Error::Fixed(_))));
}

#[test]
fn a_stage_means_what_it_can_mean() {
    let definitions = Definitions::standard();
    let refused = |object, metadata: &[(&str, &str)]| {
        let metadata = metadata
            .iter()
            .map(|(key, value)| ((*key).into(), (*value).into()));
        let draft = StageDraft {
            label: Some("A".into()),
            metadata: Some(metadata.collect()),
            ..StageDraft::default()
        };
        let pipeline = definitions
            .get(object)
            .unwrap()
            .pipelines
            .keys()
            .next()
            .unwrap();
        pipeline::put_stage(&definitions, object, pipeline, Must::BeNew, &draft, BY).is_err()
    };
    assert!(refused(TypeId::DEAL, &[]));
    assert!(refused(TypeId::DEAL, &[("probability", "1.5")]));
    assert!(refused(TypeId::DEAL, &[("probability", "likely")]));
    assert!(refused(TypeId::TICKET, &[("ticketState", "HALF")]));
    assert!(!refused(TypeId::TICKET, &[]));
    assert!(!refused(TypeId::DEAL, &[("probability", "1")]));
}

fn cars() -> ObjectTypeDraft {
    ObjectTypeDraft {
        name: "cars".into(),
        singular: Some("Car".into()),
        plural: Some("Cars".into()),
        primary_display: Some("plate".into()),
        required: Some(vec!["plate".into()]),
        properties: vec![
            PropertyDraft {
                unique: Some(true),
                ..draft("plate")
            },
            PropertyDraft {
                kind: Some(Kind::Number),
                ..draft("year")
            },
            calculated("age_in_2030", "2030 - year"),
        ],
        associated: vec![TypeId::CONTACT],
        ..ObjectTypeDraft::default()
    }
}

#[test]
fn a_type_somebody_makes_has_everything_a_standard_one_has() {
    let mut definitions = Definitions::standard();
    let changes = object_type::put(&definitions, Must::BeNew, &cars(), BY).unwrap();
    in_force(&mut definitions, changes);
    let cars_id = TypeId::custom(1).unwrap();
    for spelling in ["cars", "p_cars", "p1_cars", "2-1", "CARS"] {
        assert_eq!(
            definitions.find(spelling).map(ObjectType::id),
            Some(cars_id),
            "{spelling}"
        );
    }
    let object = definitions.get(cars_id).unwrap();
    assert_eq!(object.head.searchable, ["plate".into()]);
    let origin = crate::crm::history::Origin::default();
    let empty = write::create(object, &Default::default(), NOW, &origin);
    assert_eq!(empty.unwrap_err().code(), "REQUIRED_PROPERTY_MISSING");
    let said = [
        ("plate".into(), "LU ND 1".into()),
        ("year".into(), "2020".into()),
    ];
    assert!(write::create(object, &said.into(), NOW, &origin).is_ok());
    for other in [TypeId::CONTACT, TypeId::NOTE, TypeId::TASK] {
        let there = definitions.plain(cars_id, other).unwrap();
        let back = definitions.plain(other, cars_id).unwrap();
        assert!(there.type_id >= FIRST_CUSTOM && there.inverse == back.type_id);
    }
    let stages = PipelineDraft {
        label: Some("Workshop".into()),
        stages: Some(vec![StageDraft {
            label: Some("Waiting".into()),
            ..StageDraft::default()
        }]),
        ..PipelineDraft::default()
    };
    assert!(pipeline::put(&definitions, cars_id, Must::BeNew, &stages, BY).is_ok());
}

#[test]
fn a_type_that_is_deleted_is_found_no_more_and_its_names_are_not_given_again() {
    let mut definitions = Definitions::standard();
    let changes = object_type::put(&definitions, Must::BeNew, &cars(), BY).unwrap();
    in_force(&mut definitions, changes);
    let again = object_type::put(&definitions, Must::BeNew, &cars(), BY);
    assert!(matches!(again, Err(Error::Exists { .. })));
    let first = TypeId::custom(1).unwrap();
    let changes = object_type::delete(&definitions, first, BY).unwrap();
    in_force(&mut definitions, changes);
    assert!(definitions.find("cars").is_none() && definitions.get(first).is_none());
    let again = object_type::put(&definitions, Must::BeNew, &cars(), BY);
    assert!(matches!(again, Err(Error::Exists { .. })));
    let vans = ObjectTypeDraft {
        name: "vans".into(),
        ..cars()
    };
    let changes = object_type::put(&definitions, Must::BeNew, &vans, BY).unwrap();
    in_force(&mut definitions, changes);
    assert_eq!(
        definitions.find("vans").map(ObjectType::id),
        TypeId::custom(2)
    );
    let standard = object_type::delete(&definitions, TypeId::DEAL, BY);
    assert!(matches!(standard, Err(Error::Fixed(_))));
}

#[test]
fn what_a_type_cannot_be_is_refused() {
    let definitions = Definitions::standard();
    for bad in [
        ObjectTypeDraft {
            name: "contacts".into(),
            ..cars()
        },
        ObjectTypeDraft {
            name: "CONTACT".into(),
            ..cars()
        },
        ObjectTypeDraft {
            name: "my cars".into(),
            ..cars()
        },
        ObjectTypeDraft {
            singular: None,
            ..cars()
        },
        ObjectTypeDraft {
            primary_display: Some("colour".into()),
            ..cars()
        },
        ObjectTypeDraft {
            required: Some(vec!["age_in_2030".into()]),
            ..cars()
        },
        ObjectTypeDraft {
            searchable: Some(vec!["colour".into()]),
            ..cars()
        },
        ObjectTypeDraft {
            associated: vec![TypeId(4_000)],
            ..cars()
        },
    ] {
        assert!(
            object_type::put(&definitions, Must::BeNew, &bad, BY).is_err(),
            "{bad:?}"
        );
    }
}

#[test]
fn a_label_is_made_in_both_directions_and_goes_in_both() {
    let mut definitions = Definitions::standard();
    let (deal, contact) = (TypeId::DEAL, TypeId::CONTACT);
    let label = LabelDraft {
        name: None,
        label: Some("Decision maker".into()),
        inverse_label: Some("Decides on".into()),
    };
    let put = |definitions: &Definitions, type_id| {
        association::put_label(definitions, deal, contact, type_id, &label, BY)
    };
    let changes = put(&definitions, None).unwrap();
    in_force(&mut definitions, changes);
    let made = definitions
        .association(deal, contact, FIRST_CUSTOM)
        .unwrap();
    assert_eq!(
        (&*made.name, made.category),
        ("decision_maker", Category::User)
    );
    let back = definitions
        .association(contact, deal, made.inverse)
        .unwrap();
    assert_eq!(back.label.as_deref(), Some("Decides on"));
    assert!(matches!(put(&definitions, None), Err(Error::Exists { .. })));
    assert!(matches!(put(&definitions, Some(3)), Err(Error::Fixed(_))));
    assert!(matches!(
        put(&definitions, Some(7)),
        Err(Error::NotFound { .. })
    ));
    let kind = LinkKind {
        category: Category::User,
        type_id: FIRST_CUSTOM,
    };
    let limit = association::limit(&definitions, deal, contact, kind, Some(1), BY).unwrap();
    in_force(&mut definitions, limit);
    assert_eq!(
        definitions
            .association(deal, contact, FIRST_CUSTOM)
            .unwrap()
            .max,
        Some(1)
    );
    assert!(association::limit(&definitions, deal, contact, kind, Some(0), BY).is_err());
    let gone = association::delete_label(&definitions, deal, contact, FIRST_CUSTOM, BY).unwrap();
    in_force(&mut definitions, gone);
    assert!(
        definitions
            .associations(contact, deal)
            .all(|one| one.type_id != FIRST_CUSTOM + 1)
    );
    assert!(association::delete_label(&definitions, deal, contact, 3, BY).is_err());
    assert_eq!(definitions.next_association(), FIRST_CUSTOM + 2);
}

#[test]
fn a_label_between_records_of_one_type_may_be_the_same_both_ways() {
    let mut definitions = Definitions::standard();
    let label = LabelDraft {
        label: Some("Colleague".into()),
        ..LabelDraft::default()
    };
    let contact = TypeId::CONTACT;
    let changes = association::put_label(&definitions, contact, contact, None, &label, BY).unwrap();
    assert_eq!(changes.len(), 1);
    in_force(&mut definitions, changes);
    let made = definitions
        .association(contact, contact, FIRST_CUSTOM)
        .unwrap();
    assert_eq!(made.inverse, made.type_id);
    // Types that nothing joined before are joined plainly, too.
    let changes =
        association::put_label(&definitions, TypeId::PRODUCT, contact, None, &label, BY).unwrap();
    in_force(&mut definitions, changes);
    assert!(definitions.plain(contact, TypeId::PRODUCT).is_some());
    assert_eq!(
        definitions.associations(contact, TypeId::PRODUCT).count(),
        2
    );
}
