//! Pipelines: the stages a deal, a ticket, a lead or an order goes through.

use crate::time::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The stages records of a type go through, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pipeline {
    /// Its id, unique within the type.
    pub id: Box<str>,
    /// Its name for people.
    pub label: Box<str>,
    /// Its place among the others.
    #[serde(default)]
    pub display_order: i32,
    /// Its stages, archived ones too, in the order of their places.
    #[serde(default)]
    pub stages: Vec<Stage>,
    /// Whether it is out of use.
    #[serde(default)]
    pub archived: bool,
    /// When it was made.
    #[serde(default)]
    pub created: Millis,
    /// When it or a stage of it changed last.
    #[serde(default)]
    pub updated: Millis,
}

/// Where a record can stand in a pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// Its id, unique within the type.
    pub id: Box<str>,
    /// Its name for people.
    pub label: Box<str>,
    /// Its place among the others.
    #[serde(default)]
    pub display_order: i32,
    /// What it means, as texts: `probability` and `isClosed` of deals, `ticketState` of tickets.
    #[serde(default)]
    pub metadata: BTreeMap<Box<str>, Box<str>>,
    /// Properties a record needs to stand here.
    #[serde(default)]
    pub required: Vec<Box<str>>,
    /// Whether it is out of use.
    #[serde(default)]
    pub archived: bool,
    /// When it was made.
    #[serde(default)]
    pub created: Millis,
    /// When it changed last.
    #[serde(default)]
    pub updated: Millis,
}

/// How a record in a stage counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It goes on.
    Open,
    /// It ended well.
    Won,
    /// It ended otherwise.
    Lost,
}

impl Pipeline {
    /// The stages in use, in order.
    pub fn in_use(&self) -> impl Iterator<Item = &Stage> {
        self.stages.iter().filter(|stage| !stage.archived)
    }

    /// The stage of this id that is in use.
    #[must_use]
    pub fn stage(&self, id: &str) -> Option<&Stage> {
        self.in_use().find(|stage| &*stage.id == id)
    }

    /// Puts the stages in the order of their places, ties as they are.
    pub fn sort(&mut self) {
        self.stages.sort_by_key(|stage| stage.display_order);
    }
}

impl Stage {
    /// How likely a record here ends well, from 0 to 1; `None` where the stage does not say.
    #[must_use]
    pub fn probability(&self) -> Option<f64> {
        let probability: f64 = self.metadata.get("probability")?.trim().parse().ok()?;
        (0.0..=1.0).contains(&probability).then_some(probability)
    }

    /// How a record here counts. A stage is closed where it says so (`isClosed`, `ticketState`),
    /// or where it says neither and the probability leaves no doubt.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let says = |key: &str, word: &str| {
            let said = self.metadata.get(key)?;
            Some(said.trim().eq_ignore_ascii_case(word))
        };
        let probability = self.probability();
        let closed = says("isClosed", "true")
            .or_else(|| says("ticketState", "CLOSED"))
            .or_else(|| says("leadState", "CLOSED"))
            .unwrap_or(matches!(probability, Some(0.0 | 1.0)));
        match probability {
            _ if !closed => Standing::Open,
            Some(likely) if likely < 1.0 => Standing::Lost,
            _ => Standing::Won,
        }
    }
}
