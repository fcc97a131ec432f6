//! Reads which rows pass a test: a range of an index where there is one, else every row.

use super::asking::{Asking, SLICE};
use super::catalog::Home;
use super::fetch::{Fetch, bound, cell, unpack};
use rapport_store::records::{Cell, Comparison, Form, Test};
use roaring::RoaringTreemap;
use rusqlite::{params, params_from_iter};

/// The rows whose value passes.
pub(super) fn passing(
    asking: &mut Asking<'_>,
    object: u32,
    column: u16,
    test: &Test,
) -> rusqlite::Result<RoaringTreemap> {
    let (home, form) = asking.catalog.home(object, column);
    let name = match home {
        Home::Nowhere => return Ok(RoaringTreemap::new()),
        Home::Shared(place) => return shared(asking, object, &place.to_string(), test),
        Home::Own(name) => name,
    };
    let Some(index) = asking.index(object, &[&name]) else {
        return scanned(asking, object, &name, form, test);
    };
    match from_near(asking, (object, column), &name, &index, form, test)? {
        Some(ids) => Ok(ids),
        None => indexed(asking, object, &name, &index, form, test),
    }
}

/// From the set of a bound nearby: only the rows between the two bounds are read. "Within the last
/// week" is asked with another bound every time, and most of its rows are those of the time before.
fn from_near(
    asking: &Asking<'_>,
    (object, column): (u32, u16),
    name: &str,
    index: &str,
    form: Form,
    test: &Test,
) -> rusqlite::Result<Option<RoaringTreemap>> {
    let Test::Compare(comparison, bound_here) = test else {
        return Ok(None);
    };
    let is_bound = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
    let Some(number) = bound_here
        .as_number()
        .filter(|_| is_bound && form != Form::Text)
    else {
        return Ok(None);
    };
    let Some((bound_there, near)) = asking.shelf.sets.near(object, column, *comparison, number)
    else {
        return Ok(None);
    };
    let limit = near.len() / 2 + 1_000;
    let sql = format!(
        "SELECT id, {name} FROM record_{object} INDEXED BY {index}
         WHERE {name} IS NOT NULL AND {name} BETWEEN min(?1, ?2) AND max(?1, ?2) LIMIT ?3"
    );
    let mut select = asking.connection.prepare_cached(&sql)?;
    let between = params![bound(bound_here), bound(&bound_there), limit.cast_signed()];
    let mut rows = select.query(between)?;
    let mut ids = RoaringTreemap::clone(&near);
    let mut read = 0;
    while let Some(row) = rows.next()? {
        read += 1;
        let id = Fetch::id(row)?;
        if test.holds(&cell(form, row.get_ref(1)?)) {
            ids.insert(id);
        } else {
            ids.remove(id);
        }
    }
    Ok((read < limit).then_some(ids))
}

/// A range of an index in which all that pass are.
struct Range<'t> {
    condition: &'static str,
    bounds: Vec<&'t Cell>,
}

fn indexed(
    asking: &Asking<'_>,
    object: u32,
    name: &str,
    index: &str,
    form: Form,
    test: &Test,
) -> rusqlite::Result<RoaringTreemap> {
    let mut ids = RoaringTreemap::new();
    for Range { condition, bounds } in ranges(test, form) {
        let condition = condition.replace('$', name);
        let sql = format!(
            "SELECT id, {name} FROM record_{object} INDEXED BY {index}
             WHERE {name} IS NOT NULL {condition}"
        );
        let mut select = asking.connection.prepare_cached(&sql)?;
        let mut rows = select.query(params_from_iter(bounds.into_iter().map(bound)))?;
        while let Some(row) = rows.next()? {
            if matches!(test, Test::Has) || test.holds(&cell(form, row.get_ref(1)?)) {
                ids.insert(Fetch::id(row)?);
            }
        }
    }
    Ok(ids)
}

/// The ranges of a test, of which each row is in one at most or named twice at worst.
fn ranges(test: &Test, form: Form) -> Vec<Range<'_>> {
    let comparable = |cell: &&Cell| match cell {
        Cell::Null => false,
        Cell::Text(_) => form == Form::Text,
        Cell::Number(_) | Cell::Integer(_) => form != Form::Text,
    };
    let range = |condition, bounds: Vec<_>| {
        if bounds.iter().all(comparable) {
            return vec![Range { condition, bounds }];
        }
        Vec::new()
    };
    match test {
        Test::Compare(Comparison::Equal, cell) => range("AND $ = ?1", vec![cell]),
        Test::Compare(Comparison::Below, cell) => range("AND $ < ?1", vec![cell]),
        Test::Compare(Comparison::AtMost, cell) => range("AND $ <= ?1", vec![cell]),
        Test::Compare(Comparison::Above, cell) => range("AND $ > ?1", vec![cell]),
        Test::Compare(Comparison::AtLeast, cell) => range("AND $ >= ?1", vec![cell]),
        Test::Between(low, high) => range("AND $ BETWEEN ?1 AND ?2", vec![low, high]),
        Test::In(cells) => {
            let each = cells
                .iter()
                .flat_map(|cell| range("AND $ = ?1", vec![cell]));
            each.collect()
        }
        _ => range("", Vec::new()),
    }
}

fn scanned(
    asking: &mut Asking<'_>,
    object: u32,
    name: &str,
    form: Form,
    test: &Test,
) -> rusqlite::Result<RoaringTreemap> {
    let sql =
        format!("SELECT id, {name} FROM record_{object} WHERE id > ?1 ORDER BY id LIMIT {SLICE}");
    slices(asking, &sql, |row| {
        Ok(test.holds(&cell(form, row.get_ref(1)?)))
    })
}

fn shared(
    asking: &mut Asking<'_>,
    object: u32,
    place: &str,
    test: &Test,
) -> rusqlite::Result<RoaringTreemap> {
    let sql =
        format!("SELECT id, more FROM record_{object} WHERE id > ?1 ORDER BY id LIMIT {SLICE}");
    slices(asking, &sql, |row| {
        let cells = unpack(row.get_ref(1)?)?;
        Ok(cells.get(place).is_some_and(|cell| test.holds(cell)))
    })
}

/// Reads every row, slice by slice, and keeps those that pass.
fn slices(
    asking: &mut Asking<'_>,
    sql: &str,
    passes: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<bool>,
) -> rusqlite::Result<RoaringTreemap> {
    let mut ids = RoaringTreemap::new();
    let mut last = -1_i64;
    loop {
        asking.breathe()?;
        let mut read = 0;
        let mut select = asking.connection.prepare_cached(sql)?;
        let mut rows = select.query(params![last])?;
        while let Some(row) = rows.next()? {
            read += 1;
            last = row.get(0)?;
            if passes(row)? {
                ids.insert(last.cast_unsigned());
            }
        }
        if read < SLICE {
            return Ok(ids);
        }
    }
}
