//! The rules of the fold as they were: every change of them at its place, for a refold that meets
//! each entry under the rules that were in force there.

use super::Rules;
use crate::entry::{Command, CommandEntry};
use crate::identity::ProfileNo;
use crate::identity::policy::Policy;
use crate::identity::veto::Vetoes;
use crate::position::Position;
use crate::segment::catalogue::Catalogue;
use crate::segment::error::Error;
use crate::segment::membership::SegmentNo;
use crate::segment::registry::{Moment, Registry};
use crate::segment::text;
use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// A change of the rules of the fold, as it was applied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Revision {
    /// The command, with its place in the one order.
    pub entry: CommandEntry,
    /// The number that the next new profile would have got.
    pub next_profile: ProfileNo,
}

impl Revision {
    /// What a command changed of the rules; `None` where it changed none.
    #[must_use]
    pub fn of(entry: &CommandEntry, next_profile: ProfileNo) -> Option<Revision> {
        let of_rules = matches!(
            entry.command,
            Command::PutPolicy(_)
                | Command::PutSegment { .. }
                | Command::DeleteSegment { .. }
                | Command::BuildRange { .. }
                | Command::PutTrait { .. }
                | Command::DeleteTrait { .. }
                | Command::PutTimeZone { .. }
        );
        of_rules.then(|| Revision {
            entry: entry.clone(),
            next_profile,
        })
    }

    /// Its place in the one order.
    #[must_use]
    pub fn place(&self) -> Position {
        self.entry.position
    }

    /// When it was applied.
    #[must_use]
    pub fn received(&self) -> Millis {
        self.entry.received
    }
}

/// The rules in force after some revisions; at first those of an empty directory.
#[derive(Clone, Debug, Default)]
pub struct Rulebook {
    policy: Policy,
    registry: Registry,
    catalogue: Catalogue,
    /// Whether the catalogue is older than the registry.
    stale: bool,
}

impl Rulebook {
    /// The policy.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The segments, as defined.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The segments, as compiled; [`Rulebook::refresh`] comes first.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        debug_assert!(!self.stale, "a revision is compiled before it is used");
        &self.catalogue
    }

    /// All of them, under these vetoes.
    #[must_use]
    pub fn rules<'a>(&'a self, vetoes: &'a Vetoes) -> Rules<'a> {
        Rules {
            policy: &self.policy,
            vetoes,
            catalogue: self.catalogue(),
        }
    }

    /// Compiles the segments where a revision changed them; says whether one did.
    pub fn refresh(&mut self) -> bool {
        let was_stale = std::mem::take(&mut self.stale);
        if was_stale {
            self.catalogue = Catalogue::new(&self.registry);
        }
        was_stale
    }

    /// Applies a revision.
    ///
    /// # Errors
    /// Where it contradicts those before it: it was not applied as it stands.
    pub fn revise(&mut self, revision: &Revision) -> Result<(), Error> {
        let moment = Moment {
            position: revision.place(),
            received: revision.received(),
            next_profile: revision.next_profile,
        };
        match &revision.entry.command {
            Command::PutPolicy(policy) => self.policy.clone_from(policy),
            Command::PutSegment { key, name, rule } => {
                self.registry.put(key, name, text::parse(rule)?, moment)?;
                self.stale = true;
            }
            Command::DeleteSegment { key } => {
                self.registry.delete(key)?;
                self.stale = true;
            }
            Command::PutTrait {
                key,
                name,
                computed,
            } => {
                let computed = text::parse_computed(computed)?;
                self.registry.put_trait(key, name, computed, moment)?;
                self.stale = true;
            }
            Command::DeleteTrait { key } => {
                self.registry.delete_trait(key)?;
                self.stale = true;
            }
            Command::PutTimeZone { zone } => {
                // One that does not exist was not applied, so that it is no revision.
                self.stale |= self.registry.put_zone(zone, moment);
            }
            &Command::BuildRange {
                segment,
                version,
                to,
                ..
            } => {
                let no = SegmentNo(segment);
                self.registry.advance_build(no, version, to);
                if let Some(course) = self.registry.course(no) {
                    self.catalogue.built(no, course.build);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revision(n: u32, command: Command) -> Revision {
        let entry = CommandEntry {
            position: Position::command(1, n),
            received: Millis(i64::from(n)),
            actor: "ana".into(),
            command,
        };
        Revision::of(&entry, ProfileNo(5)).expect("it changes the rules")
    }

    fn put(n: u32, key: &str, rule: &str) -> Revision {
        let (key, rule) = (key.to_owned(), rule.to_owned());
        let name = key.clone();
        revision(n, Command::PutSegment { key, name, rule })
    }

    #[test]
    fn revisions_make_the_segments_that_were_there() {
        let mut book = Rulebook::default();
        book.revise(&put(1, "a", r#"did "A""#)).unwrap();
        book.revise(&put(2, "b", r#"did "B""#)).unwrap();
        let (segment, from, to) = (1, ProfileNo(1), ProfileNo(5));
        let built = Command::BuildRange {
            segment,
            version: 1,
            from,
            to,
        };
        book.revise(&revision(3, built)).unwrap();
        let removed = Command::DeleteSegment { key: "b".into() };
        book.revise(&revision(4, removed)).unwrap();
        assert!(book.refresh() && !book.refresh());
        let keys: Vec<_> = book.registry().segments().iter().map(|s| &*s.key).collect();
        assert_eq!(keys, ["a"]);
        assert_eq!(book.registry().building().count(), 0);
    }

    #[test]
    fn a_revision_that_contradicts_those_before_it_is_refused() {
        let mut book = Rulebook::default();
        let removed = Command::DeleteSegment { key: "b".into() };
        assert!(book.revise(&revision(1, removed)).is_err());
    }

    #[test]
    fn what_changes_no_rule_is_no_revision() {
        let entry = CommandEntry {
            position: Position::command(1, 1),
            received: Millis(0),
            actor: "ana".into(),
            command: Command::UndoMerge { merge: 1 },
        };
        assert_eq!(Revision::of(&entry, ProfileNo(1)), None);
    }
}
