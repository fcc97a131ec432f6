//! What a file without a mapping probably means, told by the names of its columns and its first
//! rows; every guess is said.

use super::{Mapping, Rest, Time};
use crate::error::{Error, Result};
use crate::instant::Instants;
use crate::rows::Row;
use crate::value::{self, Point};
use rapport_core::event::Kind;
use std::sync::Arc;

/// A mapping and the reasons for it.
#[derive(Clone, Debug)]
pub struct Guess {
    /// What the columns probably mean.
    pub mapping: Mapping,
    /// A sentence for each guess.
    pub notes: Vec<String>,
}

/// Names of columns by kind of identifier, without case, blanks and signs.
const IDENTIFIERS: [(&str, &[&str]); 5] = [
    (
        "user_id",
        &[
            "userid",
            "customerid",
            "customer",
            "customernumber",
            "customerno",
            "memberid",
            "clientid",
            "contactid",
            "personid",
            "kundnr",
            "kundnummer",
            "kundennummer",
            "user",
            "uid",
        ],
    ),
    (
        "email",
        &[
            "email",
            "emailaddress",
            "mail",
            "customeremail",
            "epost",
            "useremail",
        ],
    ),
    (
        "phone",
        &[
            "phone",
            "phonenumber",
            "mobile",
            "mobilephone",
            "telephone",
            "tel",
            "mobil",
            "telefon",
            "customerphone",
            "whatsapp",
        ],
    ),
    (
        "anonymous_id",
        &["anonymousid", "visitorid", "cookieid", "clientuuid"],
    ),
    ("device_id", &["deviceid"]),
];
const TIMES: [&str; 21] = [
    "timestamp",
    "occurredat",
    "eventtime",
    "orderdate",
    "orderedat",
    "purchasedate",
    "purchasedat",
    "transactiondate",
    "completedat",
    "createdat",
    "created",
    "datetime",
    "date",
    "time",
    "when",
    "at",
    "day",
    "saledate",
    "receiptdate",
    "invoicedate",
    "datum",
];
const MESSAGE_IDS: [&str; 5] = ["messageid", "eventid", "uuid", "guid", "rowid"];
const EVENTS: [&str; 4] = ["event", "eventname", "action", "activity"];
/// Columns that only orders have, and what the standard calls them.
const ORDERS: [(&str, &[&str]); 4] = [
    (
        "revenue",
        &[
            "revenue",
            "amount",
            "total",
            "ordertotal",
            "ordervalue",
            "dollarvalue",
            "totalprice",
            "grandtotal",
            "sum",
            "belopp",
            "betrag",
        ],
    ),
    (
        "order_id",
        &[
            "orderid",
            "ordernumber",
            "orderno",
            "receiptid",
            "receipt",
            "receiptnumber",
            "invoiceid",
            "invoiceno",
            "transactionid",
        ],
    ),
    ("currency", &["currency", "currencycode", "valuta"]),
    ("coupon", &["coupon", "couponcode", "voucher"]),
];

/// Guesses what columns mean.
///
/// # Errors
/// Where no column names a person.
pub fn guess(columns: &[Arc<str>], sample: &[Row]) -> Result<Guess> {
    let columns: Vec<Arc<str>> = if columns.is_empty() {
        members(sample)
    } else {
        columns.to_vec()
    };
    let find = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| columns.iter().find(|column| plain(column) == **name))
    };
    let mut mapping = Mapping::default();
    let mut notes = Vec::new();
    for (kind, names) in IDENTIFIERS {
        if let Some(column) = find(names) {
            notes.push(format!("`{column}` is the person's {kind}"));
            mapping
                .identifiers
                .insert(kind.to_owned(), column.to_string());
        }
    }
    if mapping.identifiers.is_empty() {
        let there: Vec<&str> = columns.iter().take(40).map(|name| &**name).collect();
        return Err(Error::Mapping(format!(
            "none of the columns ({}) looks like a person's id, e-mail or phone: say which is with a mapping",
            there.join(", ")
        )));
    }
    if let Some(column) = find(&TIMES) {
        notes.push(format!("`{column}` says when it happened, in UTC"));
        mapping.time = Some(time(column, sample, &mut notes));
    }
    if let Some(column) = find(&MESSAGE_IDS) {
        notes.push(format!("`{column}` tells rows apart"));
        mapping.message_id = vec![column.to_string()];
    } else {
        notes.push("rows are told apart by what they say".to_owned());
    }
    let has_order = find(ORDERS[0].1).is_some() || find(ORDERS[1].1).is_some();
    name(find(&EVENTS), has_order, &mut mapping, &mut notes);
    if has_order {
        for (name, names) in ORDERS {
            if let Some(column) = find(names) {
                mapping
                    .properties
                    .insert(name.to_owned(), column.to_string());
            }
        }
    }
    if has_commas(sample) {
        notes.push("numbers have a decimal comma".to_owned());
        mapping.decimal = Point::Comma;
    }
    Ok(Guess { mapping, notes })
}

/// What the events are called.
fn name(
    column: Option<&Arc<str>>,
    has_order: bool,
    mapping: &mut Mapping,
    notes: &mut Vec<String>,
) {
    match column {
        Some(column) => {
            notes.push(format!("`{column}` is the event's name"));
            mapping.event_column = Some(column.to_string());
        }
        None if has_order => {
            notes.push("each row is an order: the event is `Order Completed`".to_owned());
            mapping.event = Some("Order Completed".to_owned());
        }
        None if mapping.time.is_none() => {
            notes.push("each row describes a person: the type is identify".to_owned());
            mapping.kind = Some(Kind::Identify);
            mapping.rest = Rest::Traits;
        }
        None => {
            notes.push("nothing names an event: it is called `Row Imported`".to_owned());
            mapping.event = Some("Row Imported".to_owned());
        }
    }
}

/// Members of rows that have no heading, in the order they come up.
fn members(sample: &[Row]) -> Vec<Arc<str>> {
    let mut found: Vec<Arc<str>> = Vec::new();
    for (name, _) in sample.iter().flat_map(|row| &row.cells) {
        if !found.contains(name) {
            found.push(Arc::clone(name));
        }
    }
    found
}

fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// The spelling of a column of times: days and months between slashes are told apart by a number
/// over twelve.
fn time(column: &str, sample: &[Row], notes: &mut Vec<String>) -> Time {
    let texts: Vec<String> = sample
        .iter()
        .filter_map(|row| row.cell(column).as_deref().and_then(value::id))
        .collect();
    let mut format = None;
    let any = Instants::default();
    if !texts.is_empty() && texts.iter().all(|text| any.read(text).is_none()) {
        let fits = |pattern: &str| {
            Instants::new(Some(pattern), None)
                .is_ok_and(|read| texts.iter().all(|text| read.read(text).is_some()))
        };
        let patterns: Vec<String> = ["%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d %b %Y"]
            .iter()
            .flat_map(|day| ["", " %H:%M", " %H:%M:%S"].map(|time| format!("{day}{time}")))
            .filter(|pattern| fits(pattern))
            .collect();
        match patterns.as_slice() {
            [one] => {
                notes.push(format!("its times are spelled {one}"));
                format = Some(one.clone());
            }
            [] => notes.push(
                "its times are spelled in a way that is not known: say `time.format`".to_owned(),
            ),
            several => notes.push(format!(
                "its times may be spelled {}: say which with `time.format`",
                several.join(" or ")
            )),
        }
    }
    Time {
        column: column.to_owned(),
        format,
        zone: None,
    }
}

/// Whether some cell is a number with a comma and none is one with a point.
fn has_commas(sample: &[Row]) -> bool {
    let is_number = |text: &str, point: char| {
        text.split_once(point).is_some_and(|(whole, fraction)| {
            let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            (1..=2).contains(&fraction.len())
                && digits(fraction)
                && digits(&whole.trim_start_matches('-').replace('.', ""))
        })
    };
    let texts = sample.iter().flat_map(|row| &row.cells);
    let texts: Vec<_> = texts
        .filter_map(|(_, cell)| match cell {
            crate::rows::Cell::Text(text) => Some(text.trim()),
            crate::rows::Cell::Json(_) => None,
        })
        .collect();
    texts.iter().any(|text| is_number(text, ',')) && !texts.iter().any(|text| is_number(text, '.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Cell;

    fn guessed(columns: &[&str], rows: &[&[&str]]) -> Result<Guess> {
        let columns: Vec<Arc<str>> = columns.iter().map(|name| Arc::from(*name)).collect();
        let row = |cells: &&[&str]| Row {
            number: 1,
            cells: columns
                .iter()
                .cloned()
                .zip(cells.iter().map(|text| Cell::Text((*text).to_owned())))
                .collect(),
        };
        guess(&columns, &rows.iter().map(row).collect::<Vec<_>>())
    }

    #[test]
    fn receipts_are_orders() {
        let columns = ["customer_id", "date", "number_of_cds", "dollar_value"];
        let found = guessed(&columns, &[&["00001", "19970101", "1", "11.77"]])
            .unwrap()
            .mapping;
        assert_eq!(found.event.as_deref(), Some("Order Completed"));
        assert_eq!(found.identifiers["user_id"], "customer_id");
        assert_eq!(found.properties["revenue"], "dollar_value");
        assert_eq!(found.time.unwrap().column, "date");
        assert!(found.message_id.is_empty());
    }

    #[test]
    fn a_list_of_people_is_a_list_of_people() {
        let found = guessed(&["E-Mail", "First Name"], &[]).unwrap().mapping;
        assert_eq!(found.kind, Some(Kind::Identify));
        assert_eq!(found.identifiers["email"], "E-Mail");
    }

    #[test]
    fn slashes_are_told_apart_only_where_a_number_tells_them() {
        let columns = ["email", "date", "event"];
        let format = |day: &str| {
            guessed(&columns, &[&["a@b.cd", day, "x"]])
                .unwrap()
                .mapping
                .time
                .unwrap()
                .format
        };
        assert_eq!(format("22/11/2026").as_deref(), Some("%d/%m/%Y"));
        assert_eq!(
            format("11/22/2026 10:00").as_deref(),
            Some("%m/%d/%Y %H:%M")
        );
        assert_eq!(format("03/04/2026"), None);
        assert_eq!(format("2026-04-03"), None);
    }

    #[test]
    fn commas_in_numbers_are_seen() {
        let columns = ["email", "amount"];
        let point = |amount: &str| {
            guessed(&columns, &[&["a@b.cd", amount]])
                .unwrap()
                .mapping
                .decimal
        };
        assert_eq!(point("1.234,50"), Point::Comma);
        assert_eq!(point("1234.50"), Point::Point);
    }

    #[test]
    fn nobody_is_guessed_where_nobody_is_named() {
        let error = guessed(&["colour", "size"], &[]).unwrap_err().to_string();
        assert!(error.contains("colour, size"), "{error}");
    }
}
