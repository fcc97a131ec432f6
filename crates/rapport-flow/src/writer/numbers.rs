//! Numbers of records: which one is next, and which leads to which, as of the transaction under way.

use super::{Writer, all};
use crate::crm::merged::Merged;
use crate::rows;
use rapport_core::crm::{RecordNo, TypeId};
use rapport_core::identity::ProfileNo;
use rapport_store::Result;
use rapport_store::state::{Table, Write};
use std::sync::PoisonError;

impl Writer {
    /// The number of the next new record of a type.
    pub fn next_record(&mut self, object: TypeId) -> RecordNo {
        let last = self.record_numbers.entry(object).or_default();
        *last += 1;
        RecordNo(*last)
    }

    /// Adds the write that lets the number of a merged record lead to its survivor.
    pub fn merged_record(
        &mut self,
        object: TypeId,
        absorbed: RecordNo,
        survivor: RecordNo,
        writes: &mut Vec<Write>,
    ) {
        writes.push(Write {
            table: Table::MergedRecord,
            key: rows::record_key((object.0, absorbed.0)),
            value: Some(survivor.0.to_be_bytes().to_vec()),
        });
        self.pending.merged.push(((object, absorbed), survivor));
    }

    /// Reads which records were merged into which.
    pub async fn read_merged(&self) -> Result<()> {
        let mut merged = Merged::default();
        for (from, to) in &self.shared.ownership().redirects {
            merged.note(TypeId::CONTACT, RecordNo(from.0), RecordNo(to.0));
        }
        for (key, value) in all(&*self.shared.roles.state, Table::MergedRecord).await? {
            let to = value.try_into().map(u64::from_be_bytes).map(RecordNo);
            if let (Some((object, from)), Ok(to)) = (rows::record_of(&key), to) {
                merged.note(TypeId(object), RecordNo(from), to);
            }
        }
        *self
            .shared
            .merged
            .write()
            .unwrap_or_else(PoisonError::into_inner) = merged;
        Ok(())
    }

    /// The record that a number leads to, what is not on disk yet included.
    pub fn survivor_of(&self, object: TypeId, number: RecordNo) -> RecordNo {
        let merged = self.shared.merged();
        let mut number = number;
        loop {
            let mut pending = self.pending_of(object).rev();
            let step = pending.find_map(|(from, to)| (from == number).then_some(to));
            match step.unwrap_or_else(|| merged.leads_to(object, number)) {
                Some(to) => number = to,
                None => return number,
            }
        }
    }

    /// Every number that leads to a record, what is not on disk yet included.
    pub fn numbers_of(&self, object: TypeId, survivor: RecordNo) -> Vec<RecordNo> {
        let mut numbers = self.shared.merged().numbers(object, survivor);
        for (from, to) in self.pending_of(object) {
            match to {
                Some(to) if numbers.contains(&to) && !numbers.contains(&from) => {
                    let more = self.shared.merged().numbers(object, from);
                    numbers.extend(more);
                }
                // One that leads somewhere else now, or nowhere.
                _ if from != survivor && !to.is_some_and(|to| numbers.contains(&to)) => {
                    numbers.retain(|number| *number != from);
                }
                _ => {}
            }
        }
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    fn pending_of(
        &self,
        object: TypeId,
    ) -> impl DoubleEndedIterator<Item = (RecordNo, Option<RecordNo>)> + '_ {
        let is_contact = object == TypeId::CONTACT;
        let no = |number: ProfileNo| RecordNo(number.0);
        let people = self.pending.redirects.iter().filter(move |_| is_contact);
        let people = people.map(move |(from, to)| (no(*from), to.map(no)));
        let records = self.pending.merged.iter();
        let records = records.filter(move |((of, _), _)| *of == object);
        people.chain(records.map(|((_, from), to)| (*from, Some(*to))))
    }
}
