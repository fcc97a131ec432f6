//! From rows to items of the tracking API's shape: what [`Mapping`] says, done.

use super::{Lines, Mapping, Rest};
use crate::error::Result;
use crate::instant::Instants;
use crate::rows::{Cell, Row};
use crate::value::{self, Values};
use rapport_core::event::Kind;
use rapport_core::event::dialect::object::Builder;
use rapport_core::outcome::Reason;
use rapport_core::time::{DAY_MS, Millis};
use std::borrow::Cow;
use std::collections::BTreeSet;

mod tree;

use tree::Tree;

/// How far ahead of our clock a row's time may be: zones that nobody said, clocks that run fast.
pub const AHEAD_MAX_MS: i64 = DAY_MS;

/// Items of one row, or of the rows of one order, without their message ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// JSON objects without `messageId`: the event, and what it says of the person beside it.
    pub items: Vec<String>,
    /// The id that the row's columns give it.
    pub id: Option<String>,
}

/// A mapping that is ready to be used.
#[derive(Clone, Debug)]
pub struct Maker {
    mapping: Mapping,
    values: Values,
    named: BTreeSet<String>,
}

impl Maker {
    /// Makes a mapping ready.
    ///
    /// # Errors
    /// Where its times cannot be read.
    pub fn new(mapping: Mapping) -> Result<Maker> {
        let (format, zone) = match &mapping.time {
            Some(time) => (time.format.as_deref(), time.zone.as_deref()),
            None => (None, None),
        };
        let values = Values {
            point: mapping.decimal,
            instants: Instants::new(format, zone)?,
        };
        let time = mapping.time.iter().map(|time| &time.column);
        let ids = mapping.event_column.iter().chain(&mapping.group_id);
        let mut named: BTreeSet<String> = time
            .chain(ids)
            .chain(&mapping.previous_id)
            .cloned()
            .collect();
        named.extend(mapping.identifiers.values().cloned());
        named.extend(
            mapping
                .properties
                .values()
                .chain(mapping.traits.values())
                .cloned(),
        );
        if let Some(lines) = &mapping.lines {
            named.extend(lines.columns.values().cloned());
        }
        Ok(Maker {
            mapping,
            values,
            named,
        })
    }

    /// The mapping behind it.
    #[must_use]
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// Makes the items of a row, or of all rows of one order.
    ///
    /// # Errors
    /// Why the row is no event.
    pub fn make(&self, rows: &[Row], now: Millis) -> std::result::Result<Made, Reason> {
        let Some(row) = rows.first() else {
            return Ok(Made::default());
        };
        let kind = self.mapping.kind();
        let at = self.time(row, now)?;
        let who = Who::of(self, row)?;
        let (mut properties, mut traits) = (Tree::default(), Tree::default());
        for (name, column) in &self.mapping.properties {
            self.put(&mut properties, name, row, column)?;
        }
        for (name, column) in &self.mapping.traits {
            self.put(&mut traits, name, row, column)?;
        }
        let rest = match self.rest(kind) {
            Rest::Traits => Some(&mut traits),
            Rest::Properties => Some(&mut properties),
            Rest::Auto | Rest::None => None,
        };
        let apart = match rest {
            Some(rest) => self.put_rest(rest, rows)?,
            None => Vec::new(),
        };
        if let Some(lines) = &self.mapping.lines {
            properties.put(&lines.list, self.lines(lines, rows, &apart)?);
        }
        let describes_person = kind == Kind::Identify;
        let beside = !traits.is_empty() && !matches!(kind, Kind::Identify | Kind::Group);
        let mut items = Vec::with_capacity(2);
        if beside {
            let mut person = Item::new(Kind::Identify, at);
            person.who(&who, true);
            person.0.put("traits", &who.over(traits.take()).print());
            items.push(person.finish(&who));
        }
        let mut item = Item::new(kind, at);
        item.who(&who, describes_person);
        self.name(&mut item, row)?;
        if !properties.is_empty() {
            item.0.put("properties", &properties.print());
        }
        let traits = if describes_person {
            who.over(traits)
        } else {
            traits
        };
        if !traits.is_empty() {
            item.0.put("traits", &traits.print());
        }
        items.push(item.finish(&who));
        Ok(Made {
            items,
            id: self.id(row),
        })
    }

    fn rest(&self, kind: Kind) -> Rest {
        match self.mapping.rest {
            Rest::Auto if matches!(kind, Kind::Identify | Kind::Group) => Rest::Traits,
            Rest::Auto if kind == Kind::Alias => Rest::None,
            Rest::Auto => Rest::Properties,
            said => said,
        }
    }

    fn time(&self, row: &Row, now: Millis) -> std::result::Result<Option<Millis>, Reason> {
        let Some(time) = &self.mapping.time else {
            return Ok(None);
        };
        let cell = row.cell(&time.column);
        let text = cell.as_deref().and_then(value::id).ok_or_else(|| {
            Reason::new("missing_time", format!("column `{}` is empty", time.column))
        })?;
        let at = self.values.instants.read(&text).ok_or_else(|| {
            let shown: String = text.chars().take(60).collect();
            let message = format!(
                "column `{}`: `{shown}` is no time; say `time.format` if it is spelled otherwise",
                time.column
            );
            Reason::new("unreadable_time", message)
        })?;
        check_ahead(at, now)?;
        Ok(Some(at))
    }

    /// What the event is called, and of whom it speaks beside the person.
    fn name(&self, item: &mut Item, row: &Row) -> std::result::Result<(), Reason> {
        let mapping = &self.mapping;
        let column = |column: &str| row.cell(column).as_deref().and_then(value::id);
        let name = mapping.event.clone();
        let name = name.or_else(|| mapping.event_column.as_deref().and_then(column));
        match (mapping.kind(), name) {
            (Kind::Track, None) => {
                return Err(Reason::new(
                    "missing_event_name",
                    "the event's name is empty",
                ));
            }
            (Kind::Track, Some(name)) => item.0.put_text("event", &name),
            (Kind::Page | Kind::Screen, Some(name)) => item.0.put_text("name", &name),
            _ => {}
        }
        for (member, from) in [
            ("groupId", &mapping.group_id),
            ("previousId", &mapping.previous_id),
        ] {
            if let Some(id) = from.as_deref().and_then(column) {
                item.0.put_text(member, &id);
            }
        }
        Ok(())
    }

    /// The row's id: its columns, told apart by slashes that no value has.
    fn id(&self, row: &Row) -> Option<String> {
        let columns = &self.mapping.message_id;
        let mut id = String::new();
        for (place, column) in columns.iter().enumerate() {
            let part = row.cell(column).as_deref().and_then(value::id);
            if place > 0 {
                id.push('/');
            }
            let part = part.unwrap_or_default();
            match columns.len() {
                1 => id.push_str(&part),
                _ => id.push_str(&part.replace('%', "%25").replace('/', "%2F")),
            }
        }
        let is_empty = id.bytes().all(|byte| byte == b'/');
        (!is_empty).then_some(id)
    }

    fn json(&self, cell: &Cell, column: &str) -> std::result::Result<Option<String>, Reason> {
        let of = self.mapping.types.get(column).copied().unwrap_or_default();
        self.values.json(cell, column, of)
    }

    fn put(
        &self,
        tree: &mut Tree,
        name: &str,
        row: &Row,
        column: &str,
    ) -> std::result::Result<(), Reason> {
        let Some(cell) = row.cell(column) else {
            return Ok(());
        };
        if let Some(json) = self.json(&cell, column)? {
            tree.put(name, json);
        }
        Ok(())
    }

    /// Puts what nothing else names; of an order, what is the same in all of its rows. Returns the
    /// columns that are not.
    fn put_rest<'a>(
        &self,
        tree: &mut Tree,
        rows: &'a [Row],
    ) -> std::result::Result<Vec<&'a str>, Reason> {
        let mut apart = Vec::new();
        for (place, (name, cell)) in rows[0].cells.iter().enumerate() {
            if self.named.contains(&**name) {
                continue;
            }
            let same = rows[1..]
                .iter()
                .all(|row| row.cell_like(place, name).as_deref() == Some(cell));
            if !same {
                apart.push(&**name);
            } else if let Some(json) = self.json(cell, name)? {
                tree.put(name, json);
            }
        }
        Ok(apart)
    }

    fn lines(
        &self,
        lines: &Lines,
        rows: &[Row],
        apart: &[&str],
    ) -> std::result::Result<String, Reason> {
        let mut list = String::from("[");
        for (place, row) in rows.iter().enumerate() {
            let mut line = Tree::default();
            for (name, column) in &lines.columns {
                self.put(&mut line, name, row, column)?;
            }
            for column in apart {
                self.put(&mut line, column, row, column)?;
            }
            if place > 0 {
                list.push(',');
            }
            list.push_str(&line.print());
        }
        list.push(']');
        Ok(list)
    }
}

/// A row's time may be a little ahead of our clock, and no more.
pub(crate) fn check_ahead(at: Millis, now: Millis) -> std::result::Result<(), Reason> {
    if at.since(now) > AHEAD_MAX_MS {
        let message = format!("{at} is more than a day from now");
        return Err(Reason::new("time_in_future", message));
    }
    Ok(())
}

/// Whom a row names.
#[derive(Default)]
struct Who {
    user: Option<String>,
    anonymous: Option<String>,
    /// E-mail and phone, which stand among traits.
    traits: Vec<(&'static str, String)>,
    device: Option<String>,
    others: Vec<(String, String)>,
}

impl Who {
    fn of(maker: &Maker, row: &Row) -> std::result::Result<Who, Reason> {
        let mut who = Who::default();
        for (kind, column) in &maker.mapping.identifiers {
            let cell = row.cell(column);
            let Some(id) = cell.as_deref().and_then(value::id) else {
                continue;
            };
            match kind.as_str() {
                "user_id" => who.user = Some(id),
                "anonymous_id" => who.anonymous = Some(id),
                "email" => who.traits.push(("email", id)),
                "phone" => who.traits.push(("phone", id)),
                "device_id" => who.device = Some(id),
                _ => who.others.push((kind.clone(), id)),
            }
        }
        let names_nobody = who.user.is_none()
            && who.anonymous.is_none()
            && who.traits.is_empty()
            && who.device.is_none()
            && who.others.is_empty();
        if names_nobody {
            let columns: Vec<&str> = maker
                .mapping
                .identifiers
                .values()
                .map(String::as_str)
                .collect();
            let message = match columns.as_slice() {
                [] => "the mapping names no column of an identifier".to_owned(),
                columns => format!("nobody is named: {} are empty", columns.join(", ")),
            };
            return Err(Reason::new("missing_id", message));
        }
        Ok(who)
    }

    /// The traits, with the e-mail and phone among them.
    fn over(&self, mut traits: Tree) -> Tree {
        for (name, id) in &self.traits {
            traits.put(name, value::quoted(id));
        }
        traits
    }

    fn context(&self, has_traits: bool) -> Option<String> {
        let mut context = Builder::new();
        if !has_traits && !self.traits.is_empty() {
            context.put("traits", &self.over(Tree::default()).print());
        }
        if let Some(device) = &self.device {
            context.put("device", &format!("{{\"id\":{}}}", value::quoted(device)));
        }
        if !self.others.is_empty() {
            let other = |(kind, id): &(String, String)| {
                let (kind, id) = (value::quoted(kind), value::quoted(id));
                format!(
                    "{{\"id\":{id},\"type\":{kind},\"collection\":\"users\",\"encoding\":\"none\"}}"
                )
            };
            let list: Vec<String> = self.others.iter().map(other).collect();
            context.put("externalIds", &format!("[{}]", list.join(",")));
        }
        let context = context.finish();
        (&*context != "{}").then(|| context.into())
    }
}

/// An item in the making.
struct Item(Builder, bool);

impl Item {
    fn new(kind: Kind, at: Option<Millis>) -> Item {
        let mut builder = Builder::new();
        builder.put_text("type", kind.word());
        if let Some(at) = at {
            builder.put_text("timestamp", &at.to_string());
        }
        Item(builder, false)
    }

    fn who(&mut self, who: &Who, has_traits: bool) {
        self.1 = has_traits;
        for (member, id) in [("userId", &who.user), ("anonymousId", &who.anonymous)] {
            if let Some(id) = id {
                self.0.put_text(member, id);
            }
        }
    }

    fn finish(mut self, who: &Who) -> String {
        if let Some(context) = who.context(self.1) {
            self.0.put("context", &context);
        }
        self.0.finish().into()
    }
}

/// An item of Segment's shape, as an archive of raw events has it, without its message id.
///
/// # Errors
/// Where its time cannot be read: it would silently become now.
pub fn of_segment(row: &Row, now: Millis) -> std::result::Result<Made, Reason> {
    let mut item = Builder::new();
    let mut id = None;
    for (name, cell) in &row.cells {
        let json = match cell {
            Cell::Json(json) => Cow::Borrowed(json.as_str()),
            Cell::Text(text) => Cow::Owned(value::quoted(text)),
        };
        match &**name {
            // When a batch was sent says nothing about clocks years later.
            "sentAt" | "writeKey" => continue,
            "messageId" => {
                id = value::id(cell);
                continue;
            }
            "timestamp" | "originalTimestamp" if json != "null" => {
                let text = value::id(cell).unwrap_or_default();
                let at = Instants::default().read(&text).ok_or_else(|| {
                    let shown: String = json.chars().take(60).collect();
                    let message = format!("`{name}` is {shown}, which is no time");
                    Reason::new("unreadable_time", message)
                })?;
                check_ahead(at, now)?;
                item.put_text(name, &at.to_string());
            }
            _ => item.put(name, &json),
        }
    }
    Ok(Made {
        items: vec![item.finish().into()],
        id,
    })
}

#[cfg(test)]
mod tests;
