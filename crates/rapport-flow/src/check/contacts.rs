//! Whether contacts' rows are what their profiles say.

use crate::archive::Archive;
use crate::crm::contact::{difference, drawn};
use crate::crm::read;
use crate::error::Result;
use rapport_core::crm::TypeId;
use rapport_core::profile::Profile;
use std::sync::Arc;

/// Rows read at once where they are only counted.
const PAGE: usize = 4_096;

/// The contacts looked at so far.
#[derive(Default)]
pub(super) struct Contacts {
    count: usize,
}

impl Contacts {
    /// Looks for contacts among these people whose rows say something else, or are not there.
    pub async fn look(
        &mut self,
        archive: &Archive,
        people: &[Profile],
        findings: &mut Vec<String>,
    ) -> Result<()> {
        let definitions = Arc::clone(&archive.writer.configuration.crm);
        let Some(object) = definitions.types.get(&TypeId::CONTACT) else {
            return Ok(());
        };
        let contacts: Vec<&Profile> = people.iter().filter(|p| p.contact.is_some()).collect();
        self.count += contacts.len();
        let ids: Vec<u64> = contacts.iter().map(|contact| contact.number.0).collect();
        let rows = read::rows(&archive.shared, object, &ids).await?;
        for (contact, row) in contacts.into_iter().zip(rows) {
            let Some(row) = row else {
                findings.push(format!("contact {} has no row", contact.number));
                continue;
            };
            let said = drawn(&definitions, object, contact, Some(&row));
            let differs = difference(object, Some(row), said);
            if !differs.is_empty() {
                let number = contact.number;
                findings.push(format!("the row of contact {number} wants {differs:?}"));
            }
        }
        Ok(())
    }

    /// Whether there are rows of nobody.
    pub async fn strays(&self, archive: &Archive) -> Result<Option<String>> {
        let state = &archive.shared.roles.state;
        let (mut count, mut after) = (0, None);
        loop {
            let page = state.walk(TypeId::CONTACT.0, after, PAGE).await?;
            count += page.len();
            match page.last() {
                Some(last) => after = Some(last.id),
                None => break,
            }
        }
        let known = self.count;
        Ok((count != known).then(|| format!("{known} contacts have {count} rows")))
    }
}
