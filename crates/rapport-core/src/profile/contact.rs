//! A profile as the people who sell and serve see it: since when it is a contact, and what a member
//! says of it.
//!
//! A profile becomes a contact when it is first *known*, or when a member makes it one, and stays
//! one. What a contact's properties are is what the profile's attributes are; its addresses are
//! the profile's identifiers. So a contact has no state of its own but this.

use crate::event::KeyKind;
use crate::identity::merge::sort_links;
use crate::identity::normalise::normalise;
use crate::identity::policy::Policy;
use crate::identity::{IdKind, Identifier, Link, ProfileNo, Trust};
use crate::people::People;
use crate::position::Position;
use crate::profile::Profile;
use crate::profile::attributes::{Teller, Writing};
use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// Since when a profile is a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// When the entry was received that made it one.
    pub since: Millis,
    /// When the last entry was received that changed an attribute or an identifier.
    pub updated: Millis,
    /// When it was archived, if it is.
    pub archived: Option<Millis>,
    /// The number of its owner.
    pub owner: Option<u64>,
}

/// What a member, or a program in the CRM, does to a contact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edit {
    /// The entry, and which of its inputs.
    pub place: Position,
    /// When the entry was received.
    pub received: Millis,
    /// Who asked.
    pub actor: Box<str>,
    /// Whose it is.
    pub whose: Whose,
    /// Attributes and their raw JSON values; `null` clears.
    pub says: Vec<(Box<str>, Box<str>)>,
    /// Identifiers that take the place of others.
    pub renamed: Vec<Renamed>,
    /// Whose contact it is afterwards.
    pub owned: Owned,
    /// Whether the contact is archived by it.
    pub standing: Standing,
}

/// An identifier that takes the place of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renamed {
    /// Of which kind.
    pub kind: IdKind,
    /// The one that goes, as the contact was shown with it.
    pub old: Option<Box<str>>,
    /// The one that comes, as sent.
    pub new: Option<Box<str>>,
}

/// Whom an edit is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// The profile that this number leads to.
    Number(ProfileNo),
    /// Whoever has this identifier, normalised; a new profile where nobody has.
    Holder(Identifier),
    /// A new profile.
    Nobody,
}

/// What an edit does to a contact's owner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owned {
    /// Nothing.
    #[default]
    Kept,
    /// It has none afterwards.
    ByNobody,
    /// It has this one.
    By(u64),
}

/// What an edit does to a contact's standing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Nothing.
    #[default]
    Kept,
    /// It is archived: nobody sees it in the CRM. The profile stays.
    Archived,
    /// It is a contact again.
    Restored,
}

impl Contact {
    /// A contact since an entry.
    #[must_use]
    pub fn new(received: Millis) -> Contact {
        Contact {
            since: received,
            updated: received,
            archived: None,
            owner: None,
        }
    }
}

/// What two are together: a contact since the earlier, archived only where both are.
pub(crate) fn unite(into: &mut Option<Contact>, from: Option<Contact>) {
    *into = match (*into, from) {
        (Some(ours), Some(theirs)) => Some(Contact {
            since: ours.since.min(theirs.since),
            updated: ours.updated.max(theirs.updated),
            archived: ours.archived.zip(theirs.archived).map(|(a, b)| a.max(b)),
            owner: ours.owner.or(theirs.owner),
        }),
        (ours, theirs) => ours.or(theirs),
    };
}

/// Every identifier an edit can ask for, normalised: what the shell looks up before.
#[must_use]
pub fn wanted(policy: &Policy, edit: &Edit) -> Vec<Identifier> {
    let mut wanted = Vec::new();
    if let Whose::Holder(identifier) = &edit.whose {
        wanted.push(identifier.clone());
    }
    for renamed in &edit.renamed {
        let [old, new] = [&renamed.old, &renamed.new];
        let both = [old, new].into_iter().flatten();
        wanted.extend(both.filter_map(|value| normal(policy, &renamed.kind, value)));
    }
    wanted
}

fn normal(policy: &Policy, kind: &IdKind, value: &str) -> Option<Identifier> {
    normalise(policy, &Identifier::new(kind.clone(), value)).ok()
}

/// Does to a profile what an edit says. Returns the names of the attributes whose value is another
/// one now.
pub(crate) fn apply(
    policy: &Policy,
    people: &mut People,
    number: ProfileNo,
    edit: &Edit,
) -> Vec<Box<str>> {
    for renamed in &edit.renamed {
        rename(policy, people, number, renamed, edit);
    }
    let id = format!("{}.{}", edit.place, edit.place.index);
    let writing = Writing::by_member(policy, edit.received, &id);
    let mut changed = Vec::new();
    if let Some(profile) = people.profile_mut(number) {
        for (name, raw) in &edit.says {
            if profile.attributes.write(name, raw, &writing) {
                changed.push(name.clone());
            }
        }
        let contact = profile
            .contact
            .get_or_insert_with(|| Contact::new(edit.received));
        contact.updated = contact.updated.max(edit.received);
        match edit.owned {
            Owned::Kept => {}
            Owned::ByNobody => contact.owner = None,
            Owned::By(owner) => contact.owner = Some(owner),
        }
        match edit.standing {
            Standing::Kept => {}
            Standing::Archived => contact.archived = Some(edit.received),
            Standing::Restored => contact.archived = None,
        }
    }
    people.note_contact(number);
    changed
}

/// Gives a profile another identifier in the place of one, which goes unless a server said that
/// one too. An identifier that belongs to somebody else stays theirs, unless a browser only claimed
/// it for somebody unknown.
fn rename(policy: &Policy, people: &mut People, number: ProfileNo, renamed: &Renamed, edit: &Edit) {
    let of_kind = |value: &Option<Box<str>>| normal(policy, &renamed.kind, value.as_deref()?);
    let (before, after) = (of_kind(&renamed.old), of_kind(&renamed.new));
    if let Some(before) = before.filter(|before| Some(before) != after.as_ref())
        && people.owner(&before) == Some(number)
        && let Some(profile) = people.profile(number)
        && !is_said_by_a_server(policy, profile, &before)
    {
        if let Some(profile) = people.profile_mut(number) {
            profile.links.retain(|link| link.identifier != before);
        }
        people.set_owner(&before, None);
    }
    let Some(after) = after.filter(|after| !people.is_shared(after)) else {
        return;
    };
    let owner = people.owner(&after).filter(|owner| *owner != number);
    if let Some(owner) = owner
        && people
            .profile(owner)
            .is_some_and(|other| yields(other, &after))
    {
        if let Some(other) = people.profile_mut(owner) {
            other.links.retain(|link| link.identifier != after);
        }
        people.set_owner(&after, None);
    }
    match people.owner(&after) {
        Some(owner) if owner != number => {}
        Some(_) => confirm(people, number, &after),
        None => {
            if let Some(profile) = people.profile_mut(number) {
                profile.links.push(Link {
                    identifier: after.clone(),
                    cause: edit.place,
                    source: None,
                    since: edit.received,
                    trust: Trust::Confirmed,
                });
                sort_links(&mut profile.links);
            }
            people.set_owner(&after, Some(number));
        }
    }
}

/// Whether an address goes from somebody to whom a member says it belongs: nobody vouched for it, and
/// they are no contact.
fn yields(profile: &Profile, address: &Identifier) -> bool {
    profile.contact.is_none() && profile.trust(address) == Some(Trust::Claimed)
}

/// A member vouches for what a browser has said.
fn confirm(people: &mut People, number: ProfileNo, identifier: &Identifier) {
    let Some(profile) = people.profile_mut(number) else {
        return;
    };
    let mut links = profile.links.iter_mut();
    if let Some(link) = links.find(|link| link.identifier == *identifier)
        && link.trust < Trust::Confirmed
    {
        (link.trust, link.source) = (Trust::Confirmed, None);
    }
}

/// Whether a server key vouches for an address of a profile.
fn is_said_by_a_server(policy: &Policy, profile: &Profile, address: &Identifier) -> bool {
    let link = profile.links.iter().find(|l| l.identifier == *address);
    let attached = link.is_some_and(|link| link.source.is_some() && link.trust == Trust::Confirmed);
    let attribute = profile.attributes.attribute(address.kind.word());
    let says = attribute.map_or(&[][..], |attribute| attribute.says());
    attached
        || says.iter().any(|say| {
            let by_server = matches!(say.teller(), Teller::Source(_, KeyKind::Server));
            let text = say
                .value()
                .and_then(|raw| serde_json::from_str::<String>(raw).ok());
            let said = text.and_then(|text| normal(policy, &address.kind, &text));
            by_server && said.as_ref() == Some(address)
        })
}
