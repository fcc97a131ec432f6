//! Sequences in a rule's JSON.

use super::{Object, Reader};
use crate::segment::error::Error;
use crate::segment::rule::{Absent, Rule, Sequence, Step, Without};

/// A member of the list of steps.
enum Listed {
    Step(Box<Step>),
    Absent(Box<Absent>),
}

impl<'a> Reader<'a> {
    pub(super) fn sequence(
        &mut self,
        raw: &'a str,
        object: &mut Object<'a>,
    ) -> Result<Rule, Error> {
        let mut sequence = Sequence {
            steps: Vec::new(),
            absent: None,
            lasting: None,
            within: None,
        };
        for listed in self.list(raw, Self::listed)? {
            match listed {
                _ if sequence.absent.is_some() => {
                    return Err(self.error(raw, "`did_not` is the last step"));
                }
                Listed::Step(step) => sequence.steps.push(*step),
                Listed::Absent(absent) => sequence.absent = Some(*absent),
            }
        }
        for (name, into) in [
            ("lasting_at_most", &mut sequence.lasting),
            ("within", &mut sequence.within),
        ] {
            *into = object.take(name).map(|raw| self.span(raw)).transpose()?;
        }
        sequence
            .check()
            .map_err(|message| self.error(object.raw, message))?;
        Ok(Rule::Sequence(Box::new(sequence)))
    }

    fn listed(&mut self, raw: &'a str) -> Result<Listed, Error> {
        let mut object = self.object(raw)?;
        let gap = object
            .take("within")
            .map(|raw| self.span(raw))
            .transpose()?;
        if let Some(what) = object.take("did_not") {
            let what = self.without_of(what, &mut object)?;
            self.nothing_left(&object)?;
            return Ok(Listed::Absent(Box::new(Absent { what, gap })));
        }
        let Some(what) = object.take("did") else {
            return Err(self.unknown(&object, "a step", &["did", "did_not"]));
        };
        let Without { happening, filter } = self.without_of(what, &mut object)?;
        let name = object.take("as").map(|raw| self.string(raw)).transpose()?;
        let without = match object.take("without") {
            Some(raw) => self.list(raw, Self::without)?,
            None => Vec::new(),
        };
        self.nothing_left(&object)?;
        Ok(Listed::Step(Box::new(Step {
            happening,
            name: name.map(Into::into),
            filter,
            gap,
            without,
        })))
    }

    fn without(&mut self, raw: &'a str) -> Result<Without, Error> {
        let mut object = self.object(raw)?;
        let Some(what) = object.take("did") else {
            return Err(self.error(raw, "this needs a `did`"));
        };
        let without = self.without_of(what, &mut object)?;
        self.nothing_left(&object)?;
        Ok(without)
    }

    fn without_of(&mut self, what: &'a str, object: &mut Object<'a>) -> Result<Without, Error> {
        let happening = self.happening(what)?;
        let filter = object
            .take("where")
            .map(|raw| self.filter(raw))
            .transpose()?;
        Ok(Without { happening, filter })
    }
}
