//! For tests: a real HTTP server that keeps what it is sent and answers as it is told.

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Seen {
    /// A header's text, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

/// A server on a port of its own, gone when dropped with its runtime.
pub(crate) struct Receiver {
    pub(crate) at: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Receiver {
    /// Answers each request with what `answer` says to it.
    pub(crate) async fn start<F>(answer: F) -> Receiver
    where
        F: Fn(&Seen) -> Response + Clone + Send + Sync + 'static,
    {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        let handler = move |uri: Uri, headers: HeaderMap, body: Bytes| {
            let path = uri.path().to_owned();
            let body = String::from_utf8_lossy(&body).into_owned();
            let request = Seen {
                path,
                headers,
                body,
            };
            let response = answer(&request);
            kept.lock().expect("no test panics here").push(request);
            async move { response }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let at = listener.local_addr().expect("an address");
        let app = Router::new().fallback(handler);
        tokio::spawn(async move { axum::serve(listener, app).await });
        Receiver { at, seen }
    }

    /// Answers everything with this status.
    pub(crate) async fn always(status: StatusCode) -> Receiver {
        Receiver::start(move |_| status.into_response()).await
    }

    /// `http://127.0.0.1:<port>/hook`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.at)
    }

    /// Everything received so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no test panics here").clone()
    }
}

/// A server that sends `first` to everybody and then `drop` after `drop`, for ever.
pub(crate) async fn dribbling(
    first: &'static [u8],
    drop: &'static [u8],
    every_ms: u64,
) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let at = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = socket.read(&mut request).await;
                let mut sent = socket.write_all(first).await;
                while sent.is_ok() {
                    sent = socket.write_all(drop).await;
                    tokio::time::sleep(std::time::Duration::from_millis(every_ms)).await;
                }
            });
        }
    });
    at
}
