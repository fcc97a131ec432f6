//! Searches in terms of columns.

use super::*;
use crate::crm::definitions::Definitions;
use crate::crm::object::ObjectType;
use proptest::prelude::*;

fn filter(property: &str, operator: &str, values: &[&str]) -> Filter {
    let operator = Operator::from_word(operator).unwrap();
    let first = values.first().map(|value| (*value).into());
    let is_several = matches!(operator, Operator::In | Operator::NotIn);
    Filter {
        property: property.into(),
        operator,
        value: first.filter(|_| !is_several),
        values: match is_several {
            true => values.iter().map(|value| (*value).into()).collect(),
            false => Vec::new(),
        },
        high: match operator == Operator::Between {
            true => values.get(1).map(|value| (*value).into()),
            false => None,
        },
    }
}

fn compiled(object: TypeId, filters: Vec<Filter>) -> Result<Condition, Error> {
    let definitions = Definitions::standard();
    let object = definitions.get(object).unwrap();
    let search = Search {
        groups: vec![filters],
        ..Search::default()
    };
    let query = compile(&definitions, object, &search)?;
    let Condition::All(mut conditions) = query.condition else {
        return Ok(query.condition);
    };
    // The first says that the record is not archived.
    let first = conditions.remove(0);
    assert_eq!(
        first,
        Condition::Compare {
            column: 2,
            op: Comparison::Eq,
            cell: Cell::Integer(0)
        }
    );
    Ok(match conditions.len() {
        1 => conditions.remove(0),
        _ => Condition::All(conditions),
    })
}

fn deal(property: &str, operator: &str, values: &[&str]) -> Result<Condition, Error> {
    compiled(TypeId::DEAL, vec![filter(property, operator, values)])
}

fn column(object: TypeId, name: &str) -> u16 {
    let definitions = Definitions::standard();
    let object: &ObjectType = definitions.get(object).unwrap();
    object.property(name).unwrap().column().unwrap()
}

#[test]
fn values_become_cells_of_the_columns_form() {
    let amount = column(TypeId::DEAL, "amount");
    let found = deal("amount", "GTE", &["1e3"]);
    let expected = Condition::Compare {
        column: amount,
        op: Comparison::Gte,
        cell: Cell::Number(1_000.0),
    };
    assert_eq!(found, Ok(expected));
    let closedate = column(TypeId::DEAL, "closedate");
    let found = deal("closedate", "BETWEEN", &["1700000000000", "2023-11-15"]);
    let expected = Condition::Between {
        column: closedate,
        low: Cell::Integer(1_700_000_000_000),
        high: Cell::Integer(1_700_006_400_000),
    };
    assert_eq!(found, Ok(expected));
    let stage = column(TypeId::DEAL, "dealstage");
    let found = deal("dealstage", "IN", &["b", "a", "b"]);
    let cells = vec![Cell::Text("a".into()), Cell::Text("b".into())];
    assert_eq!(
        found,
        Ok(Condition::In {
            column: stage,
            cells
        })
    );
    let found = deal("hubspot_owner_id", "EQ", &["42"]);
    let expected = Condition::Compare {
        column: 4,
        op: Comparison::Eq,
        cell: Cell::Integer(42),
    };
    assert_eq!(found, Ok(expected));
    assert_eq!(
        deal("createdate", "HAS_PROPERTY", &[]),
        Ok(Condition::Has(column(TypeId::DEAL, "createdate")))
    );
    let created = deal("hs_createdate", "NOT_HAS_PROPERTY", &[]);
    assert_eq!(created, Ok(Condition::HasNot(0)));
}

#[test]
fn an_address_is_looked_for_in_small_letters() {
    let found = compiled(
        TypeId::CONTACT,
        vec![filter("email", "EQ", &[" Ada@Example.ORG "])],
    );
    let expected = Condition::Compare {
        column: column(TypeId::CONTACT, "email"),
        op: Comparison::Eq,
        cell: Cell::Text("ada@example.org".into()),
    };
    assert_eq!(found, Ok(expected));
}

#[test]
fn records_are_found_by_their_number_and_by_whom_they_belong_to() {
    let ids = deal("hs_object_id", "IN", &["7", "3", "7"]);
    assert_eq!(ids, Ok(Condition::Ids(vec![RecordNo(3), RecordNo(7)])));
    let above = deal("hs_object_id", "GT", &["7"]);
    let expected = Condition::Number {
        op: Comparison::Gt,
        no: RecordNo(7),
    };
    assert_eq!(above, Ok(expected));
    for spelling in [
        "associations.company",
        "associations.0-2",
        "Associations.Companies",
    ] {
        let linked = deal(spelling, "EQ", &["9"]);
        let expected = Condition::Linked {
            object: TypeId::COMPANY,
            no: RecordNo(9),
        };
        assert_eq!(linked, Ok(expected), "{spelling}");
    }
    assert!(deal("associations.company", "GT", &["9"]).is_err());
    assert!(deal("associations.company", "EQ", &["nine"]).is_err());
    let unknown = deal("associations.unicorn", "EQ", &["9"]);
    assert_eq!(unknown, Err(Error::TypeUnknown("unicorn".into())));
}

#[test]
fn one_of_several_choices_is_looked_for_among_them() {
    let category = column(TypeId::TICKET, "hs_ticket_category");
    let ask = |operator, values: &[&str]| {
        compiled(
            TypeId::TICKET,
            vec![filter("hs_ticket_category", operator, values)],
        )
    };
    let chosen = |choices: &[&str]| Condition::Chosen {
        column: category,
        choices: choices.iter().map(|choice| (*choice).into()).collect(),
    };
    assert_eq!(ask("IN", &["B", "A"]), Ok(chosen(&["A", "B"])));
    let both = ask("EQ", &["A;B"]);
    assert_eq!(
        both,
        Ok(Condition::All(vec![chosen(&["A"]), chosen(&["B"])]))
    );
    let not = ask("NOT_IN", &["A"]).unwrap();
    let expected = vec![
        Condition::Has(category),
        Condition::Not(Box::new(chosen(&["A"]))),
    ];
    assert_eq!(not, Condition::All(expected));
    assert!(ask("GT", &["A"]).is_err());
}

#[test]
fn words_are_looked_for_in_texts_only() {
    let name = column(TypeId::DEAL, "dealname");
    let found = deal("dealname", "CONTAINS_TOKEN", &["*Cheese"]);
    let expected = Condition::Token {
        column: name,
        pattern: "*cheese".into(),
        negated: false,
    };
    assert_eq!(found, Ok(expected));
    assert_eq!(
        deal("dealname", "CONTAINS_TOKEN", &["*"]),
        Ok(Condition::Has(name))
    );
    assert!(matches!(
        deal("amount", "CONTAINS_TOKEN", &["1"]),
        Err(Error::WrongOperator { .. })
    ));
}

#[test]
fn what_cannot_be_asked_is_refused() {
    assert!(matches!(
        deal("no_such", "EQ", &["1"]),
        Err(Error::PropertyDoesntExist { .. })
    ));
    for (property, operator, values) in [
        ("amount", "EQ", &[][..]),
        ("amount", "BETWEEN", &["1"][..]),
        ("amount", "IN", &[][..]),
    ] {
        let refused = deal(property, operator, values);
        assert!(
            matches!(refused, Err(Error::ValueMissing { .. })),
            "{operator}"
        );
    }
    for (property, value) in [
        ("amount", "much"),
        ("closedate", "soon"),
        ("hs_object_id", "x"),
    ] {
        let refused = deal(property, "EQ", &[value]);
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{property}");
    }
    assert!(Operator::from_word("LIKE").is_err());
    let many = vec![filter("amount", "EQ", &["1"]); FILTERS_MAX + 1];
    assert!(matches!(
        compiled(TypeId::DEAL, many),
        Err(Error::TooMuch(_))
    ));
    let definitions = Definitions::standard();
    let deals = definitions.get(TypeId::DEAL).unwrap();
    let groups = Search {
        groups: vec![Vec::new(); GROUPS_MAX + 1],
        ..Search::default()
    };
    assert!(compile(&definitions, deals, &groups).is_err());
    let words = Search {
        words: Some("x".repeat(WORDS_CHARS_MAX + 1).into()),
        ..Search::default()
    };
    assert!(compile(&definitions, deals, &words).is_err());
}

#[test]
fn an_empty_search_means_every_record_that_is_not_archived() {
    let definitions = Definitions::standard();
    let deals = definitions.get(TypeId::DEAL).unwrap();
    let query = compile(&definitions, deals, &Search::default()).unwrap();
    let not_archived = Condition::Compare {
        column: 2,
        op: Comparison::Eq,
        cell: Cell::Integer(0),
    };
    assert_eq!(query.condition, not_archived);
    assert_eq!((query.words, query.order.len()), (None, 0));
}

#[test]
fn sorts_name_columns_and_the_number() {
    let definitions = Definitions::standard();
    let deals = definitions.get(TypeId::DEAL).unwrap();
    let sort = |property: &str, descending| Sort {
        property: property.into(),
        descending,
    };
    let search = Search {
        sorts: vec![sort("amount", true), sort("hs_object_id", false)],
        ..Search::default()
    };
    let query = compile(&definitions, deals, &search).unwrap();
    let columns: Vec<_> = query
        .order
        .iter()
        .map(|order| (order.column, order.descending))
        .collect();
    assert_eq!(
        columns,
        [(Some(column(TypeId::DEAL, "amount")), true), (None, false)]
    );
    let unknown = Search {
        sorts: vec![sort("amount; drop table", false)],
        ..Search::default()
    };
    assert!(compile(&definitions, deals, &unknown).is_err());
}

proptest! {
    #[test]
    fn no_filter_makes_it_fall_and_columns_are_those_of_the_type(
        property in "(amount|dealname|closedate|hs_is_closed|hubspot_team_id|hubspot_owner_id|hs_object_id|associations\\.[a-z0-9-]{0,8}|\\PC{0,12})",
        operator in 0_usize..13,
        values in proptest::collection::vec("([0-9]{1,20}|true|;+|\\PC{0,8})", 0..4),
        high in proptest::option::of("[0-9]{1,6}"),
    ) {
        let filter = Filter {
            property: property.into(),
            operator: Operator::ALL[operator],
            value: values.first().map(|value| value.as_str().into()),
            values: values.iter().map(|value| value.as_str().into()).collect(),
            high: high.map(Into::into),
        };
        let definitions = Definitions::standard();
        let deals = definitions.get(TypeId::DEAL).unwrap();
        let search = Search { groups: vec![vec![filter]], ..Search::default() };
        if let Ok(query) = compile(&definitions, deals, &search) {
            let mut columns = Vec::new();
            collect(&query.condition, &mut columns);
            for column in columns {
                let known = deals.properties.values().any(|one| one.column() == Some(column));
                prop_assert!(known || column < 16, "{}", column);
            }
        }
    }
}

fn collect(condition: &Condition, columns: &mut Vec<u16>) {
    match condition {
        Condition::All(all) | Condition::Any(all) => {
            all.iter().for_each(|one| collect(one, columns));
        }
        Condition::Not(one) => collect(one, columns),
        Condition::Compare { column, .. }
        | Condition::In { column, .. }
        | Condition::NotIn { column, .. }
        | Condition::Between { column, .. }
        | Condition::Token { column, .. }
        | Condition::Chosen { column, .. }
        | Condition::Has(column)
        | Condition::HasNot(column) => columns.push(*column),
        Condition::Number { .. }
        | Condition::Linked { .. }
        | Condition::Ids(_)
        | Condition::Never => {}
    }
}
