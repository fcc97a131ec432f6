//! One HTTP/1.1 connection that is kept open and costs little: the load shares its cores with
//! the server it measures.

use anyhow::{Context, Result, bail};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Largest head of an answer, in bytes.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// An open connection.
pub(super) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// Where nobody listens.
    pub(super) async fn connect(address: SocketAddr) -> Result<Client> {
        let stream = TcpStream::connect(address)
            .await
            .context("connecting to the server")?;
        stream.set_nodelay(true)?;
        Ok(Client {
            stream,
            buffer: Vec::with_capacity(4_096),
        })
    }

    /// Sends a whole request and reads the whole answer; returns its status.
    ///
    /// # Errors
    /// Where the connection breaks, or the answer is no HTTP with a length.
    pub(super) async fn send(&mut self, request: &[u8]) -> Result<u16> {
        self.stream.write_all(request).await?;
        let (status, body, length) = self.head().await?;
        while self.buffer.len() < body + length {
            self.fill().await?;
        }
        Ok(status)
    }

    /// Calls the API; returns status and body.
    ///
    /// # Errors
    /// Those of [`Client::send`].
    pub(super) async fn call(
        &mut self,
        method: &str,
        path: &str,
        token: &str,
        body: &str,
    ) -> Result<(u16, String)> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        let (status, start, length) = self.head().await?;
        while self.buffer.len() < start + length {
            self.fill().await?;
        }
        let body = String::from_utf8_lossy(&self.buffer[start..start + length]).into_owned();
        Ok((status, body))
    }

    /// Reads an answer's head: its status, where its body begins, and how long that is.
    async fn head(&mut self) -> Result<(u16, usize, usize)> {
        self.buffer.clear();
        let end = loop {
            self.fill().await?;
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            if self.buffer.len() > HEAD_BYTES_MAX {
                bail!("the answer's head does not end");
            }
        };
        let head = std::str::from_utf8(&self.buffer[..end]).context("the answer's head")?;
        let status = head
            .get(9..12)
            .and_then(|code| code.parse().ok())
            .context("no status")?;
        let length = head.lines().skip(1).find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse().ok())?
        });
        Ok((status, end + 4, length.unwrap_or(0)))
    }

    async fn fill(&mut self) -> Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the server closed the connection");
        }
        Ok(())
    }
}
