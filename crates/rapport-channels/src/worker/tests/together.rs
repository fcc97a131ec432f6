//! What an app is told together: up to a hundred events of as many records, and none in another's way.

use super::*;
use rapport_core::entry::Shape;

fn app(concurrency: Option<u32>) -> Destination {
    Destination {
        shape: Shape::HubSpot,
        concurrency,
        ..destination("app-7", "https://app.example.org/")
    }
}

/// How many messages each attempt had: those that were tried at the same moment.
fn sizes(channel: &Told) -> Vec<usize> {
    let mut sizes: BTreeMap<(Millis, u64), usize> = BTreeMap::new();
    for tried in channel.tries() {
        *sizes.entry((tried.at, tried.attempt)).or_default() += 1;
    }
    sizes.into_values().collect()
}

#[tokio::test(start_paused = true)]
async fn messages_of_different_records_go_in_one_request_up_to_a_hundred() {
    let shelf = Shelf::of(&[app(Some(1))]);
    for n in 0..250 {
        shelf.put("app-7", n);
    }
    let channel = Told::to(|_, _| Verdict::Delivered);
    let worker = start(&shelf, &channel, settings());
    shelf.emptied().await;
    worker.stop().await;
    assert_eq!(sizes(&channel), [100, 100, 50]);
    assert_eq!(channel.taken().len(), 250);
}

#[tokio::test(start_paused = true)]
async fn messages_of_one_record_go_one_after_another() {
    let shelf = Shelf::of(&[app(None)]);
    for _ in 0..20 {
        shelf.put("app-7", 1);
    }
    let channel = Told::to(|_, _| Verdict::Delivered);
    let worker = start(&shelf, &channel, settings());
    shelf.emptied().await;
    worker.stop().await;
    assert_eq!(sizes(&channel), [1; 20]);
    assert_order(&channel.tries(), &shelf.dead());
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_together_is_refused_alone_only_where_it_is_the_fault() {
    let shelf = Shelf::of(&[app(None)]);
    let poison = shelf.put("app-7", 1);
    for n in 2..40 {
        shelf.put("app-7", n);
    }
    // Whoever tells of the first record is refused: the channel asks about the first message.
    let channel = Told::to(move |message, _| match message.number == poison {
        true => Verdict::Refused { error: "no".into() },
        false => Verdict::Delivered,
    });
    let worker = start(&shelf, &channel, settings());
    shelf.emptied().await;
    worker.stop().await;
    let dead: Vec<u64> = shelf.dead().into_keys().collect();
    assert_eq!(dead, [poison]);
    assert_eq!(channel.taken().len(), 39 - 1);
}

#[tokio::test(start_paused = true)]
async fn no_more_requests_are_on_their_way_than_an_app_wants() {
    let shelf = Shelf::of(&[app(Some(2))]);
    for n in 0..1_000 {
        shelf.put("app-7", n);
    }
    let channel = Told::to(|_, _| Verdict::Delivered);
    let worker = start(&shelf, &channel, settings());
    shelf.emptied().await;
    worker.stop().await;
    assert_eq!(channel.most_at_once.load(Ordering::SeqCst), 2);
}
