//! Who asks: a token, or a session's cookie together with its mark against forgery.

use super::{access, cookie, origin};
use crate::Api;
use crate::errors::{Code, Error};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Method};
use rapport_core::member::{Access, Actor};
use rapport_flow::sessions::Session;
use subtle::ConstantTimeEq;

/// The header that carries the mark of a session.
pub(crate) const CSRF_HEADER: &str = "x-csrf-token";
/// What marks of sessions are sealed for.
const CSRF: &str = "csrf";

/// Somebody who asks, and by what they are known.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    /// Who, with their rights.
    pub(crate) actor: Actor,
    /// By what.
    pub(crate) credential: Credential,
}

/// By what somebody is known.
#[derive(Clone, Debug)]
pub(crate) enum Credential {
    /// A token, by its hash.
    Token(String),
    /// A session, by the hash of its id.
    Session(String, Box<Session>),
}

impl Asker {
    /// The same, as they are known now; `None` where they are no more.
    pub(crate) fn now(&self, api: &Api) -> Option<Asker> {
        match &self.credential {
            Credential::Token(hash) => of_token(api, hash),
            Credential::Session(hash, _) => {
                let idle_ms = api.settings.sign_in.idle_ms;
                let session = api.rapport.session_by_hash(hash, idle_ms)?;
                of_session(api, hash.clone(), session)
            }
        }
    }

    /// What goes into entries as who asked.
    pub(crate) fn name(&self) -> &str {
        self.actor.name()
    }

    /// The session, where it is one.
    pub(crate) fn session(&self) -> Option<(&str, &Session)> {
        match &self.credential {
            Credential::Session(hash, session) => Some((hash.as_str(), &**session)),
            Credential::Token(_) => None,
        }
    }
}

/// Finds out who asks. A request that would change something needs more than a cookie: the
/// browser sends that along whoever made it ask.
///
/// # Errors
/// `unauthorized`; `forged` where it may be another site that asks.
pub(crate) fn asker(api: &Api, headers: &HeaderMap, method: &Method) -> Result<Asker, Error> {
    let header = headers.get(AUTHORIZATION);
    if let Some(header) = header {
        let token = header.to_str().ok().and_then(bearer);
        let token = token
            .ok_or_else(|| Error::new(Code::Unauthorized, "the request carries no bearer token"))?;
        let asker = by_token(api, token);
        return asker.ok_or_else(|| Error::new(Code::Unauthorized, "the token is not known"));
    }
    let id = cookie::read(headers, cookie::SESSION)
        .ok_or_else(|| Error::new(Code::Unauthorized, "the request carries no bearer token"))?;
    let idle_ms = api.settings.sign_in.idle_ms;
    let known = api.rapport.session(id, idle_ms);
    let asker = known.and_then(|(hash, session)| of_session(api, hash, session));
    let asker = asker.ok_or_else(|| Error::new(Code::Unauthorized, "the session is over"))?;
    if access(method) == Access::Write {
        guard(api, headers, &asker)?;
    }
    Ok(asker)
}

/// Refuses what another site may have made a browser ask.
fn guard(api: &Api, headers: &HeaderMap, asker: &Asker) -> Result<(), Error> {
    origin::check(api, headers)?;
    let (hash, _) = asker.session().expect("it is a session");
    let given = headers.get(CSRF_HEADER).map(|value| value.as_bytes());
    let mark = mark(api, hash);
    let is_it = given.is_some_and(|given| bool::from(given.ct_eq(mark.as_bytes())));
    match is_it {
        true => Ok(()),
        false => Err(Error::new(
            Code::Forged,
            format!("the request lacks the header `{CSRF_HEADER}` of its session"),
        )),
    }
}

/// The mark of a session, which its own pages know and no other site can.
pub(crate) fn mark(api: &Api, hash: &str) -> String {
    api.rapport.seal(CSRF, hash)
}

/// Whoever has a token.
pub(crate) fn by_token(api: &Api, token: &str) -> Option<Asker> {
    // Found by hash: how long the look-up takes says nothing about the token.
    let keys = api.rapport.keys();
    let (hash, _) = keys.opened_by(token)?;
    of_token(api, hash)
}

/// Whoever has the token of a hash.
pub(crate) fn of_token(api: &Api, hash: &str) -> Option<Asker> {
    let keys = api.rapport.keys();
    let token = keys.by_hash(hash)?;
    let scopes = token.scopes.clone();
    let actor = match token.member {
        None => Actor::token(&token.name, scopes),
        Some(no) => Actor::through(&api.rapport.roster(), no, &token.name, scopes)?,
    };
    Some(Asker {
        actor,
        credential: Credential::Token(hash.to_owned()),
    })
}

fn of_session(api: &Api, hash: String, session: Session) -> Option<Asker> {
    Some(Asker {
        actor: Actor::member(&api.rapport.roster(), session.member)?,
        credential: Credential::Session(hash, Box::new(session)),
    })
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_is_what_stands_behind_the_word() {
        assert_eq!(bearer("Bearer abc"), Some("abc"));
        assert_eq!(bearer("bearer  abc "), Some("abc"));
        for value in ["Bearer", "Bearer ", "Basic abc", "abc", ""] {
            assert_eq!(bearer(value), None, "{value}");
        }
    }
}
