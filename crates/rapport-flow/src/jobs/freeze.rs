//! Freeze: puts the members of frozen segments on their lists, chunk by chunk. The message ids
//! follow from the entry and the person: what a crash lets it send twice is a duplicate.

use super::retain::forget;
use super::tell::Door;
use crate::error::{Error, Result};
use crate::lists::{self, ITEMS_MAX};
use crate::reads;
use crate::rows::{self, CHUNK};
use crate::shared::Shared;
use crate::writer::{WriterOrder, bitmap};
use rapport_core::event::dialect::list::Item;
use rapport_core::identity::ProfileNo;
use rapport_core::position::Position;
use rapport_core::segment::list;
use rapport_core::segment::membership::SegmentNo;
use rapport_store::state::{Key, Order, Page, Table};
use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use tokio::sync::mpsc;

/// Whether members may wait.
pub(crate) fn is_due(shared: &Shared) -> bool {
    shared.unlisted.load(Ordering::Acquire)
}

/// Puts those who wait on their lists.
pub(crate) async fn run(
    shared: &Shared,
    orders: &mpsc::Sender<WriterOrder>,
    door: &Door,
) -> Result<()> {
    loop {
        shared.unlisted.store(false, Ordering::Release);
        let page = Page {
            table: Table::Frozen,
            from: Key::default(),
            to: None,
            limit: 1,
            order: Order::Ascending,
        };
        let Some((key, row)) = shared.roles.state.scan(page).await?.pop() else {
            return Ok(());
        };
        // Until this chunk is done there is more to do, whatever comes in between.
        shared.unlisted.store(true, Ordering::Release);
        if let Some((position, onto, chunk)) = rows::frozen_of(&key) {
            let base = u64::from(chunk) * CHUNK;
            let numbers = bitmap(Some(&row))?
                .iter()
                .map(|place| ProfileNo(base + u64::from(place)))
                .collect::<Vec<_>>();
            put(shared, door, (position, onto), &numbers).await?;
        }
        forget(orders, Table::Frozen, vec![key]).await?;
    }
}

async fn put(
    shared: &Shared,
    door: &Door,
    (position, onto): (Position, SegmentNo),
    numbers: &[ProfileNo],
) -> Result<()> {
    let configuration = shared.configuration();
    let definition = configuration.registry.by_no(onto);
    // The list may have been removed meanwhile.
    let Some(name) = definition.and_then(|definition| list::name(&definition.rule)) else {
        return Ok(());
    };
    for some in numbers.chunks(ITEMS_MAX) {
        let survivors: BTreeSet<ProfileNo> = some.iter().map(|no| shared.survivor(*no)).collect();
        let survivors: Vec<ProfileNo> = survivors.into_iter().collect();
        let people = reads::profile::many(shared, &survivors).await?;
        let mut items = Vec::with_capacity(people.len());
        for profile in &people {
            let Some(identifier) = lists::name_of(shared, profile).await? else {
                continue;
            };
            items.push(Item {
                list: name.into(),
                on: true,
                kind: identifier.kind.word().into(),
                value: identifier.value.clone(),
                id: format!("freeze/{}/{position}/{}", onto.0, profile.number).into(),
            });
        }
        let collector = door.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let collector = collector.ok_or(Error::Stopping)?;
        lists::submit(&collector, &items).await?;
    }
    Ok(())
}
