//! The people of the story and their habits.

use super::chance::Chance;
use super::dairy::{CATEGORIES, FIRST, LAST, TOWNS};
use serde_json::{Value, json};

/// Phone numbers set aside for fiction; further people have none.
const PHONES: u64 = 1_000;

/// How somebody shops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Habit {
    /// Looks now and then, and never says who they are.
    Visitor,
    /// Signed up within the last days.
    Newcomer,
    /// Buys every few days.
    Regular,
    /// Buys every few weeks.
    Occasional,
    /// Bought often, and stopped coming.
    Gone,
    /// Buys at the counter with a loyalty card, and never online.
    Counter,
    /// Buys for a café or a kitchen.
    Trade,
}

/// So many of a hundred people have each habit.
const HABITS: [(i64, Habit); 7] = [
    (26, Habit::Visitor),
    (10, Habit::Newcomer),
    (24, Habit::Regular),
    (16, Habit::Occasional),
    (12, Habit::Gone),
    (8, Habit::Counter),
    (4, Habit::Trade),
];

/// Somebody.
#[derive(Clone, Debug)]
pub(super) struct Person {
    /// Their number in the story.
    pub(super) no: u64,
    /// Given name.
    pub(super) first: &'static str,
    /// Family name.
    pub(super) last: &'static str,
    /// E-mail address.
    pub(super) email: String,
    /// Phone number, if they have one.
    pub(super) phone: Option<String>,
    /// Where they live.
    pub(super) town: &'static str,
    /// Their id where they have an account.
    pub(super) user_id: String,
    /// The anonymous id of their browser.
    pub(super) browser: String,
    /// The anonymous id of the app on their phone.
    pub(super) app: String,
    /// Their phone's device id.
    pub(super) device: String,
    /// How they shop.
    pub(super) habit: Habit,
    /// The shelf they go to first.
    pub(super) favourite: &'static str,
    /// Anonymous ids and device ids of phones they no longer have.
    former: Vec<(&'static str, String)>,
}

impl Person {
    /// The person with this number, always the same for a seed.
    pub(super) fn new(no: u64, chance: &mut Chance) -> Person {
        let (first, last) = (*chance.pick(&FIRST), *chance.pick(&LAST));
        let habit = habit(chance.between(1, 100));
        let favourite = if chance.percent(30) {
            CATEGORIES[0]
        } else {
            *chance.pick(&CATEGORIES)
        };
        Person {
            no,
            first,
            last,
            email: format!("{first}.{last}{no}@example.org").to_lowercase(),
            phone: (no < PHONES).then(|| format!("+447700900{no:03}")),
            town: chance.pick::<&str>(&TOWNS),
            user_id: format!("c{}", 1_000 + no),
            browser: chance.uuid(),
            app: chance.uuid(),
            device: chance.uuid().to_uppercase(),
            habit,
            favourite,
            former: Vec::new(),
        }
    }

    /// Whether they ever sign up.
    pub(super) fn has_account(&self) -> bool {
        !matches!(self.habit, Habit::Visitor | Habit::Counter)
    }

    /// Whether they had another phone before.
    pub(super) fn had_another_phone(&self) -> bool {
        !self.former.is_empty()
    }

    /// They have another phone from now on.
    pub(super) fn change_phone(&mut self, app: String, device: String) {
        let app = std::mem::replace(&mut self.app, app);
        let device = std::mem::replace(&mut self.device, device);
        self.former
            .extend([("anonymous_id", app), ("device_id", device)]);
    }

    /// Everything that names them and nobody else, by kind.
    pub(super) fn identifiers(&self) -> Vec<(&'static str, String)> {
        let phone = self.phone.iter().map(|phone| ("phone", phone.clone()));
        let own = [
            ("user_id", self.user_id.clone()),
            ("email", self.email.clone()),
            ("anonymous_id", self.browser.clone()),
            ("anonymous_id", self.app.clone()),
            ("device_id", self.device.clone()),
            ("loyalty_card", self.card()),
            ("instagram_id", self.social()),
        ];
        own.into_iter()
            .chain(phone)
            .chain(self.former.iter().cloned())
            .collect()
    }

    /// What the shop's own systems confirm when they sign up.
    pub(super) fn confirmed(&self) -> Value {
        match &self.phone {
            Some(phone) => json!({ "email": self.email, "phone": phone }),
            None => json!({ "email": self.email }),
        }
    }

    /// The number of their loyalty card.
    pub(super) fn card(&self) -> String {
        format!("{}", 70_000 + self.no)
    }

    /// Their number at the social platform.
    pub(super) fn social(&self) -> String {
        format!("{}", 932_000_000 + self.no)
    }

    /// Accounts elsewhere that they told the shop of: their card, and for some the social one.
    pub(super) fn accounts(&self) -> Value {
        let account = |kind: &str, id: String| json!({ "id": id, "type": kind, "collection": "users", "encoding": "none" });
        let mut accounts = vec![account("loyalty_card", self.card())];
        if self.no.is_multiple_of(2) {
            accounts.push(account("instagram_id", self.social()));
        }
        json!(accounts)
    }

    /// Their name in full.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.first, self.last)
    }

    /// The traits they give when they sign up.
    pub(super) fn traits(&self) -> Value {
        json!({
            "email": self.email, "firstName": self.first, "lastName": self.last,
            "address": { "city": self.town },
        })
    }
}

fn habit(drawn: i64) -> Habit {
    let mut below = 0;
    for (share, habit) in HABITS {
        below += share;
        if drawn <= below {
            return habit;
        }
    }
    Habit::Occasional
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_of_all_habits_make_a_hundred() {
        assert_eq!(HABITS.iter().map(|(share, _)| share).sum::<i64>(), 100);
    }

    #[test]
    fn nobody_shares_an_identifier() {
        let people: Vec<Person> = (0..1_200)
            .map(|no| Person::new(no, &mut Chance::new(1, no)))
            .collect();
        let mut seen = std::collections::BTreeSet::new();
        for person in &people {
            let phone = person.phone.clone().into_iter();
            let ids = [
                &person.email,
                &person.user_id,
                &person.browser,
                &person.app,
                &person.device,
                &person.social(),
            ];
            for id in ids.into_iter().cloned().chain(phone).chain([person.card()]) {
                assert!(seen.insert(id.clone()), "{id}");
            }
        }
    }
}
