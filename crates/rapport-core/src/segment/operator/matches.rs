//! `matches` and `not matches`: patterns with `*` and `?`.

use super::{How, Operator, Takes};
use crate::json::Value;
use crate::segment::literal::Literal;

pub(super) static MATCHES: Operator = Operator {
    word: "matches",
    about: "The whole text is like this pattern: * stands for any characters, ? for one. Case counts.",
    takes: Takes::Pattern,
    how: How::Plain(matches),
};

pub(super) static NOT_MATCHES: Operator = Operator {
    word: "not matches",
    about: "The value is no text like this pattern, or there is none.",
    takes: Takes::Pattern,
    how: How::Plain(|value, operands| !matches(value, operands)),
};

fn matches(value: Option<&Value<'_>>, operands: &[Literal]) -> bool {
    match (value, operands) {
        (Some(Value::Text(text)), [Literal::Text(pattern)]) => is_like(text, pattern),
        _ => false,
    }
}

/// Goes back to the last star only, so that the work is at most the product of the lengths.
fn is_like(text: &str, pattern: &str) -> bool {
    let (mut text, mut pattern) = (text.chars(), pattern.chars());
    let mut star = None;
    loop {
        let (mut rest, mut wanted) = (text.clone(), pattern.clone());
        match (wanted.next(), rest.next()) {
            (Some('*'), _) => {
                star = Some((text.clone(), wanted.clone()));
                pattern = wanted;
                continue;
            }
            (Some('?'), Some(_)) => {
                (text, pattern) = (rest, wanted);
                continue;
            }
            (Some(one), Some(other)) if one == other => {
                (text, pattern) = (rest, wanted);
                continue;
            }
            (None, None) => return true,
            _ => {}
        }
        let Some((from, behind)) = &mut star else {
            return false;
        };
        if from.next().is_none() {
            return false;
        }
        (text, pattern) = (from.clone(), behind.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_made_to_backtrack_takes_no_time() {
        let text = "a".repeat(32 << 10);
        // Each star tried at each place would take longer than anybody waits.
        assert!(!is_like(&text, &format!("{}b", "*a".repeat(200))));
        assert!(!is_like(&text, &format!("*{}b", "a?".repeat(500))));
        assert!(is_like(&text, &"*".repeat(10_000)));
    }

    #[test]
    fn stars_stand_for_any_characters_and_question_marks_for_one() {
        for (text, pattern, expected) in [
            ("", "", true),
            ("", "*", true),
            ("a", "", false),
            ("gouda", "g*a", true),
            ("gouda", "g?uda", true),
            ("gouda", "?", false),
            ("aab", "*ab", true),
            ("abab", "*ab", true),
            ("mississippi", "m*iss*pp?", true),
            ("mississippi", "m*iss*pq?", false),
            ("äöü", "?ö?", true),
            ("a", "a**", true),
            ("ab", "a", false),
        ] {
            assert_eq!(is_like(text, pattern), expected, "{text} {pattern}");
        }
    }
}
