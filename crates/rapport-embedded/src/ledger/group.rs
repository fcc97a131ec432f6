//! The bytes of one row of the ledger: a group of requests, repeated origins stored once.

use rapport_core::event::{Call, Dialect, KeyKind, Origin, SourceNo};
use rapport_core::time::Millis;
use rapport_store::ledger::Submission;
use rapport_store::{Error, Result};
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;
use std::collections::BTreeMap;
use std::hash::Hasher;

/// Bytes as encoded, for groups too small or too random to shrink.
const PLAIN: u8 = 0;
/// The same, compressed as one LZ4 block with its size in front.
const LZ4: u8 = 1;

/// The most that one packed byte stands for.
const LZ4_RATIO_MAX: usize = 255;
/// What an origin's texts take at most; the door keeps a few hundred bytes.
const ORIGIN_BYTES_MAX: usize = 64 << 10;

/// A group as a row holds it.
pub(crate) struct Encoded {
    /// How many requests.
    pub(crate) count: u32,
    /// How `body` is packed.
    pub(crate) codec: u8,
    /// A [`Header`], then all bodies end to end.
    pub(crate) body: Vec<u8>,
}

/// What stands in front of the bodies.
#[derive(Serialize, Deserialize)]
struct Header {
    origins: Vec<Origin>,
    /// For each request the place of its origin, and the length of its body.
    requests: Vec<(u32, u32)>,
}

type OriginKey<'a> = (
    SourceNo,
    KeyKind,
    Dialect,
    Call,
    Option<&'a str>,
    Option<&'a str>,
);

impl Encoded {
    /// What must not change between writing and reading.
    pub(crate) fn checksum(&self, first: u64, received: Millis) -> u64 {
        let mut hasher = SipHasher13::new();
        hasher.write_u64(first);
        hasher.write_u32(self.count);
        hasher.write_i64(received.0);
        hasher.write_u8(self.codec);
        hasher.write(&self.body);
        hasher.finish()
    }
}

/// Packs a group.
pub(crate) fn encode(group: &[Submission]) -> Result<Encoded> {
    let too_big = |detail: String| Error::Engine {
        what: "a group for the ledger".into(),
        detail,
    };
    let count = u32::try_from(group.len()).map_err(|error| too_big(error.to_string()))?;
    let mut places: BTreeMap<OriginKey<'_>, u32> = BTreeMap::new();
    let mut header = Header {
        origins: Vec::new(),
        requests: Vec::with_capacity(group.len()),
    };
    for submission in group {
        let next = places.len() as u32;
        let place = *places.entry(key(&submission.origin)).or_insert(next);
        if place == next && header.origins.len() == next as usize {
            header.origins.push(submission.origin.clone());
        }
        let length =
            u32::try_from(submission.body.len()).map_err(|error| too_big(error.to_string()))?;
        header.requests.push((place, length));
    }
    let mut plain = postcard::to_stdvec(&header).map_err(|error| too_big(error.to_string()))?;
    plain.reserve(group.iter().map(|submission| submission.body.len()).sum());
    for submission in group {
        plain.extend_from_slice(&submission.body);
    }
    let packed = lz4_flex::compress_prepend_size(&plain);
    let (codec, body) = if packed.len() < plain.len() {
        (LZ4, packed)
    } else {
        (PLAIN, plain)
    };
    Ok(Encoded { count, codec, body })
}

/// Unpacks a group whose checksum was right; the error says what is wrong with it.
pub(crate) fn decode(group: &Encoded) -> std::result::Result<Vec<Submission>, String> {
    let unpacked;
    let plain = match group.codec {
        PLAIN => &group.body,
        LZ4 => {
            unpacked = unpack(&group.body)?;
            &unpacked
        }
        other => {
            return Err(format!(
                "it is packed in way {other}, which this version does not know"
            ));
        }
    };
    let (header, mut bodies): (Header, &[u8]) =
        postcard::take_from_bytes(plain).map_err(|error| error.to_string())?;
    if header.requests.len() != group.count as usize {
        return Err("it holds another number of requests than it says".into());
    }
    if header.origins.iter().any(is_too_long) {
        return Err("it names an origin longer than any door takes".into());
    }
    let mut submissions = Vec::with_capacity(header.requests.len());
    for (place, length) in header.requests {
        let origin = header
            .origins
            .get(place as usize)
            .ok_or("it names an origin it lacks")?;
        let (body, rest) = bodies
            .split_at_checked(length as usize)
            .ok_or("it ends too early")?;
        bodies = rest;
        submissions.push(Submission {
            origin: origin.clone(),
            body: body.to_vec(),
        });
    }
    if !bodies.is_empty() {
        return Err("it holds more bytes than its requests".into());
    }
    Ok(submissions)
}

/// Unpacks a block that says how long it is, as far as it can be so long at all.
fn unpack(packed: &[u8]) -> std::result::Result<Vec<u8>, String> {
    let says = packed.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
    let says = says.ok_or("it ends too early")? as usize;
    if says > packed.len().saturating_mul(LZ4_RATIO_MAX) {
        return Err(format!("{} bytes cannot hold {says}", packed.len()));
    }
    lz4_flex::decompress_size_prepended(packed).map_err(|error| error.to_string())
}

/// An origin is repeated for each of its requests, so a long one would be many times as long.
fn is_too_long(origin: &Origin) -> bool {
    let texts = [&origin.ip, &origin.user_agent];
    texts.into_iter().flatten().map(String::len).sum::<usize>() > ORIGIN_BYTES_MAX
}

fn key(origin: &Origin) -> OriginKey<'_> {
    (
        origin.source,
        origin.key_kind,
        origin.dialect,
        origin.call,
        origin.ip.as_deref(),
        origin.user_agent.as_deref(),
    )
}
