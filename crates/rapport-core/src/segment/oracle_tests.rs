//! Live membership against an oracle: naive, straight from the definition, sharing nothing with
//! the core but [`Event`]. It has its own rules (which it spells as text for the core), reads
//! properties as trees, keeps every event, and decides by counting all of them.
//!
//! Everything is checked at every instant: at each entry, and at each moment at which any event
//! enters or leaves any window, and one millisecond to either side of it.

use crate::event::{Event, KeyKind, Kind, SourceNo};
use crate::identity::ProfileNo;
use crate::position::Position;
use crate::segment::catalogue::{Catalogue, Facts, Flip, Named, Touched};
use crate::segment::leaf::Leaves;
use crate::segment::membership::Memberships;
use crate::segment::registry::{Moment, Registry};
use crate::segment::{text, tree};
use crate::time::Millis;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Keys of the segments of a world, each of which may refer to those before it.
const KEYS: [&str; 3] = ["s0", "s1", "s2"];

#[derive(Clone, Debug)]
enum Rule {
    All(Vec<Rule>),
    Any(Vec<Rule>),
    Not(Box<Rule>),
    Attribute(Test),
    Did { what: (Kind, Option<&'static str>), filter: Option<Filter>, count: Count, window_s: Option<i64> },
    In(usize),
    NotIn(usize),
}

#[derive(Clone, Debug)]
enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Property(Test),
}

#[derive(Clone, Copy, Debug)]
enum Count {
    Once,
    Never,
    AtLeast(usize),
    AtMost(usize),
    Exactly(usize),
}

#[derive(Clone, Debug)]
struct Test {
    path: &'static str,
    operator: &'static str,
    operand: Value,
}

impl Rule {
    fn text(&self) -> String {
        match self {
            Rule::All(parts) => spelled(parts.iter().map(Rule::text), " and "),
            Rule::Any(parts) => spelled(parts.iter().map(Rule::text), " or "),
            Rule::Not(part) => format!("not ({})", part.text()),
            Rule::Attribute(test) => format!("attribute {}", test.text()),
            Rule::In(segment) => format!("in segment \"{}\"", KEYS[*segment]),
            Rule::NotIn(segment) => format!("not in segment \"{}\"", KEYS[*segment]),
            Rule::Did { what, filter, count, window_s } => {
                let negation = if matches!(count, Count::Never) { " not" } else { "" };
                let filter = filter.as_ref().map(|filter| format!(" where {}", filter.text()));
                let count = match count {
                    Count::Once | Count::Never => String::new(),
                    Count::AtLeast(times) => format!(" at least {times} times"),
                    Count::AtMost(times) => format!(" at most {times} times"),
                    Count::Exactly(times) => format!(" exactly {times} times"),
                };
                let window = window_s.map_or(" ever".into(), |s| format!(" within {s} seconds"));
                let what = match what {
                    (Kind::Track, Some(name)) => format!("\"{name}\""),
                    (kind, Some(name)) => format!("{} \"{name}\"", kind.word()),
                    (kind, None) => kind.word().to_owned(),
                };
                format!("did{negation} {what}{}{count}{window}", filter.unwrap_or_default())
            }
        }
    }

    fn holds(&self, world: &Person, members: &[bool], now: i64) -> bool {
        match self {
            Rule::All(parts) => parts.iter().all(|part| part.holds(world, members, now)),
            Rule::Any(parts) => parts.iter().any(|part| part.holds(world, members, now)),
            Rule::Not(part) => !part.holds(world, members, now),
            Rule::Attribute(test) => test.holds(&world.attributes),
            Rule::In(segment) => members[*segment],
            Rule::NotIn(segment) => !members[*segment],
            Rule::Did { what: (kind, name), filter, count, window_s } => {
                let matching = world.events.values().filter(|event| {
                    event.kind == *kind
                        && name.is_none_or(|name| *event.name == *name)
                        && event.at.0 <= now
                        && window_s.is_none_or(|s| now - s * 1_000 < event.at.0)
                        && filter.as_ref().is_none_or(|filter| filter.holds(event))
                });
                let happened = matching.count();
                match count {
                    Count::Once => happened > 0,
                    Count::Never => happened == 0,
                    Count::AtLeast(times) => happened >= *times,
                    Count::AtMost(times) => happened <= *times,
                    Count::Exactly(times) => happened == *times,
                }
            }
        }
    }

    fn windows_s(&self, found: &mut Vec<i64>) {
        match self {
            Rule::All(parts) | Rule::Any(parts) => parts.iter().for_each(|p| p.windows_s(found)),
            Rule::Not(part) => part.windows_s(found),
            Rule::Did { window_s, .. } => found.extend(window_s),
            Rule::Attribute(_) | Rule::In(_) | Rule::NotIn(_) => {}
        }
    }
}

impl Filter {
    fn text(&self) -> String {
        match self {
            Filter::All(parts) => spelled(parts.iter().map(Filter::text), " and "),
            Filter::Any(parts) => spelled(parts.iter().map(Filter::text), " or "),
            Filter::Not(part) => format!("not ({})", part.text()),
            Filter::Property(test) => test.text(),
        }
    }

    fn holds(&self, event: &Event) -> bool {
        match self {
            Filter::All(parts) => parts.iter().all(|part| part.holds(event)),
            Filter::Any(parts) => parts.iter().any(|part| part.holds(event)),
            Filter::Not(part) => !part.holds(event),
            Filter::Property(test) => {
                let raw = if event.kind == Kind::Identify { &event.traits } else { &event.properties };
                test.holds(&serde_json::from_str(raw).unwrap())
            }
        }
    }
}

fn spelled(parts: impl Iterator<Item = String>, word: &str) -> String {
    let parts: Vec<_> = parts.map(|part| format!("({part})")).collect();
    parts.join(word)
}

impl Test {
    fn text(&self) -> String {
        match &self.operand {
            Value::Null => format!("{} {}", self.path, self.operator),
            Value::Array(list) => {
                let list: Vec<_> = list.iter().map(Value::to_string).collect();
                format!("{} {} ({})", self.path, self.operator, list.join(", "))
            }
            operand => format!("{} {} {operand}", self.path, self.operator),
        }
    }

    fn holds(&self, tree: &Value) -> bool {
        let value = self.path.split('.').try_fold(tree, |tree, name| tree.get(name));
        let value = value.filter(|value| !value.is_null());
        let is = |wanted: &Value| value.is_some_and(|value| same(value, wanted));
        let order = |fits: fn(std::cmp::Ordering) -> bool| {
            value.and_then(|value| compare(value, &self.operand)).is_some_and(fits)
        };
        let text = value.and_then(Value::as_str);
        let part = self.operand.as_str();
        let contains = match (value, text, part) {
            (Some(Value::Array(list)), ..) => list.iter().any(|item| same(item, &self.operand)),
            (_, Some(text), Some(part)) => text.contains(part),
            _ => false,
        };
        let listed = || self.operand.as_array().unwrap().iter().any(is);
        match self.operator {
            "=" => is(&self.operand),
            "!=" => !is(&self.operand),
            "<" => order(std::cmp::Ordering::is_lt),
            "<=" => order(std::cmp::Ordering::is_le),
            ">" => order(std::cmp::Ordering::is_gt),
            ">=" => order(std::cmp::Ordering::is_ge),
            "contains" => contains,
            "not contains" => !contains,
            "starts with" => text.zip(part).is_some_and(|(text, part)| text.starts_with(part)),
            "ends with" => text.zip(part).is_some_and(|(text, part)| text.ends_with(part)),
            "in" => listed(),
            "not in" => !listed(),
            "exists" => value.is_some(),
            "not exists" => value.is_none(),
            other => unreachable!("{other}"),
        }
    }
}

/// The worlds here have only texts without digits, small numbers, and numbers in quotes.
fn same(value: &Value, wanted: &Value) -> bool {
    let number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok());
    match (value, wanted) {
        (Value::Array(_) | Value::Object(_), _) => false,
        (Value::String(left), Value::String(right)) => left == right,
        _ => number(value).is_some() && number(value) == number(wanted) || value == wanted,
    }
}

fn compare(value: &Value, wanted: &Value) -> Option<std::cmp::Ordering> {
    if let (Value::String(left), Value::String(right)) = (value, wanted) {
        return Some(left.as_bytes().cmp(right.as_bytes()));
    }
    let left = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
    left.partial_cmp(&wanted.as_f64()?)
}

/// Somebody as the oracle remembers them.
#[derive(Clone, Debug)]
struct Person {
    /// Each (instant, source, message) once.
    events: BTreeMap<(i64, u32, String), Event>,
    attributes: Value,
}

/// The memberships at `now`, segment by segment.
fn oracle(rules: &[Rule], person: &Person, now: i64) -> Vec<bool> {
    let mut members = Vec::new();
    for rule in rules {
        let member = rule.holds(person, &members, now);
        members.push(member);
    }
    members
}

/// What arrives.
#[derive(Clone, Debug)]
enum Entry {
    Event { late_ms: i64, what: (Kind, &'static str), properties: Value, message: u32 },
    /// An event that arrived before, once more.
    Again(usize),
    Attribute(&'static str, Value),
}

/// When timers fire.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Timers {
    /// Each at its moment.
    Punctual,
    /// All at once before the next entry.
    Late,
}

/// The core's side of a world.
struct Live {
    registry: Registry,
    catalogue: Catalogue,
    leaves: Leaves,
    attributes: Attributes,
    memberships: Memberships,
    armed: Option<Millis>,
    flips: Vec<Flip>,
}

#[derive(Default)]
struct Attributes(BTreeMap<String, String>);

impl Named for Attributes {
    fn raw(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

const NUMBERS: [ProfileNo; 1] = [ProfileNo(1)];

impl Live {
    fn new(rules: &[Rule]) -> Live {
        let mut registry = Registry::default();
        put(&mut registry, rules, 1, ProfileNo(1));
        Live {
            catalogue: Catalogue::new(&registry),
            registry,
            leaves: Leaves::default(),
            attributes: Attributes::default(),
            memberships: Memberships::default(),
            armed: None,
            flips: Vec::new(),
        }
    }

    fn facts(&self) -> Facts<'_> {
        Facts { numbers: &NUMBERS, attributes: &self.attributes, leaves: &self.leaves }
    }

    fn advance(&mut self, to: Millis) {
        let facts =
            Facts { numbers: &NUMBERS, attributes: &self.attributes, leaves: &self.leaves };
        let memberships = &mut self.memberships;
        self.armed = self.catalogue.advance(&facts, memberships, self.armed, to, &mut self.flips);
    }

    fn settle(&mut self, now: Millis, touched: &mut Touched) {
        let facts =
            Facts { numbers: &NUMBERS, attributes: &self.attributes, leaves: &self.leaves };
        self.catalogue.settle(&facts, &mut self.memberships, now, touched, &mut self.flips);
        self.armed = self.catalogue.next_moment(&facts, now);
    }

    fn event(&mut self, event: &Event, now: Millis) {
        let mut touched = Touched::default();
        self.advance(now);
        self.catalogue.observe(&mut self.leaves, event, &mut touched);
        self.settle(now, &mut touched);
    }

    fn attribute(&mut self, name: &str, value: &Value, now: Millis) {
        let mut touched = Touched::default();
        self.advance(now);
        self.attributes.0.insert(name.to_owned(), value.to_string());
        self.catalogue.attribute_moved(name, &mut touched);
        self.settle(now, &mut touched);
    }

    fn members(&self) -> Vec<bool> {
        let keys: Vec<_> = self.catalogue.keys(&self.memberships).map(|(key, _)| key).collect();
        KEYS.iter().map(|key| keys.contains(key)).collect()
    }
}

/// Sets the rules, in both spellings.
fn put(registry: &mut Registry, rules: &[Rule], request: u64, next_profile: ProfileNo) {
    for (key, rule) in KEYS.iter().zip(rules) {
        let rule = text::parse(&rule.text()).unwrap();
        assert_eq!(text::parse(&rule.to_string()).as_ref(), Ok(&rule));
        assert_eq!(tree::parse(&tree::print(&rule)).as_ref(), Ok(&rule));
        let position = Position::command(request, 1);
        let moment = Moment { position, received: Millis(0), next_profile };
        registry.put(key, key, rule, moment).unwrap();
    }
}

fn event(at: i64, received: i64, what: (Kind, &str), properties: &Value, message: u32) -> Event {
    let raw: Box<str> = properties.to_string().into();
    let (traits, properties) = match what.0 {
        Kind::Identify => (raw, "{}".into()),
        _ => ("{}".into(), raw),
    };
    Event {
        position: Position::event(u64::from(message) + 1, 0),
        received: Millis(received),
        original: None,
        sent: None,
        at: Millis(at),
        source: SourceNo(1),
        key_kind: KeyKind::Server,
        kind: what.0,
        name: what.1.into(),
        message_id: format!("m{message}").into(),
        identifiers: Vec::new(),
        previous: None,
        group: None,
        traits,
        properties,
        context: "{}".into(),
        extra: "{}".into(),
    }
}

const START: i64 = 1_700_000_000_000;

/// A world while it runs.
struct World<'a> {
    rules: &'a [Rule],
    timers: Timers,
    live: Live,
    person: Person,
    sent: Vec<Event>,
    now: i64,
}

impl<'a> World<'a> {
    fn new(rules: &'a [Rule], timers: Timers) -> World<'a> {
        let person = Person { events: BTreeMap::new(), attributes: json!({}) };
        let mut live = Live::new(rules);
        let mut touched = Touched::default();
        live.catalogue.touch_all(&mut touched);
        live.settle(Millis(START), &mut touched);
        World { rules, timers, live, person, sent: Vec::new(), now: START }
    }

    fn enter(&mut self, entry: &Entry) {
        let now = self.now;
        match entry {
            Entry::Event { late_ms, what, properties, message } => {
                self.sent.push(event(now - late_ms, now, *what, properties, *message));
                observe(&mut self.live, &mut self.person, &self.sent[self.sent.len() - 1], now);
            }
            Entry::Again(nth) if !self.sent.is_empty() => {
                let again = self.sent[nth % self.sent.len()].clone();
                observe(&mut self.live, &mut self.person, &again, now);
            }
            Entry::Again(_) => {}
            Entry::Attribute(name, value) => {
                self.live.attribute(name, value, Millis(now));
                self.person.attributes[*name] = value.clone();
            }
        }
    }

    /// Enters everything, and compares at every instant that matters.
    fn compare(&mut self, entries: &[(i64, Entry)]) -> Result<(), TestCaseError> {
        for (pause_ms, entry) in entries {
            self.pass(*pause_ms)?;
            self.enter(entry);
            self.compare_now("at an entry")?;
        }
        self.pass(70_000)
    }

    /// Every instant at which the oracle's answer could change by itself in the next `span_ms`.
    fn pass(&mut self, span_ms: i64) -> Result<(), TestCaseError> {
        let to = self.now + span_ms;
        let mut windows_s = Vec::new();
        self.rules.iter().for_each(|rule| rule.windows_s(&mut windows_s));
        let events = self.person.events.values();
        let mut instants: Vec<i64> = events
            .flat_map(|event| windows_s.iter().map(|s| event.at.0 + s * 1_000))
            .flat_map(|moment| [moment - 1, moment, moment + 1])
            .chain([to])
            .filter(|instant| self.now < *instant && *instant <= to)
            .collect();
        instants.sort_unstable();
        instants.dedup();
        for instant in instants {
            self.now = instant;
            if self.timers == Timers::Punctual || instant == to {
                self.live.advance(Millis(instant));
                self.compare_now("at a moment of its own")?;
            }
        }
        Ok(())
    }

    fn compare_now(&self, when: &str) -> Result<(), TestCaseError> {
        let expected = oracle(self.rules, &self.person, self.now);
        let texts: Vec<_> = self.rules.iter().map(Rule::text).collect();
        let after_ms = self.now - START;
        prop_assert_eq!(self.live.members(), expected, "{} {}, {:#?}", when, after_ms, texts);
        Ok(())
    }

    /// Sets other rules, collects their leaves live, and builds them from history later.
    fn rebuild(&mut self, rules: &'a [Rule], meanwhile: &[(i64, Entry)]) {
        let before = self.sent.clone();
        put(&mut self.live.registry, rules, 2, ProfileNo(2));
        self.live.catalogue = Catalogue::new(&self.live.registry);
        self.rules = rules;
        for (pause_ms, entry) in meanwhile {
            self.now += pause_ms;
            self.enter(entry);
        }
        let building: Vec<_> = self.live.registry.building().map(|d| (d.no, d.version)).collect();
        for (segment, version) in building {
            self.live.advance(Millis(self.now));
            let only = self.live.registry.leaves_to_build(segment);
            let wanted = self.live.catalogue.names_wanted(&only);
            let mut history = Leaves::default();
            for event in before.iter().filter(|event| wanted.has(event.kind, &event.name)) {
                self.live.catalogue.observe_only(&only, &mut history, event);
            }
            self.live.registry.advance_build(segment, version, ProfileNo(2));
            self.live.catalogue = Catalogue::new(&self.live.registry);
            let mut touched = Touched::default();
            self.live.catalogue.unite(&mut self.live.leaves, &history, &mut touched);
            self.live.catalogue.touch(segment, &mut touched);
            self.live.settle(Millis(self.now), &mut touched);
        }
        assert_eq!(self.live.registry.building().count(), 0);
    }
}

fn observe(live: &mut Live, person: &mut Person, event: &Event, now: i64) {
    let key = (event.at.0, event.source.0, event.message_id.to_string());
    person.events.entry(key).or_insert_with(|| event.clone());
    live.event(event, Millis(now));
}

/// The same events in another order, and in two parts united, give the same state.
fn same_in_any_order(live: &Live, sent: &[Event]) -> Result<(), TestCaseError> {
    let catalogue = &live.catalogue;
    let fold = |events: &mut dyn Iterator<Item = &Event>| {
        let mut leaves = Leaves::default();
        events.for_each(|event| catalogue.observe(&mut leaves, event, &mut Touched::default()));
        leaves
    };
    prop_assert_eq!(&fold(&mut sent.iter().rev()), &live.leaves);
    let (history, after) = sent.split_at(sent.len() / 2);
    let mut united = fold(&mut after.iter());
    let all = live.registry.leaves().iter().map(|leaf| leaf.no).collect();
    let mut of_history = Leaves::default();
    history.iter().for_each(|event| catalogue.observe_only(&all, &mut of_history, event));
    catalogue.unite(&mut united, &of_history, &mut Touched::default());
    prop_assert_eq!(&united, &live.leaves);
    Ok(())
}

/// What explain says of each segment is what membership says, now and at the moment it names.
fn explained(world: &World<'_>) -> Result<(), TestCaseError> {
    let now = Millis(world.now);
    let members = world.live.members();
    for (nth, key) in KEYS.iter().enumerate() {
        let live = &world.live;
        let explained = live.catalogue.explain(key, &live.facts(), &live.memberships, now).unwrap();
        prop_assert!(explained.built);
        prop_assert_eq!(explained.member, members[nth]);
        prop_assert_eq!(explained.rule.holds, members[nth]);
        prop_assert_eq!(explained.rule.flips_at, explained.flips_at);
        let flips = |at: i64| oracle(world.rules, &world.person, at)[nth] != members[nth];
        match explained.flips_at {
            Some(moment) => prop_assert!(flips(moment.0.0) && !flips(moment.0.0 - 1)),
            None => prop_assert!(!flips(world.now + 70_000)),
        }
    }
    Ok(())
}

fn any_test() -> impl Strategy<Value = Test> {
    let operand = prop_oneof![
        Just(json!("a")), Just(json!("ab")), Just(json!(1)), Just(json!(2)), Just(json!(1.5)),
    ];
    let value = ("=|!=|contains|not contains", operand.clone());
    let order = ("<|<=|>|>=", operand.clone());
    let affix = ("starts with|ends with", prop_oneof![Just(json!("a")), Just(json!("b"))]);
    let list = ("in|not in", prop::collection::vec(operand, 1..3).prop_map(Value::from));
    let nothing = ("exists|not exists", Just(Value::Null));
    let tail = prop_oneof![value, order, affix, list, nothing];
    (prop_oneof![Just("x"), Just("y"), Just("y.z")], tail).prop_map(|(path, (operator, operand))| {
        let known = crate::segment::operator::Operator::from_word(&operator).unwrap().word;
        Test { path, operator: known, operand }
    })
}

fn any_filter() -> impl Strategy<Value = Filter> {
    any_test().prop_map(Filter::Property).prop_recursive(2, 4, 2, |inner| {
        let several = prop::collection::vec(inner.clone(), 2..3);
        prop_oneof![
            several.clone().prop_map(Filter::All),
            several.prop_map(Filter::Any),
            inner.prop_map(|part| Filter::Not(Box::new(part))),
        ]
    })
}

fn any_count() -> impl Strategy<Value = Count> {
    prop_oneof![
        2 => Just(Count::Once),
        2 => Just(Count::Never),
        2 => (1..4_usize).prop_map(Count::AtLeast),
        1 => (0..3_usize).prop_map(Count::AtMost),
        1 => (0..3_usize).prop_map(Count::Exactly),
    ]
}

fn any_did() -> impl Strategy<Value = Rule> {
    let what = prop_oneof![
        4 => prop_oneof![Just("A"), Just("B")].prop_map(|name| (Kind::Track, Some(name))),
        1 => Just((Kind::Page, Some("A"))),
        1 => Just((Kind::Page, None)),
        1 => Just((Kind::Identify, None)),
        1 => Just((Kind::Track, None)),
    ];
    let filter = prop::option::weighted(0.4, any_filter());
    let window_s = prop::option::weighted(0.8, prop_oneof![Just(1), Just(5), Just(20), Just(60)]);
    (what, filter, any_count(), window_s)
        .prop_map(|(what, filter, count, window_s)| Rule::Did { what, filter, count, window_s })
}

/// A rule that may refer to the first `segments` ones.
fn any_rule(segments: usize) -> impl Strategy<Value = Rule> {
    let mut conditions = vec![
        (5, any_did().boxed()),
        (1, any_test().prop_map(Rule::Attribute).boxed()),
    ];
    if segments > 0 {
        conditions.push((1, (0..segments).prop_map(Rule::In).boxed()));
        conditions.push((1, (0..segments).prop_map(Rule::NotIn).boxed()));
    }
    prop::strategy::Union::new_weighted(conditions).prop_recursive(3, 6, 3, |inner| {
        let several = prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            2 => several.clone().prop_map(Rule::All),
            2 => several.prop_map(Rule::Any),
            1 => inner.prop_map(|part| Rule::Not(Box::new(part))),
        ]
    })
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null), Just(json!("a")), Just(json!("ab")), Just(json!("ba")), Just(json!(1)),
        Just(json!(1.5)), Just(json!(3)), Just(json!("2")), Just(json!(["a", 1])), Just(json!(true)),
    ]
}

fn any_properties() -> impl Strategy<Value = Value> {
    (prop::option::of(any_value()), prop::option::of(any_value()), any::<bool>()).prop_map(
        |(x, y, is_nested)| {
            let mut properties = json!({"other": {"x": "a"}});
            if let Some(x) = x {
                properties["x"] = x;
            }
            if let Some(y) = y {
                properties["y"] = if is_nested { json!({ "z": y }) } else { y };
            }
            properties
        },
    )
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let what = prop_oneof![
        4 => prop_oneof![Just("A"), Just("B"), Just("C")].prop_map(|name| (Kind::Track, name)),
        2 => prop_oneof![Just("A"), Just("")].prop_map(|name| (Kind::Page, name)),
        1 => Just((Kind::Identify, "")),
    ];
    let late_ms = prop_oneof![3 => Just(0), 2 => 0..3_000_i64, 1 => 0..70_000_i64];
    prop_oneof![
        8 => (late_ms, what, any_properties(), 0..12_u32).prop_map(
            |(late_ms, what, properties, message)| Entry::Event { late_ms, what, properties, message }
        ),
        1 => (0..20_usize).prop_map(Entry::Again),
        1 => (prop_oneof![Just("x"), Just("y")], any_value()).prop_map(|(name, v)| Entry::Attribute(name, v)),
    ]
}

fn any_history() -> impl Strategy<Value = Vec<(i64, Entry)>> {
    let pause_ms =
        prop_oneof![2 => Just(0), 3 => 0..1_500_i64, 2 => (0..22_i64).prop_map(|s| s * 1_000), 1 => 0..65_000_i64];
    prop::collection::vec((pause_ms, any_entry()), 0..25)
}

/// One (instant, message) has one content: each message id is used for one event.
fn told_apart(mut history: Vec<(i64, Entry)>) -> Vec<(i64, Entry)> {
    for (nth, (_, entry)) in history.iter_mut().enumerate() {
        if let Entry::Event { message, .. } = entry {
            *message = nth as u32;
        }
    }
    history
}

fn any_rules() -> impl Strategy<Value = [Rule; 3]> {
    (any_rule(0), any_rule(1), any_rule(2)).prop_map(|(first, second, third)| [first, second, third])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn live_membership_is_what_the_oracle_says_at_every_instant(
        rules in any_rules(),
        history in any_history().prop_map(told_apart),
    ) {
        let mut punctual = World::new(&rules, Timers::Punctual);
        punctual.compare(&history)?;
        same_in_any_order(&punctual.live, &punctual.sent)?;
        let mut late = World::new(&rules, Timers::Late);
        late.compare(&history)?;
        prop_assert_eq!(&late.live.flips, &punctual.live.flips);
        prop_assert_eq!(&late.live.memberships, &punctual.live.memberships);
    }

    #[test]
    fn a_rule_set_amid_a_history_and_built_from_it_is_what_the_oracle_says(
        rules in any_rules(),
        other_rules in any_rules(),
        history in any_history().prop_map(told_apart),
        (at, meanwhile) in (0..25_usize, 0..10_usize),
    ) {
        let (before, rest) = history.split_at(at.min(history.len()));
        let (meanwhile, after) = rest.split_at(meanwhile.min(rest.len()));
        let mut world = World::new(&rules, Timers::Punctual);
        world.compare(before)?;
        world.rebuild(&other_rules, meanwhile);
        world.compare_now("when built")?;
        world.compare(after)?;
        let mut leaves = world.live.leaves.clone();
        let mut memberships = world.live.memberships.clone();
        world.live.catalogue.forget_removed(&mut leaves, &mut memberships);
        world.live.leaves = leaves;
        same_in_any_order(&world.live, &world.sent)?;
    }

    #[test]
    fn an_explanation_says_what_membership_says_now_and_at_the_moment_it_names(
        rules in any_rules(),
        history in any_history().prop_map(told_apart),
    ) {
        let mut world = World::new(&rules, Timers::Punctual);
        for (pause_ms, entry) in &history {
            world.pass(*pause_ms)?;
            world.enter(entry);
        }
        explained(&world)?;
    }
}
