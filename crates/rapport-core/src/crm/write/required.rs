//! Properties a record cannot be without: those of its type, and those of the stage it comes to.

use super::Draft;
use crate::crm::refused::Refused;

/// Checks that nothing is missing. What was missing before and is not touched may stay so: the
/// definition came later.
pub(super) fn check(draft: &Draft<'_>) -> Result<(), Refused> {
    let required = &draft.object.head.required;
    let missing = required.iter().filter(|name| {
        let is_asked = draft.is_new() || draft.is_given(name);
        // A property that is archived cannot be asked for.
        let is_there = draft.object.property(name).is_some();
        is_asked && is_there && draft.value(name).is_none()
    });
    let missing: Vec<Box<str>> = missing.cloned().collect();
    if !missing.is_empty() {
        return Err(Refused::RequiredMissing {
            properties: missing,
        });
    }
    by_stage(draft)
}

/// Checks what a stage asks for when a record comes to it, or is changed while it is there.
fn by_stage(draft: &Draft<'_>) -> Result<(), Refused> {
    let Some(staged) = &draft.object.head.staged else {
        return Ok(());
    };
    let (pipeline, stage) = (draft.text(&staged.pipeline), draft.text(&staged.stage));
    let found = pipeline.and_then(|pipeline| draft.object.pipeline(&pipeline));
    let Some(stage) = found.and_then(|pipeline| pipeline.stage(stage.as_deref()?)) else {
        return Ok(());
    };
    let comes = draft.moves(&staged.stage) || draft.moves(&staged.pipeline);
    let missing = stage.required.iter().filter(|name| {
        let is_asked = comes || draft.is_given(name);
        let is_there = draft.object.property(name).is_some();
        is_asked && is_there && draft.value(name).is_none()
    });
    let properties: Vec<Box<str>> = missing.cloned().collect();
    match properties.is_empty() {
        true => Ok(()),
        false => Err(Refused::RequiredByStage {
            stage: stage.id.clone(),
            properties,
        }),
    }
}
