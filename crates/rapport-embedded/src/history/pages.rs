//! Which row groups, and which of their rows, can be of some people, by what a file says of itself.

use super::columns as c;
use super::opened::Opened;
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::statistics::Statistics;
use std::ops::{Range, RangeInclusive};

/// The least and the largest origin of a row group, where the file says so and has any.
pub(super) fn origins(opened: &Opened, group: usize) -> Option<RangeInclusive<u64>> {
    match opened
        .footer()
        .row_group(group)
        .column(c::ORIGIN)
        .statistics()?
    {
        Statistics::Int64(values) => Some(*values.min_opt()? as u64..=*values.max_opt()? as u64),
        _ => None,
    }
}

/// The rows of the pages that can hold one of these origins: one stretch, for files are sorted.
pub(super) fn holding(opened: &Opened, group: usize, origins: &Range<u64>) -> Range<usize> {
    let rows = opened.footer().row_group(group).num_rows() as usize;
    let index = opened.footer().page_index_for_row_group(group);
    let (Some(ColumnIndexMetaData::INT64(values)), Some(pages)) = (
        index.column_index(c::ORIGIN),
        index.page_locations(c::ORIGIN),
    ) else {
        return 0..rows;
    };
    let holds = |page: &usize| {
        let (least, most) = (values.min_value(*page), values.max_value(*page));
        let (Some(least), Some(most)) = (least, most) else {
            return false;
        };
        (*least as u64) < origins.end && origins.start <= *most as u64
    };
    let mut holding = (0..pages.len()).filter(holds);
    let Some(first) = holding.next() else {
        return 0..0;
    };
    let last = holding.next_back().unwrap_or(first);
    let end = pages
        .get(last + 1)
        .map_or(rows, |next| next.first_row_index as usize);
    pages[first].first_row_index as usize..end
}
