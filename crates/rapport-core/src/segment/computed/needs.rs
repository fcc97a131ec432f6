//! What a computed trait needs: the leaves that keep its events.

use super::{Computed, Drawn, Function};
use crate::segment::leaf::{Bounds, Form, LeafSpec, Property};
use crate::segment::operator::{Operator, Test};
use crate::segment::path::Path;
use crate::segment::rule::{CURRENCY, Filter, Need, currency};
use crate::segment::window::Window;

impl Computed {
    /// The leaves that it needs, in the order written, where one looks back `past_ms`.
    #[must_use]
    pub fn needs(&self, past_ms: i64) -> Vec<Need> {
        self.parts().map(|part| part.need(past_ms)).collect()
    }
}

impl Drawn {
    /// The leaf of its events.
    pub(in crate::segment) fn need(&self, past_ms: i64) -> Need {
        let kept = self.kept();
        let amount = self.asks_currency().then(currency);
        let filter = self.filter_of_leaf();
        let mut spec =
            LeafSpec::of(&self.happening, filter.as_ref()).keeping(kept.into_iter().chain(amount));
        spec.dates = self.window.dates();
        let bounds = self.bounds();
        spec.oldest = bounds.oldest;
        let bounds = bounds.held(past_ms);
        Need { spec, bounds }
    }

    /// What is kept of its property.
    pub(in crate::segment) fn kept(&self) -> Option<Property> {
        let form = match self.function {
            Function::UniqueCount => Form::Same,
            function if function.adds_numbers() => Form::Number,
            _ => Form::Plain,
        };
        let path = self.path.clone()?;
        Some(Property { path, form })
    }

    /// Whether amounts in several currencies could meet in it.
    pub(in crate::segment) fn asks_currency(&self) -> bool {
        let is_fixed = self
            .filter
            .as_ref()
            .is_some_and(|filter| filter.fixes(CURRENCY));
        self.function.adds_numbers() && !is_fixed
    }

    fn bounds(&self) -> Bounds {
        let reach_ms = self.window.reach_ms();
        let ends_now = match &self.window {
            Window::Ever | Window::Within(_) | Window::Dates(_) => true,
            Window::Calendar { back, .. } => *back == 0,
            Window::Before(_) | Window::Ago { .. } | Window::Since(_) => false,
        };
        let begins_ever = matches!(
            self.window,
            Window::Ever | Window::Before(_) | Window::Dates(_)
        );
        match self.function.last_few() {
            _ if self.function.is_first() && begins_ever => Bounds::oldest(1),
            Some(number) if ends_now => Bounds::newest(number, reach_ms),
            _ => Bounds::all(reach_ms),
        }
    }

    /// Of the functions that pick values only events that have one are kept.
    fn filter_of_leaf(&self) -> Option<Filter> {
        let path = self.path.as_ref();
        let path = path.filter(|_| !self.function.adds_numbers());
        match (self.filter.clone(), path.and_then(exists)) {
            (Some(filter), Some(exists)) => Some(Filter::All(vec![filter, exists])),
            (filter, exists) => filter.or(exists),
        }
    }
}

fn exists(path: &Path) -> Option<Filter> {
    let test = Test::new(Operator::from_word("exists")?, Vec::new())?;
    let path = path.clone();
    Some(Filter::Property { path, test })
}
