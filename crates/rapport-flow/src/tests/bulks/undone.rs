//! What an undo leaves alone: what the bulk never touched, follows from elsewhere or was merged.

use super::super::records::{create, update};
use super::super::replay::replay_equals_live;
use super::super::world::World;
use super::{CONTACT, DEAL, set};
use crate::clock::Clock;
use rapport_core::crm::bulk::Act;
use rapport_core::crm::{RecordNo, RecordReference, TypeId, Verb};
use rapport_core::entry::Command;
use rapport_core::time::HOUR_MS;

const TICKET: TypeId = TypeId::TICKET;

impl World {
    async fn deal(&self, stage: &str) -> RecordNo {
        let input = create(&[("dealname", "Cheese"), ("dealstage", stage)]);
        self.write_one(DEAL, input).await.no
    }

    async fn by_hand(&self, object: TypeId, no: RecordNo, name: &str, text: &str) {
        let input = update(RecordReference::Id(no), &[(name, text)]);
        self.write_one(object, input).await;
    }

    async fn merged(&self, object: TypeId, primary: RecordNo, absorbed: RecordNo) {
        let merge = Command::MergeRecords {
            object,
            primary,
            absorbed,
        };
        self.command(merge).await.unwrap();
    }

    fn later(&self) {
        self.clock.set(self.clock.now().plus(HOUR_MS));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stage_comes_back_without_touching_a_close_date() {
    let world = World::new().await;
    let names = [
        "dealstage",
        "closedate",
        "hs_closed_won_date",
        "hs_date_entered_current_stage",
    ];
    let won = world.deal("closedwon").await;
    world.by_hand(DEAL, won, "closedate", "2025-01-10").await;
    let open = world.deal("contractsent").await;
    let all = async |no| {
        let mut values = Vec::new();
        for name in names {
            values.push(world.shown(DEAL, no, name).await);
        }
        values
    };
    let before = (all(won).await, all(open).await);
    for (no, stage) in [(won, "contractsent"), (open, "closedwon")] {
        world.later();
        let bulk = world.whole(DEAL, &[no], set("dealstage", stage)).await;
        world.later();
        let undo = world.whole(DEAL, &[no], Act::Undo(bulk)).await;
        assert_eq!(world.counted(undo).await, [1, 0, 0, 0]);
    }
    assert_eq!((all(won).await, all(open).await), before);
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_close_date_that_somebody_corrected_is_kept_though_the_stage_comes_back() {
    let world = World::new().await;
    let ticket = create(&[("subject", "Mould"), ("hs_pipeline_stage", "1")]);
    let ticket = world.write_one(TICKET, ticket).await.no;
    let closed = set("hs_pipeline_stage", "4");
    let bulk = world.whole(TICKET, &[ticket], closed).await;
    let corrected = "2025-01-10T00:00:00.000Z";
    world
        .by_hand(TICKET, ticket, "closed_date", corrected)
        .await;
    let kept = world.shown(TICKET, ticket, "closed_date").await;
    world.later();
    let undo = world.whole(TICKET, &[ticket], Act::Undo(bulk)).await;
    assert_eq!(world.counted(undo).await, [1, 0, 0, 1]);
    let stage = world.shown(TICKET, ticket, "hs_pipeline_stage").await;
    assert_eq!(stage.as_deref(), Some("1"));
    assert!(kept.is_some());
    assert_eq!(world.shown(TICKET, ticket, "closed_date").await, kept);
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_record_was_merged_into_is_left_as_it_is() {
    let world = World::new().await;
    let (lost, other) = (
        world.deal("contractsent").await,
        world.deal("contractsent").await,
    );
    let bulk = world
        .whole(DEAL, &[lost], set("dealstage", "closedlost"))
        .await;
    world.by_hand(DEAL, other, "dealstage", "closedlost").await;
    world.merged(DEAL, other, lost).await;
    let undo = world.whole(DEAL, &[lost], Act::Undo(bulk)).await;
    let [changed, _, _, kept] = world.counted(undo).await;
    assert_eq!((changed, kept > 0), (0, true));
    let stage = world.shown(DEAL, other, "dealstage").await;
    assert_eq!(stage.as_deref(), Some("closedlost"));
    // Restored, merged, and not archived again.
    let (back, live) = (world.deal("contractsent").await, other);
    world.whole(DEAL, &[back], Act::Archive).await;
    let bulk = world.whole(DEAL, &[back], Act::Restore).await;
    world.merged(DEAL, live, back).await;
    let undo = world.whole(DEAL, &[back], Act::Undo(bulk)).await;
    assert_eq!(world.counted(undo).await, [0, 1, 0, 1]);
    assert!(world.record(DEAL, live).await.unwrap().archived.is_none());
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_a_contact_was_merged_into_is_left_as_they_are() {
    let world = World::new().await;
    let mut both = Vec::new();
    for email in ["ana@example.org", "bo@example.org"] {
        let input = create(&[("email", email), ("jobtitle", "Baker")]);
        both.push(world.write_one(CONTACT, input).await.no);
        world.later();
    }
    let [ana, bo] = both[..] else {
        panic!("two contacts")
    };
    let bulk = world.whole(CONTACT, &[bo], set("jobtitle", "Chef")).await;
    world.later();
    world.by_hand(CONTACT, ana, "jobtitle", "Chef").await;
    world.merged(CONTACT, ana, bo).await;
    world.later();
    let undo = world.whole(CONTACT, &[bo], Act::Undo(bulk)).await;
    assert_eq!(world.counted(undo).await, [0, 1, 0, 1]);
    let title = world.shown(CONTACT, ana, "jobtitle").await;
    assert_eq!(title.as_deref(), Some("Chef"));
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_record_that_somebody_archived_and_restored_since_is_not_archived() {
    let world = World::new().await;
    let deals = world.deals(2).await;
    world.whole(DEAL, &deals, Act::Archive).await;
    let bulk = world.whole(DEAL, &deals, Act::Restore).await;
    for verb in [Verb::Archive, Verb::Restore] {
        let mut input = update(RecordReference::Id(deals[0]), &[]);
        input.verb = verb;
        world.write_one(DEAL, input).await;
    }
    // What another bulk did in between and was taken back is nothing.
    let other = world.whole(DEAL, &deals[1..], Act::Archive).await;
    world.whole(DEAL, &deals[1..], Act::Undo(other)).await;
    let undo = world.whole(DEAL, &deals, Act::Undo(bulk)).await;
    assert_eq!(world.counted(undo).await, [1, 1, 0, 1]);
    for (deal, is_archived) in [(0, false), (1, true)] {
        let record = world.record(DEAL, deals[deal]).await.unwrap();
        assert_eq!(record.archived.is_some(), is_archived);
    }
    replay_equals_live(world).await;
}
