//! How segments grew and shrank, and who came and went: what the writer noted, read back.

use crate::rows;
use crate::shared::Shared;
use rapport_core::fold::Why;
use rapport_core::identity::ProfileNo;
use rapport_core::segment::membership::SegmentNo;
use rapport_core::time::{DAY_MS, HOUR_MS, Millis};
use rapport_store::Result;
use rapport_store::state::{Key, Order, Page, Table};
use std::collections::BTreeMap;

/// How long counts of hours are kept, in milliseconds.
pub const HOURS_KEEP_MS: i64 = 731 * DAY_MS;
/// Rows read in one go.
const PAGE: usize = 1_000;
/// Pages read for one answer at most: where few of many rows are asked for, the answer may be
/// shorter than what there is, and says where to go on.
const PAGES_MAX: usize = 20;
/// How often the counts are read again where the writer came in between.
const TRIES: usize = 8;

/// A segment's size, and what moved it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hours {
    /// How many are in it now.
    pub size: u64,
    /// How many entered and left in each hour since 1970, where any did.
    pub moved: BTreeMap<i64, (u64, u64)>,
}

/// Reads them, as of one moment.
pub(crate) async fn hours(shared: &Shared, segment: SegmentNo, from: Millis) -> Result<Hours> {
    let state = &shared.roles.state;
    let size_key: Key = [&b"size/"[..], &segment.0.to_be_bytes()].concat().into();
    let mut read = Hours::default();
    for _ in 0..TRIES {
        let version = state.head().await?.version;
        let size = state
            .load(Table::Series, std::slice::from_ref(&size_key))
            .await?;
        let size = size.into_iter().flatten().next();
        let size = size.and_then(|row| row.as_slice().try_into().ok());
        read = Hours {
            size: size.map_or(0, u64::from_be_bytes),
            moved: BTreeMap::new(),
        };
        let mut next = rows::segment_from_key(segment, from.0.div_euclid(HOUR_MS));
        loop {
            let page = Page {
                table: Table::Turnover,
                from: next,
                to: Some(rows::segment_from_key(segment, i64::MAX)),
                limit: PAGE,
                order: Order::Ascending,
            };
            let some = state.scan(page).await?;
            for (key, row) in &some {
                if let Some((_, hour)) = rows::segment_from(key) {
                    read.moved.insert(hour, rows::unpack(Table::Turnover, row)?);
                }
            }
            match some.last() {
                Some((last, _)) if some.len() == PAGE => next = behind(last),
                _ => break,
            }
        }
        if state.head().await?.version == version {
            break;
        }
    }
    Ok(read)
}

/// Which changes are asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Of which segment.
    pub segment: SegmentNo,
    /// From this moment on.
    pub from: Millis,
    /// Before this moment.
    pub to: Millis,
    /// Only who left (`true`), or only who entered.
    pub has_left: Option<bool>,
    /// Only behind this place of an earlier answer.
    pub after: Option<Key>,
    /// At most so many.
    pub limit: usize,
}

/// Somebody entered a segment or left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Who, as numbered then.
    pub person: ProfileNo,
    /// When.
    pub at: Millis,
    /// Whether they left; else entered.
    pub has_left: bool,
    /// What kind of cause it was.
    pub why: Why,
    /// Its place.
    pub key: Key,
}

/// Some changes, and where to go on.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// In order of their moments.
    pub changes: Vec<Change>,
    /// Behind which place there may be more.
    pub after: Option<Key>,
}

/// Reads them.
pub(crate) async fn changes(shared: &Shared, asked: &Asked) -> Result<Changes> {
    let mut found = Changes::default();
    let end = rows::segment_from_key(asked.segment, asked.to.0);
    let mut from = rows::segment_from_key(asked.segment, asked.from.0);
    if let Some(after) = &asked.after {
        from = from.max(behind(after));
    }
    for _ in 0..PAGES_MAX {
        if from >= end {
            return Ok(found);
        }
        let page = Page {
            table: Table::Change,
            from,
            to: Some(end.clone()),
            limit: PAGE,
            order: Order::Ascending,
        };
        let some = shared.roles.state.scan(page).await?;
        for (key, row) in &some {
            let Some((_, at, person, has_left)) = rows::change_of(key) else {
                continue;
            };
            if asked.has_left.is_some_and(|wanted| wanted != has_left) {
                continue;
            }
            if found.changes.len() == asked.limit {
                found.after = found.changes.last().map(|last| last.key.clone());
                return Ok(found);
            }
            let why = row
                .first()
                .and_then(|place| Why::ALL.get(usize::from(*place)));
            found.changes.push(Change {
                person,
                at,
                has_left,
                why: why.copied().unwrap_or(Why::Event),
                key: key.clone(),
            });
        }
        let Some((last, _)) = some.last().filter(|_| some.len() == PAGE) else {
            return Ok(found);
        };
        from = behind(last);
        found.after = Some(last.clone());
    }
    Ok(found)
}

/// The first key behind this one.
pub(crate) fn behind(key: &[u8]) -> Key {
    [key, &[0]].concat().into()
}
