//! How far things are built, segments and computed traits alike: both have numbers of one row.

use super::{Build, Registry};
use crate::identity::ProfileNo;
use crate::position::Position;
use crate::segment::membership::SegmentNo;

/// The course of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    /// The number of the segment or trait.
    pub no: SegmentNo,
    /// Its version.
    pub version: u32,
    /// The entry that set it: earlier events are in history.
    pub since: Position,
    /// How far it is built.
    pub build: Build,
    /// People who come with the last step.
    pub late: Vec<ProfileNo>,
}

impl Registry {
    /// How far the segment or trait with this number is built.
    #[must_use]
    pub fn course(&self, no: SegmentNo) -> Option<Course> {
        self.courses().find(|course| course.no == no)
    }

    /// What is being built, ascending by number.
    pub fn building(&self) -> impl Iterator<Item = Course> {
        let mut building: Vec<Course> = self
            .courses()
            .filter(|course| course.build != Build::Complete)
            .collect();
        building.sort_unstable_by_key(|course| course.no);
        building.into_iter()
    }

    /// Moves a build on: profiles below `to` are built. With the last of them the segment or trait
    /// and its leaves are complete. Of another version than the one in force it says nothing.
    pub fn advance_build(&mut self, no: SegmentNo, version: u32, to: ProfileNo) {
        let Some(course) = self.course(no) else {
            return;
        };
        let Build::Running { cursor, end } = course.build else {
            return;
        };
        if course.version != version || to <= cursor {
            return;
        }
        if to < end {
            self.set_build(no, Build::Running { cursor: to, end });
            return;
        }
        self.set_build(no, Build::Complete);
        self.complete_leaves(no);
        self.forget_unused_leaves();
    }

    /// Notes people who come with the last step of a build that runs.
    pub fn add_late(&mut self, no: SegmentNo, people: impl IntoIterator<Item = ProfileNo>) {
        let is_running = self
            .course(no)
            .is_some_and(|course| course.build != Build::Complete);
        let segments = self.segments.iter_mut().map(|one| (one.no, &mut one.late));
        let traits = self.traits.iter_mut().map(|one| (one.no, &mut one.late));
        let found = segments.chain(traits).find(|(known, _)| *known == no);
        if let (true, Some((_, late))) = (is_running, found) {
            late.extend(people);
            late.sort_unstable();
            late.dedup();
        }
    }

    /// Whether this one says the same of everything as another, but for who comes late, which no
    /// change of the rules says.
    #[must_use]
    pub fn agrees(&self, other: &Registry) -> bool {
        let [left, right] = [self, other].map(|one| {
            let mut one = one.clone();
            let segments = one.segments.iter_mut().map(|segment| &mut segment.late);
            let traits = one.traits.iter_mut().map(|one| &mut one.late);
            segments.chain(traits).for_each(Vec::clear);
            one
        });
        left == right
    }

    fn courses(&self) -> impl Iterator<Item = Course> {
        let segments = self.segments.iter().map(|one| Course {
            no: one.no,
            version: one.version,
            since: one.since,
            build: one.build,
            late: one.late.clone(),
        });
        let traits = self.traits.iter().map(|one| Course {
            no: one.no,
            version: one.version,
            since: one.since,
            build: one.build,
            late: one.late.clone(),
        });
        segments.chain(traits)
    }

    fn set_build(&mut self, no: SegmentNo, build: Build) {
        let is_over = build == Build::Complete;
        if let Some(segment) = self.segments.iter_mut().find(|one| one.no == no) {
            segment.build = build;
            if is_over {
                segment.late.clear();
                segment.before = None;
                segment.traits_before.clear();
            }
        }
        if let Some(one) = self.traits.iter_mut().find(|one| one.no == no) {
            one.build = build;
            if is_over {
                one.late.clear();
            }
        }
    }
}
