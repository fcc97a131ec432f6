//! Throws mutated input at every parser for a number of seconds; a panic, a hang or a hunger for
//! memory ends it.
//!
//! Runs on a stable compiler: the mutations know the inputs' grammar by their golden payloads,
//! which makes up for not watching which code they reach.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

mod corpus;
mod hooks;
mod imports;
mod memory;
mod mutate;
mod plans;
mod stored;
mod targets;

/// An input that takes longer than this is a hang.
const HANG: Duration = Duration::from_secs(2);
/// What all inputs together may make the process ask for at most, in bytes.
const MEMORY: u64 = 1 << 30;

fn main() {
    let seconds = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(60);
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let inputs = run(since.as_secs(), Duration::from_secs(seconds));
    println!("{inputs} inputs, no panic, no hang and no hunger");
}

/// Gives every target mutated inputs, in turn, for this long; how many inputs that were.
///
/// # Panics
/// Where a target panics or hangs; the input is printed before.
fn run(seed: u64, span: Duration) -> u64 {
    let mut dice = mutate::Dice::new(seed);
    // Threads and golden payloads first: only what broken input takes is counted.
    for target in targets::ALL {
        one(target, (target.golden)()[0], seed);
    }
    let at_first = memory::peak_bytes();
    let (began, mut inputs) = (Instant::now(), 0);
    while began.elapsed() < span {
        for target in targets::ALL {
            let input = mutate::mutated((target.golden)(), &mut dice);
            one(target, &input, seed);
            let taken = memory::peak_bytes().saturating_sub(at_first);
            assert!(
                taken < MEMORY,
                "{} asks for {taken} bytes with seed {seed}",
                target.name
            );
            inputs += 1;
        }
    }
    inputs
}

fn one(target: &targets::Target, input: &[u8], seed: u64) {
    let began = Instant::now();
    let taken = std::panic::catch_unwind(|| (target.take)(input));
    let told = || {
        format!(
            "{} with seed {seed}: {:?}",
            target.name,
            String::from_utf8_lossy(input)
        )
    };
    assert!(taken.is_ok(), "a panic in {}", told());
    assert!(began.elapsed() < HANG, "a hang in {}", told());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_parser_panics_or_hangs_on_mutated_input() {
        assert!(run(7, Duration::from_secs(3)) > 1_000);
    }

    #[test]
    fn every_golden_payload_is_taken_unharmed() {
        for target in targets::ALL {
            for golden in (target.golden)() {
                one(target, golden, 0);
            }
        }
    }
}
