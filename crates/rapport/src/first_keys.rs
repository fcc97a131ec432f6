//! The first source, keys and token of a directory: from the environment, or made and said once.

use anyhow::{Context, Result, anyhow};
use rapport_api::secret;
use rapport_core::entry::{Command, Source};
use rapport_core::event::{KeyKind, SourceNo};
use rapport_core::member::Scopes;
use rapport_flow::keys::KeyRing;
use rapport_flow::{Rapport, keys};

const ACTOR: &str = "configuration";
/// Bytes of randomness in a key that is made.
const KEY_BYTES: usize = 24;

/// Sets what the environment says and makes what a new directory lacks; returns lines that tell
/// made keys, which are not told again, and revoked ones that the environment still says.
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
        let is_new = !rapport.keys().had_key(kind);
        if let Some(key) = given_or_made(variable, what, is_new, &mut told)? {
            let key_hash = keys::hash(&key);
            let ring = rapport.keys();
            if is_revoked(&ring, &key_hash, variable, &mut told)
                || has(&ring, &key_hash, kind, source)
            {
                continue;
            }
            let hint = secret::hint(&key);
            let command = Command::PutKey {
                key_hash,
                hint,
                source,
                kind,
            };
            apply(rapport, command).await?;
        }
    }
    first_token(rapport, &mut told).await?;
    Ok(told)
}

async fn first_token(rapport: &Rapport, told: &mut Vec<String>) -> Result<()> {
    let variable = "RAPPORT_API_TOKEN";
    let ring = rapport.keys();
    let Some(token) = given_or_made(variable, "API token", ring.has_no_token(), told)? else {
        return Ok(());
    };
    let token_hash = keys::hash(&token);
    if ring.token(&token).is_some() || is_revoked(&ring, &token_hash, variable, told) {
        return Ok(());
    }
    let command = Command::PutToken {
        token_hash,
        name: "admin".to_owned(),
        hint: secret::hint(&token),
        scopes: Scopes::admin(),
        member: None,
    };
    apply(rapport, command).await
}

/// What was revoked does not come back because the environment still says it.
fn is_revoked(ring: &KeyRing, hash: &str, variable: &str, told: &mut Vec<String>) -> bool {
    let is_revoked = ring.revoked(hash).is_some();
    if is_revoked {
        told.push(format!(
            "{variable} says what was revoked: it opens nothing until it says another value"
        ));
    }
    is_revoked
}

fn has(ring: &KeyRing, hash: &str, kind: KeyKind, source: SourceNo) -> bool {
    let mut same = ring.keys().filter(|(known, _)| *known == hash);
    same.any(|(_, key)| key.kind == kind && key.source == source)
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
