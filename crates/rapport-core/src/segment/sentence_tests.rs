//! The sentence the language was made for, event by event.

use crate::event::{Event, KeyKind, Kind, SourceNo};
use crate::identity::ProfileNo;
use crate::position::Position;
use crate::profile::attributes::Attributes;
use crate::segment::catalogue::{Catalogue, Facts, Touched};
use crate::segment::leaf::Leaves;
use crate::segment::membership::Memberships;
use crate::segment::registry::{Moment, Registry};
use crate::segment::text;
use crate::time::{DAY_MS, HOUR_MS, Millis};

/// Viewed a given product category three times in the last week, has not purchased, then abandoned
/// the cart, and opened an e-mail about a related product but did not click it.
const SENTENCE: &str = r#"
    did "Product Viewed" where category = "cheese" at least 3 times within 7 days
    and did not "Order Completed" within 7 days
    and sequence "Product Viewed" where category = "cheese"
        then "Cart Abandoned" without "Order Completed"
        then "Email Opened" where product.category = first.category without "Order Completed"
        then not "Email Link Clicked" where email_id = previous.email_id
        within 7 days"#;

const START: Millis = Millis(1_763_700_000_000);

/// Somebody who does one thing after another.
struct Story {
    catalogue: Catalogue,
    leaves: Leaves,
    attributes: Attributes,
    memberships: Memberships,
    armed: Option<Millis>,
    now: Millis,
    told: u64,
}

impl Story {
    fn of(rule: &str) -> Story {
        let mut registry = Registry::default();
        let moment = Moment {
            position: Position::command(1, 1),
            received: START,
            next_profile: ProfileNo(1),
        };
        let rule = text::parse(rule).unwrap_or_else(|error| panic!("{error}"));
        registry.put("s", "s", rule, moment).unwrap();
        let mut story = Story {
            catalogue: Catalogue::new(&registry),
            leaves: Leaves::default(),
            attributes: Attributes::default(),
            memberships: Memberships::default(),
            armed: None,
            now: START,
            told: 0,
        };
        let mut touched = Touched::default();
        story.catalogue.touch_all(&mut touched);
        story.settle(&mut touched);
        story
    }

    fn settle(&mut self, touched: &mut Touched) {
        let facts = Facts {
            number: ProfileNo(1),
            numbers: &[(ProfileNo(1), Position::default())],
            attributes: &self.attributes,
            companies: &[],
            leaves: &self.leaves,
        };
        let mut flips = Vec::new();
        let memberships = &mut self.memberships;
        self.catalogue
            .advance(&facts, memberships, self.armed, self.now, &mut flips);
        self.catalogue
            .settle(&facts, memberships, self.now, touched, &mut flips);
        self.armed = self.catalogue.next_moment(&facts, self.now);
    }

    /// Lets time pass, and says who is a member then.
    fn after(&mut self, ms: i64) -> bool {
        self.now = self.now.plus(ms);
        self.settle(&mut Touched::default());
        !self.memberships.is_empty()
    }

    /// Does something an hour later, as it happened `late_ms` before.
    fn does_late(&mut self, name: &str, properties: &str, late_ms: i64) -> bool {
        self.after(HOUR_MS);
        self.told += 1;
        let event = Event {
            position: Position::event(self.told, 0),
            received: self.now,
            original: None,
            sent: None,
            at: self.now.plus(-late_ms),
            source: SourceNo(1),
            key_kind: KeyKind::Server,
            kind: Kind::Track,
            name: name.into(),
            message_id: format!("m{}", self.told).into(),
            identifiers: Vec::new(),
            previous: None,
            group: None,
            traits: "{}".into(),
            properties: properties.into(),
            context: "{}".into(),
            extra: "{}".into(),
        };
        let mut touched = Touched::default();
        self.catalogue
            .observe(&mut self.leaves, &event, &mut touched);
        self.settle(&mut touched);
        !self.memberships.is_empty()
    }

    fn does(&mut self, name: &str, properties: &str) -> bool {
        self.does_late(name, properties, 0)
    }
}

const CHEESE: &str = r#"{"category": "cheese"}"#;
const RELATED: &str = r#"{"email_id": "e1", "product": {"category": "cheese"}}"#;

/// Up to the moment at which all of it holds.
fn told() -> Story {
    let mut story = Story::of(SENTENCE);
    assert!(!story.does("Product Viewed", CHEESE));
    assert!(!story.does("Product Viewed", r#"{"category": "milk"}"#));
    assert!(!story.does("Product Viewed", CHEESE));
    assert!(!story.does("Cart Abandoned", "{}"));
    assert!(!story.does(
        "Email Opened",
        r#"{"email_id": "e0", "product": {"category": "milk"}}"#
    ));
    assert!(
        !story.does("Email Opened", RELATED),
        "the third view is missing"
    );
    assert!(story.does("Product Viewed", CHEESE), "now it is three");
    story
}

#[test]
fn the_sentence_holds_when_all_of_it_has_happened() {
    told();
}

#[test]
fn a_click_on_that_letter_ends_it_and_one_on_another_does_not() {
    let mut story = told();
    assert!(story.does("Email Link Clicked", r#"{"email_id": "e7"}"#));
    assert!(!story.does("Email Link Clicked", r#"{"email_id": "e1"}"#));
    assert!(
        story.does("Email Opened", RELATED.replace("e1", "e2").as_str()),
        "another letter"
    );
}

#[test]
fn a_purchase_ends_it_for_a_week_also_one_that_is_told_late() {
    let mut story = told();
    assert!(!story.does("Order Completed", "{}"));
    let mut story = told();
    assert!(
        !story.does_late("Order Completed", "{}", 5 * HOUR_MS),
        "between view and cart"
    );
}

#[test]
fn a_missing_view_that_is_told_late_completes_it() {
    let mut story = Story::of(SENTENCE);
    story.does("Product Viewed", CHEESE);
    story.does("Product Viewed", CHEESE);
    story.does("Cart Abandoned", "{}");
    assert!(!story.does("Email Opened", RELATED));
    assert!(story.does_late("Product Viewed", CHEESE, 2 * DAY_MS));
}

#[test]
fn it_ends_by_itself_when_the_first_of_three_views_is_a_week_old() {
    let mut story = told();
    // The first view is six hours old.
    assert!(story.after(7 * DAY_MS - 6 * HOUR_MS - 1));
    assert!(!story.after(1));
}

#[test]
fn what_must_not_follow_within_a_time_holds_when_that_is_over() {
    let mut story = Story::of(
        r#"sequence "Email Opened" then within 2 days not "Email Link Clicked" where email_id = previous.email_id"#,
    );
    assert!(!story.does("Email Opened", RELATED));
    assert!(!story.after(2 * DAY_MS - 1));
    assert!(story.after(1), "two days without a click");
    assert!(
        !story.does_late("Email Link Clicked", RELATED, DAY_MS),
        "there was one after all"
    );
}
