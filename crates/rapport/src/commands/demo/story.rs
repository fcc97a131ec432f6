//! The whole story: who comes when, over the last weeks, and everything they do.

use super::chance::Chance;
use super::crowd;
use super::diary::{Call, Diary, Door, Shared};
use super::person::{Habit, Person};
use super::truth::Truth;
use super::visit::{Intent, chat, comment, counter, join_company, letter, message_order, visit};
use serde_json::json;

pub(super) const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Two who never bought under one roof, until a chat says so.
const HOUSEHOLD: [&str; 2] = ["runa.falk@example.org", "+447700901234"];

/// How much the story holds, and when it ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// What makes it this story and no other.
    pub(super) seed: u64,
    /// How many people there are.
    pub(super) people: u64,
    /// How many days it covers.
    pub(super) days: i64,
    /// Its end, in milliseconds of the Unix epoch.
    pub(super) until_ms: i64,
}

/// Everybody in it.
pub(super) fn people(plan: &Plan) -> Vec<Person> {
    (0..plan.people)
        .map(|no| Person::new(no, &mut Chance::new(plan.seed, no)))
        .collect()
}

/// Everything that happens, and what is true of it.
pub(super) struct Story {
    /// Every call, in the order of time.
    pub(super) calls: Vec<Call>,
    /// Whose each identifier is.
    pub(super) truth: Truth,
}

/// Tells the whole story.
pub(super) fn tell(plan: &Plan) -> Story {
    let newcomers = people(plan);
    let mut lives: Vec<Diary> = (0..plan.people).map(|no| life(plan, no)).collect();
    let mut shared: Vec<Shared> = (0..plan.people)
        .step_by(crowd::FAMILY)
        .filter_map(|no| crowd::tablet(plan, no))
        .collect();
    // People as they are in the end, with the phones they had.
    let people: Vec<Person> = lives.iter().map(|diary| diary.person.clone()).collect();
    let (kiosk, guests) = crowd::kiosk(plan, &newcomers);
    let (bot, tried) = crowd::bot(plan, &newcomers);
    shared.extend([kiosk, bot]);
    lives.extend(guests);
    lives.push(tried);
    let mut calls = household(plan);
    calls.extend(lives.into_iter().flat_map(|diary| diary.calls));
    calls.retain(|call| call.at_ms <= plan.until_ms);
    // Stable: what happens at one moment stays in the order written.
    calls.sort_by_key(|call| call.at_ms);
    let truth = Truth::of(&people, &shared, &calls);
    Story { calls, truth }
}

fn life(plan: &Plan, no: u64) -> Diary {
    let mut chance = Chance::new(plan.seed, no);
    let person = Person::new(no, &mut chance);
    let habit = person.habit;
    let mut diary = Diary::new(person, chance, format!("demo-{}-{no}", plan.seed));
    let calendar = Calendar::new(plan);
    match habit {
        Habit::Visitor => wander(&mut diary, &calendar),
        Habit::Newcomer => arrive(&mut diary, &calendar),
        Habit::Regular => shop(&mut diary, &calendar, plan.days, 0, 5),
        Habit::Occasional => shop(&mut diary, &calendar, plan.days, 0, 16),
        Habit::Gone => shop(&mut diary, &calendar, plan.days, 24, 7),
        Habit::Counter => buy_at_counter(&mut diary, &calendar),
        Habit::Trade => supply(&mut diary, &calendar),
    }
    if let (true, Some(tablet)) = (diary.has_account(), crowd::tablet(plan, no)) {
        crowd::at_tablet(&mut diary, &calendar, &tablet);
    }
    diary
}

/// Days ago to moments.
pub(super) struct Calendar {
    plan: Plan,
}

impl Calendar {
    /// The calendar of a story.
    pub(super) fn new(plan: &Plan) -> Calendar {
        Calendar { plan: *plan }
    }

    /// Noon of a day so many days ago.
    pub(super) fn noon(&self, days_ago: i64) -> i64 {
        let midnight_ms = self.plan.until_ms - self.plan.until_ms.rem_euclid(DAY_MS);
        midnight_ms - days_ago * DAY_MS + 12 * HOUR_MS
    }

    /// Some moment in opening hours, at least one day ago.
    pub(super) fn day(&self, diary: &mut Diary, days_ago: i64) -> i64 {
        let midnight_ms = self.plan.until_ms - self.plan.until_ms.rem_euclid(DAY_MS);
        let of_day_ms = diary.chance.between(7 * HOUR_MS, 21 * HOUR_MS);
        midnight_ms - days_ago.max(1) * DAY_MS + of_day_ms
    }

    fn minutes_ago(&self, minutes: i64) -> i64 {
        self.plan.until_ms - minutes * MINUTE_MS
    }
}

/// Never signs in; most only look.
fn wander(diary: &mut Diary, calendar: &Calendar) {
    for _ in 0..diary.chance.between(1, 5) {
        let days_ago = diary.chance.between(1, calendar.plan.days);
        let at_ms = calendar.day(diary, days_ago);
        let intent = if diary.chance.percent(20) {
            Intent::Fill
        } else {
            Intent::Look
        };
        visit(diary, Door::Web, at_ms, intent);
    }
    perhaps_now(diary, calendar, 10);
}

/// Looks around for some days, then signs up and buys.
fn arrive(diary: &mut Diary, calendar: &Calendar) {
    let signed_up = diary.chance.between(1, 6);
    for days_before in (1..=diary.chance.between(1, 4)).rev() {
        let at_ms = calendar.day(diary, signed_up + days_before);
        visit(diary, Door::Web, at_ms, Intent::Look);
    }
    let at_ms = calendar.day(diary, signed_up);
    diary.sign_in(at_ms, Door::Web);
    let intent = if diary.chance.percent(60) {
        Intent::Buy
    } else {
        Intent::Fill
    };
    visit(diary, Door::Web, at_ms + MINUTE_MS, intent);
    perhaps_now(diary, calendar, 25);
}

/// Comes every so many days from `from` days ago to `to` days ago.
fn shop(diary: &mut Diary, calendar: &Calendar, from: i64, to: i64, every: i64) {
    let mut days_ago = from - diary.chance.between(0, every);
    // Guests first: their past is theirs once they sign in.
    let guest_until = days_ago - diary.chance.between(0, 12);
    let app_from = days_ago - diary.chance.between(5, 40);
    let complains_at = diary.chance.between(1, from);
    let is_unhappy = diary.chance.percent(18);
    let phone_lasts_until = diary.chance.between(to.max(1), from);
    while days_ago > to.max(1) {
        if days_ago <= phone_lasts_until {
            crowd::perhaps_new_phone(&mut *diary);
        }
        let at_ms = calendar.day(diary, days_ago);
        come_by(diary, at_ms, days_ago > guest_until, days_ago < app_from);
        if diary.has_account() && diary.chance.percent(8) {
            message_order(diary, at_ms + 3 * HOUR_MS);
        }
        if is_unhappy && complains_at.abs_diff(days_ago) <= every.unsigned_abs() {
            chat(diary, at_ms + 2 * HOUR_MS, true);
            if diary.chance.percent(40) {
                comment(diary, at_ms + 5 * HOUR_MS, true);
            }
        } else if diary.chance.percent(2) {
            comment(diary, at_ms + HOUR_MS, false);
        } else if diary.chance.percent(4) {
            chat(diary, at_ms + HOUR_MS, false);
        }
        days_ago -= diary.chance.between(1, 2 * every - 1);
    }
    letters(diary, calendar, guest_until, if to > 0 { 12 } else { 45 });
    if to == 0 {
        perhaps_now(diary, calendar, 12);
    }
}

fn come_by(diary: &mut Diary, at_ms: i64, is_guest: bool, has_app: bool) {
    if diary.has_account() && diary.chance.percent(22) {
        return counter(diary, at_ms);
    }
    let door = if has_app && diary.chance.percent(60) {
        Door::App
    } else {
        Door::Web
    };
    let mut start_ms = at_ms;
    if !is_guest && !diary.is_signed_in(door) {
        visit(diary, door, start_ms, Intent::Look);
        start_ms += 10 * MINUTE_MS;
        diary.sign_in(start_ms, door);
        start_ms += MINUTE_MS;
    }
    let intent = match diary.chance.between(1, 100) {
        ..=55 => Intent::Buy,
        56..=72 => Intent::Fill,
        _ => Intent::Look,
    };
    let intent = if is_guest && intent == Intent::Buy {
        Intent::Fill
    } else {
        intent
    };
    visit(diary, door, start_ms, intent);
}

/// One letter a week from the day they signed up.
fn letters(diary: &mut Diary, calendar: &Calendar, from: i64, opens_percent: i64) {
    let mut days_ago = from - from.rem_euclid(7) + 1;
    while diary.has_account() && days_ago > 1 {
        let at_ms = calendar.day(diary, days_ago);
        letter(diary, at_ms, opens_percent);
        days_ago -= 7;
    }
}

fn buy_at_counter(diary: &mut Diary, calendar: &Calendar) {
    let mut days_ago = calendar.plan.days - diary.chance.between(0, 10);
    while days_ago >= 1 {
        let at_ms = calendar.day(diary, days_ago);
        counter(diary, at_ms);
        days_ago -= diary.chance.between(2, 9);
    }
}

fn supply(diary: &mut Diary, calendar: &Calendar) {
    let mut days_ago = calendar.plan.days - diary.chance.between(0, 6);
    let at_ms = calendar.day(diary, days_ago);
    diary.sign_in(at_ms, Door::Web);
    join_company(diary, at_ms + MINUTE_MS);
    while days_ago > 1 {
        days_ago -= diary.chance.between(2, 5);
        let at_ms = calendar.day(diary, days_ago);
        visit(diary, Door::Web, at_ms, Intent::Buy);
    }
    letters(diary, calendar, calendar.plan.days, 30);
}

/// Some are in the shop while the story ends, and have put something in their cart.
fn perhaps_now(diary: &mut Diary, calendar: &Calendar, percent: i64) {
    if !diary.chance.percent(percent) {
        return;
    }
    let at_ms = calendar.minutes_ago(diary.chance.between(14, 110));
    let intent = if diary.chance.percent(75) {
        Intent::Fill
    } else {
        Intent::Buy
    };
    let is_member = diary.is_signed_in(Door::Web);
    let intent = if is_member { intent } else { Intent::Fill };
    visit(diary, Door::Web, at_ms, intent);
}

/// Runa writes to the chat and leaves Levi's number: two people become one, by mistake.
fn household(plan: &Plan) -> Vec<Call> {
    let chance = Chance::new(plan.seed, u64::MAX);
    let person = Person::new(plan.people, &mut Chance::new(plan.seed, u64::MAX));
    let mut diary = Diary::new(person, chance, format!("demo-{}-household", plan.seed));
    let calendar = Calendar::new(plan);
    let [email, phone] = HOUSEHOLD;
    let levi = json!({ "phone": phone, "firstName": "Levi", "lastName": "Falk" });
    let runa = json!({ "email": email, "firstName": "Runa", "lastName": "Falk" });
    let both = json!({ "email": email, "phone": phone });
    let bill =
        json!({ "channel": "counter", "revenue": 18.9, "currency": "EUR", "order_id": "o-falk" });
    for (days_ago, id, event, properties, traits) in [
        (40, "card-falk", "", json!({}), levi),
        (33, "card-falk", "Order Completed", bill, json!({})),
        (31, "letters-falk", "", json!({}), runa),
        (
            30,
            "letters-falk",
            "Email Opened",
            json!({ "campaign": "newsletter" }),
            json!({}),
        ),
        (
            12,
            "chat-falk",
            "Conversation Started",
            json!({ "topic": "call me back" }),
            both,
        ),
    ] {
        let at_ms = calendar.day(&mut diary, days_ago);
        let mut call = json!({ "type": "identify", "anonymousId": id, "traits": traits });
        if !event.is_empty() {
            call = json!({
                "type": "track", "event": event, "anonymousId": id, "properties": properties,
                "context": { "traits": traits },
            });
        }
        diary.by_hand(at_ms, call);
    }
    diary.calls
}

/// The e-mail address of the household, for who wants to look at it.
pub(super) const HOUSEHOLD_EMAIL: &str = HOUSEHOLD[0];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::demo::diary::Way;
    use std::collections::{BTreeMap, BTreeSet};

    const PLAN: Plan = Plan {
        seed: 7,
        people: 300,
        days: 75,
        until_ms: 1_800_000_000_000,
    };

    #[test]
    fn one_seed_tells_one_story_and_another_tells_another() {
        assert_eq!(tell(&PLAN).calls, tell(&PLAN).calls);
        assert_ne!(tell(&PLAN).calls, tell(&Plan { seed: 8, ..PLAN }).calls);
    }

    #[test]
    fn message_ids_are_unique_and_the_same_on_another_day() {
        let ids = |plan: &Plan| {
            tell(plan)
                .calls
                .iter()
                .map(|call| {
                    let names = ["messageId", "receipt", "sg_event_id", "id"];
                    let id = names.iter().find_map(|name| call.body.get(*name));
                    id.expect("every call has an id").to_string()
                })
                .collect::<Vec<_>>()
        };
        let today = ids(&PLAN);
        let unique: BTreeSet<&String> = today.iter().collect();
        assert_eq!(unique.len(), today.len());
        let hours_later = Plan {
            until_ms: PLAN.until_ms + 5 * HOUR_MS,
            ..PLAN
        };
        let later: BTreeSet<String> = ids(&hours_later).into_iter().collect();
        let missing = today.iter().filter(|id| !later.contains(*id)).count();
        assert_eq!(
            missing, 0,
            "what was told once is told again under the same id"
        );
    }

    #[test]
    fn everything_lies_in_the_weeks_before_the_end() {
        let calls = tell(&PLAN).calls;
        assert!(calls.iter().all(|call| call.at_ms <= PLAN.until_ms));
        let first = PLAN.until_ms - (PLAN.days + 8) * DAY_MS;
        assert!(calls.iter().all(|call| call.at_ms >= first));
        assert!(calls.len() > 40 * 300, "{}", calls.len());
    }

    #[test]
    fn every_kind_of_event_of_a_dairy_occurs() {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for call in tell(&PLAN).calls {
            let event = call.body.get("event").or_else(|| call.body.get("type"));
            let event = event.and_then(|event| event.as_str()).unwrap_or_default();
            let event = match call.way {
                Way::Till => "till",
                Way::Social => "comment",
                _ => event,
            };
            *counts.entry(event.to_owned()).or_default() += 1;
        }
        for event in [
            "page",
            "screen",
            "identify",
            "group",
            "Signed Up",
            "Product List Viewed",
            "Product Viewed",
            "Product Added",
            "Cart Viewed",
            "Checkout Started",
            "Order Completed",
            "Order Refunded",
            "Conversation Started",
            "Message Received",
            "Products Searched",
            "till",
            "order",
            "open",
            "click",
            "comment",
        ] {
            assert!(counts.contains_key(event), "{event} is not in {counts:?}");
        }
    }
}
