//! Answers connections: plain HTTP/1.1 without layers in between, bounded in time and size.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::Service;

/// How long a connection may take to send a request's head, idle time before it included.
const HEAD_MAX: Duration = Duration::from_secs(75);
/// About the largest head of a request (one read more can slip in), and the most that is
/// buffered of a body.
const BUFFER_BYTES_MAX: usize = 64 * 1024;
/// How many headers a request may have.
const HEADERS_MAX: usize = 100;
/// How long requests under way may take once the server stops.
const DRAIN_MAX: Duration = Duration::from_secs(20);
/// How long to wait when the system has no file descriptors left.
const NO_DESCRIPTOR: Duration = Duration::from_millis(50);

/// Who is at the other end of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// Says that the server stops: a stream without an end ends then.
#[derive(Clone)]
pub(crate) struct Stopping(watch::Receiver<()>);

impl Stopping {
    /// Returns once the server stops.
    pub(crate) async fn begun(mut self) {
        // The sender says nothing; it is dropped.
        while self.0.changed().await.is_ok() {}
    }
}

/// Answers connections until `shutdown`, then lets requests under way finish (20 s at most).
///
/// # Errors
/// Where the listener itself fails.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let (stop, stopping) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(answer(stream, Peer(peer), router.clone(), stopping.clone()));
                }
                Err(error) => rest(&error).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    // Dropping the sender is the signal.
    drop(stop);
    let drained = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN_MAX, drained).await.is_err() {
        tracing::warn!(
            open = connections.len(),
            "connections did not finish in time and are cut"
        );
    }
    Ok(())
}

/// An error of one connection is its own; one of the machine passes, or is waited for.
async fn rest(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    if matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    ) {
        return;
    }
    tracing::error!(%error, "a connection could not be accepted");
    tokio::time::sleep(NO_DESCRIPTOR).await;
}

async fn answer(stream: TcpStream, peer: Peer, router: Router, mut stopping: watch::Receiver<()>) {
    // Answers are small and whole: waiting to fill a packet only delays them.
    let _ = stream.set_nodelay(true);
    let told = Stopping(stopping.clone());
    let service = service_fn(move |mut request: Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(told.clone());
        router.clone().call(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_MAX)
        .max_headers(HEADERS_MAX)
        .max_buf_size(BUFFER_BYTES_MAX)
        .half_close(false)
        .pipeline_flush(true)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    tokio::select! {
        // A client that hangs up, or speaks no HTTP, harms nobody else.
        _ = connection.as_mut() => return,
        _ = stopping.changed() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
