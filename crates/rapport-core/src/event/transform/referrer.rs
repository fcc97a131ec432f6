//! `referrer`: where a visitor came from, by kind: search, social, e-mail, another site, nowhere.

use super::draft::Draft;
use crate::json::edit::quoted;
use serde::{Deserialize, Serialize};

mod known;

/// The longest address that is looked at.
const BYTES_MAX: usize = 4_096;

/// Reads `context.page.referrer`: `context.referrer` with `type` (`search`, `social`, `email`,
/// `internal`, `other` or `direct`), `name`, `host` and `url`. What is there already stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Referrer {
    /// Hosts of one's own, beside the page's; their subdomains are, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    internal: Vec<String>,
}

impl Referrer {
    pub(super) fn apply(&self, draft: &mut Draft<'_>) {
        let page = draft.text(&["context", "page", "url"]);
        let referrer = draft.text(&["context", "page", "referrer"]);
        let page_host = page.as_deref().and_then(host);
        let found = match referrer.as_deref() {
            None | Some("") if page_host.is_none() => return,
            None | Some("") => vec![("type", quoted("direct"))],
            Some(url) if url.len() > BYTES_MAX => return,
            Some(url) => self.of(url, page_host.as_deref()),
        };
        draft.complete("referrer", &found);
    }

    fn of(&self, url: &str, page_host: Option<&str>) -> Vec<(&'static str, String)> {
        let Some(host) = host(url) else {
            return Vec::new();
        };
        let own = self.internal.iter().map(String::as_str).chain(page_host);
        let mut own = own.map(|own| own.trim_start_matches("www."));
        let (kind, name) = match known::find(&host) {
            _ if own.any(|own| known::is_within(&host, own)) => ("internal", None),
            Some((kind, name)) => (kind, Some(name)),
            None => ("other", None),
        };
        let mut found = vec![("type", quoted(kind))];
        found.extend(name.map(|name| ("name", quoted(name))));
        found.extend([("host", quoted(&host)), ("url", quoted(url))]);
        found
    }
}

/// The host of an address, in lower case; an app's name where an app sent the visitor.
fn host(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = host.split(':').next()?.trim_end_matches('.');
    (!host.is_empty()).then(|| host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visitors_come_from_somewhere() {
        let referrer = Referrer {
            internal: vec!["dairy.example".to_owned()],
        };
        for (url, kind, name) in [
            ("https://www.google.co.uk/", "search", "Google"),
            ("https://duckduckgo.com/?q=milk", "search", "DuckDuckGo"),
            ("https://l.facebook.com/l.php", "social", "Facebook"),
            ("https://t.co/abc", "social", "X"),
            ("https://mail.google.com/mail/u/0/", "email", "Gmail"),
            ("android-app://com.google.android.gm/", "email", "Gmail"),
            ("https://shop.dairy.example/cart", "internal", ""),
            ("https://shop.example:8080/", "internal", ""),
            ("https://notgoogle.com/", "other", ""),
            ("https://google.com.evil.example/", "other", ""),
        ] {
            let found = referrer.of(url, Some("www.shop.example"));
            let said = |member| found.iter().find(|(name, _)| *name == member);
            assert_eq!(
                said("type").map(|(_, v)| v.clone()),
                Some(quoted(kind)),
                "{url}"
            );
            let expected = (!name.is_empty()).then(|| quoted(name));
            assert_eq!(said("name").map(|(_, v)| v.clone()), expected, "{url}");
        }
        assert_eq!(referrer.of("no address", None), []);
    }
}
