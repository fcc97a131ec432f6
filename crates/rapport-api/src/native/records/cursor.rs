//! Where a page of records begins: the values of its order and the number of the last record.

use crate::native::list;
use rapport_store::records::{After, Cell};

/// The cursor of a place.
pub(super) fn spelled(after: &After) -> String {
    let text = match after {
        After::Start => String::new(),
        After::Offset(offset) => offset.to_string(),
        After::Key(cells, number) => serde_json::to_string(&(cells, number)).unwrap_or_default(),
    };
    list::opaque(&text)
}

/// The place of a cursor.
pub(super) fn read(cursor: &str) -> Option<After> {
    let text = list::read_opaque(cursor)?;
    let (cells, number): (Vec<Cell>, u64) = serde_json::from_str(&text).ok()?;
    Some(After::Key(cells, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back_from_its_cursor() {
        let cells = vec![
            Cell::Null,
            Cell::text("x"),
            Cell::Number(1.5),
            Cell::Integer(7),
        ];
        let after = After::Key(cells, 42);
        assert_eq!(read(&spelled(&after)), Some(after));
        assert_eq!(read("nonsense"), None);
    }
}
