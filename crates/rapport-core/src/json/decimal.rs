//! Exact decimals: fixed point with nine digits behind the point.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A number as people write it: exact up to nine digits behind the point.
///
/// Digits beyond the ninth are dropped, and what lies outside ±1.7e29 saturates, so the order of
/// two numbers is never turned around.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal {
    billionths: i128,
}

const DIGITS_BEHIND_POINT: i64 = 9;
const BILLION: i128 = 1_000_000_000;
/// Beyond any text's length, and far from the ends of an `i64`.
const EXPONENT_MAX: i64 = 1_000_000_000_000;

impl Decimal {
    /// A whole number.
    #[must_use]
    pub fn whole(number: i64) -> Decimal {
        Decimal {
            billionths: i128::from(number) * BILLION,
        }
    }

    /// Reads a number in JSON's grammar (`-12.5`, `1e3`; no leading zero or plus). `None` where it
    /// is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Decimal> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
            Some(at) => (&unsigned[..at], exponent(&unsigned[at + 1..])?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (mantissa, ""),
        };
        let leads_with_zero = whole.len() > 1 && whole.starts_with('0');
        if whole.is_empty() || leads_with_zero || !is_digits(whole) || !is_digits(fraction) {
            return None;
        }
        let size = billionths(whole, fraction, exponent);
        Some(Decimal {
            billionths: if negative { -size } else { size },
        })
    }

    /// The sum; `None` outside of the scale.
    #[must_use]
    pub fn checked_plus(self, other: Decimal) -> Option<Decimal> {
        let billionths = self.billionths.checked_add(other.billionths)?;
        Some(Decimal { billionths })
    }

    /// The product, digits beyond the ninth dropped; `None` outside of the scale.
    #[must_use]
    pub fn checked_times(self, other: Decimal) -> Option<Decimal> {
        // Whole and rest by themselves: the product of the billionths would soon be too large.
        let (whole, rest) = (other.billionths / BILLION, other.billionths % BILLION);
        let of_rest = self.billionths.checked_mul(rest)? / BILLION;
        let of_whole = self.billionths.checked_mul(whole)?;
        let billionths = of_whole.checked_add(of_rest)?;
        Some(Decimal { billionths })
    }

    /// The sum of two, saturating at the ends of the scale.
    #[must_use]
    pub fn plus(self, other: Decimal) -> Decimal {
        Decimal {
            billionths: self.billionths.saturating_add(other.billionths),
        }
    }

    /// The difference of two, saturating at the ends of the scale.
    #[must_use]
    pub fn minus(self, other: Decimal) -> Decimal {
        Decimal {
            billionths: self.billionths.saturating_sub(other.billionths),
        }
    }

    /// So many times this, saturating at the ends of the scale.
    #[must_use]
    pub fn times(self, count: usize) -> Decimal {
        Decimal {
            billionths: self.billionths.saturating_mul(count as i128),
        }
    }

    /// This divided by a count, digits beyond the ninth dropped. `None` by nothing.
    #[must_use]
    pub fn over(self, count: usize) -> Option<Decimal> {
        let billionths = self.billionths.checked_div(count as i128)?;
        Some(Decimal { billionths })
    }

    /// What stands before the point, where that is not too large.
    #[must_use]
    pub fn whole_part(self) -> Option<i64> {
        i64::try_from(self.billionths / BILLION).ok()
    }

    /// Whether the number is at an end of the scale, so that its digits say nothing.
    #[must_use]
    pub fn is_saturated(self) -> bool {
        self.billionths.unsigned_abs() >= i128::MAX.unsigned_abs()
    }
}

fn exponent(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() || !is_digits(digits) {
        return None;
    }
    let size = digits
        .parse::<i64>()
        .unwrap_or(EXPONENT_MAX)
        .min(EXPONENT_MAX);
    Some(if negative { -size } else { size })
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn billionths(whole: &str, fraction: &str, exponent: i64) -> i128 {
    let wanted = whole.len() as i64 + exponent + DIGITS_BEHIND_POINT;
    let mut digits = whole.bytes().chain(fraction.bytes());
    let mut size: i128 = 0;
    let mut taken = 0;
    while taken < wanted {
        let Some(digit) = digits.next() else { break };
        size = size
            .saturating_mul(10)
            .saturating_add(i128::from(digit - b'0'));
        taken += 1;
    }
    if size == 0 {
        return 0;
    }
    let missing = (wanted - taken).clamp(0, 40);
    (0..missing).fold(size, |size, _| size.saturating_mul(10))
}

/// The shortest spelling: `12.5`, `-3`, never an exponent.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.billionths.unsigned_abs();
        let (whole, fraction) = (size / BILLION.unsigned_abs(), size % BILLION.unsigned_abs());
        let sign = if self.billionths < 0 { "-" } else { "" };
        write!(f, "{sign}{whole}")?;
        if fraction == 0 {
            return Ok(());
        }
        write!(f, ".{}", format!("{fraction:09}").trim_end_matches('0'))
    }
}

/// Packed as digits without trailing zeros, and how many of them stand behind the point.
impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (mut digits, mut places) = (self.billionths, DIGITS_BEHIND_POINT as u8);
        while places > 0 && digits % 10 == 0 {
            digits /= 10;
            places -= 1;
        }
        (digits, places).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
        let (digits, places) = <(i128, u8)>::deserialize(deserializer)?;
        let missing = (DIGITS_BEHIND_POINT as u8).saturating_sub(places);
        let billionths = digits.saturating_mul(10_i128.pow(u32::from(missing)));
        Ok(Decimal { billionths })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let read = Decimal::parse(text).map(|number| number.to_string());
        assert_eq!(read.as_deref(), expected, "{text}");
    }

    #[test]
    fn numbers_keep_their_digits() {
        check("12.99", Some("12.99"));
        check("-0.000000001", Some("-0.000000001"));
        check("-0", Some("0"));
        check("1.50", Some("1.5"));
        check("1e3", Some("1000"));
        check("12.5E-1", Some("1.25"));
        check("90071992547409931", Some("90071992547409931"));
        check("0.1234567899", Some("0.123456789"));
        check("1e-400", Some("0"));
        check("0e99999999999999999999", Some("0"));
    }

    #[test]
    fn numbers_are_small_on_disk_and_come_back() {
        for (text, bytes) in [
            ("0", 2),
            ("24.5", 3),
            ("-1", 2),
            ("1e28", 11),
            ("0.000000001", 2),
        ] {
            let number = Decimal::parse(text).unwrap();
            let packed = postcard::to_allocvec(&number).unwrap();
            assert!(packed.len() <= bytes + 4, "{text}: {} bytes", packed.len());
            assert_eq!(
                postcard::from_bytes::<Decimal>(&packed),
                Ok(number),
                "{text}"
            );
        }
        let saturated = Decimal::parse("-1e400").unwrap();
        let packed = postcard::to_allocvec(&saturated).unwrap();
        assert_eq!(postcard::from_bytes::<Decimal>(&packed), Ok(saturated));
    }

    #[test]
    fn sums_and_means_are_exact() {
        let number = |text| Decimal::parse(text).unwrap();
        assert_eq!(number("0.1").plus(number("0.2")), number("0.3"));
        assert_eq!(number("12.5").times(3), number("37.5"));
        assert_eq!(number("10").over(4), Some(number("2.5")));
        assert_eq!(number("10").over(0), None);
        assert!(number("1e28").times(1_000).is_saturated());
    }

    #[test]
    fn what_is_no_number_in_json_is_none() {
        for text in [
            "", "-", "007", "+1", "1.", ".5", "1e", "1e+", "NaN", "0x10", "1 ", "1,5", "٣",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn sums_and_products_are_exact_or_are_none() {
        let read = |text| Decimal::parse(text).unwrap();
        let times = |left, right| read(left).checked_times(read(right)).map(|n| n.to_string());
        assert_eq!(times("7.99", "2").as_deref(), Some("15.98"));
        assert_eq!(times("2", "7.99").as_deref(), Some("15.98"));
        assert_eq!(times("-0.1", "0.1").as_deref(), Some("-0.01"));
        assert_eq!(
            times("123456789.5", "1000.25").as_deref(),
            Some("123487653697.375")
        );
        assert_eq!(times("1e28", "1e28"), None);
        let sum = read("0.1").checked_plus(read("0.2")).map(|n| n.to_string());
        assert_eq!(sum.as_deref(), Some("0.3"));
        assert_eq!(read("1e400").checked_plus(read("1e400")), None);
    }

    #[test]
    fn huge_numbers_saturate_in_order() {
        let huge = Decimal::parse("1e400").unwrap();
        assert!(huge.is_saturated());
        assert!(huge > Decimal::parse("1e28").unwrap());
        assert!(Decimal::parse("-1e400").unwrap() < Decimal::parse("-1e28").unwrap());
        assert!(!Decimal::parse("1e28").unwrap().is_saturated());
    }
}
