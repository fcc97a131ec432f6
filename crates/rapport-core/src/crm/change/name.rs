//! Names and labels: what a name in the API may be, and how long one for people.

use super::Error;

/// The longest name in the API, in bytes.
pub(super) const NAME_BYTES_MAX: usize = 100;
/// The longest label, in characters.
const LABEL_CHARS_MAX: usize = 255;
/// The longest description, in characters.
const DESCRIPTION_CHARS_MAX: usize = 2_000;

/// A name in the API, in lower case: a letter, then letters, digits and `_`.
pub(super) fn name(sent: &str, what: &str) -> Result<Box<str>, Error> {
    let name = sent.trim().to_ascii_lowercase();
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= NAME_BYTES_MAX
        && name.chars().all(fits);
    match is_name {
        true => Ok(name.into()),
        false => Err(Error::Invalid(
            format!(
                "the name of a {what} is a letter followed by letters, digits and `_`, at most \
                 {NAME_BYTES_MAX} in all; `{}` is none",
                sent.chars().take(NAME_BYTES_MAX).collect::<String>()
            )
            .into(),
        )),
    }
}

/// A name that may also begin with a digit and have `-` in it, in the case it is sent: of pipelines
/// and stages.
pub(super) fn id(sent: &str, what: &str) -> Result<Box<str>, Error> {
    let id = sent.trim();
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let is_id = !id.is_empty() && id.len() <= NAME_BYTES_MAX && id.chars().all(fits);
    match is_id {
        true => Ok(id.into()),
        false => Err(Error::Invalid(
            format!(
                "the id of a {what} is made of letters, digits, `_` and `-`, at most \
                 {NAME_BYTES_MAX} in all"
            )
            .into(),
        )),
    }
}

/// A label without white space around it.
pub(super) fn label(sent: &str, what: &str) -> Result<Box<str>, Error> {
    let label = sent.trim();
    let fits = !label.is_empty() && label.chars().count() <= LABEL_CHARS_MAX;
    match fits && !label.contains(char::is_control) {
        true => Ok(label.into()),
        false => Err(Error::Invalid(
            format!("the label of a {what} has 1 to {LABEL_CHARS_MAX} characters in one line")
                .into(),
        )),
    }
}

/// A description as it is.
pub(super) fn description(sent: &str) -> Result<Box<str>, Error> {
    let fits = sent.chars().count() <= DESCRIPTION_CHARS_MAX && !sent.contains('\0');
    match fits {
        true => Ok(sent.into()),
        false => Err(Error::Invalid(
            format!("a description has at most {DESCRIPTION_CHARS_MAX} characters").into(),
        )),
    }
}
