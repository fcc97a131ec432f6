//! `campaign`: the `utm_` parameters of the page's address become the campaign.

use super::draft::Draft;
use crate::json::edit::quoted;
use serde::{Deserialize, Serialize};

/// Parameters, and the members of the campaign they are.
const PARAMETERS: [(&str, &str); 6] = [
    ("utm_campaign", "name"),
    ("utm_source", "source"),
    ("utm_medium", "medium"),
    ("utm_term", "term"),
    ("utm_content", "content"),
    ("utm_id", "id"),
];
/// The longest query that is looked at.
const QUERY_BYTES_MAX: usize = 4_096;

/// Reads `context.page.search`, or the query of `context.page.url`: `context.campaign`. What is
/// there already stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Campaign {}

impl Campaign {
    pub(super) fn apply(&self, draft: &mut Draft<'_>) {
        let search = draft.text(&["context", "page", "search"]);
        let query = search.filter(|text| text.contains("utm_")).or_else(|| {
            draft
                .text(&["context", "page", "url"])
                .filter(|url| url.contains("utm_"))
        });
        let Some(query) = query.filter(|query| query.len() <= QUERY_BYTES_MAX) else {
            return;
        };
        let query = query.split_once('?').map_or(&*query, |(_, query)| query);
        let query = query.split('#').next().unwrap_or_default();
        let mut found: Vec<(&str, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let known = PARAMETERS.iter().find(|(parameter, _)| *parameter == name);
            if let Some((_, member)) = known
                && !value.is_empty()
                && found.iter().all(|(other, _)| other != member)
            {
                found.push((member, quoted(&value)));
            }
        }
        draft.complete("campaign", &found);
    }
}
