//! The published grammar and tables of the rule language, made from what the parser reads.

use crate::segment::fact::{FACTS, TRAIT_WORD};
use crate::segment::operator::{OPERATORS, Takes};
use crate::segment::rule::{Comparison, Function};
use crate::segment::span::UNITS;
use crate::segment::zone::Unit;
use std::fmt::Write as _;

/// What does not depend on lists of words.
const FRAME: &str = r#"rule      = and { "or" and } ;
and       = unary { "and" unary } ;
unary     = "not" unary | "for" span unary | "(" rule ")" | condition ;
condition = fact path test | "trait" name test | did | sequence | random | [ "not" ] "in segment" text ;
did       = "did" event [ "where" filter ] [ asked ] [ window ]
          | "did" event [ "where" filter ] [ "at least" number "times" ] [ "within" span ] "but not for" span
          | "did" event [ "where" filter ] "in at least" number "of the last" number ( unit | "periods of" span )
          | "did not" event [ "where" filter ] [ window ]
          | "viewed" ( "page" | "screen" ) [ text ] [ "where" filter ] [ asked ] [ window ] ;
event     = text | "track" text | ( "page" | "screen" | "list" ) [ text ] | "track" | "identify" | "group" | "alias" ;
asked     = count | "for the first time" | "again after" span | "with" total ;
count     = ( "at least" | "at most" | "exactly" ) number "times" | "between" number "and" number "times" ;
total     = function "of" path ( sign ( number | "attribute" path ) | "between" number "and" number ) ;
window    = "ever" | "within" span | "more than" span "ago" | "between" span "and" span "ago"
          | "from" date | "before" date | "between" date "and" date
          | "since last" event [ "where" filter ]
          | "today" | "yesterday" | ( "this" | "last" ) calendar | number "calendar" calendar "ago" ;
sequence  = "sequence" step { "then" [ "within" span ] step { "without" event [ "where" linked ] } }
            "then" [ "within" span ] ( step { "without" event [ "where" linked ] } | "not" event [ "where" linked ] )
            [ "lasting at most" span ] [ "within" span ] ;
step      = event [ "as" word ] [ "where" linked ] ;
random    = "random" text ( "below" number | "from" number [ "to" number ] ) "percent" ;
filter    = tests { "or" tests } ;
tests     = tested { "and" tested } ;
tested    = "not" tested | "(" filter ")" | path test ;
linked    = ( path test | link ) { "and" ( path test | link ) } ;
link      = path sign ( "attribute" path | ( "previous" | "first" | word ) "." path ) ;
value     = text | number | "true" | "false" ;
span      = number unit ;
path      = name { "." name } ;
"#;

/// The grammar, in EBNF.
#[must_use]
pub fn grammar() -> String {
    let mut grammar = String::from(FRAME);
    let mut rule = |name: &str, words: Vec<String>| {
        // Writing into a `String` cannot fail.
        let _ = writeln!(grammar, "{name:<9} = {} ;", words.join(" | "));
    };
    // A trait is one value, so that its key stands there alone.
    let facts = FACTS.iter().filter(|fact| fact.word != TRAIT_WORD);
    rule("fact", quoted(facts.map(|fact| fact.word)));
    rule("function", quoted(Function::ALL.iter().map(|f| f.word())));
    rule("sign", quoted(Comparison::ALL.iter().map(|c| c.word())));
    rule("unit", plural(UNITS.iter().map(|(word, _)| *word)));
    rule("calendar", quoted(Unit::ALL.iter().map(|unit| unit.word())));
    rule("test", tests());
    grammar
}

/// The operators with what they are for, as a table.
#[must_use]
pub fn operators() -> String {
    let mut table = String::from("| operator | takes | holds when |\n| --- | --- | --- |\n");
    for operator in OPERATORS {
        let (word, about) = (operator.word, operator.about);
        let _ = writeln!(table, "| `{word}` | {} | {about} |", operator.takes.words());
    }
    table
}

/// The kinds of facts, as a table.
#[must_use]
pub fn facts() -> String {
    let mut table = String::from("| fact | what it is |\n| --- | --- |\n");
    for fact in FACTS {
        let _ = writeln!(table, "| `{}` | {} |", fact.word, fact.about);
    }
    table
}

fn quoted<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    words.map(|word| format!("\"{word}\"")).collect()
}

fn plural<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    words.map(|word| format!("\"{word}s\"")).collect()
}

/// One alternative for each kind of operand.
fn tests() -> Vec<String> {
    let mut kinds: Vec<(Takes, Vec<&str>)> = Vec::new();
    for operator in OPERATORS {
        match kinds.iter_mut().find(|(takes, _)| *takes == operator.takes) {
            Some((_, words)) => words.push(operator.word),
            None => kinds.push((operator.takes, vec![operator.word])),
        }
    }
    let tests = kinds.into_iter().map(|(takes, words)| {
        let operand = match takes {
            Takes::Nothing => "",
            Takes::Value => " value",
            Takes::Ordered => " number",
            Takes::Range => " number \"and\" number",
            Takes::Text | Takes::Pattern => " text",
            Takes::Date => " date",
            Takes::Span => " span",
            Takes::List => " \"(\" value { \",\" value } \")\"",
        };
        format!("( {} ){operand}", quoted(words.into_iter()).join(" | "))
    });
    tests.collect()
}

#[cfg(test)]
mod tests;
