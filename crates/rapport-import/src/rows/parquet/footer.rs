//! A Parquet file's footer, walked before the decoder reads it: the decoder makes room for as many
//! items as a list says it has and follows a schema as deep as it nests, and a process that runs out
//! of memory or stack over that is gone.

use super::compact::{Compact, LIST, STRUCT};
use crate::error::{Error, Result, disk};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// The largest footer: of a thousand row groups of a hundred columns it has 15 MB.
const BYTES_MAX: u64 = 32 << 20;
/// How deep a schema may nest. Events nest as deep.
const DEPTH_MAX: usize = 100;
/// What stands behind the footer: its length and the magic word.
const END_BYTES: u64 = 8;

const SCHEMA: i64 = 2;
const CHILDREN: i64 = 5;

/// Checks that the footer can be read within bounds.
///
/// # Errors
/// Where it cannot.
pub(super) fn check(mut file: &File) -> Result<()> {
    let failed = || disk("reading the file");
    let length = file.seek(SeekFrom::End(0)).map_err(failed())?;
    let Some(end) = length.checked_sub(END_BYTES) else {
        return Err(wrong("it is too short"));
    };
    file.seek(SeekFrom::Start(end)).map_err(failed())?;
    let mut tail = [0; END_BYTES as usize];
    file.read_exact(&mut tail).map_err(failed())?;
    let [a, b, c, d, magic @ ..] = tail;
    if magic != *b"PAR1" {
        return Err(wrong("it does not end as one; was it sent whole?"));
    }
    let bytes = u64::from(u32::from_le_bytes([a, b, c, d]));
    let Some(start) = end.checked_sub(bytes) else {
        return Err(wrong("its footer would be larger than the file"));
    };
    if bytes > BYTES_MAX {
        return Err(Error::File(format!(
            "the Parquet file's footer has {bytes} bytes and {BYTES_MAX} are read: write the file \
             with larger row groups, or as several files"
        )));
    }
    file.seek(SeekFrom::Start(start)).map_err(failed())?;
    let mut footer = Vec::new();
    file.take(bytes)
        .read_to_end(&mut footer)
        .map_err(failed())?;
    match walk(&mut Compact::new(&footer)) {
        None => Err(wrong("its footer is damaged")),
        Some(depth) if depth > DEPTH_MAX => Err(Error::File(format!(
            "the Parquet file's columns nest {depth} levels deep: {DEPTH_MAX} are read"
        ))),
        Some(_) => Ok(()),
    }
}

fn wrong(what: &str) -> Error {
    Error::File(format!("the file is no Parquet that can be read: {what}"))
}

/// How deep the schema nests; `None` where the footer is none.
fn walk(footer: &mut Compact<'_>) -> Option<usize> {
    let mut depth = 0;
    footer.members(|footer, number, kind| match (number, kind) {
        (SCHEMA, LIST) => {
            depth = schema(footer)?;
            Some(())
        }
        _ => footer.skip(kind),
    })?;
    Some(depth)
}

/// A tree as a list: each element says how many of those behind it are its children.
fn schema(footer: &mut Compact<'_>) -> Option<usize> {
    let (STRUCT, count) = footer.list()? else {
        return None;
    };
    let mut open: Vec<i64> = Vec::new();
    let mut deepest = 0;
    for _ in 0..count {
        let mut children = 0;
        footer.members(|footer, number, kind| match (number, kind) {
            (CHILDREN, 4..=6) => {
                children = footer.number()?;
                Some(())
            }
            _ => footer.skip(kind),
        })?;
        if let Some(left) = open.last_mut() {
            *left -= 1;
        }
        open.push(children);
        deepest = deepest.max(open.len());
        while open.last().is_some_and(|left| *left <= 0) {
            open.pop();
        }
    }
    Some(deepest)
}
