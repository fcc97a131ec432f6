//! Computed traits in JSON.
//!
//! ```json
//! {"function": "sum", "property": "revenue", "did": "Order Completed", "within": "90 days",
//!  "minus": {"function": "sum", "property": "total", "did": "Order Refunded"},
//!  "thresholds": [50, 150]}
//! ```

use super::print::{Members, list, object, string, text, what, windowed};
use super::{Object, Reader};
use crate::json::{Decimal, Value};
use crate::segment::computed::{Computed, Drawn, Function};
use crate::segment::error::{Error, nearest};
use crate::segment::window::Window;

impl<'a> Reader<'a> {
    pub(super) fn computed(&mut self, raw: &'a str) -> Result<Computed, Error> {
        let mut object = self.object(raw)?;
        let drawn = self.drawn(&mut object)?;
        let minus = match object.take("minus") {
            Some(raw) => {
                let mut inner = self.object(raw)?;
                let minus = self.drawn(&mut inner)?;
                self.nothing_left(&inner)?;
                Some(minus)
            }
            None => None,
        };
        let thresholds = match object.take("thresholds") {
            Some(raw) => self.list(raw, |reader, item| reader.threshold(item))?,
            None => Vec::new(),
        };
        self.nothing_left(&object)?;
        let computed = Computed {
            drawn,
            minus,
            thresholds,
        };
        computed
            .check()
            .map_err(|message| self.error(raw, message))?;
        Ok(computed)
    }

    fn threshold(&self, raw: &'a str) -> Result<Decimal, Error> {
        match Value::parse(raw) {
            Some(Value::Number(number)) if !number.is_saturated() => Ok(number),
            _ => Err(self.error(raw, "this is a number below 1e29")),
        }
    }

    fn drawn(&mut self, object: &mut Object<'a>) -> Result<Drawn, Error> {
        let function = self.trait_function(object)?;
        let path = object
            .take("property")
            .map(|raw| self.path(raw))
            .transpose()?;
        if path.is_some() != function.takes_path() {
            let message = match path {
                Some(_) => format!("`{}` takes no `property`", function.word()),
                None => format!("`{}` needs a `property`", function.word()),
            };
            return Err(self.error(object.raw, &message));
        }
        let Some(did) = object.take("did") else {
            return Err(self.error(object.raw, "this needs a `did`: an event"));
        };
        let happening = self.happening(did)?;
        let filter = object
            .take("where")
            .map(|raw| self.filter(raw))
            .transpose()?;
        let window = self.window(object)?.unwrap_or(Window::Ever);
        Ok(Drawn {
            function,
            path,
            happening,
            filter,
            window,
        })
    }

    fn trait_function(&self, object: &mut Object<'a>) -> Result<Function, Error> {
        let Some(raw) = object.take("function") else {
            return Err(self.error(object.raw, "this needs a `function`, like \"count\""));
        };
        let word = self.string(raw)?;
        let found = Function::ALL
            .into_iter()
            .find(|function| function.word() == word);
        let Some(function) = found else {
            let mut words: Vec<&str> = Function::ALL.map(Function::word).to_vec();
            words.dedup();
            let help = match nearest(&word, words.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("functions are {}", words.join(", ")),
            };
            let error = self.error(raw, "there is no such function");
            return Err(error.with_help(help));
        };
        match (function, object.take("number")) {
            (_, None) => Ok(function),
            (Function::Last, Some(raw)) => {
                let number = self.whole_number(raw, "this is how many")?;
                Ok(Function::LastFew(u16::try_from(number).unwrap_or(u16::MAX)))
            }
            (_, Some(raw)) => Err(self.error(raw, "only `last` takes a `number`")),
        }
    }
}

/// The JSON spelling of a computed trait, as text.
#[must_use]
pub fn print_computed(computed: &Computed) -> String {
    let mut members = drawn(&computed.drawn);
    let minus = computed.minus.as_ref();
    members.extend(minus.map(|part| ("minus", object(&drawn(part)))));
    if !computed.thresholds.is_empty() {
        members.push(("thresholds", list(&computed.thresholds, Decimal::to_string)));
    }
    object(&members)
}

fn drawn(part: &Drawn) -> Members {
    let mut members = vec![("function", string(part.function.word()))];
    if let Function::LastFew(number) = part.function {
        members.push(("number", number.to_string()));
    }
    members.extend(part.path.as_ref().map(|path| ("property", text(path))));
    members.extend(what("did", &part.happening, part.filter.as_ref()));
    members.extend(windowed(&part.window));
    members
}
