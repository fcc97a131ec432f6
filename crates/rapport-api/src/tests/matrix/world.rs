//! A world in which every record, field, note and event holds a word of its own that nothing else
//! has: where it is found, that thing was told.

use crate::tests::signed::{Browser, member, signed_in, with_token};
use crate::tests::{Doors, TOKEN};
use axum::http::Method;
use rapport_core::crm::{RecordNo, TypeId};
use rapport_core::entry::Command;
use rapport_core::member::{Action, Actor, Decision, MemberNo, Owned, Scope, Scopes, may};
use rapport_core::outbox::Delivery;
use rapport_flow::keys;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The types that are walked: people, what they belong to, what is sold, what is noted.
pub(super) const TYPES: [(&str, TypeId); 4] = [
    ("contacts", TypeId::CONTACT),
    ("companies", TypeId::COMPANY),
    ("deals", TypeId::DEAL),
    ("notes", TypeId::NOTE),
];
/// A property that is masked to those with the role `masked`.
pub(super) const MASKED: &str = "mask_text";
/// One of numbers.
pub(super) const NUMBER: &str = "mask_number";
/// One that is hidden from them.
pub(super) const HIDDEN: &str = "hide_text";
/// One that is open to everybody who sees the record.
pub(super) const OPEN: &str = "open_text";
/// One that is calculated of the masked one.
pub(super) const CALCULATED: &str = "calc_text";
/// An app that hears of them, and is told nothing: what it was to be told are dead letters.
pub(super) const APP: &str = "7";
/// Of what it hears, in the order of their numbers; the property where it is of one.
pub(super) const SUBSCRIPTIONS: [(&str, &str, TypeId); 6] = [
    ("contact.creation", "", TypeId::CONTACT),
    ("contact.propertyChange", OPEN, TypeId::CONTACT),
    ("company.propertyChange", MASKED, TypeId::COMPANY),
    ("deal.propertyChange", OPEN, TypeId::DEAL),
    ("deal.propertyChange", CALCULATED, TypeId::DEAL),
    ("deal.associationChange", "", TypeId::DEAL),
];
/// What only those who read whatever a contact says may be told.
const EVERYTHING: &str = "";

/// Something that only some may be told.
#[derive(Debug)]
pub(super) struct Canary {
    pub(super) word: String,
    pub(super) owned: Owned,
    pub(super) field: String,
}

/// Somebody who asks.
#[derive(Debug)]
pub(super) struct Who {
    pub(super) name: &'static str,
    pub(super) token: String,
    /// Where they signed in; else they ask with their token.
    pub(super) session: Option<Browser>,
    /// What they may; `None` of somebody nobody knows.
    pub(super) actor: Option<Actor>,
}

pub(super) struct World {
    pub(super) doors: Doors,
    pub(super) members: BTreeMap<&'static str, u64>,
    /// Records, by type and whose they are.
    pub(super) records: BTreeMap<(TypeId, &'static str), u64>,
    pub(super) canaries: Vec<Canary>,
    pub(super) everybody: Vec<Who>,
    /// Olga's own view of deals, and her bulk of them, by their ids.
    pub(super) view: String,
    pub(super) bulk: String,
}

impl World {
    pub(super) async fn make() -> World {
        let doors = Doors::open().await;
        let mut world = World {
            doors,
            members: BTreeMap::new(),
            records: BTreeMap::new(),
            canaries: Vec::new(),
            everybody: Vec::new(),
            view: String::new(),
            bulk: String::new(),
        };
        world.people().await;
        world.properties().await;
        world.app().await;
        for owner in OWNERS {
            for (name, object) in TYPES {
                world.record(name, object, owner).await;
            }
        }
        world.links().await;
        world.doors.settle().await;
        world.dead_letters().await;
        world.askers().await;
        world.kept().await;
        world
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> Value {
        let answer = self.doors.call(method, path, body.to_string()).await;
        assert!(
            answer.status.is_success(),
            "{path}: {}",
            String::from_utf8_lossy(&answer.body)
        );
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    async fn people(&mut self) {
        for team in [
            json!({ "name": "Sales" }),
            json!({ "name": "North", "parent": 1 }),
            json!({ "name": "Other" }),
        ] {
            self.send(Method::POST, "/api/v1/teams", team).await;
        }
        for (key, role) in roles() {
            let path = format!("/api/v1/roles/{key}");
            self.send(Method::PUT, &path, role).await;
        }
        for (name, role, teams) in MEMBERS {
            let no = member(&self.doors, &format!("{name}@example.org"), role).await;
            let path = format!("/api/v1/members/{no}");
            self.send(Method::PUT, &path, json!({ "teams": teams }))
                .await;
            self.members.insert(name, no);
        }
    }

    async fn properties(&self) {
        for (name, _) in TYPES {
            let path = format!("/crm/v3/properties/{name}/groups");
            let groups = self.doors.get(&path).await;
            let group = groups.good()["results"][0]["name"].clone();
            for (property, kind, field) in [
                (OPEN, "string", "text"),
                (MASKED, "string", "text"),
                (HIDDEN, "string", "text"),
                (NUMBER, "number", "number"),
            ] {
                let body = json!({ "name": property, "label": property, "type": kind,
                    "fieldType": field, "groupName": group });
                let path = format!("/crm/v3/properties/{name}");
                self.send(Method::POST, &path, body).await;
            }
            let body = json!({ "name": CALCULATED, "label": "Calculated", "type": "string",
                "fieldType": "calculation_equation", "groupName": group,
                "calculationFormula": format!("concat({MASKED}, \"!\")") });
            let path = format!("/crm/v3/properties/{name}");
            self.send(Method::POST, &path, body).await;
        }
    }

    async fn app(&self) {
        let path = format!("/webhooks/v3/{APP}");
        let settings = json!({ "targetUrl": "https://app.example.org/hook" });
        self.send(Method::PUT, &format!("{path}/settings"), settings)
            .await;
        for (event, property, _) in SUBSCRIPTIONS {
            let mut body = json!({ "eventType": event, "active": true });
            if !property.is_empty() {
                body["propertyName"] = json!(property);
            }
            self.send(Method::POST, &format!("{path}/subscriptions"), body)
                .await;
        }
    }

    /// Lets the app refuse everything it was to be told.
    async fn dead_letters(&self) {
        let rapport = &self.doors.rapport;
        let waiting = rapport.outbox(0, 10_000).await.expect("the outbox");
        assert!(waiting.len() > OWNERS.len() * TYPES.len(), "the app hears");
        let refused = waiting.iter().map(|message| {
            let error = "410".to_owned();
            (message.number, Delivery::Dead { error })
        });
        rapport
            .delivered(refused.collect())
            .await
            .expect("recorded");
    }

    /// A word that nothing else has.
    fn word(&mut self, owned: Owned, field: &str) -> String {
        let word = format!("kanari{:04}x", self.canaries.len());
        self.canaries.push(Canary {
            word: word.clone(),
            owned,
            field: field.to_owned(),
        });
        word
    }

    async fn record(&mut self, name: &str, object: TypeId, owner: &'static str) {
        let no = self.members.get(owner).copied();
        let mut owned = Owned {
            object,
            record: None,
            owner: no.map(MemberNo),
            team: no.and_then(|no| {
                let roster = self.doors.rapport.roster();
                roster.member(MemberNo(no))?.team()
            }),
        };
        let path = format!("/crm/v3/objects/{name}");
        let first = self.canaries.len();
        // What was is told by histories: each value is written twice.
        let values = |world: &mut World, owned| {
            let mut values = json!({});
            for field in [OPEN, MASKED, HIDDEN] {
                values[field] = json!(world.word(owned, field));
            }
            let number = 7_100_000_000_u64 + world.canaries.len() as u64;
            world.canaries.push(Canary {
                word: number.to_string(),
                owned,
                field: NUMBER.to_owned(),
            });
            values[NUMBER] = json!(number.to_string());
            values
        };
        let mut made = values(self, owned);
        if let Some(no) = no {
            made["hubspot_owner_id"] = json!(no.to_string());
        }
        match object {
            TypeId::CONTACT => {
                let email = format!("{}@example.org", self.word(owned, "email"));
                made["email"] = json!(email);
            }
            TypeId::NOTE => {
                made["hs_note_body"] = json!(self.word(owned, "hs_note_body"));
                made["hs_timestamp"] = json!("2026-11-01T10:00:00.000Z");
            }
            _ => {}
        }
        let sent = self
            .send(Method::POST, &path, json!({ "properties": made }))
            .await;
        let id = sent["id"].as_str().expect("an id").to_owned();
        let change = json!({ "properties": values(self, owned) });
        self.send(Method::PATCH, &format!("{path}/{id}"), change)
            .await;
        let number: u64 = id.parse().expect("a number");
        if object == TypeId::CONTACT {
            let word = self.word(owned, EVERYTHING);
            let event = json!({ "eventName": "seen", "objectId": id,
                "properties": { "what": word } });
            self.send(Method::POST, "/events/v3/send", event).await;
        }
        owned.record = Some(RecordNo(number));
        self.canaries[first..]
            .iter_mut()
            .for_each(|canary| canary.owned = owned);
        self.records.insert((object, owner), number);
    }

    /// Everything of one member is linked with everything of the next one.
    async fn links(&self) {
        for (place, owner) in OWNERS.iter().enumerate() {
            let other = OWNERS[(place + 1) % OWNERS.len()];
            for whose in [*owner, other] {
                let deal = self.records[&(TypeId::DEAL, *owner)];
                for (name, object) in [
                    ("contacts", TypeId::CONTACT),
                    ("companies", TypeId::COMPANY),
                    ("notes", TypeId::NOTE),
                ] {
                    let to = self.records[&(object, whose)];
                    let path =
                        format!("/crm/v4/objects/deals/{deal}/associations/default/{name}/{to}");
                    self.send(Method::PUT, &path, json!({})).await;
                }
            }
        }
    }

    async fn askers(&mut self) {
        let zoe = self.records[&(TypeId::DEAL, "zoe")];
        let share = json!({ "object": "deals", "record": zoe.to_string(),
            "member": self.members["sam"], "edit": false });
        self.send(Method::PUT, "/api/v1/shares", share).await;
        for (name, _, _) in MEMBERS {
            self.token(name, Some(self.members[name]), Scopes::admin())
                .await;
        }
        let scopes = |texts: &[&str]| -> Scopes {
            let read = |text: &&str| Scope::parse(text, TypeId::parse).expect("a scope");
            texts.iter().map(read).collect()
        };
        let reader = scopes(&["crm.objects.read"]);
        let deals = scopes(&["crm.objects.0-3.write"]);
        let other = scopes(&["sources.read"]);
        self.token("reader", None, reader).await;
        self.token("deals only", None, deals).await;
        self.token("no scope", None, other).await;
        self.token(
            "scope of a member missing",
            Some(self.members["ada"]),
            scopes(&["audit.read"]),
        )
        .await;
        for (name, token) in [
            ("nobody", ""),
            ("wrong token", "nonsense"),
            ("a write key", "server-key"),
        ] {
            self.everybody.push(Who {
                name,
                token: token.to_owned(),
                session: None,
                actor: None,
            });
        }
        // One that was revoked, and one of a member who is none any more.
        for name in ["revoked", "deactivated"] {
            let member = (name == "deactivated").then_some(self.members["dan"]);
            self.token(name, member, Scopes::admin()).await;
        }
        let token_hash = keys::hash("token-revoked");
        let revoked = self
            .doors
            .rapport
            .command("tests", Command::RevokeToken { token_hash });
        revoked.await.expect("revoked");
        let dan = format!("/api/v1/members/{}", self.members["dan"]);
        self.doors.delete(&dan).await;
        for who in &mut self.everybody {
            if ["revoked", "deactivated", "dan"].contains(&who.name) {
                who.actor = None;
            }
        }
        assert!(self.everybody.iter().all(|who| who.token != TOKEN));
    }

    /// What Olga keeps, and did to many at once.
    async fn kept(&mut self) {
        let word = self.word(self.owned(TypeId::DEAL, "olga"), MASKED);
        let deal = self.records[&(TypeId::DEAL, "olga")].to_string();
        let view = json!({ "object": "deals", "name": "Mine",
            "filters": [[{ "property": MASKED, "operator": "eq", "value": word }]] });
        let bulk = json!({ "ids": [deal], "set": { MASKED: word } });
        let ids = [
            ("/api/v1/views", view),
            ("/api/v1/records/deals/bulk", bulk),
        ]
        .map(async |(path, body)| {
            let body = body.to_string();
            let made = with_token(&self.doors, "token-olga", Method::POST, path, &body).await;
            made.good()["id"].as_str().expect("an id").to_owned()
        });
        let [view, bulk] = ids;
        let (view, bulk) = (view.await, bulk.await);
        (self.view, self.bulk) = (view, bulk);
    }

    async fn token(&mut self, name: &'static str, no: Option<u64>, scopes: Scopes) {
        let token = format!("token-{name}");
        let member = no.map(MemberNo);
        let command = Command::PutToken {
            token_hash: keys::hash(&token),
            name: name.to_owned(),
            hint: crate::secret::hint(&token),
            scopes: scopes.clone(),
            member,
        };
        self.doors
            .rapport
            .command("tests", command)
            .await
            .expect("a token");
        let roster = self.doors.rapport.roster();
        let actor = match member {
            Some(no) => Actor::through(&roster, no, name, scopes),
            None => Some(Actor::token(name, scopes)),
        };
        self.everybody.push(Who {
            name,
            token,
            session: None,
            actor,
        });
    }

    /// A member at a browser.
    pub(super) async fn at_a_browser(&self, name: &'static str) -> Who {
        let email = format!("{name}@example.org");
        Who {
            name,
            token: String::new(),
            session: Some(signed_in(&self.doors, &email).await),
            actor: self.who(name).actor.clone(),
        }
    }

    /// Changes every record once more, and lets something happen to every contact: new words.
    pub(super) async fn goes_on(&mut self) {
        for (name, object) in TYPES {
            for owner in OWNERS {
                let owned = self.owned(object, owner);
                let id = self.records[&(object, owner)].to_string();
                let mut values = json!({});
                for field in [OPEN, MASKED, HIDDEN] {
                    values[field] = json!(self.word(owned, field));
                }
                let path = format!("/crm/v3/objects/{name}/{id}");
                let change = json!({ "properties": values });
                self.send(Method::PATCH, &path, change).await;
                if object == TypeId::CONTACT {
                    let word = self.word(owned, EVERYTHING);
                    let event = json!({ "eventName": "seen again", "objectId": id,
                        "properties": { "what": word } });
                    self.send(Method::POST, "/events/v3/send", event).await;
                }
            }
        }
    }

    /// Somebody by name.
    pub(super) fn who(&self, name: &str) -> &Who {
        let mut everybody = self.everybody.iter();
        everybody.find(|who| who.name == name).expect(name)
    }

    /// Who a record is of, as rights see it.
    pub(super) fn owned(&self, object: TypeId, owner: &str) -> Owned {
        let record = RecordNo(self.records[&(object, owner)]);
        let of =
            |canary: &&Canary| canary.owned.object == object && canary.owned.record == Some(record);
        self.canaries.iter().find(of).expect("one").owned
    }
}

impl Canary {
    /// Whether somebody may be told it.
    pub(super) fn is_open_to(&self, actor: Option<&Actor>) -> bool {
        let Some(actor) = actor else { return false };
        let field = Some(&*self.field).filter(|field| *field != EVERYTHING);
        let sees = may(actor, Action::View, &self.owned, field) == Decision::Allowed;
        let reads_all = actor
            .rights(self.owned.object)
            .is_none_or(|rights| rights.reads_every_field());
        sees && (field.is_some() || reads_all)
    }
}

/// Whose records there are; nobody's are the last.
pub(super) const OWNERS: [&str; 5] = ["olga", "tim", "bea", "zoe", "unowned"];

const MEMBERS: [(&str, &str, &[u32]); 12] = [
    ("ada", "admin", &[]),
    ("olga", "own", &[1]),
    ("tim", "team", &[1]),
    ("bea", "own", &[2]),
    ("ben", "below", &[1]),
    ("zoe", "own", &[3]),
    ("mia", "masked", &[]),
    ("sam", "own", &[]),
    ("wes", "writer", &[]),
    ("vic", "viewer", &[]),
    ("pia", "people", &[]),
    ("dan", "admin", &[]),
];

fn roles() -> Vec<(&'static str, Value)> {
    let scopes = json!([
        "profiles.write",
        "segments.write",
        "crm.lists.write",
        "events.write",
        "imports.write",
        "crm.schemas.write",
        "crm.objects.owners.read",
        "identity.write",
        "destinations.write",
        "backups.write",
        "decisions.read",
        "settings.read",
        "sources.read"
    ]);
    let of = |levels: Value, fields: Value| json!({ "scopes": scopes, "other_objects": { "levels": levels, "fields": fields } });
    let level = |level: &str| {
        of(
            json!({ "view": level, "create": level, "edit": level, "archive": level,
                "merge": level, "assign": level, "export": level }),
            json!({}),
        )
    };
    vec![
        ("own", level("own")),
        ("team", level("team")),
        ("below", level("team_and_below")),
        (
            "masked",
            of(
                json!({ "view": "all", "edit": "all" }),
                json!({ MASKED: "masked", NUMBER: "masked", HIDDEN: "hidden", "email": "masked",
                    "hs_note_body": "masked" }),
            ),
        ),
        ("writer", of(json!({ "create": "all" }), json!({}))),
        // Sees everybody, and of the rest only what is their own.
        (
            "people",
            json!({ "scopes": scopes,
                "objects": { "contacts": { "levels": { "view": "all" } },
                    "companies": { "levels": { "view": "all" } } },
                "other_objects": { "levels": { "view": "own" } } }),
        ),
    ]
}
