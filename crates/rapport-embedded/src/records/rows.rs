//! Rows by id, by value and one after another, and links.

use super::asking::Asking;
use super::catalog::Home;
use super::fetch::{Fetch, bound};
use rapport_store::records::{Cell, Defined, Link, Linked, Links, Row, Whole};
use rusqlite::{OptionalExtension, params};

/// These rows, in the order asked.
pub(super) fn rows(
    asking: &Asking<'_>,
    object: u32,
    ids: &[u64],
    columns: &[u16],
) -> rusqlite::Result<Vec<Option<Row>>> {
    if !asking.catalog.objects.contains_key(&object) {
        return Ok(vec![None; ids.len()]);
    }
    let fetch = Fetch::new(&asking.catalog, object, columns);
    let sql = format!(
        "SELECT {} FROM record_{object} WHERE id = ?1",
        fetch.selected
    );
    let mut select = asking.connection.prepare_cached(&sql)?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let Ok(row) = i64::try_from(*id) else {
            found.push(None);
            continue;
        };
        let cells = select.query_row([row], |row| fetch.cells(row)).optional()?;
        found.push(cells.map(|cells| Row { id: *id, cells }));
    }
    Ok(found)
}

/// The lowest id that holds exactly each of these cells.
pub(super) fn find(
    asking: &mut Asking<'_>,
    object: u32,
    column: u16,
    cells: &[Cell],
) -> rusqlite::Result<Vec<Option<u64>>> {
    let (home, form) = asking.catalog.home(object, column);
    match home {
        Home::Nowhere => Ok(vec![None; cells.len()]),
        Home::Shared(_) => find_shared(asking, object, column, cells),
        Home::Own(name) => {
            asking.index(object, &[&name]);
            let sql = format!(
                "SELECT min(id) FROM record_{object}
                 WHERE {name} = ?1 AND {name} = ?1 COLLATE BINARY"
            );
            let mut select = asking.connection.prepare_cached(&sql)?;
            let mut find = |cell: &Cell| {
                if cell.is_null() || !form.admits(cell) {
                    return Ok(None);
                }
                let id: Option<i64> = select.query_row([bound(cell)], |row| row.get(0))?;
                Ok(id.map(i64::cast_unsigned))
            };
            cells.iter().map(&mut find).collect()
        }
    }
}

fn find_shared(
    asking: &Asking<'_>,
    object: u32,
    column: u16,
    cells: &[Cell],
) -> rusqlite::Result<Vec<Option<u64>>> {
    let fetch = Fetch::new(&asking.catalog, object, &[column]);
    let sql = format!(
        "SELECT {} FROM record_{object} WHERE more IS NOT NULL ORDER BY id DESC",
        fetch.selected
    );
    let mut found = vec![None; cells.len()];
    let mut select = asking.connection.prepare_cached(&sql)?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let held = fetch.cells(row)?;
        for (found, cell) in found.iter_mut().zip(cells) {
            if !cell.is_null() && held[0] == *cell {
                *found = Some(Fetch::id(row)?);
            }
        }
    }
    Ok(found)
}

/// A page of links for each record.
pub(super) fn links(asking: &Asking<'_>, asked: &Links) -> rusqlite::Result<Vec<Vec<Linked>>> {
    let after = asked.after.map_or((-1, -1, -1), |after| {
        (
            i64::from(after.object),
            after.id.cast_signed(),
            i64::from(after.kind),
        )
    });
    let limit = i64::try_from(asked.limit).unwrap_or(i64::MAX);
    // A type to lead to is a range of the key; a key before it begins at its start.
    let (from, to) = match asked.to {
        None => (after, i64::from(u32::MAX)),
        Some(object) => (after.max((i64::from(object), -1, -1)), i64::from(object)),
    };
    let mut select = asking.connection.prepare_cached(
        "SELECT to_object, to_id, kind FROM record_link
         WHERE from_object = ?1 AND from_id = ?2 AND to_object <= ?3
         AND (to_object, to_id, kind) > (?4, ?5, ?6)
         ORDER BY to_object, to_id, kind LIMIT ?7",
    )?;
    let mut pages = Vec::with_capacity(asked.ids.len());
    for id in &asked.ids {
        let bound = params![
            asked.from,
            id.cast_signed(),
            to,
            from.0,
            from.1,
            from.2,
            limit
        ];
        let page = select.query_map(bound, |row| {
            Ok(Linked {
                object: row.get(0)?,
                id: row.get::<_, i64>(1)?.cast_unsigned(),
                kind: row.get(2)?,
            })
        })?;
        pages.push(page.collect::<rusqlite::Result<_>>()?);
    }
    Ok(pages)
}

/// Every object and what is defined of it.
pub(super) fn objects(asking: &Asking<'_>) -> rusqlite::Result<Vec<(u32, Vec<Defined>)>> {
    let mut objects = Vec::new();
    for (object, known) in &asking.catalog.objects {
        let columns = known.columns.iter().map(|(column, defined)| Defined {
            column: *column,
            form: defined.form,
            unique: defined.unique,
        });
        let columns: Vec<Defined> = columns.collect();
        let sql = format!("SELECT 1 FROM record_{object}");
        let has_rows = || asking.connection.prepare_cached(&sql)?.exists([]);
        if !columns.is_empty() || has_rows()? {
            objects.push((*object, columns));
        }
    }
    Ok(objects)
}

/// Whole rows behind an id.
pub(super) fn walk(
    asking: &Asking<'_>,
    object: u32,
    after: Option<u64>,
    limit: usize,
) -> rusqlite::Result<Vec<Whole>> {
    let Some(known) = asking.catalog.objects.get(&object) else {
        return Ok(Vec::new());
    };
    let always = rapport_store::records::column::ALWAYS
        .iter()
        .map(|(column, _)| *column);
    let mut columns: Vec<u16> = always.chain(known.columns.keys().copied()).collect();
    columns.sort_unstable();
    let fetch = Fetch::new(&asking.catalog, object, &columns);
    let text = if known.is_searchable {
        format!("(SELECT text FROM record_text_{object} AS texts WHERE texts.id = rows.id)")
    } else {
        "NULL".to_owned()
    };
    let sql = format!(
        "SELECT {}, {text} AS found_by FROM record_{object} AS rows
         WHERE id > ?1 ORDER BY id LIMIT ?2",
        fetch.selected
    );
    let after = after.map_or(-1, |id| i64::try_from(id).unwrap_or(i64::MAX));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut select = asking.connection.prepare(&sql)?;
    let whole = select.query_map(params![after, limit], |row| {
        let cells = columns.iter().copied().zip(fetch.cells(row)?);
        Ok(Whole {
            id: Fetch::id(row)?,
            cells: cells.filter(|(_, cell)| !cell.is_null()).collect(),
            search: row.get::<_, Option<String>>("found_by")?.map(Into::into),
        })
    })?;
    whole.collect()
}

/// All links behind one.
pub(super) fn walk_links(
    asking: &Asking<'_>,
    after: Option<Link>,
    limit: usize,
) -> rusqlite::Result<Vec<Link>> {
    let after = after.map_or([-1; 5], |link| {
        let (from, to) = (link.from, link.to);
        [
            i64::from(from.0),
            from.1.cast_signed(),
            i64::from(to.0),
            to.1.cast_signed(),
            i64::from(link.kind),
        ]
    });
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut select = asking.connection.prepare_cached(
        "SELECT from_object, from_id, to_object, to_id, kind FROM record_link
         WHERE (from_object, from_id, to_object, to_id, kind) > (?1, ?2, ?3, ?4, ?5)
         ORDER BY from_object, from_id, to_object, to_id, kind LIMIT ?6",
    )?;
    let [a, b, c, d, e] = after;
    let links = select.query_map(params![a, b, c, d, e, limit], |row| {
        Ok(Link {
            from: (row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()),
            to: (row.get(2)?, row.get::<_, i64>(3)?.cast_unsigned()),
            kind: row.get(4)?,
        })
    })?;
    links.collect()
}
