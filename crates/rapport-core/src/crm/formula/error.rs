//! What is wrong with a formula, and where.

/// Why a formula is none, or does not fit what is defined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at character {column} of the formula)")]
pub struct Error {
    /// A sentence for people.
    pub message: Box<str>,
    /// Where, in bytes from the beginning.
    pub offset: usize,
    /// Where, in characters from 1.
    pub column: usize,
    /// What to do about it, where that is known.
    pub help: Option<Box<str>>,
}

impl Error {
    /// An error at a place of a text.
    #[must_use]
    pub fn at(text: &str, offset: usize, message: impl Into<Box<str>>) -> Error {
        let offset = offset.min(text.len());
        let before = text.get(..offset).unwrap_or(text);
        Error {
            message: message.into(),
            offset,
            column: before.chars().count() + 1,
            help: None,
        }
    }

    /// The same with an advice.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<Box<str>>) -> Error {
        self.help = Some(help.into());
        self
    }
}
