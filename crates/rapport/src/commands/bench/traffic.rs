//! What is sent: whole requests of a fixed length, in which a request's own ids are written over
//! the last one's, so that making one costs next to nothing.

use base64::Engine as _;
use rapport_core::time::Millis;

/// A shape of traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Everybody once, with traits, a hundred a request: makes the people there are.
    Everybody,
    /// A session arrives as one request of 12 events of one person.
    Sessions,
    /// One event a request; its person is one of those with an open session.
    Open,
    /// One event a request, of anybody.
    Anybody,
    /// Twenty events of twenty people a request, as a server sends them.
    Mixed,
    /// A hundred events of a hundred people a request.
    Batches,
}

impl Shape {
    /// Events in one request.
    pub(super) fn events(self) -> u64 {
        match self {
            Shape::Everybody | Shape::Batches => 100,
            Shape::Sessions => 12,
            Shape::Mixed => 20,
            Shape::Open | Shape::Anybody => 1,
        }
    }

    fn is_of_one_person(self) -> bool {
        self == Shape::Sessions
    }
}

/// How many sessions are open at a time.
const OPEN_SESSIONS: u64 = 50_000;
const CATEGORIES: [&str; 8] = [
    "shoes", "coats", "boots", "pants", "belts", "scarf", "glove", "shirt",
];
const NAMES: [&str; 12] = [
    "Product List Viewed",
    "Product Viewed",
    "Product Viewed",
    "Product Clicked",
    "Product Viewed",
    "Product Added",
    "Cart Viewed",
    "Product Viewed",
    "Product Added",
    "Checkout Started",
    "Payment Info Entered",
    "Order Completed",
];
const MESSAGE: &str = "m-################";
const USER: &str = "u-%%%%%%%%";
const ANONYMOUS: &str = "a-$$$$$$$$";
const CATEGORY: &str = "~~~~~";
/// What differs from event to event in real traffic, too: products, addresses, visits.
const NOISE: &str = "^^^^^^^^";
const NOISES: usize = 4;
const TIME: &str = "@@@@@@@@@@@@@@@@@@@@@@@@";

/// A request whose ids can be written anew.
pub(super) struct Traffic {
    shape: Shape,
    people: u64,
    random: Random,
    forms: Vec<Form>,
}

struct Form {
    bytes: Vec<u8>,
    messages: Vec<usize>,
    users: Vec<usize>,
    anonymous: Vec<usize>,
    categories: Vec<usize>,
    noises: Vec<usize>,
    times: Vec<usize>,
}

impl Traffic {
    /// Requests of a shape among `people` people, sent with `key`.
    pub(super) fn new(shape: Shape, people: u64, key: &str, seed: u64) -> Traffic {
        let forms = match shape {
            Shape::Open | Shape::Anybody => NAMES
                .iter()
                .map(|name| Form::one(&event(name), key))
                .collect(),
            Shape::Everybody => vec![Form::batch(&vec![identify(); 100], key)],
            Shape::Sessions | Shape::Mixed | Shape::Batches => {
                let count = shape.events() as usize;
                let events: Vec<_> = NAMES
                    .iter()
                    .cycle()
                    .take(count)
                    .map(|name| event(name))
                    .collect();
                vec![Form::batch(&events, key)]
            }
        };
        Traffic {
            shape,
            people,
            random: Random(seed | 1),
            forms,
        }
    }

    /// The request with this number, which is nobody else's; `now` is when its events happened.
    pub(super) fn request(&mut self, number: u64, now: Millis) -> &[u8] {
        let events = self.shape.events();
        let form = (number % self.forms.len() as u64) as usize;
        let mut person = self.person(number * events);
        for event in 0..events {
            if event > 0 && !self.shape.is_of_one_person() {
                person = self.person(number * events + event);
            }
            let category = CATEGORIES[self.random.below(CATEGORIES.len() as u64) as usize];
            let noise: [u64; NOISES] = std::array::from_fn(|_| self.random.below(u64::MAX));
            let form = &mut self.forms[form];
            let place = event as usize;
            hex(
                &mut form.bytes[form.messages[place] + 2..][..16],
                number * events + event,
            );
            decimal(&mut form.bytes[form.users[place] + 2..][..8], person);
            decimal(&mut form.bytes[form.anonymous[place] + 2..][..8], person);
            if let Some(&at) = form.categories.get(place) {
                form.bytes[at..at + 5].copy_from_slice(category.as_bytes());
            }
            for (&at, noise) in form.noises.iter().skip(place * NOISES).zip(noise) {
                hex(&mut form.bytes[at..at + 8], noise);
            }
        }
        let form = &mut self.forms[form];
        let time = now.to_string();
        for &at in &form.times {
            form.bytes[at..at + TIME.len()].copy_from_slice(&time.as_bytes()[..TIME.len()]);
        }
        &form.bytes
    }

    fn person(&mut self, event: u64) -> u64 {
        match self.shape {
            Shape::Everybody => event % self.people,
            // A session goes on for some hundred events of everybody's before another replaces it.
            Shape::Open => {
                let sessions = OPEN_SESSIONS.min(self.people);
                let begun = event / (sessions * 20);
                (self.random.below(sessions) + begun * sessions) % self.people
            }
            _ => self.random.below(self.people),
        }
    }
}

impl Form {
    fn one(event: &str, key: &str) -> Form {
        Form::new("/v1/track", event, key)
    }

    fn batch(events: &[String], key: &str) -> Form {
        let body = format!("{{\"batch\":[{}],\"sentAt\":\"{TIME}\"}}", events.join(","));
        Form::new("/v1/batch", &body, key)
    }

    fn new(path: &str, body: &str, key: &str) -> Form {
        let key = base64::engine::general_purpose::STANDARD.encode(format!("{key}:"));
        let text = format!(
            "POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Basic {key}\r\n\
             User-Agent: bench\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let places = |what: &str| text.match_indices(what).map(|(place, _)| place).collect();
        Form {
            messages: places(MESSAGE),
            users: places(USER),
            anonymous: places(ANONYMOUS),
            categories: places(CATEGORY),
            noises: places(NOISE),
            times: places(TIME),
            bytes: text.into_bytes(),
        }
    }
}

/// About 650 bytes, as the browser SDK sends them.
fn event(name: &str) -> String {
    format!(
        "{{\"type\":\"track\",\"event\":\"{name}\",\"messageId\":\"{MESSAGE}\",\"userId\":\"{USER}\",\
         \"anonymousId\":\"{ANONYMOUS}\",\"timestamp\":\"{TIME}\",\"properties\":{{\"product_id\":\
         \"p-{NOISE}\",\"sku\":\"G-32\",\"category\":\"{CATEGORY}\",\"name\":\"Trail runner, light\",\"brand\":\
         \"Northway\",\"price\":79.95,\"quantity\":1,\"currency\":\"EUR\",\"position\":3}},\"context\":\
         {{\"page\":{{\"path\":\"/shoes/{NOISE}\",\"title\":\"Trail runner\",\"url\":\
         \"https://shop.example.com/shoes/{NOISE}\"}},\"userAgent\":\"Mozilla/5.0 (X11; Linux x86_64) \
         AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36\",\"locale\":\"en-GB\",\"visit\":\"{NOISE}\",\
         \"library\":{{\"name\":\"analytics.js\",\"version\":\"next-1.81.0\"}}}}}}"
    )
}

fn identify() -> String {
    format!(
        "{{\"type\":\"identify\",\"messageId\":\"{MESSAGE}\",\"userId\":\"{USER}\",\"anonymousId\":\
         \"{ANONYMOUS}\",\"timestamp\":\"{TIME}\",\"traits\":{{\"firstName\":\"Nadia\",\"lastName\":\"Berg\",\
         \"plan\":\"{CATEGORY}\",\"city\":\"Utrecht\"}},\"context\":{{\"library\":{{\"name\":\
         \"analytics-node\",\"version\":\"2.3.0\"}}}}}}"
    )
}

fn hex(place: &mut [u8], mut number: u64) {
    for digit in place.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(number & 15) as usize];
        number >>= 4;
    }
}

fn decimal(place: &mut [u8], mut number: u64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// A small generator that repeats itself for the same seed.
pub(super) struct Random(pub(super) u64);

impl Random {
    /// A number below `end`.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % end.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies(shape: Shape) -> Vec<String> {
        let mut traffic = Traffic::new(shape, 1_000, "key", 7);
        let request = |number| {
            let text =
                String::from_utf8(traffic.request(number, Millis(1_700_000_000_123)).to_vec());
            text.unwrap().split_once("\r\n\r\n").unwrap().1.to_owned()
        };
        (0..3).map(request).collect()
    }

    #[test]
    fn every_request_is_json_with_ids_of_its_own() {
        for shape in [Shape::Everybody, Shape::Sessions, Shape::Open, Shape::Mixed] {
            let mut ids = std::collections::BTreeSet::new();
            for body in bodies(shape) {
                let body: serde_json::Value = serde_json::from_str(&body).unwrap();
                let one = vec![body.clone()];
                let events = body["batch"].as_array().unwrap_or(&one);
                assert_eq!(events.len() as u64, shape.events());
                for event in events {
                    assert!(ids.insert(event["messageId"].to_string()), "{shape:?}");
                    assert_eq!(event["timestamp"], "2023-11-14T22:13:20.123Z");
                    assert!(
                        !event.to_string().contains(['%', '$', '~', '#', '@', '^']),
                        "{event}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_session_is_of_one_person_and_a_mixed_batch_of_many() {
        let people = |shape| {
            let body: serde_json::Value = serde_json::from_str(&bodies(shape)[1]).unwrap();
            let events = body["batch"].as_array().unwrap().clone();
            let ids = events.iter().map(|event| event["userId"].to_string());
            ids.collect::<std::collections::BTreeSet<_>>().len()
        };
        assert_eq!(people(Shape::Sessions), 1);
        assert!(people(Shape::Mixed) > 10);
    }
}
