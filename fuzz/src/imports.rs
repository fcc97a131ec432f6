//! Imports: mappings, and files of every kind, which come from wherever people keep such things.

use crate::corpus;
use rapport_core::time::Millis;
use rapport_import::instant::Instants;
use rapport_import::mapping::guess;
use rapport_import::mapping::item::{Maker, of_segment};
use rapport_import::rows::csv::Csv;
use rapport_import::rows::ndjson::Ndjson;
use rapport_import::{Format, Mapping, preview};
use std::io::Write as _;

const NOW: Millis = Millis(1_700_000_000_000);

/// Patterns of times, each with what it might read.
pub(crate) const PATTERNS: &[&[u8]] = &[
    b"%d/%m/%Y %H:%M\x0024/12/2019 10:30",
    b"%Y-%m-%dT%H:%M:%S%.f%z\x002019-12-24T10:30:00.125+0100",
    b"%A, %d %B %Y %I:%M %p\x00Tuesday, 24 December 2019 10:30 AM",
    b"auto\x001700000000",
];

/// What is printed of a mapping is read as the same mapping.
pub(crate) fn mapping(input: &[u8]) {
    let sent = String::from_utf8_lossy(input);
    if let Ok(read) = Mapping::parse(&sent) {
        assert_eq!(Mapping::parse(&read.print()).ok(), Some(read));
    }
}

/// A mapping that can be read makes events of any file, or says why not.
pub(crate) fn mapped(input: &[u8]) {
    let sent = String::from_utf8_lossy(input);
    let Ok(read) = Mapping::parse(&sent) else {
        return;
    };
    for file in corpus::FILES {
        let lines = Box::new(std::io::Cursor::new(file.to_vec()));
        let (Ok(rows), Ok(maker)) = (Csv::open(lines, &read.csv), Maker::new(read.clone())) else {
            continue;
        };
        let rows: Vec<_> = rows.flatten().flatten().collect();
        for row in &rows {
            drop(maker.make(std::slice::from_ref(row), NOW));
        }
        drop(maker.make(&rows, NOW));
    }
}

/// Reads a file to its end and makes events of its rows.
pub(crate) fn file(format: Format, input: &[u8]) {
    let shape = Mapping::default();
    let lines = || Box::new(std::io::Cursor::new(input.to_vec()));
    let rows: Vec<_> = match format {
        Format::Ndjson => Ndjson::open(lines()).map_or_else(|_| Vec::new(), Iterator::collect),
        _ => Csv::open(lines(), &shape.csv).map_or_else(|_| Vec::new(), Iterator::collect),
    };
    let rows: Vec<_> = rows.into_iter().flatten().flatten().collect();
    let columns: Vec<_> = rows.first().map_or_else(Vec::new, |row| {
        row.cells.iter().map(|(name, _)| name.clone()).collect()
    });
    if let Ok(guess) = guess::guess(&columns, &rows)
        && let Ok(maker) = Maker::new(guess.mapping)
    {
        for row in &rows {
            let row = std::slice::from_ref(row);
            let made = maker.make(row, NOW);
            assert_eq!(made, maker.make(row, NOW), "a row is one event");
        }
    }
    for row in &rows {
        drop(of_segment(row, NOW));
    }
}

/// Shows what a file of any kind would become, as it is shown before an import.
pub(crate) fn previewed(format: Format, input: &[u8]) {
    let mut spool = tempfile::NamedTempFile::new().expect("a file");
    spool.write_all(input).expect("room");
    match preview::preview(spool.path(), format, None, NOW, 5) {
        Ok(preview) => assert!(preview.events.len() <= 5 && preview.rejected.len() <= 5),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A pattern is refused, or reads any text without a panic.
pub(crate) fn pattern(input: &[u8]) {
    let sent = String::from_utf8_lossy(input);
    let (pattern, text) = sent.split_once('\0').unwrap_or((&sent, "1.2.2020"));
    if let Ok(instants) = Instants::new(Some(pattern), Some("Europe/Stockholm")) {
        let _ = instants.read(text);
    }
}
