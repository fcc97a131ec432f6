//! What completion says at places of rules, and that it says something everywhere.

use super::*;
use crate::event::Kind;
use proptest::prelude::*;

/// The completion at the `|` of a text.
fn at(marked: &str) -> Completion {
    let place = marked.find('|').expect("a place");
    complete(&marked.replace('|', ""), place)
}

#[track_caller]
fn has(marked: &str, words: &[&str], slots: &[Slot]) {
    let found = at(marked);
    for word in words {
        assert!(
            found.words.contains(*word),
            "{marked}: no {word} in {found:?}"
        );
    }
    for slot in slots {
        assert!(
            found.slots.contains(slot),
            "{marked}: no {slot:?} in {found:?}"
        );
    }
    assert_eq!(found.error, None, "{marked}");
}

fn property(name: &str) -> Slot {
    Slot::Property(Kind::Track, Some(name.into()))
}

#[test]
fn each_place_says_what_the_language_takes_there() {
    has(
        "|",
        &["did", "attribute", "sequence", "in segment", "not", "("],
        &[],
    );
    has("d|", &["did"], &[]);
    has(
        "did |",
        &["page", "not", "track"],
        &[Slot::Event(Kind::Track)],
    );
    has("did \"Ord|", &[], &[Slot::Event(Kind::Track)]);
    has(
        "did page |",
        &["where", "within", "and"],
        &[Slot::Event(Kind::Page)],
    );
    has(
        "did \"A\" |",
        &["where", "at least", "within", "and", "or", "since"],
        &[],
    );
    has("did \"A\" at |", &["least", "most"], &[]);
    has("did \"A\" at least |", &[], &[Slot::Number]);
    has("did \"A\" at least 3 |", &["times"], &[]);
    has("did \"A\" within |", &[], &[Slot::Number]);
    has("did \"A\" within 7 d|", &["day", "days", "weeks"], &[]);
    has("did \"A\" where |", &["not", "("], &[property("A")]);
    has("did \"A\" where product.ca|", &[], &[property("A")]);
    has(
        "did \"A\" where total |",
        &["=", ">=", "contains", "not in"],
        &[],
    );
    has("did \"A\" where total >|", &[">", ">="], &[]);
    let value = Slot::Value(Box::new(property("A")), "total".into());
    has(
        "did \"A\" where total = |",
        &["attribute"],
        std::slice::from_ref(&value),
    );
    has("did \"A\" where total in (1, |", &[], &[value]);
    has(
        "did \"A\" where total > attribute |",
        &[],
        &[Slot::Fact("attribute")],
    );
    has(
        "did \"A\" where total > attribute x and |",
        &["did"],
        &[property("A")],
    );
    has("did \"A\" with sum of |", &[], &[property("A")]);
    has("did \"A\" with sum of total |", &[">=", "between"], &[]);
    has("attribute |", &[], &[Slot::Fact("attribute")]);
    let plan = Slot::Value(Box::new(Slot::Fact("attribute")), "plan".into());
    has("attribute plan = \"g|", &[], &[plan]);
    has("score |", &[], &[Slot::Fact("score")]);
    has("in segment |", &[], &[Slot::Segment]);
    has("not in |", &["segment"], &[]);
    has("attribute a before |", &[], &[Slot::Date]);
    has("did \"A\" since last |", &[], &[Slot::Event(Kind::Track)]);
    has("sequence \"A\" |", &["then", "where", "as", "without"], &[]);
    has(
        "sequence \"A\" then |",
        &["within", "not"],
        &[Slot::Event(Kind::Track)],
    );
    has("sequence \"A\" then \"B\" where |", &[], &[property("B")]);
    has("did \"A\" where x = 1| and did \"B\"", &["and", "or"], &[]);
}

#[test]
fn what_is_typed_is_told_from_what_stands_before_it() {
    let found = at("did \"Order C|omplete");
    assert_eq!(
        (found.from, &*found.stem, found.is_quoted),
        (4, "Order C", true)
    );
    let found = at("did \"A\" where product.ca|");
    assert_eq!((&*found.stem, found.is_quoted), ("product.ca", false));
    let found = at("did \"A\" |");
    assert_eq!((found.from, &*found.stem, found.is_whole), (8, "", true));
    let found = at("did \"a \\\"q|");
    assert_eq!((&*found.stem, found.is_quoted), ("a \"q", true));
}

#[test]
fn a_mistake_before_the_place_is_said() {
    let found = at("did Order and |");
    assert!(found.error.is_some(), "{found:?}");
    assert!(!found.is_whole);
    let long = format!("did \"{}\" |", "a".repeat(RULE_BYTES_MAX));
    assert!(at(&long).error.is_some());
}

proptest! {
    #[test]
    fn every_place_of_any_text_has_an_answer(
        pieces in prop::collection::vec(
            prop_oneof![
                "[a-z\"\\\\=.<>() 0-9äß€]{0,8}",
                prop::sample::select(vec!["did ", "where ", "\"A\" ", "attribute ", "sequence ",
                    "then ", "not ", "within 7 days ", "and ", "(", "in segment ", "= ", "plan "])
                    .prop_map(str::to_owned),
            ],
            0..12,
        ),
        at in 0_usize..120,
    ) {
        let text: String = pieces.concat();
        let found = complete(&text, at);
        prop_assert!(found.from <= found.to && found.to <= text.len());
        prop_assert!(text.is_char_boundary(found.from) && text.is_char_boundary(found.to));
    }

    /// A word that is offered can be written: the text read so far has no mistake before it.
    #[test]
    fn an_offered_word_is_one_the_parser_goes_on_from(
        nth in 0_usize..40, steps in 1_usize..8,
    ) {
        let mut text = String::new();
        for step in 0..steps {
            let found = complete(&text, text.len());
            prop_assert_eq!(&found.error, &None, "{}", text);
            let words: Vec<_> = found.words.iter().filter(|word| !"(),".contains(&***word)).collect();
            match words.is_empty() {
                true => break,
                false => text.push_str(words[(nth + step) % words.len()]),
            }
            text.push(' ');
        }
    }
}
