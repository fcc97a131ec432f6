//! A load of everything that changes state: single events, batches, repeats, merges, undos, rules.

use super::promise::Promise;
use crate::client::Client;
use crate::server::SERVER_KEY;
use serde_json::{Value, json};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Users whose events mix.
const USERS: u64 = 40;
/// Segments are few: each is built from all of history.
const SEGMENTS: u64 = 4;
/// The event that every segment counts.
pub const COUNTED: &str = "Milk Bought";

/// The same numbers from the same seed, so that a failing round can be repeated.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        // Xorshift; plenty for choosing.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit.max(1)
    }
}

/// One request that was sent, and what came back.
#[derive(Debug)]
pub struct Sent {
    /// The port it was sent from, and which request of that connection it was.
    pub place: (u16, usize),
    pub body: String,
    pub promise: Promise,
    /// `None` where no answer came.
    pub status: Option<u16>,
}

/// One client's share of the load.
pub struct Worker {
    client: Client,
    name: String,
    dice: Dice,
    made: u64,
    pub sent: Vec<Sent>,
    /// Bodies to repeat, as an SDK does that has lost an answer.
    bodies: Vec<(String, Promise)>,
}

impl Worker {
    pub fn new(client: Client, name: String, seed: u64) -> Worker {
        let (sent, bodies) = (Vec::new(), Vec::new());
        Worker {
            client,
            name,
            dice: Dice::new(seed),
            made: 0,
            sent,
            bodies,
        }
    }

    /// Works until told to stop or the server is gone; `pause` after each request.
    pub fn work(&mut self, stop: &AtomicBool, pause: Duration) {
        while !stop.load(Ordering::Relaxed) && self.step().is_ok() {
            std::thread::sleep(pause);
        }
    }

    /// Sends the events again that an earlier server did not acknowledge, as an SDK does.
    pub fn repeat(&mut self, client: Client) -> io::Result<()> {
        self.client = client;
        for sent in std::mem::take(&mut self.sent) {
            if let (Promise::Events(_), true) = (&sent.promise, sent.status != Some(200)) {
                self.call(("POST", "/v1/batch"), &sent.body, sent.promise)?;
            }
        }
        Ok(())
    }

    fn step(&mut self) -> io::Result<()> {
        match self.dice.below(100) {
            0..60 => self.events(1),
            60..85 => {
                let count = 2 + self.dice.below(20);
                self.events(count)
            }
            85..93 => self.again(),
            93..97 => self.merge(),
            _ => self.segment(),
        }
    }

    fn events(&mut self, count: u64) -> io::Result<()> {
        let events: Vec<Value> = (0..count).map(|_| self.event()).collect();
        let ids = events
            .iter()
            .filter_map(|event| event["messageId"].as_str());
        let promise = Promise::Events(ids.map(str::to_owned).collect());
        let body = json!({ "writeKey": SERVER_KEY, "batch": events }).to_string();
        self.bodies.push((body.clone(), promise.clone()));
        self.call(("POST", "/v1/batch"), &body, promise)?;
        Ok(())
    }

    fn event(&mut self) -> Value {
        self.made += 1;
        let id = format!("{}-{}", self.name, self.made);
        // A browser of one person's: signing in merges, and nothing is ever shared by several.
        let number = self.dice.below(USERS);
        let (user, visitor) = (format!("user-{number}"), format!("visitor-{number}"));
        match self.dice.below(10) {
            0 => {
                json!({ "type": "identify", "userId": user, "anonymousId": visitor, "messageId": id,
                "traits": { "plan": format!("plan-{}", self.made) } })
            }
            1..3 => {
                json!({ "type": "page", "anonymousId": visitor, "name": "Shop", "messageId": id })
            }
            3..7 => json!({ "type": "track", "userId": user, "event": COUNTED, "messageId": id,
                "properties": { "litres": self.made, "note": "x".repeat(self.dice.below(400) as usize) } }),
            _ => {
                json!({ "type": "track", "anonymousId": visitor, "event": "Cheese Seen", "messageId": id })
            }
        }
    }

    fn again(&mut self) -> io::Result<()> {
        let place = self.dice.below(self.bodies.len() as u64) as usize;
        match self.bodies.get(place).cloned() {
            Some((body, promise)) => self.call(("POST", "/v1/batch"), &body, promise).map(drop),
            None => Ok(()),
        }
    }

    fn merge(&mut self) -> io::Result<()> {
        self.made += 1;
        let (left, right) = (
            format!("{}-{}-l", self.name, self.made),
            format!("{}-{}-r", self.name, self.made),
        );
        for user in [&left, &right] {
            let id = format!("{user}-born");
            let event =
                json!({ "type": "track", "userId": user, "event": COUNTED, "messageId": id });
            let body = json!({ "writeKey": SERVER_KEY, "batch": [event] }).to_string();
            self.call(("POST", "/v1/batch"), &body, Promise::Events(vec![id]))?;
            self.wait_until_known(user)?;
        }
        let body =
            json!({ "left": format!("user_id:{left}"), "right": format!("user_id:{right}") });
        let will_part = self.dice.below(2) == 0;
        let promise = match will_part {
            true => Promise::Nothing,
            false => Promise::Merged(left.clone(), right.clone()),
        };
        let merged = self.call(
            ("POST", "/api/v1/profiles/merge"),
            &body.to_string(),
            promise,
        )?;
        let id = merged["id"].as_str().unwrap_or_default().to_owned();
        if will_part && !id.is_empty() {
            let path = format!("/api/v1/merges/{id}/undo");
            self.call(("POST", &path), "", Promise::Parted(left, right))?;
        }
        Ok(())
    }

    fn wait_until_known(&mut self, user: &str) -> io::Result<()> {
        let path = format!("/api/v1/profiles/user_id:{user}");
        for _ in 0..1_000 {
            if self.client.api("GET", &path, "")?.status == 200 {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("{user} was never folded");
    }

    fn segment(&mut self) -> io::Result<()> {
        let number = self.dice.below(SEGMENTS) + 1;
        let key = format!("buyers-{number}");
        let rule = format!("did \"{COUNTED}\" at least {number} times");
        let body = json!({ "name": key, "rule": rule }).to_string();
        let path = format!("/api/v1/segments/{key}");
        self.call(("PUT", &path), &body, Promise::Segment(key))
            .map(drop)
    }

    fn call(
        &mut self,
        (method, path): (&str, &str),
        body: &str,
        promise: Promise,
    ) -> io::Result<Value> {
        let place = self.client.place()?;
        let answer = self.client.api(method, path, body);
        let status = answer.as_ref().ok().map(|answer| answer.status);
        self.sent.push(Sent {
            place,
            body: body.to_owned(),
            promise,
            status,
        });
        let answer = answer?;
        assert!(
            [200, 429, 503].contains(&answer.status),
            "{path}: {} {}",
            answer.status,
            answer.text()
        );
        Ok(answer.json())
    }
}
