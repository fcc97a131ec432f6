//! What happens in one go: a visit online, a purchase at the counter, a chat, a letter.

use super::dairy::{COMPANIES, COMPLAINTS, LETTERS, PRODUCTS, Product, QUESTIONS, money};
use super::diary::{Diary, Door};
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

/// A purchase at the counter.
pub(super) fn counter(diary: &mut Diary, at_ms: i64) {
    let few: Vec<&Product> = (0..diary.chance.between(1, 4))
        .map(|_| favoured(diary))
        .collect();
    let basket = basket(diary, &few);
    if diary.has_account() {
        return order(diary, at_ms, &basket, "counter");
    }
    if diary.calls.is_empty() {
        take_card(diary, at_ms);
    }
    let bill = bill(diary, &basket, "counter");
    let card = diary.person.card();
    let call = json!({ "type": "track", "event": "Order Completed", "anonymousId": card, "properties": bill });
    diary.by_hand(at_ms + MINUTE_MS, call);
}

/// The till knows a card, and the name and number that were given for it.
fn take_card(diary: &mut Diary, at_ms: i64) {
    let person = &diary.person;
    let mut traits = json!({
        "firstName": person.first, "lastName": person.last, "address": { "city": person.town },
    });
    if let Some(phone) = &person.phone {
        traits["phone"] = json!(phone);
    }
    let call = json!({ "type": "identify", "anonymousId": person.card(), "traits": traits });
    diary.by_hand(at_ms, call);
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
    let subject = diary.chance.pick(&LETTERS);
    let properties = json!({ "campaign": "newsletter", "subject": subject });
    diary.by_server(at_ms, "Email Delivered", properties.clone());
    if !diary.chance.percent(opens_percent) {
        return;
    }
    let opened_ms = at_ms + diary.chance.between(2, 600) * MINUTE_MS;
    diary.by_server(opened_ms, "Email Opened", properties.clone());
    if diary.chance.percent(30) {
        diary.by_server(opened_ms + 30 * SECOND_MS, "Email Link Clicked", properties);
    }
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
