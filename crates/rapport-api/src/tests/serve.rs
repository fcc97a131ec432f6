//! Connections: kept alive, bounded, and finished before the server ends.

use crate::serve;
use axum::Router;
use axum::routing::post;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

struct Served {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<std::io::Result<()>>,
}

async fn served(router: Router) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopping) = oneshot::channel();
    let shutdown = async {
        let _ = stopping.await;
    };
    let ended = tokio::spawn(serve(listener, router, shutdown));
    Served {
        address,
        stop,
        ended,
    }
}

/// Sends bytes and reads until the answer holds `end`, or the other side ends.
async fn exchange(stream: &mut TcpStream, request: &str, end: &str) -> String {
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    let mut buffer = [0; 4_096];
    while !String::from_utf8_lossy(&answer).contains(end) {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(read) => answer.extend_from_slice(&buffer[..read]),
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

const REQUEST: &str = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}";

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_serves_many_requests_and_ends_with_the_server() {
    let served = served(Router::new().route("/", post(async || "answer"))).await;
    let mut stream = TcpStream::connect(served.address).await.expect("connected");
    for _ in 0..3 {
        let answer = exchange(&mut stream, REQUEST, "answer").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    served.stop.send(()).expect("running");
    served.ended.await.expect("no panic").expect("no error");
    assert_eq!(
        exchange(&mut stream, "", "answer").await,
        "",
        "the idle connection is closed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_way_is_answered_before_the_server_ends() {
    let (begun, finish) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let slow = {
        let (begun, finish) = (begun.clone(), finish.clone());
        async move || {
            begun.notify_one();
            finish.notified().await;
            "late answer"
        }
    };
    let served = served(Router::new().route("/", post(slow))).await;
    let mut stream = TcpStream::connect(served.address).await.expect("connected");
    let asking = tokio::spawn(async move { exchange(&mut stream, REQUEST, "late answer").await });
    begun.notified().await;
    served.stop.send(()).expect("running");
    finish.notify_one();
    let answer = asking.await.expect("no panic");
    assert!(answer.contains("late answer"), "{answer}");
    served.ended.await.expect("no panic").expect("no error");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_is_limited_in_size_and_in_number() {
    let served = served(Router::new().route("/", post(async || "answer"))).await;
    let long = format!("POST / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(300_000));
    let many = format!("POST / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(200));
    for head in [long, many] {
        let mut stream = TcpStream::connect(served.address).await.expect("connected");
        let answer = exchange(&mut stream, &head, "\r\n\r\n").await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
            "{answer}"
        );
    }
    let mut stream = TcpStream::connect(served.address).await.expect("connected");
    assert!(
        exchange(&mut stream, REQUEST, "answer")
            .await
            .contains("200"),
        "others go on"
    );
}
