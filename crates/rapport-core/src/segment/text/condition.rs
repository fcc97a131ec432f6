//! Conditions in a rule's text.

use super::Slot;
use super::cursor::Token;
use super::{CONDITION_WORDS, Parser};
use crate::event::Kind;
use crate::json::Decimal;
use crate::segment::count::Count;
use crate::segment::error::Error;
use crate::segment::fact::FACTS;
use crate::segment::random::{PLACES, Random};
use crate::segment::rule::{Happening, Rule};

const KINDS: [Kind; 7] = [
    Kind::Track,
    Kind::Identify,
    Kind::Page,
    Kind::Screen,
    Kind::Group,
    Kind::Alias,
    Kind::List,
];

impl Parser<'_> {
    pub(super) fn condition(&mut self) -> Result<Rule, Error> {
        for fact in FACTS {
            if self.cursor.take(fact.word)? {
                self.cursor.note(|watch| watch.fact(Some(fact.word)));
                let (path, test) = self.path_and_test()?;
                return Ok(Rule::Known { fact, path, test });
            }
        }
        if self.cursor.take("did")? {
            return self.did();
        }
        if self.cursor.take("viewed")? {
            let happening = self.viewed()?;
            return self.clauses(happening, Count::AtLeast(1));
        }
        if self.cursor.take("sequence")? {
            return self.sequence();
        }
        if self.cursor.take("random")? {
            return self.random();
        }
        if self.cursor.take_words("in segment")? {
            return Ok(Rule::In(self.segment_key()?));
        }
        Err(self
            .unexpected("a condition", &CONDITION_WORDS)
            .with_help_unless_any(
                "conditions start with `did`, `did not`, `sequence`, `attribute` or `in segment`",
            ))
    }

    pub(super) fn segment_key(&mut self) -> Result<Box<str>, Error> {
        self.cursor.wants(|_| Slot::Segment);
        self.quoted("the key of a segment in double quotes")
    }

    fn did(&mut self) -> Result<Rule, Error> {
        if !self.cursor.take("not")? {
            let happening = self.happening()?;
            return self.clauses(happening, Count::AtLeast(1));
        }
        let is_view = self.cursor.take("view")? || self.cursor.take("viewed")?;
        let happening = if is_view {
            self.viewed()?
        } else {
            self.happening()?
        };
        self.clauses(happening, Count::AtMost(0))
    }

    fn viewed(&mut self) -> Result<Happening, Error> {
        let kind = if self.cursor.take("page")? {
            Kind::Page
        } else if self.cursor.take("screen")? {
            Kind::Screen
        } else {
            return Err(self.unexpected("`page` or `screen`", &["page", "screen"]));
        };
        let name = self.optional_name(kind)?;
        Ok(self.happened(kind, name))
    }

    fn happened(&self, kind: Kind, name: Option<Box<str>>) -> Happening {
        self.cursor.note(|watch| watch.event(kind, name.as_deref()));
        Happening { kind, name }
    }

    pub(super) fn happening(&mut self) -> Result<Happening, Error> {
        for kind in KINDS {
            if self.cursor.take(kind.word())? {
                let offset = self.cursor.offset();
                let name = self.optional_name(kind)?;
                if name.is_some() && !Happening::has_names(kind) {
                    let message = format!("events of type `{}` have no name", kind.word());
                    return Err(self.cursor.error(offset, message));
                }
                return Ok(self.happened(kind, name));
            }
        }
        match self.optional_name(Kind::Track)? {
            Some(name) => Ok(self.happened(Kind::Track, Some(name))),
            None => {
                let words = KINDS.map(Kind::word);
                let error = self.unexpected("the name of an event in double quotes", &words);
                Err(error.with_help_unless_any("like this: did \"Order Completed\""))
            }
        }
    }

    fn optional_name(&mut self, kind: Kind) -> Result<Option<Box<str>>, Error> {
        if Happening::has_names(kind) {
            self.cursor.wants(|_| Slot::Event(kind));
        }
        let offset = self.cursor.offset();
        if !matches!(self.cursor.peek()?, Token::Quoted(_)) {
            return Ok(None);
        }
        let name = self.quoted("a name")?;
        if name.is_empty() {
            return Err(self.cursor.error(offset, "this name is empty"));
        }
        Ok(Some(name))
    }

    /// `random "test" below 10 percent`, `from 10 percent`, `from 10 to 20 percent`.
    fn random(&mut self) -> Result<Rule, Error> {
        self.cursor.wants(|_| Slot::Draw);
        let salt = self.quoted("the name of the draw in double quotes")?;
        let offset = self.cursor.offset();
        let (mut from, mut to) = (0, PLACES);
        if self.cursor.take("below")? {
            to = self.share()?;
        } else if self.cursor.take("from")? {
            from = self.share()?;
            if self.cursor.take("to")? {
                to = self.share()?;
            }
        } else {
            let error = self.unexpected("`below` or `from`", &["below", "from"]);
            return Err(error.with_help_unless_any("like this: random \"test\" below 10 percent"));
        }
        if !self.cursor.take("percent")? {
            return Err(self.unexpected("`percent`", &["percent", "to"]));
        }
        let random = Random { salt, from, to };
        random
            .check()
            .map_err(|message| self.cursor.error(offset, message))?;
        Ok(Rule::Random(random))
    }

    fn share(&mut self) -> Result<u16, Error> {
        self.cursor.wants(|_| Slot::Number);
        let mut ahead = self.cursor;
        if let Token::Number(digits) = ahead.next()?
            && let Some(share) = Decimal::parse(digits).and_then(Random::places)
        {
            self.cursor = ahead;
            return Ok(share);
        }
        Err(self
            .cursor
            .expected("a number from 0 to 100 with at most two digits behind the point"))
    }
}
