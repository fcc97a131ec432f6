//! Reads a request's body: bounded in size and time, decompressed where it is gzip.

use super::refused::Refused;
use axum::body::{Body, HttpBody};
use bytes::Buf;
use flate2::read::MultiGzDecoder;
use rapport_core::event::dialect::segment::BATCH_BYTES_MAX;
use std::future::poll_fn;
use std::io::Read;
use std::pin::Pin;
use std::time::Duration;

/// How long a body may take to arrive.
const ARRIVAL_MAX: Duration = Duration::from_secs(30);
/// How much of a body that is too large is still read, so that the client gets to read the answer.
const DRAINED_BYTES_MAX: usize = 8 * 1024 * 1024;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The body, decompressed.
///
/// Gzip is told by its first bytes: some SDKs send it under a wrong content type, and some
/// proxies decompress and leave the header.
///
/// # Errors
/// [`Refused::BodyTooLarge`], [`Refused::InvalidGzip`], [`Refused::Unfinished`].
pub(super) async fn read(body: Body) -> Result<Vec<u8>, Refused> {
    plain(untouched(body, BATCH_BYTES_MAX).await?)
}

/// A body as it arrived, decompressed where it is gzip.
///
/// # Errors
/// [`Refused::BodyTooLarge`], [`Refused::InvalidGzip`].
pub(super) fn plain(body: Vec<u8>) -> Result<Vec<u8>, Refused> {
    if body.starts_with(&GZIP_MAGIC) {
        decompress(&body)
    } else {
        Ok(body)
    }
}

/// The body byte for byte, where it has so many bytes at most: what a signature is made of.
///
/// # Errors
/// [`Refused::BodyTooLarge`], [`Refused::Unfinished`].
pub(super) async fn untouched(body: Body, bytes_max: usize) -> Result<Vec<u8>, Refused> {
    let collected = tokio::time::timeout(ARRIVAL_MAX, collect(body, bytes_max)).await;
    collected.unwrap_or(Err(Refused::Unfinished))
}

async fn collect(mut body: Body, bytes_max: usize) -> Result<Vec<u8>, Refused> {
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut collected = Vec::with_capacity(expected.min(bytes_max));
    let mut seen = 0_usize;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|_| Refused::Unfinished)?;
        let Ok(mut data) = frame.into_data() else {
            continue;
        };
        seen = seen.saturating_add(data.remaining());
        if seen > DRAINED_BYTES_MAX {
            return Err(Refused::BodyTooLarge);
        }
        if seen <= bytes_max {
            collected.extend_from_slice(data.chunk());
        }
        data.advance(data.remaining());
    }
    if seen > bytes_max {
        Err(Refused::BodyTooLarge)
    } else {
        Ok(collected)
    }
}

fn decompress(body: &[u8]) -> Result<Vec<u8>, Refused> {
    let mut plain = Vec::with_capacity((body.len() * 4).min(BATCH_BYTES_MAX + 1));
    // One byte over the limit tells a bomb from a body that just fits.
    let mut bounded = MultiGzDecoder::new(body).take(BATCH_BYTES_MAX as u64 + 1);
    match bounded.read_to_end(&mut plain) {
        Ok(_) if plain.len() > BATCH_BYTES_MAX => Err(Refused::BodyTooLarge),
        Ok(_) => Ok(plain),
        Err(error) => Err(Refused::InvalidGzip(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).expect("memory");
        encoder.finish().expect("memory")
    }

    async fn check(sent: Vec<u8>, expected: Result<Vec<u8>, &str>) {
        let read = read(Body::from(sent)).await;
        assert_eq!(read.map_err(|refused| refused.code()), expected);
    }

    #[tokio::test]
    async fn bodies_are_limited_to_the_byte_plain_and_compressed() {
        let fits = vec![b'x'; BATCH_BYTES_MAX];
        let over = vec![b'x'; BATCH_BYTES_MAX + 1];
        check(fits.clone(), Ok(fits.clone())).await;
        check(gzip(&fits), Ok(fits)).await;
        check(over.clone(), Err("body_too_large")).await;
        check(gzip(&over), Err("body_too_large")).await;
    }

    #[tokio::test]
    async fn a_bomb_is_refused_without_being_unpacked() {
        check(gzip(&vec![0; 50 * 1024 * 1024]), Err("body_too_large")).await;
        let mut nested = gzip(b"{");
        nested.extend(gzip(&vec![b' '; BATCH_BYTES_MAX]));
        check(nested, Err("body_too_large")).await;
    }

    #[tokio::test]
    async fn broken_gzip_is_refused() {
        let whole = gzip(b"{\"batch\":[]}");
        check(whole[..whole.len() - 3].to_vec(), Err("invalid_gzip")).await;
        check(vec![0x1f, 0x8b], Err("invalid_gzip")).await;
    }

    #[tokio::test]
    async fn an_empty_body_is_a_body() {
        check(Vec::new(), Ok(Vec::new())).await;
    }
}
