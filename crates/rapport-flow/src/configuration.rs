//! Everything an entry can configure, as it is in force now.

use crate::hooks::Hooks;
use crate::keys::{KeyRing, KeyUse};
use crate::plan::{Compiled, Plans};
use rapport_core::crm::Definitions;
use rapport_core::crm::change::Definition;
use rapport_core::crm::subscription::{SubscriptionNo, Subscriptions};
use rapport_core::crm::view::Views;
use rapport_core::decide::{Exposure, Slot};
use rapport_core::entry::{Destination, Source};
use rapport_core::event::SourceNo;
use rapport_core::event::dialect::Maps;
use rapport_core::event::mapping::Map;
use rapport_core::event::transform::Transformations;
use rapport_core::fold::Rules;
use rapport_core::identity::policy::Policy;
use rapport_core::identity::veto::Vetoes;
use rapport_core::member::{MemberNo, Roster};
use rapport_core::position::Position;
use rapport_core::segment::catalogue::Catalogue;
use rapport_core::segment::registry::Registry;
use rapport_store::Error;
use rapport_store::state::{Key, Table, Write};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

/// The configuration in force. Replaced whole when a command changes it.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Where events come from.
    pub sources: BTreeMap<SourceNo, Source>,
    /// Keys and tokens.
    pub keys: Arc<KeyRing>,
    /// The identity policy.
    pub policy: Arc<Policy>,
    /// Merges taken back.
    pub vetoes: Arc<Vetoes>,
    /// Segments, as defined.
    pub registry: Arc<Registry>,
    /// Segments, as compiled.
    pub catalogue: Arc<Catalogue>,
    /// Sinks for decisions.
    pub destinations: Arc<Vec<Destination>>,
    /// Sources that take deliveries of other systems.
    pub hooks: Arc<Hooks>,
    /// What the events of sources go through.
    pub transformations: Arc<BTreeMap<SourceNo, Arc<Transformations>>>,
    /// What sources are expected to send.
    pub plans: Arc<Plans>,
    /// What browsers may be told.
    pub decisions: Arc<Decisions>,
    /// Types of records, their properties and pipelines, and how they belong together.
    pub crm: Arc<Definitions>,
    /// Members, teams, roles and shares.
    pub roster: Arc<Roster>,
    /// What apps hear of records.
    pub subscriptions: Arc<Subscriptions>,
    /// Views of records.
    pub views: Arc<Views>,
    /// Bulks that are under way, by the entries that began them.
    pub bulks: Arc<BTreeSet<Position>>,
}

/// What browsers may be told, what fills the slots of a page, and who signs for whom.
#[derive(Clone, Debug, Default)]
pub struct Decisions {
    /// What browsers may see.
    pub exposure: Exposure,
    /// Slots by key.
    pub slots: BTreeMap<Box<str>, Slot>,
    /// The secrets with which sources' servers sign user ids.
    pub signing: BTreeMap<SourceNo, String>,
}

impl Default for Configuration {
    fn default() -> Configuration {
        let registry = Registry::default();
        Configuration {
            sources: BTreeMap::new(),
            keys: Arc::default(),
            policy: Arc::default(),
            vetoes: Arc::default(),
            catalogue: Arc::new(Catalogue::new(&registry)),
            registry: Arc::new(registry),
            destinations: Arc::default(),
            hooks: Arc::default(),
            transformations: Arc::default(),
            plans: Arc::default(),
            decisions: Arc::default(),
            crm: standard(),
            roster: Arc::default(),
            subscriptions: Arc::default(),
            views: Arc::default(),
            bulks: Arc::default(),
        }
    }
}

impl Configuration {
    /// The rules of the fold.
    #[must_use]
    pub fn rules(&self) -> Rules<'_> {
        Rules {
            policy: &self.policy,
            vetoes: &self.vetoes,
            catalogue: &self.catalogue,
        }
    }

    /// Reads a configuration from the rows of [`Table::Config`].
    ///
    /// # Errors
    /// [`Error::Damaged`] where a row is not what was written.
    pub fn from_rows(rows: &[(Key, Vec<u8>)]) -> Result<Configuration, Error> {
        let mut configuration = Configuration::default();
        let mut keys = KeyRing::default();
        let mut destinations = Vec::new();
        let mut hooks = Hooks::default();
        let mut transformations = BTreeMap::new();
        let mut plans = Plans::new();
        let mut decisions = Decisions::default();
        let mut defined: Vec<Definition> = Vec::new();
        let mut roster = Roster::default();
        let mut subscriptions = Vec::new();
        let mut last = SubscriptionNo::default();
        for (key, value) in rows {
            let key = String::from_utf8_lossy(key);
            match key.split_once('/').unwrap_or((&key, "")) {
                ("source", _) => {
                    let source: Source = read(&key, value)?;
                    configuration.sources.insert(source.no, source);
                }
                ("key" | "token" | "revoked" | "disabled", _) => {
                    unlock(&mut keys, &key, value)?;
                }
                ("policy", _) => configuration.policy = Arc::new(read(&key, value)?),
                ("vetoes", _) => configuration.vetoes = Arc::new(read(&key, value)?),
                ("registry", _) => configuration.registry = Arc::new(read(&key, value)?),
                ("destination", _) => destinations.push(read(&key, value)?),
                ("webhook", _) => hooks.put(read(&key, value)?),
                ("transformation", source) => {
                    let steps = Arc::new(read(&key, value)?);
                    transformations.insert(source_no(&key, source)?, steps);
                }
                ("plan", source) => {
                    let compiled = Compiled::new(read(&key, value)?)
                        .map_err(|detail| damaged(&key, &detail))?;
                    plans.insert(source_no(&key, source)?, Arc::new(compiled));
                }
                ("exposure", _) => decisions.exposure = read(&key, value)?,
                ("slot", slot) => {
                    decisions.slots.insert(slot.into(), read(&key, value)?);
                }
                ("signing", source) => {
                    let secret = read(&key, value)?;
                    decisions.signing.insert(source_no(&key, source)?, secret);
                }
                ("crm", _) => defined.push(read(&key, value)?),
                ("member" | "password" | "team" | "role" | "share", _) => {
                    enroll(&mut roster, &key, value)?;
                }
                ("subscription", "last") => last = read(&key, value)?,
                ("subscription", _) => subscriptions.push(read(&key, value)?),
                ("view" | "bulk", _) => keep(&mut configuration, &key, value)?,
                _ => return Err(damaged(&key, "no such configuration")),
            }
        }
        configuration.subscriptions = Arc::new(Subscriptions::of_rows(subscriptions, last));
        configuration.keys = Arc::new(keys);
        configuration.destinations = Arc::new(destinations);
        configuration.hooks = Arc::new(hooks);
        configuration.transformations = Arc::new(transformations);
        configuration.plans = Arc::new(plans);
        configuration.decisions = Arc::new(decisions);
        configuration.define(defined);
        configuration.roster = Arc::new(roster);
        configuration.catalogue = Arc::new(Catalogue::new(&configuration.registry));
        Ok(configuration)
    }

    /// Adds definitions of records to the standard ones.
    fn define(&mut self, mut defined: Vec<Definition>) {
        if defined.is_empty() {
            return;
        }
        // A type comes before what belongs to it.
        defined.sort_by_key(|one| !matches!(one, Definition::Object(_)));
        let mut definitions = Definitions::clone(&self.crm);
        defined.into_iter().for_each(|one| definitions.put(one));
        self.crm = Arc::new(definitions);
    }

    /// The same configuration with other segments.
    #[must_use]
    pub fn with_registry(&self, registry: Registry) -> Configuration {
        let catalogue = Arc::new(Catalogue::new(&registry));
        Configuration {
            registry: Arc::new(registry),
            catalogue,
            ..self.clone()
        }
    }
}

impl Maps for Configuration {
    fn of(&self, source: SourceNo) -> Result<&Map, String> {
        self.hooks.map(source)
    }
}

/// What Rapport brings, read once.
fn standard() -> Arc<Definitions> {
    static STANDARD: OnceLock<Arc<Definitions>> = OnceLock::new();
    Arc::clone(STANDARD.get_or_init(|| Arc::new(Definitions::standard())))
}

/// The source that a row's key names.
fn source_no(key: &str, source: &str) -> Result<SourceNo, Error> {
    let no = source.parse().map_err(|_| damaged(key, "no source"))?;
    Ok(SourceNo(no))
}

/// Takes what a row keeps of keys and tokens into the ring.
fn unlock(keys: &mut KeyRing, key: &str, value: &[u8]) -> Result<(), Error> {
    let (kind, hash) = key.split_once('/').unwrap_or((key, ""));
    let hash = hash.to_owned();
    match kind {
        "key" => drop(keys.keys.insert(hash, read::<KeyUse>(key, value)?)),
        "token" => drop(keys.tokens.insert(hash, read(key, value)?)),
        "revoked" => drop(keys.revoked.insert(hash, read(key, value)?)),
        _ => drop(keys.disabled.insert(read(key, value)?)),
    }
    Ok(())
}

/// Takes a row of a view, or of a bulk that is under way.
fn keep(configuration: &mut Configuration, key: &str, value: &[u8]) -> Result<(), Error> {
    match key.starts_with("view/") {
        true => Arc::make_mut(&mut configuration.views).put(Arc::new(read(key, value)?)),
        false => {
            Arc::make_mut(&mut configuration.bulks).insert(read(key, value)?);
        }
    }
    Ok(())
}

/// Takes what a row keeps of members into the roster.
fn enroll(roster: &mut Roster, key: &str, value: &[u8]) -> Result<(), Error> {
    match key.split_once('/').unwrap_or((key, "")) {
        ("member", _) => roster.keep_member(Arc::new(read(key, value)?)),
        ("password", member) => {
            let no = member.parse().map_err(|_| damaged(key, "no member"))?;
            roster.keep_password(MemberNo(no), read(key, value)?);
        }
        ("team", _) => roster.keep_team(read(key, value)?),
        ("role", _) => roster.keep_role(Arc::new(read(key, value)?)),
        _ => roster.keep_share(&read(key, value)?),
    }
    Ok(())
}

/// The row that keeps one piece of configuration.
#[must_use]
pub fn row<T: Serialize>(key: &str, value: &T) -> Write {
    let json = serde_json::to_vec(value).expect("configuration is plain data");
    Write {
        table: Table::Config,
        key: key.as_bytes().into(),
        value: Some(json),
    }
}

/// The write that removes one piece of configuration.
#[must_use]
pub fn removal(key: &str) -> Write {
    Write {
        table: Table::Config,
        key: key.as_bytes().into(),
        value: None,
    }
}

fn read<T: DeserializeOwned>(key: &str, value: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(value).map_err(|error| damaged(key, &error.to_string()))
}

fn damaged(key: &str, detail: &str) -> Error {
    Error::Damaged {
        what: format!("configuration {key}"),
        detail: detail.to_owned(),
    }
}
