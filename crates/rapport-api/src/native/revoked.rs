//! Finds the key or token that is to be revoked: by its id, or by its hint where one has it alone.

use crate::errors::{Code, Error};
use rapport_flow::keys;

/// The hash of the one that `text` names among `all` hashes and hints.
///
/// # Errors
/// `not_found`; `conflict` where several have this hint.
pub(super) fn find<'a>(
    what: &str,
    text: &str,
    all: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<String, Error> {
    let mut hinted = Vec::new();
    for (hash, hint) in all {
        if keys::id(hash) == text {
            return Ok(hash.to_owned());
        }
        if hint == text && !hint.is_empty() {
            hinted.push(hash);
        }
    }
    match hinted[..] {
        [] => Err(Error::missing(format_args!("{what} {text}"))),
        [hash] => Ok(hash.to_owned()),
        _ => {
            let ids: Vec<_> = hinted.into_iter().map(keys::id).collect();
            let message = format!("several end in {text}: {}", ids.join(", "));
            let error = Error::new(Code::Conflict, message);
            Err(error.with_help("Name the one that is meant by its id."))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_one_and_a_hint_only_where_it_is_alone() {
        let (one, two) = (keys::hash("secret-aaaa"), keys::hash("other-aaaa"));
        let three = keys::hash("third-bbbb");
        let all = [(&*one, "aaaa"), (&*two, "aaaa"), (&*three, "bbbb")];
        let found = |text: &str| find("token", text, all.into_iter());
        assert_eq!(found(keys::id(&two)).as_ref(), Ok(&two));
        assert_eq!(found("bbbb").as_ref(), Ok(&three));
        assert_eq!(
            found("aaaa").map_err(|error| error.code()),
            Err(Code::Conflict)
        );
        for text in ["cccc", "", &three] {
            let code = found(text).map_err(|error| error.code());
            assert_eq!(code, Err(Code::NotFound), "{text}");
        }
    }
}
