//! Files and mappings that are made to harm: refused in words that show a way out, in bounded time
//! and memory.
//!
//! | class | test |
//! | --- | --- |
//! | a mapping of a million entries | `a_mapping_has_a_largest_size` |
//! | a mapping that nests without end | `a_mapping_that_nests_without_end_is_refused` |
//! | a mapping that points nowhere | `a_mapping_that_points_nowhere_says_what_is_there` |
//! | unknown and repeated keys, names inside each other, NUL bytes | `a_mapping_says_one_thing_once` |
//! | a pattern of times that reads nothing, or takes for ever | `a_pattern_that_cannot_be_read_is_refused_before_a_row_is` |
//! | repeated columns, too many of them | `a_heading_may_repeat_a_name_and_has_a_largest_width` |
//! | rows of nothing but empty cells | `an_order_of_empty_cells_is_too_large_too` |
//! | lines of a million members, of one name or of many | `a_line_of_a_million_members_is_rejected_and_the_next_one_read` |
//! | NUL bytes, wrong gzip, gzip in gzip, a bomb | `what_is_no_text_is_refused_in_words` |
//! | Parquet whose footer or pages lie | `parquet` |
//!
//! What the whole program takes for it is measured where it is run: `tests/it/imports/hostile.rs`.

use crate::format::Format;
use crate::mapping::item::Maker;
use crate::mapping::{CsvShape, MAPPING_BYTES_MAX, Mapping};
use crate::plan::Plan;
use crate::rows::csv::Csv;
use crate::rows::ndjson::Ndjson;
use crate::rows::{COLUMNS_MAX, Cell, Row};
use crate::units::Units;
use flate2::Compression;
use flate2::write::GzEncoder;
use rapport_core::time::Millis;
use std::io::{Cursor, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

mod made;
mod parquet;

const NOW: Millis = Millis(1_700_000_000_000);
/// No single thing here may take longer, on a slow machine and not optimised.
const STALL: Duration = Duration::from_secs(20);

/// Does it, and fails where that takes so long that others would wait.
fn quickly<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = work();
    assert!(began.elapsed() < STALL, "{what} took {:?}", began.elapsed());
    done
}

fn refused(mapping: &str) -> String {
    let shown: String = mapping.chars().take(60).collect();
    quickly(&shown, || Mapping::parse(mapping))
        .map(|read| format!("{read:?}"))
        .expect_err(&shown)
        .to_string()
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

/// A file of a kind, planned as an import is.
fn planned(
    bytes: &[u8],
    format: Format,
    mapping: Option<&str>,
) -> std::result::Result<Plan, String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let mapping = mapping.map(|text| Mapping::parse(text).unwrap());
    let plan = quickly("the plan", || Plan::of(file.path(), format, mapping));
    plan.map_err(|error| error.to_string())
}

#[test]
fn a_mapping_has_a_largest_size() {
    let entries = |count: usize| {
        (0..count).fold("event = \"E\"\n[properties]\n".to_owned(), |mut all, n| {
            all.push_str(&format!("p{n} = \"c\"\n"));
            all
        })
    };
    let told = refused(&entries(1_000_000));
    assert!(
        told.contains("65536 bytes") && told.contains("`rest`"),
        "{told}"
    );
    let fits = entries(COLUMNS_MAX);
    assert!(fits.len() <= MAPPING_BYTES_MAX, "{}", fits.len());
    assert_eq!(Mapping::parse(&fits).unwrap().properties.len(), COLUMNS_MAX);
}

#[test]
fn a_mapping_that_nests_without_end_is_refused() {
    let pairs =
        |open: &str, close: &str| format!("{}{}", open.repeat(10_000), close.repeat(10_000));
    for mapping in [
        format!("{{\"event\":{}}}", pairs("[", "]")),
        format!("{{\"properties\":{}}}", pairs("{\"a\":", "}")),
        format!("event = {}", pairs("[", "]")),
        format!("event = {}", "{ a = ".repeat(10_000)),
        format!("[{}a]\nb = 1", "a.".repeat(20_000)),
        format!("{}a = 1", "a.".repeat(20_000)),
        "[".repeat(60_000),
        "{".repeat(60_000),
    ] {
        let told = refused(&mapping);
        assert!(told.starts_with("the mapping cannot be read: "), "{told}");
        assert!(told.len() < 2_000, "{} bytes of words", told.len());
    }
}

#[test]
fn a_mapping_that_points_nowhere_says_what_is_there() {
    for named in [
        "time = { column = \"nowhere\" }",
        "message_id = [\"nowhere\"]",
        "properties = { a = \"nowhere\" }",
        "properties = { a = \"nowhere.at.all\" }",
        "traits = { a = \"nowhere\" }",
        "types = { nowhere = \"text\" }",
        "lines = { by = \"nowhere\", columns = { sku = \"mail\" } }",
        "lines = { by = \"mail\", columns = { sku = \"nowhere\" } }",
    ] {
        let mapping = format!("event = \"E\"\n{named}\n[identifiers]\nemail = \"mail\"\n");
        let told = planned(b"mail,total\na@b.cd,1\n", Format::Csv, Some(&mapping)).unwrap_err();
        assert!(told.starts_with("there is no column `nowhere"), "{told}");
        assert!(told.ends_with("the file has mail, total"), "{told}");
        let line = b"{\"mail\":\"a@b.cd\"}\n";
        let told = planned(line, Format::Ndjson, Some(&mapping)).unwrap_err();
        assert!(told.starts_with("there is no column `nowhere"), "{told}");
    }
}

#[test]
fn a_mapping_says_one_thing_once() {
    for (mapping, told) in [
        ("event = \"E\"\nevent = \"F\"", "duplicate key"),
        ("{\"event\":\"E\",\"event\":\"F\"}", "duplicate field"),
        (
            "event = \"E\"\n[properties]\na = \"x\"\n[properties]\nb = \"y\"",
            "duplicate key",
        ),
        ("event = \"E\"\n[properties]\na.b = \"x\"", "a.b"),
        ("event = \"E\"\nincludes = \"this.toml\"", "includes"),
        (
            "event = \"E\"\n[csv]\ndelimiter = \"'\"\nquote = \"'\"",
            "csv.quote",
        ),
        (
            "event = \"E\"\n[csv]\ndelimiter = \"\\u0000\"",
            "csv.delimiter",
        ),
        ("event = \"E\0\"", "the mapping cannot be read"),
        ("\0", "the mapping cannot be read"),
    ] {
        let said = refused(mapping);
        assert!(said.contains(told), "{mapping:?}: {said}");
    }
    // Names that lie inside each other, and a list in the place of a value: the later one stays.
    let mapping = r#"{"event":"E","identifiers":{"email":"mail"},
        "properties":{"a":"x","a.b":"x","a.b.c":"x","products":"x"},
        "lines":{"by":"mail","columns":{"sku":"x"}}}"#;
    let maker = Maker::new(Mapping::parse(mapping).unwrap()).unwrap();
    let text = |name: &str, text: &str| (Arc::from(name), Cell::Text(text.to_owned()));
    let row = Row {
        number: 1,
        cells: vec![text("mail", "a@b.cd"), text("x", "1")],
    };
    let made = maker.make(&[row], NOW).unwrap();
    let properties = r#""properties":{"a":{"b":{"c":1}},"products":[{"sku":1}]}"#;
    assert!(made.items[0].contains(properties), "{}", made.items[0]);
}

#[test]
fn a_pattern_that_cannot_be_read_is_refused_before_a_row_is() {
    let mapping = |pattern: &str| {
        let pattern = serde_json::to_string(pattern).unwrap();
        format!(r#"{{"event":"E","time":{{"column":"t","format":{pattern}}}}}"#)
    };
    let long = "%d/".repeat(20_000);
    for pattern in [
        "%",
        "%K",
        "%d/%m/%",
        "%H:%M",
        "100%%",
        "%99999999999Y",
        "%m/%d",
        &"%Y".repeat(60),
        &long,
    ] {
        let told = refused(&mapping(pattern));
        assert!(told.contains("say one such as %d/%m/%Y %H:%M"), "{told}");
        assert!(told.len() < 1_000, "{} bytes of words", told.len());
    }
    for pattern in [
        "%d/%m/%Y",
        "%-d.%-m.%y",
        "%s",
        "%Y-%m-%dT%H:%M:%S%z",
        "%Y-%m-%d %H:%M:%S%.f",
        "%m/%d/%Y %I:%M %p",
        "%d %b %Y",
        "%A, %d %B %Y %H:%M:%S",
        "%Y%m%d%H%M%S",
        "%Y-%j",
        "%F %T",
    ] {
        let read = Mapping::parse(&mapping(pattern));
        assert!(read.is_ok(), "{pattern}: {}", read.unwrap_err());
    }
}

#[test]
fn a_heading_may_repeat_a_name_and_has_a_largest_width() {
    let heading = |columns: usize| format!("{}\n", vec!["a"; columns].join(","));
    let opened = |text: String| {
        let lines = Box::new(Cursor::new(text.into_bytes()));
        let csv = quickly("a heading", || Csv::open(lines, &CsvShape::default()));
        csv.map_err(|error| error.to_string())
    };
    let csv = opened(heading(COLUMNS_MAX)).unwrap();
    let mut names = csv.columns().to_vec();
    assert_eq!(
        (&*names[0], &*names[1], &*names[4_095]),
        ("a", "a_2", "a_4096")
    );
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), COLUMNS_MAX);
    let csv = opened("a,a_2,a,a,a_2,,\n".to_owned()).unwrap();
    let named: Vec<&str> = csv.columns().iter().map(|name| &**name).collect();
    let wanted = ["a", "a_2", "a_3", "a_4", "a_2_2", "column_6", "column_7"];
    assert_eq!(named, wanted);
    for columns in [COLUMNS_MAX + 1, 1_000_000] {
        let told = opened(heading(columns)).err().unwrap();
        assert!(
            told.contains("larger than any heading"),
            "{columns}: {told}"
        );
    }
}

#[test]
fn an_order_of_empty_cells_is_too_large_too() {
    let names: Vec<String> = (0..COLUMNS_MAX).map(|n| format!("c{n}")).collect();
    let row = format!("o1{}\n", ",".repeat(COLUMNS_MAX - 1));
    let file = format!("{}\n{}", names.join(","), row.repeat(400));
    let mapping = "event = \"E\"\n[identifiers]\nuser_id = \"c0\"\n[lines]\nby = \"c0\"\ncolumns = { sku = \"c1\" }";
    let plan = Arc::new(planned(file.as_bytes(), Format::Csv, Some(mapping)).unwrap());
    let mut spool = tempfile::NamedTempFile::new().unwrap();
    spool.write_all(file.as_bytes()).unwrap();
    let rows = plan.rows(spool.path(), 0).unwrap();
    let taken: Vec<_> = quickly("the order", || Units::new(rows, plan, NOW).collect());
    assert_eq!(taken.len(), 1);
    let rejected = taken[0].as_ref().unwrap().as_ref().unwrap_err();
    let told = (rejected.reason.code.as_str(), rejected.rows, rejected.last);
    assert_eq!(told, ("order_too_large", 400, 400));
}

#[test]
fn a_line_of_a_million_members_is_rejected_and_the_next_one_read() {
    let members = |count: usize, name: fn(usize) -> String| {
        let all: Vec<String> = (0..count).map(|n| format!("\"{}\":1", name(n))).collect();
        format!("{{{}}}\n", all.join(","))
    };
    // As many as a row has room for.
    let many = members(300_000, |n| format!("m{n}"));
    let same = members(400_000, |_| "same".to_owned());
    let widest = members(COLUMNS_MAX, |n| format!("m{n}"));
    let text = format!("{many}{same}{widest}{{\"a\":1}}\n");
    let lines = Box::new(Cursor::new(text.into_bytes()));
    let told: Vec<String> = quickly("the lines", || {
        let told = |read: crate::Result<crate::rows::Read>| match read.unwrap() {
            Ok(row) => format!("{} cells", row.cells.len()),
            Err(rejected) => rejected.reason.code,
        };
        Ndjson::open(lines).unwrap().map(told).collect()
    });
    assert_eq!(
        told,
        ["too_many_columns", "1 cells", "4096 cells", "1 cells"]
    );
    // The widest row there is becomes an event in a moment.
    let mapping = "event = \"E\"\n[identifiers]\nuser_id = \"m0\"";
    let maker = Maker::new(Mapping::parse(mapping).unwrap()).unwrap();
    let lines = Box::new(Cursor::new(widest.into_bytes()));
    let row = Ndjson::open(lines)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .unwrap();
    let rows = vec![row; 1];
    quickly("a hundred wide rows", || {
        for _ in 0..100 {
            assert_eq!(maker.make(&rows, NOW).unwrap().items.len(), 1);
        }
    });
}

#[test]
fn what_is_no_text_is_refused_in_words() {
    let whole = gzip(b"mail,total\na@b.cd,1\n");
    let mut broken = whole.clone();
    broken[12] ^= 0xff;
    for (bytes, format, told) in [
        (b"mail,\0total\na@b.cd,1\n".to_vec(), Format::Csv, "no text"),
        (gzip(&whole), Format::Csv, "no text"),
        (whole[..whole.len() - 4].to_vec(), Format::Csv, "damaged"),
        (broken, Format::Csv, "damaged"),
        (vec![0x1f, 0x8b, 8, 0], Format::Ndjson, "damaged"),
        (
            gzip(&vec![b'\n'; 128 << 20]),
            Format::Csv,
            "250 times its size",
        ),
        (
            gzip(&vec![b' '; 128 << 20]),
            Format::Ndjson,
            "250 times its size",
        ),
        (
            b"PAR1 and nothing".to_vec(),
            Format::Parquet,
            "was it sent whole",
        ),
        (b"".to_vec(), Format::Csv, "empty"),
        (b" \n ".to_vec(), Format::Ndjson, "empty"),
    ] {
        let said = planned(&bytes, format, None).unwrap_err();
        assert!(said.contains(told), "{told}: {said}");
    }
    // Where only a row has them, only that row is rejected.
    let mapping = "event = \"E\"\n[identifiers]\nemail = \"mail\"";
    let file = b"mail,total\na@b.cd,1\n\0,2\nc@b.cd,3\n";
    let mut spool = tempfile::NamedTempFile::new().unwrap();
    spool.write_all(file).unwrap();
    let plan = Arc::new(planned(file, Format::Csv, Some(mapping)).unwrap());
    let rows = plan.rows(spool.path(), 0).unwrap();
    let taken =
        Units::new(rows, plan, NOW).map(|taken| taken.unwrap().map_err(|no| no.reason.code));
    let told: Vec<String> = taken
        .map(|taken| taken.map_or_else(|code| code, |_| "taken".into()))
        .collect();
    assert_eq!(told, ["taken", "not_text", "taken"]);
}
