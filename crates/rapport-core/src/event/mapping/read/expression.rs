//! Reads expressions.

use super::super::error::Error;
use super::super::expression::{Expression, Members};
use super::super::path::Each;
use super::super::template::Template;
use super::object::{Object, inside};
use super::{condition, list, text};
use serde_json::Value as Json;

/// How deep expressions may stand in each other.
const DEPTH_MAX: usize = 8;
const ALTERNATIVES_MAX: usize = 16;
const FACTORS_MAX: usize = 4;
const MEMBERS_MAX: usize = 128;

/// Reads what a value is made of.
pub(super) fn expression(
    json: &Json,
    levels: usize,
    place: &str,
    depth: usize,
) -> Result<Expression, Error> {
    if depth > DEPTH_MAX {
        let message = format!("expressions may stand {DEPTH_MAX} deep in each other");
        return Err(Error::new(place, message));
    }
    match json {
        Json::String(template) => {
            Template::parse(template, levels, place).map(Expression::Template)
        }
        Json::Number(number) => Ok(Expression::Constant(number.to_string().into())),
        Json::Bool(bool) => Ok(Expression::Constant(bool.to_string().into())),
        Json::Null => Ok(Expression::Constant("null".into())),
        Json::Object(members) => {
            let object = Object::of(json, place)?;
            let word = ["first", "map", "object", "each", "sum", "when"]
                .into_iter()
                .find(|word| members.contains_key(*word));
            match word {
                Some(word) => built(word, object, levels, depth + 1),
                None => {
                    let message =
                        "an expression has `first`, `map`, `object`, `each`, `sum` or `when`";
                    Err(Error::new(place, message))
                }
            }
        }
        Json::Array(_) => {
            let message = "this is a template, a number, `true`, `false`, `null` or an expression";
            Err(Error::new(place, message))
        }
    }
}

fn built(
    word: &str,
    mut object: Object<'_>,
    levels: usize,
    depth: usize,
) -> Result<Expression, Error> {
    let (json, place) = object.need(word)?;
    let read = match word {
        "first" => {
            let all = list(json, &place, ALTERNATIVES_MAX)?;
            let read = all.map(|(json, place)| expression(json, levels, &place, depth));
            Expression::First(read.collect::<Result<_, _>>()?)
        }
        "object" => Expression::Object(members(json, levels, &place, depth)?),
        "map" => {
            let of = Box::new(expression(json, levels, &place, depth)?);
            let (to, place) = object.need("to")?;
            let to = named(to, levels, &place, depth)?;
            let otherwise = otherwise(&mut object, levels, depth)?;
            Expression::Choice { of, to, otherwise }
        }
        "each" => {
            let each = Each::parse(text(json, &place)?, &place)?;
            let (of, place) = object.need("of")?;
            let of = expression(of, levels + each.levels(), &place, depth)?;
            Expression::List {
                each,
                of: Box::new(of),
            }
        }
        "sum" => {
            let each = Each::parse(text(json, &place)?, &place)?;
            let (of, place) = object.need("of")?;
            let inner = levels + each.levels();
            let factors = list(of, &place, FACTORS_MAX)?;
            let read = factors.map(|(json, place)| expression(json, inner, &place, depth));
            let of = read.collect::<Result<_, _>>()?;
            Expression::Sum { each, of }
        }
        _ => {
            let when = condition(json, levels, &place)?;
            let (then, place) = object.need("then")?;
            let then = Box::new(expression(then, levels, &place, depth)?);
            let otherwise = otherwise(&mut object, levels, depth)?;
            Expression::When {
                when,
                then,
                otherwise,
            }
        }
    };
    object.end()?;
    Ok(read)
}

fn otherwise(
    object: &mut Object<'_>,
    levels: usize,
    depth: usize,
) -> Result<Option<Box<Expression>>, Error> {
    match object.take("else") {
        Some((json, place)) => Ok(Some(Box::new(expression(json, levels, &place, depth)?))),
        None => Ok(None),
    }
}

/// Reads an object whose members are expressions and whose names are templates.
pub(super) fn members(
    json: &Json,
    levels: usize,
    place: &str,
    depth: usize,
) -> Result<Members, Error> {
    let read = named(json, levels, place, depth)?.into_iter();
    let made = read.map(|(name, expression)| {
        let place = inside(place, &name);
        Ok((Template::parse(&name, levels, &place)?, expression))
    });
    made.collect()
}

/// Reads an object whose members are expressions and whose names are names.
pub(super) fn named(
    json: &Json,
    levels: usize,
    place: &str,
    depth: usize,
) -> Result<Vec<(Box<str>, Expression)>, Error> {
    let Json::Object(members) = json else {
        return Err(Error::new(place, "this is an object"));
    };
    if members.len() > MEMBERS_MAX {
        let message = format!("this may have {MEMBERS_MAX} members");
        return Err(Error::new(place, message));
    }
    let read = members.iter().map(|(name, json)| {
        let place = inside(place, name);
        Ok((
            name.as_str().into(),
            expression(json, levels, &place, depth)?,
        ))
    });
    read.collect()
}
