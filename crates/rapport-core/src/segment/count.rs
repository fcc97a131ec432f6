//! How often something must have happened.

use std::fmt;

/// The largest count a rule may ask for; each leaf keeps that many events per person.
pub const COUNT_MAX: u32 = 1_000;

/// How often something must have happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// This often or oftener; at least 1.
    AtLeast(u32),
    /// This often or less; 0 for never.
    AtMost(u32),
    /// Just this often.
    Exactly(u32),
    /// From the lower number to the higher, both included.
    Between(u32, u32),
}

impl Count {
    /// Whether `happened` times is right.
    #[must_use]
    pub fn holds(self, happened: usize) -> bool {
        match self {
            Count::AtLeast(times) => happened >= times as usize,
            Count::AtMost(times) => happened <= times as usize,
            Count::Exactly(times) => happened == times as usize,
            Count::Between(least, most) => (least as usize..=most as usize).contains(&happened),
        }
    }

    /// How many events tell whether the count is right: one more than the count, where too many
    /// can be wrong.
    #[must_use]
    pub fn keep(self) -> u32 {
        match self {
            Count::AtLeast(times) => times,
            Count::AtMost(times) | Count::Exactly(times) | Count::Between(_, times) => times + 1,
        }
    }

    /// The largest number in it.
    #[must_use]
    pub fn times(self) -> u32 {
        match self {
            Count::AtLeast(times)
            | Count::AtMost(times)
            | Count::Exactly(times)
            | Count::Between(_, times) => times,
        }
    }

    /// Of a number that only falls: the numbers at which the answer becomes another, the higher
    /// first. Falling from the first of them, then from the second, flips the answer.
    #[must_use]
    pub fn edges(self) -> [Option<u32>; 2] {
        let from = |times: u32| (times > 0).then_some(times);
        match self {
            Count::AtLeast(times) => [from(times), None],
            Count::AtMost(times) => [Some(times + 1), None],
            Count::Exactly(times) => [Some(times + 1), from(times)],
            Count::Between(least, most) => [Some(most + 1), from(least)],
        }
    }

    /// Whether a count can be asked for, and why not.
    pub(super) fn check(self) -> Result<(), &'static str> {
        match self {
            Count::AtLeast(0) => Err("`at least 0 times` always holds"),
            Count::Between(least, most) if least >= most => {
                Err("the second number is larger than the first")
            }
            _ if self.times() > COUNT_MAX => Err("counts go up to 1,000"),
            _ => Ok(()),
        }
    }
}

/// `at least 3 times`, `between 2 and 5 times`.
impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Count::AtLeast(times) => write!(f, "at least {times}")?,
            Count::AtMost(times) => write!(f, "at most {times}")?,
            Count::Exactly(times) => write!(f, "exactly {times}")?,
            Count::Between(least, most) => write!(f, "between {least} and {most}")?,
        }
        f.write_str(if self.times() == 1 { " time" } else { " times" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edges_of_a_count_are_where_a_falling_number_flips_it() {
        let counts = [
            Count::AtLeast(1),
            Count::AtLeast(3),
            Count::AtMost(0),
            Count::AtMost(2),
            Count::Exactly(0),
            Count::Exactly(2),
            Count::Between(0, 1),
            Count::Between(2, 4),
        ];
        for count in counts {
            let flips: Vec<u32> = (1..8)
                .rev()
                .filter(|n| count.holds(*n as usize) != count.holds(*n as usize - 1))
                .collect();
            let edges: Vec<u32> = count.edges().into_iter().flatten().collect();
            assert_eq!(edges, flips, "{count}");
        }
    }
}
