//! `rapport member`: the first members of a running server.

use super::import::api::Api;
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde_json::json;
use std::io::{BufRead, IsTerminal};
use std::process::ExitCode;

/// Makes members, who sign in to a running server.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Makes a member. The password is read from RAPPORT_MEMBER_PASSWORD or from standard input,
    /// one line, so that it stands in no list of processes.
    Add(Add),
}

#[derive(Args)]
struct Add {
    /// Their e-mail address, with which they sign in.
    email: String,
    /// Their role: admin, viewer, or one of your own.
    #[arg(long, default_value = "admin")]
    role: String,
    /// Their first name.
    #[arg(long, default_value = "")]
    first_name: String,
    /// Their last name.
    #[arg(long, default_value = "")]
    last_name: String,
    /// The server's address.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    to: String,
    /// The token of the native API.
    #[arg(
        long,
        value_name = "TOKEN",
        env = "RAPPORT_API_TOKEN",
        hide_env_values = true
    )]
    token: Option<String>,
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let What::Add(add) = arguments.what;
    let token = add.token.as_deref().context(
        "no API token: give it with --token or RAPPORT_API_TOKEN (`rapport serve` prints it, or is given it)",
    )?;
    let password = password()?;
    let body = json!({
        "email": add.email,
        "role": add.role,
        "first_name": add.first_name,
        "last_name": add.last_name,
        "password": password,
    });
    let made = Api::new(&add.to, token)?.post("members", &body).await?;
    println!(
        "{} is member {} with the role {}",
        made["email"].as_str().unwrap_or_default(),
        made["id"],
        made["role"].as_str().unwrap_or_default()
    );
    Ok(ExitCode::SUCCESS)
}

/// The password, from the environment or from one line of standard input.
fn password() -> Result<String> {
    if let Ok(given) = std::env::var("RAPPORT_MEMBER_PASSWORD")
        && !given.is_empty()
    {
        return Ok(given);
    }
    let input = std::io::stdin();
    if input.is_terminal() {
        eprintln!("Password (it is shown while you type; 12 characters or more):");
    }
    let mut line = String::new();
    let read = input.lock().read_line(&mut line);
    read.context("reading the password from standard input")?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    if password.is_empty() {
        bail!("no password: set RAPPORT_MEMBER_PASSWORD, or give one line on standard input");
    }
    Ok(password)
}
