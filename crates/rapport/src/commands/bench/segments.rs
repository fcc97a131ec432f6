//! Twenty live segments, of the kinds people make: counts in windows of seconds to weeks, with
//! filters, negation, attributes, and segments in segments.

use super::client::Client;
use super::server::TOKEN;
use anyhow::{Result, bail};
use std::time::Duration;

/// The segment that somebody is in as soon as one event of theirs is folded.
pub(super) const PROBED: &str = "probed";
/// The event that makes it so.
pub(super) const PROBE_EVENT: &str = "Bench Probe";

/// How many there are.
pub(super) const COUNT: usize = 20;

const RULES: [(&str, &str); COUNT] = [
    (PROBED, "did \"Bench Probe\" at least 1 times ever"),
    (
        "shoe-fans",
        "did \"Product Viewed\" where category = \"shoes\" at least 3 times within 7 days",
    ),
    (
        "coat-fans",
        "did \"Product Viewed\" where category = \"coats\" at least 3 times within 7 days",
    ),
    (
        "boot-fans",
        "did \"Product Viewed\" where category = \"boots\" at least 2 times within 1 days",
    ),
    (
        "busy-hour",
        "did \"Product Viewed\" at least 5 times within 1 hours",
    ),
    (
        "busy-minute",
        "did \"Product Viewed\" at least 3 times within 1 minutes",
    ),
    ("buyers", "did \"Order Completed\" ever"),
    (
        "buyers-of-the-week",
        "did \"Order Completed\" within 7 days",
    ),
    (
        "loyal",
        "did \"Order Completed\" at least 3 times within 30 days",
    ),
    (
        "no-order-yet",
        "did \"Product Added\" within 7 days and did not \"Order Completed\" within 7 days",
    ),
    (
        "left-the-cart",
        "did \"Product Added\" within 1 hours and did not \"Checkout Started\" within 1 hours",
    ),
    (
        "left-the-payment",
        "did \"Payment Info Entered\" within 30 minutes and did not \"Order Completed\" within 30 minutes",
    ),
    (
        "dear",
        "did \"Order Completed\" where price > 50 at least 2 times within 30 days",
    ),
    ("clicked-now", "did \"Product Clicked\" within 30 seconds"),
    (
        "lookers",
        "did \"Product List Viewed\" at least 2 times within 1 days and did not \"Product Clicked\" within 1 days",
    ),
    ("from-utrecht", "attribute city = \"Utrecht\""),
    (
        "plan-of-shoes",
        "attribute plan = \"shoes\" and did \"Product Viewed\" within 1 days",
    ),
    (
        "fans-of-both",
        "in segment \"shoe-fans\" and in segment \"coat-fans\"",
    ),
    (
        "fans-who-buy",
        "in segment \"shoe-fans\" and in segment \"buyers\"",
    ),
    (
        "cart-of-three",
        "did \"Product Added\" at least 3 times within 7 days",
    ),
];

/// Puts all twenty and waits until each is built.
///
/// # Errors
/// Where the server refuses one.
pub(super) async fn put(client: &mut Client) -> Result<()> {
    put_all(client, &RULES).await
}

/// Puts segments by key and rule, and waits until each is built.
///
/// # Errors
/// Where the server refuses one.
pub(super) async fn put_all<T: AsRef<str>>(client: &mut Client, rules: &[(T, T)]) -> Result<()> {
    for (key, rule) in rules {
        let (key, rule) = (key.as_ref(), rule.as_ref());
        let body = serde_json::json!({ "name": key, "rule": rule }).to_string();
        let (status, answer) = client
            .call("PUT", &format!("/api/v1/segments/{key}"), TOKEN, &body)
            .await?;
        if !(200..300).contains(&status) {
            bail!("segment {key}: {status} {answer}");
        }
    }
    for (key, _) in rules {
        let key = key.as_ref();
        loop {
            let (_, answer) = client
                .call("GET", &format!("/api/v1/segments/{key}"), TOKEN, "")
                .await?;
            if !answer.contains("building") || answer.contains("\"building\":false") {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    Ok(())
}
