//! Computed traits in text: `sum of revenue of "Order Completed" within 90 days`.

use super::Parser;
use super::cursor::Token;
use crate::segment::computed::{Computed, Drawn, Function};
use crate::segment::error::Error;
use crate::segment::window::Window;

impl Parser<'_> {
    pub(super) fn computed(&mut self) -> Result<Computed, Error> {
        let start = self.cursor.offset();
        let is_score = self.cursor.take_words("score of")?;
        let drawn = self.drawn()?;
        let minus = match self.cursor.take("minus")? {
            true => Some(self.drawn()?),
            false => None,
        };
        let thresholds = match is_score {
            true => self.thresholds()?,
            false => Vec::new(),
        };
        let computed = Computed {
            drawn,
            minus,
            thresholds,
        };
        if self.cursor.peek()? != Token::End {
            let words = ["where", "within", "minus", "by", "ever", "between", "since"];
            return Err(self.unexpected("`where`, a window or the end of the trait", &words));
        }
        computed
            .check()
            .map_err(|message| self.cursor.error(start, message))?;
        Ok(computed)
    }

    fn thresholds(&mut self) -> Result<Vec<crate::json::Decimal>, Error> {
        if !self.cursor.take("by")? {
            let error = self.unexpected("`by` and thresholds", &["by", "where", "within"]);
            return Err(error.with_help_unless_any("like this: score of count of \"A\" by 1, 2, 5"));
        }
        let mut thresholds = vec![self.decimal()?];
        while self.cursor.take(",")? {
            thresholds.push(self.decimal()?);
        }
        Ok(thresholds)
    }

    fn drawn(&mut self) -> Result<Drawn, Error> {
        let function = self.trait_function()?;
        let path = match function.takes_path() {
            true => {
                let path = self.path()?;
                if !self.cursor.take("of")? {
                    return Err(self.unexpected("`of` and an event", &["of"]));
                }
                Some(path)
            }
            false => None,
        };
        let happening = self.happening()?;
        let (mut filter, mut window) = (None, None);
        loop {
            let offset = self.cursor.offset();
            let is_second = if self.cursor.take("where")? {
                filter.replace(self.filter()?).is_some()
            } else if let Some(found) = self.window()? {
                window.replace(found).is_some()
            } else {
                break;
            };
            if is_second {
                return Err(self.cursor.error(offset, "this was said before"));
            }
        }
        Ok(Drawn {
            function,
            path,
            happening,
            filter,
            window: window.unwrap_or(Window::Ever),
        })
    }

    fn trait_function(&mut self) -> Result<Function, Error> {
        for function in Function::ALL {
            if !self.cursor.take_words(function.word())? {
                continue;
            }
            if function.has_of() && !self.cursor.take("of")? {
                return Err(self.unexpected("`of`", &["of"]));
            }
            let is_few = matches!(self.cursor.peek()?, Token::Number(_));
            if function != Function::Last || !is_few {
                return Ok(function);
            }
            let number = self.whole_number("how many, like `5`")?;
            return Ok(Function::LastFew(u16::try_from(number).unwrap_or(u16::MAX)));
        }
        let mut words: Vec<&str> = Function::ALL.map(Function::word).to_vec();
        words.dedup();
        let error = self.unexpected("what is made of events", &words);
        Err(error.with_help_unless_any(&format!("one of {}", words.join(", "))))
    }
}
