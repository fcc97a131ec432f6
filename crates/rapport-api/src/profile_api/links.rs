//! Links: the accounts of a user, and the users of an account.

use super::cursor::{self, Cursor};
use super::external_ids::ExternalId;
use super::fault::Fault;
use super::subject::{ACCOUNTS, Address, Subject, USERS};
use super::wanted::Wanted;
use crate::Api;
use axum::Json;
use axum::response::{IntoResponse, Response};
use rapport_core::identity::ProfileNo;
use rapport_core::profile::Profile;
use rapport_core::profile::company::Company;
use serde::Serialize;

const LIMIT_DEFAULT: usize = 10;
const LIMIT_MAX: usize = 20;

#[derive(Serialize)]
struct Link<'a> {
    to_collection: &'static str,
    external_ids: Vec<ExternalId<'a>>,
}

#[derive(Serialize)]
struct Shown<'a> {
    data: Vec<Link<'a>>,
    cursor: Cursor,
}

/// A page of links.
pub(super) async fn answer(
    api: &Api,
    address: &Address,
    subject: &Subject,
    wanted: &Wanted,
) -> Result<Response, Fault> {
    let limit = wanted.limit(LIMIT_DEFAULT, LIMIT_MAX)?;
    match subject {
        Subject::User(profile) => accounts(address, profile, wanted, limit),
        Subject::Account(company) => users(api, address, company, wanted, limit).await,
    }
}

fn accounts(
    address: &Address,
    profile: &Profile,
    wanted: &Wanted,
    limit: usize,
) -> Result<Response, Fault> {
    let links = &profile.companies;
    let first = match cursor::place(wanted)? {
        None => 0,
        Some(after) => {
            let place = links.iter().position(|link| *link.id == *after);
            place.ok_or_else(cursor::unknown)? + 1
        }
    };
    let page = &links[first..links.len().min(first + limit)];
    let has_more = links.len() > first + limit;
    let data = page.iter().map(|link| Link {
        to_collection: ACCOUNTS,
        external_ids: vec![ExternalId::of_account(&link.id, link.since.to_string())],
    });
    let last = page.last().map(|link| &*link.id);
    let cursor = Cursor::new(address, wanted, limit, last.filter(|_| has_more));
    let data = data.collect();
    Ok(Json(Shown { data, cursor }).into_response())
}

async fn users(
    api: &Api,
    address: &Address,
    company: &Company,
    wanted: &Wanted,
    limit: usize,
) -> Result<Response, Fault> {
    let after = cursor::place(wanted)?.map(|text| ProfileNo::parse(&text));
    let after = match after {
        Some(None) => return Err(cursor::unknown()),
        Some(after) => after,
        None => None,
    };
    let (people, next) = api.rapport.people_of(&company.id, after, limit).await?;
    let data = people.iter().map(|person| Link {
        to_collection: USERS,
        external_ids: person.links.iter().map(ExternalId::of_link).collect(),
    });
    let next = next.map(|number| number.to_string());
    let cursor = Cursor::new(address, wanted, limit, next.as_deref());
    let data = data.collect();
    Ok(Json(Shown { data, cursor }).into_response())
}
