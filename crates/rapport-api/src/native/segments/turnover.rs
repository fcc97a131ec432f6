//! A segment over time: how large it was, and who entered and left it.

use super::super::address::Named;
use super::super::bearer::Actor;
use super::super::list::{self, List, Page};
use super::super::spelled::{Identifiers, identifiers};
use super::find;
use crate::Api;
use crate::errors::{Code, Error};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rapport_core::entry::Reference;
use rapport_core::time::{DAY_MS, HOUR_MS, Millis};
use rapport_flow::reads::turnover::{Asked, HOURS_KEEP_MS, Hours};
use serde::Serialize;

/// How much is shown where nobody says from when.
const DEFAULT_MS: i64 = 30 * DAY_MS;

/// A segment in one hour or day.
#[derive(Serialize)]
pub(super) struct Point {
    /// When it begins.
    from: String,
    /// The size at its end; of the last one, as of now.
    size: u64,
    entered: u64,
    left: u64,
}

/// Its size, hour by hour or day by day.
pub(super) async fn sizes(
    State(api): State<Api>,
    _: Actor,
    Named(key): Named,
    page: Page,
) -> Result<Json<List<Point>>, Error> {
    let segment = find(&api, &key)?;
    let every_ms = match page.one("every").unwrap_or("day") {
        "hour" => HOUR_MS,
        "day" => DAY_MS,
        other => {
            let message = format!("`every={other}` is neither `hour` nor `day`");
            return Err(Error::new(Code::InvalidQuery, message));
        }
    };
    let now = api.rapport.clock().now();
    let (from, to) = range(&page, now)?;
    let from = from.max(now.plus(-HOURS_KEEP_MS));
    let after = page.after(|text| Millis::parse(text).map(|at| at.plus(every_ms)))?;
    let begin = Millis(from.0.div_euclid(every_ms).saturating_mul(every_ms));
    let turnover = api.rapport.turnover(segment.no, begin).await?;
    let points = points(&turnover, (begin, to), every_ms);
    let first = after.unwrap_or(begin);
    let shown = points.into_iter().filter(|(at, _)| *at >= first);
    let shown = shown.take(page.limit + 1).map(|(_, point)| point);
    Ok(list::page(shown.collect(), page.limit, |last| {
        last.from.clone()
    }))
}

/// Walks back from the size now.
fn points(turnover: &Hours, (begin, to): (Millis, Millis), every_ms: i64) -> Vec<(Millis, Point)> {
    let per_point = every_ms / HOUR_MS;
    let mut size = turnover.size;
    let mut hours = turnover.moved.iter().rev().peekable();
    let mut points = Vec::new();
    let (first, last) = (
        begin.0.div_euclid(every_ms),
        to.plus(-1).0.div_euclid(every_ms),
    );
    let before = |size: u64, entered: u64, left: u64| (size + left).saturating_sub(entered);
    for nth in (first..=last).rev() {
        let (mut entered, mut left) = (0, 0);
        while let Some((hour, (came, went))) = hours.peek().copied() {
            let own = hour.div_euclid(per_point);
            if own < nth {
                break;
            }
            if own > nth {
                size = before(size, *came, *went);
            } else {
                (entered, left) = (entered + came, left + went);
            }
            hours.next();
        }
        let at = Millis(nth.saturating_mul(every_ms));
        let from = at.to_string();
        points.push((
            at,
            Point {
                from,
                size,
                entered,
                left,
            },
        ));
        size = before(size, entered, left);
    }
    points.reverse();
    points
}

/// Somebody who entered or left.
#[derive(Serialize)]
struct Moved<'a> {
    change: &'static str,
    at: String,
    why: &'static str,
    /// Whom the profile's number leads to now.
    profile_id: String,
    /// As it was numbered then, where it was absorbed since.
    #[serde(skip_serializing_if = "Option::is_none")]
    was: Option<String>,
    identifiers: Option<Identifiers<'a>>,
}

/// Who entered it and who left it between two times.
pub(super) async fn changes(
    State(api): State<Api>,
    _: Actor,
    Named(key): Named,
    page: Page,
) -> Result<Response, Error> {
    let segment = find(&api, &key)?;
    let now = api.rapport.clock().now();
    let (from, to) = range(&page, now)?;
    let has_left = match page.one("change") {
        None => None,
        Some("entered") => Some(false),
        Some("left") => Some(true),
        Some(other) => {
            let message = format!("`change={other}` is neither `entered` nor `left`");
            return Err(Error::new(Code::InvalidQuery, message));
        }
    };
    let after = page.after(|text| URL_SAFE_NO_PAD.decode(text).ok())?;
    let asked = Asked {
        segment: segment.no,
        from,
        to,
        has_left,
        after: after.map(Vec::into_boxed_slice),
        limit: page.limit,
    };
    let found = api.rapport.changes(&asked).await?;
    let mut people = Vec::with_capacity(found.changes.len());
    for change in &found.changes {
        let reference = Reference::Number(change.person);
        people.push(api.rapport.profile(&reference).await?);
    }
    let moved = found.changes.iter().zip(&people).map(|(change, profile)| {
        let number = profile.as_ref().map_or(change.person, |one| one.number);
        Moved {
            change: if change.has_left { "left" } else { "entered" },
            at: change.at.to_string(),
            why: change.why.word(),
            profile_id: number.to_string(),
            was: (number != change.person).then(|| change.person.to_string()),
            identifiers: profile.as_ref().map(|one| identifiers(&one.links)),
        }
    });
    let next = found.after.map(|after| URL_SAFE_NO_PAD.encode(after));
    Ok(list::behind(moved.collect(), next).into_response())
}

/// The time asked for: `from` and `to`, by default the last 30 days.
fn range(page: &Page, now: Millis) -> Result<(Millis, Millis), Error> {
    let read = |name: &str| {
        let Some(text) = page.one(name) else {
            return Ok(None);
        };
        // A query's `+` means a blank to programs and an offset to people.
        let moment = Millis::parse(text).or_else(|| Millis::parse(&text.replace(' ', "+")));
        moment.map(Some).ok_or_else(|| {
            let message =
                format!("`{name}={text}` is no date like 2026-11-22 or 2026-11-22T10:00:00Z");
            Error::new(Code::InvalidQuery, message)
        })
    };
    // The present millisecond counts.
    let to = read("to")?.unwrap_or(now.plus(1)).min(now.plus(1));
    let from = read("from")?.unwrap_or(to.plus(-DEFAULT_MS));
    match from < to {
        true => Ok((from, to)),
        false => Err(Error::new(
            Code::InvalidQuery,
            "`from` is not earlier than `to`, or in the future",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_walked_back_from_the_present_one() {
        let turnover = Hours {
            size: 7,
            moved: [(25, (5, 0)), (26, (0, 1)), (49, (3, 2)), (73, (4, 0))].into(),
        };
        let days = |begin: i64, to: i64| {
            let range = (Millis(begin * DAY_MS), Millis(to * DAY_MS));
            let points = points(&turnover, range, DAY_MS).into_iter();
            points
                .map(|(_, point)| (point.size, point.entered, point.left))
                .collect::<Vec<_>>()
        };
        assert_eq!(days(0, 4), [(0, 0, 0), (2, 5, 1), (3, 3, 2), (7, 4, 0)]);
        // What lies behind the last point counts all the same.
        assert_eq!(days(1, 3), [(2, 5, 1), (3, 3, 2)]);
    }
}
