//! What happens in one go: a visit online, a purchase at the counter, a chat, a letter.

use super::dairy::{
    COMPANIES, COMPLAINTS, LETTERS, ORDERS, PRAISE, PRODUCTS, Product, QUESTIONS, money,
};
use super::diary::{Diary, Door, Way};
use serde_json::{Value, json};

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// How far a visit goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intent {
    /// They look around.
    Look,
    /// They fill a cart and leave it.
    Fill,
    /// They buy.
    Buy,
}

/// A visit to the shop, in a browser or the app.
pub(super) fn visit(diary: &mut Diary, door: Door, start_ms: i64, intent: Intent) {
    let mut visit = Visit {
        diary,
        door,
        clock_ms: start_ms,
    };
    visit.open();
    let seen = visit.browse();
    if intent == Intent::Look {
        return;
    }
    let basket = basket(visit.diary, &seen);
    for (product, quantity) in &basket {
        visit.track("Product Added", product.properties(*quantity));
    }
    visit.track("Cart Viewed", cart(&basket));
    if intent == Intent::Fill {
        return;
    }
    visit.track("Checkout Started", cart(&basket));
    visit.wait();
    let channel = if door == Door::App { "app" } else { "web" };
    order(visit.diary, visit.clock_ms, &basket, channel);
}

/// A purchase at the counter: a row of the till's file. A card is all that is asked for; what was
/// told for it when it was made stands beside it once.
pub(super) fn counter(diary: &mut Diary, at_ms: i64) {
    let few: Vec<&Product> = (0..diary.chance.between(1, 4))
        .map(|_| favoured(diary))
        .collect();
    let basket = basket(diary, &few);
    let bill = bill(diary, &basket, "counter");
    let person = &diary.person;
    let is_new = diary.calls.is_empty();
    let phone = person.phone.clone().filter(|_| is_new);
    let row = json!({
        "receipt": bill["order_id"], "card": person.card(),
        "customer": if diary.has_account() { person.user_id.as_str() } else { "" },
        "phone": phone.unwrap_or_default(),
        "first name": if is_new { person.first } else { "" },
        "last name": if is_new { person.last } else { "" },
        "total": bill["revenue"], "products": bill["products"],
    });
    diary.by_way(at_ms + MINUTE_MS, Way::Till, row);
}

/// An order by the messenger.
pub(super) fn message_order(diary: &mut Diary, at_ms: i64) {
    let Some(phone) = diary.person.phone.clone() else {
        return;
    };
    let few: Vec<&Product> = (0..diary.chance.between(1, 3))
        .map(|_| favoured(diary))
        .collect();
    let basket = basket(diary, &few);
    let item = |(product, quantity): &(&Product, i64)| {
        json!({
            "product_retailer_id": product.sku, "quantity": quantity,
            "item_price": money(product.cents), "currency": "EUR",
        })
    };
    let items: Vec<Value> = basket.iter().map(item).collect();
    let from = phone.trim_start_matches('+');
    let asks = json!({
        "from": from, "id": format!("wamid.{}", diary.next_id()), "type": "text",
        "text": { "body": diary.chance.pick(&ORDERS) },
    });
    diary.by_way(at_ms, Way::Chat, asks);
    let order = json!({
        "from": from, "id": format!("wamid.{}", diary.next_id()), "type": "order",
        "order": { "catalog_id": "larkfield", "text": "", "product_items": items },
    });
    diary.by_way(at_ms + 3 * MINUTE_MS, Way::Chat, order);
}

/// A comment under a picture of the dairy; not everybody is kind.
pub(super) fn comment(diary: &mut Diary, at_ms: i64, is_complaint: bool) {
    let words = match is_complaint {
        true => diary.chance.pick(&COMPLAINTS).1,
        false => diary.chance.pick::<&str>(&PRAISE),
    };
    let name = format!("{}.{}", diary.person.first, diary.person.last).to_lowercase();
    let body = json!({
        "id": format!("comment-{}", diary.next_id()), "from": diary.person.social(),
        "username": name, "text": words,
    });
    diary.by_way(at_ms, Way::Social, body);
}

/// A chat with the shop; who complains is not easily made happy.
pub(super) fn chat(diary: &mut Diary, at_ms: i64, is_complaint: bool) {
    let (topic, words) = *if is_complaint {
        diary.chance.pick(&COMPLAINTS)
    } else {
        diary.chance.pick(&QUESTIONS)
    };
    let kind = if is_complaint {
        "complaint"
    } else {
        "question"
    };
    let id = format!("chat-{}-{}", diary.person.no, diary.calls.len());
    let about = |more: Value| {
        let mut properties = json!({ "conversation_id": id, "topic": topic, "kind": kind });
        for (name, value) in more.as_object().into_iter().flatten() {
            properties[name] = value.clone();
        }
        properties
    };
    diary.by_server(
        at_ms,
        "Conversation Started",
        about(json!({ "channel": "chat" })),
    );
    diary.by_server(
        at_ms + 20 * SECOND_MS,
        "Message Received",
        about(json!({ "text": words })),
    );
    let rating = if is_complaint {
        diary.chance.between(1, 3)
    } else {
        diary.chance.between(3, 5)
    };
    let end_ms = at_ms + diary.chance.between(3, 25) * MINUTE_MS;
    diary.by_server(
        end_ms,
        "Conversation Ended",
        about(json!({ "satisfaction": rating })),
    );
}

/// A letter by e-mail; some open it, and some of those follow a link.
pub(super) fn letter(diary: &mut Diary, at_ms: i64, opens_percent: i64) {
    let subject = *diary.chance.pick(&LETTERS);
    let letter = diary.next_id();
    mail(diary, at_ms, "delivered", &letter, subject);
    if !diary.chance.percent(opens_percent) {
        return;
    }
    let opened_ms = at_ms + diary.chance.between(2, 600) * MINUTE_MS;
    mail(diary, opened_ms, "open", &letter, subject);
    if diary.chance.percent(30) {
        mail(diary, opened_ms + 30 * SECOND_MS, "click", &letter, subject);
    }
}

/// What the mail service says of a letter.
fn mail(diary: &mut Diary, at_ms: i64, event: &str, letter: &str, subject: &str) {
    let mut body = json!({
        "email": diary.person.email, "event": event, "category": ["newsletter"],
        "sg_event_id": diary.next_id(), "sg_message_id": letter, "singlesend_name": subject,
    });
    if event == "click" {
        body["url"] = json!("https://shop.larkfield.example/season");
    }
    diary.by_way(at_ms, Way::Mail, body);
}

/// They buy for a company, which the order system says.
pub(super) fn join_company(diary: &mut Diary, at_ms: i64) {
    let (id, name, industry, employees) = *diary.chance.pick(&COMPANIES);
    let traits = json!({ "name": name, "industry": industry, "employees": employees });
    let user = diary.person.user_id.clone();
    diary.by_hand(
        at_ms,
        json!({ "type": "group", "userId": user, "groupId": id, "traits": traits }),
    );
}

/// A visit while it lasts.
struct Visit<'a> {
    diary: &'a mut Diary,
    door: Door,
    clock_ms: i64,
}

impl Visit<'_> {
    fn wait(&mut self) {
        self.clock_ms += self.diary.chance.between(4 * SECOND_MS, 75 * SECOND_MS);
    }

    fn track(&mut self, event: &str, properties: Value) {
        self.wait();
        let call = json!({ "type": "track", "event": event, "properties": properties });
        self.diary.by_browser(self.clock_ms, self.door, call);
    }

    fn open(&mut self) {
        let call = match self.door {
            Door::Web => {
                let properties = json!({ "url": "https://shop.larkfield.example/", "path": "/" });
                json!({ "type": "page", "name": "Home", "properties": properties })
            }
            Door::App => {
                self.track("Application Opened", json!({ "version": "4.2.0" }));
                json!({ "type": "screen", "name": "Home", "properties": {} })
            }
        };
        self.diary
            .by_browser(self.clock_ms + SECOND_MS, self.door, call);
    }

    /// A shelf, and some of what stands on it.
    fn browse(&mut self) -> Vec<&'static Product> {
        let category = favoured(self.diary).category;
        if self.diary.chance.percent(15) {
            self.track("Products Searched", json!({ "query": category }));
        }
        self.track("Product List Viewed", json!({ "category": category }));
        let shelf = shelf(category);
        let count = self.diary.chance.between(1, 4);
        let seen: Vec<&Product> = (0..count)
            .map(|_| *self.diary.chance.pick(&shelf))
            .collect();
        for product in &seen {
            self.track("Product Viewed", product.properties(1));
        }
        seen
    }
}

fn shelf(category: &str) -> Vec<&'static Product> {
    PRODUCTS
        .iter()
        .filter(|product| product.category == category)
        .collect()
}

fn favoured(diary: &mut Diary) -> &'static Product {
    match diary.chance.percent(60) {
        true => {
            let shelf = shelf(diary.person.favourite);
            diary.chance.pick::<&Product>(&shelf)
        }
        false => diary.chance.pick(&PRODUCTS),
    }
}

fn basket(diary: &mut Diary, seen: &[&'static Product]) -> Vec<(&'static Product, i64)> {
    let mut basket: Vec<(&Product, i64)> = Vec::new();
    for product in seen {
        if basket.iter().all(|(other, _)| other.sku != product.sku) {
            basket.push((product, diary.chance.between(1, 3)));
        }
    }
    basket
}

fn cart(basket: &[(&Product, i64)]) -> Value {
    let products: Vec<Value> = basket
        .iter()
        .map(|(product, quantity)| product.properties(*quantity))
        .collect();
    json!({ "products": products, "value": money(total(basket)), "currency": "EUR" })
}

fn total(basket: &[(&Product, i64)]) -> i64 {
    basket
        .iter()
        .map(|(product, quantity)| product.cents * quantity)
        .sum()
}

fn bill(diary: &Diary, basket: &[(&Product, i64)], channel: &str) -> Value {
    let mut bill = cart(basket);
    bill["order_id"] = json!(format!("o-{}-{}", diary.person.no, diary.calls.len()));
    bill["revenue"] = money(total(basket));
    bill["total"] = money(total(basket) + if channel == "counter" { 0 } else { 490 });
    bill["channel"] = json!(channel);
    bill
}

/// The order system's word, and a refund some days later for a few.
fn order(diary: &mut Diary, at_ms: i64, basket: &[(&Product, i64)], channel: &str) {
    let bill = bill(diary, basket, channel);
    diary.by_server(at_ms, "Order Completed", bill.clone());
    if diary.chance.percent(4) {
        let back_ms = at_ms + diary.chance.between(2, 6) * DAY_MS;
        let properties =
            json!({ "order_id": bill["order_id"], "total": bill["total"], "currency": "EUR" });
        diary.by_server(back_ms, "Order Refunded", properties);
    }
}
