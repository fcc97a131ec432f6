//! The published grammar says what the parser reads: whatever it produces is read.

use super::*;
use crate::segment::error::Error;
use crate::segment::text::{self, RESERVED, SOFT};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// What may stand on the right of a rule of the grammar.
#[derive(Clone, Debug)]
enum Part {
    Word(String),
    Rule(String),
    One(Vec<Part>),
    All(Vec<Part>),
    Maybe(Box<Part>),
    Many(Box<Part>),
}

/// Reads EBNF.
struct Reader<'a> {
    tokens: std::iter::Peekable<std::vec::IntoIter<&'a str>>,
}

impl<'a> Reader<'a> {
    fn rules(grammar: &'a str) -> BTreeMap<String, Part> {
        let mut rules = BTreeMap::new();
        for rule in grammar.split(" ;\n").filter(|rule| !rule.trim().is_empty()) {
            let (name, right) = rule.split_once(" = ").unwrap();
            let mut reader = Reader {
                tokens: tokens(right).into_iter().peekable(),
            };
            let part = reader.one();
            assert_eq!(reader.tokens.next(), None, "{rule}");
            rules.insert(name.trim().to_owned(), part);
        }
        rules
    }

    fn one(&mut self) -> Part {
        let mut parts = vec![self.all()];
        while self.tokens.next_if_eq(&"|").is_some() {
            parts.push(self.all());
        }
        Part::One(parts)
    }

    fn all(&mut self) -> Part {
        let mut parts = Vec::new();
        while let Some(token) = self
            .tokens
            .next_if(|token| !["|", ")", "]", "}"].contains(token))
        {
            let part = match token {
                "(" => self.one(),
                "[" => Part::Maybe(Box::new(self.one())),
                "{" => Part::Many(Box::new(self.one())),
                word if word.starts_with('"') => Part::Word(word.trim_matches('"').to_owned()),
                name => Part::Rule(name.to_owned()),
            };
            if ["(", "[", "{"].contains(&token) {
                self.tokens.next().unwrap();
            }
            parts.push(part);
        }
        Part::All(parts)
    }
}

/// Words in quotes may have blanks and brackets in them.
fn tokens(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = match rest.starts_with('"') {
            true => rest[1..].find('"').unwrap() + 2,
            false => rest.find(char::is_whitespace).unwrap_or(rest.len()),
        };
        found.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    found
}

/// Makes a text by a grammar, from a row of choices. Numbers and dates only grow, so that what
/// comes later is more.
struct Writer<'a> {
    rules: &'a BTreeMap<String, Part>,
    choices: std::slice::Iter<'a, u8>,
    number: u32,
    text: String,
}

impl Writer<'_> {
    fn choose(&mut self, of: usize) -> usize {
        self.choices
            .next()
            .map_or(of - 1, |choice| usize::from(*choice))
            % of
    }

    fn put(&mut self, word: &str) {
        let is_dot = word == "." || self.text.ends_with('.');
        if !is_dot && !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(word);
    }

    fn write(&mut self, part: &Part) {
        match part {
            Part::Word(word) => self.put(word),
            Part::Rule(name) => self.write_rule(name),
            Part::All(parts) => parts.iter().for_each(|part| self.write(part)),
            Part::One(parts) => {
                let chosen = self.choose(parts.len());
                self.write(&parts[chosen]);
            }
            Part::Maybe(part) => {
                if self.choose(2) == 0 {
                    self.write(part);
                }
            }
            Part::Many(part) => {
                for _ in 0..self.choose(3) % 2 {
                    self.write(part);
                }
            }
        }
    }

    fn write_rule(&mut self, name: &str) {
        self.number += 1;
        let number = self.number;
        match name {
            "number" => self.put(&number.to_string()),
            "text" => self.put("\"a\""),
            "name" | "word" => self.put("x"),
            "date" => self.put(&format!("\"{}-01-01\"", 1_000 + number)),
            // When the choices are used up, the shortest way out.
            "unary" | "condition" if self.choices.len() == 0 => self.put("did \"a\""),
            "tested" if self.choices.len() == 0 => self.put("x exists"),
            _ => {
                let part = self
                    .rules
                    .get(name)
                    .unwrap_or_else(|| panic!("no rule {name}"));
                let part = part.clone();
                self.write(&part);
            }
        }
    }
}

/// Words of the grammar, as far as they are no signs.
fn words(part: &Part, found: &mut Vec<String>) {
    match part {
        Part::Word(word) => found.extend(word.split(' ').map(str::to_owned)),
        Part::Rule(_) => {}
        Part::One(parts) | Part::All(parts) => parts.iter().for_each(|part| words(part, found)),
        Part::Maybe(part) | Part::Many(part) => words(part, found),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn whatever_the_grammar_produces_is_read(choices in prop::collection::vec(any::<u8>(), 0..60)) {
        let grammar = grammar();
        let rules = Reader::rules(&grammar);
        let mut writer = Writer { rules: &rules, choices: choices.iter(), number: 0, text: String::new() };
        writer.write_rule("rule");
        if let Err(Error::Rule { message, .. }) = text::parse(&writer.text) {
            let is_about_meaning = [
                "this compares with a step",
                "two steps have one name",
                "later steps may speak of",
                "what has to hold for some time cannot",
                "at most 100 periods",
                "a share lies between",
                "a window lies at most 12",
                "conditions nest",
                "the second span is longer",
                "expected a number from 0 to 100",
            ];
            prop_assert!(
                is_about_meaning.iter().any(|start| message.starts_with(start)),
                "{}: {}", writer.text, message
            );
        }
    }
}

#[test]
fn every_word_that_is_no_name_is_in_the_grammar() {
    let grammar = grammar();
    let mut known = Vec::new();
    Reader::rules(&grammar)
        .values()
        .for_each(|part| words(part, &mut known));
    // `null` is refused with an advice; `all` and `any` belong to JSON; `time` is one time.
    for word in RESERVED.iter().chain(&SOFT) {
        let is_apart = ["null", "all", "any", "time"].contains(word);
        assert!(
            is_apart || known.iter().any(|known| known == word),
            "{word}"
        );
    }
}
