//! Random traits, and what segments ask of them.

use super::super::any::{any_filter, any_known, any_seconds, any_test, any_what, any_window};
use super::super::rules::Window;
use super::{Asks, Made, NUMBERS, TIMES};
use proptest::prelude::*;
use proptest::sample::select;

fn any_drawn(functions: Vec<&'static str>) -> impl Strategy<Value = Made> {
    let window = any_window().prop_map(|window| match window {
        Window::Since(..) => Window::Ever,
        other => other,
    });
    let filter = prop::option::weighted(0.3, any_filter());
    let path = select(vec!["x", "y", "y.z"]);
    (select(functions), path, any_what(), filter, window).prop_map(
        |(function, path, what, filter, window)| Made {
            function,
            path,
            what,
            filter,
            window,
            minus: None,
            by: Vec::new(),
        },
    )
}

fn any_made() -> impl Strategy<Value = Made> {
    let plain = vec![
        "first",
        "last",
        "last 2",
        "most frequent",
        "unique list",
        "unique count",
    ];
    let all: Vec<&str> = [&["count"][..], &TIMES, &NUMBERS, &plain].concat();
    let numbers = vec!["count", "sum", "unique count"];
    let net = (any_drawn(numbers.clone()), any_drawn(numbers));
    let net = net.prop_map(|(drawn, minus)| Made {
        minus: Some(Box::new(minus)),
        ..drawn
    });
    let scored = any_drawn(vec![
        "count",
        "sum",
        "average",
        "unique count",
        "days since last",
    ]);
    let by = select(vec![vec![1, 2, 3], vec![2], vec![3, 1, 0]]);
    let scored = (scored, by).prop_map(|(drawn, by)| Made { by, ..drawn });
    prop_oneof![6 => any_drawn(all), 2 => net, 2 => scored]
}

fn any_asks() -> impl Strategy<Value = Asks> {
    let dated = any_known().prop_filter("a date", |test| test.path == "d");
    let held = prop::option::weighted(0.25, any_seconds());
    (any_made(), any_test(), dated, held).prop_map(|(made, test, dated, held)| Asks {
        // What is no time is tested as what it is: a number would be one of 1970.
        test: match made.by.is_empty() && made.function.starts_with("time of") {
            true => dated,
            false => test,
        },
        made,
        held,
    })
}

pub(super) fn any_three() -> impl Strategy<Value = Vec<Asks>> {
    prop::collection::vec(any_asks(), 3)
}
