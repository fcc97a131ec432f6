//! Ready traits, bound to the e-commerce vocabulary.

/// A trait that can be installed as it is.
#[derive(Clone, Copy, Debug)]
pub struct Ready {
    /// Its key.
    pub key: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// What it says, in a sentence.
    pub about: &'static str,
    /// How it is made.
    pub computed: &'static str,
}

/// Every ready trait, by key.
pub const LIBRARY: [Ready; 10] = [
    Ready {
        key: "average_order_value",
        name: "Average order value",
        about: "What an order comes to on average, before refunds.",
        computed: r#"average of revenue of "Order Completed""#,
    },
    Ready {
        key: "days_since_last_visit",
        name: "Days since last visit",
        about: "Whole days since the last page was viewed.",
        computed: "days since last page",
    },
    Ready {
        key: "favourite_category",
        name: "Favourite category",
        about: "The category viewed most often in the last 90 days.",
        computed: r#"most frequent category of "Product Viewed" within 90 days"#,
    },
    Ready {
        key: "first_order_at",
        name: "First order",
        about: "When the first order was completed.",
        computed: r#"time of first "Order Completed""#,
    },
    Ready {
        key: "last_order_at",
        name: "Last order",
        about: "When the last order was completed.",
        computed: r#"time of last "Order Completed""#,
    },
    Ready {
        key: "orders",
        name: "Orders",
        about: "How many orders were completed.",
        computed: r#"count of "Order Completed""#,
    },
    Ready {
        key: "revenue",
        name: "Revenue",
        about: "What all orders came to, net of refunds.",
        computed: r#"sum of revenue of "Order Completed" minus sum of total of "Order Refunded""#,
    },
    Ready {
        key: "rfm_frequency",
        name: "RFM: frequency",
        about: "5 for 10 or more orders in a year, 1 for less than 2.",
        computed: r#"score of count of "Order Completed" within 365 days by 2, 3, 5, 10"#,
    },
    Ready {
        key: "rfm_monetary",
        name: "RFM: monetary value",
        about: "5 for 1,000 or more spent in a year, net of refunds, 1 for less than 50.",
        computed: r#"score of sum of revenue of "Order Completed" within 365 days minus sum of total of "Order Refunded" within 365 days by 50, 150, 400, 1000"#,
    },
    Ready {
        key: "rfm_recency",
        name: "RFM: recency",
        about: "5 for an order in the last 30 days, 1 for none in 365 days.",
        computed: r#"score of days since last "Order Completed" by 364, 179, 89, 29"#,
    },
];

/// The ready trait with this key.
#[must_use]
pub fn find(key: &str) -> Option<&'static Ready> {
    LIBRARY.iter().find(|ready| ready.key == key)
}
