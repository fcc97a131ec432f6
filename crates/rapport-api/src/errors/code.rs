//! Every code of the native API: its word, its status, what happened and what to do next.

use axum::http::StatusCode;
use std::fmt::Write as _;

/// What went wrong, as a stable word for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// No bearer token, or none that is known.
    Unauthorized,
    /// No such address.
    UnknownRoute,
    /// The address exists, the method on it does not.
    MethodNotAllowed,
    /// The thing named does not exist.
    NotFound,
    /// A profile is named in a way that cannot be read.
    InvalidReference,
    /// A query parameter cannot be read.
    InvalidQuery,
    /// The body is not the JSON that is expected.
    InvalidBody,
    /// The body is larger than any request needs.
    BodyTooLarge,
    /// A rule cannot be read.
    InvalidRule,
    /// A segment's key is no key, or the segments would contradict each other.
    InvalidSegment,
    /// The identity policy is out of its ranges.
    InvalidPolicy,
    /// A destination's fields make no sense.
    InvalidDestination,
    /// Anything else that makes no sense.
    Invalid,
    /// It contradicts what is there.
    Conflict,
    /// Too much waits.
    Busy,
    /// No disk space is left.
    DiskFull,
    /// The server stops.
    Stopping,
    /// Storage failed.
    Storage,
    /// A webhook's map cannot be read, or its deliveries could not be checked.
    InvalidWebhook,
    /// A step of a source's transformations cannot be read or run.
    InvalidTransformation,
    /// A mapping cannot be read, or does not fit its file.
    InvalidMapping,
    /// A file is not what it is said to be.
    InvalidFile,
    /// A file is larger than an import may be.
    ImportTooLarge,
    /// A tracking plan cannot be read, or has a schema that is none or too large.
    InvalidPlan,
    /// A token or a role lacks a scope.
    MissingScope,
    /// Somebody's role does not let them.
    Forbidden,
    /// Another site may have made a browser ask.
    Forged,
    /// The address or the password is not right.
    SignInRefused,
    /// Somebody guesses.
    TooManyAttempts,
    /// A password is guessed too easily.
    WeakPassword,
    /// A member, team, role or share cannot be as it is described.
    InvalidMember,
}

pub(super) struct Page {
    code: Code,
    pub(super) word: &'static str,
    pub(super) status: StatusCode,
    happened: &'static str,
    pub(super) next: &'static str,
}

/// What each code means, in the order of [`Code::ALL`].
const PAGES: [Page; 31] = [
    Page {
        code: Code::Unauthorized,
        word: "unauthorized",
        status: StatusCode::UNAUTHORIZED,
        happened: "The request carries no API token, or one that is not known.",
        next: "Send `Authorization: Bearer <token>` with a token made by `POST /api/v1/tokens` or set as `RAPPORT_API_TOKEN`. Write keys open nothing here.",
    },
    Page {
        code: Code::UnknownRoute,
        word: "unknown_route",
        status: StatusCode::NOT_FOUND,
        happened: "There is nothing at this address.",
        next: "Check the path; everything of the native API begins with `/api/v1/`.",
    },
    Page {
        code: Code::MethodNotAllowed,
        word: "method_not_allowed",
        status: StatusCode::METHOD_NOT_ALLOWED,
        happened: "The address exists, but not with this method.",
        next: "The header `Allow` of the answer lists the methods there are.",
    },
    Page {
        code: Code::NotFound,
        word: "not_found",
        status: StatusCode::NOT_FOUND,
        happened: "What the address or the body names does not exist.",
        next: "Check the id or the key; the matching list shows what there is.",
    },
    Page {
        code: Code::InvalidReference,
        word: "invalid_reference",
        status: StatusCode::BAD_REQUEST,
        happened: "A profile, merge or message is named in a way that cannot be read.",
        next: "Name a profile `prf_42` or `kind:value`, such as `email:ana%2Bnews@example.org` (percent-encoded).",
    },
    Page {
        code: Code::InvalidQuery,
        word: "invalid_query",
        status: StatusCode::BAD_REQUEST,
        happened: "A query parameter cannot be read.",
        next: "Use `limit` from 1 to 1000, and for `after` the value of the last page's `paging.next.after`.",
    },
    Page {
        code: Code::InvalidBody,
        word: "invalid_body",
        status: StatusCode::BAD_REQUEST,
        happened: "The body is not the JSON this address expects.",
        next: "The message names the field; unknown fields are refused so that a misspelled one is found.",
    },
    Page {
        code: Code::BodyTooLarge,
        word: "body_too_large",
        status: StatusCode::PAYLOAD_TOO_LARGE,
        happened: "The body has more than 1 MB.",
        next: "Nothing here needs that much: look at what is sent.",
    },
    Page {
        code: Code::InvalidRule,
        word: "invalid_rule",
        status: StatusCode::BAD_REQUEST,
        happened: "A segment's rule cannot be read, or asks for what rules cannot do.",
        next: "`at` points at the place in the rule.",
    },
    Page {
        code: Code::InvalidSegment,
        word: "invalid_segment",
        status: StatusCode::BAD_REQUEST,
        happened: "A segment's key is no key, it refers to a segment that does not exist, or segments would refer to each other in a circle.",
        next: "The message names the keys.",
    },
    Page {
        code: Code::InvalidPolicy,
        word: "invalid_policy",
        status: StatusCode::BAD_REQUEST,
        happened: "The identity policy has a value outside of its range.",
        next: "The message names the field and its range; a field left out gets its default.",
    },
    Page {
        code: Code::InvalidDestination,
        word: "invalid_destination",
        status: StatusCode::BAD_REQUEST,
        happened: "A destination cannot be used as it is described.",
        next: "A destination needs a key of lower case letters, digits, `_` and `-`, and an `http` or `https` URL of a public address; `webhooks.allow` in the settings lists private networks and hosts that are allowed, too.",
    },
    Page {
        code: Code::Invalid,
        word: "invalid",
        status: StatusCode::BAD_REQUEST,
        happened: "What was asked for makes no sense.",
        next: "The message says why.",
    },
    Page {
        code: Code::Conflict,
        word: "conflict",
        status: StatusCode::CONFLICT,
        happened: "It contradicts what is there now; nothing was changed.",
        next: "Look at what the message names, and ask again if it is still wanted.",
    },
    Page {
        code: Code::Busy,
        word: "busy",
        status: StatusCode::TOO_MANY_REQUESTS,
        happened: "More waits than the server has memory for.",
        next: "Try again after the seconds in `Retry-After`.",
    },
    Page {
        code: Code::DiskFull,
        word: "disk_full",
        status: StatusCode::SERVICE_UNAVAILABLE,
        happened: "The disk is full; nothing was changed and nothing is lost.",
        next: "Make room on the disk that holds the data directory. Rapport goes on by itself.",
    },
    Page {
        code: Code::Stopping,
        word: "stopping",
        status: StatusCode::SERVICE_UNAVAILABLE,
        happened: "The server is stopping.",
        next: "Try again when it is back.",
    },
    Page {
        code: Code::Storage,
        word: "storage",
        status: StatusCode::INTERNAL_SERVER_ERROR,
        happened: "A storage engine failed; the server's log says how.",
        next: "Run `rapport doctor` on the data directory.",
    },
    Page {
        code: Code::InvalidWebhook,
        word: "invalid_webhook",
        status: StatusCode::BAD_REQUEST,
        happened: "A webhook cannot be used as it is described: its map cannot be read, or its deliveries could not be checked.",
        next: "The message names the place in the map, or what is missing. `GET /api/v1/webhook-maps` shows maps that work; the preview tries one on samples.",
    },
    Page {
        code: Code::InvalidTransformation,
        word: "invalid_transformation",
        status: StatusCode::BAD_REQUEST,
        happened: "A step of a source's transformations cannot be read, or its script cannot be run.",
        next: "The message names the step; `POST /api/v1/sources/{id}/transformations/try` tries steps without switching them on.",
    },
    Page {
        code: Code::InvalidMapping,
        word: "invalid_mapping",
        status: StatusCode::BAD_REQUEST,
        happened: "An import's mapping cannot be read, or names columns its file does not have.",
        next: "The message names the key or the column; `dry_run=true` shows what a mapping makes of a file.",
    },
    Page {
        code: Code::InvalidFile,
        word: "invalid_file",
        status: StatusCode::BAD_REQUEST,
        happened: "The file to be imported is not what it is said to be, or did not arrive whole.",
        next: "Say `format=csv`, `ndjson` or `parquet`; text may be gzip, and in any encoding the mapping names.",
    },
    Page {
        code: Code::ImportTooLarge,
        word: "import_too_large",
        status: StatusCode::PAYLOAD_TOO_LARGE,
        happened: "The file has more bytes than an import may have.",
        next: "Pack it with gzip, cut it in pieces, or raise `imports.bytes_max`.",
    },
    Page {
        code: Code::InvalidPlan,
        word: "invalid_plan",
        status: StatusCode::BAD_REQUEST,
        happened: "A tracking plan has a schema that is none, or that is larger or deeper than a plan's may be.",
        next: "The message names the event and what is wrong with its schema; references begin with `#/$defs/` and lead in no circle.",
    },
    Page {
        code: Code::MissingScope,
        word: "missing_scope",
        status: StatusCode::FORBIDDEN,
        happened: "The token, or your role, lacks the scope that this needs; nothing was changed.",
        next: "The message names the scope. Make a token that has it, or ask an admin for a role that has it.",
    },
    Page {
        code: Code::Forbidden,
        word: "forbidden",
        status: StatusCode::FORBIDDEN,
        happened: "Your role does not let you do this; nothing was changed.",
        next: "The message says what it lacks. An admin can change roles, at `/api/v1/roles`.",
    },
    Page {
        code: Code::Forged,
        word: "forged",
        status: StatusCode::FORBIDDEN,
        happened: "The request came with a session's cookie, but not from a page of that session.",
        next: "Send the `csrf_token` of `GET /api/v1/session` in the header `X-CSRF-Token`. Behind a proxy that changes `Host`, set `server.public_url`.",
    },
    Page {
        code: Code::SignInRefused,
        word: "sign_in_refused",
        status: StatusCode::UNAUTHORIZED,
        happened: "Nobody has this address and this password, or they may not sign in.",
        next: "Check both. An admin can set another password with `PUT /api/v1/members/{id}/password`.",
    },
    Page {
        code: Code::TooManyAttempts,
        word: "too_many_attempts",
        status: StatusCode::TOO_MANY_REQUESTS,
        happened: "Too many passwords were tried.",
        next: "Try again after the seconds in `Retry-After`. Nobody is locked out: a browser you signed in from before is not slowed down by others.",
    },
    Page {
        code: Code::WeakPassword,
        word: "weak_password",
        status: StatusCode::BAD_REQUEST,
        happened: "The password is too short or one of the first that are tried.",
        next: "Use 12 characters or more; a few words that have nothing to do with each other are easy to remember.",
    },
    Page {
        code: Code::InvalidMember,
        word: "invalid_member",
        status: StatusCode::BAD_REQUEST,
        happened: "A member, team, role, share or scope cannot be as it is described.",
        next: "The message says what is wrong; [members](members.md) has the scopes, levels and fields there are.",
    },
];

impl Code {
    /// Every code, in the order of the reference page.
    pub const ALL: [Code; 31] = [
        Code::Unauthorized,
        Code::UnknownRoute,
        Code::MethodNotAllowed,
        Code::NotFound,
        Code::InvalidReference,
        Code::InvalidQuery,
        Code::InvalidBody,
        Code::BodyTooLarge,
        Code::InvalidRule,
        Code::InvalidSegment,
        Code::InvalidPolicy,
        Code::InvalidDestination,
        Code::Invalid,
        Code::Conflict,
        Code::Busy,
        Code::DiskFull,
        Code::Stopping,
        Code::Storage,
        Code::InvalidWebhook,
        Code::InvalidTransformation,
        Code::InvalidMapping,
        Code::InvalidFile,
        Code::ImportTooLarge,
        Code::InvalidPlan,
        Code::MissingScope,
        Code::Forbidden,
        Code::Forged,
        Code::SignInRefused,
        Code::TooManyAttempts,
        Code::WeakPassword,
        Code::InvalidMember,
    ];

    /// The word in the answer's `code`.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.page().word
    }

    pub(super) fn from_word(word: &str) -> Code {
        Code::ALL
            .into_iter()
            .find(|code| code.word() == word)
            .unwrap_or(Code::Invalid)
    }

    pub(super) fn page(self) -> &'static Page {
        let page = PAGES.iter().find(|page| page.code == self);
        page.expect("every code has its page, as a test checks")
    }
}

/// The reference page of all codes, in Markdown.
#[must_use]
pub fn reference() -> String {
    let mut page = String::from(
        "# Errors of the native API\n\n\
         Every error is `{\"error\": {\"code\", \"message\", \"help\"}}`. Programs look at `code`; \
         `message` says what happened this time, `help` what to do next.\n\n\
         | code | status | what happened | what to do next |\n| --- | --- | --- | --- |\n",
    );
    for code in Code::ALL {
        let Page {
            word,
            status,
            happened,
            next,
            ..
        } = code.page();
        // Writing into a `String` cannot fail.
        let _ = writeln!(
            page,
            "| `{word}` | {} | {happened} | {next} |",
            status.as_u16()
        );
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_word_of_its_own_and_a_line_in_the_reference() {
        let page = reference();
        for code in Code::ALL {
            assert_eq!(Code::from_word(code.word()), code);
            assert_eq!(page.matches(&format!("| `{}` |", code.word())).count(), 1);
        }
        assert_eq!(Code::from_word("of another module"), Code::Invalid);
    }

    /// Where it is not, the page as it should be is written beside it.
    #[test]
    fn the_reference_page_is_the_one_in_docs() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors.md");
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        if kept != reference() {
            std::fs::write(format!("{path}.tmp"), reference()).expect("docs can be written");
        }
        assert!(
            kept == reference(),
            "move docs/errors.md.tmp to docs/errors.md"
        );
    }
}
