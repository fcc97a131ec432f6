//! Which rows a filter and a search leave, as a set of ids.

use super::asking::Asking;
use super::catalog::index_name;
use super::fetch::Fetch;
use rapport_store::records::{Comparison, Filter, Test};
use roaring::RoaringTreemap;
use rusqlite::params;
use std::sync::Arc;

/// The rows for which a filter holds.
pub(super) fn matching(
    asking: &mut Asking<'_>,
    object: u32,
    filter: &Filter,
) -> rusqlite::Result<Arc<RoaringTreemap>> {
    match filter {
        Filter::All(all) => intersection(asking, object, all),
        Filter::Any(any) => {
            let mut union = RoaringTreemap::new();
            for one in any {
                union |= &*matching(asking, object, one)?;
            }
            Ok(Arc::new(union))
        }
        Filter::Not(one) => {
            let without = matching(asking, object, one)?;
            let everyone = asking.everyone(object)?;
            Ok(Arc::new(&*everyone - &*without))
        }
        Filter::Column(column, test) => passing(asking, object, *column, test),
        Filter::Linked { to, kinds } => {
            let linked = linked(asking, object, *to, kinds)?;
            Ok(Arc::new(linked & &*asking.everyone(object)?))
        }
        Filter::Ids(ids) => {
            let ids: RoaringTreemap = ids.iter().copied().collect();
            Ok(Arc::new(ids & &*asking.everyone(object)?))
        }
        Filter::Never => Ok(Arc::default()),
        Filter::Numbered(low, high) => {
            let mut ids = RoaringTreemap::clone(&*asking.everyone(object)?);
            ids.remove_range(..*low);
            if let Some(above) = high.checked_add(1) {
                ids.remove_range(above..);
            }
            Ok(Arc::new(ids))
        }
    }
}

fn intersection(
    asking: &mut Asking<'_>,
    object: u32,
    all: &[Filter],
) -> rusqlite::Result<Arc<RoaringTreemap>> {
    let mut left: Option<Arc<RoaringTreemap>> = None;
    for one in all {
        let found = matching(asking, object, one)?;
        let both = match left {
            None => found,
            Some(left) => Arc::new(&*left & &*found),
        };
        if both.is_empty() {
            return Ok(both);
        }
        left = Some(both);
    }
    left.map_or_else(|| asking.everyone(object), Ok)
}

/// Tests that most rows pass are kept as what they leave out.
fn passing(
    asking: &mut Asking<'_>,
    object: u32,
    column: u16,
    test: &Test,
) -> rusqlite::Result<Arc<RoaringTreemap>> {
    let opposite = match test {
        Test::HasNot => {
            let has = asking.passing(object, column, Test::Has)?;
            return Ok(Arc::new(&*asking.everyone(object)? - &*has));
        }
        Test::Compare(Comparison::NotEqual, cell) => Test::Compare(Comparison::Equal, cell.clone()),
        Test::NotIn(cells) => Test::In(cells.clone()),
        Test::NoToken(pattern) => Test::Token(pattern.clone()),
        _ => return asking.passing(object, column, test.clone()),
    };
    let opposite = asking.passing(object, column, opposite)?;
    let has = asking.passing(object, column, Test::Has)?;
    Ok(Arc::new(&*has - &*opposite))
}

/// Every row, by the index that has all of them.
pub(super) fn everyone(asking: &mut Asking<'_>, object: u32) -> rusqlite::Result<RoaringTreemap> {
    let index = index_name(object, "archived");
    let sql = format!("SELECT id FROM record_{object} INDEXED BY {index}");
    let mut select = asking.connection.prepare_cached(&sql)?;
    let ids = select.query_map([], Fetch::id)?;
    ids.collect()
}

/// The rows that a record links to.
fn linked(
    asking: &Asking<'_>,
    object: u32,
    from: (u32, u64),
    kinds: &[u32],
) -> rusqlite::Result<RoaringTreemap> {
    let mut select = asking.connection.prepare_cached(
        "SELECT to_id, kind FROM record_link
         WHERE from_object = ?1 AND from_id = ?2 AND to_object = ?3",
    )?;
    let mut ids = RoaringTreemap::new();
    let mut rows = select.query(params![from.0, from.1.cast_signed(), object])?;
    while let Some(row) = rows.next()? {
        if kinds.is_empty() || kinds.contains(&row.get(1)?) {
            ids.insert(Fetch::id(row)?);
        }
    }
    Ok(ids)
}

/// Whether a link of one of these kinds leads from a record to another.
pub(super) fn are_linked(
    asking: &Asking<'_>,
    from: (u32, u64),
    to: (u32, u64),
    kinds: &[u32],
) -> rusqlite::Result<bool> {
    let mut select = asking.connection.prepare_cached(
        "SELECT kind FROM record_link
         WHERE from_object = ?1 AND from_id = ?2 AND to_object = ?3 AND to_id = ?4",
    )?;
    let (from_id, to_id) = (from.1.cast_signed(), to.1.cast_signed());
    let mut rows = select.query(params![from.0, from_id, to.0, to_id])?;
    while let Some(row) = rows.next()? {
        if kinds.is_empty() || kinds.contains(&row.get(0)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The rows whose texts have words that begin so, all of them.
pub(super) fn having_words(
    asking: &Asking<'_>,
    object: u32,
    words: &[String],
) -> rusqlite::Result<RoaringTreemap> {
    let known = asking.catalog.objects.get(&object);
    if words.is_empty() || !known.is_some_and(|known| known.is_searchable) {
        return Ok(RoaringTreemap::new());
    }
    // Words are letters and digits, so none can end the quotes.
    let each = words.iter().map(|word| format!("\"{word}\"*"));
    let pattern = each.collect::<Vec<_>>().join(" ");
    let sql =
        format!("SELECT rowid FROM record_words_{object} WHERE record_words_{object} MATCH ?1");
    let mut select = asking.connection.prepare_cached(&sql)?;
    let ids = select.query_map([pattern], Fetch::id)?;
    ids.collect()
}
