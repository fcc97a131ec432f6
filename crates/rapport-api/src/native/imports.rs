//! Imports: files of historical and offline events, uploaded, read in the background, accounted
//! for row by row.

use super::address::Named;
use super::bearer::Actor;
use super::list::{self, List, Page};
use super::{reference, sources};
use crate::Api;
use crate::errors::{Code, Error};
use axum::body::HttpBody;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use bytes::Buf;
use rapport_core::event::KeyKind;
use rapport_import::desk::Shown;
use rapport_import::rejected::Line;
use rapport_import::upload::{Asked, Upload};
use rapport_import::{Format, Imports, Mapping};
use serde_json::{Value, json};
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

/// How long the next bytes of an upload may take.
const PAUSE_MAX: Duration = Duration::from_secs(60);

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/imports", get(all).post(make))
        .route("/imports/{id}", get(show).delete(cancel))
        .route("/imports/{id}/rejected", get(rejected))
}

/// Imports, newest first.
async fn all(State(api): State<Api>, _: Actor, page: Page) -> Result<Json<List<Value>>, Error> {
    let before = page.after(|text| reference::number(text, "imp_").ok())?;
    let imports = desk(&api)?;
    let mut results = Vec::new();
    for number in imports.list(before, page.limit + 1) {
        // One that was forgotten meanwhile is left out.
        if let Ok(found) = imports.show(number).await {
            results.push(shown(&found));
        }
    }
    Ok(list::page(results, page.limit, |last| {
        last["id"].as_str().unwrap_or_default().to_owned()
    }))
}

/// Takes a file: the whole of it is on disk when this answers.
async fn make(
    State(api): State<Api>,
    _: Actor,
    page: Page,
    request: Request,
) -> Result<Response, Error> {
    let imports = desk(&api)?;
    let asked = asked(&api, &page, &request)?;
    let length = request.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse().ok());
    let mut upload = imports.begin(length).await?;
    receive(&mut upload, request).await?;
    if page.one("dry_run") == Some("true") {
        let preview = upload.preview(asked).await?;
        return Ok(Json(preview).into_response());
    }
    let number = upload.finish(asked).await?;
    let found = imports.show(number).await?;
    Ok((StatusCode::CREATED, Json(shown(&found))).into_response())
}

async fn show(State(api): State<Api>, _: Actor, Named(id): Named) -> Result<Json<Value>, Error> {
    let number = reference::number(&id, "imp_")?;
    Ok(Json(shown(&desk(&api)?.show(number).await?)))
}

/// Stops an import, or forgets one that is over.
async fn cancel(State(api): State<Api>, _: Actor, Named(id): Named) -> Result<StatusCode, Error> {
    let number = reference::number(&id, "imp_")?;
    desk(&api)?.cancel(number)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Rejected rows, in the order of the file.
async fn rejected(
    State(api): State<Api>,
    _: Actor,
    Named(id): Named,
    page: Page,
) -> Result<Json<List<Line>>, Error> {
    let number = reference::number(&id, "imp_")?;
    let after = page.after(|text| text.parse().ok())?.unwrap_or(0);
    let (lines, next) = desk(&api)?.rejected(number, after, page.limit)?;
    Ok(list::behind(lines, next.map(|next| next.to_string())))
}

fn desk(api: &Api) -> Result<&Imports, Error> {
    let missing = || Error::new(Code::NotFound, "this server has no folder for imports");
    api.imports.as_ref().ok_or_else(missing)
}

/// What the address says of the file.
fn asked(api: &Api, page: &Page, request: &Request) -> Result<Asked, Error> {
    let source = page.one("source").ok_or_else(|| {
        Error::new(
            Code::InvalidQuery,
            "an import needs `source`, the number of one",
        )
        .with_help("`GET /api/v1/sources` lists them; `POST /api/v1/sources` makes one.")
    })?;
    let trust = match page.one("trust") {
        None | Some("server") => KeyKind::Server,
        Some("browser") => KeyKind::Browser,
        Some(other) => {
            let message = format!("`trust={other}`: say server or browser");
            return Err(Error::new(Code::InvalidQuery, message));
        }
    };
    let name = page.one("name").unwrap_or_default();
    let format = match page.one("format") {
        Some(word) => Some(Format::from_word(word)?),
        None => Format::of_name(name).or_else(|| by_type(request)),
    };
    Ok(Asked {
        source: sources::find(api, source)?.no,
        trust,
        format,
        mapping: page.one("mapping").map(Mapping::parse).transpose()?,
        name: name.chars().take(200).collect(),
    })
}

fn by_type(request: &Request) -> Option<Format> {
    let value = request.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    match value.split(';').next()?.trim() {
        "text/csv" | "text/tab-separated-values" => Some(Format::Csv),
        "application/x-ndjson" | "application/jsonl" => Some(Format::Ndjson),
        "application/vnd.apache.parquet" => Some(Format::Parquet),
        _ => None,
    }
}

async fn receive(upload: &mut Upload, request: Request) -> Result<(), Error> {
    let mut body = request.into_body();
    let unfinished = || Error::new(Code::InvalidFile, "the upload broke off: send it again");
    loop {
        let next = poll_fn(|context| Pin::new(&mut body).poll_frame(context));
        let next = tokio::time::timeout(PAUSE_MAX, next).await;
        let Some(frame) = next.map_err(|_| unfinished())? else {
            return Ok(());
        };
        let Ok(mut data) = frame.map_err(|_| unfinished())?.into_data() else {
            continue;
        };
        while data.has_remaining() {
            let length = data.chunk().len();
            upload.write(data.chunk()).await?;
            data.advance(length);
        }
    }
}

fn shown(import: &Shown) -> Value {
    let Shown {
        record,
        tally,
        cursor,
        counted,
        rate,
        eta_s,
    } = import;
    json!({
        "id": format!("imp_{}", record.number),
        "state": record.state,
        "error": record.error,
        "name": record.name,
        "source": record.source.0,
        "trust": record.trust,
        "format": record.format,
        "bytes": record.bytes,
        "mapping": record.mapping,
        "notes": record.notes,
        "created_at": record.created.to_string(),
        "started_at": record.started.map(|at| at.to_string()),
        "ended_at": record.ended.map(|at| at.to_string()),
        "rows_total": record.total,
        "rows_counted": counted,
        "rows_read": cursor.rows,
        "rows_rejected": cursor.rejected,
        "accepted": tally.accepted,
        "duplicate": tally.duplicate,
        "left_out": tally.left_out,
        "rows_per_s": rate.map(|rate| rate.round() as u64),
        "eta_s": eta_s.map(|eta| eta.round() as u64),
    })
}

impl From<rapport_import::Error> for Error {
    fn from(error: rapport_import::Error) -> Error {
        use rapport_import::Error as Wrong;
        let code = match &error {
            Wrong::Mapping(_) => Code::InvalidMapping,
            Wrong::File(_) => Code::InvalidFile,
            Wrong::TooLarge { .. } => Code::ImportTooLarge,
            Wrong::NoRoom { .. } => Code::DiskFull,
            Wrong::Missing(_) => Code::NotFound,
            Wrong::Stopping => Code::Stopping,
            Wrong::Disk { error, .. } if error.kind() == std::io::ErrorKind::StorageFull => {
                Code::DiskFull
            }
            Wrong::Disk { .. } => Code::Storage,
            Wrong::Flow(_) => Code::Storage,
        };
        match error {
            Wrong::Flow(error) => error.into(),
            Wrong::Disk { .. } if code == Code::Storage => {
                tracing::error!(%error, "an import failed in storage");
                Error::new(code, "storage failed")
            }
            other => Error::new(code, other.to_string()),
        }
    }
}
