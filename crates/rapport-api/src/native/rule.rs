//! The two spellings of rules and computed traits, in a body: text, or a tree.

use crate::errors::{Code, Error};
use rapport_core::segment::error::Error as Misspelled;

/// Reads either: a JSON string is text, anything else a tree.
///
/// # Errors
/// What is misspelled, with its place.
pub(super) fn read<T>(
    raw: &str,
    text: fn(&str) -> Result<T, Misspelled>,
    tree: fn(&str) -> Result<T, Misspelled>,
) -> Result<T, Error> {
    if !raw.starts_with('"') {
        return Ok(tree(raw)?);
    }
    let spelled: String = serde_json::from_str(raw)
        .map_err(|error| Error::new(Code::InvalidBody, error.to_string()))?;
    Ok(text(&spelled)?)
}
