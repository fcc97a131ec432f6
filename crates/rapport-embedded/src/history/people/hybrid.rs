//! Parquet's hybrid of runs and packed bits: how levels and the places of words are stored.

use bytes::Bytes;

/// Numbers of a few bits each, read from the first on. Bytes that are missing read as zeros, and
/// where there are no runs any more there are no numbers.
pub(super) struct Hybrid {
    bytes: Bytes,
    at: usize,
    width: usize,
    run: Run,
    left: usize,
}

#[derive(Clone, Copy)]
enum Run {
    /// The same number again and again.
    Same(u32),
    /// Numbers side by side, the next one from this bit on.
    Packed(usize),
}

impl Hybrid {
    /// Reads numbers of `width` bits.
    pub(super) fn new(bytes: Bytes, width: usize) -> Hybrid {
        Hybrid {
            bytes,
            at: 0,
            width: width.min(32),
            run: Run::Same(0),
            left: 0,
        }
    }

    /// The next number.
    pub(super) fn next(&mut self) -> Option<u32> {
        if self.left == 0 {
            self.begin_run()?;
        }
        self.left -= 1;
        match &mut self.run {
            Run::Same(number) => Some(*number),
            Run::Packed(bit) => {
                let first = *bit;
                *bit += self.width;
                Some(self.packed(first))
            }
        }
    }

    /// Leaves numbers out; fewer where there are not so many.
    pub(super) fn skip(&mut self, mut count: usize) {
        while count > 0 && (self.left > 0 || self.begin_run().is_some()) {
            let skipped = count.min(self.left);
            if let Run::Packed(bit) = &mut self.run {
                *bit += skipped * self.width;
            }
            self.left -= skipped;
            count -= skipped;
        }
    }

    /// How many of the next `most` numbers are this one until another comes.
    pub(super) fn leading(&mut self, wanted: u32, most: usize) -> usize {
        let mut count = 0;
        while count < most {
            if self.left == 0 && self.begin_run().is_none() {
                break;
            }
            let same = match self.run {
                Run::Same(number) if number == wanted => self.left.min(most - count),
                Run::Same(_) => break,
                Run::Packed(bit) if self.packed(bit) == wanted => 1,
                Run::Packed(_) => break,
            };
            self.skip(same);
            count += same;
        }
        count
    }

    fn begin_run(&mut self) -> Option<()> {
        let header = self.varint()?;
        let count = (header >> 1) as usize;
        if header & 1 == 0 {
            let number = (0..self.width.div_ceil(8)).fold(0, |number, nth| {
                number | (u32::from(self.byte(self.at + nth)) << (8 * nth))
            });
            self.at += self.width.div_ceil(8);
            (self.run, self.left) = (Run::Same(number), count);
        } else {
            (self.run, self.left) = (Run::Packed(self.at * 8), count.saturating_mul(8));
            self.at = self.at.saturating_add(count.saturating_mul(self.width));
        }
        // A run of nothing would be asked again and again.
        (self.left > 0).then_some(())
    }

    fn packed(&self, bit: usize) -> u32 {
        let first = bit / 8;
        let bytes = (bit % 8 + self.width).div_ceil(8);
        let word = (0..bytes).fold(0_u64, |word, nth| {
            word | (u64::from(self.byte(first + nth)) << (8 * nth))
        });
        ((word >> (bit % 8)) & ((1 << self.width) - 1)) as u32
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for nth in 0..5 {
            let byte = *self.bytes.get(self.at)?;
            self.at += 1;
            number |= u64::from(byte & 0x7f) << (7 * nth);
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Runs and packed groups, spelled as the format says.
    fn spelled(runs: &[(bool, Vec<u32>)], width: usize) -> (Vec<u8>, Vec<u32>) {
        let (mut bytes, mut numbers) = (Vec::new(), Vec::new());
        for (is_packed, values) in runs {
            if *is_packed {
                let groups = values.len().div_ceil(8);
                bytes.push(((groups << 1) | 1) as u8);
                let mut packed = vec![0_u8; groups * width];
                let padded = values.iter().copied().chain(std::iter::repeat(0));
                for (nth, value) in padded.take(groups * 8).enumerate() {
                    for bit in (0..width).filter(|bit| (value >> bit) & 1 == 1) {
                        packed[(nth * width + bit) / 8] |= 1 << ((nth * width + bit) % 8);
                    }
                    numbers.push(value);
                }
                bytes.extend(packed);
            } else {
                bytes.push((values.len() << 1) as u8);
                bytes.extend(&values[0].to_le_bytes()[..width.div_ceil(8)]);
                numbers.extend(std::iter::repeat_n(values[0], values.len()));
            }
        }
        (bytes, numbers)
    }

    proptest! {
        #[test]
        fn numbers_are_read_and_skipped_as_they_were_spelled(
            width in 1..12_usize,
            runs in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u32>(), 1..40)), 0..6),
            steps in prop::collection::vec((0..9_usize, any::<bool>()), 0..30),
        ) {
            let mask = (1 << width) - 1;
            let masked = |values: &Vec<u32>| values.iter().map(|value| value & mask).collect();
            let runs: Vec<(bool, Vec<u32>)> = runs.iter().map(|(p, v)| (*p, masked(v))).collect();
            let (bytes, numbers) = spelled(&runs, width);
            let mut hybrid = Hybrid::new(bytes.into(), width);
            let mut at = 0;
            for (count, skips) in steps {
                if skips {
                    hybrid.skip(count);
                    at = numbers.len().min(at + count);
                } else {
                    for _ in 0..count {
                        prop_assert_eq!(hybrid.next(), numbers.get(at).copied());
                        at = numbers.len().min(at + 1);
                    }
                }
            }
        }

        #[test]
        fn any_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..40), width in 0..40_usize) {
            let mut hybrid = Hybrid::new(bytes.clone().into(), width);
            hybrid.skip(1_000);
            let _ = hybrid.next();
            prop_assert!(Hybrid::new(bytes.into(), width).leading(1, 500) <= 500);
        }
    }

    #[test]
    fn leading_numbers_are_counted_over_runs() {
        let (bytes, _) = spelled(&[(false, vec![1; 5]), (true, vec![1, 1, 0, 1])], 1);
        assert_eq!(Hybrid::new(bytes.clone().into(), 1).leading(1, 4), 4);
        assert_eq!(Hybrid::new(bytes.into(), 1).leading(1, 100), 7);
    }
}
