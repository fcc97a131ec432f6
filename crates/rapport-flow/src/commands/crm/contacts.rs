//! Contacts that are written: what is said of one is said of a profile, by a member.

use super::super::effects;
use super::records::{Batch, Done, associate, decide, named, not_unique};
use super::resolve;
use crate::crm::contact::drawn;
use crate::crm::read::identifier_kind;
use crate::crm::told::attach;
use crate::crm::work::Cause;
use crate::rows;
use crate::writer::Writer;
use rapport_core::crm::contact::{Said, says};
use rapport_core::crm::property::Fact;
use rapport_core::crm::write::Change;
use rapport_core::crm::{
    ObjectType, Record, RecordInput, RecordNo, RecordReference, Refused, TypeId, Verb, Written,
};
use rapport_core::fold::edit::Edited;
use rapport_core::fold::{Effects, Fold};
use rapport_core::identity::normalise::normalise;
use rapport_core::identity::{IdKind, Identifier, ProfileNo};
use rapport_core::profile::contact::{Edit, Owned, Renamed, Standing, Whose, wanted};
use rapport_store::Result;
use rapport_store::state::{Table, Write};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What the edits of one command did beside changing people.
#[derive(Default)]
pub(super) struct Edits {
    effects: Effects,
    edits: Vec<(ProfileNo, Edit)>,
}

impl Edits {
    /// Adds the writes of everybody they changed.
    pub async fn finish(self, writer: &mut Writer, writes: &mut Vec<Write>) -> Result<()> {
        if self.edits.is_empty() && !writer.people.is_changed() {
            return Ok(());
        }
        effects(writer, &self.effects, writes).await?;
        for (number, edit) in &self.edits {
            let key = rows::edit_key(*number, edit.place);
            writes.push(rows::put(Table::Edit, key, edit));
        }
        Ok(())
    }
}

/// Does what one input says.
pub(super) async fn one(
    writer: &mut Writer,
    batch: &mut Batch<'_>,
    cause: &Cause,
    input: &RecordInput,
    edits: &mut Edits,
) -> Result<Done> {
    let object = batch.object;
    let found = match resolve::find(writer, &mut batch.work, object, &input.reference).await? {
        Ok(found) => found,
        Err(refused) => return Ok(Err(refused)),
    };
    let found = match named(object, input, found) {
        Ok(found) => found.map(|(_, number)| ProfileNo(number.0)),
        Err(refused) => return Ok(Err(refused)),
    };
    let contact = found.and_then(|number| writer.people.profile(number)?.contact);
    let is_archived = contact.is_some_and(|contact| contact.archived.is_some());
    let standing = match input.verb {
        Verb::Archive => Standing::Archived,
        Verb::Restore => Standing::Restored,
        Verb::Write if is_archived && !input.upsert => {
            return Ok(Err(resolve::missing(object.id(), &input.reference)));
        }
        Verb::Write if is_archived => Standing::Restored,
        Verb::Write => Standing::Kept,
    };
    if input.verb != Verb::Write {
        let Some(number) = found else {
            return Ok(Err(resolve::missing(object.id(), &input.reference)));
        };
        if let Err(refused) = batch.see((TypeId::CONTACT, RecordNo(number.0))) {
            return Ok(Err(refused));
        }
        if is_archived == (input.verb == Verb::Archive) {
            return Ok(Ok(Written {
                no: RecordNo(number.0),
                created: false,
                changed: false,
            }));
        }
        let whose = Whose::Number(asked(&input.reference, number));
        let edit = Edit {
            standing,
            ..nothing(cause, whose)
        };
        let edited = fold(writer, edit, edits).await?;
        batch.work.touch((TypeId::CONTACT, RecordNo(number.0)));
        return Ok(Ok(Written {
            created: false,
            ..written(edited)
        }));
    }
    write(writer, batch, cause, input, (found, standing), edits).await
}

/// The number an edit is addressed to: as asked, so that an undo finds whom was meant.
fn asked(reference: &RecordReference, found: ProfileNo) -> ProfileNo {
    match reference {
        RecordReference::Id(number) => ProfileNo(number.0),
        _ => found,
    }
}

fn nothing(cause: &Cause, whose: Whose) -> Edit {
    Edit {
        place: cause.place,
        received: cause.received,
        actor: cause.origin.id.clone(),
        whose,
        says: Vec::new(),
        renamed: Vec::new(),
        owned: Owned::Kept,
        standing: Standing::Kept,
    }
}

fn written(edited: Edited) -> Written {
    Written {
        no: RecordNo(edited.number.0),
        created: edited.created,
        changed: true,
    }
}

async fn write(
    writer: &mut Writer,
    batch: &mut Batch<'_>,
    cause: &Cause,
    input: &RecordInput,
    (found, standing): (Option<ProfileNo>, Standing),
    edits: &mut Edits,
) -> Result<Done> {
    let object = batch.object;
    let definitions = Arc::clone(&batch.work.definitions);
    let profile = found.and_then(|number| writer.people.profile(number));
    let before = profile.and_then(|profile| drawn(&definitions, object, profile, None));
    let change = match decide(batch, before.as_ref(), input, cause) {
        Ok(change) => change,
        Err(refused) => return Ok(Err(refused)),
    };
    let whose = match whose(writer, batch, input, found, before.as_ref(), &change).await? {
        Ok(whose) => whose,
        Err(refused) => return Ok(Err(refused)),
    };
    let meant = meant(writer, &whose, found).await?;
    let key = (TypeId::CONTACT, RecordNo(meant.0));
    if let Err(refused) = batch.see(key) {
        return Ok(Err(refused));
    }
    // What a link refuses, no edit did: links are made first.
    let trial = (!input.associations.is_empty()).then(|| batch.work.clone());
    let linked = match associate(writer, &mut batch.work, key, &input.associations).await? {
        Ok(linked) => linked,
        Err(refused) => {
            if let Some(trial) = trial {
                batch.work = trial;
            }
            batch.seen.remove(&key);
            return Ok(Err(refused));
        }
    };
    if change.is_empty() && standing == Standing::Kept && found.is_some() {
        return Ok(Ok(Written {
            no: key.1,
            created: false,
            changed: !linked.is_empty(),
        }));
    }
    let by_address = matches!(whose, Whose::Holder(_));
    let mut edit = Edit {
        standing,
        ..nothing(cause, whose)
    };
    if found.is_none() {
        edit.standing = Standing::Restored;
    }
    say(object, before.as_ref(), &change, &mut edit);
    let edited = fold(writer, edit, edits).await?;
    batch
        .work
        .touch((TypeId::CONTACT, RecordNo(edited.number.0)));
    for (record, kinds) in linked.into_iter().filter(|_| by_address) {
        // An address names whom the links are for, so they follow it.
        let back = kinds.into_iter().map(|(there, back)| (back, there));
        attach(
            &mut batch.work,
            edited.number,
            cause.place,
            record,
            back.collect(),
        );
    }
    Ok(Ok(written(edited)))
}

/// Moves what a change says into an edit.
fn say(object: &ObjectType, before: Option<&Record>, change: &Change, edit: &mut Edit) {
    for said in says(object, before, change) {
        match said {
            Said::Attribute { name, json } => edit.says.push((name, json)),
            Said::Identifier { kind, old, new } => edit.renamed.push(Renamed { kind, old, new }),
        }
    }
    for (no, value) in &change.values {
        let property = object.properties.get(no);
        if property.is_some_and(|property| property.fact == Some(Fact::Owner)) {
            let owner = value
                .as_ref()
                .and_then(|value| value.spelled().parse().ok());
            edit.owned = owner.map_or(Owned::ByNobody, Owned::By);
        }
    }
}

/// Whom a write is about, or why it may not be: an address of it may belong to another contact. An
/// address that an unknown profile goes by makes that profile the contact.
async fn whose(
    writer: &mut Writer,
    batch: &mut Batch<'_>,
    input: &RecordInput,
    found: Option<ProfileNo>,
    before: Option<&Record>,
    change: &Change,
) -> Result<std::result::Result<Whose, Refused>> {
    let object = batch.object;
    let mut whose = match found {
        Some(number) => match by_address(writer, object, &input.reference) {
            Some(identifier) => Whose::Holder(identifier),
            None => Whose::Number(asked(&input.reference, number)),
        },
        None => Whose::Nobody,
    };
    for (no, value) in &change.values {
        let (Some(property), Some(value)) = (object.properties.get(no), value) else {
            continue;
        };
        let kind = identifier_kind(object.id(), &property.name);
        if let Some(IdKind::Email) = kind {
            let sent = Identifier::new(IdKind::Email, value.spelled());
            let identifier = match normalise(&writer.configuration.policy, &sent) {
                Ok(identifier) => identifier,
                Err(blocked) => {
                    let reason = format!(
                        "Email address {} is invalid: {}",
                        value.spelled(),
                        blocked.why
                    );
                    return Ok(Err(Refused::InvalidText {
                        property: property.name.clone(),
                        reason: reason.into(),
                    }));
                }
            };
            let owner = resolve::holder(writer, &identifier).await?;
            let holder = owner.and_then(|owner| writer.people.profile(owner));
            let holder = holder.map(|holder| (holder.number, holder.contact));
            match (holder, found) {
                (Some((holder, _)), Some(found)) if holder == found => {}
                (Some((holder, Some(contact))), found)
                    if contact.archived.is_none() || found.is_some() =>
                {
                    return Ok(Err(not_unique(property, value, RecordNo(holder.0))));
                }
                (_, None) => whose = Whose::Holder(identifier),
                (_, Some(_)) => {}
            }
        } else if property.unique && kind.is_none() {
            let owner = batch
                .work
                .owner(&writer.shared, object.id(), property, value)
                .await?;
            let own = before.map(|before| before.no);
            if let Some(existing) = owner.filter(|owner| Some(*owner) != own) {
                return Ok(Err(not_unique(property, value, existing)));
            }
        }
    }
    Ok(Ok(whose))
}

/// The address an input names its contact by.
fn by_address(
    writer: &Writer,
    object: &ObjectType,
    reference: &RecordReference,
) -> Option<Identifier> {
    let RecordReference::Unique { property, value } = reference else {
        return None;
    };
    let name = &object.property(property)?.name;
    let kind = identifier_kind(object.id(), name)?;
    let sent = Identifier::new(kind, &**value);
    normalise(&writer.configuration.policy, &sent).ok()
}

/// The number that the contact of an edit has, or will get.
async fn meant(writer: &mut Writer, whose: &Whose, found: Option<ProfileNo>) -> Result<ProfileNo> {
    let holder = match whose {
        Whose::Holder(identifier) => resolve::holder(writer, identifier).await?,
        Whose::Number(_) | Whose::Nobody => found,
    };
    Ok(holder.unwrap_or_else(|| writer.people.next()))
}

/// Folds an edit into the people of the writer.
async fn fold(writer: &mut Writer, edit: Edit, edits: &mut Edits) -> Result<Edited> {
    let configuration = Arc::clone(&writer.configuration);
    let unknown = wanted(&configuration.policy, &edit).into_iter();
    let unknown: BTreeSet<Identifier> = unknown
        .filter(|identifier| !writer.people.has_looked_up(identifier))
        .collect();
    crate::steps::load::identifiers(writer, unknown).await?;
    let due = std::mem::take(&mut writer.due);
    let last = writer.head.position;
    let shared = Arc::clone(&writer.shared);
    let mut fold = Fold::resume(configuration.rules(), &mut writer.people, due, last);
    let edited = fold.edit(&edit, |number| shared.survivor(number));
    let (effects, due) = fold.finish();
    writer.due = due;
    edits.effects.journal.extend(effects.journal);
    edits.effects.changes.extend(effects.changes);
    edits.effects.members.extend(effects.members);
    edits.effects.absorbed.extend(effects.absorbed);
    let edited = edited.expect("whom it names is loaded");
    edits.edits.push((edited.number, edit));
    Ok(edited)
}
