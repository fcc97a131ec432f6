//! The truth of the story: whom each identifier belongs to, and how well the server found out.

use super::crowd::{self, FAMILY};
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

    /// Asks the server whose each identifier is and which are shared, and counts.
    pub(super) async fn score(&self, door: &FrontDoor) -> Result<Score> {
        let mut found: BTreeMap<String, Vec<&Owner>> = BTreeMap::new();
        for ((kind, value), owner) in &self.owners {
            let reference = format!("{kind}:{}", value.replace('+', "%2B"));
            let profile = door.find(&format!("profiles/{reference}")).await?;
            if let Some(id) = profile.as_ref().and_then(|profile| profile["id"].as_str()) {
                found.entry(id.to_owned()).or_default().push(owner);
            }
        }
        let shared = door.get("identity/shared?limit=1000").await?;
        let shared = shared["results"].as_array().into_iter().flatten();
        let isolated = shared
            .filter_map(|one| Some((one["kind"].as_str()?, one["value"].as_str()?)))
            .filter_map(|(kind, value)| {
                let of = self.owners.iter();
                let mut own = of.filter(|(id, _)| id.0 == kind && id.1 == value);
                own.next().map(|(_, owner)| owner)
            });
        let isolated: Vec<&Owner> = isolated.collect();
        Ok(Score::of(&self.owners, &found, &isolated))
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
        ("device_id", text(context["device"].get("id"))),
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
    /// Devices that the server found to be of too many, so that they name nobody any more.
    pub(super) isolated: Vec<String>,
    /// Identifiers of one person that the server took for shared.
    pub(super) wrongly_isolated: usize,
    /// Families with a tablet.
    pub(super) families: usize,
    /// Of these, those whose members are in one profile.
    pub(super) families_joined: usize,
}

impl Score {
    fn of(
        owners: &BTreeMap<Id, Owner>,
        found: &BTreeMap<String, Vec<&Owner>>,
        isolated: &[&Owner],
    ) -> Score {
        let (mut joined, mut right, mut mixed) = (0, 0, 0);
        let mut families_joined = BTreeSet::new();
        for together in found.values() {
            let people = count(together.iter().copied());
            joined += pairs(people.values().sum());
            right += people.values().map(|many| pairs(*many)).sum::<u64>();
            mixed += usize::from(people.len() > 1);
            let homes = people.keys().map(|no| no / FAMILY as u64);
            let homes: Vec<u64> = homes.collect();
            let pairs = homes.windows(2).filter(|two| two[0] == two[1]);
            families_joined.extend(pairs.map(|two| crowd::family(two[0])));
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
        let devices: BTreeSet<&String> = owners.values().filter_map(device).collect();
        let families: Vec<_> = devices
            .into_iter()
            .filter(|name| name.starts_with(crowd::FAMILY_NAME))
            .collect();
        let known: BTreeSet<&String> = isolated.iter().filter_map(|owner| device(owner)).collect();
        Score {
            identifiers: owners.len(),
            pairs,
            joined,
            right,
            precision: share(right, joined),
            recall: share(right, pairs),
            mixed,
            wrongly_isolated: isolated.len() - known.len(),
            isolated: known.into_iter().cloned().collect(),
            families_joined: families
                .iter()
                .filter(|name| families_joined.contains(**name))
                .count(),
            families: families.len(),
        }
    }
}

/// The name of a device of several.
fn device(owner: &Owner) -> Option<&String> {
    match owner {
        Owner::Shared(name) => Some(name),
        Owner::Person(_) => None,
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
        let score = Score::of(&owners, &by_profile, &[]);
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
    fn a_device_of_several_makes_no_pairs_and_is_told_once_it_is_isolated() {
        let kiosk = Owner::Shared("kiosk".to_owned());
        let one = Owner::Person(1);
        let owners = BTreeMap::from([
            (("user_id", "1".to_owned()), one.clone()),
            (("anonymous_id", "k".to_owned()), kiosk.clone()),
        ]);
        let found = BTreeMap::from([("a".to_owned(), vec![&one, &kiosk])]);
        let score = Score::of(&owners, &found, &[&kiosk]);
        assert_eq!((score.pairs, score.joined, score.mixed), (0, 0, 0));
        assert_eq!(
            (score.isolated, score.wrongly_isolated),
            (vec!["kiosk".to_owned()], 0)
        );
        assert_eq!(Score::of(&owners, &found, &[&one]).wrongly_isolated, 1);
    }

    #[test]
    fn a_family_whose_members_are_one_profile_is_counted() {
        let owner = |no| Owner::Person(no);
        let tablet = Owner::Shared(crowd::family(4));
        let people = [owner(12), owner(13), owner(14)];
        let owners: BTreeMap<Id, Owner> = people
            .iter()
            .chain([&tablet])
            .enumerate()
            .map(|(n, owner)| (("user_id", n.to_string()), owner.clone()))
            .collect();
        let apart = BTreeMap::from([
            ("a".to_owned(), vec![&people[0], &tablet]),
            ("b".to_owned(), vec![&people[1]]),
        ]);
        let score = Score::of(&owners, &apart, &[]);
        assert_eq!((score.families, score.families_joined), (1, 0));
        let one = BTreeMap::from([("a".to_owned(), vec![&people[0], &people[2]])]);
        assert_eq!(Score::of(&owners, &one, &[]).families_joined, 1);
    }
}
