//! What records are linked to. A link keeps the numbers both had when it was made; here each is
//! the record it leads to now, once.

use super::Associated;
use super::read::numbers;
use crate::shared::Shared;
use rapport_core::crm::{RecordNo, TypeId};
use rapport_store::Result;
use rapport_store::records::{Linked, Links};
use std::collections::{BTreeMap, BTreeSet};

/// The records of a type that each of these is linked to, above `after`.
pub(crate) async fn of(
    shared: &Shared,
    object: TypeId,
    records: &[RecordNo],
    to: TypeId,
    after: Option<RecordNo>,
    limit: usize,
) -> Result<Vec<Associated>> {
    let mut all = Vec::with_capacity(records.len());
    let plain = plainly(shared, object, records, to, after, limit).await?;
    for (record, plain) in records.iter().zip(plain) {
        match plain {
            Some(associated) => all.push(associated),
            None => all.push(merged(shared, object, *record, to, after, limit).await?),
        }
    }
    Ok(all)
}

/// The same in one read for those of which nothing was merged; `None` for the others.
async fn plainly(
    shared: &Shared,
    object: TypeId,
    records: &[RecordNo],
    to: TypeId,
    after: Option<RecordNo>,
    limit: usize,
) -> Result<Vec<Option<Associated>>> {
    // A record may be linked in several ways: pages are cut between records.
    let links = Links {
        from: object.0,
        ids: records.iter().map(|record| record.0).collect(),
        to: Some(to.0),
        after: after.map(|after| behind(to, after)),
        limit: limit.saturating_add(1).saturating_mul(KINDS_A_RECORD),
    };
    let pages = shared.roles.state.links(links).await?;
    let known = shared.merged();
    let plain = |(record, linked): (&RecordNo, Vec<Linked>)| {
        let own = known.numbers(object, known.survivor(object, *record));
        let is_alone = own == [*record];
        let mut far = linked.iter().map(|one| RecordNo(one.id));
        let far_alone =
            far.all(|one| known.survivor(to, one) == one && known.numbers(to, one).len() == 1);
        (is_alone && far_alone).then(|| page(linked, limit))
    };
    Ok(records.iter().zip(pages).map(plain).collect())
}

/// Links of one pair that a page is read for, about.
const KINDS_A_RECORD: usize = 4;

/// Links read at once where everything must be seen.
const LINKS: usize = 2_000;

/// The same where numbers were merged: everything is read, so that each record comes once.
async fn merged(
    shared: &Shared,
    object: TypeId,
    record: RecordNo,
    to: TypeId,
    after: Option<RecordNo>,
    limit: usize,
) -> Result<Associated> {
    let found = everything(shared, object, record, to).await?;
    let first = after.map_or(RecordNo(0), |after| RecordNo(after.0.saturating_add(1)));
    let behind: Vec<_> = found
        .range(first..)
        .take(limit + 1)
        .map(|(no, kinds)| (*no, kinds.iter().copied().collect()))
        .collect();
    Ok(cut(behind, limit))
}

/// Everything of a type that a record is linked to, each with the kinds of its links.
pub(crate) async fn everything(
    shared: &Shared,
    object: TypeId,
    record: RecordNo,
    to: TypeId,
) -> Result<BTreeMap<RecordNo, BTreeSet<u32>>> {
    let mut found: BTreeMap<RecordNo, BTreeSet<u32>> = BTreeMap::new();
    for number in numbers(shared, object, record) {
        let mut after = None;
        loop {
            let links = Links {
                from: object.0,
                ids: vec![number.0],
                to: Some(to.0),
                after,
                limit: LINKS,
            };
            let page = shared.roles.state.links(links).await?.pop();
            let page = page.unwrap_or_default();
            after = page.last().copied();
            let is_last = page.len() < LINKS;
            let known = shared.merged();
            for linked in page {
                let survivor = known.survivor(to, RecordNo(linked.id));
                found.entry(survivor).or_default().insert(linked.kind);
            }
            if is_last {
                break;
            }
        }
    }
    Ok(found)
}

fn behind(to: TypeId, after: RecordNo) -> Linked {
    Linked {
        object: to.0,
        id: after.0,
        kind: u32::MAX,
    }
}

fn page(linked: Vec<Linked>, limit: usize) -> Associated {
    let is_full = linked.len() >= (limit + 1) * KINDS_A_RECORD;
    let mut found: Vec<(RecordNo, Vec<u32>)> = Vec::new();
    for one in linked {
        match found.last_mut() {
            Some((no, kinds)) if no.0 == one.id => kinds.push(one.kind),
            _ => found.push((RecordNo(one.id), vec![one.kind])),
        }
    }
    if is_full && found.len() <= limit && found.len() > 1 {
        // The last may have more kinds than were read: it begins the next page.
        found.pop();
        let next = found.last().map(|(no, _)| *no);
        return Associated { to: found, next };
    }
    cut(found, limit)
}

fn cut(mut found: Vec<(RecordNo, Vec<u32>)>, limit: usize) -> Associated {
    let is_last = found.len() <= limit;
    found.truncate(limit);
    let next = if is_last {
        None
    } else {
        found.last().map(|(no, _)| *no)
    };
    Associated { to: found, next }
}

/// How a record is linked to another, by exactly these numbers.
pub(crate) async fn between(
    shared: &Shared,
    from: (TypeId, RecordNo),
    to: (TypeId, RecordNo),
) -> Result<BTreeSet<u32>> {
    let mut kinds = BTreeSet::new();
    let mut last = Linked {
        object: to.0.0,
        id: to.1.0,
        kind: 0,
    };
    loop {
        let links = Links {
            from: from.0.0,
            ids: vec![from.1.0],
            to: Some(to.0.0),
            after: Some(last),
            limit: KINDS_A_RECORD,
        };
        let page = shared.roles.state.links(links).await?.pop();
        let page = page.unwrap_or_default();
        let own = page.iter().take_while(|linked| linked.id == to.1.0);
        kinds.extend(own.map(|linked| linked.kind));
        match page.last() {
            Some(more) if more.id == to.1.0 && page.len() == KINDS_A_RECORD => last = *more,
            _ => return Ok(kinds),
        }
    }
}

/// The links of a record to records of a type, as stored; `None` where they are more than `most`
/// records.
pub(crate) async fn stored(
    shared: &Shared,
    from: (TypeId, RecordNo),
    to: TypeId,
    most: usize,
) -> Result<Option<Vec<(RecordNo, u32)>>> {
    let limit = most.saturating_mul(KINDS_A_RECORD);
    let links = Links {
        from: from.0.0,
        ids: vec![from.1.0],
        to: Some(to.0),
        after: None,
        limit: limit.saturating_add(1),
    };
    let page = shared.roles.state.links(links).await?.pop();
    let page = page.unwrap_or_default();
    let found = page.len() <= limit;
    let page = page.into_iter();
    Ok(found.then(|| page.map(|one| (RecordNo(one.id), one.kind)).collect()))
}
