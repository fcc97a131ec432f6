//! What there is to look at once the story is told, with addresses that work.

use super::dairy;
use super::front_door::FrontDoor;
use super::person::{Habit, Person};
use super::story::HOUSEHOLD_EMAIL;
use anyhow::Result;
use serde_json::Value;
use std::fmt::Write as _;

/// What was told, in numbers.
pub(super) struct Told {
    /// Events sent.
    pub(super) events: u64,
    /// Days they cover.
    pub(super) days: i64,
    /// Of these, how many were new to the server. A few never are: the messenger tells a contact's
    /// name with each message.
    pub(super) new: u64,
}

/// The closing words.
pub(super) async fn look(door: &FrontDoor, told: &Told, people: &[Person]) -> Result<String> {
    let mut text = format!(
        "\n{} is in: {} events of {} people over {} days.\n",
        dairy::NAME,
        told.events,
        people.len(),
        told.days
    );
    if told.new < told.events / 2 {
        let _ = writeln!(
            text,
            "It was told before and changed nothing; {} events are new since then.",
            told.new
        );
    }
    let _ = writeln!(text, "\nSegments, live from now on:");
    let segments = door.get("segments?limit=1000").await?;
    for segment in segments["results"].as_array().into_iter().flatten() {
        let (key, name) = (word(&segment["key"]), word(&segment["name"]));
        let _ = writeln!(text, "  {key:<18}{:>5}  {name}", segment["size"]);
    }
    let (url, token) = (door.url(), door.token());
    let _ = write!(
        text,
        "\nLook at it; these lines work as they are:\n\n  \
         api() {{ curl -s -H 'Authorization: Bearer {token}' \"$@\"; }}\n"
    );
    for (about, line) in lines(door, people).await? {
        let _ = write!(text, "\n  # {about}\n  api {line}\n");
    }
    let _ = write!(text, "\nConsole: {url}/ (sign in with the API token)\n");
    Ok(text)
}

async fn lines(door: &FrontDoor, people: &[Person]) -> Result<Vec<(String, String)>> {
    let url = format!("{}/api/v1", door.url());
    let mut lines = Vec::new();
    if let Some(person) = people.iter().find(|person| person.habit == Habit::Regular) {
        let (name, reference) = (person.name(), format!("email:{}", person.email));
        lines.push((
            format!("one person over web, app and counter, what they spent and like best: {name}"),
            format!("{url}/profiles/{reference}"),
        ));
        lines.push((
            format!("what {} bought, newest first", person.first),
            format!("'{url}/profiles/{reference}/timeline?event=Order%20Completed&limit=5'"),
        ));
    }
    lines.push((
        "who left a cart within the last two hours; look again later, they leave by themselves"
            .to_owned(),
        format!("'{url}/segments/cart_abandoners/members?limit=5'"),
    ));
    if let Some(member) = first(door, "segments/win_back/members?limit=1").await? {
        let id = word(&member["profile_id"]);
        lines.push((
            "why somebody is worth writing to, condition by condition".to_owned(),
            format!("'{url}/segments/win_back/explain?profile={id}'"),
        ));
    }
    let merges = format!("profiles/email:{HOUSEHOLD_EMAIL}/merges");
    if let Some(merge) = first(door, &merges)
        .await?
        .filter(|merge| merge["type"] == "merged")
    {
        lines.push((
            "two people who became one by mistake, and taking it back".to_owned(),
            format!(
                "{url}/{merges} && api -X POST {url}/merges/{}/undo",
                word(&merge["id"])
            ),
        ));
    }
    lines.push((
        "what became of every event".to_owned(),
        format!("{url}/outcomes"),
    ));
    Ok(lines)
}

async fn first(door: &FrontDoor, path: &str) -> Result<Option<Value>> {
    Ok(door.get(path).await?["results"].get(0).cloned())
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
