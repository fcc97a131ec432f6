//! What may stand where in a computed trait, and what of its events is not kept.

use super::{Computed, Drawn, Function};
use crate::segment::count::Count;
use crate::segment::rule::{Asked, Did, Filter, Need, RULE_BYTES_MAX, Rule};
use crate::segment::window::Window;

/// The most events whose values `last n` lists.
pub const FEW_MAX: u16 = 100;
/// The most thresholds of a score.
pub const THRESHOLDS_MAX: usize = 9;

type Checked = Result<(), &'static str>;

impl Computed {
    /// Whether it stays within the limits and its parts fit each other, and why not.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self) -> Checked {
        for part in self.parts() {
            part.check()?;
        }
        let takes_off = |part: &Drawn| part.function.is_of_none() && part.function.is_number();
        if self.minus.is_some() && !self.parts().all(takes_off) {
            return Err("`minus` stands between two of count, sum and unique count");
        }
        self.check_thresholds()?;
        match self.to_string().len() > RULE_BYTES_MAX {
            true => Err("a trait is at most 64 KB long"),
            false => Ok(()),
        }
    }

    /// What of its events is kept only up to a limit, in sentences.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        Need::notes(&self.needs(0))
    }

    fn check_thresholds(&self) -> Checked {
        if self.thresholds.is_empty() {
            return Ok(());
        }
        if self.thresholds.len() > THRESHOLDS_MAX {
            return Err("a score has at most 9 thresholds");
        }
        if !self.drawn.function.is_number() {
            return Err("a score is made of a number");
        }
        let pairs = || self.thresholds.windows(2);
        let is_straight =
            pairs().all(|pair| pair[0] < pair[1]) || pairs().all(|pair| pair[0] > pair[1]);
        match is_straight {
            true => Ok(()),
            false => Err("the thresholds of a score all rise, or all fall"),
        }
    }
}

impl Drawn {
    fn check(&self) -> Checked {
        if self.function.takes_path() != self.path.is_some() {
            return Err("this function is made of a property, or of none");
        }
        if let Function::LastFew(number) = self.function
            && !(2..=FEW_MAX).contains(&number)
        {
            return Err("the number of last values lies between 2 and 100");
        }
        if matches!(self.window, Window::Since(_)) {
            return Err("a trait has no window since another event");
        }
        let links = self.filter.iter().flat_map(Filter::links);
        if links.count() > 0 {
            return Err("the events of a trait compare with what is written in it only");
        }
        let did = Did {
            happening: self.happening.clone(),
            filter: self.filter.clone(),
            asked: Asked::Count(Count::AtLeast(1)),
            window: self.window.clone(),
        };
        Rule::Did(Box::new(did)).check()
    }
}
