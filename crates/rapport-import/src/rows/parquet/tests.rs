//! Parquet files with every type of column that other tools write.

use super::*;
use arrow_array::builder::{ListBuilder, MapBuilder, StringBuilder};
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray,
    Float32Array, Float64Array, Int64Array, StringArray, StructArray, Time64MicrosecondArray,
    TimestampMicrosecondArray, TimestampMillisecondArray, UInt64Array,
};
use arrow_schema::{DataType, Field, Fields};
use parquet::arrow::ArrowWriter;
use std::io::Write;

fn written(columns: Vec<(&str, ArrayRef)>) -> File {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let file = tempfile::tempfile().unwrap();
    let mut writer = ArrowWriter::try_new(file.try_clone().unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    file
}

fn rows(file: File, skipped: u64) -> Vec<String> {
    let spelled = |row: Row| {
        let cells = row.cells.iter().map(|(name, cell)| match cell {
            Cell::Json(json) => format!("{name}={json}"),
            Cell::Text(text) => format!("{name}~{text}"),
        });
        format!("{}: {}", row.number, cells.collect::<Vec<_>>().join(" "))
    };
    Parquet::open(file, skipped)
        .unwrap()
        .map(|read| {
            read.unwrap()
                .map_or_else(|no| format!("{}: {}", no.row, no.reason.code), spelled)
        })
        .collect()
}

#[test]
fn numbers_texts_and_moments_keep_what_they_say() {
    let decimals = Decimal128Array::from(vec![Some(1_177), None])
        .with_precision_and_scale(9, 2)
        .unwrap();
    let dictionary: DictionaryArray<Int32Type> = [Some("Åsa"), None].into_iter().collect();
    let zoned =
        TimestampMicrosecondArray::from(vec![1_700_000_000_123_456, -1]).with_timezone("UTC");
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("amount", Arc::new(decimals)),
        ("big", Arc::new(UInt64Array::from(vec![u64::MAX, 0]))),
        ("single", Arc::new(Float32Array::from(vec![0.1, f32::NAN]))),
        ("yes", Arc::new(BooleanArray::from(vec![true, false]))),
        ("name", Arc::new(dictionary)),
        ("day", Arc::new(Date32Array::from(vec![10_000, -1]))),
        ("zoned", Arc::new(zoned)),
        (
            "local",
            Arc::new(TimestampMillisecondArray::from(vec![1_700_000_000_000, 0])),
        ),
        (
            "clock",
            Arc::new(Time64MicrosecondArray::from(vec![3_600_000_000, 0])),
        ),
        (
            "bytes",
            Arc::new(BinaryArray::from(vec![b"a\"b".as_slice(), b""])),
        ),
    ];
    assert_eq!(
        rows(written(columns), 0),
        [
            "1: amount=11.77 big=18446744073709551615 single=0.1 yes=true name=\"Åsa\" \
             day=\"1997-05-19\" zoned=\"2023-11-14T22:13:20.123Z\" \
             local=\"2023-11-14T22:13:20.000\" clock=\"01:00:00\" bytes=\"a\\\"b\"",
            "2: big=0 yes=false day=\"1969-12-31\" zoned=\"1969-12-31T23:59:59.999Z\" \
             local=\"1970-01-01T00:00:00.000\" clock=\"00:00:00\" bytes=\"\"",
        ]
    );
}

#[test]
fn nested_values_nest() {
    let mut list = ListBuilder::new(StringBuilder::new());
    list.values().append_value("x");
    list.values().append_null();
    list.append(true);
    let mut map = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    map.keys().append_value("size");
    map.values().append_value("L");
    map.append(true).unwrap();
    let fields = Fields::from(vec![
        Field::new("city", DataType::Utf8, true),
        Field::new("zip", DataType::Int64, true),
    ]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(vec!["Lund"])),
        Arc::new(Int64Array::from(vec![None])),
    ];
    let address = StructArray::new(fields, columns, None);
    let file = written(vec![
        ("tags", Arc::new(list.finish())),
        ("details", Arc::new(map.finish())),
        ("address", Arc::new(address)),
    ]);
    assert_eq!(
        rows(file, 0),
        ["1: tags=[\"x\",null] details={\"size\":\"L\"} address={\"city\":\"Lund\"}"]
    );
}

#[test]
fn reading_goes_on_behind_any_row() {
    let many: Vec<f64> = (0..1_300).map(f64::from).collect();
    let file = || {
        written(vec![(
            "n",
            Arc::new(Float64Array::from(many.clone())) as ArrayRef,
        )])
    };
    for skipped in [0, 1, 511, 512, 513, 1_299, 1_300] {
        let found = rows(file(), skipped);
        assert_eq!(found.len() as u64, 1_300 - skipped);
        let first = found.first().cloned().unwrap_or_default();
        let number = skipped + 1;
        assert!(
            found.is_empty() || first == format!("{number}: n={skipped}.0"),
            "{first}"
        );
    }
}

#[test]
fn broken_files_are_refused_without_a_panic() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"PAR1 and nothing PAR1").unwrap();
    assert!(Parquet::open(file, 0).is_err());
    assert!(Parquet::open(tempfile::tempfile().unwrap(), 0).is_err());
}

#[test]
fn bytes_that_are_no_text_reject_their_row() {
    let file = written(vec![(
        "b",
        Arc::new(BinaryArray::from(vec![b"\xff\xfe".as_slice(), b"ok"])) as ArrayRef,
    )]);
    assert_eq!(rows(file, 0), ["1: unreadable_value", "2: b=\"ok\""]);
}
