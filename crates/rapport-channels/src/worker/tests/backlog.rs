//! More messages than fit into memory.

use super::*;

fn small(held: usize, page: usize, held_of_person: usize) -> Settings {
    let limits = Limits {
        in_flight: 3,
        held,
        held_of_person,
    };
    Settings {
        limits,
        page,
        batch: 4,
        ..settings()
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_backlog_passes_through_a_small_memory_in_order() {
    let shelf = hook();
    // Every other message is of one person; one in ten of somebody whose messages fail.
    for n in 0..3_000_u64 {
        let person = if n % 2 == 0 {
            1
        } else if n % 10 == 1 {
            2
        } else {
            100 + n
        };
        shelf.put("hook", person);
    }
    let channel = Told::to(|message, _| match who(message) {
        2 if message.attempts < 1 => failed(),
        _ => Verdict::Delivered,
    });
    let worker = start(&shelf, &channel, small(64, 50, 4));
    let mut most_held = 0;
    while !shelf.pending().is_empty() {
        most_held = most_held.max(worker.health().get("hook").map_or(0, |health| health.held));
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    worker.stop().await;
    assert!(
        (32..=64).contains(&most_held),
        "{most_held} messages in memory"
    );
    assert_eq!(channel.taken().len(), 3_000);
    assert_order(&channel.tries(), &shelf.dead());
}

#[tokio::test(start_paused = true)]
async fn a_dead_destination_with_a_long_backlog_does_not_starve_another() {
    let shelf = Shelf::of(&[
        destination("dead", "https://example.org/dead"),
        destination("well", "https://example.org/well"),
    ]);
    for n in 0..5_000 {
        shelf.put("dead", n);
    }
    for n in 0..100 {
        shelf.put("well", n);
    }
    let channel = Told::to(|message, _| match message.destination.as_str() {
        "dead" => failed(),
        _ => Verdict::Delivered,
    });
    let worker = start(&shelf, &channel, small(64, 50, 4));
    shelf.shrunk_to(5_000).await;
    let last = channel.tries().last().expect("some").at;
    assert!(last < START.plus(SECOND_MS), "{last}");
    let loads = shelf.loads.load(Ordering::SeqCst);
    assert!(loads <= 110, "{loads} pages for a backlog of 102");
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn people_who_fail_do_not_crowd_out_the_others() {
    let shelf = hook();
    for n in 0..2_000_u64 {
        shelf.put("hook", n % 20);
    }
    // Three people always fail: a third of the memory would be theirs, not all of it.
    let channel = Told::to(|message, _| match who(message) {
        0..3 => failed(),
        _ => Verdict::Delivered,
    });
    let worker = start(&shelf, &channel, small(32, 10, 4));
    shelf.shrunk_to(300).await;
    let last = channel.tries().last().expect("some").at;
    assert!(last < START.plus(120 * SECOND_MS), "{last}");
    worker.stop().await;
    assert_order(&channel.tries(), &shelf.dead());
}

/// Random backlogs, limits, failures and restarts: order and completeness always hold.
#[tokio::test(start_paused = true)]
async fn whatever_the_sizes_nothing_is_lost_doubled_or_reordered() {
    for seed in 0..200 {
        let mut random = Jitter::new(seed);
        let mut below = |limit: u64| random.next() % limit;
        let shelf = Shelf::of(&[
            destination("a", "https://a/"),
            destination("b", "https://b/"),
        ]);
        let (people, total) = (1 + below(12), 20 + below(150));
        let choices: Vec<_> = (0..total).map(|_| (below(2), below(people))).collect();
        let size = |n: u64| usize::try_from(n).expect("small");
        let settings = small(size(1 + below(9)), size(1 + below(7)), size(1 + below(4)));
        let (fails, stop_at) = (below(4), size(below(total)));
        let channel = Told::to(move |message, _| {
            let mut random = Jitter::new(message.number * 64 + u64::from(message.attempts) + seed);
            if random.next() % 8 < fails {
                failed()
            } else {
                Verdict::Delivered
            }
        });
        let (early, late) = choices.split_at(choices.len() / 2);
        let put = |(to, person): &(u64, u64)| {
            shelf.put(if *to == 0 { "a" } else { "b" }, to * 100 + person)
        };
        early.iter().for_each(|choice| _ = put(choice));
        let worker = start(&shelf, &channel, settings);
        tokio::time::sleep(Duration::from_millis(20)).await;
        late.iter().for_each(|choice| _ = put(choice));
        shelf.shrunk_to(stop_at).await;
        worker.stop().await;
        let worker = start(&shelf, &channel, settings);
        shelf.emptied().await;
        worker.stop().await;
        assert_order(&channel.tries(), &shelf.dead());
        let taken = channel.taken();
        let ended: BTreeSet<_> = taken
            .iter()
            .copied()
            .chain(shelf.dead().into_keys())
            .collect();
        assert_eq!(ended.len(), choices.len(), "seed {seed}: each ends once");
        assert_eq!(
            taken.len() + shelf.dead().len(),
            choices.len(),
            "seed {seed}"
        );
    }
}
