//! Values picked out of raw JSON text, without building a tree of it.
//!
//! The text is known to be JSON (the door checked it), so this reads and never validates: on text
//! that is not JSON it finds nothing, or something, and never fails. The last of duplicate keys
//! wins, as in every browser. A lone surrogate reads as U+FFFD. Nesting costs no stack.

pub use self::decimal::Decimal;
use std::borrow::Cow;

mod decimal;
pub mod edit;
pub mod numbers;
#[cfg(test)]
mod tests;
pub mod without;

/// A JSON value; lists and objects stay text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Decimal),
    /// A string, its escapes resolved.
    Text(Cow<'a, str>),
    /// A list, as text.
    List(&'a str),
    /// An object, as text.
    Object(&'a str),
}

impl<'a> Value<'a> {
    /// Reads one JSON value. `None` where the text is none.
    #[must_use]
    pub fn parse(raw: &'a str) -> Option<Value<'a>> {
        let raw = raw.trim_ascii();
        Some(match *raw.as_bytes().first()? {
            b'{' => Value::Object(raw),
            b'[' => Value::List(raw),
            b'"' => Value::Text(unescape(raw.get(1..raw.len().checked_sub(1)?)?)),
            b't' => Value::Bool(true),
            b'f' => Value::Bool(false),
            b'n' => Value::Null,
            _ => Value::Number(Decimal::parse(raw)?),
        })
    }
}

/// The value at a path of keys (and indexes into lists, from 0). `None` where there is none.
#[must_use]
pub fn pick<'a>(raw: &'a str, path: &[Box<str>]) -> Option<Value<'a>> {
    Value::parse(self::raw(raw, path)?)
}

/// The text of the value at a path.
#[must_use]
pub fn raw<'a>(raw: &'a str, path: &[Box<str>]) -> Option<&'a str> {
    let mut raw = raw;
    for name in path {
        raw = child(raw, name)?;
    }
    Some(raw)
}

/// The members of an object in their order, keys with escapes resolved, values as text.
pub fn members(raw: &str) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
    let mut scanner = Scanner::inside(raw, b'{');
    std::iter::from_fn(move || {
        let (key, value) = scanner.member()?;
        Some((unescape(key), value))
    })
}

/// The items of a list in their order, as text.
pub fn items(raw: &str) -> impl Iterator<Item = &str> {
    let mut scanner = Scanner::inside(raw, b'[');
    std::iter::from_fn(move || scanner.item())
}

/// Several paths, to be picked in one pass over the text.
#[derive(Clone, Debug, Default)]
pub struct Paths {
    root: Step,
    count: usize,
}

#[derive(Clone, Debug, Default)]
struct Step {
    name: Box<str>,
    slot: Option<usize>,
    next: Vec<Step>,
}

impl Paths {
    /// Adds a path and answers its slot; the same path has the same slot.
    pub fn add(&mut self, path: &[Box<str>]) -> usize {
        let mut step = &mut self.root;
        for name in path {
            let known = step.next.iter().position(|next| next.name == *name);
            let at = known.unwrap_or_else(|| {
                step.next.push(Step {
                    name: name.clone(),
                    ..Step::default()
                });
                step.next.len() - 1
            });
            step = &mut step.next[at];
        }
        if step.slot.is_none() {
            step.slot = Some(self.count);
            self.count += 1;
        }
        step.slot.unwrap_or_default()
    }

    /// How many slots there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no path at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The values at all paths, each in its slot.
    #[must_use]
    pub fn pick<'a>(&self, raw: &'a str) -> Vec<Option<Value<'a>>> {
        let mut found = vec![None; self.count];
        if self.count > 0 {
            self.root.pick(raw, &mut found);
        }
        found
    }
}

impl Step {
    /// Fills the slots of this step and those below from its value. Goes as deep as the longest
    /// path, never as deep as the text.
    fn pick<'a>(&self, raw: &'a str, found: &mut [Option<Value<'a>>]) {
        if let Some(slot) = self.slot {
            found[slot] = Value::parse(raw);
        }
        if self.next.is_empty() {
            return;
        }
        match raw.trim_ascii_start().as_bytes().first() {
            Some(b'{') => self.pick_members(raw, found),
            Some(b'[') => self.pick_items(raw, found),
            _ => {}
        }
    }

    fn pick_members<'a>(&self, raw: &'a str, found: &mut [Option<Value<'a>>]) {
        let mut scanner = Scanner::inside(raw, b'{');
        while let Some((key, value)) = scanner.member() {
            if let Some(step) = self.next.iter().find(|step| is_key(key, &step.name)) {
                step.clear(found);
                step.pick(value, found);
            }
        }
    }

    fn pick_items<'a>(&self, raw: &'a str, found: &mut [Option<Value<'a>>]) {
        for step in &self.next {
            if let Some(item) = child(raw, &step.name) {
                step.pick(item, found);
            }
        }
    }

    /// An earlier member of the same name does not count.
    fn clear(&self, found: &mut [Option<Value<'_>>]) {
        if let Some(slot) = self.slot {
            found[slot] = None;
        }
        for step in &self.next {
            step.clear(found);
        }
    }
}

/// The text of the member or item of this name.
fn child<'a>(raw: &'a str, name: &str) -> Option<&'a str> {
    match raw.trim_ascii_start().as_bytes().first()? {
        b'{' => {
            let mut scanner = Scanner::inside(raw, b'{');
            let mut last = None;
            while let Some((key, value)) = scanner.member() {
                if is_key(key, name) {
                    last = Some(value);
                }
            }
            last
        }
        b'[' => items(raw).nth(index(name)?),
        _ => None,
    }
}

fn index(name: &str) -> Option<usize> {
    let plain = name == "0" || !name.starts_with(['0', '+']);
    if plain { name.parse().ok() } else { None }
}

/// Whether a key, its escapes not resolved, is this name. Escapes are longer than what they stand
/// for.
fn is_key(key: &str, name: &str) -> bool {
    if key.len() <= name.len() {
        return key == name && !key.contains('\\');
    }
    key.contains('\\') && unescape(key) == name
}

/// The content of a JSON string with its escapes resolved; what is no pair of surrogates, or no
/// escape at all, reads as U+FFFD.
#[must_use]
pub fn unescape(content: &str) -> Cow<'_, str> {
    let Some(first) = content.find('\\') else {
        return Cow::Borrowed(content);
    };
    let mut plain = String::with_capacity(content.len());
    plain.push_str(&content[..first]);
    let mut rest = &content[first..];
    while let Some(at) = rest.find('\\') {
        plain.push_str(&rest[..at]);
        let (character, length) = escape(&rest[at..]);
        plain.push(character);
        rest = &rest[at + length..];
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// The character behind the escape that the text starts with, and the escape's length in bytes.
fn escape(text: &str) -> (char, usize) {
    let Some(letter) = text[1..].chars().next() else {
        return (char::REPLACEMENT_CHARACTER, 1);
    };
    let character = match letter {
        '"' | '\\' | '/' => letter,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => return unicode_escape(text),
        _ => return (char::REPLACEMENT_CHARACTER, 1 + letter.len_utf8()),
    };
    (character, 2)
}

fn unicode_escape(text: &str) -> (char, usize) {
    let Some(high) = code_unit(text) else {
        return (char::REPLACEMENT_CHARACTER, 2);
    };
    if let Some(character) = char::from_u32(high) {
        return (character, 6);
    }
    match text.get(6..).and_then(code_unit) {
        Some(low) if high < 0xDC00 && (0xDC00..0xE000).contains(&low) => {
            let code = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
            (
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
                12,
            )
        }
        _ => (char::REPLACEMENT_CHARACTER, 6),
    }
}

fn code_unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit())
        .then_some(())?;
    u32::from_str_radix(digits, 16).ok()
}

/// Whether one of eight bytes is a quote or a backslash: a byte that equals the one looked for is
/// zero after the exclusive or, and only of a zero does the subtraction borrow its high bit.
fn has_quote_or_backslash(eight: [u8; 8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let word = u64::from_le_bytes(eight);
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & (ONES << 7);
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    zero(quote) | zero(backslash) != 0
}

/// A place inside a list or an object that moves from member to member.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    /// Behind the bracket that opens the text; finds nothing where it is another.
    fn inside(text: &'a str, open: u8) -> Scanner<'a> {
        let mut scanner = Scanner { text, at: 0 };
        match scanner.peek() {
            Some(byte) if byte == open => scanner.at += 1,
            _ => scanner.at = text.len(),
        }
        scanner
    }

    /// The next key (escapes not resolved) and the text of its value.
    fn member(&mut self) -> Option<(&'a str, &'a str)> {
        if self.peek()? == b',' {
            self.at += 1;
        }
        if self.peek()? != b'"' {
            return None;
        }
        let start = self.at + 1;
        self.skip_string();
        let key = self.text.get(start..self.at.checked_sub(1)?)?;
        if self.peek()? != b':' {
            return None;
        }
        self.at += 1;
        Some((key, self.value()?))
    }

    fn item(&mut self) -> Option<&'a str> {
        if self.peek()? == b',' {
            self.at += 1;
        }
        self.value()
    }

    /// The text of the value that comes next.
    fn value(&mut self) -> Option<&'a str> {
        let first = self.peek()?;
        let start = self.at;
        match first {
            b'"' => self.skip_string(),
            b'{' | b'[' => self.skip_nested(),
            b'}' | b']' | b',' | b':' => return None,
            _ => self.skip_word(),
        }
        self.text.get(start..self.at)
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(self.at) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn skip_string(&mut self) {
        let bytes = self.text.as_bytes();
        self.at += 1;
        while let Some(Ok(eight)) = bytes.get(self.at..self.at + 8).map(<[u8; 8]>::try_from)
            && !has_quote_or_backslash(eight)
        {
            self.at += 8;
        }
        while let Some(byte) = bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'"' => return,
                b'\\' => self.at += 1,
                _ => {}
            }
        }
        self.at = bytes.len();
    }

    fn skip_nested(&mut self) {
        let bytes = self.text.as_bytes();
        let mut depth = 0_usize;
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'"' => {
                    self.skip_string();
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }

    fn skip_word(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            if matches!(
                byte,
                b',' | b'}' | b']' | b':' | b' ' | b'\n' | b'\r' | b'\t'
            ) {
                return;
            }
            self.at += 1;
        }
    }
}
