//! `user_agent`: `context.userAgent` becomes browser, operating system and kind of device.

use super::draft::Draft;
use crate::json::edit::quoted;
use serde::{Deserialize, Serialize};
use woothee::parser::{Parser, WootheeResult};
use woothee::woothee::VALUE_UNKNOWN;

/// The longest text that is looked at.
const BYTES_MAX: usize = 1_024;

/// Reads the user agent: `context.browser`, `context.os`, and `context.device.type`, which is
/// `desktop`, `mobile`, `appliance` or `crawler`. What is there already stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserAgent {}

impl UserAgent {
    pub(super) fn apply(&self, draft: &mut Draft<'_>) {
        let Some(text) = draft.text(&["context", "userAgent"]) else {
            return;
        };
        if text.len() > BYTES_MAX {
            return;
        }
        let text = text.into_owned();
        let Some(found) = Parser::new().parse(&text) else {
            return;
        };
        let browser = [
            ("name", known(found.name)),
            ("version", known(found.version)),
        ];
        let os = [
            ("name", known(found.os)),
            ("version", known(&found.os_version)),
        ];
        let device = [("type", device(&found).map(quoted))];
        draft.complete("browser", &said(browser));
        draft.complete("os", &said(os));
        draft.complete("device", &said(device));
    }
}

fn said<const N: usize>(
    members: [(&'static str, Option<String>); N],
) -> Vec<(&'static str, String)> {
    let said = members.into_iter();
    said.filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

fn known(word: &str) -> Option<String> {
    let is_known = !word.is_empty() && word != VALUE_UNKNOWN;
    is_known.then(|| quoted(word))
}

fn device(found: &WootheeResult<'_>) -> Option<&'static str> {
    Some(match found.category {
        "pc" => "desktop",
        "smartphone" | "mobilephone" => "mobile",
        "appliance" => "appliance",
        "crawler" => "crawler",
        _ => return None,
    })
}
