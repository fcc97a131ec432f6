//! Links at the doors: who may make and take them, and which of them are seen.
//!
//! Both ends must be edited by whoever links them. What is not there and what may not be seen are
//! answered alike, whatever else is wrong.

use super::{Denied, Failed, Reach};
use crate::Api;
use rapport_core::crm::{
    Definitions, LinkInput, NewLink, ObjectType, RecordInput, RecordNo, RecordReference, Refused,
    TypeId,
};
use rapport_core::member::{Access, Action, Actor};
use rapport_store::records::Filter;
use std::collections::{BTreeMap, BTreeSet};

/// What keeps each link from being changed.
pub(crate) async fn links(
    api: &Api,
    who: &Actor,
    definitions: &Definitions,
    inputs: &[LinkInput],
) -> Result<Vec<Option<Refused>>, Failed> {
    let mut fates = Vec::with_capacity(inputs.len());
    for input in inputs {
        let ends = [
            (input.from_object, &input.from),
            (input.to_object, &input.to),
        ];
        fates.push(ends_of(api, who, definitions, &ends).await?);
    }
    Ok(fates)
}

/// What keeps the links that inputs ask for from being made; the record itself is asked elsewhere.
pub(super) async fn together(
    reach: &Reach<'_>,
    inputs: &[RecordInput],
) -> Result<Vec<Option<Refused>>, Failed> {
    let definitions = reach.api.rapport.definitions();
    let mut fates = Vec::with_capacity(inputs.len());
    for input in inputs {
        let mut fate = None;
        for link in &input.associations {
            // Where nothing says which type is meant, the writer refuses it by itself.
            if fate.is_none()
                && let Some(to) = far(&definitions, reach.object, link)
            {
                let ends = [(to, &link.to)];
                fate = ends_of(reach.api, reach.who, &definitions, &ends).await?;
            }
        }
        fates.push(fate);
    }
    Ok(fates)
}

/// The type of the other record of a link: as it says, or as its kinds do.
fn far(definitions: &Definitions, from: &ObjectType, link: &NewLink) -> Option<TypeId> {
    let kind = link.kinds.first();
    let of_kind = || {
        let mut all = definitions.associations_from(from.id());
        let found = all.find(|one| Some(one.kind()) == kind.copied());
        found.map(|found| found.to)
    };
    link.object.or_else(of_kind)
}

async fn ends_of(
    api: &Api,
    who: &Actor,
    definitions: &Definitions,
    ends: &[(TypeId, &RecordReference)],
) -> Result<Option<Refused>, Failed> {
    let mut reaches = Vec::with_capacity(ends.len());
    for (object, reference) in ends {
        if let Some(object) = definitions.get(*object) {
            let reach = Reach::of(api, who, object, Access::Write)?;
            reaches.push((reach, *reference));
        }
    }
    // Where nothing is hidden at either end, the writer says best what is wrong.
    if reaches.iter().all(|(reach, _)| reach.is_whole()) {
        return Ok(None);
    }
    for (reach, reference) in &reaches {
        let fate = reach.end(reference).await?;
        if fate.is_some() {
            return Ok(fate);
        }
    }
    Ok(None)
}

impl Reach<'_> {
    async fn end(&self, reference: &RecordReference) -> rapport_flow::Result<Option<Refused>> {
        let (number, spelled) = match reference {
            RecordReference::Id(number) => (Some(*number), number.to_string().into()),
            RecordReference::Unique { property, value } => {
                (self.of_value(property, value).await?, value.clone())
            }
            RecordReference::Create => return Ok(None),
        };
        let numbers: Vec<RecordNo> = number.into_iter().collect();
        let object = self.object.id();
        let found = self.api.rapport.records(object, &numbers).await?;
        let found = found.into_iter().flatten().next();
        let Some(record) = found.filter(|record| self.reaches(Action::View, record)) else {
            return Ok(Some(Refused::NotFound {
                object,
                reference: spelled,
            }));
        };
        let may = self.reaches(Action::Edit, &record);
        Ok((!may).then(|| self.refused(Action::Edit, None)))
    }
}

/// The same filter, in which whatever is linked to a record that somebody may not see is linked to
/// nothing.
pub(crate) async fn seen(
    api: &Api,
    who: &Actor,
    definitions: &Definitions,
    filter: Filter,
) -> Result<Filter, Failed> {
    let mut named: BTreeMap<TypeId, BTreeSet<RecordNo>> = BTreeMap::new();
    name(&filter, &mut named);
    let mut hidden = BTreeSet::new();
    for (object, numbers) in named {
        let Some(object) = definitions.get(object) else {
            continue;
        };
        let reach = Reach::of(api, who, object, Access::Read)?;
        let numbers: Vec<RecordNo> = numbers.into_iter().collect();
        let seen = reach.among(Action::View, &numbers).await?;
        let not = numbers.into_iter().filter(|number| !seen.contains(number));
        hidden.extend(not.map(|number| (object.id().0, number.0)));
    }
    Ok(match hidden.is_empty() {
        true => filter,
        false => without(filter, &hidden),
    })
}

fn name(filter: &Filter, named: &mut BTreeMap<TypeId, BTreeSet<RecordNo>>) {
    match filter {
        Filter::All(all) | Filter::Any(all) => all.iter().for_each(|one| name(one, named)),
        Filter::Not(one) => name(one, named),
        Filter::Linked {
            to: (object, id), ..
        } => {
            named
                .entry(TypeId(*object))
                .or_default()
                .insert(RecordNo(*id));
        }
        _ => {}
    }
}

fn without(filter: Filter, hidden: &BTreeSet<(u32, u64)>) -> Filter {
    let each = |all: Vec<Filter>| -> Vec<Filter> {
        let each = all.into_iter();
        each.map(|one| without(one, hidden)).collect()
    };
    match filter {
        Filter::All(all) => Filter::All(each(all)),
        Filter::Any(any) => Filter::Any(each(any)),
        Filter::Not(one) => Filter::Not(Box::new(without(*one, hidden))),
        Filter::Linked { to, .. } if hidden.contains(&to) => Filter::Never,
        other => other,
    }
}

impl From<Denied> for Failed {
    fn from(denied: Denied) -> Failed {
        Failed::Denied(denied)
    }
}
