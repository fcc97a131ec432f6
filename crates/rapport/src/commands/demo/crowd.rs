//! Who makes identity hard: families at one tablet, the shop's kiosk, a bot, people with a new phone.

use super::chance::Chance;
use super::diary::{Diary, Door, Shared};
use super::person::Person;
use super::story::{Calendar, MINUTE_MS, Plan};
use super::visit::{Intent, visit};
use serde_json::json;

/// So many people with following numbers live together.
pub(super) const FAMILY: usize = 3;
/// Of a hundred families, so many share a tablet.
const FAMILIES_PERCENT: i64 = 12;
/// Of a hundred people who use the app, so many get a new phone.
const NEW_PHONES_PERCENT: i64 = 15;
/// How many customers sign in at the kiosk on its one busy day.
const AT_KIOSK: usize = 45;
/// Whose addresses the bot tries, and how many.
const TRIED_BY_BOT: usize = 70;
/// How often the bot comes by afterwards.
const VISITS_OF_BOT: i64 = 50;

/// How names of families begin.
pub(super) const FAMILY_NAME: &str = "family-";

/// The name of a family.
pub(super) fn family(no: u64) -> String {
    format!("{FAMILY_NAME}{no}")
}

/// The tablet of a family: three people with following numbers have one, or none of them.
pub(super) fn tablet(plan: &Plan, no: u64) -> Option<Shared> {
    let family = no / FAMILY as u64;
    let mut chance = Chance::new(plan.seed ^ 0xFA11, family);
    chance
        .percent(FAMILIES_PERCENT)
        .then(|| shared(&self::family(family), &mut chance))
}

/// Some visits at the family's tablet, each signed in as who holds it then.
pub(super) fn at_tablet(diary: &mut Diary, calendar: &Calendar, tablet: &Shared) {
    for _ in 0..diary.chance.between(2, 5) {
        let days_ago = diary.chance.between(2, 20);
        let at_ms = calendar.day(diary, days_ago);
        diary.sign_in_at(at_ms, tablet);
        diary.look_at(at_ms + MINUTE_MS, tablet);
    }
}

/// Some who use the app get a new phone, once: another device, and the app installed afresh.
pub(super) fn perhaps_new_phone(diary: &mut Diary) {
    let has_app = diary.is_signed_in(Door::App) && !diary.person.had_another_phone();
    if has_app && diary.chance.percent(NEW_PHONES_PERCENT) {
        diary.change_phone();
    }
}

/// The kiosk in the shop: many sign in there on one day, one after another, and nobody signs out.
pub(super) fn kiosk(plan: &Plan, people: &[Person]) -> (Shared, Vec<Diary>) {
    let mut chance = Chance::new(plan.seed, u64::MAX - 1);
    let kiosk = shared("kiosk", &mut chance);
    let calendar = Calendar::new(plan);
    let customers = people.iter().filter(|person| person.has_account());
    let mut diaries = Vec::new();
    let mut at_ms = calendar.noon(3);
    for person in customers.take(AT_KIOSK) {
        let own = Chance::new(plan.seed ^ 0x0C, person.no);
        let prefix = format!("demo-{}-kiosk-{}", plan.seed, person.no);
        let mut diary = Diary::known(person.clone(), own, prefix);
        diary.sign_in_at(at_ms, &kiosk);
        diary.look_at(at_ms + MINUTE_MS, &kiosk);
        at_ms += 8 * MINUTE_MS;
        diaries.push(diary);
    }
    (kiosk, diaries)
}

fn shared(name: &str, chance: &mut Chance) -> Shared {
    Shared {
        name: name.to_owned(),
        browser: chance.uuid(),
    }
}

/// A bot with one cookie: it looks at everything, and types other people's addresses into the form for letters.
pub(super) fn bot(plan: &Plan, people: &[Person]) -> (Shared, Diary) {
    let mut chance = Chance::new(plan.seed, u64::MAX - 2);
    let person = Person::new(plan.people + 1, &mut chance);
    let bot = Shared {
        name: "bot".to_owned(),
        browser: person.browser.clone(),
    };
    let prefix = format!("demo-{}-bot", plan.seed);
    let mut diary = Diary::new(person, chance, prefix);
    let calendar = Calendar::new(plan);
    let mut at_ms = calendar.noon(9);
    let victims = people.iter().filter(|person| person.has_account());
    for victim in victims.take(TRIED_BY_BOT) {
        let call = json!({ "type": "identify", "traits": { "email": victim.email } });
        diary.by_browser(at_ms, Door::Web, call);
        at_ms += MINUTE_MS / 2;
    }
    for _ in 0..VISITS_OF_BOT {
        visit(&mut diary, Door::Web, at_ms, Intent::Look);
        at_ms += 3 * MINUTE_MS;
    }
    (bot, diary)
}
