//! The segments of the story: whom a dairy would like to know about. And the computed traits.

/// Ready traits that are installed.
pub(super) const TRAITS: [&str; 3] = ["orders", "revenue", "favourite_category"];

/// A segment to be made.
pub(super) struct Segment {
    /// Its key.
    pub(super) key: &'static str,
    /// Its name.
    pub(super) name: &'static str,
    /// Its rule.
    pub(super) rule: &'static str,
}

/// All of them; one refers only to those before it.
pub(super) const SEGMENTS: [Segment; 8] = [
    Segment {
        key: "regulars",
        name: "Regulars",
        rule: r#"did "Order Completed" at least 4 times within 30 days"#,
    },
    Segment {
        key: "lapsing",
        name: "Bought often, stopped coming",
        rule: r#"did "Order Completed" at least 3 times within 90 days and did not "Order Completed" within 21 days"#,
    },
    Segment {
        key: "cart_abandoners",
        name: "Left a cart in the last two hours",
        rule: r#"did "Product Added" within 2 hours and did not "Order Completed" within 2 hours"#,
    },
    Segment {
        key: "cheese_lovers",
        name: "Cheese lovers",
        rule: r#"did "Product Viewed" where category = "cheese" at least 5 times within 30 days"#,
    },
    Segment {
        key: "big_spenders",
        name: "Big spenders",
        rule: r#"did "Order Completed" where revenue >= 60 at least 3 times within 60 days"#,
    },
    Segment {
        key: "new_this_week",
        name: "New this week",
        rule: r#"did "Signed Up" within 7 days"#,
    },
    Segment {
        key: "unhappy",
        name: "Complained in the chat",
        rule: r#"did "Conversation Started" where kind = "complaint" within 30 days"#,
    },
    Segment {
        key: "win_back",
        name: "Worth writing to",
        rule: r#"in segment "lapsing" and did "Email Opened" within 45 days and not in segment "unhappy""#,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_can_be_read_and_reads_as_it_is_printed() {
        for segment in &SEGMENTS {
            let rule = rapport_core::segment::text::parse(segment.rule).expect(segment.key);
            assert_eq!(rule.to_string(), segment.rule);
        }
    }
}
