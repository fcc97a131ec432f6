//! Webhooks as sources: found by the token of their address, each with its map read.

use crate::keys::hash;
use rapport_core::event::SourceNo;
use rapport_core::event::mapping::Map;
use rapport_core::event::webhook::Webhook;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A webhook in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Hook {
    /// How it was configured.
    pub webhook: Webhook,
    /// Its map, or why there is none: a version that knew another language may have written it.
    map: Result<Map, String>,
}

/// Every webhook in force.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hooks {
    by_source: BTreeMap<SourceNo, Arc<Hook>>,
    by_token: BTreeMap<String, SourceNo>,
}

impl Hooks {
    /// Adds a webhook, in place of what its source had.
    pub fn put(&mut self, webhook: Webhook) {
        self.remove(webhook.source);
        self.by_token.insert(hash(&webhook.token), webhook.source);
        let map = webhook.map.read();
        let hook = Arc::new(Hook { webhook, map });
        self.by_source.insert(hook.webhook.source, hook);
    }

    /// Removes a source's webhook; false where it has none.
    pub fn remove(&mut self, source: SourceNo) -> bool {
        let removed = self.by_source.remove(&source);
        if let Some(hook) = &removed {
            self.by_token.remove(&hash(&hook.webhook.token));
        }
        removed.is_some()
    }

    /// The webhook of a source.
    #[must_use]
    pub fn of_source(&self, source: SourceNo) -> Option<&Webhook> {
        self.by_source.get(&source).map(|hook| &hook.webhook)
    }

    /// The webhook at an address. Found by hash: how long it takes says nothing about the token.
    #[must_use]
    pub fn at(&self, token: &str) -> Option<&Webhook> {
        self.of_source(*self.by_token.get(&hash(token))?)
    }

    /// The map of a source's webhook.
    ///
    /// # Errors
    /// A sentence that says why there is none.
    pub fn map(&self, source: SourceNo) -> Result<&Map, String> {
        match self.by_source.get(&source) {
            Some(hook) => hook.map.as_ref().map_err(Clone::clone),
            None => Err("the source has no webhook any more".to_owned()),
        }
    }
}
