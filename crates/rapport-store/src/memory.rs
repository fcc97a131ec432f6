//! Engines in memory that inject conflicts, errors and crashes, for tests of everything above.
