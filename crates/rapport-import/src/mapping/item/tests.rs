//! Rows and the items that mappings make of them.

use super::*;
use std::sync::Arc;

const NOW: Millis = Millis(1_700_000_000_000);

fn row(cells: &[(&str, &str)]) -> Row {
    let cell = |(name, text): &(&str, &str)| (Arc::from(*name), Cell::Text((*text).to_owned()));
    Row {
        number: 1,
        cells: cells.iter().map(cell).collect(),
    }
}

fn made(mapping: &str, rows: &[Row]) -> std::result::Result<Made, String> {
    let maker = Maker::new(Mapping::parse(mapping).unwrap()).unwrap();
    maker.make(rows, NOW).map_err(|reason| reason.code)
}

const COUNTER: &str = r#"
    event = "Order Completed"
    message_id = ["shop", "receipt"]
    time = { column = "when", zone = "Europe/Stockholm" }
    identifiers = { email = "mail", loyalty_card = "card" }
    properties = { revenue = "amount", "shop.id" = "shop" }
    traits = { "address.city" = "city" }
"#;

#[test]
fn a_receipt_becomes_an_order_and_what_it_says_of_the_person() {
    let receipt = row(&[
        ("shop", "a/b"),
        ("receipt", "17"),
        ("when", "2023-07-01 12:00"),
        ("mail", " Ana@example.org "),
        ("card", "0042"),
        ("amount", "11.50"),
        ("city", "Lund"),
        ("till", "3"),
        ("note", ""),
    ]);
    let card = r#"{"id":"0042","type":"loyalty_card","collection":"users","encoding":"none"}"#;
    let expected = Made {
        items: vec![
            format!(
                r#"{{"type":"identify","timestamp":"2023-07-01T10:00:00.000Z","traits":{{"address":{{"city":"Lund"}},"email":"Ana@example.org"}},"context":{{"externalIds":[{card}]}}}}"#
            ),
            format!(
                r#"{{"type":"track","timestamp":"2023-07-01T10:00:00.000Z","event":"Order Completed","properties":{{"revenue":11.5,"shop":{{"id":"a/b"}},"receipt":17,"till":3}},"context":{{"traits":{{"email":"Ana@example.org"}},"externalIds":[{card}]}}}}"#
            ),
        ],
        id: Some("a%2Fb/17".to_owned()),
    };
    assert_eq!(made(COUNTER, &[receipt]), Ok(expected));
}

#[test]
fn a_list_of_customers_becomes_identify_calls() {
    let mapping = "type = \"identify\"\nidentifiers = { user_id = \"id\", email = \"mail\" }";
    let customer = row(&[("id", "00001"), ("mail", "a@example.org"), ("plan", "gold")]);
    let found = made(mapping, &[customer]).unwrap();
    let expected =
        r#"{"type":"identify","userId":"00001","traits":{"plan":"gold","email":"a@example.org"}}"#;
    assert_eq!(found.items, [expected]);
    assert_eq!(found.id, None);
}

#[test]
fn the_rows_of_an_order_are_its_lines() {
    let mapping = r#"
        event = "Order Completed"
        identifiers = { user_id = "customer" }
        lines = { by = "order", columns = { sku = "sku", price = "price" } }
    "#;
    let line = |sku, size| {
        row(&[
            ("order", "o1"),
            ("customer", "c1"),
            ("sku", sku),
            ("price", "2.50"),
            ("size", size),
            ("shop", "Lund"),
        ])
    };
    let found = made(mapping, &[line("milk", "L"), line("oats", "S")]).unwrap();
    let expected = r#"{"type":"track","userId":"c1","event":"Order Completed","properties":{"order":"o1","shop":"Lund","products":[{"price":2.5,"sku":"milk","size":"L"},{"price":2.5,"sku":"oats","size":"S"}]}}"#;
    assert_eq!(found.items, [expected]);
}

#[test]
fn a_row_that_is_no_event_says_why() {
    let with = |when: &str, mail: &str, amount: &str| {
        let mapping = format!("{COUNTER}\ntypes = {{ amount = \"number\" }}");
        made(
            &mapping,
            &[row(&[("when", when), ("mail", mail), ("amount", amount)])],
        )
        .map(|_| ())
    };
    let told = |code: &str| Err(code.to_owned());
    assert_eq!(with("2023-07-01", "a@b.cd", "1"), Ok(()));
    assert_eq!(with("", "a@b.cd", "1"), told("missing_time"));
    assert_eq!(with("07/01/2023", "a@b.cd", "1"), told("unreadable_time"));
    assert_eq!(with("2123-07-01", "a@b.cd", "1"), told("time_in_future"));
    assert_eq!(with("2023-07-01", "", "1"), told("missing_id"));
    assert_eq!(with("2023-07-01", "a@b.cd", "one"), told("not_a_number"));
    let unnamed = "event_column = \"what\"\nidentifiers = { email = \"mail\" }";
    assert_eq!(
        made(unnamed, &[row(&[("what", " "), ("mail", "a@b.cd")])]),
        told("missing_event_name").map(|()| Made::default())
    );
}

#[test]
fn an_archived_event_keeps_its_time_whenever_it_was_sent() {
    let json = |text: &str| Cell::Json(text.to_owned());
    let archived = Row {
        number: 1,
        cells: vec![
            (Arc::from("type"), json("\"track\"")),
            (Arc::from("messageId"), json("\"m1\"")),
            (Arc::from("timestamp"), json("\"2020-01-01T00:00:00Z\"")),
            (Arc::from("sentAt"), json("\"2020-01-01T00:00:05Z\"")),
        ],
    };
    let found = of_segment(&archived, NOW).unwrap();
    let expected = r#"{"type":"track","timestamp":"2020-01-01T00:00:00.000Z"}"#;
    assert_eq!(
        (found.items[0].as_str(), found.id.as_deref()),
        (expected, Some("m1"))
    );
    let broken = Row {
        number: 1,
        cells: vec![(Arc::from("timestamp"), json("\"soon\""))],
    };
    assert_eq!(
        of_segment(&broken, NOW).unwrap_err().code,
        "unreadable_time"
    );
}
