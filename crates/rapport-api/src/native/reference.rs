//! Ids in addresses: profiles by number or identifier, merges, messages, positions.

use crate::errors::{Code, Error};
use rapport_core::entry::Reference;
use rapport_core::identity::{IdKind, Identifier, ProfileNo};
use rapport_core::position::Position;

/// Reads `prf_42` or `kind:value`; normalising is left to whoever looks it up.
pub(super) fn profile(text: &str) -> Result<Reference, Error> {
    if let Some(number) = ProfileNo::parse(text) {
        return Ok(Reference::Number(number));
    }
    identifier(text).map(Reference::Identifier)
}

/// Reads `kind:value`.
pub(super) fn identifier(text: &str) -> Result<Identifier, Error> {
    let parts = text.split_once(':').filter(|(_, value)| !value.is_empty());
    let read =
        parts.and_then(|(kind, value)| Some(Identifier::new(IdKind::from_word(kind)?, value)));
    read.ok_or_else(|| {
        Error::new(
            Code::InvalidReference,
            format!("`{text}` is neither `prf_` and a number nor `kind:value`"),
        )
    })
}

/// Reads a number behind its prefix: `mrg_7`.
pub(super) fn number(text: &str, prefix: &str) -> Result<u64, Error> {
    let number = text
        .strip_prefix(prefix)
        .and_then(|digits| digits.parse().ok());
    number.ok_or_else(|| {
        Error::new(
            Code::InvalidReference,
            format!("`{text}` is not `{prefix}` and a number"),
        )
        .with_help(format!(
            "Use an id as the lists show it, such as `{prefix}7`."
        ))
    })
}

/// Reads the position of an event as it is printed: `7.0`.
pub(super) fn position(text: &str) -> Option<Position> {
    let (request, index) = text.split_once('.')?;
    Some(Position::event(request.parse().ok()?, index.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_named_by_number_or_by_identifier() {
        assert_eq!(profile("prf_42"), Ok(Reference::Number(ProfileNo(42))));
        let email = Identifier::new(IdKind::Email, "a+b:c@example.org");
        assert_eq!(
            profile("email:a+b:c@example.org"),
            Ok(Reference::Identifier(email))
        );
        for text in ["", "prf_", "prf_x", "email:", "email", "E-Mail:a@b.c", ":a"] {
            assert_eq!(
                profile(text).map_err(|error| error.code()),
                Err(Code::InvalidReference),
                "{text}"
            );
        }
    }

    #[test]
    fn numbers_carry_their_prefix_and_positions_their_dot() {
        assert_eq!(number("mrg_7", "mrg_"), Ok(7));
        assert!(number("7", "mrg_").is_err());
        assert!(number("mrg_-7", "mrg_").is_err());
        let place = Position::event(7, 3);
        assert_eq!(position(&place.to_string()), Some(place));
        assert_eq!(position("7+3"), None);
    }
}
