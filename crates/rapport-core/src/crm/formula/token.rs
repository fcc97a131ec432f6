//! Cuts a formula into words, numbers, texts and signs.

use super::{BYTES_MAX, Error};

/// A piece of a formula and where it begins, in bytes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) at: usize,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A name or a word of the language.
    Word(Box<str>),
    Number(f64),
    Text(Box<str>),
    /// `+`, `<=`, `(` and the like.
    Sign(&'static str),
    /// Behind the last one.
    End,
}

/// The longer ones first, so that `<=` is not `<` and `=`.
const SIGNS: [&str; 18] = [
    "==", "!=", "<>", "<=", ">=", "=", "<", ">", "+", "-", "*", "/", "%", "(", ")", ",", ".", ";",
];

/// All pieces, and the end.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Error> {
    if text.len() > BYTES_MAX {
        let message = format!(
            "a formula may have {BYTES_MAX} bytes, this one has {}",
            text.len()
        );
        return Err(Error::at(text, 0, message));
    }
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let (kind, length) = match first {
            _ if first.is_whitespace() => {
                at += first.len_utf8();
                continue;
            }
            'a'..='z' | 'A'..='Z' | '_' => word(rest),
            '0'..='9' => number(text, at)?,
            '"' | '\'' => quoted(text, at, first)?,
            _ => {
                let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
                let unknown = || Error::at(text, at, format!("`{first}` means nothing here"));
                let sign = sign.ok_or_else(unknown)?;
                (Kind::Sign(sign), sign.len())
            }
        };
        tokens.push(Token { at, kind });
        at += length;
    }
    tokens.push(Token {
        at: text.len(),
        kind: Kind::End,
    });
    Ok(tokens)
}

fn word(rest: &str) -> (Kind, usize) {
    let in_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let length = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
    (Kind::Word(rest[..length].into()), length)
}

/// Digits with a point between them; no exponent, which nobody writes by hand.
fn number(text: &str, at: usize) -> Result<(Kind, usize), Error> {
    let rest = &text[at..];
    let digits = |from: usize| {
        let tail = &rest[from..];
        let length = tail.find(|c: char| !c.is_ascii_digit());
        from + length.unwrap_or(tail.len())
    };
    let mut length = digits(0);
    let has_fraction = rest[length..].starts_with('.')
        && rest[length + 1..].starts_with(|c: char| c.is_ascii_digit());
    if has_fraction {
        length = digits(length + 1);
    }
    let read = rest[..length].parse::<f64>().ok();
    let read = read.filter(|number| number.is_finite());
    let too_large = || Error::at(text, at, "the number is too large");
    Ok((Kind::Number(read.ok_or_else(too_large)?), length))
}

/// A text between quotes; a backslash takes the next character as it is.
fn quoted(text: &str, at: usize, quote: char) -> Result<(Kind, usize), Error> {
    let mut content = String::new();
    let mut escaped = false;
    for (offset, c) in text[at..].char_indices().skip(1) {
        match c {
            _ if escaped => {
                content.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            _ if c == quote => return Ok((Kind::Text(content.into()), offset + c.len_utf8())),
            _ => content.push(c),
        }
    }
    let error = Error::at(text, at, "the text that begins here does not end");
    Err(error.with_help(format!("close it with {quote}")))
}
