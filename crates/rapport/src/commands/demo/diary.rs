//! A person's diary: every call that is made about them, numbered and dated.

use super::chance::Chance;
use super::person::Person;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Which key a call is sent with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// By a browser or an app.
    Browser,
    /// By the shop's own systems: the till, the order system, the chat.
    Server,
}

/// One call in Segment's form.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    /// When it happens, in milliseconds of the Unix epoch.
    pub(super) at_ms: i64,
    /// Which key it is sent with.
    pub(super) key: Key,
    /// The call.
    pub(super) body: Map<String, Value>,
    /// About whom, for people to read.
    pub(super) who: String,
}

impl Call {
    /// The same call at another moment.
    pub(super) fn at(mut self, at_ms: i64) -> Call {
        self.at_ms = at_ms;
        self.body
            .insert("timestamp".to_owned(), instant(at_ms).into());
        self
    }
}

/// Where somebody shops online.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// In a browser.
    Web,
    /// In the app.
    App,
}

/// The diary of one person.
pub(super) struct Diary {
    /// Whose it is.
    pub(super) person: Person,
    /// Their chance.
    pub(super) chance: Chance,
    /// What is written so far.
    pub(super) calls: Vec<Call>,
    /// How message ids begin.
    prefix: String,
    signed_in: [bool; 2],
    has_account: bool,
}

impl Diary {
    /// An empty diary.
    pub(super) fn new(person: Person, chance: Chance, prefix: String) -> Diary {
        Diary {
            person,
            chance,
            calls: Vec::new(),
            prefix,
            signed_in: [false; 2],
            has_account: false,
        }
    }

    /// A diary of somebody who is known already, and signed in everywhere or nowhere.
    pub(super) fn known(person: Person, chance: Chance, prefix: String) -> Diary {
        Diary {
            signed_in: [true; 2],
            has_account: true,
            ..Diary::new(person, chance, prefix)
        }
    }

    /// Whether they have an account.
    pub(super) fn has_account(&self) -> bool {
        self.has_account
    }

    /// Whether they are signed in at a door.
    pub(super) fn is_signed_in(&self, door: Door) -> bool {
        self.signed_in[door as usize]
    }

    /// They sign in, or up if they have no account.
    pub(super) fn sign_in(&mut self, at_ms: i64, door: Door) {
        self.signed_in[door as usize] = true;
        let is_new = !std::mem::replace(&mut self.has_account, true);
        let traits = self.person.traits();
        self.by_browser(at_ms, door, json!({ "type": "identify", "traits": traits }));
        let event = if is_new { "Signed Up" } else { "Signed In" };
        // The shop's own word confirms the address that the browser claimed.
        let body = json!({
            "type": "track", "event": event, "userId": self.person.user_id,
            "properties": { "method": "password" },
            "context": { "traits": { "email": self.person.email } },
        });
        self.by_hand(at_ms + 400, body);
    }

    /// A call of their browser or app.
    pub(super) fn by_browser(&mut self, at_ms: i64, door: Door, body: Value) {
        let mut body = object(body);
        let (id, library) = match door {
            Door::Web => (&self.person.browser, "analytics.js"),
            Door::App => (&self.person.app, "analytics-kotlin"),
        };
        body.insert("anonymousId".to_owned(), json!(id));
        let mut context = json!({ "library": { "name": library } });
        if door == Door::App {
            context["device"] = json!({ "id": self.person.device, "type": "android" });
        }
        body.insert("context".to_owned(), context);
        if self.signed_in[door as usize] {
            body.insert("userId".to_owned(), json!(self.person.user_id));
        }
        self.write(at_ms, Key::Browser, body);
    }

    /// An event that the shop's own systems send; of somebody without an account it carries the
    /// card or the browser's id.
    pub(super) fn by_server(&mut self, at_ms: i64, event: &str, properties: Value) {
        let call = json!({ "type": "track", "event": event, "properties": properties });
        let mut body = object(call);
        if self.has_account {
            body.insert("userId".to_owned(), json!(self.person.user_id));
        } else {
            body.insert("anonymousId".to_owned(), json!(self.person.browser));
            let traits = json!({ "email": self.person.email, "firstName": self.person.first });
            body.insert("context".to_owned(), json!({ "traits": traits }));
        }
        self.write(at_ms, Key::Server, body);
    }

    /// Any call with the server key, as it is.
    pub(super) fn by_hand(&mut self, at_ms: i64, body: Value) {
        self.write(at_ms, Key::Server, object(body));
    }

    fn write(&mut self, at_ms: i64, key: Key, mut body: Map<String, Value>) {
        let number = self.calls.len();
        body.insert(
            "messageId".to_owned(),
            format!("{}-{number}", self.prefix).into(),
        );
        let who = match body.contains_key("userId") {
            true => self.person.name(),
            false => "somebody".to_owned(),
        };
        self.calls.push(
            Call {
                at_ms,
                key,
                body,
                who,
            }
            .at(at_ms),
        );
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn instant(at_ms: i64) -> String {
    Timestamp::from_millisecond(at_ms)
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .to_string()
}
