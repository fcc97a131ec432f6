//! Mutations: what goes wrong with bytes between a sender and a parser, and what an attacker adds.

/// Inputs are not made longer than this, in bytes.
const LONGEST: usize = 64 << 10;

/// What parsers trip over.
const SPLINTERS: &[&[u8]] = &[
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"null",
    b"-",
    b"1e999",
    b"0.",
    b"\\u",
    b"\\ud800",
    b"\xff",
    b"\xc3\x28",
    b"\x00",
    b"\xef\xbb\xbf",
    b"(",
    b")",
    b" and ",
    b" not ",
    b"within",
    b" 99999999999 ",
    b"18446744073709551616",
    b"-9223372036854775808",
    b"\xf0\x9f\x98\x80",
];

/// Seeded dice.
pub(crate) struct Dice {
    state: u64,
}

impl Dice {
    /// Dice that throw the same numbers for the same seed.
    pub(crate) fn new(seed: u64) -> Dice {
        Dice { state: seed }
    }

    /// A number below `end`, or 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        // SplitMix64.
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % (end.max(1) as u64)) as usize
    }
}

/// One of the golden payloads after a few mutations.
pub(crate) fn mutated(golden: &[&[u8]], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = golden[dice.below(golden.len())].to_vec();
    for _ in 0..=dice.below(6) {
        mutate(&mut bytes, golden, dice);
        bytes.truncate(LONGEST);
    }
    bytes
}

fn mutate(bytes: &mut Vec<u8>, golden: &[&[u8]], dice: &mut Dice) {
    let at = dice.below(bytes.len());
    let end = (at + 1 + dice.below(40)).min(bytes.len());
    match dice.below(9) {
        0 => bytes.truncate(at),
        1 => drop(bytes.drain(at.min(end)..end)),
        2 => insert(bytes, at, SPLINTERS[dice.below(SPLINTERS.len())]),
        3 => {
            let piece = bytes[at.min(end)..end].to_vec();
            insert(bytes, dice.below(bytes.len()), &piece);
        }
        4 => {
            let other = golden[dice.below(golden.len())];
            let from = dice.below(other.len());
            insert(bytes, at, &other[from..(from + 60).min(other.len())]);
        }
        5 => {
            // Depth bombs and long runs.
            let splinter = SPLINTERS[dice.below(SPLINTERS.len())];
            let run = splinter.repeat(1 + dice.below(2_000));
            insert(bytes, at, &run);
        }
        6 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = dice.below(256) as u8;
            }
        }
        7 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << dice.below(8);
            }
        }
        _ => bytes.reverse(),
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, piece: &[u8]) {
    let rest = bytes.split_off(at.min(bytes.len()));
    bytes.extend_from_slice(piece);
    bytes.extend(rest);
}
