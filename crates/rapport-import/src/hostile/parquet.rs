//! Parquet files that say what is not so. The decoder believes much: what it makes room for and how
//! deep it goes is checked before.

use super::made::{self, GZIP, Page, SNAPPY, Struct, UNCOMPRESSED};
use super::{gzip, quickly};
use crate::rows::parquet::Parquet;
use std::io::Write;

/// Rows and rejected rows of a file, or why it is none.
fn read(bytes: &[u8]) -> Result<Vec<String>, String> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    quickly("a Parquet file", || {
        let rows = Parquet::open(file, 0).map_err(|error| error.to_string())?;
        rows.map(|read| match read {
            Ok(Ok(row)) => Ok(row.spelled()),
            Ok(Err(rejected)) => Ok(rejected.reason.code),
            Err(error) => Err(error.to_string()),
        })
        .collect()
    })
}

#[track_caller]
fn refused(bytes: &[u8], told: &str) {
    let said = read(bytes).expect_err(told);
    assert!(said.contains(told), "{told}: {said}");
}

fn page(texts: &[&[u8]]) -> Page {
    let body: Vec<u8> = texts.iter().flat_map(|text| made::plain(text)).collect();
    Page {
        unpacked: body.len() as i64,
        values: texts.len() as i64,
        body,
        ..Page::default()
    }
}

/// A page of numbers of a dictionary's texts: `count` times the first of them.
fn firsts(count: usize) -> Page {
    // One bit a number, and a run that says how many there are.
    let mut run = Vec::new();
    let mut rest = count << 1;
    while rest > 0x7f {
        run.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    run.push(rest as u8);
    let body = [vec![1], run, vec![0]].concat();
    Page {
        unpacked: body.len() as i64,
        values: count as i64,
        encoding: 8,
        body,
        ..Page::default()
    }
}

#[test]
fn a_file_made_by_hand_is_read_as_any_other() {
    let file = made::file(UNCOMPRESSED, 2, &[page(&[b"a", b"b"])]);
    let rows = Ok(vec![r#"{"n":"a"}"#.to_owned(), r#"{"n":"b"}"#.to_owned()]);
    assert_eq!(read(&file), rows);
    let mut packed = page(&[b"a", b"b"]);
    packed.body = gzip(&packed.body);
    assert_eq!(read(&made::file(GZIP, 2, &[packed])), rows);
    let dictionary = Page {
        is_dictionary: true,
        ..page(&[b"a"])
    };
    let file = made::file(UNCOMPRESSED, 3, &[dictionary, firsts(3)]);
    assert_eq!(read(&file), Ok(vec![r#"{"n":"a"}"#.to_owned(); 3]));
}

#[test]
fn a_footer_that_lies_is_refused() {
    let whole = made::file(UNCOMPRESSED, 1, &[page(&[b"a"])]);
    refused(&whole[..whole.len() - 1], "was it sent whole");
    refused(&whole[..6], "too short");
    let mut long = whole.clone();
    let place = long.len() - 8;
    long[place..place + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    refused(&long, "larger than the file");
    refused(
        &made::end(b"PAR1".to_vec(), Vec::new()),
        "footer is damaged",
    );
    refused(
        &made::end(b"PAR1".to_vec(), vec![0xff; 5_000]),
        "footer is damaged",
    );
    let huge = made::end(b"PAR1".to_vec(), vec![0; 33 << 20]);
    refused(&huge, "larger row groups");
    for count in [1 << 30, usize::MAX >> 1] {
        let footer = Struct::default().int(1, 1).list(2, 12, count, &[]);
        refused(
            &made::end(b"PAR1".to_vec(), footer.end()),
            "footer is damaged",
        );
        let root = Struct::default().text(4, "m").end();
        let footer = Struct::default()
            .int(1, 1)
            .list(2, 12, 1, &[root])
            .long(3, 0)
            .list(4, 12, count, &[]);
        refused(
            &made::end(b"PAR1".to_vec(), footer.end()),
            "footer is damaged",
        );
    }
}

#[test]
fn a_schema_that_nests_without_end_is_refused() {
    for depth in [101, 100_000] {
        let inner = |_| Struct::default().int(3, 0).text(4, "g").int(5, 1);
        let leaf = Struct::default().int(1, 6).int(3, 0).text(4, "n");
        let elements = (0..depth).map(inner).chain([leaf]).collect();
        let footer = Struct::default()
            .int(1, 1)
            .structs(2, elements)
            .long(3, 0)
            .structs(4, Vec::new());
        refused(&made::end(b"PAR1".to_vec(), footer.end()), "levels deep");
    }
}

#[test]
fn a_footer_may_say_any_number_of_rows_and_is_read_as_far_as_it_goes() {
    for rows in [3, 1 << 40, i64::MAX, -1] {
        let read = read(&made::file(UNCOMPRESSED, rows, &[page(&[b"a"])]));
        // What is there comes, or the file is refused: nobody waits for the rest.
        if let Ok(rows) = read {
            assert!(rows.len() <= 1, "{rows:?}");
        }
    }
}

#[test]
fn a_page_that_says_it_unpacks_to_much_is_refused_before_room_is_made() {
    for unpacked in [300 << 20, i64::from(i32::MAX)] {
        for codec in [UNCOMPRESSED, SNAPPY, GZIP] {
            let lying = Page {
                unpacked,
                ..page(&[b"a"])
            };
            let dictionary = Page {
                is_dictionary: true,
                ..lying.clone()
            };
            refused(&made::file(codec, 1, &[lying]), "smaller pages");
            refused(
                &made::file(codec, 1, &[dictionary, firsts(1)]),
                "smaller pages",
            );
        }
    }
    for (unpacked, packed) in [(-1, None), (5, Some(-5)), (i64::MAX, None)] {
        let lying = Page {
            unpacked,
            packed,
            ..page(&[b"a"])
        };
        assert!(read(&made::file(SNAPPY, 1, &[lying])).is_err());
    }
}

#[test]
fn a_page_that_unpacks_to_more_than_it_says_is_refused() {
    let bomb = Page {
        unpacked: 5,
        values: 1,
        body: gzip(&vec![0; 300 << 20]),
        ..Page::default()
    };
    refused(&made::file(GZIP, 1, &[bomb]), "not what its header says");
}

#[test]
fn a_long_text_that_a_million_rows_name_is_in_memory_once() {
    let text = vec![b'x'; 3 << 20];
    let dictionary = Page {
        is_dictionary: true,
        ..page(&[&text])
    };
    // Each row may be that large; a batch of them copied would have a gigabyte and a half.
    let file = made::file(UNCOMPRESSED, 40, &[dictionary, firsts(40)]);
    let rows = read(&file).unwrap();
    assert_eq!(rows.len(), 40);
    assert!(rows.iter().all(|row| row.len() > text.len()));
}

#[test]
fn a_row_larger_than_rows_may_be_is_rejected_and_the_next_one_read() {
    let text = vec![b'x'; (4 << 20) + 1];
    let file = made::file(UNCOMPRESSED, 2, &[page(&[&text, b"a"])]);
    let told = vec!["unreadable_value".to_owned(), r#"{"n":"a"}"#.to_owned()];
    assert_eq!(read(&file), Ok(told));
}

#[test]
fn pages_without_number_are_refused() {
    let empty = Page {
        unpacked: 0,
        values: 0,
        ..Page::default()
    };
    let many = vec![empty; (1 << 20) + 1];
    refused(&made::file(UNCOMPRESSED, 1, &many), "larger ones");
}
