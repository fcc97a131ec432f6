//! Who belongs to a company.

use super::profile;
use crate::rows;
use crate::shared::Shared;
use rapport_core::identity::ProfileNo;
use rapport_core::profile::Profile;
use rapport_store::Result;
use rapport_store::state::{Order, Page, Table};

/// Listed people looked at in one go.
const PAGE: usize = 256;

/// People of a company, in the order of the numbers they were listed under, above `after`; and
/// behind which number the next page begins, `None` where there is none.
///
/// The list says who was linked once. Whoever was absorbed since is found under the number that
/// survived, and shown once; who belongs to it no more is left out.
pub(crate) async fn people(
    shared: &Shared,
    company: &str,
    after: Option<ProfileNo>,
    limit: usize,
) -> Result<(Vec<Profile>, Option<ProfileNo>)> {
    let hash = shared.hash().company(company);
    let mut found = Vec::new();
    let mut after = after;
    loop {
        let first = after.map_or(0, |after| after.0.saturating_add(1));
        let page = Page {
            table: Table::CompanyPeople,
            from: rows::company_person_key(hash, ProfileNo(first)),
            to: Some(rows::company_person_key(hash, ProfileNo(u64::MAX))),
            limit: PAGE,
            order: Order::Ascending,
        };
        let listed = shared.roles.state.scan(page).await?;
        let is_last = listed.len() < PAGE;
        for (key, _) in &listed {
            let Some(number) = rows::company_person_of(key) else {
                continue;
            };
            let survivor = shared.survivor(number);
            let person = profile::many(shared, &[survivor]).await?.pop();
            let person = person.filter(|person| belongs(person, company));
            if let Some(person) = person
                && first_listed(shared, &person, hash).await? == Some(number)
            {
                if found.len() == limit {
                    return Ok((found, after));
                }
                found.push(person);
            }
            after = Some(number);
        }
        if is_last {
            return Ok((found, None));
        }
    }
}

fn belongs(person: &Profile, company: &str) -> bool {
    person.companies.iter().any(|link| &*link.id == company)
}

/// The first of a person's numbers that is listed: the one they are shown under.
async fn first_listed(
    shared: &Shared,
    person: &Profile,
    company: u128,
) -> Result<Option<ProfileNo>> {
    let numbers = person.numbers();
    if numbers.len() == 1 {
        return Ok(Some(person.number));
    }
    let key = |number: &ProfileNo| rows::company_person_key(company, *number);
    let keys: Vec<_> = numbers.iter().map(key).collect();
    let listed = shared.roles.state.load(Table::CompanyPeople, &keys).await?;
    let mut listed = numbers.into_iter().zip(listed);
    Ok(listed.find_map(|(number, row)| row.map(|_| number)))
}
