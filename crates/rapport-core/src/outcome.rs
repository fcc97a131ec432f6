//! How an accepted event ends: in exactly one outcome, counted and queryable.

use serde::{Deserialize, Serialize};

/// The one way an event on the ledger ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[must_use = "an event without a recorded outcome is a lost event"]
pub enum Outcome {
    /// Folded into its profile.
    Accepted,
    /// Its (source, message id) was accepted before, inside the dedup window.
    Duplicate,
    /// Left out on purpose: by a tracking plan, an erase tombstone or a blocked identity.
    Filtered(Reason),
    /// Refused by a limit of the workspace.
    Limited(Reason),
    /// Not an event Rapport can understand.
    Invalid(Reason),
}

/// A short code of the refused, filtered or limited, and what it was about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reason {
    /// Stable word for programs, `snake_case`: `missing_event_name`.
    pub code: String,
    /// A sentence for people; may be empty.
    pub message: String,
}

impl Reason {
    /// A reason from its code and its sentence.
    pub fn new(code: &str, message: impl Into<String>) -> Reason {
        Reason {
            code: code.to_owned(),
            message: message.into(),
        }
    }
}

impl Outcome {
    /// The word the API uses: `accepted`, `duplicate`, `filtered`, `limited`, `invalid`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Outcome::Accepted => "accepted",
            Outcome::Duplicate => "duplicate",
            Outcome::Filtered(_) => "filtered",
            Outcome::Limited(_) => "limited",
            Outcome::Invalid(_) => "invalid",
        }
    }

    /// The reason, where the outcome has one.
    #[must_use]
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Outcome::Accepted | Outcome::Duplicate => None,
            Outcome::Filtered(reason) | Outcome::Limited(reason) | Outcome::Invalid(reason) => {
                Some(reason)
            }
        }
    }
}
