//! A pipeline and a stage as a request asks for them.

use crate::crm::fault::Fault;
use rapport_core::crm::Pipeline;
use rapport_core::crm::change::{PipelineDraft, StageDraft};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// What is asked of a pipeline.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Draft {
    #[serde(alias = "pipelineId")]
    id: Option<String>,
    label: Option<String>,
    display_order: Option<i32>,
    /// Its stages.
    pub(super) stages: Option<Vec<Step>>,
    /// Whether it is to go.
    pub(super) archived: Option<bool>,
}

/// What is asked of a stage.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Step {
    #[serde(alias = "stageId")]
    id: Option<String>,
    label: Option<String>,
    display_order: Option<i32>,
    metadata: Option<BTreeMap<String, Value>>,
    /// Whether it is to go.
    pub(super) archived: Option<bool>,
}

impl Draft {
    /// The draft of a new pipeline, or of the one that was there before.
    pub(super) fn read(self, before: Option<&Pipeline>) -> Result<PipelineDraft, Fault> {
        let stages = self.stages.map(|stages| {
            let stages = stages.into_iter().map(|stage| stage.of(before));
            stages.collect::<Result<Vec<_>, _>>()
        });
        let id = match before {
            Some(before) => Some(before.id.clone()),
            None => self.id.filter(|id| !id.is_empty()).map(Into::into),
        };
        Ok(PipelineDraft {
            id,
            label: self.label.map(Into::into),
            display_order: self.display_order,
            stages: stages.transpose()?,
        })
    }
}

impl Step {
    /// The draft of a stage of a pipeline; without an id it is the one with the same label.
    fn of(self, before: Option<&Pipeline>) -> Result<StageDraft, Fault> {
        let mut draft = self.read()?;
        if let (None, Some(label), Some(before)) = (&draft.id, &draft.label, before) {
            let same = before.in_use().find(|stage| stage.label == *label);
            draft.id = same.map(|stage| stage.id.clone());
        }
        Ok(draft)
    }

    /// The draft of a stage.
    pub(super) fn read(self) -> Result<StageDraft, Fault> {
        let metadata = self.metadata.map(|metadata| {
            let pairs = metadata.into_iter().map(|(name, value)| {
                let text = text(&name, value)?;
                Ok((name.into(), text))
            });
            pairs.collect::<Result<BTreeMap<Box<str>, Box<str>>, Fault>>()
        });
        Ok(StageDraft {
            id: self.id.filter(|id| !id.is_empty()).map(Into::into),
            label: self.label.map(Into::into),
            display_order: self.display_order,
            metadata: metadata.transpose()?,
            required: None,
        })
    }
}

/// Metadata are texts; numbers and booleans are taken as they are spelled.
fn text(name: &str, value: Value) -> Result<Box<str>, Fault> {
    match value {
        Value::String(text) => Ok(text.into()),
        Value::Number(number) => Ok(number.to_string().into()),
        Value::Bool(switch) => Ok(switch.to_string().into()),
        _ => Err(Fault::invalid(format!("`metadata.{name}` is not a text."))),
    }
}
