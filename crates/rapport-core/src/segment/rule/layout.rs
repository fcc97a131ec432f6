//! The canonical text over several lines, for people who keep rules in files.

use super::Rule;

/// A rule that fits this many characters stays on one line.
const LINE: usize = 100;
const INDENT: &str = "    ";

impl Rule {
    /// The canonical text, over several lines where it is long. Reads as the same rule.
    #[must_use]
    pub fn formatted(&self) -> String {
        self.laid_out(0)
    }

    fn laid_out(&self, depth: usize) -> String {
        let line = self.to_string();
        let indent = INDENT.repeat(depth);
        if indent.len() + line.chars().count() <= LINE {
            return line;
        }
        match self {
            Rule::All(parts) => lines(parts, &format!("\n{indent}and "), depth, Rule::is_joined),
            Rule::Any(parts) => {
                let needs = |part: &Rule| matches!(part, Rule::Any(_));
                lines(parts, &format!("\n{indent}or "), depth, needs)
            }
            Rule::Not(part) if part.is_joined() => format!("not {}", inside(part, depth)),
            Rule::Held { rule, span } if rule.is_joined() => {
                format!("for {span} {}", inside(rule, depth))
            }
            Rule::Sequence(sequence) => sequence.spelled(&format!("\n{indent}{INDENT}then")),
            _ => line,
        }
    }
}

fn lines(parts: &[Rule], between: &str, depth: usize, needs: fn(&Rule) -> bool) -> String {
    let laid_out = parts.iter().map(|part| match needs(part) {
        true => inside(part, depth),
        false => part.laid_out(depth),
    });
    laid_out.collect::<Vec<_>>().join(between)
}

fn inside(rule: &Rule, depth: usize) -> String {
    let indent = INDENT.repeat(depth);
    let rule = rule.laid_out(depth + 1);
    format!("(\n{indent}{INDENT}{rule}\n{indent})")
}

#[cfg(test)]
mod tests {
    use crate::segment::text;

    #[test]
    fn long_rules_stand_on_several_lines_and_read_the_same() {
        let rule = text::parse(
            r#"did "Product Viewed" where category = "cheese" at least 3 times within 7 days and did not "Order Completed" within 7 days and (attribute plan = "gold" or sequence "Cart Abandoned" then "Email Opened" where product.category = previous.category then not "Email Link Clicked")"#,
        )
        .unwrap();
        let formatted = rule.formatted();
        assert_eq!(text::parse(&formatted).as_ref(), Ok(&rule), "{formatted}");
        assert_eq!(
            formatted,
            r#"did "Product Viewed" where category = "cheese" at least 3 times within 7 days
and did not "Order Completed" within 7 days
and (
    attribute plan = "gold"
    or sequence "Cart Abandoned"
        then "Email Opened" where product.category = previous.category
        then not "Email Link Clicked"
)"#
        );
        let short = text::parse(r#"did "A" and did "B""#).unwrap();
        assert_eq!(short.formatted(), short.to_string());
    }
}
