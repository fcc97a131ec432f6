//! How the state's keys and values are spelled: one codec per table, the same in every engine.
//!
//! Values that hold more than a number start with a format byte, so that a later version can
//! read what an earlier one wrote.

use rapport_core::crm::RecordNo;
use rapport_core::event::SourceNo;
use rapport_core::identity::{Identifier, ProfileNo};
use rapport_core::position::Position;
use rapport_core::segment::membership::SegmentNo;
use rapport_core::time::Millis;
use rapport_store::Error;
use rapport_store::state::{Key, Table, Value, Write, number_key};
use serde::Serialize;
use serde::de::DeserializeOwned;
use siphasher::sip128::{Hasher128, SipHasher24};
use std::hash::Hasher;

/// The format byte of packed values.
const FORMAT: u8 = 1;

/// Packs a value behind its format byte.
#[must_use]
pub fn pack<T: Serialize>(value: &T) -> Value {
    postcard::to_extend(value, vec![FORMAT]).expect("rows are plain data")
}

/// Unpacks what [`pack`] packed.
///
/// # Errors
/// [`Error::Damaged`], naming the table, where the bytes are not such a value.
pub fn unpack<T: DeserializeOwned>(table: Table, bytes: &[u8]) -> Result<T, Error> {
    let damaged = |detail: String| Error::Damaged {
        what: format!("a row of {table:?}"),
        detail,
    };
    match bytes.split_first() {
        Some((&FORMAT, packed)) => {
            postcard::from_bytes(packed).map_err(|error| damaged(error.to_string()))
        }
        Some((format, _)) => Err(damaged(format!("format {format} is of a newer version"))),
        None => Err(damaged("it is empty".to_owned())),
    }
}

/// The write of a packed value.
#[must_use]
pub fn put<T: Serialize>(table: Table, key: Key, value: &T) -> Write {
    Write {
        table,
        key,
        value: Some(pack(value)),
    }
}

/// The write that removes a key.
#[must_use]
pub fn remove(table: Table, key: Key) -> Write {
    Write {
        table,
        key,
        value: None,
    }
}

/// The key of a profile's row.
#[must_use]
pub fn profile_key(number: ProfileNo) -> Key {
    number_key(number.0)
}

/// Reads a key of a numbered table.
///
/// # Errors
/// [`Error::Damaged`] where it is not eight bytes.
pub fn number_of(table: Table, key: &[u8]) -> Result<u64, Error> {
    let bytes = key.try_into().map_err(|_| Error::Damaged {
        what: format!("a key of {table:?}"),
        detail: format!("{} bytes", key.len()),
    })?;
    Ok(u64::from_be_bytes(bytes))
}

/// A position as a key: sorts as positions do.
#[must_use]
pub fn position_key(position: Position) -> Key {
    let mut key = Vec::with_capacity(16);
    key.extend(position.request.to_be_bytes());
    key.extend(position.command.to_be_bytes());
    key.extend(position.index.to_be_bytes());
    key.into()
}

/// Reads the first sixteen bytes of a key as a position.
#[must_use]
pub fn position_of(key: &[u8]) -> Option<Position> {
    let request = u64::from_be_bytes(key.get(..8)?.try_into().ok()?);
    let command = u32::from_be_bytes(key.get(8..12)?.try_into().ok()?);
    let index = u32::from_be_bytes(key.get(12..16)?.try_into().ok()?);
    Some(Position {
        request,
        command,
        index,
    })
}

/// The key of what a bulk did to a record.
#[must_use]
pub fn bulk_record_key(bulk: Position, record: RecordNo) -> Key {
    let mut key = position_key(bulk).into_vec();
    key.extend(record.0.to_be_bytes());
    key.into()
}

/// The record of such a key.
#[must_use]
pub fn bulk_record_of(key: &[u8]) -> Option<RecordNo> {
    let number = key.get(16..24)?.try_into().ok()?;
    Some(RecordNo(u64::from_be_bytes(number)))
}

/// The key of a timer row.
#[must_use]
pub fn timer_key(moment: Millis, person: ProfileNo) -> Key {
    let mut key = Vec::with_capacity(16);
    // The sign bit is flipped so that moments before 1970 sort first.
    key.extend((moment.0 ^ i64::MIN).to_be_bytes());
    key.extend(person.0.to_be_bytes());
    key.into()
}

/// Reads a timer row's key.
#[must_use]
pub fn timer_of(key: &[u8]) -> Option<(Millis, ProfileNo)> {
    let moment = i64::from_be_bytes(key.get(..8)?.try_into().ok()?) ^ i64::MIN;
    let person = u64::from_be_bytes(key.get(8..16)?.try_into().ok()?);
    Some((Millis(moment), ProfileNo(person)))
}

/// The key of a journal number listed under a profile.
#[must_use]
pub fn journal_of_key(person: ProfileNo, number: u64) -> Key {
    [person.0.to_be_bytes(), number.to_be_bytes()]
        .concat()
        .into()
}

/// The key of the moment a source was last heard of.
#[must_use]
pub fn received_key(source: SourceNo) -> Key {
    [&b"received/"[..], &source.0.to_be_bytes()].concat().into()
}

/// The key under which somebody is listed with a company.
#[must_use]
pub fn company_person_key(company: u128, person: ProfileNo) -> Key {
    [cell_of(company).to_be_bytes(), person.0.to_be_bytes()]
        .concat()
        .into()
}

/// Reads whom such a key lists.
#[must_use]
pub fn company_person_of(key: &[u8]) -> Option<ProfileNo> {
    let number = key.get(8..16)?.try_into().ok()?;
    Some(ProfileNo(u64::from_be_bytes(number)))
}

/// People in one chunk of a segment's member list.
pub const CHUNK: u64 = 1 << 14;

/// The key of a chunk of a segment's member list.
#[must_use]
pub fn members_key(segment: SegmentNo, chunk: u32) -> Key {
    [segment.0.to_be_bytes(), chunk.to_be_bytes()]
        .concat()
        .into()
}

/// The key of an entry into a segment, or of an exit: sorts by segment and moment, entries first.
#[must_use]
pub fn change_key(segment: SegmentNo, at: Millis, person: ProfileNo, has_left: bool) -> Key {
    let mut key = segment_from_key(segment, at.0).into_vec();
    key.extend(person.0.to_be_bytes());
    key.push(u8::from(has_left));
    key.into()
}

/// Reads the key of a change: the segment, the moment, whose, and whether they left.
#[must_use]
pub fn change_of(key: &[u8]) -> Option<(SegmentNo, Millis, ProfileNo, bool)> {
    let (segment, at) = segment_from(key.get(..12)?)?;
    let person = u64::from_be_bytes(key.get(12..20)?.try_into().ok()?);
    match key.get(20..)? {
        [direction] => Some((segment, Millis(at), ProfileNo(person), *direction == 1)),
        _ => None,
    }
}

/// The first key of what is kept of a segment from a moment, or from an hour, on.
#[must_use]
pub fn segment_from_key(segment: SegmentNo, from: i64) -> Key {
    let mut key = segment.0.to_be_bytes().to_vec();
    // The sign bit is flipped so that moments before 1970 sort first.
    key.extend((from ^ i64::MIN).to_be_bytes());
    key.into()
}

/// Reads such a key.
#[must_use]
pub fn segment_from(key: &[u8]) -> Option<(SegmentNo, i64)> {
    let segment = u32::from_be_bytes(key.get(..4)?.try_into().ok()?);
    let from = i64::from_be_bytes(key.get(4..12)?.try_into().ok()?) ^ i64::MIN;
    Some((SegmentNo(segment), from))
}

/// The key of some members of a frozen segment.
#[must_use]
pub fn frozen_key(position: Position, list: SegmentNo, chunk: u32) -> Key {
    let mut key = position_key(position).into_vec();
    key.extend(list.0.to_be_bytes());
    key.extend(chunk.to_be_bytes());
    key.into()
}

/// Reads such a key.
#[must_use]
pub fn frozen_of(key: &[u8]) -> Option<(Position, SegmentNo, u32)> {
    let number = |at: usize| Some(u32::from_be_bytes(key.get(at..at + 4)?.try_into().ok()?));
    let (list, chunk) = (number(16)?, number(20)?);
    Some((position_of(key)?, SegmentNo(list), chunk))
}

/// Events of one origin in one row of [`Table::Moved`] at most.
pub const MOVED: usize = 4_096;

/// The key of some of the events of an origin that an undo moved.
#[must_use]
pub fn moved_key(origin: ProfileNo, nth: u32) -> Key {
    let mut key = origin.0.to_be_bytes().to_vec();
    key.extend(nth.to_be_bytes());
    key.into()
}

/// Reads a row of moved events: their origin, and whose each is.
///
/// # Errors
/// [`Error::Damaged`] where it is none.
pub fn moved_of(
    key: &[u8],
    value: &[u8],
) -> Result<(ProfileNo, Vec<(Position, ProfileNo)>), Error> {
    let origin = key.get(..8).unwrap_or_default();
    let origin = ProfileNo(number_of(Table::Moved, origin)?);
    Ok((origin, unpack(Table::Moved, value)?))
}

/// The key of what a member said of a contact.
#[must_use]
pub fn edit_key(origin: ProfileNo, place: Position) -> Key {
    let mut key = origin.0.to_be_bytes().to_vec();
    key.extend(position_key(place));
    key.into()
}

/// The key of a record that an event linked to somebody.
#[must_use]
pub fn attached_key(origin: ProfileNo, place: Position, record: (u32, u64)) -> Key {
    let mut key = edit_key(origin, place).into_vec();
    key.extend(record.0.to_be_bytes());
    key.extend(record.1.to_be_bytes());
    key.into()
}

/// Reads such a key: the entry, and the record.
#[must_use]
pub fn attached_of(key: &[u8]) -> Option<(Position, (u32, u64))> {
    let place = position_of(key.get(8..)?)?;
    Some((place, record_of(key.get(24..36)?)?))
}

/// A record as a key: its type and its number.
#[must_use]
pub fn record_key(record: (u32, u64)) -> Key {
    let mut key = record.0.to_be_bytes().to_vec();
    key.extend(record.1.to_be_bytes());
    key.into()
}

/// Reads such a key, or the first twelve bytes of one that begins with it.
#[must_use]
pub fn record_of(key: &[u8]) -> Option<(u32, u64)> {
    let object = u32::from_be_bytes(key.get(..4)?.try_into().ok()?);
    let number = u64::from_be_bytes(key.get(4..12)?.try_into().ok()?);
    Some((object, number))
}

/// The key of a change of a property of a record.
#[must_use]
pub fn property_history_key(record: (u32, u64), property: u16, place: Position) -> Key {
    let mut key = record_key(record).into_vec();
    key.extend(property.to_be_bytes());
    key.extend(position_key(place));
    key.into()
}

/// Reads such a key: the property, and the entry.
#[must_use]
pub fn property_history_of(key: &[u8]) -> Option<(u16, Position)> {
    let property = u16::from_be_bytes(key.get(12..14)?.try_into().ok()?);
    Some((property, position_of(key.get(14..)?)?))
}

/// Hashes under this directory's secret, so that nobody outside can aim at a collision.
#[derive(Clone, Copy)]
pub struct Hash {
    secret: [u8; 16],
}

impl Hash {
    /// Hashes under `secret`.
    #[must_use]
    pub fn new(secret: [u8; 16]) -> Hash {
        Hash { secret }
    }

    /// Of an identifier, normalised.
    #[must_use]
    pub fn identifier(&self, identifier: &Identifier) -> u128 {
        self.of(
            identifier.kind.word().as_bytes(),
            identifier.value.as_bytes(),
        )
    }

    /// Of a company's id.
    #[must_use]
    pub fn company(&self, id: &str) -> u128 {
        self.of(b"company", id.as_bytes())
    }

    /// Of a message id of a source.
    #[must_use]
    pub fn seen(&self, source: u32, message_id: &str) -> u128 {
        self.of(&source.to_be_bytes(), message_id.as_bytes())
    }

    /// Of a stratum of a sample: a lot that nobody outside can foresee, and the same each time.
    #[must_use]
    pub fn lot(&self, stratum: u64) -> u128 {
        self.of(b"lot", &stratum.to_be_bytes())
    }

    /// Of a text that is given out and comes back.
    #[must_use]
    pub fn seal(&self, purpose: &str, text: &str) -> u128 {
        self.of(format!("seal {purpose}").as_bytes(), text.as_bytes())
    }

    /// Of a value that a transformation masks.
    #[must_use]
    pub fn masked(&self, value: &str) -> u128 {
        self.of(b"masked", value.as_bytes())
    }

    fn of(&self, kind: &[u8], value: &[u8]) -> u128 {
        let mut hasher = SipHasher24::new_with_key(&self.secret);
        hasher.write(kind);
        hasher.write(&[0]);
        hasher.write(value);
        hasher.finish128().as_u128()
    }
}

/// The numbered key under which a 128-bit hash is kept: its upper half.
#[must_use]
pub fn cell_of(hash: u128) -> u64 {
    (hash >> 64) as u64
}

/// The row of a cell: every hash that shares the cell's number, with what it leads to.
#[must_use]
pub fn cell(entries: &[(u128, u64)]) -> Value {
    let mut value = Vec::with_capacity(entries.len() * 24);
    for (hash, number) in entries {
        value.extend(hash.to_be_bytes());
        value.extend(number.to_be_bytes());
    }
    value
}

/// Reads a cell.
///
/// # Errors
/// [`Error::Damaged`] where it is not whole entries.
pub fn cell_entries(table: Table, value: &[u8]) -> Result<Vec<(u128, u64)>, Error> {
    if !value.len().is_multiple_of(24) {
        let detail = format!("{} bytes", value.len());
        return Err(Error::Damaged {
            what: format!("a cell of {table:?}"),
            detail,
        });
    }
    let entry = |bytes: &[u8]| {
        let hash = u128::from_be_bytes(bytes[..16].try_into().expect("16 bytes"));
        (
            hash,
            u64::from_be_bytes(bytes[16..].try_into().expect("8 bytes")),
        )
    };
    Ok(value.chunks_exact(24).map(entry).collect())
}
