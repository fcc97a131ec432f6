//! Sessions and the audit, between two batches.

use super::Writer;
use crate::audit::Record;
use crate::sessions::Change;
use rapport_store::Result;

/// Changes sessions and adds to the audit in one transaction.
pub(super) async fn sign(writer: &mut Writer, change: Change, records: Vec<Record>) -> Result<()> {
    let mut writes = writer.shared.sessions.writes(&change);
    for record in records {
        writes.push(writer.audit.add(record));
    }
    writer.commit(writer.head.position, writes).await?;
    writer.shared.sessions.apply(change);
    Ok(())
}
