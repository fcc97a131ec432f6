//! What apps hear of records: gathered while a transaction changes them, told from the outbox in
//! the same transaction. Where nobody subscribes nothing is gathered.

use super::work::{Cause, Key};
use crate::outbox::Message;
use crate::writer::Writer;
use rapport_core::crm::subscription::{Happened, Of, message};
use rapport_core::crm::write::Change;
use rapport_core::crm::{ObjectType, PropertyNo, Record, RecordNo, TypeId, Value};
use rapport_core::identity::ProfileNo;
use rapport_store::records::Link;
use rapport_store::state::Write;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What happened in the work under way, and the entry it happens because of.
#[derive(Clone, Debug)]
pub(crate) struct Hearing {
    cause: Option<Cause>,
    happened: Vec<Happened>,
}

impl Hearing {
    /// Nothing yet, of this entry; `None` where nobody would hear it.
    pub fn of(writer: &Writer) -> Option<Hearing> {
        writer.listens().then(|| Hearing {
            cause: writer.cause.clone(),
            happened: Vec::new(),
        })
    }

    /// What happens from here on is because of this.
    pub fn stand(&mut self, cause: &Cause) {
        self.cause = Some(cause.clone());
    }

    /// A record was put in the place of what it was.
    pub fn put(
        &mut self,
        object: &ObjectType,
        was: Option<&Record>,
        record: &Record,
        change: &Change,
        cause: &Cause,
    ) {
        self.stand(cause);
        let key = (object.id(), record.no);
        match was {
            None => self.hear(key, Of::Created),
            Some(was) if was.archived.is_some() && record.archived.is_none() => {
                self.hear(key, Of::Restored);
            }
            Some(_) => {}
        }
        for (property, value) in &change.values {
            let before = was.and_then(|was| was.values.get(property));
            if before != value.as_ref() {
                self.changed(key, *property, value.clone());
            }
        }
    }

    /// Something happened to a record.
    pub fn hear(&mut self, (object, record): Key, of: Of) {
        if let Some(cause) = &self.cause {
            self.happened.push(happened((object, record), of, cause));
        }
    }

    /// Links were made or taken away.
    pub fn linked(&mut self, links: [Link; 2], removed: bool) {
        for Link { from, to, kind } in links {
            let key = (TypeId(from.0), RecordNo(from.1));
            let of = Of::Linked {
                to: TypeId(to.0),
                other: RecordNo(to.1),
                kind,
                removed,
            };
            self.hear(key, of);
        }
    }

    /// What follows from the rest is another than it was.
    pub fn follows(&mut self, object: &ObjectType, was: Option<&Record>, is: Option<&Record>) {
        let Some(is) = is.filter(|is| is.archived.is_none()) else {
            return;
        };
        let calculated = object.properties.values();
        for property in calculated.filter(|property| property.calculated.is_some()) {
            let value = is.values.get(&property.no);
            if was.and_then(|was| was.values.get(&property.no)) != value {
                self.changed((object.id(), is.no), property.no, value.cloned());
            }
        }
    }

    fn changed(&mut self, key: Key, property: PropertyNo, value: Option<Value>) {
        self.hear(key, Of::Changed { property, value });
    }

    /// Hands everything over. What is told of a link names who is there now, and contacts only.
    pub fn finish(self, writer: &mut Writer) {
        // Of each link whether it went first and whether it went last: what only came and went
        // is not told.
        let mut links: BTreeMap<([Key; 2], u32), (bool, Happened)> = BTreeMap::new();
        for mut one in self.happened {
            let Of::Linked {
                to,
                other,
                kind,
                removed,
            } = &mut one.of
            else {
                writer.heard.push(one);
                continue;
            };
            one.record = writer.survivor_of(one.object, one.record);
            *other = writer.survivor_of(*to, *other);
            let ends = [(one.object, one.record), (*to, *other)];
            let (place, removed) = ((ends, *kind), *removed);
            let first = links.get(&place).map_or(removed, |(first, _)| *first);
            links.insert(place, (first, one));
        }
        for ((ends, _), (first, last)) in links {
            let moved = matches!(last.of, Of::Linked { removed, .. } if removed == first);
            if moved && ends.into_iter().all(|end| is_seen(writer, end)) {
                writer.heard.push(last);
            }
        }
    }
}

/// Whether a record is seen in the CRM: profiles that are no contacts are linked as well.
fn is_seen(writer: &Writer, (object, record): Key) -> bool {
    let profile = || writer.people.profile(ProfileNo(record.0));
    object != TypeId::CONTACT || profile().is_some_and(|profile| profile.contact.is_some())
}

fn happened((object, record): Key, of: Of, cause: &Cause) -> Happened {
    Happened {
        object,
        record,
        place: cause.place,
        at: cause.received,
        origin: cause.origin.clone(),
        of,
    }
}

/// A contact as it was and as it is.
pub(super) struct Turn<'a> {
    pub number: RecordNo,
    pub before: Option<&'a Record>,
    pub after: Option<&'a Record>,
    /// Where its number leads now.
    pub survivor: RecordNo,
    /// Whether its number led elsewhere until now.
    pub comes_back: bool,
}

impl Turn<'_> {
    /// What happened to it in between. An archived one is out of everybody's sight.
    pub fn happened(&self, cause: &Cause) -> Vec<Happened> {
        let key = (TypeId::CONTACT, self.number);
        let say = |of| happened(key, of, cause);
        let seen = |record: &&Record| record.archived.is_none();
        match (self.before.filter(seen), self.after.filter(seen)) {
            (None, None) => Vec::new(),
            (None, Some(_)) if self.before.is_some() || self.comes_back => {
                vec![say(Of::Restored)]
            }
            (None, Some(after)) => {
                let mut all = vec![say(Of::Created)];
                all.extend(values(&BTreeMap::new(), &after.values).map(say));
                all
            }
            (Some(_), None) if self.survivor != self.number => {
                let of = Of::Merged {
                    absorbed: self.number,
                };
                vec![happened((TypeId::CONTACT, self.survivor), of, cause)]
            }
            (Some(_), None) => vec![say(Of::Archived)],
            (Some(before), Some(after)) => values(&before.values, &after.values).map(say).collect(),
        }
    }
}

/// Properties whose value is another one now.
fn values<'a>(
    before: &'a BTreeMap<PropertyNo, Value>,
    after: &'a BTreeMap<PropertyNo, Value>,
) -> impl Iterator<Item = Of> + 'a {
    let all: BTreeSet<PropertyNo> = before.keys().chain(after.keys()).copied().collect();
    let changed = all.into_iter();
    changed
        .filter(|no| before.get(no) != after.get(no))
        .map(|property| Of::Changed {
            property,
            value: after.get(&property).cloned(),
        })
}

impl Writer {
    /// Whether anybody wants to hear of records.
    pub fn listens(&self) -> bool {
        !self.configuration.subscriptions.are_silent()
    }

    /// Makes messages of what was heard in the transaction that is begun; whether there are any.
    pub fn tell_apps(&mut self, writes: &mut Vec<Write>) -> bool {
        if self.heard.is_empty() {
            return false;
        }
        let mut heard = std::mem::take(&mut self.heard);
        heard.sort_by_key(|one| one.place);
        let configuration = Arc::clone(&self.configuration);
        let told = message::messages(
            &configuration.subscriptions,
            &configuration.crm,
            &configuration.destinations,
            &heard,
        );
        let at = heard.last().map_or(self.received, |last| last.at);
        let first = self.next_message;
        self.next_message += told.len() as u64;
        let messages: Vec<Message> = told
            .into_iter()
            .zip(first..)
            .map(|(told, number)| Message {
                number,
                destination: told.destination,
                about: told.about,
                key: told.key,
                body: told.body,
                events: told.events,
                attempts: 0,
                next_at: at,
                created: at,
                last_error: String::new(),
            })
            .collect();
        self.messages(&messages, writes);
        !messages.is_empty()
    }
}
