//! Who entered and left segments, and how many in each hour: written in the transaction that
//! moves the member list, so that the two agree.

use super::Writer;
use crate::rows;
use rapport_core::fold::{Listed, Member, Why};
use rapport_core::segment::membership::SegmentNo;
use rapport_core::time::HOUR_MS;
use rapport_store::Result;
use rapport_store::state::{Table, Write};
use std::collections::{BTreeMap, BTreeSet};

/// Hours held in memory from one transaction to the next.
const HOURS_MAX: usize = 4_096;

impl Writer {
    /// Adds the writes of rows that moved, in order.
    pub(super) async fn turnover(
        &mut self,
        moved: &[&Listed],
        writes: &mut Vec<Write>,
    ) -> Result<()> {
        let moved = told(moved);
        let hours: BTreeSet<(u32, i64)> = moved.iter().map(|row| hour_of(row)).collect();
        self.load_hours(&hours).await?;
        for row in moved {
            let has_left = row.member == Member::Out;
            let key = rows::change_key(row.segment, row.at, row.person, has_left);
            let why = Why::ALL.iter().position(|why| *why == row.why);
            let why = why.and_then(|place| u8::try_from(place).ok());
            writes.push(Write {
                table: Table::Change,
                key,
                value: Some(vec![why.unwrap_or_default()]),
            });
            let (entered, left) = self.hours.entry(hour_of(row)).or_default();
            match row.member {
                Member::In => *entered += 1,
                Member::Out => *left += 1,
            }
        }
        for (segment, hour) in hours {
            let key = rows::segment_from_key(SegmentNo(segment), hour);
            let counts = self.hours[&(segment, hour)];
            writes.push(rows::put(Table::Turnover, key, &counts));
        }
        Ok(())
    }

    /// Lets hours go that are on disk, where they are many.
    pub(super) fn forget_hours(&mut self) {
        if self.hours.len() > HOURS_MAX {
            self.hours.clear();
        }
    }

    async fn load_hours(&mut self, hours: &BTreeSet<(u32, i64)>) -> Result<()> {
        let missing = hours.iter().filter(|hour| !self.hours.contains_key(hour));
        let missing: Vec<(u32, i64)> = missing.copied().collect();
        if missing.is_empty() {
            return Ok(());
        }
        let key = |&(segment, hour): &(u32, i64)| rows::segment_from_key(SegmentNo(segment), hour);
        let keys: Vec<_> = missing.iter().map(key).collect();
        let found = self.load(Table::Turnover, &keys).await?;
        for (hour, row) in missing.into_iter().zip(found) {
            let counts = row.map(|row| rows::unpack(Table::Turnover, &row));
            self.hours
                .insert(hour, counts.transpose()?.unwrap_or_default());
        }
        Ok(())
    }
}

fn hour_of(row: &Listed) -> (u32, i64) {
    (row.segment.0, row.at.0.div_euclid(HOUR_MS))
}

/// Without what a merge did only to undo it in the same breath: an absorbed person's place that
/// the two together do not have.
fn told<'a>(moved: &[&'a Listed]) -> Vec<&'a Listed> {
    let mut told: Vec<Option<&Listed>> = Vec::with_capacity(moved.len());
    let mut given = BTreeMap::new();
    for row in moved {
        let place = (row.segment, row.person, row.cause);
        let taken_back = match row.member {
            Member::In => None,
            Member::Out => given.remove(&place),
        };
        if let Some(taken_back) = taken_back {
            told[taken_back] = None;
            continue;
        }
        if row.why == Why::Merge && row.member == Member::In {
            given.insert(place, told.len());
        }
        told.push(Some(row));
    }
    told.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapport_core::identity::ProfileNo;
    use rapport_core::position::Position;
    use rapport_core::time::Millis;

    fn row(person: u64, member: Member, why: Why, request: u64) -> Listed {
        Listed {
            segment: SegmentNo(1),
            person: ProfileNo(person),
            member,
            at: Millis(5),
            cause: Position::event(request, 0),
            why,
        }
    }

    #[test]
    fn a_place_that_a_merge_gives_and_takes_was_never_theirs() {
        let rows = [
            row(2, Member::Out, Why::Merge, 7),
            row(1, Member::In, Why::Merge, 7),
            row(3, Member::In, Why::Event, 7),
            row(1, Member::Out, Why::Event, 7),
        ];
        let rows: Vec<&Listed> = rows.iter().collect();
        assert_eq!(told(&rows), [rows[0], rows[2]]);
    }

    #[test]
    fn who_leaves_with_a_later_entry_was_there() {
        let rows = [
            row(1, Member::In, Why::Merge, 7),
            row(1, Member::Out, Why::Event, 8),
        ];
        let rows: Vec<&Listed> = rows.iter().collect();
        assert_eq!(told(&rows), rows);
    }
}
