//! One column of text of a row group, read as far as it is wanted: pages that nobody asks for are
//! not decompressed, and texts stay where they are.

use super::hybrid::Hybrid;
use crate::history::opened::{Opened, Positional};
use bytes::Bytes;
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::serialized_reader::SerializedPageReader;
use std::ops::Range;

/// A column, a stretch of rows at a time.
pub(super) struct Texts {
    pages: SerializedPageReader<Positional>,
    dictionary: Option<Dictionary>,
    page: Option<Current>,
    /// Rows to be left out before the next that is read.
    behind: usize,
    /// What the texts read last lie in.
    held: Vec<Bytes>,
    found: Vec<Place>,
}

struct Dictionary {
    bytes: Bytes,
    words: Vec<Range<u32>>,
}

/// A page that is open.
struct Current {
    /// Rows not read yet.
    left: usize,
    /// How many of those have a value, from the next on.
    present: usize,
    values: Values,
}

enum Values {
    /// One behind the other, each behind its length, from here on.
    Plain(Bytes, usize),
    /// The places of words in the dictionary.
    Words(Hybrid),
}

/// Where a text lies.
#[derive(Clone)]
struct Place {
    held: usize,
    range: Range<u32>,
}

impl Texts {
    /// Opens a column; reads nothing yet.
    pub(super) fn open(opened: &Opened, group: usize, column: usize) -> Result<Texts> {
        Ok(Texts {
            pages: opened.pages(group, column)?,
            dictionary: None,
            page: None,
            behind: 0,
            held: Vec::new(),
            found: Vec::new(),
        })
    }

    /// Leaves rows out.
    pub(super) fn skip(&mut self, rows: usize) {
        self.behind += rows;
    }

    /// Reads the next rows where they are asked for, and else leaves them out.
    pub(super) fn read_or_skip(&mut self, rows: usize, reads: bool) -> Result<()> {
        if reads {
            return self.read(rows);
        }
        self.skip(rows);
        Ok(())
    }

    /// Reads the next rows, each of which has a text.
    pub(super) fn read(&mut self, rows: usize) -> Result<()> {
        self.held.clear();
        self.found.clear();
        self.skip_behind()?;
        while self.found.len() < rows {
            let Some(page) = &mut self.page else {
                if !self.open_page()? {
                    return Err(damaged("it has fewer rows than the others"));
                }
                continue;
            };
            let count = page.left.min(rows - self.found.len());
            if count > page.present {
                return Err(damaged("an event has no text there"));
            }
            page.left -= count;
            page.present -= count;
            let held = self.held.len();
            let bytes = match &mut page.values {
                Values::Plain(bytes, at) => {
                    for _ in 0..count {
                        let range = plain(bytes, at)?;
                        self.found.push(Place { held, range });
                    }
                    bytes.clone()
                }
                Values::Words(places) => {
                    let Some(Dictionary { bytes, words }) = &self.dictionary else {
                        return Err(damaged("it has no dictionary"));
                    };
                    for _ in 0..count {
                        let word = places.next().and_then(|place| words.get(place as usize));
                        let range = word.cloned().ok_or_else(|| damaged("a word is missing"))?;
                        self.found.push(Place { held, range });
                    }
                    bytes.clone()
                }
            };
            self.held.push(bytes);
            self.close_page_if_read();
        }
        Ok(())
    }

    /// The bytes of a row among those read last.
    pub(super) fn bytes(&self, row: usize) -> &[u8] {
        let Place { held, range } = &self.found[row];
        &self.held[*held][range.start as usize..range.end as usize]
    }

    /// The text of a row among those read last.
    pub(super) fn text(&self, row: usize) -> Result<&str> {
        std::str::from_utf8(self.bytes(row)).map_err(|error| damaged(&error.to_string()))
    }

    fn skip_behind(&mut self) -> Result<()> {
        while self.behind > 0 {
            let Some(page) = &mut self.page else {
                let Some(next) = self.pages.peek_next_page()? else {
                    return Err(damaged("it has fewer rows than the others"));
                };
                match next.num_rows.or(next.num_levels) {
                    Some(rows) if !next.is_dict && rows <= self.behind => {
                        self.pages.skip_next_page()?;
                        self.behind -= rows;
                    }
                    _ => drop(self.open_page()?),
                }
                continue;
            };
            let count = page.left.min(self.behind);
            let values = count.min(page.present);
            // Whoever skips a whole page needs not know where its values end.
            if count < page.left {
                match &mut page.values {
                    Values::Plain(bytes, at) => {
                        for _ in 0..values {
                            plain(bytes, at)?;
                        }
                    }
                    Values::Words(places) => places.skip(values),
                }
            }
            page.left -= count;
            page.present -= values;
            self.behind -= count;
            self.close_page_if_read();
        }
        Ok(())
    }

    fn close_page_if_read(&mut self) {
        if self.page.as_ref().is_some_and(|page| page.left == 0) {
            self.page = None;
        }
    }

    /// Opens the next page of values; false where there is none.
    fn open_page(&mut self) -> Result<bool> {
        loop {
            match self.pages.get_next_page()? {
                None => return Ok(false),
                Some(Page::DictionaryPage {
                    buf, num_values, ..
                }) => {
                    let mut at = 0;
                    let words = (0..num_values).map(|_| plain(&buf, &mut at));
                    let words = words.collect::<Result<_>>()?;
                    self.dictionary = Some(Dictionary { bytes: buf, words });
                }
                Some(Page::DataPage {
                    buf,
                    num_values,
                    encoding,
                    ..
                }) => {
                    self.page = Some(Current::new(&buf, num_values as usize, encoding)?);
                    self.close_page_if_read();
                    if self.page.is_some() {
                        return Ok(true);
                    }
                }
                Some(Page::DataPageV2 { .. }) => {
                    return Err(damaged("its pages are of no kind that is written"));
                }
            }
        }
    }
}

impl Current {
    /// Levels say which rows have a value; values follow.
    fn new(page: &Bytes, rows: usize, encoding: Encoding) -> Result<Current> {
        let cut = || damaged("a page is cut off");
        let length = page.get(..4).ok_or_else(cut)?;
        let length = u32::from_le_bytes(length.try_into().map_err(|_| cut())?) as usize;
        let values = length.checked_add(4).filter(|from| *from <= page.len());
        let values = page.slice(values.ok_or_else(cut)?..);
        let present = Hybrid::new(page.slice(4..4 + length), 1).leading(1, rows);
        let values = match encoding {
            Encoding::PLAIN => Values::Plain(values, 0),
            Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY => {
                let width = values.first().copied().unwrap_or_default();
                Values::Words(Hybrid::new(
                    values.slice(1.min(values.len())..),
                    usize::from(width),
                ))
            }
            _ => return Err(damaged("its values are spelled as none that are written")),
        };
        Ok(Current {
            left: rows,
            present,
            values,
        })
    }
}

/// The place of the next value, and behind it the one after.
fn plain(bytes: &Bytes, at: &mut usize) -> Result<Range<u32>> {
    let value = || {
        let length = bytes.get(*at..at.checked_add(4)?)?;
        let start = *at + 4;
        let end = start.checked_add(u32::from_le_bytes(length.try_into().ok()?) as usize)?;
        let range = u32::try_from(start).ok()?..u32::try_from(end).ok()?;
        (end <= bytes.len()).then_some(range)
    };
    let range = value().ok_or_else(|| damaged("a text is cut off"))?;
    *at = range.end as usize;
    Ok(range)
}

fn damaged(detail: &str) -> ParquetError {
    ParquetError::General(format!("a column of text: {detail}"))
}
