//! A member's edit of a contact, folded among the events: its identifiers, attributes and standing.

use super::{Fold, Why};
use crate::identity::ProfileNo;
use crate::profile::contact::{self, Edit, Standing, Whose};

/// What an edit came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edited {
    /// Whose it was.
    pub number: ProfileNo,
    /// Whether it made a contact: a new profile, or one that was no contact or an archived one.
    pub created: bool,
}

impl Fold<'_> {
    /// Does what a member says of a contact; `None` where the number it names leads to nobody in
    /// the working set. `leads_to` says whom a number leads to that was absorbed before the
    /// working set was loaded. Whether it may be said is asked before, of the people as they
    /// stand then.
    pub fn edit(
        &mut self,
        edit: &Edit,
        leads_to: impl Fn(ProfileNo) -> ProfileNo,
    ) -> Option<Edited> {
        let found = match &edit.whose {
            Whose::Number(number) => {
                let number = self.people.survivor(leads_to(*number));
                Some(self.people.profile(number)?.number)
            }
            Whose::Holder(identifier) => self.people.owner(identifier),
            Whose::Nobody => None,
        };
        if let Some(number) = found {
            self.fire_of([number], edit.received);
        }
        self.last = edit.place;
        let number = found.unwrap_or_else(|| {
            self.rules.catalogue.touch_all(&mut self.touched);
            self.people.create(edit.place, edit.received)
        });
        let before = self.people.profile(number).and_then(|p| p.contact);
        let created = before.is_none_or(|contact| contact.archived.is_some());
        let created = created && edit.standing != Standing::Archived;
        for name in contact::apply(self.rules.policy, self.people, number, edit) {
            self.rules
                .catalogue
                .attribute_moved(&name, &mut self.touched);
        }
        self.settle(number, edit.received, Why::Member);
        Some(Edited { number, created })
    }
}
