//! What is defined of records: types, properties, pipelines, associations. The rules say what is
//! another way afterwards; that is configuration, a row each.

use super::super::{Outcome, Reply};
use crate::configuration::{self, Configuration};
use crate::crm::sweep;
use crate::error::CommandError;
use crate::writer::Writer;
use rapport_core::crm::change::{
    By, Changed, Definition, Error, association, group, object_type, pipeline, property,
};
use rapport_core::crm::object::Staged;
use rapport_core::crm::{Definitions, TypeId};
use rapport_core::entry::{Command, CommandEntry};
use rapport_store::records::{After, Cell, Count, Filter, Query, column};
use rapport_store::state::Write;
use std::sync::Arc;

/// Whether a command changes what is defined.
pub(super) fn is_definition(command: &Command) -> bool {
    matches!(
        command,
        Command::PutProperty { .. }
            | Command::ArchiveProperty { .. }
            | Command::PutPropertyGroup { .. }
            | Command::ArchivePropertyGroup { .. }
            | Command::PutPipeline { .. }
            | Command::DeletePipeline { .. }
            | Command::PutStage { .. }
            | Command::DeleteStage { .. }
            | Command::PutObjectType { .. }
            | Command::DeleteObjectType { .. }
            | Command::PutAssociation { .. }
            | Command::PutAssociationLabel { .. }
            | Command::DeleteAssociationLabel { .. }
            | Command::PutAssociationLimit { .. }
    )
}

/// Changes it.
pub(super) async fn apply(
    writer: &mut Writer,
    entry: &CommandEntry,
    command: &Command,
    writes: &mut Vec<Write>,
) -> Outcome {
    in_use(writer, command).await?;
    let by = By {
        at: entry.received,
        actor: &entry.actor,
    };
    let defined = changed(&writer.configuration.crm, command, by).map_err(refused)?;
    let mut configuration = Configuration::clone(&writer.configuration);
    let mut definitions = Definitions::clone(&configuration.crm);
    for one in &defined {
        writes.push(configuration::row(&one.key(), one));
        definitions.put(one.clone());
    }
    configuration.crm = Arc::new(definitions);
    writer.configure(configuration);
    for one in &defined {
        match one {
            Definition::Property { object, property } => {
                writer.unsettle_columns(*object);
                let shows_attributes = *object == TypeId::CONTACT;
                if !property.archived && (shows_attributes || property.calculated.is_some()) {
                    sweep::begin(writer, *object, writes).await?;
                }
            }
            Definition::Object(head) => writer.unsettle_columns(head.id),
            Definition::Group { .. } | Definition::Pipeline { .. } | Definition::Association(_) => {
            }
        }
    }
    Ok(Reply::Defined(defined))
}

fn changed(definitions: &Definitions, command: &Command, by: By<'_>) -> Changed {
    match command {
        Command::PutProperty {
            object,
            must,
            draft,
        } => property::put(definitions, *object, *must, draft, by),
        Command::ArchiveProperty { object, name } => {
            property::archive(definitions, *object, name, by)
        }
        Command::PutPropertyGroup {
            object,
            must,
            draft,
        } => group::put(definitions, *object, *must, draft),
        Command::ArchivePropertyGroup { object, name } => {
            group::archive(definitions, *object, name)
        }
        Command::PutPipeline {
            object,
            must,
            draft,
        } => pipeline::put(definitions, *object, *must, draft, by),
        Command::DeletePipeline {
            object, pipeline, ..
        } => pipeline::delete(definitions, *object, pipeline, by),
        Command::PutStage {
            object,
            pipeline,
            must,
            draft,
        } => pipeline::put_stage(definitions, *object, pipeline, *must, draft, by),
        Command::DeleteStage {
            object,
            pipeline,
            stage,
            ..
        } => pipeline::delete_stage(definitions, *object, pipeline, stage, by),
        Command::PutObjectType { must, draft } => object_type::put(definitions, *must, draft, by),
        Command::DeleteObjectType { object } => object_type::delete(definitions, *object, by),
        Command::PutAssociation { from, to, name } => {
            association::put(definitions, *from, *to, name.as_deref(), by)
        }
        Command::PutAssociationLabel {
            from,
            to,
            type_id,
            draft,
        } => association::put_label(definitions, *from, *to, *type_id, draft, by),
        Command::DeleteAssociationLabel { from, to, type_id } => {
            association::delete_label(definitions, *from, *to, *type_id, by)
        }
        Command::PutAssociationLimit {
            from,
            to,
            kind,
            max,
        } => association::limit(definitions, *from, *to, *kind, *max, by),
        _ => unreachable!("every other command has a file of its own"),
    }
}

fn refused(error: Error) -> CommandError {
    match error {
        Error::NotFound { what } => CommandError::NotFound { what: what.into() },
        Error::Exists { .. } | Error::InUse { .. } => CommandError::Contradicts {
            message: error.to_string(),
        },
        Error::Invalid(_) | Error::Fixed(_) | Error::Formula(_) | Error::Limit(_) => {
            CommandError::Invalid {
                code: "invalid_definition",
                message: error.to_string(),
                help: String::new(),
            }
        }
    }
}

/// Refuses to take out of use what records are in, where that was asked for.
async fn in_use(writer: &Writer, command: &Command) -> Result<(), CommandError> {
    let definitions = &writer.configuration.crm;
    let staged = |object: &TypeId| {
        let known = definitions.types.get(object);
        known.and_then(|known| known.head.staged.clone())
    };
    let (object, filter, what) = match command {
        Command::DeletePipeline {
            object,
            pipeline,
            unless_used: true,
        } => {
            let property = staged(object).map(|Staged { pipeline, .. }| pipeline);
            (
                *object,
                holds(definitions, *object, property, pipeline),
                "pipeline",
            )
        }
        Command::DeleteStage {
            object,
            stage,
            unless_used: true,
            ..
        } => {
            let property = staged(object).map(|Staged { stage, .. }| stage);
            (
                *object,
                holds(definitions, *object, property, stage),
                "stage",
            )
        }
        Command::DeleteObjectType { object } => (*object, Some(Filter::every()), "object type"),
        _ => return Ok(()),
    };
    let Some(filter) = filter else { return Ok(()) };
    let query = Query {
        object: object.0,
        filter: filter.and(Filter::equal(column::ARCHIVED, Cell::Integer(0))),
        search: None,
        sort: Vec::new(),
        after: After::Start,
        limit: 1,
        columns: Vec::new(),
        count: Count::No,
    };
    let found = writer.shared.roles.state.query(query).await?;
    match found.rows.first() {
        None => Ok(()),
        Some(row) => Err(CommandError::Contradicts {
            message: format!("the {what} is used by record {}", row.id),
        }),
    }
}

/// That a property of records has a value.
fn holds(
    definitions: &Definitions,
    object: TypeId,
    property: Option<Box<str>>,
    value: &str,
) -> Option<Filter> {
    let object = definitions.types.get(&object)?;
    let column = object.property(&property?)?.column()?;
    Some(Filter::equal(column, Cell::text(value)))
}
