//! Which of all that happens a viewer wants to see.

use super::item::{Item, Kind};
use crate::Api;
use crate::errors::{Code, Error};
use crate::native::list::Page;
use crate::native::{profiles, sources};
use rapport_core::event;
use rapport_core::event::SourceNo;
use rapport_core::identity::ProfileNo;
use rapport_core::identity::journal::What;
use rapport_flow::Rapport;
use rapport_store::history::Row;
use std::collections::BTreeSet;

/// The words of outcomes.
const OUTCOMES: [&str; 5] = ["accepted", "duplicate", "filtered", "limited", "invalid"];

/// What a viewer asked for; an empty list is all.
#[derive(Default)]
pub(super) struct Filter {
    kinds: BTreeSet<Kind>,
    sources: BTreeSet<SourceNo>,
    events: BTreeSet<String>,
    outcomes: BTreeSet<String>,
    types: BTreeSet<event::Kind>,
    person: Option<ProfileNo>,
}

impl Filter {
    /// Reads a query.
    ///
    /// # Errors
    /// Where a word is none, or somebody or a source is not there.
    pub(super) async fn read(api: &Api, page: &Page) -> Result<Filter, Error> {
        let person = match page.one("profile") {
            Some(text) => Some(profiles::find(api, text).await?.number),
            None => None,
        };
        let source = |text: &String| sources::find(api, text).map(|source| source.no);
        let outcome = |word: &String| match OUTCOMES.contains(&word.as_str()) {
            true => Ok(word.clone()),
            false => Err(unknown("outcome", word)),
        };
        let mut filter = Filter {
            kinds: words(page, "kind", Kind::from_word)?,
            sources: page
                .all("source")
                .iter()
                .map(source)
                .collect::<Result<_, _>>()?,
            events: page.all("event").iter().cloned().collect(),
            outcomes: page
                .all("outcome")
                .iter()
                .map(outcome)
                .collect::<Result<_, _>>()?,
            types: words(page, "type", event::Kind::from_word)?,
            person,
        };
        if filter.asks_about_events() && filter.kinds.is_empty() {
            filter.kinds.insert(Kind::Event);
        }
        Ok(filter)
    }

    /// Whether it lets everything through.
    pub(super) fn is_open(&self) -> bool {
        self.kinds.is_empty() && self.person.is_none() && !self.asks_about_events()
    }

    /// Whether any event can be wanted.
    pub(super) fn wants_events(&self) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&Kind::Event)
    }

    /// Whether an item is wanted.
    pub(super) fn has(&self, rapport: &Rapport, item: &Item<'_>) -> bool {
        let Some(kind) = item.kind() else {
            return false;
        };
        (self.kinds.is_empty() || self.kinds.contains(&kind))
            && self.has_event(item)
            && self.has_person(rapport, item)
    }

    fn asks_about_events(&self) -> bool {
        !(self.sources.is_empty()
            && self.events.is_empty()
            && self.outcomes.is_empty()
            && self.types.is_empty())
    }

    fn has_event(&self, item: &Item<'_>) -> bool {
        let Item::Event(Row { event, outcome, .. }) = item else {
            return true;
        };
        (self.sources.is_empty() || self.sources.contains(&event.source))
            && (self.types.is_empty() || self.types.contains(&event.kind))
            && (self.outcomes.is_empty() || self.outcomes.contains(outcome.word()))
            && (self.events.is_empty() || self.events.contains(&*event.name))
    }

    /// Numbers lead to whoever they are now, so a viewer goes on seeing somebody through a merge.
    fn has_person(&self, rapport: &Rapport, item: &Item<'_>) -> bool {
        let Some(person) = self.person else {
            return true;
        };
        let person = rapport.survivor(person);
        let is_theirs = |number: ProfileNo| rapport.survivor(number) == person;
        match item {
            Item::Event(row) => row.origin.is_some_and(is_theirs),
            Item::Change(change) => is_theirs(change.person),
            Item::Journal(_, record) => match &record.what {
                What::Merged {
                    survivor, absorbed, ..
                } => is_theirs(*survivor) || is_theirs(*absorbed),
                _ => false,
            },
        }
    }
}

fn words<T: Ord>(
    page: &Page,
    name: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<BTreeSet<T>, Error> {
    // Repeated, or separated by commas or bars.
    let words = page
        .all(name)
        .iter()
        .flat_map(|text| text.split([',', '|']));
    words
        .map(|word| read(word).ok_or_else(|| unknown(name, word)))
        .collect()
}

fn unknown(name: &str, word: &str) -> Error {
    Error::new(
        Code::InvalidQuery,
        format!("`{name}={word}` is nothing that happens"),
    )
}
