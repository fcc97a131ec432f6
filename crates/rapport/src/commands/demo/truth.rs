//! The truth of the story: whom each identifier belongs to, and how well the server found out.

use super::diary::{Call, Shared, Way};
use super::front_door::FrontDoor;
use super::person::Person;
use anyhow::Result;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// An identifier: its kind and its value.
pub(super) type Id = (&'static str, String);

/// Who has an identifier.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owner {
    /// The person with this number.
    Person(u64),
    /// A device of several, or of a machine: a family's tablet, the kiosk, the bot.
    Shared(String),
}

/// The owner of every identifier that the story sends.
#[derive(Debug, Default)]
pub(super) struct Truth {
    owners: BTreeMap<Id, Owner>,
}

impl Truth {
    /// What is true of these people and devices, as far as the calls speak of it.
    pub(super) fn of(people: &[Person], shared: &[Shared], calls: &[Call]) -> Truth {
        let mut owners = BTreeMap::new();
        for person in people {
            for id in person.identifiers() {
                owners.insert(id, Owner::Person(person.no));
            }
        }
        for device in shared {
            let id = ("anonymous_id", device.browser.clone());
            owners.insert(id, Owner::Shared(device.name.clone()));
        }
        let sent: BTreeSet<Id> = calls.iter().flat_map(sent).collect();
        owners.retain(|id, _| sent.contains(id));
        Truth { owners }
    }

    /// One line of JSON for each identifier, for whoever scores it elsewhere.
    pub(super) fn lines(&self) -> String {
        let line = |((kind, value), owner): (&Id, &Owner)| {
            let owner = match owner {
                Owner::Person(no) => format!("person-{no}"),
                Owner::Shared(name) => name.clone(),
            };
            format!(
                "{}\n",
                serde_json::json!({ "kind": kind, "value": value, "owner": owner })
            )
        };
        self.owners.iter().map(line).collect()
    }

    /// Asks the server whose each identifier is, and counts.
    pub(super) async fn score(&self, door: &FrontDoor) -> Result<Score> {
        let mut found: BTreeMap<String, Vec<&Owner>> = BTreeMap::new();
        for ((kind, value), owner) in &self.owners {
            let reference = format!("{kind}:{}", value.replace('+', "%2B"));
            let profile = door.find(&format!("profiles/{reference}")).await?;
            if let Some(id) = profile.as_ref().and_then(|profile| profile["id"].as_str()) {
                found.entry(id.to_owned()).or_default().push(owner);
            }
        }
        Ok(Score::of(&self.owners, &found))
    }
}

/// The identifiers that a call carries.
fn sent(call: &Call) -> Vec<Id> {
    let text = |value: Option<&Value>| Some(value?.as_str()?.to_owned());
    let body = &call.body;
    let own = |name: &str| text(body.get(name)).filter(|text| !text.is_empty());
    let mut ids = match call.way {
        Way::Browser | Way::Server => in_call(body),
        Way::Till => vec![
            ("loyalty_card", own("card")),
            ("user_id", own("customer")),
            ("phone", own("phone")),
        ],
        Way::Chat => vec![("phone", own("from").map(|number| format!("+{number}")))],
        Way::Mail => vec![("email", own("email"))],
        Way::Social => vec![("instagram_id", own("from"))],
    };
    ids.extend(accounts(body));
    ids.into_iter()
        .filter_map(|(kind, value)| Some((kind, value?)))
        .collect()
}

fn in_call(body: &Map<String, Value>) -> Vec<(&'static str, Option<String>)> {
    let text = |value: Option<&Value>| Some(value?.as_str()?.to_owned());
    let context = body.get("context").unwrap_or(&Value::Null);
    let traits = body.get("traits").unwrap_or(&Value::Null);
    let told = |name: &str| text(traits.get(name)).or_else(|| text(context["traits"].get(name)));
    vec![
        ("user_id", text(body.get("userId"))),
        ("anonymous_id", text(body.get("anonymousId"))),
        ("email", told("email")),
        ("phone", told("phone")),
        ("device", text(context["device"].get("id"))),
    ]
}

/// Accounts elsewhere that a call names.
fn accounts(body: &Map<String, Value>) -> Vec<(&'static str, Option<String>)> {
    let context = body.get("context").unwrap_or(&Value::Null);
    let list = context["externalIds"].as_array().into_iter().flatten();
    list.filter_map(|account| {
        let kind = ["loyalty_card", "instagram_id"]
            .into_iter()
            .find(|kind| account["type"] == *kind)?;
        Some((kind, account["id"].as_str().map(str::to_owned)))
    })
    .collect()
}

/// How well identity was resolved: pairs of identifiers of people, devices of several left out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Score {
    /// Identifiers asked for.
    pub(super) identifiers: usize,
    /// Pairs that are of one person.
    pub(super) pairs: u64,
    /// Pairs the server keeps in one profile.
    pub(super) joined: u64,
    /// Of these, those of one person.
    pub(super) right: u64,
    /// `right` of `joined`.
    pub(super) precision: f64,
    /// `right` of `pairs`.
    pub(super) recall: f64,
    /// Profiles that hold identifiers of more than one person.
    pub(super) mixed: usize,
    /// Shared devices that share a profile with identifiers of people: each with of how many.
    pub(super) not_isolated: BTreeMap<String, usize>,
}

impl Score {
    fn of(owners: &BTreeMap<Id, Owner>, found: &BTreeMap<String, Vec<&Owner>>) -> Score {
        let (mut joined, mut right, mut mixed) = (0, 0, 0);
        let mut not_isolated = BTreeMap::new();
        for together in found.values() {
            let people = count(together.iter().copied());
            joined += pairs(people.values().sum());
            right += people.values().map(|many| pairs(*many)).sum::<u64>();
            mixed += usize::from(people.len() > 1);
            for owner in together {
                if let (Owner::Shared(name), false) = (owner, people.is_empty()) {
                    not_isolated.insert(name.clone(), people.len());
                }
            }
        }
        let pairs = count(owners.values())
            .values()
            .map(|many| pairs(*many))
            .sum();
        let share = |part: u64, whole: u64| {
            if whole == 0 {
                1.0
            } else {
                part as f64 / whole as f64
            }
        };
        Score {
            identifiers: owners.len(),
            pairs,
            joined,
            right,
            precision: share(right, joined),
            recall: share(right, pairs),
            mixed,
            not_isolated,
        }
    }
}

/// How many identifiers each person has among these.
fn count<'a>(owners: impl Iterator<Item = &'a Owner>) -> BTreeMap<u64, u64> {
    let mut people = BTreeMap::new();
    for owner in owners {
        if let Owner::Person(no) = owner {
            *people.entry(*no).or_default() += 1;
        }
    }
    people
}

fn pairs(of: u64) -> u64 {
    of * of.saturating_sub(1) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(found: &[(&str, &[Owner])], expected: (f64, f64, usize)) {
        let mut owners = BTreeMap::new();
        let mut by_profile: BTreeMap<String, Vec<&Owner>> = BTreeMap::new();
        for (profile, together) in found {
            for owner in *together {
                owners.insert(("user_id", format!("{}", owners.len())), owner.clone());
                by_profile
                    .entry((*profile).to_owned())
                    .or_default()
                    .push(owner);
            }
        }
        let score = Score::of(&owners, &by_profile);
        assert_eq!((score.precision, score.recall, score.mixed), expected);
    }

    #[test]
    fn pairs_are_counted_within_profiles_and_within_people() {
        use Owner::Person as P;
        check(&[("a", &[P(1), P(1)]), ("b", &[P(2)])], (1.0, 1.0, 0));
        check(&[("a", &[P(1)]), ("b", &[P(1)])], (1.0, 0.0, 0));
        check(&[("a", &[P(1), P(1), P(2)])], (1.0 / 3.0, 1.0, 1));
    }

    #[test]
    fn a_device_of_several_makes_no_pairs_and_is_told_where_it_is_not_alone() {
        let kiosk = Owner::Shared("kiosk".to_owned());
        let one = Owner::Person(1);
        let owners = BTreeMap::from([
            (("user_id", "1".to_owned()), one.clone()),
            (("anonymous_id", "k".to_owned()), kiosk.clone()),
        ]);
        let found = BTreeMap::from([("a".to_owned(), vec![&one, &kiosk])]);
        let score = Score::of(&owners, &found);
        assert_eq!((score.pairs, score.joined), (0, 0));
        assert_eq!(score.not_isolated["kiosk"], 1);
    }
}
