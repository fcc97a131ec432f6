//! The native API as `rapport import` needs it.

use anyhow::{Context as _, Result, bail};
use futures_core::Stream;
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::{Body, Client, RequestBuilder, StatusCode, Url};
use serde_json::{Value, json};
use std::fs::File;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;

const PATIENCE: Duration = Duration::from_secs(30);
const CHUNK_BYTES: usize = 256 << 10;
/// What servers and the proxies before them take of an address.
const ADDRESS_BYTES_MAX: usize = 60_000;

/// A file's bytes on their way.
struct Chunks(mpsc::Receiver<std::io::Result<Vec<u8>>>);

impl Stream for Chunks {
    type Item = std::io::Result<Vec<u8>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context)
    }
}

/// A server and the token to it.
pub(in crate::commands) struct Api {
    client: Client,
    url: String,
    token: String,
}

impl Api {
    pub(in crate::commands) fn new(url: &str, token: &str) -> Result<Api> {
        // It fails only where a provider is installed already, which then serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Api {
            client: Client::builder()
                .connect_timeout(PATIENCE)
                .no_proxy()
                .build()?,
            url: url.trim_end_matches('/').to_owned(),
            token: token.to_owned(),
        })
    }

    /// Asks; `path` begins behind `/api/v1/`.
    pub(super) async fn get(&self, path: &str) -> Result<Value> {
        let url = format!("{}/api/v1/{path}", self.url);
        self.ask(self.client.get(url).timeout(PATIENCE)).await
    }

    /// Asks with a body; `path` begins behind `/api/v1/`.
    pub(in crate::commands) async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let url = format!("{}/api/v1/{path}", self.url);
        let request = self.client.post(url).timeout(PATIENCE);
        self.ask(request.body(body.to_string())).await
    }

    /// The number of a source, by its number or its name; made where no source has that name.
    pub(super) async fn source(&self, said: Option<&str>) -> Result<u64> {
        let sources = self.get("sources?limit=1000").await?;
        let all = sources["results"].as_array().map_or(&[][..], Vec::as_slice);
        let Some(said) = said else {
            let list: Vec<String> = all
                .iter()
                .map(|source| {
                    format!(
                        "{} ({})",
                        source["id"],
                        source["name"].as_str().unwrap_or("")
                    )
                })
                .collect();
            bail!(
                "say whose events these are with --source: a number, or a name for a new one; there are {}",
                list.join(", ")
            );
        };
        let is_it = |source: &&Value| {
            source["name"] == said
                || source["id"].as_u64().map(|id| id.to_string()).as_deref() == Some(said)
        };
        if let Some(found) = all.iter().find(is_it) {
            return found["id"].as_u64().context("a source without a number");
        }
        if said.parse::<u64>().is_ok() {
            bail!("there is no source {said}");
        }
        let request = self.client.post(format!("{}/api/v1/sources", self.url));
        let made = self
            .ask(request.body(json!({ "name": said }).to_string()))
            .await?;
        made["id"].as_u64().context("the new source has no number")
    }

    /// Uploads a file.
    pub(super) async fn upload(&self, file: &Path, query: &[(&str, String)]) -> Result<Value> {
        let what = || file.display().to_string();
        let length = File::open(file)
            .and_then(|file| file.metadata())
            .with_context(what)?
            .len();
        let bar = ProgressBar::new(length);
        let style = "uploading [{wide_bar}] {bytes}/{total_bytes} {eta}";
        bar.set_style(ProgressStyle::with_template(style).context("the progress bar")?);
        let mut source = tokio::fs::File::open(file).await.with_context(what)?;
        let (chunks, sent) = mpsc::channel::<std::io::Result<Vec<u8>>>(2);
        let shown = bar.clone();
        tokio::spawn(async move {
            loop {
                let mut chunk = vec![0; CHUNK_BYTES];
                let read = match source.read(&mut chunk).await {
                    Ok(0) => return,
                    Ok(read) => read,
                    Err(error) => return drop(chunks.send(Err(error)).await),
                };
                chunk.truncate(read);
                shown.inc(read as u64);
                if chunks.send(Ok(chunk)).await.is_err() {
                    return;
                }
            }
        });
        let url = Url::parse_with_params(&format!("{}/api/v1/imports", self.url), query)?;
        if url.as_str().len() > ADDRESS_BYTES_MAX {
            bail!(
                "the mapping is too long to be sent: with it the address has {} bytes, and may have \
                 {ADDRESS_BYTES_MAX}; columns that nothing names keep their own names (`rest`)",
                url.as_str().len()
            );
        }
        let request = self.client.post(url).header("content-length", length);
        let answer = self
            .ask(request.body(Body::wrap_stream(Chunks(sent))))
            .await;
        bar.finish_and_clear();
        answer
    }

    async fn ask(&self, request: RequestBuilder) -> Result<Value> {
        let sent = request.bearer_auth(&self.token).send().await;
        let response = sent.with_context(|| {
            format!(
                "{} does not answer; start it with `rapport serve`, or say where it is with --to",
                self.url
            )
        })?;
        let status = response.status();
        let text = response.text().await?;
        let answer: Value = serde_json::from_str(&text).unwrap_or_default();
        if status == StatusCode::UNAUTHORIZED {
            bail!(
                "the server does not know the token: give its own with --token or RAPPORT_API_TOKEN"
            );
        }
        if !status.is_success() {
            let error = &answer["error"];
            let (message, help) = (error["message"].as_str(), error["help"].as_str());
            bail!("{}\n{}", message.unwrap_or(&text), help.unwrap_or_default());
        }
        Ok(answer)
    }
}
