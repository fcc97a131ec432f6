//! The first source, keys and token of a directory: from the environment, or made and said once.

use anyhow::{Context, Result, anyhow};
use rapport_core::entry::{Command, Source};
use rapport_core::event::{KeyKind, SourceNo};
use rapport_flow::{Rapport, keys};

const ACTOR: &str = "configuration";
/// Bytes of randomness in a key that is made.
const KEY_BYTES: usize = 24;

/// Sets what the environment says and makes what a new directory lacks; returns lines that tell
/// made keys, which are not told again.
pub(crate) async fn set(rapport: &Rapport) -> Result<Vec<String>> {
    for (no, name) in [(1, "Website"), (2, "Server")] {
        let no = SourceNo(no);
        if !rapport.sources().iter().any(|source| source.no == no) {
            let (name, strict) = (name.to_owned(), false);
            let source = Source { no, name, strict };
            apply(rapport, Command::PutSource(source)).await?;
        }
    }
    let mut told = Vec::new();
    for (variable, what, kind, source) in [
        (
            "RAPPORT_WRITE_KEY",
            "Write key (browsers, apps)",
            KeyKind::Browser,
            SourceNo(1),
        ),
        (
            "RAPPORT_SERVER_KEY",
            "Write key (servers, trusted)",
            KeyKind::Server,
            SourceNo(2),
        ),
    ] {
        let is_new = !rapport.keys().keys().any(|(_, key)| key.kind == kind);
        if let Some(key) = given_or_made(variable, what, is_new, &mut told)? {
            let ring = rapport.keys();
            let known = ring.write_key(&key);
            if known.is_some_and(|known| known.kind == kind && known.source == source) {
                continue;
            }
            let hint = key
                .chars()
                .rev()
                .take(4)
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .collect();
            let key_hash = keys::hash(&key);
            apply(
                rapport,
                Command::PutKey {
                    key_hash,
                    hint,
                    source,
                    kind,
                },
            )
            .await?;
        }
    }
    let is_new = rapport.keys().has_no_token();
    if let Some(token) = given_or_made("RAPPORT_API_TOKEN", "API token", is_new, &mut told)?
        && rapport.keys().token(&token).is_none()
    {
        let token_hash = keys::hash(&token);
        apply(
            rapport,
            Command::PutToken {
                token_hash,
                name: "admin".to_owned(),
            },
        )
        .await?;
    }
    Ok(told)
}

fn given_or_made(
    variable: &str,
    what: &str,
    is_new: bool,
    told: &mut Vec<String>,
) -> Result<Option<String>> {
    match std::env::var(variable) {
        Ok(given) if !given.is_empty() => Ok(Some(given)),
        _ if is_new => {
            let mut bytes = [0; KEY_BYTES];
            getrandom::fill(&mut bytes)
                .map_err(|error| anyhow!("no randomness for a key: {error}"))?;
            let made: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            told.push(format!("{what}: {made}"));
            Ok(Some(made))
        }
        _ => Ok(None),
    }
}

async fn apply(rapport: &Rapport, command: Command) -> Result<()> {
    rapport
        .command(ACTOR, command)
        .await
        .context("setting the first keys")?;
    Ok(())
}
