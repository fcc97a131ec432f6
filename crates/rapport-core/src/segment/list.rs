//! Lists: segments whose members are named, not found. Being put on a list and taken off it are
//! events like any others, so that what merges, undos and replays do holds for lists, too; the
//! rule of a list is that the last of them says so.

use crate::event::Kind;
use crate::segment::rule::{Asked, Rule};
use crate::segment::text;
use crate::segment::window::Window;

/// The rule of a list of this name. A name is for one list only: whoever makes one again under the
/// same key gives it another name, and it begins empty.
#[must_use]
pub fn rule(name: &str) -> Option<Rule> {
    let name = serde_json::to_string(name).ok()?;
    let rule = format!("did list {name} where on = true since last list {name} where on = false");
    text::parse(&rule).ok()
}

/// The name of the list that a rule is of; `None` of any other rule.
#[must_use]
pub fn name(of: &Rule) -> Option<&str> {
    let Rule::Did(did) = of else { return None };
    let is_like_one = did.happening.kind == Kind::List
        && matches!(did.asked, Asked::Count(_))
        && matches!(did.window, Window::Since(_));
    let name = did.happening.name.as_deref().filter(|_| is_like_one)?;
    (rule(name).as_ref() == Some(of)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_of_a_list_says_its_name_and_no_other_rule_does() {
        for name_of_one in ["vip:1700000000000", "a \"quoted\" name", "ünï\\code"] {
            let rule = rule(name_of_one).expect("a rule");
            assert_eq!(name(&rule), Some(name_of_one));
            let again = text::parse(&rule.to_string()).expect("a rule");
            assert_eq!(name(&again), Some(name_of_one), "{rule}");
        }
        for other in [
            r#"did list "vip""#,
            r#"did list "vip" where on = true"#,
            r#"did list "vip" where on = true since last list "other" where on = false"#,
            r#"did "vip" where on = true since last "vip" where on = false"#,
        ] {
            let rule = text::parse(other).expect("a rule");
            assert_eq!(name(&rule), None, "{other}");
        }
    }
}
