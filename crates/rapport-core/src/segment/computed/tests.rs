//! Computed traits, tried.
