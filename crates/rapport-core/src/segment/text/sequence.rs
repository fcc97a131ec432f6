//! Sequences in a rule's text.

use super::cursor::Token;
use super::{Parser, Slot};
use crate::segment::error::Error;
use crate::segment::rule::{Absent, Filter, Rule, Sequence, Step, Without};
use crate::segment::span::Span;

impl Parser<'_> {
    /// Behind `sequence`.
    pub(super) fn sequence(&mut self) -> Result<Rule, Error> {
        let start = self.cursor.offset();
        let mut sequence = Sequence {
            steps: vec![self.step(None)?],
            absent: None,
            lasting: None,
            within: None,
        };
        while self.cursor.take("then")? {
            let gap = self.gap()?;
            if self.cursor.take("not")? {
                let what = self.without()?;
                sequence.absent = Some(Absent { what, gap });
                break;
            }
            sequence.steps.push(self.step(gap)?);
        }
        if sequence.steps.len() == 1 && sequence.absent.is_none() {
            let words = ["then", "where", "as", "without"];
            return Err(self.unexpected("`then` and another step", &words));
        }
        self.limits(&mut sequence)?;
        sequence
            .check()
            .map_err(|message| self.cursor.error(start, message))?;
        Ok(Rule::Sequence(Box::new(sequence)))
    }

    fn limits(&mut self, sequence: &mut Sequence) -> Result<(), Error> {
        loop {
            let offset = self.cursor.offset();
            let is_second = if self.cursor.take_words("lasting at most")? {
                sequence.lasting.replace(self.span()?).is_some()
            } else if self.cursor.take("within")? {
                sequence.within.replace(self.span()?).is_some()
            } else if self.cursor.take("ever")? {
                sequence.within.is_some()
            } else {
                return Ok(());
            };
            if is_second {
                return Err(self.cursor.error(offset, "this was said before"));
            }
        }
    }

    fn gap(&mut self) -> Result<Option<Span>, Error> {
        match self.cursor.take("within")? {
            true => self.span().map(Some),
            false => Ok(None),
        }
    }

    fn step(&mut self, gap: Option<Span>) -> Result<Step, Error> {
        let happening = self.happening()?;
        let name = match self.cursor.take("as")? {
            true => Some(self.step_name()?),
            false => None,
        };
        let filter = self.optional_filter()?;
        let mut without = Vec::new();
        while self.cursor.take("without")? {
            without.push(self.without()?);
        }
        Ok(Step {
            happening,
            name,
            filter,
            gap,
            without,
        })
    }

    fn step_name(&mut self) -> Result<Box<str>, Error> {
        self.cursor.wants(|_| Slot::Step);
        let mut ahead = self.cursor;
        match ahead.next()? {
            Token::Word(word) => {
                self.cursor = ahead;
                Ok(word.into())
            }
            _ => Err(self.cursor.expected("a name for the step, one word")),
        }
    }

    fn without(&mut self) -> Result<Without, Error> {
        let happening = self.happening()?;
        let filter = self.optional_filter()?;
        Ok(Without { happening, filter })
    }

    fn optional_filter(&mut self) -> Result<Option<Filter>, Error> {
        match self.cursor.take("where")? {
            true => self.filter().map(Some),
            false => Ok(None),
        }
    }
}
