//! Bulks: how far they are, and what they did.

use super::Rapport;
use crate::error::Result;
use rapport_core::crm::RecordNo;
use rapport_core::crm::bulk::{Bulk, Draft, Touched};
use rapport_core::position::Position;

impl Rapport {
    /// The bulk that an entry began.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn bulk(&self, id: Position) -> Result<Option<Bulk>> {
        Ok(crate::crm::bulk::one(&self.shared, id).await?)
    }

    /// What was begun with it.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn bulk_draft(&self, id: Position) -> Result<Option<Draft>> {
        Ok(crate::crm::bulk::draft(&self.shared, id).await?)
    }

    /// Bulks begun before an entry, newest first.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn bulks(&self, before: Option<Position>, limit: usize) -> Result<Vec<Bulk>> {
        Ok(crate::crm::bulk::before(&self.shared, before, limit).await?)
    }

    /// What a bulk did to the records behind a number, ascending. Records that were as they were to
    /// be are not among them.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn bulk_records(
        &self,
        id: Position,
        after: RecordNo,
        limit: usize,
    ) -> Result<Vec<(RecordNo, Touched)>> {
        Ok(crate::crm::bulk::records(&self.shared, id, after, limit).await?)
    }
}
