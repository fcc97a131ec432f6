//! Lets records of two types belong together, labels how, and limits how often.

use super::draft::LabelDraft;
use super::{By, Changed, Definition, Error, name};
use crate::crm::TypeId;
use crate::crm::association::{AssociationType, Category, Kind};
use crate::crm::definitions::Definitions;

/// The most labels from one type to another in use.
pub const LABELS_MAX: usize = 50;

/// Lets records of two types belong together, both directions at once.
///
/// # Errors
/// [`Error`] where there is no such type, or they do already.
pub fn put(
    definitions: &Definitions,
    from: TypeId,
    to: TypeId,
    named: Option<&str>,
    by: By<'_>,
) -> Changed {
    let (one, other) = (
        super::object(definitions, from)?,
        super::object(definitions, to)?,
    );
    if definitions.plain(from, to).is_some() {
        let what = format!(
            "the association of {} and {}",
            one.head.name, other.head.name
        )
        .into();
        return Err(Error::Exists { what });
    }
    let name = match named {
        Some(named) => name::name(named, "association")?,
        None => format!("{}_to_{}", one.head.name, other.head.name).into(),
    };
    let back = match named {
        Some(_) => format!("{name}_inverse").into(),
        None => format!("{}_to_{}", other.head.name, one.head.name).into(),
    };
    let both = Both {
        from,
        to,
        names: [name, back],
        labels: [None, None],
    };
    Ok(both.define(definitions.next_association(), by))
}

/// Makes a label, both directions at once, or with a number changes one direction's.
///
/// # Errors
/// [`Error`] where it cannot be as it is asked for.
pub fn put_label(
    definitions: &Definitions,
    from: TypeId,
    to: TypeId,
    type_id: Option<u32>,
    draft: &LabelDraft,
    by: By<'_>,
) -> Changed {
    super::object(definitions, from)?;
    super::object(definitions, to)?;
    match type_id {
        Some(type_id) => change_label(definitions, (from, to, type_id), draft, by),
        None => make_label(definitions, from, to, draft, by),
    }
}

fn make_label(
    definitions: &Definitions,
    from: TypeId,
    to: TypeId,
    draft: &LabelDraft,
    by: By<'_>,
) -> Changed {
    let Some(label) = &draft.label else {
        return Err(Error::Invalid("a new label needs a text".into()));
    };
    let label = name::label(label, "association")?;
    let inverse = draft
        .inverse_label
        .as_deref()
        .map(|label| name::label(label, "association"));
    let inverse = inverse.transpose()?;
    let labelled = || {
        definitions
            .associations(from, to)
            .filter(|one| one.label.is_some())
    };
    if labelled().any(|one| one.label.as_ref() == Some(&label)) {
        let what = format!("the label {label}").into();
        return Err(Error::Exists { what });
    }
    if labelled().count() >= LABELS_MAX {
        let message = format!("two types may have {LABELS_MAX} labels");
        return Err(Error::Limit(message.into()));
    }
    let mut changes = match definitions.plain(from, to) {
        Some(_) => Vec::new(),
        None => put(definitions, from, to, None, by)?,
    };
    let name = match &draft.name {
        Some(named) => name::name(named, "association")?,
        None => named_by(&label),
    };
    let back: Box<str> = format!("{name}_inverse").into();
    let both = Both {
        from,
        to,
        names: [name, back],
        labels: [Some(label.clone()), Some(inverse.unwrap_or(label))],
    };
    let next = definitions.next_association() + u32::try_from(changes.len()).unwrap_or(0);
    changes.extend(both.define(next, by));
    Ok(changes)
}

fn change_label(
    definitions: &Definitions,
    (from, to, type_id): (TypeId, TypeId, u32),
    draft: &LabelDraft,
    by: By<'_>,
) -> Changed {
    let known = custom(definitions, from, to, type_id)?;
    let Some(label) = &draft.label else {
        return Err(Error::Invalid("a label needs a text".into()));
    };
    let label = name::label(label, "association")?;
    let mut others = definitions
        .associations(from, to)
        .filter(|one| one.type_id != type_id);
    if others.any(|one| one.label.as_ref() == Some(&label)) {
        let what = format!("the label {label}").into();
        return Err(Error::Exists { what });
    }
    let mut changes = vec![Definition::Association(Box::new(AssociationType {
        label: Some(label),
        updated: by.at,
        ..known.clone()
    }))];
    if let Some(inverse) = &draft.inverse_label
        && let Some(back) = definitions.association(to, from, known.inverse)
        && back.type_id != type_id
    {
        let label = Some(name::label(inverse, "association")?);
        changes.push(Definition::Association(Box::new(AssociationType {
            label,
            updated: by.at,
            ..back.clone()
        })));
    }
    Ok(changes)
}

/// Takes a label out of use, both directions at once. What was linked under it stays linked.
///
/// # Errors
/// [`Error`] where there is none, or Rapport brings it.
pub fn delete_label(
    definitions: &Definitions,
    from: TypeId,
    to: TypeId,
    type_id: u32,
    by: By<'_>,
) -> Changed {
    let known = custom(definitions, from, to, type_id)?;
    let back = definitions.association(to, from, known.inverse);
    let back = back.filter(|back| back.type_id != type_id);
    let archived = |one: &AssociationType| {
        Definition::Association(Box::new(AssociationType {
            archived: true,
            updated: by.at,
            ..one.clone()
        }))
    };
    Ok(std::iter::once(known).chain(back).map(archived).collect())
}

/// Says how many records of `to` one of `from` may have, or with `None` that it is no matter. Links
/// that are beyond it stay.
///
/// # Errors
/// [`Error`] where there is no such association, or the number is none.
pub fn limit(
    definitions: &Definitions,
    from: TypeId,
    to: TypeId,
    kind: Kind,
    max: Option<u32>,
    by: By<'_>,
) -> Changed {
    let unknown = || Error::NotFound {
        what: format!("association type {} from {from} to {to}", kind.type_id).into(),
    };
    let known = definitions
        .association_of(from, to, kind)
        .map_err(|_| unknown())?;
    if max == Some(0) {
        return Err(Error::Invalid("a limit is at least 1".into()));
    }
    Ok(vec![Definition::Association(Box::new(AssociationType {
        max,
        updated: by.at,
        ..known.clone()
    }))])
}

/// A label that somebody made.
fn custom(
    definitions: &Definitions,
    from: TypeId,
    to: TypeId,
    type_id: u32,
) -> Result<&AssociationType, Error> {
    let what = || format!("association type {type_id} from {from} to {to}").into();
    let found = definitions
        .association(from, to, type_id)
        .filter(|found| !found.archived);
    let found = found.ok_or_else(|| Error::NotFound { what: what() })?;
    if found.category == Category::Standard || found.label.is_none() {
        let message = format!("association type {type_id} is no label of your own");
        return Err(Error::Fixed(message.into()));
    }
    Ok(found)
}

/// A name in the API made of a label.
fn named_by(label: &str) -> Box<str> {
    let lower = label.to_lowercase();
    let words = lower
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let name = words.collect::<Vec<_>>().join("_");
    let name = match name.starts_with(|c: char| c.is_ascii_lowercase()) {
        true => name,
        false => format!("label_{name}"),
    };
    name.chars().take(90).collect::<String>().into()
}

/// Both directions of an association that somebody makes.
struct Both {
    from: TypeId,
    to: TypeId,
    names: [Box<str>; 2],
    labels: [Option<Box<str>>; 2],
}

impl Both {
    /// The directions, or the one where both are the same.
    fn define(self, next: u32, by: By<'_>) -> Vec<Definition> {
        let is_same = self.from == self.to && self.labels[0] == self.labels[1];
        let [name, back_name] = self.names;
        let [label, back_label] = self.labels;
        let forth = AssociationType {
            type_id: next,
            category: Category::User,
            from: self.from,
            to: self.to,
            name,
            label,
            inverse: if is_same { next } else { next + 1 },
            max: None,
            primary: false,
            archived: false,
            created: by.at,
            updated: by.at,
        };
        let back = AssociationType {
            type_id: next + 1,
            from: self.to,
            to: self.from,
            name: back_name,
            label: back_label,
            inverse: next,
            ..forth.clone()
        };
        let mut changes = vec![Definition::Association(Box::new(forth))];
        if !is_same {
            changes.push(Definition::Association(Box::new(back)));
        }
        changes
    }
}
