//! What can be wrong with a rule, and where.

use serde::Serialize;

/// Why a rule, or a change to the segments, is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A spelling that cannot be read, or asks for what rules cannot do.
    #[error("{message} (line {}, column {})", .place.line, .place.column)]
    Rule {
        /// What is wrong.
        message: String,
        /// What to write instead, where that can be guessed.
        help: Option<String>,
        /// Where.
        place: Place,
    },
    /// A key that is no key.
    #[error("`{key}` cannot be the key of a segment or trait")]
    BadKey {
        /// The key.
        key: String,
    },
    /// No segment has this key.
    #[error("there is no segment `{key}`")]
    UnknownSegment {
        /// The key.
        key: String,
        /// The key of an existing segment that looks like it.
        nearest: Option<String>,
    },
    /// No computed trait has this key.
    #[error("there is no trait `{key}`")]
    UnknownTrait {
        /// The key.
        key: String,
        /// The key of an existing trait that looks like it.
        nearest: Option<String>,
    },
    /// A computed trait that segments ask for.
    #[error("trait `{key}` is used by {}", .by.join(", "))]
    TraitInUse {
        /// Its key.
        key: String,
        /// The keys of the segments.
        by: Vec<String>,
    },
    /// Segments that refer to each other in a circle.
    #[error("segments would refer to each other in a circle: {}", .keys.join(" -> "))]
    Cycle {
        /// The circle, from the changed segment back to it.
        keys: Vec<String>,
    },
    /// A segment that others refer to.
    #[error("segment `{key}` is used by {}", .by.join(", "))]
    InUse {
        /// Its key.
        key: String,
        /// The keys of those that refer to it.
        by: Vec<String>,
    },
}

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Bytes before it.
    pub offset: usize,
    /// Its line, from 1.
    pub line: usize,
    /// Its column in characters, from 1.
    pub column: usize,
}

impl Place {
    /// The place at an offset in bytes.
    #[must_use]
    pub fn of(text: &str, offset: usize) -> Place {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Place {
            offset: before.len(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

impl Error {
    /// Something wrong in a rule, at an offset in bytes.
    #[must_use]
    pub fn rule(text: &str, offset: usize, message: impl Into<String>) -> Error {
        Error::Rule {
            message: message.into(),
            help: None,
            place: Place::of(text, offset),
        }
    }

    /// The same error with an advice; other errors than those in rules have their own.
    #[must_use]
    pub fn with_help(mut self, advice: impl Into<String>) -> Error {
        if let Error::Rule { help, .. } = &mut self {
            *help = Some(advice.into());
        }
        self
    }

    /// Where in the rule, for errors that have a place.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        match self {
            Error::Rule { place, .. } => Some(*place),
            _ => None,
        }
    }

    /// What to do about it, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Error::Rule { help, .. } => help.clone(),
            Error::BadKey { .. } => Some(
                "use 1 to 64 lower case letters, digits, `_` and `-`, starting with a letter or digit"
                    .to_owned(),
            ),
            Error::UnknownTrait { nearest: None, .. } => {
                Some("make it first: PUT /api/v1/traits/{key}".to_owned())
            }
            Error::UnknownSegment { nearest, .. } | Error::UnknownTrait { nearest, .. } => {
                nearest.as_ref().map(|key| format!("did you mean `{key}`?"))
            }
            Error::Cycle { .. } => Some("take one of these references out".to_owned()),
            Error::InUse { .. } | Error::TraitInUse { .. } => {
                Some("change the rules of those segments, or delete them, first".to_owned())
            }
        }
    }
}

/// The word nearest to `word`, if one is near enough to have been meant.
#[must_use]
pub fn nearest<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.chars().take(64).flat_map(char::to_lowercase).collect();
    let far_enough = 1 + word.len() / 4;
    words
        .into_iter()
        .map(|candidate| (distance(&word, candidate), candidate))
        .filter(|(distance, _)| *distance <= far_enough)
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters must be put in, taken out, changed, or swapped with the next one.
fn distance(from: &[char], to: &str) -> usize {
    let to: Vec<char> = to.chars().take(64).collect();
    let mut rows = vec![(0..=to.len()).collect::<Vec<_>>()];
    for (i, letter) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, other) in to.iter().enumerate() {
            let changed = rows[i][j] + usize::from(letter != other);
            let mut best = changed.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *letter == to[j - 1] && from[i - 1] == *other {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters_but_offsets_count_bytes() {
        let place = Place::of("did \"Ä\"\nand dit", 13);
        assert_eq!(
            place,
            Place {
                offset: 13,
                line: 2,
                column: 5
            }
        );
    }

    #[test]
    fn the_nearest_word_is_one_that_can_have_been_meant() {
        assert_eq!(nearest("witihn", ["within", "where"]), Some("within"));
        assert_eq!(nearest("WHERE", ["within", "where"]), Some("where"));
        assert_eq!(nearest("banana", ["within", "where"]), None);
    }
}
