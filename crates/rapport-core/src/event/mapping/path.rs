//! Paths: where in a delivery a value is, and where the items of a part are.
//!
//! `a.b.0` leads from the item into its members and items; `.` is the item itself, `^` what
//! encloses it (`^^` what encloses that), `$` the whole body, `@x-topic` a header. A dot in a name
//! is written `\.`.

use super::error::Error;
use super::node::{Node, Value};
use std::borrow::Cow;

/// How many names a path may have.
const NAMES_MAX: usize = 16;

/// Where a path begins.
#[derive(Clone, Debug, PartialEq)]
enum Base {
    /// So many levels above the item; 0 is the item.
    Up(usize),
    Body,
    Header(Box<str>),
}

/// A path to a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Path {
    base: Base,
    names: Vec<Box<str>>,
}

/// What a path is followed in: the levels from the body down to the item, and the headers.
#[derive(Clone)]
pub(super) struct Scope<'s, 'a> {
    pub(super) levels: Vec<&'s Node<'a>>,
    pub(super) headers: &'s [(String, String)],
}

impl Path {
    /// Reads a path that stands `levels` levels below the body.
    pub(super) fn parse(text: &str, levels: usize, place: &str) -> Result<Path, Error> {
        if let Some(name) = text.strip_prefix('@') {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
            if name.is_empty() || !name.bytes().all(fits) {
                return Err(Error::new(place, format!("`{text}` names no header")));
            }
            return Ok(Path {
                base: Base::Header(name.to_ascii_lowercase().into()),
                names: Vec::new(),
            });
        }
        let ups = text.bytes().take_while(|byte| *byte == b'^').count();
        let (base, rest) = match text.strip_prefix('$') {
            Some(rest) => (Base::Body, rest),
            None => (Base::Up(ups), &text[ups..]),
        };
        if ups > levels {
            let message = format!("`{text}` goes up {ups} levels, and there are {levels}");
            return Err(Error::new(place, message));
        }
        let is_bare = base == Base::Up(0);
        let rest = match rest.strip_prefix('.') {
            Some(rest) => rest,
            None if rest.is_empty() && !is_bare => rest,
            None if is_bare && !rest.is_empty() => rest,
            None => return Err(Error::new(place, format!("`{text}` is no path"))),
        };
        let names = if rest.is_empty() {
            Vec::new()
        } else {
            names(rest, place)?
        };
        Ok(Path { base, names })
    }

    /// The value at the path.
    pub(super) fn value<'a>(&self, scope: &Scope<'_, 'a>) -> Option<Value<'a>> {
        if let Base::Header(name) = &self.base {
            let found = scope.headers.iter().find(|(other, _)| **other == **name);
            return found
                .filter(|(_, value)| !value.is_empty())
                .map(|(_, value)| Value::Text(Cow::Owned(value.clone())));
        }
        self.node(scope)?.value()
    }

    fn node<'s, 'a>(&self, scope: &Scope<'s, 'a>) -> Option<&'s Node<'a>> {
        let start = match self.base {
            Base::Body => *scope.levels.first()?,
            Base::Up(ups) => scope.levels[scope.levels.len().checked_sub(1 + ups)?],
            Base::Header(_) => return None,
        };
        start.at(&self.names)
    }
}

/// Splits at dots that are not escaped.
fn names(text: &str, place: &str) -> Result<Vec<Box<str>>, Error> {
    let mut names = vec![String::new()];
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let last = names.last_mut();
        match (c, last) {
            ('.', _) => names.push(String::new()),
            ('\\', Some(last)) => last.extend(chars.next()),
            (c, Some(last)) => last.push(c),
            (_, None) => {}
        }
    }
    if names.iter().any(String::is_empty) {
        return Err(Error::new(place, format!("`{text}` has an empty name")));
    }
    if names.len() > NAMES_MAX {
        let message = format!("a path may have {NAMES_MAX} names");
        return Err(Error::new(place, message));
    }
    Ok(names.into_iter().map(String::into_boxed_str).collect())
}

/// Where items are: a path in which `[]` stands for every item of a list. Without any the item is
/// what the path leads to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Each {
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Name(Box<str>),
    Every,
}

/// An item: the levels from where the path began down to it, and the number of each item taken.
pub(super) struct Found<'s, 'a> {
    pub(super) levels: Vec<&'s Node<'a>>,
    pub(super) taken: Vec<usize>,
}

impl Each {
    /// Reads a path such as `entry[].changes[]`; empty means the body itself.
    pub(super) fn parse(text: &str, place: &str) -> Result<Each, Error> {
        let mut steps = Vec::new();
        if text.is_empty() {
            return Ok(Each { steps });
        }
        for (number, part) in names(text, place)?.into_iter().enumerate() {
            let bare = part.trim_end_matches("[]");
            let every = (part.len() - bare.len()) / 2;
            let is_first_list = number == 0 && bare.is_empty();
            if bare.contains(['[', ']']) || (bare.is_empty() && !is_first_list) {
                let message = format!("`{text}`: `[]` stands behind a name, for every item");
                return Err(Error::new(place, message));
            }
            if !bare.is_empty() {
                steps.push(Step::Name(bare.into()));
            }
            steps.extend(std::iter::repeat_n(Step::Every, every));
        }
        if steps.len() > NAMES_MAX {
            let message = format!("a path may have {NAMES_MAX} names");
            return Err(Error::new(place, message));
        }
        Ok(Each { steps })
    }

    /// How many levels an item stands below where the path begins.
    pub(super) fn levels(&self) -> usize {
        let lists = self.steps.iter().filter(|step| **step == Step::Every);
        let ends_in_a_name = matches!(self.steps.last(), Some(Step::Name(_)));
        lists.count() + usize::from(ends_in_a_name)
    }

    /// Every item, in order; at most one more than `limit`.
    pub(super) fn find<'s, 'a>(&self, from: &'s Node<'a>, limit: usize) -> Vec<Found<'s, 'a>> {
        let mut walk = Walk {
            limit,
            found: Vec::new(),
        };
        let start = Found {
            levels: Vec::new(),
            taken: Vec::new(),
        };
        walk.go(&self.steps, from, start);
        walk.found
    }

    /// The body with nothing but this item in the lists that lead to it.
    pub(super) fn narrowed(&self, body: &Node<'_>, taken: &[usize]) -> String {
        let mut text = String::new();
        narrow(&self.steps, body, taken, &mut text);
        text
    }
}

struct Walk<'s, 'a> {
    limit: usize,
    found: Vec<Found<'s, 'a>>,
}

impl<'s, 'a> Walk<'s, 'a> {
    /// Goes as deep as the path, never as deep as the body.
    fn go(&mut self, steps: &[Step], node: &'s Node<'a>, mut so_far: Found<'s, 'a>) {
        match steps {
            [] => self.found.push(so_far),
            [Step::Name(name), rest @ ..] => {
                let Some(child) = node.child(name) else {
                    return;
                };
                if rest.is_empty() {
                    so_far.levels.push(child);
                }
                self.go(rest, child, so_far);
            }
            [Step::Every, rest @ ..] => {
                for (number, item) in node.items().iter().enumerate() {
                    if self.found.len() > self.limit {
                        return;
                    }
                    let mut levels = so_far.levels.clone();
                    levels.push(item);
                    let mut taken = so_far.taken.clone();
                    taken.push(number);
                    self.go(rest, item, Found { levels, taken });
                }
            }
        }
    }
}

fn narrow(steps: &[Step], node: &Node<'_>, taken: &[usize], text: &mut String) {
    // What leads to no further list is kept whole.
    let (Some((step, rest)), Some((first, others))) = (steps.split_first(), taken.split_first())
    else {
        text.push_str(node.raw());
        return;
    };
    match step {
        Step::Name(name) => {
            text.push('{');
            for (place, (member, raw)) in crate::json::members(node.raw()).enumerate() {
                if place > 0 {
                    text.push(',');
                }
                text.push_str(&serde_json::to_string(&*member).unwrap_or_default());
                text.push(':');
                match node.child(name) {
                    Some(child) if member == **name => narrow(rest, child, taken, text),
                    _ => text.push_str(raw),
                }
            }
            text.push('}');
        }
        Step::Every => {
            text.push('[');
            if let Some(item) = node.items().get(*first) {
                narrow(rest, item, others, text);
            }
            text.push(']');
        }
    }
}
