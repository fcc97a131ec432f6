//! Where a record stands: its stage is one of its pipeline, and what follows from it.

use super::Draft;
use crate::crm::object::{ObjectType, Staged};
use crate::crm::pipeline::{Pipeline, Stage, Standing};
use crate::crm::refused::Refused;
use crate::crm::value::Value;

/// Finds the stage of a record that is new or moves, and sets what follows from it.
///
/// # Errors
/// [`Refused`] where there is no such pipeline, or it has no such stage.
pub(super) fn settle(draft: &mut Draft<'_>) -> Result<(), Refused> {
    let object = draft.object;
    let Some(staged) = &object.head.staged else {
        return Ok(());
    };
    let moves = draft.moves(&staged.pipeline) || draft.moves(&staged.stage);
    if !draft.is_new() && !moves {
        return Ok(());
    }
    let Some(pipeline) = pipeline(draft, object, staged)? else {
        return Ok(());
    };
    let stage = stage(draft, staged, pipeline)?;
    draft.set(&staged.pipeline, Some(Value::Text(pipeline.id.clone())));
    draft.set(&staged.stage, Some(Value::Text(stage.id.clone())));
    follow(draft, staged, stage);
    Ok(())
}

/// The pipeline that is named; else the one that has the stage; else the first. `None` where the
/// type has none at all.
fn pipeline<'a>(
    draft: &Draft<'_>,
    object: &'a ObjectType,
    staged: &Staged,
) -> Result<Option<&'a Pipeline>, Refused> {
    if let Some(named) = draft.text(&staged.pipeline) {
        return match object.pipeline(&named) {
            Some(pipeline) => Ok(Some(pipeline)),
            None => Err(Refused::PipelineUnknown {
                property: staged.pipeline.clone(),
                pipeline: named,
                allowed: ordered(object)
                    .into_iter()
                    .map(|one| one.id.clone())
                    .collect(),
            }),
        };
    }
    let stage = draft.text(&staged.stage);
    let pipelines = ordered(object);
    let has = |pipeline: &&&Pipeline| {
        let stage = stage.as_deref();
        stage.is_some_and(|stage| pipeline.stage(stage).is_some())
    };
    let with_stage = pipelines.iter().find(has);
    Ok(with_stage.or(pipelines.first()).copied())
}

/// The pipelines in use, in the order people see them.
fn ordered(object: &ObjectType) -> Vec<&Pipeline> {
    let in_use = object
        .pipelines
        .values()
        .filter(|pipeline| !pipeline.archived);
    let mut pipelines: Vec<&Pipeline> = in_use.collect();
    pipelines.sort_by_key(|pipeline| pipeline.display_order);
    pipelines
}

/// The stage that is named, or the first of the pipeline.
fn stage<'a>(
    draft: &Draft<'_>,
    staged: &Staged,
    pipeline: &'a Pipeline,
) -> Result<&'a Stage, Refused> {
    let named = draft.text(&staged.stage);
    let found = match &named {
        Some(named) => pipeline.stage(named),
        None => pipeline.in_use().next(),
    };
    found.ok_or_else(|| Refused::StageUnknown {
        property: staged.stage.clone(),
        pipeline: pipeline.id.clone(),
        stage: named.unwrap_or_default(),
        allowed: pipeline.in_use().map(|stage| stage.id.clone()).collect(),
    })
}

/// What follows from a stage, in those of these properties that the type has.
fn follow(draft: &mut Draft<'_>, staged: &Staged, stage: &Stage) {
    let at = Value::Instant(draft.at);
    if draft.is_new() || draft.moves(&staged.stage) || draft.moves(&staged.pipeline) {
        draft.set("hs_date_entered_current_stage", Some(at.clone()));
    }
    for (name, value) in standing(stage) {
        draft.set(name, value);
    }
    let closes = draft.value("hs_is_closed") == Some(Value::Bool(true));
    let was_closed = draft.was("hs_is_closed") == Some(Value::Bool(true));
    let is_won = draft.value("hs_is_closed_won") == Some(Value::Bool(true));
    if closes && !was_closed {
        for name in ["closedate", "closed_date"] {
            if !draft.is_given(name) {
                draft.set(name, Some(at.clone()));
            }
        }
    }
    if was_closed && !closes && !draft.is_given("closed_date") {
        draft.set("closed_date", None);
    }
    match is_won {
        true if draft.value("hs_closed_won_date").is_none() => {
            draft.set("hs_closed_won_date", Some(at));
        }
        true => {}
        false => draft.set("hs_closed_won_date", None),
    }
}

/// What a stage says of every record in it, whenever it came there: to be set again where the
/// definition of a stage changes.
#[must_use]
pub fn standing(stage: &Stage) -> [(&'static str, Option<Value>); 4] {
    let standing = stage.standing();
    let is = |wanted: bool| Some(Value::Bool(wanted));
    [
        (
            "hs_deal_stage_probability",
            stage.probability().map(Value::Number),
        ),
        ("hs_is_closed", is(standing != Standing::Open)),
        ("hs_is_closed_won", is(standing == Standing::Won)),
        ("hs_is_closed_lost", is(standing == Standing::Lost)),
    ]
}
