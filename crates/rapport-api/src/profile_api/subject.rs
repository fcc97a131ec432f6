//! Whom an address names: a user or an account of the one space.

use super::fault::Fault;
use crate::Api;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use rapport_core::entry::Reference;
use rapport_core::identity::{IdKind, Identifier, ProfileNo};
use rapport_core::profile::Profile;
use rapport_core::profile::company::Company;

/// The one space there is.
pub(super) const SPACE: &str = "default";
/// The collection of people.
pub(super) const USERS: &str = "users";
/// The collection of companies.
pub(super) const ACCOUNTS: &str = "accounts";
/// The kind of an account's id.
pub(super) const GROUP_ID: &str = "group_id";

/// The parts of an address, percent-decoded, and the path itself.
pub(super) struct Address {
    pub(super) path: String,
    space: String,
    pub(super) collection: String,
    profile: String,
    pub(super) view: String,
}

impl Address {
    /// Reads the address of a request.
    ///
    /// # Errors
    /// `validation_error` where it is not text; `not_found` for another space.
    pub(super) async fn read(parts: &mut Parts) -> Result<Address, Fault> {
        let path = parts.uri.path().to_owned();
        let read = Path::<(String, String, String, String)>::from_request_parts(parts, &()).await;
        let Path((space, collection, profile, view)) =
            read.map_err(|error| Fault::malformed(error.body_text()))?;
        let address = Address {
            path,
            space,
            collection,
            profile,
            view,
        };
        if address.space != SPACE {
            return Err(Fault::missing("Space was not found: there is `default`."));
        }
        Ok(address)
    }

    fn is_of_users(&self) -> Result<bool, Fault> {
        match self.collection.as_str() {
            USERS => Ok(true),
            ACCOUNTS => Ok(false),
            other => Err(Fault::malformed(format!(
                "The parameter `collection` is `users` or `accounts`, not `{other}`."
            ))),
        }
    }
}

/// Whom it is about.
pub(super) enum Subject {
    /// A person.
    User(Box<Profile>),
    /// A company.
    Account(Box<Company>),
}

impl Subject {
    /// Finds whom an address names.
    ///
    /// # Errors
    /// `validation_error` where it names nobody well; `not_found` where nobody is there.
    pub(super) async fn find(api: &Api, address: &Address) -> Result<Subject, Fault> {
        if address.is_of_users()? {
            let reference = user(&address.profile)?;
            let found = api.rapport.profile(&reference).await?;
            return found
                .map(|profile| Subject::User(Box::new(profile)))
                .ok_or_else(Fault::no_profile);
        }
        let id = account(&address.profile)?;
        let found = api.rapport.company(id).await?;
        found
            .map(|company| Subject::Account(Box::new(company)))
            .ok_or_else(Fault::no_profile)
    }
}

/// Reads `type:value`, or the profile's own id as other answers name it.
fn user(text: &str) -> Result<Reference, Fault> {
    if let Some(number) = ProfileNo::parse(text) {
        return Ok(Reference::Number(number));
    }
    let (kind, value) = split(text)?;
    let kind = IdKind::from_word(kind).ok_or_else(|| {
        let message = format!("The type `{kind}` has invalid characters: types are lower case.");
        Fault::malformed(message)
    })?;
    Ok(Reference::Identifier(Identifier::new(kind, value)))
}

fn account(text: &str) -> Result<&str, Fault> {
    match split(text)? {
        (GROUP_ID, value) => Ok(value.trim()),
        (other, _) => Err(Fault::malformed(format!(
            "An account is named by `{GROUP_ID}:`, not by `{other}:`."
        ))),
    }
}

fn split(text: &str) -> Result<(&str, &str), Fault> {
    let parts = text.split_once(':').filter(|(_, value)| !value.is_empty());
    parts.ok_or_else(|| Fault::malformed(format!("`{text}` is not `type:value`.")))
}
