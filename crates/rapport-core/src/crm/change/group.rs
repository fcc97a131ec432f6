//! Makes groups of properties, changes them and takes empty ones out of use.

use super::draft::GroupDraft;
use super::{Changed, Definition, Error, Must, name};
use crate::crm::TypeId;
use crate::crm::definitions::Definitions;
use crate::crm::property::PropertyGroup;

/// The most groups a type may have in use.
pub const GROUPS_MAX: usize = 200;

/// Makes a group or changes it.
///
/// # Errors
/// [`Error`] where it cannot be as it is asked for.
pub fn put(definitions: &Definitions, object: TypeId, must: Must, draft: &GroupDraft) -> Changed {
    let of = super::object(definitions, object)?;
    let name = name::name(&draft.name, "group")?;
    let known = of.groups.get(&name).filter(|group| !group.archived);
    let what = || format!("group {name} of {}", of.head.name).into();
    match (known, must) {
        (Some(_), Must::BeNew) => return Err(Error::Exists { what: what() }),
        (None, Must::Exist) => return Err(Error::NotFound { what: what() }),
        (None, _) if of.groups.values().filter(|one| !one.archived).count() >= GROUPS_MAX => {
            let message = format!("a type may have {GROUPS_MAX} groups");
            return Err(Error::Limit(message.into()));
        }
        _ => {}
    }
    let mut group = known.cloned().unwrap_or_else(|| PropertyGroup {
        name: name.clone(),
        label: name.clone(),
        display_order: -1,
        archived: false,
    });
    if let Some(label) = &draft.label {
        group.label = name::label(label, "group")?;
    }
    group.display_order = draft.display_order.unwrap_or(group.display_order);
    Ok(vec![Definition::Group { object, group }])
}

/// Takes a group out of use.
///
/// # Errors
/// [`Error`] where there is none, or a property in use is shown in it.
pub fn archive(definitions: &Definitions, object: TypeId, name: &str) -> Changed {
    let of = super::object(definitions, object)?;
    let known = of.groups.get(&*name.trim().to_ascii_lowercase());
    let what = || Box::<str>::from(format!("group {name} of {}", of.head.name));
    let Some(known) = known.filter(|group| !group.archived) else {
        return Err(Error::NotFound { what: what() });
    };
    if let Some(property) = of.in_use().find(|property| property.group == known.name) {
        return Err(Error::InUse {
            what: what(),
            by: format!("property {}", property.name).into(),
        });
    }
    let group = PropertyGroup {
        archived: true,
        ..known.clone()
    };
    Ok(vec![Definition::Group { object, group }])
}
