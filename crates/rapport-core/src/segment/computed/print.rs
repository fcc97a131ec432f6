//! The canonical text of computed traits.

use super::{Computed, Drawn, Function};
use std::fmt;

/// `score of sum of revenue of "Order Completed" minus sum of total of "Order Refunded" by 1, 2`.
impl fmt::Display for Computed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.thresholds.is_empty() {
            f.write_str("score of ")?;
        }
        write!(f, "{}", self.drawn)?;
        if let Some(minus) = &self.minus {
            write!(f, " minus {minus}")?;
        }
        for (at, threshold) in self.thresholds.iter().enumerate() {
            let word = if at == 0 { " by" } else { "," };
            write!(f, "{word} {threshold}")?;
        }
        Ok(())
    }
}

/// `most frequent category of "Product Viewed" where brand = "Alm" within 90 days`.
impl fmt::Display for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.function.word())?;
        if self.function.has_of() {
            f.write_str(" of")?;
        }
        if let Function::LastFew(number) = self.function {
            write!(f, " {number}")?;
        }
        if let Some(path) = &self.path {
            write!(f, " {path} of")?;
        }
        write!(f, " {}", self.happening)?;
        if let Some(filter) = &self.filter {
            write!(f, " where {filter}")?;
        }
        write!(f, "{}", self.window)
    }
}

impl Function {
    /// Whether the text has an `of` behind its words.
    pub(in crate::segment) fn has_of(self) -> bool {
        self.adds_numbers()
            || matches!(
                self,
                Function::Count | Function::UniqueList | Function::UniqueCount
            )
    }
}
