//! Applies a map to a delivery.

use super::expression::{Expression, Members, object};
use super::fuel::Fuel;
use super::node::Node;
use super::path::{Found, Scope};
use super::{
    Delivery, Draft, EVENTS_MAX, Make, Map, Mapped, OUTPUT_BYTES_MAX, Part, Recipe, Rule,
    conversion,
};
use crate::event::Kind;
use crate::event::dialect::segment::{EVENT_BYTES_MAX, GROUP_ID_CHARS_MAX, MESSAGE_ID_CHARS_MAX};
use crate::identity::{IdKind, Identifier, extract};
use crate::outcome::Reason;
use crate::time::Millis;
use siphasher::sip128::{Hasher128, SipHasher24};
use std::hash::Hasher;

/// Identifiers of one event.
const IDENTIFIERS_MAX: usize = 20;

/// Makes events of a delivery.
pub(super) fn apply<'a>(map: &'a Map, delivery: Delivery<'a>) -> Vec<Mapped> {
    match items(map, delivery) {
        Ok(mapped) => mapped,
        Err(reason) => vec![Mapped::Invalid {
            reason,
            body: delivery.body.to_owned(),
        }],
    }
}

/// The items of every part; an error where the delivery as a whole makes no events.
fn items<'a>(map: &'a Map, delivery: Delivery<'a>) -> Result<Vec<Mapped>, Reason> {
    if let Err(error) = serde_json::from_str::<&serde_json::value::RawValue>(delivery.body) {
        return Err(Reason::new(
            "invalid_json",
            format!("the body is no JSON: {error}"),
        ));
    }
    let (body, fuel) = (Node::new(delivery.body), Fuel::full());
    let mut mapped = Vec::new();
    let mut bytes = 0;
    for part in &map.parts {
        let room = EVENTS_MAX - mapped.len();
        let found = part.each.find(&body, room);
        if found.len() > room {
            let message = format!("a delivery may become {EVENTS_MAX} events");
            return Err(Reason::new("too_many_events", message));
        }
        for found in found {
            let taken = found.taken.clone();
            let scope = scope(&body, found, delivery.headers);
            let one = item(map, part, &scope, &fuel).unwrap_or_else(|left| {
                let body = part.each.narrowed(&body, &taken);
                match left {
                    Left::Skipped(reason) => Mapped::Skipped { reason, body },
                    Left::Invalid(reason) => Mapped::Invalid { reason, body },
                }
            });
            if fuel.is_empty() {
                let message = "the map has too much to do for this delivery";
                return Err(Reason::new("too_much_work", message));
            }
            bytes += size(&one);
            if bytes > OUTPUT_BYTES_MAX {
                let message = format!("a delivery may become {OUTPUT_BYTES_MAX} bytes of events");
                return Err(Reason::new("output_too_large", message));
            }
            mapped.push(one);
        }
    }
    if mapped.is_empty() {
        let message = "the delivery has nothing where the map looks for items";
        let reason = Reason::new("no_items", message);
        if !map.skips_others {
            return Err(reason);
        }
        let body = delivery.body.to_owned();
        mapped.push(Mapped::Skipped { reason, body });
    }
    Ok(mapped)
}

fn scope<'s, 'a>(
    body: &'s Node<'a>,
    found: Found<'s, 'a>,
    headers: &'s [(String, String)],
) -> Scope<'s, 'a> {
    let mut levels = vec![body];
    levels.extend(found.levels);
    Scope { levels, headers }
}

/// Why an item is no event.
enum Left {
    Skipped(Reason),
    Invalid(Reason),
}

fn item<'a>(
    map: &'a Map,
    part: &'a Part,
    scope: &Scope<'_, 'a>,
    fuel: &Fuel,
) -> Result<Mapped, Left> {
    let takes = |rule: &&'a Rule| rule.when.holds(scope, fuel);
    let Some(rule) = part.rules.iter().find(takes) else {
        let reason = Reason::new("no_rule", "no rule of the map takes this item");
        return Err(if map.skips_others {
            Left::Skipped(reason)
        } else {
            Left::Invalid(reason)
        });
    };
    match &rule.make {
        Make::Skip => {
            let message = format!("`{}` leaves it out", rule.place);
            Err(Left::Skipped(Reason::new("skipped", message)))
        }
        Make::Event(recipe) => draft(recipe, scope, fuel)
            .map(|draft| Mapped::Event(Box::new(draft)))
            .map_err(|wrong| {
                let message = format!("`{}.{}`: {}", rule.place, wrong.member, wrong.message);
                Left::Invalid(Reason::new(wrong.code, message))
            }),
    }
}

/// What a recipe cannot do without.
struct Wrong {
    code: &'static str,
    member: &'static str,
    message: String,
}

fn wrong(code: &'static str, member: &'static str, message: impl Into<String>) -> Wrong {
    Wrong {
        code,
        member,
        message: message.into(),
    }
}

fn draft<'a>(recipe: &'a Recipe, scope: &Scope<'_, 'a>, fuel: &Fuel) -> Result<Draft, Wrong> {
    let text = |expression: &'a Option<Expression>| text(expression.as_ref()?, scope, fuel);
    let (name, group) = (text(&recipe.name), text(&recipe.group));
    let previous = text(&recipe.previous);
    match recipe.kind {
        Kind::Track if name.is_none() => Err(missing("missing_event_name", "event")),
        Kind::Group if group.is_none() => Err(missing("missing_group_id", "group")),
        Kind::Alias if previous.is_none() => Err(missing("missing_previous_id", "previous")),
        _ => Ok(()),
    }?;
    if group
        .as_ref()
        .is_some_and(|id| id.chars().count() > GROUP_ID_CHARS_MAX)
    {
        let message = format!("it may have {GROUP_ID_CHARS_MAX} characters");
        return Err(wrong("group_id_too_long", "group", message));
    }
    let message_id = match (&recipe.message_id, text(&recipe.message_id)) {
        (Some(_), None) => return Err(missing("missing_message_id", "message_id")),
        (_, Some(id)) if id.chars().count() <= MESSAGE_ID_CHARS_MAX => id,
        (_, Some(id)) => hashed(&[&id]),
        // A delivery that is sent again is the same bytes: the same item is the same id.
        (None, None) => hashed(&[
            recipe.kind.word(),
            name.as_deref().unwrap_or_default(),
            scope.levels.last().map_or("", |item| item.raw()),
        ]),
    };
    let made = |members: &'a Members| object(members, scope, fuel);
    let traits = made(&recipe.traits);
    let draft = Draft {
        kind: recipe.kind,
        name: name.unwrap_or_default(),
        message_id,
        original: time(recipe, scope, fuel)?,
        identifiers: identifiers(recipe, scope, fuel, &traits),
        previous,
        group,
        properties: made(&recipe.properties),
        context: made(&recipe.context),
        traits,
    };
    let bytes = draft.bytes();
    if bytes > EVENT_BYTES_MAX {
        let message = format!("an event may have {EVENT_BYTES_MAX} bytes, this one has {bytes}");
        return Err(wrong("event_too_large", "properties", message));
    }
    if draft.identifiers.is_empty() {
        let message = "the item has none of them, so nobody is behind it";
        return Err(wrong("missing_id", "identifiers", message));
    }
    Ok(draft)
}

impl Draft {
    /// How many bytes it has, about.
    fn bytes(&self) -> usize {
        let objects = self.traits.len() + self.properties.len() + self.context.len();
        let ids = self
            .identifiers
            .iter()
            .map(|identifier| identifier.value.len());
        let previous = self.previous.as_ref().map_or(0, |id| id.len());
        objects + ids.sum::<usize>() + self.name.len() + previous
    }
}

fn missing(code: &'static str, member: &'static str) -> Wrong {
    wrong(code, member, "it is not there")
}

fn text<'a>(expression: &'a Expression, scope: &Scope<'_, 'a>, fuel: &Fuel) -> Option<Box<str>> {
    let text = expression.text(scope, fuel)?;
    Some(Box::<str>::from(text.trim())).filter(|text| !text.is_empty())
}

/// When it happened; a time that is there and is none is an error.
fn time<'a>(
    recipe: &'a Recipe,
    scope: &Scope<'_, 'a>,
    fuel: &Fuel,
) -> Result<Option<Millis>, Wrong> {
    let Some(said) = recipe
        .time
        .as_ref()
        .and_then(|time| text(time, scope, fuel))
    else {
        return Ok(None);
    };
    conversion::instant(&said).map(Some).ok_or_else(|| {
        let message = format!("`{}` is no time", shortened(&said));
        wrong("invalid_time", "time", message)
    })
}

/// Identifiers, the ids of a person first, as the dialects of SDKs have them; then those in the
/// traits, which describe the company where it is a group call.
fn identifiers<'a>(
    recipe: &'a Recipe,
    scope: &Scope<'_, 'a>,
    fuel: &Fuel,
    traits: &str,
) -> Vec<Identifier> {
    let named = recipe.identifiers.iter().filter_map(|(kind, expression)| {
        let value = text(expression, scope, fuel)?;
        Some(Identifier::new(kind.clone(), value))
    });
    let mut found: Vec<Identifier> = named.collect();
    if recipe.kind != Kind::Group {
        found.extend(extract::of_traits(traits));
    }
    let rank = |kind: &IdKind| match kind {
        IdKind::UserId => 0,
        IdKind::AnonymousId => 1,
        _ => 2,
    };
    found.sort_by_key(|identifier| rank(&identifier.kind));
    let mut once: Vec<Identifier> = Vec::new();
    for identifier in found {
        if !once.contains(&identifier) && once.len() < IDENTIFIERS_MAX {
            once.push(identifier);
        }
    }
    once
}

/// A message id of these texts.
fn hashed(texts: &[&str]) -> Box<str> {
    let mut hasher = SipHasher24::new();
    for text in texts {
        hasher.write(text.as_bytes());
        hasher.write(&[0]);
    }
    format!("webhook-{:032x}", hasher.finish128().as_u128()).into()
}

fn shortened(text: &str) -> String {
    let start: String = text.chars().take(40).collect();
    if start.len() < text.len() {
        return format!("{start}…");
    }
    start
}

fn size(mapped: &Mapped) -> usize {
    match mapped {
        Mapped::Event(draft) => draft.bytes(),
        Mapped::Skipped { body, .. } | Mapped::Invalid { body, .. } => body.len(),
    }
}
