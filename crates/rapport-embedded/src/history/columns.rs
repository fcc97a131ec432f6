//! The columns of a history file: their names, their types, and how each is stored.
//!
//! The order is part of the format: new columns go to the end, and none is ever renamed.

use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;
use std::sync::{Arc, LazyLock};

/// Rows of a row group: one person's rows are looked for inside one or two groups of a file.
pub(super) const GROUP_ROWS: usize = 64 * 1024;
/// Rows of a page of long text: the least that a timeline must decode of a column.
const PAGE_ROWS: usize = 1024;
/// Rows of a page of anything else: decoding more costs little, and the index of pages stays
/// small enough to be kept in memory for many files.
const NARROW_PAGE_ROWS: usize = 4096;
/// Bytes of a page before compression.
const PAGE_BYTES: usize = 128 * 1024;
/// A dictionary beyond this is given up, so that a timeline never decodes a large one.
const DICTIONARY_BYTES: usize = 32 * 1024;
/// Bytes of a row group, for rows far larger than usual.
const GROUP_BYTES: usize = 256 * 1024 * 1024;

/// How often a row group's filter may be wrong about a message id: an import asks every filter
/// about thousands of ids at once, and each mistake reads a column. Costs four bytes a row.
const MISTAKEN_IDS: f64 = 1e-4;

pub(super) const REQUEST: usize = 0;
pub(super) const COMMAND: usize = 1;
pub(super) const INDEX: usize = 2;
pub(super) const ENTRY: usize = 3;
pub(super) const RECEIVED: usize = 4;
pub(super) const ORIGINAL: usize = 5;
pub(super) const SENT: usize = 6;
pub(super) const AT: usize = 7;
pub(super) const SOURCE: usize = 8;
pub(super) const KEY_KIND: usize = 9;
pub(super) const TYPE: usize = 10;
pub(super) const EVENT: usize = 11;
pub(super) const MESSAGE_ID: usize = 12;
pub(super) const PREVIOUS_ID: usize = 13;
pub(super) const GROUP_ID: usize = 14;
pub(super) const ORIGIN: usize = 15;
pub(super) const PROFILE: usize = 16;
pub(super) const OUTCOME: usize = 17;
pub(super) const REASON: usize = 18;
pub(super) const REASON_MESSAGE: usize = 19;
pub(super) const TRAITS: usize = 20;
pub(super) const PROPERTIES: usize = 21;
pub(super) const CONTEXT: usize = 22;
pub(super) const EXTRA: usize = 23;
pub(super) const ACTOR: usize = 24;
pub(super) const COMMAND_JSON: usize = 25;
/// The one nested column; until it, a column and its leaf have the same number.
pub(super) const IDENTIFIERS: usize = 26;

/// Columns whose few values are worth a dictionary.
const DICTIONARY: [usize; 16] = [
    COMMAND,
    INDEX,
    ENTRY,
    SOURCE,
    KEY_KIND,
    TYPE,
    EVENT,
    PREVIOUS_ID,
    GROUP_ID,
    OUTCOME,
    REASON,
    REASON_MESSAGE,
    TRAITS,
    EXTRA,
    ACTOR,
    COMMAND_JSON,
];
/// Columns of numbers that lie close to their neighbours.
const DELTA: [usize; 7] = [REQUEST, RECEIVED, ORIGINAL, SENT, AT, ORIGIN, PROFILE];
/// Columns whose pages can be skipped by their least and largest value.
const PAGED: [usize; 4] = [REQUEST, AT, ORIGIN, PROFILE];

/// Columns of much text, the only ones that stay compressed with zstd: making its context costs
/// more than reading a page, and a timeline would make one per column.
const LONG_TEXT: [usize; 3] = [MESSAGE_ID, PROPERTIES, CONTEXT];
/// Columns of text that is mostly the same, or mostly not there.
const SHORT_TEXT: [usize; 7] = [
    PREVIOUS_ID,
    GROUP_ID,
    REASON_MESSAGE,
    TRAITS,
    EXTRA,
    ACTOR,
    COMMAND_JSON,
];

/// The schema of every history file.
pub(super) static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| Arc::new(Schema::new(fields())));

fn fields() -> Vec<Field> {
    let instant = || DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
    let identifiers = DataType::List(Arc::new(Field::new(
        "item",
        DataType::Struct(identifier_fields()),
        false,
    )));
    let must = |name: &str, of: DataType| Field::new(name, of, false);
    let may = |name: &str, of: DataType| Field::new(name, of, true);
    vec![
        must("request", DataType::UInt64),
        must("command", DataType::UInt32),
        must("index", DataType::UInt32),
        must("entry", DataType::Utf8),
        must("received", instant()),
        may("original", instant()),
        may("sent", instant()),
        may("at", instant()),
        may("source", DataType::UInt32),
        may("key_kind", DataType::Utf8),
        may("type", DataType::Utf8),
        may("event", DataType::Utf8),
        may("message_id", DataType::Utf8),
        may("previous_id", DataType::Utf8),
        may("group_id", DataType::Utf8),
        may("origin", DataType::UInt64),
        may("profile", DataType::UInt64),
        may("outcome", DataType::Utf8),
        may("reason", DataType::Utf8),
        may("reason_message", DataType::Utf8),
        may("traits", DataType::Utf8),
        may("properties", DataType::Utf8),
        may("context", DataType::Utf8),
        may("extra", DataType::Utf8),
        may("actor", DataType::Utf8),
        may("command_json", DataType::Utf8),
        may("identifiers", identifiers),
    ]
}

/// The fields of one identifier.
pub(super) fn identifier_fields() -> Fields {
    Fields::from(vec![
        Field::new("kind", DataType::Utf8, false),
        Field::new("value", DataType::Utf8, false),
    ])
}

/// How files are written that a scan needs for a while and nobody else sees.
pub(super) fn passing() -> WriterProperties {
    layout().set_compression(Compression::LZ4_RAW).build()
}

/// How files are written that leave: for other tools, in the order of position.
pub(super) fn exported() -> WriterProperties {
    layout()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .build()
}

/// How files that stay are written: sorted by origin, with filters on what is looked up.
pub(super) fn kept() -> WriterProperties {
    let by_origin = SortingColumn {
        column_idx: ORIGIN as i32,
        descending: false,
        nulls_first: false,
    };
    let zstd = Compression::ZSTD(ZstdLevel::default());
    let mut properties = layout()
        .set_sorting_columns(Some(vec![by_origin]))
        .set_column_compression(identifier("value"), zstd);
    for column in LONG_TEXT {
        properties = properties.set_column_compression(path(column), zstd);
    }
    for column in SHORT_TEXT {
        properties = properties.set_column_compression(path(column), Compression::LZ4_RAW);
    }
    for (column, false_positives) in [(ORIGIN, 0.01), (MESSAGE_ID, MISTAKEN_IDS)] {
        properties = properties
            .set_column_bloom_filter_enabled(path(column), true)
            .set_column_bloom_filter_fpp(path(column), false_positives)
            .set_column_bloom_filter_max_ndv(path(column), GROUP_ROWS as u64);
    }
    properties.build()
}

/// What all files share: sizes, encodings and statistics.
fn layout() -> WriterPropertiesBuilder {
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("rapport ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_dictionary_enabled(false)
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .set_data_page_row_count_limit(NARROW_PAGE_ROWS)
        .set_data_page_size_limit(PAGE_BYTES)
        .set_write_batch_size(PAGE_ROWS / 4)
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_max_row_group_bytes(Some(GROUP_BYTES))
        .set_statistics_enabled(EnabledStatistics::None);
    for column in DICTIONARY {
        properties = properties.set_column_dictionary_enabled(path(column), true);
    }
    for column in DELTA {
        properties = properties.set_column_encoding(path(column), Encoding::DELTA_BINARY_PACKED);
    }
    for column in PAGED {
        properties =
            properties.set_column_statistics_enabled(path(column), EnabledStatistics::Page);
    }
    for column in LONG_TEXT {
        properties = properties.set_column_data_page_row_count_limit(path(column), PAGE_ROWS);
    }
    properties
        .set_column_dictionary_enabled(identifier("kind"), true)
        .set_column_data_page_row_count_limit(identifier("value"), PAGE_ROWS)
        .set_column_statistics_enabled(path(RECEIVED), EnabledStatistics::Chunk)
        .set_column_statistics_enabled(path(EVENT), EnabledStatistics::Chunk)
}

fn identifier(field: &str) -> ColumnPath {
    ColumnPath::new(
        ["identifiers", "list", "item", field]
            .map(str::to_owned)
            .to_vec(),
    )
}

fn path(column: usize) -> ColumnPath {
    ColumnPath::from(SCHEMA.field(column).name().as_str())
}
