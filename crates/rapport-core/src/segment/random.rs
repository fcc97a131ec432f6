//! Chance that stays: each person stands at one place of a hundred for each salt, for good.

use crate::identity::ProfileNo;
use crate::json::Decimal;
use siphasher::sip::SipHasher13;
use std::fmt;
use std::hash::Hasher;

/// Places there are, in hundredths of a percent.
pub const PLACES: u16 = 10_000;

/// A share of all people, drawn by lot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Random {
    /// The name of the draw: other names draw otherwise.
    pub salt: Box<str>,
    /// The first place in it, in hundredths of a percent.
    pub from: u16,
    /// The place behind the last.
    pub to: u16,
}

impl Random {
    /// Whether a person is drawn. The number of a profile never changes; of a merge the
    /// survivor's counts.
    #[must_use]
    pub fn has(&self, person: ProfileNo) -> bool {
        let place = place(&self.salt, person);
        self.from <= place && place < self.to
    }

    /// Percent in hundredths. `None` for what is not one of them from 0 to 100.
    #[must_use]
    pub fn places(percent: Decimal) -> Option<u16> {
        let hundredths = percent.times(100);
        let places = u16::try_from(hundredths.whole_part()?).ok()?;
        let is_whole = Decimal::whole(i64::from(places)) == hundredths;
        (is_whole && places <= PLACES).then_some(places)
    }

    /// Whether the share is one.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        match self.from < self.to && self.to <= PLACES {
            true => Ok(()),
            false => Err("a share lies between 0 and 100 percent, the larger number last"),
        }
    }
}

/// Where a person stands, in hundredths of a percent.
#[must_use]
pub fn place(salt: &str, person: ProfileNo) -> u16 {
    let mut hasher = SipHasher13::new();
    hasher.write(salt.as_bytes());
    hasher.write_u64(person.0);
    (hasher.finish() % u64::from(PLACES)) as u16
}

/// Hundredths of a percent as percent: `10`, `2.5`.
pub(super) struct Percent(pub u16);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 100, self.0 % 100);
        match rest {
            0 => write!(f, "{whole}"),
            _ if rest % 10 == 0 => write!(f, "{whole}.{}", rest / 10),
            _ => write!(f, "{whole}.{rest:02}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_as_large_as_they_say_and_stay() {
        let half = Random {
            salt: "newsletter".into(),
            from: 0,
            to: 5_000,
        };
        let drawn = |random: &Random| (1..20_001).filter(|n| random.has(ProfileNo(*n))).count();
        assert!((9_700..10_300).contains(&drawn(&half)), "{}", drawn(&half));
        let rest = Random {
            from: 5_000,
            to: PLACES,
            ..half.clone()
        };
        assert!((1..20_001).all(|n| half.has(ProfileNo(n)) != rest.has(ProfileNo(n))));
        let first: Vec<u16> = (1..6).map(|n| place("newsletter", ProfileNo(n))).collect();
        let again: Vec<u16> = (1..6).map(|n| place("newsletter", ProfileNo(n))).collect();
        assert_eq!(first, again);
        assert_ne!(
            first,
            (1..6)
                .map(|n| place("other", ProfileNo(n)))
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn percents_print_short() {
        let printed = [0, 1_000, 250, 5, 10_000].map(|share| Percent(share).to_string());
        assert_eq!(printed, ["0", "10", "2.5", "0.05", "100"]);
    }
}
