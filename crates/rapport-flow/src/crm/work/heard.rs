//! What apps hear of the work: each step tells what it did, where somebody wants to hear.

use super::{Cause, Key, Work};
use crate::crm::hearing::Hearing;
use crate::writer::Writer;
use rapport_core::crm::subscription::Of;
use rapport_store::records::{Link, RecordWrite};

impl Work {
    /// None yet, of what the writer is applying; apps hear of it.
    pub fn of(writer: &Writer) -> Work {
        Work {
            hearing: Hearing::of(writer),
            ..Work::new(&writer.configuration.crm)
        }
    }

    /// What happens from here on is because of this.
    pub fn stand(&mut self, cause: &Cause) {
        if let Some(hearing) = &mut self.hearing {
            hearing.stand(cause);
        }
    }

    /// Lets apps hear of something that no value says.
    pub fn hear(&mut self, key: Key, of: Of) {
        if let Some(hearing) = &mut self.hearing {
            hearing.hear(key, of);
        }
    }

    /// Keeps links to be written, or to be taken away.
    pub(super) fn relinked(&mut self, links: [Link; 2], removed: bool) {
        let write = match removed {
            true => RecordWrite::Unlink,
            false => RecordWrite::Link,
        };
        self.links.extend(links.map(write));
        if let Some(hearing) = &mut self.hearing {
            hearing.linked(links, removed);
        }
    }
}
