//! Orders that are completed, as records with line items.

use super::cells;
use super::told::{self, attach};
use super::work::{Cause, Work};
use crate::writer::Writer;
use rapport_core::crm::{RecordNo, TypeId, Value};
use rapport_core::fold::told::Told;
use rapport_core::json;
use rapport_store::Result;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The property that holds the id an order has in the shop.
pub(super) const ORDER_ID: &str = "hs_external_order_id";
/// How an order belongs to a contact, and back.
pub(super) const OF_CONTACT: (u32, u32) = (507, 508);
/// How an order has line items, and back.
const LINE_ITEMS: (u32, u32) = (513, 514);
/// Line items of one order that are kept at most.
const ITEMS_MAX: usize = 200;

/// Somebody completed an order.
pub(super) async fn told(
    writer: &mut Writer,
    work: &mut Work,
    cause: &Cause,
    told: &Told,
    message_id: &str,
    properties: &str,
) -> Result<()> {
    let definitions = Arc::clone(&work.definitions);
    let object = definitions.types.get(&TypeId::ORDER);
    let Some(property) = object.and_then(|object| object.property(ORDER_ID)) else {
        return Ok(());
    };
    let says = Says::of(properties);
    let id = says.id(message_id);
    let value = Value::Text(id.clone().into());
    let existing = work
        .owner(&writer.shared, TypeId::ORDER, property, &value)
        .await?;
    let mut said = said(&says);
    said.insert(ORDER_ID, Some(id.clone()));
    if existing.is_none() {
        said.insert("hs_order_name", Some(format!("Order {id}")));
        said.insert("hs_external_created_date", Some(told.at.to_string()));
        said.insert("hs_source_store", Some(cause.origin.label.to_string()));
    }
    let found = (TypeId::ORDER, existing);
    let Some(number) = told::write(writer, work, cause, found, &said).await? else {
        return Ok(());
    };
    let order = (TypeId::ORDER, number);
    if let Some(person) = told.person {
        let contact = (TypeId::CONTACT, RecordNo(person.0));
        if work.link(writer, order, contact, OF_CONTACT).await? {
            attach(work, person, cause.place, order, vec![OF_CONTACT]);
        }
    }
    items(writer, work, cause, number, &says).await
}

/// The id an order has in the shop, or that of its event.
pub(super) fn id(message_id: &str, properties: &str) -> String {
    Says::of(properties).id(message_id)
}

/// The members of an object that an event brings, read in one pass.
struct Says<'a>(Vec<(Cow<'a, str>, &'a str)>);

impl<'a> Says<'a> {
    fn of(object: &'a str) -> Says<'a> {
        Says(json::members(object).collect())
    }

    /// What it says under a name; the last of several.
    fn raw(&self, name: &str) -> Option<&'a str> {
        let mut members = self.0.iter().rev();
        let found = members.find(|(key, _)| key == name);
        found.map(|(_, raw)| *raw)
    }

    /// The first of these members that is a scalar.
    fn text(&self, names: &[&str]) -> Option<String> {
        let mut found = names.iter();
        found.find_map(|name| cells::text(self.raw(name)?))
    }

    fn id(&self, message_id: &str) -> String {
        let id = self.text(&["order_id", "orderId", "id"]);
        id.unwrap_or_else(|| message_id.to_owned())
    }
}

/// What the event says of the order itself. Amounts come with their currency or not at all.
fn said(says: &Says<'_>) -> BTreeMap<&'static str, Option<String>> {
    const SAID: [(&str, &[&str]); 7] = [
        ("hs_total_price", &["total", "revenue", "value"]),
        ("hs_subtotal_price", &["subtotal"]),
        ("hs_tax", &["tax"]),
        ("hs_shipping_cost", &["shipping"]),
        ("hs_order_discount", &["discount"]),
        ("hs_currency_code", &["currency"]),
        ("hs_discount_codes", &["coupon"]),
    ];
    let said = SAID.iter().filter_map(|(property, names)| {
        let text = says.text(names)?;
        let text = match *property {
            "hs_currency_code" => text.trim().to_ascii_uppercase(),
            _ => text,
        };
        Some((*property, Some(text)))
    });
    said.collect()
}

/// The line items of an order, in the order the event names them: those there are become these,
/// those too many are archived.
async fn items(
    writer: &mut Writer,
    work: &mut Work,
    cause: &Cause,
    order: RecordNo,
    says: &Says<'_>,
) -> Result<()> {
    let Some(products) = says.raw("products") else {
        return Ok(());
    };
    let order = (TypeId::ORDER, order);
    let known = work
        .linked(writer, order, TypeId::LINE_ITEM, ITEMS_MAX)
        .await?;
    let mut known = known.unwrap_or_default().into_keys();
    let currency = says.text(&["currency"]);
    for (nth, product) in json::items(products).take(ITEMS_MAX).enumerate() {
        let mut said = item(product);
        said.insert("hs_position_on_quote", Some(nth.to_string()));
        if let Some(currency) = &currency {
            let code = currency.trim().to_ascii_uppercase();
            said.insert("hs_line_item_currency_code", Some(code));
        }
        let existing = (TypeId::LINE_ITEM, known.next());
        let written = told::write(writer, work, cause, existing, &said).await?;
        if let Some(number) = written {
            let item = (TypeId::LINE_ITEM, number);
            work.link(writer, order, item, LINE_ITEMS).await?;
        }
    }
    let left: Vec<RecordNo> = known.collect();
    work.load(&writer.shared, TypeId::LINE_ITEM, &left).await?;
    for number in left {
        work.archive((TypeId::LINE_ITEM, number), Some(cause.received));
    }
    Ok(())
}

/// What the event says of one product.
fn item(product: &str) -> BTreeMap<&'static str, Option<String>> {
    const SAID: [(&str, &[&str]); 6] = [
        ("name", &["name", "product_name", "sku"]),
        ("hs_sku", &["sku"]),
        ("price", &["price"]),
        ("quantity", &["quantity"]),
        ("hs_external_id", &["product_id", "productId", "id"]),
        ("description", &["variant"]),
    ];
    let says = Says::of(product);
    let said = SAID.iter();
    let said = said.filter_map(|(property, names)| Some((*property, Some(says.text(names)?))));
    let mut said: BTreeMap<&'static str, Option<String>> = said.collect();
    said.entry("quantity")
        .or_insert_with(|| Some("1".to_owned()));
    said
}
