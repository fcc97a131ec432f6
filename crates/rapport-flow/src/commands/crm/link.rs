//! Records that belong together, and that do not any more.

use super::super::{Linked, Outcome, Reply};
use super::resolve;
use crate::crm::follow;
use crate::crm::work::{Key, Work};
use crate::error::CommandError;
use crate::writer::Writer;
use rapport_core::crm::association::{AssociationType, Kind, LinkInput};
use rapport_core::crm::write::INPUTS_MAX;
use rapport_core::crm::{Definitions, Refused, TypeId};
use rapport_core::entry::CommandEntry;
use rapport_store::Result;
use rapport_store::state::Write;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Inputs of one command at most: each is a link or two.
const LINKS_MAX: usize = 20 * INPUTS_MAX;

/// What is done to links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// They are made.
    Together,
    /// They are taken away.
    Apart,
}

/// Does so to each input by itself.
pub(super) async fn apply(
    writer: &mut Writer,
    _entry: &CommandEntry,
    inputs: &[LinkInput],
    way: Way,
    writes: &mut Vec<Write>,
) -> Outcome {
    if inputs.is_empty() || inputs.len() > LINKS_MAX {
        return Err(CommandError::Invalid {
            code: "invalid_batch",
            message: format!("{} links in one batch: 1 to {LINKS_MAX} fit", inputs.len()),
            help: "Send several batches.".to_owned(),
        });
    }
    let mut work = Work::of(writer);
    let mut done = Vec::with_capacity(inputs.len());
    for input in inputs {
        done.push(one(writer, &mut work, input, way).await?);
    }
    follow::settle(writer, &mut work).await?;
    work.finish(writer, writes);
    Ok(Reply::Links(done))
}

async fn one(
    writer: &mut Writer,
    work: &mut Work,
    input: &LinkInput,
    way: Way,
) -> Result<std::result::Result<Linked, Refused>> {
    let definitions = Arc::clone(&work.definitions);
    let object = |id: TypeId| {
        let unknown = || Refused::TypeUnknown(id.to_string().into());
        definitions.get(id).ok_or_else(unknown)
    };
    let (from, to) = match (object(input.from_object), object(input.to_object)) {
        (Ok(from), Ok(to)) => (from, to),
        (Err(refused), _) | (_, Err(refused)) => return Ok(Err(refused)),
    };
    let from = match resolve::existing(writer, work, from, &input.from).await? {
        Ok(from) => from,
        Err(refused) => return Ok(Err(refused)),
    };
    let to = match resolve::existing(writer, work, to, &input.to).await? {
        Ok(to) => to,
        Err(refused) => return Ok(Err(refused)),
    };
    let kinds = match way {
        Way::Together => {
            together(writer, work, from, to, &input.kinds, input.replace_labels).await?
        }
        Way::Apart => apart(writer, work, from, to, &input.kinds).await?,
    };
    Ok(kinds.map(|kinds| Linked {
        from: from.1,
        to: to.1,
        kinds,
    }))
}

/// Links two records in these ways, and in the plain one where there is one.
pub(super) async fn together(
    writer: &Writer,
    work: &mut Work,
    from: Key,
    to: Key,
    kinds: &[Kind],
    replace_labels: bool,
) -> Result<std::result::Result<Vec<u32>, Refused>> {
    if from == to {
        let message = "a record cannot be associated with itself";
        return Ok(Err(Refused::BadReference(message.into())));
    }
    let definitions = Arc::clone(&work.definitions);
    let wanted = match wanted(&definitions, from.0, to.0, kinds) {
        Ok(wanted) => wanted,
        Err(refused) => return Ok(Err(refused)),
    };
    let known = work.kinds(writer, from, to).await?;
    for association in &wanted {
        if let Err(refused) = room(writer, work, from, to, association, &known).await? {
            return Ok(Err(refused));
        }
    }
    if replace_labels {
        let keeps: BTreeSet<u32> = wanted.iter().map(|one| one.type_id).collect();
        for kind in known.difference(&keeps) {
            if let Some(old) = definitions.association(from.0, to.0, *kind)
                && !old.is_plain()
            {
                work.unlink(writer, from, to, (old.type_id, old.inverse))
                    .await?;
            }
        }
    }
    for association in &wanted {
        let kinds = (association.type_id, association.inverse);
        work.link(writer, from, to, kinds).await?;
    }
    Ok(Ok(wanted.iter().map(|one| one.type_id).collect()))
}

/// The ways an input names, and the plain one beside them.
fn wanted<'a>(
    definitions: &'a Definitions,
    from: TypeId,
    to: TypeId,
    kinds: &[Kind],
) -> std::result::Result<Vec<&'a AssociationType>, Refused> {
    let named = kinds.iter();
    let named = named.map(|kind| definitions.association_of(from, to, *kind));
    let mut wanted = named.collect::<std::result::Result<Vec<_>, _>>()?;
    match definitions.plain(from, to) {
        Some(plain) => wanted.push(plain),
        None if wanted.is_empty() => {
            return Err(Refused::UnknownAssociationType {
                from,
                to,
                type_id: 0,
            });
        }
        None => {}
    }
    wanted.sort_by_key(|one| one.type_id);
    wanted.dedup_by_key(|one| one.type_id);
    Ok(wanted)
}

/// Whether both records have room for one more link of a kind; of a primary one the link that is
/// there makes room.
async fn room(
    writer: &Writer,
    work: &mut Work,
    from: Key,
    to: Key,
    association: &AssociationType,
    known: &BTreeSet<u32>,
) -> Result<std::result::Result<(), Refused>> {
    if known.contains(&association.type_id) {
        return Ok(Ok(()));
    }
    if association.primary {
        let there = work.linked(writer, from, to.0, PRIMARIES_MAX).await?;
        for (other, kinds) in there.unwrap_or_default() {
            if kinds.contains(&association.type_id) {
                let kinds = (association.type_id, association.inverse);
                work.unlink(writer, from, (to.0, other), kinds).await?;
            }
        }
    }
    let definitions = Arc::clone(&work.definitions);
    let inverse = definitions.association(to.0, from.0, association.inverse);
    let sides = [(from, to.0, Some(association)), (to, from.0, inverse)];
    for (record, far, association) in sides {
        let Some(association) = association else {
            continue;
        };
        let Some(max) = association.max.filter(|_| !association.primary) else {
            continue;
        };
        let most = max as usize + PRIMARIES_MAX;
        let there = work.linked(writer, record, far, most).await?;
        let count = there.map_or(most, |there| {
            let of_kind = there.values();
            of_kind
                .filter(|kinds| kinds.contains(&association.type_id))
                .count()
        });
        if count >= max as usize {
            return Ok(Err(Refused::LinkLimit {
                record: record.1,
                to: far,
                type_id: association.type_id,
                max,
            }));
        }
    }
    Ok(Ok(()))
}

/// Records linked to one that are looked at for the primary one, at most.
const PRIMARIES_MAX: usize = 10_000;

/// Takes these links between two records away, or all of them.
async fn apart(
    writer: &Writer,
    work: &mut Work,
    from: Key,
    to: Key,
    kinds: &[Kind],
) -> Result<std::result::Result<Vec<u32>, Refused>> {
    let definitions = Arc::clone(&work.definitions);
    let mut gone = Vec::new();
    for kind in kinds {
        match definitions.association_of(from.0, to.0, *kind) {
            Ok(association) => gone.push(association),
            Err(refused) => return Ok(Err(refused)),
        }
    }
    if kinds.is_empty() {
        let known = work.kinds(writer, from, to).await?;
        let known = known.iter();
        gone.extend(known.filter_map(|kind| definitions.association(from.0, to.0, *kind)));
    }
    for association in &gone {
        let kinds = (association.type_id, association.inverse);
        work.unlink(writer, from, to, kinds).await?;
    }
    Ok(Ok(gone.iter().map(|one| one.type_id).collect()))
}
