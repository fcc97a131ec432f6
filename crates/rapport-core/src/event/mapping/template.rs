//! Templates: text with paths in braces. `"{id}"` alone keeps the type of what it finds.
//!
//! `{a ?? b}` takes the first that is there, `{a|lower|trim}` converts, `{{` is a brace.

use super::conversion::Conversion;
use super::error::Error;
use super::fuel::Fuel;
use super::node::Value;
use super::path::{Path, Scope};
use std::borrow::Cow;

/// Pieces of a template.
const PIECES_MAX: usize = 32;
/// Paths, and conversions, of one hole.
const STEPS_MAX: usize = 16;

/// Text with holes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Text(String),
    Pick(Pick),
}

#[derive(Clone, Debug, PartialEq)]
struct Pick {
    alternatives: Vec<Path>,
    conversions: Vec<Conversion>,
}

impl Template {
    /// Reads a template that stands `levels` levels below the body.
    pub(super) fn parse(text: &str, levels: usize, place: &str) -> Result<Template, Error> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let brace = &rest[at..];
            if brace.starts_with("{{") || brace.starts_with("}}") {
                plain.push_str(&brace[..1]);
                rest = &brace[2..];
                continue;
            }
            let unclosed = || Error::new(place, format!("`{text}`: a brace has no partner"));
            let inside = brace.strip_prefix('{').ok_or_else(unclosed)?;
            let end = inside.find(['{', '}']).ok_or_else(unclosed)?;
            if !inside[end..].starts_with('}') {
                return Err(unclosed());
            }
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Pick(Pick::parse(&inside[..end], levels, place)?));
            rest = &inside[end + 1..];
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        if pieces.len() > PIECES_MAX {
            let message = format!("a template may have {PIECES_MAX} pieces");
            return Err(Error::new(place, message));
        }
        Ok(Template { pieces })
    }

    /// The value, or nothing where a hole finds nothing.
    pub(super) fn value<'a>(&'a self, scope: &Scope<'_, 'a>, fuel: &Fuel) -> Option<Value<'a>> {
        if let [Piece::Pick(pick)] = &*self.pieces {
            return pick.value(scope, fuel);
        }
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Pick(pick) => {
                    text.push_str(&pick.value(scope, fuel)?.into_text()?);
                    fuel.burn(text.len());
                }
            }
        }
        Some(Value::Text(Cow::Owned(text))).filter(|_| !self.pieces.is_empty())
    }
}

impl Pick {
    fn parse(text: &str, levels: usize, place: &str) -> Result<Pick, Error> {
        let mut parts = text.split('|').map(str::trim);
        let paths = parts.next().unwrap_or_default();
        let alternatives: Vec<Path> = paths
            .split("??")
            .map(|path| Path::parse(path.trim(), levels, place))
            .collect::<Result<_, _>>()?;
        let conversions: Vec<Conversion> = parts
            .map(|word| {
                Conversion::from_word(word).ok_or_else(|| {
                    let words = Conversion::words();
                    let message = format!("`{word}` is no conversion; there are {words}");
                    Error::new(place, message)
                })
            })
            .collect::<Result<_, _>>()?;
        if alternatives.len().max(conversions.len()) > STEPS_MAX {
            let message = format!("a hole may have {STEPS_MAX} paths and {STEPS_MAX} conversions");
            return Err(Error::new(place, message));
        }
        Ok(Pick {
            alternatives,
            conversions,
        })
    }

    fn value<'a>(&self, scope: &Scope<'_, 'a>, fuel: &Fuel) -> Option<Value<'a>> {
        self.alternatives.iter().find_map(|path| {
            fuel.burn(0);
            let mut value = path.value(scope)?;
            for conversion in &self.conversions {
                fuel.burn(value.bytes());
                if fuel.is_empty() {
                    return None;
                }
                value = conversion.apply(value)?;
            }
            Some(value)
        })
    }
}
