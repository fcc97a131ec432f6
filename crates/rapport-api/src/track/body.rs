//! Reads a request's body: bounded in size and time, decompressed where it is gzip.
//!
//! Small bodies are read at once. What is larger than Segment's largest needs room that all large
//! bodies share, so that however many come, the memory they take together is bounded.

use super::refused::Refused;
use axum::body::{Body, HttpBody};
use bytes::Buf;
use flate2::read::MultiGzDecoder;
use rapport_core::event::dialect::segment::BATCH_BYTES_MAX as SMALL_BYTES_MAX;
use std::future::poll_fn;
use std::io::Read;
use std::pin::Pin;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// How long a body may take to arrive.
const ARRIVAL_MAX: Duration = Duration::from_secs(30);
/// How much of a body that is too large is still read, so that the client gets to read the answer.
const DRAINED_BYTES_MAX: usize = 8 * 1024 * 1024;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// What large bodies may be together, in KB of their limits.
const LARGE_KB: usize = 64 * 1024;
/// How long a large body waits for room, and when its sender is to try again.
const ROOM_WAIT: Duration = Duration::from_secs(5);
const RETRY_ROOM_S: u32 = 2;

static LARGE: Semaphore = Semaphore::const_new(LARGE_KB);

/// A body, decompressed, and the room it takes for as long as it is there.
pub(super) struct Arrived {
    /// The bytes.
    pub(super) bytes: Vec<u8>,
    /// Held until it is on disk.
    pub(super) room: Option<SemaphorePermit<'static>>,
}

/// Reads a body of at most `bytes_max` bytes.
///
/// Gzip is told by its first bytes: some SDKs send it under a wrong content type, and some
/// proxies decompress and leave the header.
///
/// # Errors
/// [`Refused::BodyTooLarge`], [`Refused::InvalidGzip`], [`Refused::Unfinished`], and
/// [`Refused::Busy`] where there is no room for a large one.
pub(super) async fn read(body: Body, bytes_max: usize) -> Result<Arrived, Refused> {
    let mut room = None;
    let collecting = collect(body, bytes_max, &mut room);
    let collected = tokio::time::timeout(ARRIVAL_MAX, collecting).await;
    let body = collected.unwrap_or(Err(Refused::Unfinished))?;
    let bytes = if body.starts_with(&GZIP_MAGIC) {
        match decompress(&body, bytes_max.min(SMALL_BYTES_MAX)) {
            Err(Refused::BodyTooLarge(_)) if bytes_max > SMALL_BYTES_MAX => {
                make_room(bytes_max, &mut room).await?;
                decompress(&body, bytes_max)?
            }
            decompressed => decompressed?,
        }
    } else {
        body
    };
    Ok(Arrived { bytes, room })
}

/// A body of at most `bytes_max` bytes, byte for byte: what a signature is made of.
///
/// # Errors
/// [`Refused::BodyTooLarge`], [`Refused::Unfinished`], and [`Refused::Busy`] where there is no room
/// for a large one.
pub(super) async fn untouched(body: Body, bytes_max: usize) -> Result<Arrived, Refused> {
    let mut room = None;
    let collecting = collect(body, bytes_max, &mut room);
    let collected = tokio::time::timeout(ARRIVAL_MAX, collecting).await;
    let bytes = collected.unwrap_or(Err(Refused::Unfinished))?;
    Ok(Arrived { bytes, room })
}

async fn collect(
    mut body: Body,
    bytes_max: usize,
    room: &mut Option<SemaphorePermit<'static>>,
) -> Result<Vec<u8>, Refused> {
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut collected = Vec::with_capacity(expected.min(bytes_max).min(SMALL_BYTES_MAX));
    let drained_max = DRAINED_BYTES_MAX.max(bytes_max);
    let mut seen = 0_usize;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|_| Refused::Unfinished)?;
        let Ok(mut data) = frame.into_data() else {
            continue;
        };
        seen = seen.saturating_add(data.remaining());
        if seen > drained_max {
            return Err(Refused::BodyTooLarge(bytes_max));
        }
        if seen <= bytes_max {
            if seen > SMALL_BYTES_MAX {
                make_room(bytes_max, room).await?;
            }
            collected.extend_from_slice(data.chunk());
        }
        data.advance(data.remaining());
    }
    if seen > bytes_max {
        Err(Refused::BodyTooLarge(bytes_max))
    } else {
        Ok(collected)
    }
}

async fn make_room(
    bytes_max: usize,
    room: &mut Option<SemaphorePermit<'static>>,
) -> Result<(), Refused> {
    if room.is_some() {
        return Ok(());
    }
    let kilobytes = u32::try_from(bytes_max.div_ceil(1024).min(LARGE_KB)).unwrap_or(u32::MAX);
    let waited = tokio::time::timeout(ROOM_WAIT, LARGE.acquire_many(kilobytes)).await;
    match waited {
        Ok(Ok(permit)) => {
            *room = Some(permit);
            Ok(())
        }
        _ => Err(Refused::Busy {
            retry_after_s: RETRY_ROOM_S,
        }),
    }
}

/// The bytes behind gzip, at most `bytes_max` of them.
///
/// # Errors
/// [`Refused::BodyTooLarge`] and [`Refused::InvalidGzip`].
pub(super) fn decompress(body: &[u8], bytes_max: usize) -> Result<Vec<u8>, Refused> {
    let mut plain = Vec::with_capacity((body.len() * 4).min(bytes_max + 1));
    // One byte over the limit tells a bomb from a body that just fits.
    let mut bounded = MultiGzDecoder::new(body).take(bytes_max as u64 + 1);
    match bounded.read_to_end(&mut plain) {
        Ok(_) if plain.len() > bytes_max => Err(Refused::BodyTooLarge(bytes_max)),
        Ok(_) => Ok(plain),
        Err(error) => Err(Refused::InvalidGzip(error.to_string())),
    }
}

/// Whether bytes are gzip, by the first of them.
pub(super) fn is_gzip(body: &[u8]) -> bool {
    body.starts_with(&GZIP_MAGIC)
}

#[cfg(test)]
mod tests {
    use super::SMALL_BYTES_MAX as BATCH_BYTES_MAX;
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
        check_within(BATCH_BYTES_MAX, sent, expected).await;
    }

    async fn check_within(bytes_max: usize, sent: Vec<u8>, expected: Result<Vec<u8>, &str>) {
        let read = read(Body::from(sent), bytes_max).await;
        let read = read.map(|read| read.bytes);
        let read = read.map_err(|refused| refused.code().to_owned());
        assert_eq!(read, expected.map_err(str::to_owned));
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
    async fn large_bodies_are_limited_to_the_byte_too_and_share_their_room() {
        const LARGE: usize = 4_000 * 1024;
        let fits = vec![b'x'; LARGE];
        let over = vec![b'x'; LARGE + 1];
        for _ in 0..20 {
            check_within(LARGE, fits.clone(), Ok(fits.clone())).await;
        }
        check_within(LARGE, gzip(&fits), Ok(fits)).await;
        check_within(LARGE, over.clone(), Err("body_too_large")).await;
        check_within(LARGE, gzip(&over), Err("body_too_large")).await;
        check_within(LARGE, gzip(&vec![0; 50 << 20]), Err("body_too_large")).await;
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
