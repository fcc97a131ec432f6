//! How a step is spelled: `{"name": "...", "when": "...", "mask": {...}}`, one action each.

use super::{
    Action, Step, campaign, condition, drop, filter, geo, mask, referrer, rename, script, set,
    user_agent,
};
use serde::{Deserialize, Serialize};

/// The longest name of a step.
const NAME_CHARS_MAX: usize = 40;

#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spelled {
    #[serde(default)]
    name: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    when: Option<condition::Condition>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rename: Option<rename::Rename>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    drop: Option<drop::Drop>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    set: Option<set::Set>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mask: Option<mask::Mask>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    filter: Option<filter::Filter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_agent: Option<user_agent::UserAgent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    geo: Option<geo::Geo>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    campaign: Option<campaign::Campaign>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    referrer: Option<referrer::Referrer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    script: Option<script::Script>,
}

const WORDS: &str =
    "rename, drop, set, mask, filter, user_agent, geo, campaign, referrer or script";

impl TryFrom<Spelled> for Step {
    type Error = String;

    fn try_from(spelled: Spelled) -> Result<Step, String> {
        let Spelled { name, when, .. } = spelled.clone();
        check_name(&name)?;
        let mut actions = [
            spelled.rename.map(Action::Rename),
            spelled.drop.map(Action::Drop),
            spelled.set.map(Action::Set),
            spelled.mask.map(Action::Mask),
            spelled.filter.map(Action::Filter),
            spelled.user_agent.map(Action::UserAgent),
            spelled.geo.map(Action::Geo),
            spelled.campaign.map(Action::Campaign),
            spelled.referrer.map(Action::Referrer),
            spelled.script.map(Action::Script),
        ]
        .into_iter()
        .flatten();
        let action = actions
            .next()
            .ok_or_else(|| format!("a step is one of {WORDS}"))?;
        if let Some(other) = actions.next() {
            let (word, other) = (action.word(), other.word());
            return Err(format!(
                "`{word}` and `{other}` are two steps: write them as two"
            ));
        }
        let step = Step { name, when, action };
        step.check()
            .map_err(|why| format!("`{}`: {why}", step.action.word()))?;
        Ok(step)
    }
}

fn check_name(name: &str) -> Result<(), String> {
    let is_fit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if name.len() > NAME_CHARS_MAX || !name.bytes().all(is_fit) {
        return Err(format!(
            "`{name}` is no name: use up to {NAME_CHARS_MAX} lower case letters, digits and `_`"
        ));
    }
    Ok(())
}

impl From<Step> for Spelled {
    fn from(step: Step) -> Spelled {
        let Step { name, when, action } = step;
        let mut spelled = Spelled {
            name,
            when,
            ..Spelled::default()
        };
        match action {
            Action::Rename(rename) => spelled.rename = Some(rename),
            Action::Drop(drop) => spelled.drop = Some(drop),
            Action::Set(set) => spelled.set = Some(set),
            Action::Mask(mask) => spelled.mask = Some(mask),
            Action::Filter(filter) => spelled.filter = Some(filter),
            Action::UserAgent(user_agent) => spelled.user_agent = Some(user_agent),
            Action::Geo(geo) => spelled.geo = Some(geo),
            Action::Campaign(campaign) => spelled.campaign = Some(campaign),
            Action::Referrer(referrer) => spelled.referrer = Some(referrer),
            Action::Script(script) => spelled.script = Some(script),
        }
        spelled
    }
}

impl Action {
    /// How many paths it names.
    pub(super) fn paths(&self) -> usize {
        match self {
            Action::Drop(drop) => drop.paths(),
            Action::Mask(mask) => mask.paths(),
            _ => 1,
        }
    }

    /// The word it is spelled with.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Action::Rename(_) => "rename",
            Action::Drop(_) => "drop",
            Action::Set(_) => "set",
            Action::Mask(_) => "mask",
            Action::Filter(_) => "filter",
            Action::UserAgent(_) => "user_agent",
            Action::Geo(_) => "geo",
            Action::Campaign(_) => "campaign",
            Action::Referrer(_) => "referrer",
            Action::Script(_) => "script",
        }
    }
}
