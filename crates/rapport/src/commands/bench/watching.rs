//! What a hundred people who watch take from the fold: rounds with and without them alternate on
//! one server.

use super::folding::{self, Most};
use super::paired::{Ratio, is_first};
use super::report::{Report, Target};
use super::server::{Kind, Server, TOKEN};
use super::traffic::Shape;
use super::{Scale, segments};
use crate::wiring::LIVE_LINGER_MS;
use anyhow::{Result, bail};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// How many watch.
const VIEWERS: u64 = 100;
/// A round in seconds, at most.
const ROUND_S: f64 = 6.0;
/// Between two rounds: until everybody has come, or gone.
const PAUSE: Duration = Duration::from_millis(700);

/// Everything about watching, on a server of its own: there the flow forgets viewers at once, so
/// that rounds without them know nothing of those before.
///
/// # Errors
/// Where the server fails.
pub(super) async fn all(scale: &Scale, report: &mut Report) -> Result<()> {
    let data = scale.data.join("watched");
    let settings = [(LIVE_LINGER_MS, "0".to_owned())];
    let server = Server::start_with(Kind::Whole, &data, &settings).await?;
    folding::everybody(scale, &server).await?;
    segments::put(&mut server.client().await?).await?;
    let told = Arc::new(AtomicU64::new(0));
    // Not counted: the first load of a directory is none of those that follow.
    round(scale, &server, None).await?;
    let (mut rates, mut cpu_us) = (Vec::new(), Vec::new());
    for pair in 0..scale.pairs {
        let (first, second) = match is_first(pair) {
            true => (Some(&told), None),
            false => (None, Some(&told)),
        };
        let (one, other) = (
            round(scale, &server, first).await?,
            round(scale, &server, second).await?,
        );
        let (with, without) = match is_first(pair) {
            true => (one, other),
            false => (other, one),
        };
        rates.push((with.rate, without.rate));
        cpu_us.push((with.cpu_us, without.cpu_us));
    }
    server.stop().await?;
    tell(report, &rates, &cpu_us, told.load(Ordering::Relaxed));
    Ok(())
}

fn tell(report: &mut Report, rates: &[(f64, f64)], cpu_us: &[(f64, f64)], told: u64) {
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64, all: &[(f64, f64)]| {
        all.iter().map(of).sum::<f64>() / all.len() as f64
    };
    let throughput = Ratio::of(rates);
    let taken = |ratio: f64| (1.0 - ratio) * 100.0;
    let note = format!(
        "R, {} pairs of rounds with and without them on one server, median of the pairs; {:.0} and {:.0} events/s, {:.1} MB told",
        rates.len(),
        mean(&|pair| pair.0, rates),
        mean(&|pair| pair.1, rates),
        told as f64 / 1e6,
    );
    let name = "cost of 100 live viewers";
    report.add(
        &format!("{name}, throughput"),
        taken(throughput.median),
        "%",
        Target::Below(5.0),
        note,
    );
    report.add(
        &format!("{name}, throughput, at most"),
        taken(throughput.low),
        "%",
        Target::Below(5.0),
        format!(
            "the worse end of that median's 95 % interval (bootstrap); its better end is {:.1} %",
            taken(throughput.high)
        ),
    );
    let processor = Ratio::of(cpu_us);
    let more = |ratio: f64| (ratio - 1.0) * 100.0;
    let note = format!(
        "the server's own, the same rounds; 95 % interval {:.1} to {:.1} %; {:.1} and {:.1} us",
        more(processor.low),
        more(processor.high),
        mean(&|pair| pair.0, cpu_us),
        mean(&|pair| pair.1, cpu_us),
    );
    report.add(
        &format!("{name}, processor time an event"),
        more(processor.median),
        "%",
        Target::None,
        note,
    );
}

/// The most that is folded a second, with people who watch or without.
async fn round(scale: &Scale, server: &Server, told: Option<&Arc<AtomicU64>>) -> Result<Most> {
    let watching: Vec<_> = match told {
        Some(told) => (0..VIEWERS)
            .map(|place| tokio::spawn(watch(server.address, place, Arc::clone(told))))
            .collect(),
        None => Vec::new(),
    };
    tokio::time::sleep(PAUSE).await;
    let short = Scale {
        seconds: scale.seconds.min(ROUND_S),
        ..scale.clone()
    };
    let most = folding::most(&short, server, Shape::Mixed).await?;
    leave(watching)?;
    Ok(most)
}

fn leave(watching: Vec<JoinHandle<Result<()>>>) -> Result<()> {
    for viewer in watching {
        if viewer.is_finished() {
            bail!("a viewer's stream ended by itself");
        }
        viewer.abort();
    }
    Ok(())
}

/// Watches without end: everything, one event, or who enters and leaves segments.
async fn watch(address: SocketAddr, place: u64, told: Arc<AtomicU64>) -> Result<()> {
    let query = match place % 4 {
        0 | 1 => "",
        2 => "?event=Order%20Completed",
        _ => "?kind=entered,exited",
    };
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "GET /api/v1/live{query} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut buffer = vec![0; 64 << 10];
    loop {
        match stream.read(&mut buffer).await? {
            0 => bail!("the stream ended"),
            bytes => told.fetch_add(bytes as u64, Ordering::Relaxed),
        };
    }
}
