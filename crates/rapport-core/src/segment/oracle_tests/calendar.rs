//! The oracle's calendar: plain arithmetic on days, and zones that never change their clocks.

/// Zones of the worlds, and how far each is ahead of UTC, in milliseconds.
pub(super) const ZONES: [(&str, i64); 3] = [
    ("UTC", 0),
    ("Asia/Kathmandu", 20_700_000),
    ("America/Phoenix", -25_200_000),
];

pub(super) const DAY: i64 = 86_400_000;

/// Year, month and day of a day counted from 1970-01-01.
pub(super) fn civil(day: i64) -> (i64, i64, i64) {
    let z = day + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z - era * 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, of_year - (153 * shifted + 2) / 5 + 1)
}

/// The number of a unit of the calendar that an instant lies in, counted from somewhere.
pub(super) fn unit_of(unit: &str, at: i64, ahead_ms: i64) -> i64 {
    let day = (at + ahead_ms).div_euclid(DAY);
    let (year, month, _) = civil(day);
    match unit {
        "day" => day,
        // 1970-01-01 was a Thursday.
        "week" => (day + 3).div_euclid(7),
        "month" => year * 12 + month - 1,
        "quarter" => year * 4 + (month - 1) / 3,
        _ => year,
    }
}

/// Every midnight of every zone between two instants.
pub(super) fn midnights(from: i64, to: i64) -> Vec<i64> {
    let mut found = Vec::new();
    for (_, ahead_ms) in ZONES {
        let mut midnight = ((from + ahead_ms).div_euclid(DAY) + 1) * DAY - ahead_ms;
        while midnight <= to {
            found.push(midnight);
            midnight += DAY;
        }
    }
    found
}
