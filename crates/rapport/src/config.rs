//! Configuration: the commented default file, a file of the operator's, and the environment, the
//! later winning.

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// The default file, as shipped: it names every key.
pub const DEFAULT: &str = include_str!("../../../config/rapport.default.toml");

/// Everything that can be set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The HTTP server.
    pub server: Server,
    /// The flow.
    pub flow: Flow,
    /// Enrichment of events.
    pub enrich: Enrich,
    /// Reading back.
    pub reads: Reads,
    /// Webhooks.
    pub webhooks: Webhooks,
    /// Logs.
    pub log: Log,
    /// Imports.
    pub imports: Imports,
    /// Signing in.
    pub sign_in: SignIn,
}

/// Signing in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// How long a session may be quiet, in milliseconds.
    pub idle_ms: i64,
    /// How long a session lasts at most, in milliseconds.
    pub session_ms: i64,
}

/// The HTTP server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address and port.
    pub listen: String,
    /// The data directory.
    pub data: PathBuf,
    /// The address it is reached under; empty where requests say it.
    pub public_url: String,
    /// `none` or `trusted`.
    pub proxy: String,
    /// `accept` or `refuse`.
    pub unknown_keys: String,
}

/// Limits and rhythms of the flow; units are in the names.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    pub collect_queue_bytes: usize,
    pub flush_bytes: usize,
    pub flush_age_ms: i64,
    pub ledger_keep_ms: i64,
    pub dedup_window_ms: i64,
    pub dedup_disk_bytes: u64,
    pub rejected_keep_ms: i64,
    pub rejected_bytes: u64,
    pub lag_ready_requests: u64,
    pub cache_profiles: usize,
    pub cache_bytes: usize,
    pub changes_keep_ms: i64,
    pub changes_max: u64,
}

/// Enrichment of events.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrich {
    /// The database of places; empty where there is none.
    pub geo_database: PathBuf,
}

/// Reading back.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reads {
    /// How long a decision call waits, in milliseconds.
    pub decide_wait_ms: u64,
    /// Requests a second to the Profile API; 0 is no limit.
    pub profile_api_per_second: u32,
    /// How many may watch.
    pub viewers: usize,
    /// Requests in ten seconds to the HubSpot-compatible API; 0 is no limit.
    pub crm_per_ten_seconds: u32,
    /// Searches a second there; 0 is no limit.
    pub crm_searches_per_second: u32,
}

/// Webhooks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    /// Private networks and hosts that may be reached.
    pub allow: Vec<String>,
    /// When a message is given up, in milliseconds.
    pub give_up_ms: i64,
}

/// Imports.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imports {
    /// Bytes of one file at most.
    pub bytes_max: u64,
    /// Bytes of the disk that uploads leave free.
    pub disk_reserve_bytes: u64,
}

/// Logs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// The least serious level.
    pub level: String,
    /// `text` or `json`.
    pub format: String,
}

impl Config {
    /// The defaults, over them the file, over that the environment.
    ///
    /// # Errors
    /// A sentence that names the file or variable, the key, and what would be right.
    pub fn read(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Config> {
        let mut table: Table = DEFAULT.parse().context("the default configuration")?;
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("the configuration {} cannot be read", path.display()))?;
            let theirs: Table = text
                .parse()
                .with_context(|| format!("in {}", path.display()))?;
            lay_over(&mut table, theirs, path)?;
        }
        let variables: Vec<(String, String)> = environment.collect();
        for (section, keys) in &mut table {
            let Some(keys) = keys.as_table_mut() else {
                continue;
            };
            for (key, value) in keys {
                let name = variable(section, key);
                if let Some((_, text)) = variables.iter().find(|(other, _)| *other == name) {
                    *value = parse_like(value, text).with_context(|| format!("{name}={text}"))?;
                }
            }
        }
        Table::try_into(table).context("the configuration")
    }
}

/// The environment variable of a key: `RAPPORT_SERVER_LISTEN` for `server.listen`.
#[must_use]
pub fn variable(section: &str, key: &str) -> String {
    format!("RAPPORT_{}_{}", section.to_uppercase(), key.to_uppercase())
}

fn lay_over(table: &mut Table, theirs: Table, path: &Path) -> Result<()> {
    for (section, keys) in theirs {
        let Some(ours) = table.get_mut(&section).and_then(Value::as_table_mut) else {
            bail!(
                "{} has a section [{section}] that does not exist",
                path.display()
            );
        };
        let Value::Table(keys) = keys else {
            bail!(
                "{}: {section} must be a section: [{section}]",
                path.display()
            );
        };
        for (key, value) in keys {
            if ours.insert(key.clone(), value).is_none() {
                bail!(
                    "{} sets {section}.{key}, which does not exist",
                    path.display()
                );
            }
        }
    }
    Ok(())
}

fn parse_like(default: &Value, text: &str) -> Result<Value> {
    Ok(match default {
        Value::Integer(_) => Value::Integer(text.parse().context("must be a whole number")?),
        Value::Boolean(_) => Value::Boolean(text.parse().context("must be true or false")?),
        Value::Array(_) => {
            let parts = text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty());
            Value::Array(parts.map(|part| Value::String(part.to_owned())).collect())
        }
        _ => Value::String(text.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Config> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Config::read(None, variables.iter().map(owned))
    }

    #[test]
    fn the_default_file_names_exactly_the_keys_there_are() {
        read(&[]).expect("every key of the file is known and none is missing");
    }

    #[test]
    fn every_key_of_the_default_file_has_a_sentence() {
        let lines: Vec<&str> = DEFAULT.lines().collect();
        for (place, line) in lines.iter().enumerate() {
            if line.contains(" = ") && !line.starts_with('#') {
                assert!(
                    lines[place - 1].starts_with("# "),
                    "{line} has no comment above it"
                );
            }
        }
    }

    #[test]
    fn the_environment_wins_and_is_typed() {
        let config = read(&[
            ("RAPPORT_SERVER_LISTEN", "0.0.0.0:1"),
            ("RAPPORT_FLOW_FLUSH_AGE_MS", "5"),
            ("RAPPORT_WEBHOOKS_ALLOW", "10.0.0.0/8, hooks.internal"),
        ])
        .unwrap();
        assert_eq!(config.server.listen, "0.0.0.0:1");
        assert_eq!(config.flow.flush_age_ms, 5);
        assert_eq!(config.webhooks.allow, ["10.0.0.0/8", "hooks.internal"]);
        let error = read(&[("RAPPORT_FLOW_FLUSH_AGE_MS", "soon")]).unwrap_err();
        assert!(
            format!("{error:#}").contains("RAPPORT_FLOW_FLUSH_AGE_MS=soon"),
            "{error:#}"
        );
    }
}
