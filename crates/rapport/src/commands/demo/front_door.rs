//! The front door as any client sees it: Segment's batches in, the native API for the rest.

use super::diary::{Call, Way};
use anyhow::{Context, Result, bail};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);
/// How often a request is sent before the demo gives up.
const TRIES_MAX: u32 = 20;

/// A server, and the keys to it.
pub(super) struct FrontDoor {
    client: Client,
    url: String,
    write_key: String,
    server_key: String,
    token: String,
}

/// The three keys.
pub(super) struct Keys {
    /// Of browsers and apps.
    pub(super) write_key: String,
    /// Of servers.
    pub(super) server_key: String,
    /// Of the native API.
    pub(super) token: String,
}

impl FrontDoor {
    /// A door that is not knocked on yet.
    pub(super) fn new(url: &str, keys: Keys) -> Result<FrontDoor> {
        // It fails only where a provider is installed already, which then serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(FrontDoor {
            client: Client::builder().timeout(PATIENCE).no_proxy().build()?,
            url: url.trim_end_matches('/').to_owned(),
            write_key: keys.write_key,
            server_key: keys.server_key,
            token: keys.token,
        })
    }

    /// Its address, without a slash at the end.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The token of the native API.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// Sends calls in their order: those of browsers in one batch, then those of servers.
    pub(super) async fn send(&self, calls: &[Call]) -> Result<()> {
        for (way, name) in [
            (Way::Browser, &self.write_key),
            (Way::Server, &self.server_key),
        ] {
            let batch: Vec<_> = calls.iter().filter(|call| call.way == way).collect();
            if batch.is_empty() {
                continue;
            }
            let bodies: Vec<_> = batch.iter().map(|call| &call.body).collect();
            let body = json!({ "batch": bodies }).to_string();
            let request = self.client.post(format!("{}/v1/batch", self.url));
            let request = request.basic_auth(name, None::<&str>);
            self.ask(request.header(CONTENT_TYPE, "application/json").body(body))
                .await?;
        }
        Ok(())
    }

    /// Asks the native API; `path` begins behind `/api/v1/`.
    pub(super) async fn get(&self, path: &str) -> Result<Value> {
        self.native(Method::GET, path, None).await
    }

    /// Puts something through the native API.
    pub(super) async fn put(&self, path: &str, body: &Value) -> Result<Value> {
        self.native(Method::PUT, path, Some(body)).await
    }

    /// Makes something through the native API.
    pub(super) async fn make(&self, path: &str, body: &Value) -> Result<Value> {
        self.native(Method::POST, path, Some(body)).await
    }

    /// What the native API has at a path, if anything.
    pub(super) async fn find(&self, path: &str) -> Result<Option<Value>> {
        let url = format!("{}/api/v1/{path}", self.url);
        let response = self.client.get(url).bearer_auth(&self.token).send().await?;
        match response.status() {
            StatusCode::OK => Ok(Some(serde_json::from_str(&response.text().await?)?)),
            StatusCode::NOT_FOUND => Ok(None),
            status => bail!("{path} answered {status}"),
        }
    }

    /// Posts to an address of the server with one header that proves who sends it.
    pub(super) async fn post(&self, path: &str, proof: (&str, &str), body: String) -> Result<()> {
        let request = self.client.post(format!("{}{path}", self.url));
        let request = request.header(CONTENT_TYPE, "application/json");
        self.ask(request.header(proof.0, proof.1).body(body))
            .await?;
        Ok(())
    }

    /// Uploads a CSV file to be imported into a source.
    pub(super) async fn import(
        &self,
        source: u64,
        name: &str,
        mapping: &str,
        text: String,
    ) -> Result<Value> {
        let request = self.client.post(format!("{}/api/v1/imports", self.url));
        let request = request.bearer_auth(&self.token).query(&[
            ("source", source.to_string().as_str()),
            ("format", "csv"),
            ("name", name),
            ("mapping", mapping),
        ]);
        let answer = self.ask(request.body(text)).await?.text().await?;
        serde_json::from_str(&answer).context("the import answered no JSON")
    }

    async fn native(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let request = self
            .client
            .request(method, format!("{}/api/v1/{path}", self.url));
        let mut request = request.bearer_auth(&self.token);
        if let Some(body) = body {
            request = request
                .header(CONTENT_TYPE, "application/json")
                .body(body.to_string());
        }
        let text = self.ask(request).await?.text().await?;
        serde_json::from_str(&text).with_context(|| format!("/api/v1/{path} answered no JSON"))
    }

    /// Sends a request until it is answered; a server that is busy says when to come again.
    async fn ask(&self, request: RequestBuilder) -> Result<Response> {
        for _ in 0..TRIES_MAX {
            let again = request
                .try_clone()
                .context("the request cannot be sent twice")?;
            let sent = again.send().await;
            let response = sent.with_context(|| {
                format!(
                    "{} does not answer; start it with `rapport serve`",
                    self.url
                )
            })?;
            match response.status() {
                status if status.is_success() => return Ok(response),
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                    tokio::time::sleep(wait(&response)).await;
                }
                StatusCode::UNAUTHORIZED => bail!(
                    "{} does not know the key: give the server's with --write-key, --server-key \
                     and --token, or in RAPPORT_WRITE_KEY, RAPPORT_SERVER_KEY and RAPPORT_API_TOKEN",
                    response.url().path()
                ),
                status => {
                    let path = response.url().path().to_owned();
                    bail!(
                        "{path} answered {status}: {}",
                        response.text().await.unwrap_or_default()
                    )
                }
            }
        }
        bail!("the server is busy and stays so")
    }
}

fn wait(response: &Response) -> Duration {
    let header = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok());
    Duration::from_secs(
        header
            .and_then(|text| text.parse().ok())
            .unwrap_or(1)
            .clamp(1, 10),
    )
}
