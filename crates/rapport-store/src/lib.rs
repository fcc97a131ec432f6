//! The storage roles as traits, and one conformance suite for each.
