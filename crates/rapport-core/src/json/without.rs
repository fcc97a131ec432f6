//! Raw JSON text with parts left out: everything else stays as it was written, numbers to the digit.

use super::{items, members};

/// The text without what is at these paths of keys and indexes. Items of lists are not left out,
/// only members of objects, also of those inside lists. `None` where nothing is at any of them.
#[must_use]
pub fn without(raw: &str, paths: &[Vec<String>]) -> Option<String> {
    let paths: Vec<&[String]> = paths.iter().map(Vec::as_slice).collect();
    let mut left_out = false;
    let text = edited(raw, &paths, &mut left_out);
    left_out.then_some(text)
}

fn edited(raw: &str, paths: &[&[String]], left_out: &mut bool) -> String {
    if paths.is_empty() {
        return raw.to_owned();
    }
    match raw.trim_ascii_start().as_bytes().first() {
        Some(b'{') => object(raw, paths, left_out),
        Some(b'[') => list(raw, paths, left_out),
        _ => raw.to_owned(),
    }
}

fn object(raw: &str, paths: &[&[String]], left_out: &mut bool) -> String {
    let mut text = String::with_capacity(raw.len());
    text.push('{');
    for (name, value) in members(raw) {
        let (is_gone, inner) = inside(paths, &name);
        if is_gone {
            *left_out = true;
            continue;
        }
        if text.len() > 1 {
            text.push(',');
        }
        // A string is always JSON.
        text.push_str(&serde_json::to_string(&*name).unwrap_or_default());
        text.push(':');
        text.push_str(&edited(value, &inner, left_out));
    }
    text.push('}');
    text
}

fn list(raw: &str, paths: &[&[String]], left_out: &mut bool) -> String {
    let item = |(index, item): (usize, &str)| {
        let (_, inner) = inside(paths, &index.to_string());
        edited(item, &inner, left_out)
    };
    let edited: Vec<String> = items(raw).enumerate().map(item).collect();
    format!("[{}]", edited.join(","))
}

/// Whether a path ends at this name, and what is left of those that lead on.
fn inside<'a>(paths: &[&'a [String]], name: &str) -> (bool, Vec<&'a [String]>) {
    let below = paths.iter().filter_map(|path| match path.split_first() {
        Some((first, rest)) if first == name => Some(rest),
        _ => None,
    });
    let (ends, on): (Vec<_>, Vec<_>) = below.partition(|rest| rest.is_empty());
    (!ends.is_empty(), on)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str, paths: &[&str], expected: Option<&str>) {
        let path = |path: &&str| path.split('.').map(str::to_owned).collect();
        let paths: Vec<Vec<String>> = paths.iter().map(path).collect();
        assert_eq!(without(raw, &paths).as_deref(), expected, "{raw} {paths:?}");
    }

    #[test]
    fn members_are_left_out_wherever_they_are() {
        check(r#"{"a": 1, "b": 2}"#, &["a"], Some(r#"{"b":2}"#));
        check(
            r#"{"a": {"b": 1, "c": 2}}"#,
            &["a.b"],
            Some(r#"{"a":{"c":2}}"#),
        );
        check(
            r#"{"p": [{"x": 1}, {"x": 2}]}"#,
            &["p.1.x"],
            Some(r#"{"p":[{"x": 1},{}]}"#),
        );
        check(r#"{"a": 1}"#, &["a", "a"], Some("{}"));
    }

    #[test]
    fn what_stays_is_written_as_it_was() {
        let raw = r#"{"n":12345678901234567890.10,"t":"\ud800 é","gone":null}"#;
        check(
            raw,
            &["gone"],
            Some(r#"{"n":12345678901234567890.10,"t":"\ud800 é"}"#),
        );
    }

    #[test]
    fn nothing_to_leave_out_is_told() {
        check(r#"{"a": 1}"#, &["b", "a.c", ""], None);
        check("[1, 2]", &["0"], None);
        check("7", &["a"], None);
    }
}
