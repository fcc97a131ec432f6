//! Bulks in the flow: led on step by step, across kills, taken back in any order, forgotten, and all
//! of it folded again to the same state.

use super::records::{by_email, create, update};
use super::replay::replay_equals_live;
use super::world::World;
use crate::CommandError;
use crate::clock::Clock;
use rapport_core::crm::bulk::{Act, Bulk, By, Course, Draft, Forgetting, Step, Stop, Which};
use rapport_core::crm::{RecordNo, RecordReference, TypeId, view};
use rapport_core::entry::Command;
use rapport_core::identity::IdKind;
use rapport_core::position::Position;
use rapport_core::time::{DAY_MS, HOUR_MS, MINUTE_MS};

mod undone;

const DEAL: TypeId = TypeId::DEAL;
const CONTACT: TypeId = TypeId::CONTACT;

pub(in crate::tests) fn draft(object: TypeId, records: &[RecordNo], act: Act) -> Draft {
    Draft {
        object,
        which: match act {
            Act::Undo(_) => Which::Changed,
            _ => Which::Named(records.to_vec()),
        },
        act,
        until: RecordNo(u64::MAX),
        expected: records.len() as u64,
        by: By::Token("hash".into()),
    }
}

pub(in crate::tests) fn set(name: &str, text: &str) -> Act {
    Act::Set([(name.into(), text.into())].into())
}

/// The step that takes these records, and whether nothing is left then.
pub(in crate::tests) fn step(bulk: &Bulk, records: &[RecordNo], is_last: bool) -> Command {
    Command::StepBulk(Step {
        bulk: bulk.id,
        from: bulk.at,
        to: records.last().copied().unwrap_or(bulk.at),
        is_last,
        records: records.to_vec(),
        denied: Vec::new(),
    })
}

impl World {
    async fn begin(&self, draft: Draft) -> Result<Position, CommandError> {
        Ok(self.command(Command::StartBulk(draft)).await?.position)
    }

    async fn bulk(&self, id: Position) -> Bulk {
        self.rapport.bulk(id).await.unwrap().expect("a bulk")
    }

    async fn lead(&self, id: Position, records: &[RecordNo], is_last: bool) {
        let bulk = self.bulk(id).await;
        self.command(step(&bulk, records, is_last)).await.unwrap();
    }

    /// All of it in one step.
    async fn whole(&self, object: TypeId, records: &[RecordNo], act: Act) -> Position {
        let id = self.begin(draft(object, records, act)).await.unwrap();
        self.lead(id, records, true).await;
        id
    }

    async fn deals(&self, count: usize) -> Vec<RecordNo> {
        let inputs = (0..count).map(|_| create(&[("dealname", "Cheese"), ("amount", "1")]));
        let done = self.write(DEAL, inputs.collect()).await;
        done.into_iter().map(|done| done.unwrap().no).collect()
    }

    async fn amount(&self, no: RecordNo) -> String {
        self.shown(DEAL, no, "amount").await.unwrap_or_default()
    }

    /// What a bulk counted: changed, unchanged, refused, kept.
    async fn counted(&self, id: Position) -> [u64; 4] {
        let counts = self.bulk(id).await.counts;
        [
            counts.changed,
            counts.unchanged,
            counts.refused,
            counts.kept,
        ]
    }
}

fn contradicts(refused: Result<impl std::fmt::Debug, CommandError>) -> String {
    match refused {
        Err(CommandError::Contradicts { message }) => message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_keeps_everybody_else_s_bulks_waiting() {
    let world = World::new().await;
    let deals = world.deals(1).await;
    let of = |who: &str| Draft {
        by: By::Token(who.into()),
        ..draft(DEAL, &deals, set("amount", "2"))
    };
    let mut begun = Vec::new();
    for who in ["ada", "bob", "eve", "joe"] {
        for _ in 0..5 {
            begun.push(world.begin(of(who)).await.unwrap());
        }
        let refused = contradicts(world.begin(of(who)).await);
        assert!(refused.contains("under way"), "{refused}");
    }
    // There are twenty: nobody else begins one either, until one ends.
    contradicts(world.begin(of("ann")).await);
    world.lead(begun[0], &deals, true).await;
    world.begin(of("ann")).await.unwrap();
    contradicts(world.begin(of("bob")).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bulk_goes_on_behind_a_kill_and_takes_no_step_twice() {
    let mut world = World::new().await;
    let deals = world.deals(4).await;
    let id = world
        .begin(draft(DEAL, &deals, set("amount", "2")))
        .await
        .unwrap();
    let first = step(&world.bulk(id).await, &deals[..2], false);
    world.command(first.clone()).await.unwrap();
    world = world.killed().await;
    assert_eq!(world.bulk(id).await.at, deals[1]);
    assert!(world.rapport.configuration().bulks.contains(&id));
    // Whoever led it on does not know that the step was taken.
    contradicts(world.command(first).await);
    world.lead(id, &deals[2..], true).await;
    contradicts(world.command(step(&world.bulk(id).await, &[], true)).await);
    assert_eq!(world.counted(id).await, [4, 0, 0, 0]);
    assert!(world.rapport.configuration().bulks.is_empty());
    world = world.killed().await;
    let undo = world
        .begin(draft(DEAL, &deals, Act::Undo(id)))
        .await
        .unwrap();
    world.lead(undo, &deals[..3], false).await;
    world = world.killed().await;
    contradicts(world.begin(draft(DEAL, &deals, Act::Undo(id))).await);
    world.lead(undo, &deals[3..], true).await;
    for deal in &deals {
        assert_eq!(world.amount(*deal).await, "1");
    }
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn views_stay_behind_a_kill_and_a_replay() {
    let mut world = World::new().await;
    let draft = view::Draft {
        object: DEAL,
        name: "Large".into(),
        search: rapport_core::crm::query::Search::default(),
        columns: vec!["amount".into()],
        board: None,
        shared: view::Shared::Everybody,
        owner: None,
    };
    let put = |view, draft: &view::Draft| Command::PutView {
        view,
        draft: draft.clone(),
    };
    let kept = world.command(put(None, &draft)).await.unwrap().position;
    let gone = world.command(put(None, &draft)).await.unwrap().position;
    let removal = Command::DeleteView(view::Removal { view: gone });
    world.command(removal.clone()).await.unwrap();
    assert!(matches!(
        world.command(removal).await,
        Err(CommandError::NotFound { .. })
    ));
    let other = view::Draft {
        name: "Larger".into(),
        ..draft
    };
    world.command(put(Some(kept), &other)).await.unwrap();
    world = world.killed().await;
    let views = std::sync::Arc::clone(&world.rapport.configuration().views);
    assert_eq!(&*views.get(kept).expect("a view").draft.name, "Larger");
    assert!(views.get(gone).is_none());
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bulks_are_taken_back_in_any_order() {
    let world = World::new().await;
    let deals = world.deals(1).await;
    let undo = async |id| world.whole(DEAL, &deals, Act::Undo(id)).await;
    let first = world.whole(DEAL, &deals, set("amount", "2")).await;
    let second = world.whole(DEAL, &deals, set("amount", "3")).await;
    // The first is covered by the second, and stays so until that is taken back.
    let early = undo(first).await;
    assert_eq!(world.counted(early).await, [0, 1, 0, 1]);
    assert_eq!(world.amount(deals[0]).await, "3");
    let back = undo(second).await;
    assert_eq!(world.amount(deals[0]).await, "2");
    let late = undo(first).await;
    assert_eq!(world.counted(late).await, [1, 0, 0, 0]);
    assert_eq!(world.amount(deals[0]).await, "1");
    // Once is enough; what took it back can be taken back in turn, and that as well.
    contradicts(world.begin(draft(DEAL, &deals, Act::Undo(second))).await);
    contradicts(world.begin(draft(DEAL, &deals, Act::Undo(first))).await);
    let again = undo(late).await;
    assert_eq!(world.amount(deals[0]).await, "2");
    undo(again).await;
    assert_eq!(world.amount(deals[0]).await, "1");
    undo(back).await;
    assert_eq!(world.amount(deals[0]).await, "1", "it was changed since");
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_undo_leaves_what_another_bulk_did_since() {
    let world = World::new().await;
    let deals = world.deals(2).await;
    let first = world.whole(DEAL, &deals, set("amount", "2")).await;
    let by_hand = update(RecordReference::Id(deals[1]), &[("amount", "9")]);
    world.write_one(DEAL, by_hand).await;
    let undo = world.whole(DEAL, &deals, Act::Undo(first)).await;
    assert_eq!(world.counted(undo).await, [1, 1, 0, 1]);
    // A colleague's says the same as the first did.
    world.whole(DEAL, &deals, set("amount", "2")).await;
    let again = world.whole(DEAL, &deals, Act::Undo(first)).await;
    assert_eq!(world.counted(again).await, [0, 2, 0, 2]);
    for deal in &deals {
        assert_eq!(world.amount(*deal).await, "2");
    }
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_edit_stays_whether_or_not_it_says_the_same() {
    let world = World::new().await;
    let deals = world.deals(3).await;
    let bulk = world.whole(DEAL, &deals, set("amount", "2")).await;
    for (deal, texts) in [(0, &["9"][..]), (1, &["9", "2"])] {
        for text in texts {
            let input = update(RecordReference::Id(deals[deal]), &[("amount", text)]);
            world.write_one(DEAL, input).await;
        }
    }
    let undo = world.whole(DEAL, &deals, Act::Undo(bulk)).await;
    assert_eq!(world.counted(undo).await, [1, 2, 0, 2]);
    for (deal, amount) in [(0, "9"), (1, "2"), (2, "1")] {
        assert_eq!(world.amount(deals[deal]).await, amount);
    }
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contacts_are_changed_and_taken_back_as_the_profiles_they_are() {
    let world = World::new().await;
    // The latest word counts.
    let tick = || world.clock.set(world.clock.now().plus(MINUTE_MS));
    world
        .server(r#"{"type":"identify","userId":"u1","traits":{"email":"ana@example.org","title":"Cook"},"messageId":"m1"}"#)
        .await;
    tick();
    let bo = create(&[("email", "bo@example.org"), ("jobtitle", "Baker")]);
    let bo = world.write_one(CONTACT, bo).await.no;
    let ana = world.contact("ana@example.org").await.unwrap();
    let both = [ana.min(bo), ana.max(bo)];
    tick();
    let bulk = world.whole(CONTACT, &both, set("jobtitle", "Chef")).await;
    assert_eq!(world.counted(bulk).await, [2, 0, 0, 0]);
    let title = async |no| world.shown(CONTACT, no, "jobtitle").await;
    assert_eq!(title(bo).await.as_deref(), Some("Chef"));
    tick();
    let by_hand = update(by_email("ana@example.org"), &[("jobtitle", "Owner")]);
    world.write_one(CONTACT, by_hand).await;
    tick();
    let undo = world.whole(CONTACT, &both, Act::Undo(bulk)).await;
    assert_eq!(world.counted(undo).await, [1, 1, 0, 1]);
    assert_eq!(title(bo).await.as_deref(), Some("Baker"));
    assert_eq!(title(ana).await.as_deref(), Some("Owner"));
    // Archived, merged, and back: the one that is left has what it had.
    tick();
    let archive = world.whole(CONTACT, &both, Act::Archive).await;
    assert_eq!(world.counted(archive).await, [2, 0, 0, 0]);
    tick();
    world.whole(CONTACT, &both, Act::Undo(archive)).await;
    assert!(world.record(CONTACT, bo).await.unwrap().archived.is_none());
    tick();
    let again = world.whole(CONTACT, &both, set("jobtitle", "Chef")).await;
    tick();
    let merge = Command::MergeRecords {
        object: CONTACT,
        primary: ana,
        absorbed: bo,
    };
    world.command(merge).await.unwrap();
    tick();
    world.whole(CONTACT, &both, Act::Undo(again)).await;
    assert!(
        world
            .profile(IdKind::Email, "bo@example.org")
            .await
            .is_some()
    );
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_or_another_s_is_counted_and_changes_nothing() {
    let world = World::new().await;
    let deals = world.deals(2).await;
    let gone = RecordNo(4711);
    let records = [deals[0], deals[1], gone];
    let id = world
        .begin(draft(DEAL, &records, set("amount", "2")))
        .await
        .unwrap();
    let bulk = world.bulk(id).await;
    let step = Step {
        bulk: id,
        from: bulk.at,
        to: gone,
        is_last: true,
        records: vec![deals[0], gone],
        denied: vec![(deals[1], "another's".into())],
    };
    world.command(Command::StepBulk(step)).await.unwrap();
    assert_eq!(world.counted(id).await, [1, 0, 2, 0]);
    let told = world.bulk(id).await.problems;
    assert_eq!(
        told.iter().map(|(no, _)| *no).collect::<Vec<_>>(),
        [gone, deals[1]]
    );
    assert_eq!(world.amount(deals[1]).await, "1");
    let stopped = world
        .begin(draft(DEAL, &deals, Act::Archive))
        .await
        .unwrap();
    world.lead(stopped, &deals[..1], false).await;
    let stop = Command::StopBulk(Stop {
        bulk: stopped,
        reason: "enough".into(),
    });
    world.command(stop.clone()).await.unwrap();
    contradicts(world.command(stop).await);
    assert_eq!(
        world.bulk(stopped).await.course,
        Course::Stopped("enough".into())
    );
    world.whole(DEAL, &deals[..1], Act::Undo(stopped)).await;
    assert!(
        world
            .record(DEAL, deals[0])
            .await
            .unwrap()
            .archived
            .is_none()
    );
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_bulk_did_is_forgotten_once_it_cannot_be_taken_back() {
    let world = World::new().await;
    let deals = world.deals(3).await;
    let old = world.whole(DEAL, &deals, set("amount", "2")).await;
    let undone = world.whole(DEAL, &deals, set("description", "x")).await;
    // One whose undo is under way is needed for as long as that goes on.
    let undo = world
        .begin(draft(DEAL, &deals, Act::Undo(undone)))
        .await
        .unwrap();
    world.lead(undo, &deals[..1], false).await;
    contradicts(
        world
            .command(Command::ForgetBulk(Forgetting { bulk: old }))
            .await,
    );
    world.clock.set(super::world::BEGIN.plus(31 * DAY_MS));
    contradicts(world.begin(draft(DEAL, &deals, Act::Undo(old))).await);
    world.advance(2 * HOUR_MS).await;
    let young = world.whole(DEAL, &deals, set("amount", "3")).await;
    for _ in 0..200 {
        if world.rapport.bulk(old).await.unwrap().is_none() {
            break;
        }
        world.advance(HOUR_MS).await;
    }
    let left = world
        .rapport
        .bulk_records(old, RecordNo(0), 10)
        .await
        .unwrap();
    assert_eq!(
        (world.rapport.bulk(old).await.unwrap(), left),
        (None, vec![])
    );
    assert_eq!(world.rapport.bulk_draft(old).await.unwrap(), None);
    world.lead(undo, &deals[1..], true).await;
    for deal in &deals {
        assert_eq!(world.shown(DEAL, *deal, "description").await, None);
        assert_eq!(world.amount(*deal).await, "3");
    }
    let did = world.rapport.bulk_records(young, RecordNo(0), 10).await;
    assert_eq!(did.unwrap().len(), 3);
    replay_equals_live(world).await;
}
