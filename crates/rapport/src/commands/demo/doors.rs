//! The doors beside the tracking API: webhooks of messenger, mail service and social platform, and
//! the till's file.

use super::diary::{Call, Way};
use super::front_door::FrontDoor;
use anyhow::{Context, Result, bail};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::{Duration, Instant};

/// How many things one delivery holds at the most.
const DELIVERED_MAX: usize = 100;
const IMPORTED_WITHIN: Duration = Duration::from_secs(300);
const POLL: Duration = Duration::from_millis(200);
/// The source of the till's file.
const TILL: &str = "Shop counter";
/// What the till's file means.
const MAPPING: &str = include_str!("till.toml");

/// A webhook, ready to be delivered to.
struct Hook {
    way: Way,
    address: String,
    secret: String,
}

/// Every door beside the tracking API.
pub(super) struct Doors {
    hooks: Vec<Hook>,
    till: u64,
}

impl Doors {
    /// Makes the sources, or finds those of an earlier run.
    pub(super) async fn open(door: &FrontDoor) -> Result<Doors> {
        let mut hooks = Vec::new();
        for (way, name, map) in [
            (Way::Chat, "WhatsApp", "whatsapp"),
            (Way::Mail, "Mail service", "sendgrid"),
            (Way::Social, "Instagram", "meta"),
        ] {
            let source = source(door, name).await?;
            let secret = secret(door.token(), map);
            let verify = match way {
                Way::Mail => json!({ "scheme": "header", "header": "x-demo", "secret": secret }),
                _ => json!({ "scheme": "meta", "secret": secret, "verify_token": "demo" }),
            };
            let body = json!({ "map": map, "verify": verify });
            let put = door
                .put(&format!("sources/{source}/webhook"), &body)
                .await?;
            let address = put["address"]
                .as_str()
                .context("a webhook has an address")?;
            let address = address
                .find("/v1/")
                .map_or(address, |at| &address[at..])
                .to_owned();
            hooks.push(Hook {
                way,
                address,
                secret,
            });
        }
        let till = source(door, TILL).await?;
        Ok(Doors { hooks, till })
    }

    /// Delivers what of these calls goes by webhook.
    pub(super) async fn deliver(&self, door: &FrontDoor, calls: &[Call]) -> Result<()> {
        for hook in &self.hooks {
            let own: Vec<&Call> = calls.iter().filter(|call| call.way == hook.way).collect();
            for part in own.chunks(DELIVERED_MAX) {
                let body = delivery(hook.way, part).to_string();
                let (header, value) = match hook.way {
                    Way::Mail => ("x-demo", hook.secret.clone()),
                    _ => ("x-hub-signature-256", signature(&hook.secret, &body)),
                };
                door.post(&hook.address, (header, &value), body).await?;
            }
        }
        Ok(())
    }

    /// Imports the till's file; answers when every row of it has an outcome.
    pub(super) async fn import(&self, door: &FrontDoor, calls: &[Call]) -> Result<()> {
        let file = file(calls);
        if file.rows == 0 {
            return Ok(());
        }
        let mapping = mapping()?;
        let put = door
            .import(self.till, "till.csv", &mapping, file.text)
            .await?;
        let id = put["id"]
            .as_str()
            .context("an import has an id")?
            .to_owned();
        let start = Instant::now();
        loop {
            let import = door.get(&format!("imports/{id}")).await?;
            match import["state"].as_str() {
                Some("done") if import["rows_rejected"] == 0 => return Ok(()),
                Some("waiting" | "running") if start.elapsed() < IMPORTED_WITHIN => {}
                _ => bail!("the till's file was not imported: {import}"),
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

/// The mapping of the till's file, as JSON.
fn mapping() -> Result<String> {
    let mapping: Value = toml::from_str(MAPPING).context("the till's mapping")?;
    Ok(mapping.to_string())
}

/// The number of the source with this name; made if there is none.
async fn source(door: &FrontDoor, name: &str) -> Result<u64> {
    let all = door.get("sources?limit=1000").await?;
    let known = all["results"].as_array().into_iter().flatten();
    let known = known
        .filter(|source| source["name"] == name)
        .find_map(|source| source["id"].as_u64());
    match known {
        Some(no) => Ok(no),
        None => {
            let made = door.make("sources", &json!({ "name": name })).await?;
            made["id"].as_u64().context("a source has a number")
        }
    }
}

/// A secret that every run of the demo against this server makes again.
fn secret(token: &str, map: &str) -> String {
    hex::encode(Sha256::digest(format!("{token} {map}")))
}

fn signature(secret: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key is one");
    mac.update(body.as_bytes());
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// One delivery of these, in the form of their service.
fn delivery(way: Way, calls: &[&Call]) -> Value {
    match way {
        Way::Chat => {
            let changes: Vec<Value> = calls.iter().map(|call| message(call)).collect();
            json!({
                "object": "whatsapp_business_account",
                "entry": [{ "id": "larkfield", "changes": changes }],
            })
        }
        Way::Social => {
            let entries: Vec<Value> = calls.iter().map(|call| comment(call)).collect();
            json!({ "object": "instagram", "entry": entries })
        }
        _ => calls
            .iter()
            .map(|call| Value::Object(call.body.clone()))
            .collect(),
    }
}

fn message(call: &Call) -> Value {
    json!({
        "field": "messages",
        "value": {
            "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "447700900000", "phone_number_id": "1" },
            "contacts": [{ "wa_id": call.body["from"], "profile": { "name": call.who } }],
            "messages": [call.body],
        },
    })
}

fn comment(call: &Call) -> Value {
    let body = &call.body;
    json!({
        "id": "larkfield", "time": body["timestamp"],
        "changes": [{
            "field": "comments",
            "value": {
                "id": body["id"], "text": body["text"],
                "from": { "id": body["from"], "username": body["username"] },
                "media": { "id": "picture-1", "media_product_type": "FEED" },
            },
        }],
    })
}

/// A file in CSV.
struct File {
    text: String,
    rows: usize,
}

/// The till's file: a line for each article.
fn file(calls: &[Call]) -> File {
    let mut text = String::from(
        "receipt,time,card,customer,phone,first name,last name,total,sku,article,category,price,quantity\n",
    );
    let mut rows = 0;
    for call in calls.iter().filter(|call| call.way == Way::Till) {
        let cell = |value: &Value| match value {
            Value::String(text) => quoted(text),
            other => other.to_string(),
        };
        let body = &call.body;
        let receipt = [
            "receipt",
            "time",
            "card",
            "customer",
            "phone",
            "first name",
            "last name",
            "total",
        ];
        let receipt: Vec<String> = receipt.iter().map(|name| cell(&body[*name])).collect();
        for product in body["products"].as_array().into_iter().flatten() {
            let article = ["sku", "name", "category", "price", "quantity"];
            let article = article.iter().map(|name| cell(&product[*name]));
            let line: Vec<String> = receipt.iter().cloned().chain(article).collect();
            text.push_str(&line.join(","));
            text.push('\n');
            rows += 1;
        }
    }
    File { text, rows }
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_where_it_must_be() {
        assert_eq!(quoted("Whole milk, 1 l"), "\"Whole milk, 1 l\"");
        assert_eq!(quoted("5\" disc"), "\"5\"\" disc\"");
        assert_eq!(quoted("plain"), "plain");
    }

    #[test]
    fn a_signature_is_that_of_the_published_vector() {
        // RFC 4231, test case 2.
        assert_eq!(
            signature("Jefe", "what do ya want for nothing?"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn the_mapping_is_one() {
        assert!(mapping().expect("TOML").contains("loyalty_card"));
    }
}
