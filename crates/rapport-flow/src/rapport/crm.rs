//! Records: what doors may ask of contacts, companies, deals and everything else sales and service
//! keep. Changes are commands, as everything else that changes state.

use super::Rapport;
use crate::crm::{Answer, Associated, Group, Placed, Query, Said, Seen, Sums, TimelinePage};
use crate::error::Result;
use rapport_core::crm::subscription::Subscriptions;
use rapport_core::crm::{Definitions, PropertyNo, Record, RecordNo, TypeId, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Rapport {
    /// Types, properties, pipelines and kinds of links in force.
    #[must_use]
    pub fn definitions(&self) -> Arc<Definitions> {
        Arc::clone(&self.shared.configuration().crm)
    }

    /// What apps hear of records.
    #[must_use]
    pub fn subscriptions(&self) -> Arc<Subscriptions> {
        Arc::clone(&self.shared.configuration().subscriptions)
    }

    /// Records by number, in the order asked: archived ones too, each saying so. The number of a
    /// record that was merged into another leads to that one. All properties that are set come
    /// along.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn records(
        &self,
        object: TypeId,
        numbers: &[RecordNo],
    ) -> Result<Vec<Option<Record>>> {
        Ok(crate::crm::read::records(&self.shared, object, numbers).await?)
    }

    /// The numbers of records by the values of a unique property, in the order asked: an e-mail
    /// address of a contact finds it whichever of its addresses that is.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn find_records(
        &self,
        object: TypeId,
        property: PropertyNo,
        values: &[Value],
    ) -> Result<Vec<Option<RecordNo>>> {
        Ok(crate::crm::read::find(&self.shared, object, property, values).await?)
    }

    /// Records that a filter and a search find, sorted, a page at a time.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn query_records(&self, query: Query) -> Result<Answer> {
        Ok(crate::crm::read::query(&self.shared, query).await?)
    }

    /// How many records each value of a property has, and what they come to: the columns of a
    /// board.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn sum_records(&self, sums: Sums) -> Result<Vec<Group>> {
        Ok(crate::crm::read::sums(&self.shared, sums).await?)
    }

    /// What some properties of a record were, newest first, each with who said it and when. A
    /// property that never had a value is not among them.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn property_history(
        &self,
        object: TypeId,
        record: RecordNo,
        properties: &[PropertyNo],
    ) -> Result<BTreeMap<PropertyNo, Vec<Said>>> {
        Ok(crate::crm::history::of(&self.shared, object, record, properties).await?)
    }

    /// The records of a type that each of these is linked to, by number, above `after` and
    /// `limit` each at most, in the order asked.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn associations(
        &self,
        object: TypeId,
        records: &[RecordNo],
        to: TypeId,
        after: Option<RecordNo>,
        limit: usize,
    ) -> Result<Vec<Associated>> {
        Ok(crate::crm::links::of(&self.shared, object, records, to, after, limit).await?)
    }

    /// What happened to a record and around it, newest first, before `before`: changes of its
    /// properties, activities linked to it, and what a contact did. `None` where there is no such
    /// record. `seen` says which activities the asker may see.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn record_timeline(
        &self,
        object: TypeId,
        record: RecordNo,
        before: Option<Placed>,
        limit: usize,
        seen: &Seen,
    ) -> Result<Option<TimelinePage>> {
        Ok(crate::crm::timeline::page(&self.shared, object, record, before, limit, seen).await?)
    }

    /// What an undone merge left with the contact that survived it: records that were linked while
    /// the two were one, by nothing that says which of them was meant. `None` where the merge was
    /// not undone.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn stayed(&self, merge: u64) -> Result<Option<(RecordNo, Vec<(TypeId, RecordNo)>)>> {
        Ok(crate::crm::stayed::of(&self.shared, merge).await?)
    }
}
