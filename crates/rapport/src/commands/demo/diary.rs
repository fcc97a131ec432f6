//! A person's diary: every call that is made about them, numbered and dated.

use super::chance::Chance;
use super::person::Person;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Which way a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By a browser or an app, with the browser key, in Segment's form.
    Browser,
    /// By the shop's own systems, with the server key, in Segment's form.
    Server,
    /// By the till: a row of its file.
    Till,
    /// By the messenger: a message as WhatsApp delivers it, beside the contact's name.
    Chat,
    /// By the mail service: an event as SendGrid delivers it.
    Mail,
    /// By the social platform: a comment as Instagram delivers it.
    Social,
}

/// One thing that happens, in the form of its way.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    /// When it happens, in milliseconds of the Unix epoch.
    pub(super) at_ms: i64,
    /// Which way it goes.
    pub(super) way: Way,
    /// What is sent.
    pub(super) body: Map<String, Value>,
    /// About whom, for people to read.
    pub(super) who: String,
}

impl Call {
    /// The same call at another moment.
    pub(super) fn at(mut self, at_ms: i64) -> Call {
        self.at_ms = at_ms;
        let seconds = at_ms.div_euclid(1_000);
        let (name, value) = match self.way {
            Way::Browser | Way::Server => ("timestamp", instant(at_ms).into()),
            Way::Till => ("time", instant(at_ms).into()),
            Way::Chat => ("timestamp", seconds.to_string().into()),
            Way::Mail | Way::Social => ("timestamp", seconds.into()),
        };
        self.body.insert(name.to_owned(), value);
        self
    }

    /// How many events are made of it.
    pub(super) fn events(&self) -> u64 {
        match self.way {
            // The contact's name is one, too.
            Way::Chat => 2,
            Way::Browser | Way::Server | Way::Till | Way::Mail | Way::Social => 1,
        }
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

/// A device that belongs to nobody in particular.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shared {
    /// What it is, for the truth.
    pub(super) name: String,
    /// The anonymous id of its browser.
    pub(super) browser: String,
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

    /// They sign in at a device of others; nobody signed out before.
    pub(super) fn sign_in_at(&mut self, at_ms: i64, device: &Shared) {
        let traits = self.person.traits();
        self.by_shared(
            at_ms,
            device,
            json!({ "type": "identify", "traits": traits }),
        );
    }

    /// They look at their favourite shelf at a device of others.
    pub(super) fn look_at(&mut self, at_ms: i64, device: &Shared) {
        let properties = json!({ "category": self.person.favourite });
        let call =
            json!({ "type": "track", "event": "Product List Viewed", "properties": properties });
        self.by_shared(at_ms, device, call);
    }

    fn by_shared(&mut self, at_ms: i64, device: &Shared, body: Value) {
        let mut body = object(body);
        body.insert("anonymousId".to_owned(), json!(device.browser));
        body.insert("userId".to_owned(), json!(self.person.user_id));
        let context = json!({ "library": { "name": "analytics.js" } });
        body.insert("context".to_owned(), context);
        self.write(at_ms, Way::Browser, body);
    }

    /// They have a new phone: another device, and the app installed afresh.
    pub(super) fn change_phone(&mut self) {
        let (app, device) = (self.chance.uuid(), self.chance.uuid().to_uppercase());
        self.person.change_phone(app, device);
        self.signed_in[Door::App as usize] = false;
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
            "context": { "traits": self.person.confirmed(), "externalIds": self.person.accounts() },
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
        self.write(at_ms, Way::Browser, body);
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
        self.write(at_ms, Way::Server, body);
    }

    /// Any call with the server key, as it is.
    pub(super) fn by_hand(&mut self, at_ms: i64, body: Value) {
        self.write(at_ms, Way::Server, object(body));
    }

    /// An id that nothing else in the story has.
    pub(super) fn next_id(&self) -> String {
        format!("{}-{}", self.prefix, self.calls.len())
    }

    /// Something that goes another way than the tracking API, as it is sent there.
    pub(super) fn by_way(&mut self, at_ms: i64, way: Way, body: Value) {
        let who = self.person.name();
        let call = Call {
            at_ms,
            way,
            body: object(body),
            who,
        };
        self.calls.push(call.at(at_ms));
    }

    fn write(&mut self, at_ms: i64, way: Way, mut body: Map<String, Value>) {
        body.insert("messageId".to_owned(), self.next_id().into());
        let who = match body.contains_key("userId") {
            true => self.person.name(),
            false => "somebody".to_owned(),
        };
        self.calls.push(
            Call {
                at_ms,
                way,
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
