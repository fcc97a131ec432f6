//! Importing: the same orders as CSV, NDJSON and Parquet, each into a server of its own, once and
//! again.

use super::client::Client;
use super::report::{Report, Target};
use super::server::{Kind, Server, TOKEN};
use super::{Scale, gauges};
use anyhow::{Context, Result, bail};
use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use serde_json::Value;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Orders of each person.
const ORDERS_EACH: u64 = 10;
/// Rows of one Parquet row group.
const GROUP: u64 = 50_000;

/// One order of the files.
struct Order {
    customer: String,
    second: u64,
    order: u64,
    cents: u64,
}

fn orders(people: u64) -> impl Iterator<Item = Order> {
    (0..people * ORDERS_EACH).map(move |order| Order {
        customer: format!("c{:07}", order.wrapping_mul(0x9E37_79B9) % people),
        second: 1_500_000_000 + order * 60,
        order,
        cents: 100 + order * 37 % 20_000,
    })
}

/// Rows a second, first and again, by format; and the server's memory meanwhile.
///
/// # Errors
/// Where a server fails, or an import does.
pub(super) async fn all(scale: &Scale, report: &mut Report) -> Result<()> {
    let people = scale.people / 10;
    for format in ["csv", "ndjson", "parquet"] {
        let file = scale.data.join(format!("orders.{format}"));
        write(&file, format, people)?;
        let server =
            Server::start(Kind::Whole, &scale.data.join(format!("import-{format}"))).await?;
        for (time, wanted) in [("first time", "accepted"), ("again", "duplicate")] {
            let rows = people * ORDERS_EACH;
            let before = server.resident_bytes();
            let began = Instant::now();
            let (import, most) = run(&server, &file, format).await?;
            let took = began.elapsed().as_secs_f64();
            if import[wanted] != rows {
                bail!("of {rows} rows not all are {wanted}: {import}");
            }
            let note = format!(
                "{rows} rows, upload included; resident {} MB before, {} MB at most",
                before >> 20,
                most >> 20
            );
            let name = format!("import of {format}, {time}");
            report.add(&name, rows as f64 / took, "rows/s", Target::None, note);
        }
        server.stop().await?;
        std::fs::remove_file(&file)?;
    }
    Ok(())
}

/// Imports a file and waits for its end; how it ended, and the most memory seen meanwhile.
async fn run(server: &Server, file: &Path, format: &str) -> Result<(Value, u64)> {
    let id = upload(server, file, format).await?;
    let mut client = server.client().await?;
    let mut most = 0;
    loop {
        most = most.max(server.resident_bytes());
        let import = get(&mut client, &format!("/api/v1/imports/{id}")).await?;
        match import["state"].as_str() {
            Some("done") => {
                gauges::settle(server.address).await?;
                return Ok((import, most));
            }
            Some("failed" | "cancelled") => bail!("the import failed: {import}"),
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn upload(server: &Server, file: &Path, format: &str) -> Result<String> {
    let mut client = server.client().await?;
    let sources = get(&mut client, "/api/v1/sources").await?;
    let source = &sources["results"][0]["id"];
    let length = std::fs::metadata(file)?.len();
    let head = format!(
        "POST /api/v1/imports?source={source}&format={format} HTTP/1.1\r\nHost: bench\r\n\
         Authorization: Bearer {TOKEN}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
    );
    let mut stream = tokio::net::TcpStream::connect(server.address).await?;
    stream.write_all(head.as_bytes()).await?;
    let mut body = tokio::fs::File::open(file).await?;
    tokio::io::copy(&mut body, &mut stream).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (_, body) = answer.split_once("\r\n\r\n").context("no answer")?;
    let import: Value = serde_json::from_str(body).with_context(|| answer.clone())?;
    let id = import["id"].as_str().with_context(|| answer.clone())?;
    Ok(id.to_owned())
}

async fn get(client: &mut Client, path: &str) -> Result<Value> {
    let (status, body) = client.call("GET", path, TOKEN, "").await?;
    if status != 200 {
        bail!("{path} answered {status}: {body}");
    }
    Ok(serde_json::from_str(&body)?)
}

fn write(path: &Path, format: &str, people: u64) -> Result<()> {
    if format == "parquet" {
        return write_parquet(path, people);
    }
    let mut file = BufWriter::new(File::create(path)?);
    if format == "csv" {
        writeln!(file, "customer_id,timestamp,order_id,amount")?;
    }
    for Order {
        customer,
        second,
        order,
        cents,
    } in orders(people)
    {
        let amount = format!("{}.{:02}", cents / 100, cents % 100);
        match format {
            "csv" => writeln!(file, "{customer},{second},o{order},{amount}")?,
            _ => writeln!(
                file,
                "{{\"customer_id\":\"{customer}\",\"timestamp\":{second},\"order_id\":\"o{order}\",\"amount\":{amount}}}"
            )?,
        }
    }
    Ok(file.flush()?)
}

fn write_parquet(path: &Path, people: u64) -> Result<()> {
    let mut writer = None;
    let mut all = orders(people).peekable();
    while all.peek().is_some() {
        let group: Vec<Order> = all.by_ref().take(GROUP as usize).collect();
        let texts = |text: fn(&Order) -> String| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(group.iter().map(text)))
        };
        let seconds = group.iter().map(|order| order.second as i64);
        let amounts = group.iter().map(|order| order.cents as f64 / 100.0);
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("customer_id", texts(|order| order.customer.clone())),
            ("timestamp", Arc::new(Int64Array::from_iter_values(seconds))),
            ("order_id", texts(|order| format!("o{}", order.order))),
            ("amount", Arc::new(Float64Array::from_iter_values(amounts))),
        ];
        let batch = RecordBatch::try_from_iter(columns)?;
        let writer = match &mut writer {
            Some(writer) => writer,
            none => none.insert(ArrowWriter::try_new(
                File::create(path)?,
                batch.schema(),
                None,
            )?),
        };
        writer.write(&batch)?;
    }
    if let Some(writer) = writer {
        writer.close()?;
    }
    Ok(())
}
