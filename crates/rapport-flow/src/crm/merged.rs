//! Which records were merged into which: a number, once given, leads somewhere for ever.

use rapport_core::crm::{RecordNo, TypeId};
use std::collections::{BTreeMap, BTreeSet};

/// Numbers of merged records, and where they lead; those of contacts are the profiles' redirects.
#[derive(Clone, Debug, Default)]
pub struct Merged {
    leads_to: BTreeMap<(TypeId, RecordNo), RecordNo>,
    numbers: BTreeMap<(TypeId, RecordNo), BTreeSet<RecordNo>>,
}

impl Merged {
    /// Notes that a record was merged into another.
    pub fn note(&mut self, object: TypeId, from: RecordNo, to: RecordNo) {
        self.forget(object, from);
        self.leads_to.insert((object, from), to);
        self.numbers.entry((object, to)).or_default().insert(from);
    }

    /// Notes that a number leads nowhere else any more: its merge was taken back.
    pub fn forget(&mut self, object: TypeId, from: RecordNo) {
        let before = self.leads_to.remove(&(object, from));
        if let Some(to) = before
            && let Some(numbers) = self.numbers.get_mut(&(object, to))
        {
            numbers.remove(&from);
            if numbers.is_empty() {
                self.numbers.remove(&(object, to));
            }
        }
    }

    /// The number that one leads to directly, if it leads anywhere.
    #[must_use]
    pub fn leads_to(&self, object: TypeId, number: RecordNo) -> Option<RecordNo> {
        self.leads_to.get(&(object, number)).copied()
    }

    /// The record that a number leads to now.
    #[must_use]
    pub fn survivor(&self, object: TypeId, number: RecordNo) -> RecordNo {
        let mut number = number;
        while let Some(next) = self.leads_to.get(&(object, number)) {
            number = *next;
        }
        number
    }

    /// Every number that leads to a record, its own first.
    #[must_use]
    pub fn numbers(&self, object: TypeId, survivor: RecordNo) -> Vec<RecordNo> {
        let mut found = vec![survivor];
        let mut next = 0;
        while let Some(number) = found.get(next) {
            found.extend(self.numbers.get(&(object, *number)).into_iter().flatten());
            next += 1;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_of_merges_leads_to_its_end() {
        let mut merged = Merged::default();
        let number = RecordNo;
        merged.note(TypeId::DEAL, number(3), number(2));
        merged.note(TypeId::DEAL, number(4), number(2));
        merged.note(TypeId::DEAL, number(2), number(1));
        assert_eq!(merged.survivor(TypeId::DEAL, number(4)), number(1));
        assert_eq!(merged.survivor(TypeId::TICKET, number(4)), number(4));
        let all = merged.numbers(TypeId::DEAL, number(1));
        assert_eq!(all, [1, 2, 3, 4].map(number));
    }
}
