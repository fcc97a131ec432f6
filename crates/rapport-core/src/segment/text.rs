//! The text spelling of rules: from text to rule. [`Rule`]'s `Display` is the way back.
//!
//! ```text
//! rule      = and { "or" and } ;  and = unary { "and" unary }
//! unary     = "not" unary | "(" rule ")" | condition
//! condition = "attribute" path test
//!           | "did" [ "not" ] event [ "where" filter ] [ count ] [ "within" window | "ever" ]
//!           | [ "not" ] "in segment" text
//! event     = text | type [ text ] ;  type = "track" | "page" | "screen" | "identify" | ...
//! filter    = the same with `path test` for a condition
//! count     = ( "at least" | "at most" | "exactly" ) number "times"
//! window    = number ( "seconds" | "minutes" | "hours" | "days" | "weeks" )
//! ```
//!
//! An `and` or `or` belongs to the filter as long as a name follows it; the words of the language
//! ([`RESERVED`]) are no names unless quoted.

use self::cursor::{Cursor, Token};
use crate::event::Kind;
use crate::json::Decimal;
use crate::segment::count::{Count, UNITS, Window};
use crate::segment::error::{Error, nearest};
use crate::segment::literal::Literal;
use crate::segment::operator::{OPERATORS, Operator, Takes, Test};
use crate::segment::path::{PATH_MAX, Path};
use crate::segment::rule::{
    CONDITIONS_MAX, DEPTH_MAX, Did, Filter, Happening, RULE_BYTES_MAX, Rule, check_count,
};

mod cursor;

/// The words of the language, which are names only in quotes.
pub const RESERVED: [&str; 27] = [
    "and", "or", "not", "all", "any", "did", "viewed", "attribute", "in", "segment", "where", "at",
    "least", "most", "exactly", "within", "ever", "times", "time", "contains", "starts", "ends",
    "with", "exists", "true", "false", "null",
];

/// Reads a rule. An error says where, and what to write instead where that can be guessed.
pub fn parse(text: &str) -> Result<Rule, Error> {
    if text.len() > RULE_BYTES_MAX {
        return Err(Error::rule(text, RULE_BYTES_MAX, "a rule is at most 64 KB long"));
    }
    let mut parser = Parser { cursor: Cursor::new(text), depth: 0, conditions: 0 };
    let rule = parser.rule()?;
    match parser.cursor.peek()? {
        Token::End => Ok(rule),
        _ => Err(parser.unexpected("`and`, `or` or the end of the rule", &AFTER_CONDITION)),
    }
}

/// Reads a path alone.
pub(super) fn parse_path(text: &str) -> Result<Path, Error> {
    let mut parser = Parser { cursor: Cursor::new(text), depth: 0, conditions: 0 };
    let path = parser.path()?;
    match parser.cursor.peek()? {
        Token::End => Ok(path),
        _ => Err(parser.cursor.expected("the end of the name")),
    }
}

const CONDITION_WORDS: [&str; 6] = ["did", "viewed", "attribute", "in", "not", "segment"];
const AFTER_CONDITION: [&str; 8] =
    ["and", "or", "where", "at", "exactly", "within", "ever", "times"];
const KINDS: [Kind; 6] =
    [Kind::Track, Kind::Identify, Kind::Page, Kind::Screen, Kind::Group, Kind::Alias];

struct Parser<'a> {
    cursor: Cursor<'a>,
    depth: usize,
    conditions: usize,
}

impl Parser<'_> {
    fn rule(&mut self) -> Result<Rule, Error> {
        self.go_deeper()?;
        let mut parts = vec![self.rule_and()?];
        while self.cursor.take("or")? {
            parts.push(self.rule_and()?);
        }
        self.depth -= 1;
        Ok(one_or(parts, Rule::Any))
    }

    fn rule_and(&mut self) -> Result<Rule, Error> {
        let mut parts = vec![self.rule_unary()?];
        while self.cursor.take("and")? {
            parts.push(self.rule_unary()?);
        }
        Ok(one_or(parts, Rule::All))
    }

    fn rule_unary(&mut self) -> Result<Rule, Error> {
        if self.cursor.take_words("not in segment")? {
            return Ok(Rule::NotIn(self.segment_key()?));
        }
        if self.cursor.take("not")? {
            self.go_deeper()?;
            let part = self.rule_unary()?;
            self.depth -= 1;
            return Ok(Rule::Not(Box::new(part)));
        }
        if self.cursor.take("(")? {
            let rule = self.rule()?;
            self.close()?;
            return Ok(rule);
        }
        self.condition()
    }

    fn condition(&mut self) -> Result<Rule, Error> {
        self.count_condition()?;
        if self.cursor.take("attribute")? {
            let (path, test) = self.path_and_test()?;
            return Ok(Rule::Attribute { path, test });
        }
        if self.cursor.take("did")? {
            return self.did();
        }
        if self.cursor.take("viewed")? {
            let happening = self.viewed()?;
            return self.clauses(happening, Count::AtLeast(1)).map(Rule::Did);
        }
        if self.cursor.take_words("in segment")? {
            return Ok(Rule::In(self.segment_key()?));
        }
        Err(self.unexpected("a condition", &CONDITION_WORDS).with_help_unless_any(
            "conditions start with `did`, `did not`, `attribute` or `in segment`",
        ))
    }

    fn segment_key(&mut self) -> Result<Box<str>, Error> {
        self.quoted("the key of a segment in double quotes")
    }

    fn did(&mut self) -> Result<Rule, Error> {
        if !self.cursor.take("not")? {
            let happening = self.happening()?;
            return self.clauses(happening, Count::AtLeast(1)).map(Rule::Did);
        }
        let is_view = self.cursor.take("view")? || self.cursor.take("viewed")?;
        let happening = if is_view { self.viewed()? } else { self.happening()? };
        self.clauses(happening, Count::AtMost(0)).map(Rule::Did)
    }

    fn viewed(&mut self) -> Result<Happening, Error> {
        let kind = if self.cursor.take("page")? {
            Kind::Page
        } else if self.cursor.take("screen")? {
            Kind::Screen
        } else {
            return Err(self.unexpected("`page` or `screen`", &["page", "screen"]));
        };
        let name = self.optional_name()?;
        Ok(Happening { kind, name })
    }

    fn happening(&mut self) -> Result<Happening, Error> {
        for kind in KINDS {
            if self.cursor.take(kind.word())? {
                let offset = self.cursor.offset();
                let name = self.optional_name()?;
                if name.is_some() && !Happening::has_names(kind) {
                    let message = format!("events of type `{}` have no name", kind.word());
                    return Err(self.cursor.error(offset, message));
                }
                return Ok(Happening { kind, name });
            }
        }
        match self.optional_name()? {
            Some(name) => Ok(Happening { kind: Kind::Track, name: Some(name) }),
            None => {
                let words = KINDS.map(Kind::word);
                let error = self.unexpected("the name of an event in double quotes", &words);
                Err(error.with_help_unless_any("like this: did \"Order Completed\""))
            }
        }
    }

    fn optional_name(&mut self) -> Result<Option<Box<str>>, Error> {
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

    /// `where`, count and window, each at most once, in any order.
    fn clauses(&mut self, happening: Happening, default: Count) -> Result<Did, Error> {
        let (mut filter, mut count, mut window) = (None, None, None);
        loop {
            let offset = self.cursor.offset();
            let is_second = if self.cursor.take("where")? {
                filter.replace(self.filter()?).is_some()
            } else if let Some(found) = self.count()? {
                if default == Count::AtMost(0) {
                    let error = self.cursor.error(offset, "`did not` takes no count");
                    return Err(error.with_help("write `did ... at most N times`"));
                }
                count.replace(found).is_some()
            } else if let Some(found) = self.window()? {
                window.replace(found).is_some()
            } else {
                break;
            };
            if is_second {
                return Err(self.cursor.error(offset, "this was said before"));
            }
        }
        let (count, window) = (count.unwrap_or(default), window.flatten());
        Ok(Did { happening, filter, count, window })
    }

    fn count(&mut self) -> Result<Option<Count>, Error> {
        let make = if self.cursor.take_words("at least")? {
            Count::AtLeast
        } else if self.cursor.take_words("at most")? {
            Count::AtMost
        } else if self.cursor.take("exactly")? {
            Count::Exactly
        } else {
            return Ok(None);
        };
        let offset = self.cursor.offset();
        let times = self.whole_number("how often, like `3 times`")?;
        let count = make(u32::try_from(times).unwrap_or(u32::MAX));
        check_count(count).map_err(|message| self.cursor.error(offset, message))?;
        let says_times = self.cursor.take("times")? || self.cursor.take("time")?;
        if !says_times {
            return Err(self.unexpected("`times`", &["times"]));
        }
        Ok(Some(count))
    }

    /// `Some(None)` is ever.
    fn window(&mut self) -> Result<Option<Option<Window>>, Error> {
        if self.cursor.take("ever")? {
            return Ok(Some(None));
        }
        if !self.cursor.take("within")? {
            return Ok(None);
        }
        let offset = self.cursor.offset();
        let amount = self.whole_number("a span, like `7 days`")?;
        let unit_ms = self.unit()?;
        match amount.checked_mul(unit_ms).and_then(Window::of_ms) {
            Some(window) => Ok(Some(Some(window))),
            None => Err(self.cursor.error(offset, "a window is from 1 second to 36,500 days long")),
        }
    }

    fn unit(&mut self) -> Result<i64, Error> {
        for (word, unit_ms) in UNITS {
            if self.cursor.take(word)? || self.cursor.take(&format!("{word}s"))? {
                return Ok(unit_ms);
            }
        }
        let words = ["seconds", "minutes", "hours", "days", "weeks"];
        let error = self.unexpected("a unit of time", &words);
        Err(error.with_help_unless_any("units are seconds, minutes, hours, days and weeks"))
    }

    fn whole_number(&mut self, what: &str) -> Result<i64, Error> {
        let mut ahead = self.cursor;
        if let Token::Number(digits) = ahead.next()?
            && digits.bytes().all(|byte| byte.is_ascii_digit())
        {
            self.cursor = ahead;
            return Ok(digits.parse().unwrap_or(i64::MAX));
        }
        Err(self.cursor.expected(what))
    }

    fn filter(&mut self) -> Result<Filter, Error> {
        self.go_deeper()?;
        let mut parts = vec![self.filter_and()?];
        while self.take_inside_filter("or")? {
            parts.push(self.filter_and()?);
        }
        self.depth -= 1;
        Ok(one_or(parts, Filter::Any))
    }

    fn filter_and(&mut self) -> Result<Filter, Error> {
        let mut parts = vec![self.filter_unary()?];
        while self.take_inside_filter("and")? {
            parts.push(self.filter_unary()?);
        }
        Ok(one_or(parts, Filter::All))
    }

    /// Takes `and` or `or` if a name follows, not a condition of the rule.
    fn take_inside_filter(&mut self, word: &str) -> Result<bool, Error> {
        let mut ahead = self.cursor;
        if !ahead.take(word)? {
            return Ok(false);
        }
        let behind_word = ahead;
        while ahead.take("(")? || ahead.take("not")? {}
        let continues = ahead.next()?.starts_path();
        if continues {
            self.cursor = behind_word;
        }
        Ok(continues)
    }

    fn filter_unary(&mut self) -> Result<Filter, Error> {
        if self.cursor.take("not")? {
            self.go_deeper()?;
            let part = self.filter_unary()?;
            self.depth -= 1;
            return Ok(Filter::Not(Box::new(part)));
        }
        if self.cursor.take("(")? {
            let filter = self.filter()?;
            self.close()?;
            return Ok(filter);
        }
        self.count_condition()?;
        let (path, test) = self.path_and_test()?;
        Ok(Filter::Property { path, test })
    }

    fn path_and_test(&mut self) -> Result<(Path, Test), Error> {
        let path = self.path()?;
        let operator = self.operator()?;
        let offset = self.cursor.offset();
        let operands = self.operands(operator)?;
        match Test::new(operator, operands) {
            Some(test) => Ok((path, test)),
            None => {
                let message = format!("`{}` takes {}", operator.word, operator.takes.words());
                Err(self.cursor.error(offset, message))
            }
        }
    }

    fn path(&mut self) -> Result<Path, Error> {
        let offset = self.cursor.offset();
        let token = self.cursor.peek()?;
        if !token.starts_path() {
            let error = self.cursor.expected("a name");
            return Err(match token {
                Token::Word(word) => error.with_help(format!(
                    "`{word}` is a word of the language; a name like it needs quotes: \"{word}\""
                )),
                _ => error,
            });
        }
        let mut names = Vec::new();
        loop {
            match self.cursor.name()? {
                Some(name) => names.push(name),
                None => return Err(self.cursor.expected("a name behind the dot")),
            }
            if !self.cursor.take_dot() {
                break;
            }
        }
        Path::new(names).ok_or_else(|| {
            self.cursor.error(offset, format!("a path has at most {PATH_MAX} names"))
        })
    }

    /// The operator whose words stand here; the longest, where one begins like another.
    fn operator(&mut self) -> Result<&'static Operator, Error> {
        let mut found: Option<(&'static Operator, Cursor<'_>)> = None;
        for operator in OPERATORS {
            let mut ahead = self.cursor;
            let is_longer = found.is_none_or(|(best, _)| operator.word.len() > best.word.len());
            if is_longer && ahead.take_words(operator.word)? {
                found = Some((operator, ahead));
            }
        }
        match found {
            Some((operator, behind)) => {
                self.cursor = behind;
                Ok(operator)
            }
            None => Err(self.no_operator()),
        }
    }

    fn no_operator(&mut self) -> Error {
        let words = OPERATORS.map(|operator| operator.word);
        match self.cursor.peek() {
            Ok(token) if token.is("==") || token.is("is") || token.is("equals") => {
                self.cursor.expected("an operator").with_help("write `=`")
            }
            Ok(token) if token.is("<>") => {
                self.cursor.expected("an operator").with_help("write `!=`")
            }
            _ => {
                let all = format!("operators are {}", words.join(", "));
                self.unexpected("an operator", &words).with_help_unless_any(&all)
            }
        }
    }

    fn operands(&mut self, operator: &Operator) -> Result<Vec<Literal>, Error> {
        match operator.takes {
            Takes::Nothing => Ok(Vec::new()),
            Takes::Value | Takes::Ordered | Takes::Text => Ok(vec![self.literal(operator)?]),
            Takes::List => self.list(operator),
        }
    }

    fn list(&mut self, operator: &Operator) -> Result<Vec<Literal>, Error> {
        if !self.cursor.take("(")? {
            return Err(self.cursor.expected(operator.takes.words()));
        }
        let mut literals = vec![self.literal(operator)?];
        while self.cursor.take(",")? {
            literals.push(self.literal(operator)?);
        }
        self.close()?;
        Ok(literals)
    }

    fn literal(&mut self, operator: &Operator) -> Result<Literal, Error> {
        let mut ahead = self.cursor;
        let literal = match ahead.next()? {
            Token::Quoted(text) => Literal::Text(text),
            Token::Number(digits) => match Decimal::parse(digits) {
                Some(number) if !number.is_saturated() => Literal::Number(number),
                _ => return Err(self.cursor.expected("a number without leading zeros, below 1e29")),
            },
            token if token.is("true") => Literal::Bool(true),
            token if token.is("false") => Literal::Bool(false),
            token => {
                let error = self.cursor.expected(operator.takes.words());
                return Err(match token {
                    Token::Word(word) if word.eq_ignore_ascii_case("null") => {
                        error.with_help("ask `exists` or `not exists`")
                    }
                    Token::Word(word) => error.with_help(format!("texts need quotes: \"{word}\"")),
                    _ => error,
                });
            }
        };
        self.cursor = ahead;
        Ok(literal)
    }

    fn quoted(&mut self, what: &str) -> Result<Box<str>, Error> {
        let mut ahead = self.cursor;
        match ahead.next()? {
            Token::Quoted(text) => {
                self.cursor = ahead;
                Ok(text)
            }
            Token::Word(word) => {
                Err(self.cursor.expected(what).with_help(format!("put it in quotes: \"{word}\"")))
            }
            _ => Err(self.cursor.expected(what)),
        }
    }

    fn close(&mut self) -> Result<(), Error> {
        if self.cursor.take(")")? { Ok(()) } else { Err(self.cursor.expected("`)`")) }
    }

    fn go_deeper(&mut self) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let offset = self.cursor.offset();
            return Err(self.cursor.error(offset, "conditions nest at most 32 deep"));
        }
        Ok(())
    }

    fn count_condition(&mut self) -> Result<(), Error> {
        self.conditions += 1;
        if self.conditions > CONDITIONS_MAX {
            let offset = self.cursor.offset();
            return Err(self.cursor.error(offset, "a rule has at most 500 conditions"));
        }
        Ok(())
    }

    /// What was expected, with the word that was probably meant.
    fn unexpected(&mut self, what: &str, words: &[&str]) -> Error {
        let error = self.cursor.expected(what);
        let Ok(Token::Word(word)) = self.cursor.peek() else {
            return error;
        };
        match nearest(word, words.iter().copied()) {
            Some(meant) if !meant.eq_ignore_ascii_case(word) => {
                error.with_help(format!("did you mean `{meant}`?"))
            }
            _ => error,
        }
    }
}

impl Error {
    fn with_help_unless_any(self, advice: &str) -> Error {
        if self.help().is_some() { self } else { self.with_help(advice) }
    }
}

fn one_or<T>(mut parts: Vec<T>, join: fn(Vec<T>) -> T) -> T {
    if parts.len() == 1 { parts.swap_remove(0) } else { join(parts) }
}
