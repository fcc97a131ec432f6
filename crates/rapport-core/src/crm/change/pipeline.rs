//! Makes pipelines and stages, changes them and takes them out of use.

use super::draft::{PipelineDraft, StageDraft};
use super::{By, Changed, Definition, Error, Must, name};
use crate::crm::TypeId;
use crate::crm::definitions::Definitions;
use crate::crm::object::ObjectType;
use crate::crm::pipeline::{Pipeline, Stage};
use std::collections::BTreeSet;

/// The most pipelines a type may have in use.
pub const PIPELINES_MAX: usize = 100;
/// The most stages a pipeline may have in use.
pub const STAGES_MAX: usize = 100;

/// Makes a pipeline or changes it. Where stages are named they are all there are: another one is
/// archived.
///
/// # Errors
/// [`Error`] where it cannot be as it is asked for.
pub fn put(
    definitions: &Definitions,
    object: TypeId,
    must: Must,
    draft: &PipelineDraft,
    by: By<'_>,
) -> Changed {
    let of = staged(definitions, object)?;
    let mut numbers = Numbers::of(of);
    let id = match &draft.id {
        Some(id) => name::id(id, "pipeline")?,
        None if must == Must::Exist => return Err(Error::Invalid("the pipeline has no id".into())),
        None => numbers.next(),
    };
    let known = of.pipeline(&id);
    let what = || format!("pipeline {id} of {}", of.head.name).into();
    match (known, must) {
        (Some(_), Must::BeNew) => return Err(Error::Exists { what: what() }),
        (None, Must::Exist) => return Err(Error::NotFound { what: what() }),
        (None, _) if in_use(of).count() >= PIPELINES_MAX => {
            let message = format!("a type may have {PIPELINES_MAX} pipelines");
            return Err(Error::Limit(message.into()));
        }
        _ => {}
    }
    let mut pipeline = known.cloned().unwrap_or_else(|| Pipeline {
        id: id.clone(),
        label: "".into(),
        display_order: i32::try_from(in_use(of).count()).unwrap_or(i32::MAX),
        stages: Vec::new(),
        archived: false,
        created: by.at,
        updated: by.at,
    });
    if let Some(label) = &draft.label {
        pipeline.label = name::label(label, "pipeline")?;
    }
    if pipeline.label.is_empty() {
        return Err(Error::Invalid("a pipeline needs a label".into()));
    }
    if let Some(same) = in_use(of).find(|one| one.label == pipeline.label && one.id != id) {
        let what = format!("pipeline {} with the label {}", same.id, same.label).into();
        return Err(Error::Exists { what });
    }
    pipeline.display_order = draft.display_order.unwrap_or(pipeline.display_order);
    if let Some(stages) = &draft.stages {
        replace(of, &mut pipeline, stages, &mut numbers, by)?;
    }
    done(of, pipeline, by)
}

/// Makes a stage or changes it.
///
/// # Errors
/// [`Error`] where it cannot be as it is asked for.
pub fn put_stage(
    definitions: &Definitions,
    object: TypeId,
    pipeline: &str,
    must: Must,
    draft: &StageDraft,
    by: By<'_>,
) -> Changed {
    let of = staged(definitions, object)?;
    let mut pipeline = found(of, pipeline)?.clone();
    let known = draft.id.as_deref().and_then(|id| pipeline.stage(id.trim()));
    let named = draft.id.as_deref().unwrap_or("without id");
    let what = || format!("stage {named} of pipeline {}", pipeline.id).into();
    match (known, must) {
        (Some(_), Must::BeNew) => return Err(Error::Exists { what: what() }),
        (None, Must::Exist) => return Err(Error::NotFound { what: what() }),
        _ => {}
    }
    let stage = stage(of, &pipeline, draft, &mut Numbers::of(of), by)?;
    pipeline.stages.retain(|one| one.id != stage.id);
    pipeline.stages.push(stage);
    done(of, pipeline, by)
}

/// Takes a pipeline out of use. Records in it stay there; whether there are any is the caller's
/// to ask.
///
/// # Errors
/// [`Error`] where there is none, or it is the only one.
pub fn delete(definitions: &Definitions, object: TypeId, id: &str, by: By<'_>) -> Changed {
    let of = staged(definitions, object)?;
    let pipeline = found(of, id)?;
    if in_use(of).count() == 1 && !object.is_custom() {
        return Err(Error::InUse {
            what: format!("pipeline {id} of {}", of.head.name).into(),
            by: "new records: it is the only pipeline there is".into(),
        });
    }
    let pipeline = Pipeline {
        archived: true,
        updated: by.at,
        ..pipeline.clone()
    };
    Ok(vec![Definition::Pipeline { object, pipeline }])
}

/// Takes a stage out of use. Records in it stay there; whether there are any is the caller's to
/// ask.
///
/// # Errors
/// [`Error`] where there is none, or it is the only one of its pipeline.
pub fn delete_stage(
    definitions: &Definitions,
    object: TypeId,
    pipeline: &str,
    id: &str,
    by: By<'_>,
) -> Changed {
    let of = staged(definitions, object)?;
    let mut pipeline = found(of, pipeline)?.clone();
    let what = format!("stage {id} of pipeline {}", pipeline.id);
    if pipeline.stage(id).is_none() {
        return Err(Error::NotFound { what: what.into() });
    }
    archive(&mut pipeline, by, |stage| &*stage.id == id);
    done(of, pipeline, by)
}

fn archive(pipeline: &mut Pipeline, by: By<'_>, goes: impl Fn(&Stage) -> bool) {
    for stage in pipeline.stages.iter_mut().filter(|stage| !stage.archived) {
        if goes(stage) {
            (stage.archived, stage.updated) = (true, by.at);
        }
    }
}

fn replace(
    object: &ObjectType,
    pipeline: &mut Pipeline,
    drafts: &[StageDraft],
    numbers: &mut Numbers,
    by: By<'_>,
) -> Result<(), Error> {
    let mut stages = Vec::with_capacity(drafts.len());
    for (place, draft) in drafts.iter().enumerate() {
        let mut stage = stage(object, pipeline, draft, numbers, by)?;
        if draft.display_order.is_none() {
            stage.display_order = i32::try_from(place).unwrap_or(i32::MAX);
        }
        stages.push(stage);
    }
    let named: BTreeSet<&str> = stages.iter().map(|stage| &*stage.id).collect();
    if named.len() < stages.len() {
        return Err(Error::Invalid("a stage is named twice".into()));
    }
    archive(pipeline, by, |stage| !named.contains(&*stage.id));
    let rest = pipeline.stages.drain(..);
    let rest: Vec<Stage> = rest.filter(|stage| !named.contains(&*stage.id)).collect();
    stages.extend(rest);
    pipeline.stages = stages;
    Ok(())
}

/// A stage with the parts of a draft that are named.
fn stage(
    object: &ObjectType,
    pipeline: &Pipeline,
    draft: &StageDraft,
    numbers: &mut Numbers,
    by: By<'_>,
) -> Result<Stage, Error> {
    let id = match &draft.id {
        Some(id) => name::id(id, "stage")?,
        None => numbers.next(),
    };
    let mut elsewhere = in_use(object).filter(|one| one.id != pipeline.id);
    if let Some(other) = elsewhere.find(|one| one.stage(&id).is_some()) {
        let what = format!("stage {id}, in pipeline {}", other.id).into();
        return Err(Error::Exists { what });
    }
    let known = pipeline.stages.iter().find(|stage| stage.id == id);
    let mut stage = known.cloned().unwrap_or_else(|| Stage {
        id,
        label: "".into(),
        display_order: i32::try_from(pipeline.in_use().count()).unwrap_or(i32::MAX),
        metadata: Default::default(),
        required: Vec::new(),
        archived: false,
        created: by.at,
        updated: by.at,
    });
    if let Some(label) = &draft.label {
        stage.label = name::label(label, "stage")?;
    }
    if stage.label.is_empty() {
        return Err(Error::Invalid("a stage needs a label".into()));
    }
    stage.display_order = draft.display_order.unwrap_or(stage.display_order);
    if let Some(metadata) = &draft.metadata {
        stage.metadata.clone_from(metadata);
    }
    meaning(object, &mut stage)?;
    if let Some(required) = &draft.required {
        if let Some(unknown) = required.iter().find(|name| object.property(name).is_none()) {
            let message = format!("{} have no property `{unknown}`", object.head.name);
            return Err(Error::Invalid(message.into()));
        }
        let lower = required.iter().map(|name| name.to_ascii_lowercase().into());
        stage.required = lower.collect();
    }
    (stage.archived, stage.updated) = (false, by.at);
    Ok(stage)
}

/// Checks what a stage says it means, and writes down what goes without saying.
fn meaning(object: &ObjectType, stage: &mut Stage) -> Result<(), Error> {
    const ENTRIES_MAX: usize = 50;
    let invalid = |message: &str| Err(Error::Invalid(message.into()));
    let said = stage.metadata.get("probability");
    if said.is_some() && stage.probability().is_none() {
        return invalid("the probability of a stage is a number from 0 to 1");
    }
    if said.is_none() && object.id() == TypeId::DEAL {
        return invalid("a stage of deals needs a probability from 0 to 1");
    }
    for key in ["ticketState", "leadState"] {
        let state = stage
            .metadata
            .get(key)
            .map(|state| state.to_ascii_uppercase());
        if state.is_some_and(|state| state != "OPEN" && state != "CLOSED") {
            return invalid(&format!("the {key} of a stage is OPEN or CLOSED"));
        }
    }
    if object.id() == TypeId::TICKET && !stage.metadata.contains_key("ticketState") {
        stage.metadata.insert("ticketState".into(), "OPEN".into());
    }
    if object.id() == TypeId::DEAL {
        let closed = matches!(stage.probability(), Some(0.0 | 1.0));
        let closed = if closed { "true" } else { "false" };
        stage.metadata.insert("isClosed".into(), closed.into());
    }
    let is_large = |text: &str| text.len() > 1_000;
    let mut entries = stage.metadata.iter();
    match stage.metadata.len() > ENTRIES_MAX || entries.any(|(k, v)| is_large(k) || is_large(v)) {
        true => invalid("the metadata of a stage is too large"),
        false => Ok(()),
    }
}

fn done(object: &ObjectType, mut pipeline: Pipeline, by: By<'_>) -> Changed {
    match pipeline.in_use().count() {
        0 => return Err(Error::Invalid("a pipeline needs at least one stage".into())),
        1..=STAGES_MAX => {}
        _ => {
            let message = format!("a pipeline may have {STAGES_MAX} stages");
            return Err(Error::Limit(message.into()));
        }
    }
    let mut labels = BTreeSet::new();
    if let Some(twice) = pipeline.in_use().find(|stage| !labels.insert(&stage.label)) {
        let what = format!("a stage with the label {}", twice.label).into();
        return Err(Error::Exists { what });
    }
    pipeline.sort();
    pipeline.updated = by.at;
    let object = object.id();
    Ok(vec![Definition::Pipeline { object, pipeline }])
}

fn staged(definitions: &Definitions, object: TypeId) -> Result<&ObjectType, Error> {
    let of = super::object(definitions, object)?;
    match of.head.staged {
        Some(_) => Ok(of),
        None => Err(Error::Fixed(
            format!("{} have no pipelines", of.head.name).into(),
        )),
    }
}

fn found<'a>(object: &'a ObjectType, id: &str) -> Result<&'a Pipeline, Error> {
    let what = || format!("pipeline {id} of {}", object.head.name).into();
    object
        .pipeline(id)
        .ok_or_else(|| Error::NotFound { what: what() })
}

fn in_use(object: &ObjectType) -> impl Iterator<Item = &Pipeline> {
    object
        .pipelines
        .values()
        .filter(|pipeline| !pipeline.archived)
}

/// Numbers for pipelines and stages without an id: above all there were, and above a limit so
/// that what Rapport brings later has room.
struct Numbers(u64);

impl Numbers {
    fn of(object: &ObjectType) -> Numbers {
        const FIRST: u64 = 1_000;
        let pipelines = object.pipelines.values();
        let ids = pipelines.flat_map(|pipeline| {
            let stages = pipeline.stages.iter().map(|stage| &stage.id);
            std::iter::once(&pipeline.id).chain(stages)
        });
        // A number near the end of the scale that somebody chose is not counted on from.
        let numbers = ids.filter_map(|id| id.parse::<u32>().ok());
        let highest = numbers.map(u64::from).max().unwrap_or(0);
        Numbers(highest.max(FIRST))
    }

    fn next(&mut self) -> Box<str> {
        self.0 += 1;
        self.0.to_string().into()
    }
}
