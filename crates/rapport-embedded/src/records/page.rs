//! A page of the rows that a filter leaves, in order.
//!
//! Three ways lead to it: the ids themselves where nothing sorts, the sort's index where it is
//! there and most rows match, and else the cells of the rows that match.

use super::asking::{Asking, SLICE};
use super::catalog::Home;
use super::fetch::{Fetch, bound, cell};
use rapport_store::records::{After, Cell, Direction, Form, Query, Test};
use roaring::RoaringTreemap;
use rusqlite::{params, params_from_iter};
use std::sync::Arc;

/// What looking a row up costs, in steps along an index.
const LOOK_UP: u64 = 15;

/// Where a row stands in the order: the cells of the sort, and the id.
pub(super) type Place = (Vec<Cell>, u64);

/// The places behind `query.after`, one more than the page has, if there are as many.
pub(super) fn places(
    asking: &mut Asking<'_>,
    query: &Query,
    found: &RoaringTreemap,
) -> rusqlite::Result<Vec<Place>> {
    let mut page = Page::new(query);
    if query.limit == 0 || found.is_empty() {
        return Ok(Vec::new());
    }
    let Some(first) = query.sort.first() else {
        page.by_id(found);
        return Ok(page.places);
    };
    let (home, form) = asking.catalog.home(query.object, first.column);
    if home == Home::Nowhere && query.sort.len() == 1 {
        page.by_id(found);
        return Ok(page.places);
    }
    let everyone = asking.everyone(query.object)?.len().max(found.len());
    let steps = everyone / found.len() * page.reach(found.len());
    let few = found.len() * LOOK_UP <= steps;
    let way = match home {
        Home::Own(name) if !few => asking
            .index(query.object, &[&name])
            .map(|index| (name, index)),
        Home::Own(_) | Home::Shared(_) | Home::Nowhere => None,
    };
    if let Some((name, index)) = way {
        let walk = Walk {
            name,
            index,
            form,
            direction: first.direction,
            length: steps.saturating_mul(2).clamp(64, SLICE.into()),
        };
        walked(asking, &mut page, found, walk)?;
        return Ok(page.places);
    }
    let looked_up = look_up(asking, query, found)?;
    page.take_sorted(looked_up);
    Ok(page.places)
}

/// A page as it fills.
struct Page<'q> {
    query: &'q Query,
    skip: u64,
    want: usize,
    places: Vec<Place>,
}

impl<'q> Page<'q> {
    fn new(query: &'q Query) -> Page<'q> {
        let skip = match query.after {
            After::Offset(offset) => offset,
            After::Start | After::Key(..) => 0,
        };
        Page {
            query,
            skip,
            want: query.limit.saturating_add(1),
            places: Vec::new(),
        }
    }

    /// How many of the matching rows are gone through at most, unless they end before.
    fn reach(&self, all: u64) -> u64 {
        all.min(self.skip.saturating_add(self.want as u64))
    }

    fn is_full(&self) -> bool {
        self.places.len() >= self.want
    }

    /// Takes the next place in order; those before the page pass by.
    fn push(&mut self, place: Place) {
        if let After::Key(cells, id) = &self.query.after {
            let order = self.query.in_order((&place.0, place.1), (cells, *id));
            if order.is_le() {
                return;
            }
        }
        if self.skip > 0 {
            self.skip -= 1;
        } else if !self.is_full() {
            self.places.push(place);
        }
    }

    /// Takes rows that nothing but their ids sorts: without a sort, or without a value in it.
    fn by_id(&mut self, found: &RoaringTreemap) {
        let key = match &self.query.after {
            After::Key(cells, id) if cells.first().is_none_or(Cell::is_null) => Some(*id),
            _ => None,
        };
        let mut ids = found.iter();
        let skip = usize::try_from(self.skip).unwrap_or(usize::MAX);
        let want = self.want - self.places.len();
        let cells = vec![Cell::Null; self.query.sort.len()];
        let place = |id| (cells.clone(), id);
        match (self.query.direction(), key) {
            (Direction::Ascending, key) => {
                if let Some(key) = key {
                    ids.advance_to(key.saturating_add(1));
                }
                self.places.extend(ids.skip(skip).take(want).map(place));
            }
            (Direction::Descending, Some(0)) => {}
            (Direction::Descending, key) => {
                if let Some(key) = key {
                    ids.advance_back_to(key - 1);
                }
                self.places
                    .extend(ids.rev().skip(skip).take(want).map(place));
            }
        }
    }

    fn take_sorted(&mut self, mut places: Vec<Place>) {
        let query = self.query;
        let order =
            |left: &Place, right: &Place| query.in_order((&left.0, left.1), (&right.0, right.1));
        if let After::Key(cells, id) = &query.after {
            places.retain(|place| query.in_order((&place.0, place.1), (cells, *id)).is_gt());
        }
        let reach = usize::try_from(self.reach(places.len() as u64)).unwrap_or(usize::MAX);
        if reach > 0 && reach < places.len() {
            places.select_nth_unstable_by(reach - 1, order);
            places.truncate(reach);
        }
        places.sort_unstable_by(order);
        for place in places {
            self.push(place);
        }
    }
}

/// The cells of the sort of every row that matches.
fn look_up(
    asking: &mut Asking<'_>,
    query: &Query,
    found: &RoaringTreemap,
) -> rusqlite::Result<Vec<Place>> {
    let columns: Vec<u16> = query.sort.iter().map(|by| by.column).collect();
    cells_of(asking, query.object, &columns, found)
}

/// Cells of rows, by id.
pub(super) fn cells_of(
    asking: &mut Asking<'_>,
    object: u32,
    columns: &[u16],
    ids: &RoaringTreemap,
) -> rusqlite::Result<Vec<Place>> {
    let catalog = Arc::clone(&asking.catalog);
    if !catalog.objects.contains_key(&object) {
        return Ok(Vec::new());
    }
    let fetch = Fetch::new(&catalog, object, columns);
    let sql = format!(
        "SELECT {} FROM record_{object} WHERE id = ?1",
        fetch.selected
    );
    let mut places = Vec::new();
    let mut ids = ids.iter();
    loop {
        asking.breathe()?;
        let mut select = asking.connection.prepare_cached(&sql)?;
        let mut read = 0;
        for id in ids.by_ref().take(SLICE as usize) {
            read += 1;
            let mut rows = select.query([id.cast_signed()])?;
            if let Some(row) = rows.next()? {
                places.push((fetch.cells(row)?, id));
            }
        }
        if read < SLICE {
            return Ok(places);
        }
    }
}

/// A walk along the index of the first sort.
struct Walk {
    name: String,
    index: String,
    form: Form,
    direction: Direction,
    /// Steps read at once: few where few are needed.
    length: u64,
}

impl Walk {
    /// The statement for the steps behind a place: with its cell, or beyond it.
    fn sql(&self, object: u32, from: Begin<'_>) -> String {
        let Walk {
            name,
            index,
            length,
            ..
        } = self;
        let (beyond, way) = match self.direction {
            Direction::Ascending => (">", "ASC"),
            Direction::Descending => ("<", "DESC"),
        };
        let (condition, order) = match from {
            Begin::Start => (String::new(), format!("{name} {way}, id {way}")),
            Begin::With(..) => (
                format!("AND {name} = ?1 AND id {beyond} ?2"),
                format!("id {way}"),
            ),
            Begin::Beyond(_) => (
                format!("AND {name} {beyond} ?1"),
                format!("{name} {way}, id {way}"),
            ),
        };
        format!(
            "SELECT id, {name} FROM record_{object} INDEXED BY {index}
             WHERE {name} IS NOT NULL {condition} ORDER BY {order} LIMIT {length}"
        )
    }
}

/// Where a slice of a walk begins.
#[derive(Clone, Copy)]
enum Begin<'c> {
    Start,
    With(&'c Cell, i64),
    Beyond(&'c Cell),
}

fn walked(
    asking: &mut Asking<'_>,
    page: &mut Page<'_>,
    found: &RoaringTreemap,
    mut walk: Walk,
) -> rusqlite::Result<()> {
    let query = page.query;
    let mut ties = Ties::default();
    let mut from = match &query.after {
        After::Key(cells, _) if cells.first().is_some_and(Cell::is_null) => None,
        After::Key(cells, id) if query.sort.len() == 1 => Some((cells.first().cloned(), Some(*id))),
        // Ties of the key's own cell are sorted by other cells: they are looked at again.
        After::Key(cells, _) => Some((cells.first().cloned(), None)),
        After::Start | After::Offset(_) => Some((None, None)),
    };
    while let Some((cell, id)) = from {
        asking.breathe()?;
        from = step(asking, page, found, &walk, &mut ties, (cell, id))?;
        walk.length = (walk.length * 4).min(SLICE.into());
    }
    ties.settle(asking, page)?;
    if page.is_full() {
        return Ok(());
    }
    let column = query.sort[0].column;
    let has = asking.passing(query.object, column, Test::Has)?;
    let without = found - &*has;
    if query.sort.len() == 1 {
        page.by_id(&without);
    } else {
        let without = look_up(asking, query, &without)?;
        page.take_sorted(without);
    }
    Ok(())
}

/// Rows whose first cells are equal, to be sorted by the others.
#[derive(Default)]
struct Ties {
    cell: Cell,
    ids: RoaringTreemap,
}

impl Ties {
    fn settle(&mut self, asking: &mut Asking<'_>, page: &mut Page<'_>) -> rusqlite::Result<()> {
        let ids = std::mem::take(&mut self.ids);
        if ids.is_empty() || page.is_full() {
            return Ok(());
        }
        let tied = look_up(asking, page.query, &ids)?;
        page.take_sorted(tied);
        Ok(())
    }
}

/// Where a walk goes on.
type Onward = Option<(Option<Cell>, Option<u64>)>;

/// One slice of a walk; says where it goes on.
fn step(
    asking: &mut Asking<'_>,
    page: &mut Page<'_>,
    found: &RoaringTreemap,
    walk: &Walk,
    ties: &mut Ties,
    (from, behind): (Option<Cell>, Option<u64>),
) -> rusqlite::Result<Onward> {
    let starts = match (&from, behind) {
        (None, _) => vec![Begin::Start],
        (Some(cell), None) => vec![Begin::With(cell, edge(walk.direction)), Begin::Beyond(cell)],
        (Some(cell), Some(id)) => {
            vec![Begin::With(cell, id.cast_signed()), Begin::Beyond(cell)]
        }
    };
    for start in starts {
        let stepped = slice(asking, page.query.object, walk, start)?;
        let is_last = (stepped.len() as u64) < walk.length;
        let last = stepped.last().cloned();
        for (cell, id) in stepped {
            if !found.contains(id) {
                continue;
            }
            if page.query.sort.len() == 1 {
                page.push((vec![cell], id));
            } else {
                if ties.cell.compare(&cell) != Some(std::cmp::Ordering::Equal) {
                    ties.settle(asking, page)?;
                    ties.cell = cell;
                }
                ties.ids.insert(id);
            }
            if page.is_full() {
                return Ok(None);
            }
        }
        if !is_last {
            return Ok(last.map(|(cell, id)| (Some(cell), Some(id))));
        }
    }
    Ok(None)
}

/// An id before every other in a direction.
fn edge(direction: Direction) -> i64 {
    match direction {
        Direction::Ascending => -1,
        Direction::Descending => i64::MAX,
    }
}

fn slice(
    asking: &Asking<'_>,
    object: u32,
    walk: &Walk,
    from: Begin<'_>,
) -> rusqlite::Result<Vec<(Cell, u64)>> {
    let mut select = asking.connection.prepare_cached(&walk.sql(object, from))?;
    let mut rows = match from {
        Begin::Start => select.query([])?,
        Begin::With(cell, id) => select.query(params![bound(cell), id])?,
        Begin::Beyond(cell) => select.query(params_from_iter([bound(cell)]))?,
    };
    let mut steps = Vec::new();
    while let Some(row) = rows.next()? {
        steps.push((cell(walk.form, row.get_ref(1)?), Fetch::id(row)?));
    }
    Ok(steps)
}
