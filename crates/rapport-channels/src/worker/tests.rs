//! The worker against a channel that does as it is told, in time that is moved by hand.

use super::jitter::Jitter;
use super::*;
use crate::channel::Verdict;
use crate::outbox::{About, Message};
use crate::shelf::{START, Shelf, destination};
use async_trait::async_trait;
use rapport_core::entry::Destination;
use rapport_core::time::{HOUR_MS, Millis, SECOND_MS};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

mod backlog;
mod together;
mod wire;

/// One attempt that a channel saw.
#[derive(Clone, Debug)]
struct Try {
    number: u64,
    /// The first number of those that went together.
    attempt: u64,
    person: u64,
    key: String,
    at: Millis,
    taken: bool,
}

type Answer = Box<dyn Fn(&Message, Millis) -> Verdict + Send + Sync>;

/// Answers as it is told after 5 ms, and remembers every attempt.
struct Told {
    answer: Answer,
    tries: Mutex<Vec<Try>>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

impl Told {
    fn to(answer: impl Fn(&Message, Millis) -> Verdict + Send + Sync + 'static) -> Arc<Told> {
        Arc::new(Told {
            answer: Box::new(answer),
            tries: Mutex::default(),
            at_once: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
        })
    }

    fn tries(&self) -> Vec<Try> {
        self.tries.lock().expect("not poisoned").clone()
    }

    /// The numbers taken, in the order taken.
    fn taken(&self) -> Vec<u64> {
        self.tries()
            .iter()
            .filter(|tried| tried.taken)
            .map(|tried| tried.number)
            .collect()
    }

    fn tries_of(&self, number: u64) -> Vec<Try> {
        self.tries()
            .into_iter()
            .filter(|tried| tried.number == number)
            .collect()
    }
}

#[async_trait]
impl Channel for Told {
    async fn deliver(&self, _: &Destination, messages: &[Arc<Message>], now: Millis) -> Verdict {
        let at_once = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(at_once, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(5)).await;
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        let verdict = (self.answer)(&messages[0], now);
        for message in messages {
            self.tries.lock().expect("not poisoned").push(Try {
                number: message.number,
                attempt: messages[0].number,
                person: who(message),
                key: message.key.clone(),
                at: now,
                taken: verdict == Verdict::Delivered,
            });
        }
        verdict
    }
}

/// The number of whom or what a message is about.
fn who(message: &Message) -> u64 {
    match message.about {
        About::Person(person) => person.0,
        About::Record(_, record) => record.0,
    }
}

fn failed() -> Verdict {
    Verdict::Failed {
        error: "told to".into(),
    }
}

fn settings() -> Settings {
    Settings {
        seed: 7,
        ..Settings::default()
    }
}

fn hook() -> Arc<Shelf> {
    Shelf::of(&[destination("hook", "https://example.org/")])
}

fn start(shelf: &Arc<Shelf>, channel: &Arc<Told>, settings: Settings) -> Worker {
    Worker::start(shelf.clone(), channel.clone(), settings)
}

/// Nobody's message was tried before each earlier one of theirs was taken or given up.
fn assert_order(tries: &[Try], dead: &BTreeMap<u64, String>) {
    let mut by_person: BTreeMap<u64, Vec<&Try>> = BTreeMap::new();
    for tried in tries {
        by_person.entry(tried.person).or_default().push(tried);
    }
    for (person, tries) in by_person {
        for pair in tries.windows(2) {
            let (before, after) = (pair[0], pair[1]);
            let settled = before.taken || dead.contains_key(&before.number);
            let repeats = before.number == after.number;
            assert!(
                repeats || (before.number < after.number && settled),
                "person {person}: {before:?} then {after:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn order_is_kept_per_person_under_failures_and_nothing_is_lost() {
    let shelf = hook();
    for n in 0..5_000 {
        shelf.put("hook", n % 1_000);
    }
    // Every third message fails at its first two attempts, every hundredth is refused.
    let channel = Told::to(|message, _| match message.number {
        n if n % 100 == 0 => Verdict::Refused { error: "no".into() },
        n if n % 3 == 0 && message.attempts < 2 => failed(),
        _ => Verdict::Delivered,
    });
    let worker = start(&shelf, &channel, settings());
    shelf.emptied().await;
    worker.stop().await;
    assert_order(&channel.tries(), &shelf.dead());
    let taken = channel.taken();
    assert_eq!(taken.len(), 4_950, "each is taken once");
    assert_eq!(taken.iter().collect::<BTreeSet<_>>().len(), 4_950);
    assert_eq!(shelf.dead().len(), 50);
}

#[tokio::test(start_paused = true)]
async fn a_failing_message_holds_back_only_its_person() {
    let shelf = hook();
    for n in 0..2_000 {
        shelf.put("hook", n % 100);
    }
    let channel = Told::to(|message, _| match who(message) {
        13 => failed(),
        _ => Verdict::Delivered,
    });
    let worker = start(&shelf, &channel, settings());
    shelf.shrunk_to(20).await;
    assert!(channel.tries().last().expect("some").at < START.plus(10 * SECOND_MS));
    worker.stop().await;
    let waiting: BTreeSet<_> = shelf.pending().values().map(who).collect();
    assert_eq!(waiting, BTreeSet::from([13]));
    let tried: BTreeSet<_> = channel
        .tries()
        .iter()
        .filter(|t| t.person == 13)
        .map(|t| t.number)
        .collect();
    assert_eq!(tried.len(), 1, "only the first of the twenty was tried");
}

#[tokio::test(start_paused = true)]
async fn no_more_are_on_their_way_than_the_limit_and_as_many() {
    let shelf = hook();
    for n in 0..200 {
        shelf.put("hook", n);
    }
    let channel = Told::to(|_, _| Verdict::Delivered);
    let worker = start(&shelf, &channel, settings());
    shelf.emptied().await;
    worker.stop().await;
    assert_eq!(channel.most_at_once.load(Ordering::SeqCst), 16);
}

#[tokio::test(start_paused = true)]
async fn a_circuit_opens_spares_the_destination_and_heals() {
    let shelf = hook();
    for n in 0..500 {
        shelf.put("hook", n);
    }
    let well_at = START.plus(120 * SECOND_MS);
    let channel = Told::to(move |_, now| {
        if now < well_at {
            failed()
        } else {
            Verdict::Delivered
        }
    });
    let worker = start(&shelf, &channel, settings());
    tokio::time::sleep(Duration::from_secs(60)).await;
    let health = worker.health()["hook"];
    assert!(matches!(health.circuit, Circuit::Open { .. }), "{health:?}");
    let tries = channel.tries().len();
    assert!(tries <= 16 + 7, "{tries} attempts in a minute of illness");
    shelf.emptied().await;
    let done_at = channel.tries().last().expect("some").at;
    assert!(done_at < well_at.plus(62 * SECOND_MS), "{done_at}");
    assert_eq!(worker.health()["hook"].circuit, Circuit::default());
    assert_eq!(worker.health()["hook"].delivered, 500);
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn many_who_keep_failing_delay_a_newcomer_by_seconds_at_most() {
    let shelf = hook();
    for n in 0..200 {
        shelf.put("hook", n);
    }
    let channel = Told::to(|message, _| match who(message) {
        0..100 => failed(),
        _ => Verdict::Delivered,
    });
    let worker = start(&shelf, &channel, settings());
    // Later only the hundred are tried, again and again.
    tokio::time::sleep(Duration::from_secs(1_800)).await;
    let late = shelf.put("hook", 1_000);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(channel.tries_of(late).len(), 1);
    assert!(shelf.pending().len() == 100, "{}", shelf.pending().len());
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_asks_for_a_rest_gets_it() {
    let shelf = hook();
    for n in 0..50 {
        shelf.put("hook", n);
    }
    let first = AtomicUsize::new(0);
    let channel = Told::to(move |_, _| match first.fetch_add(1, Ordering::SeqCst) {
        0 => Verdict::Busy {
            error: "slow down".into(),
            after_ms: Some(30_000),
        },
        _ => Verdict::Delivered,
    });
    let worker = start(&shelf, &channel, settings());
    shelf.emptied().await;
    worker.stop().await;
    let later = |tried: &&Try| tried.at > START.plus(10);
    let tries = channel.tries();
    let next = tries.iter().find(later).expect("the others came later");
    assert!(next.at >= START.plus(30_000), "{next:?}");
    assert_eq!(channel.taken().len(), 50);
}

#[tokio::test(start_paused = true)]
async fn what_never_works_is_given_up_after_four_hours_and_the_next_gets_its_turn() {
    let shelf = hook();
    let hopeless = shelf.put("hook", 1);
    let next = shelf.put("hook", 1);
    let channel = Told::to(move |message, _| match message.number {
        n if n == hopeless => failed(),
        _ => Verdict::Delivered,
    });
    let worker = start(&shelf, &channel, settings());
    shelf.emptied().await;
    worker.stop().await;
    assert!(
        shelf.dead()[&hopeless].starts_with("given up: "),
        "{:?}",
        shelf.dead()
    );
    let taken_at = channel.tries_of(next)[0].at;
    assert!(taken_at >= START.plus(4 * HOUR_MS) && taken_at < START.plus(5 * HOUR_MS));
    let keys: BTreeSet<_> = channel
        .tries_of(hopeless)
        .into_iter()
        .map(|tried| tried.key)
        .collect();
    assert_eq!(
        keys.len(),
        1,
        "the key is the same however often it is sent"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stopped_worker_has_recorded_everything_and_the_next_one_goes_on() {
    let shelf = hook();
    for n in 0..300 {
        shelf.put("hook", n % 30);
    }
    let channel = Told::to(|_, _| Verdict::Delivered);
    let worker = start(&shelf, &channel, settings());
    shelf.shrunk_to(200).await;
    worker.stop().await;
    let (taken, left) = (channel.taken().len(), shelf.pending().len());
    assert_eq!(taken + left, 300, "what was sent is recorded");
    assert!(left > 0, "it stopped on the way");

    let worker = start(&shelf, &channel, settings());
    shelf.emptied().await;
    worker.stop().await;
    assert_eq!(channel.taken().len(), 300, "nothing is sent twice");
    assert_order(&channel.tries(), &shelf.dead());
}

#[tokio::test(start_paused = true)]
async fn a_restart_respects_the_moment_of_the_next_attempt() {
    let shelf = hook();
    let number = shelf.put("hook", 1);
    let again = Millis(START.0 + HOUR_MS);
    let delivery = crate::outbox::Delivery::Retry {
        at: again,
        error: String::new(),
    };
    crate::outbox::Outbox::done(&*shelf, vec![(number, delivery)])
        .await
        .expect("it takes results");
    let channel = Told::to(|_, _| Verdict::Delivered);
    let worker = start(&shelf, &channel, settings());
    shelf.emptied().await;
    worker.stop().await;
    let tries = channel.tries();
    assert_eq!(tries.len(), 1);
    assert!(
        tries[0].at >= again && tries[0].at < again.plus(SECOND_MS),
        "{tries:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_result_that_cannot_be_recorded_holds_its_person_and_is_not_sent_again() {
    let shelf = hook();
    let first = shelf.put("hook", 1);
    shelf.put("hook", 1);
    shelf.refuses.store(true, Ordering::SeqCst);
    let channel = Told::to(|_, _| Verdict::Delivered);
    let worker = start(&shelf, &channel, settings());
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(
        channel.taken(),
        [first],
        "the second waits until the first is recorded"
    );
    shelf.refuses.store(false, Ordering::SeqCst);
    shelf.emptied().await;
    worker.stop().await;
    assert_eq!(channel.taken().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stop_without_an_outbox_ends_and_the_message_is_sent_again_under_its_key() {
    let shelf = hook();
    let number = shelf.put("hook", 1);
    shelf.refuses.store(true, Ordering::SeqCst);
    let channel = Told::to(|_, _| Verdict::Delivered);
    let worker = start(&shelf, &channel, settings());
    tokio::time::sleep(Duration::from_secs(1)).await;
    worker.stop().await;
    assert_eq!(shelf.pending().len(), 1);

    shelf.refuses.store(false, Ordering::SeqCst);
    let worker = start(&shelf, &channel, settings());
    shelf.emptied().await;
    worker.stop().await;
    let tries = channel.tries_of(number);
    assert_eq!(tries.len(), 2);
    assert_eq!(tries[0].key, tries[1].key);
}

#[tokio::test(start_paused = true)]
async fn an_idle_worker_sleeps_until_the_bell_rings() {
    let shelf = hook();
    let channel = Told::to(|_, _| Verdict::Delivered);
    let worker = start(&shelf, &channel, settings());
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert_eq!(
        shelf.loads.load(Ordering::SeqCst),
        1,
        "one look at the start, none after"
    );
    shelf.put("hook", 1);
    shelf.emptied().await;
    assert!(channel.tries()[0].at < START.plus(HOUR_MS + SECOND_MS));
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_panics_is_a_failed_attempt() {
    let shelf = hook();
    shelf.put("hook", 1);
    let channel = Told::to(|message, _| match message.attempts {
        0 => panic!("on purpose"),
        _ => Verdict::Delivered,
    });
    let worker = start(&shelf, &channel, settings());
    shelf.emptied().await;
    assert_eq!(worker.health()["hook"].retried, 1);
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn messages_of_a_removed_destination_become_dead_letters() {
    let shelf = hook();
    let channel = Told::to(|_, _| failed());
    let worker = start(&shelf, &channel, settings());
    let number = shelf.put("hook", 1);
    tokio::time::sleep(Duration::from_secs(5)).await;
    shelf.configure(&[]);
    shelf.emptied().await;
    worker.stop().await;
    assert_eq!(shelf.dead()[&number], "the destination was removed");
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_was_repaired_is_tried_at_once() {
    let shelf = hook();
    for n in 0..100 {
        shelf.put("hook", n);
    }
    let well_at = START.plus(HOUR_MS);
    let channel = Told::to(move |_, now| {
        if now < well_at {
            failed()
        } else {
            Verdict::Delivered
        }
    });
    let worker = start(&shelf, &channel, settings());
    tokio::time::sleep(Duration::from_millis(
        u64::try_from(HOUR_MS).expect("positive"),
    ))
    .await;
    shelf.configure(&[destination("hook", "https://example.org/repaired")]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let taken = channel.taken().len();
    assert!(taken >= 50, "{taken} were taken within a second");
    worker.stop().await;
}
