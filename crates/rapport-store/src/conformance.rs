//! One suite per role that every engine runs: `conformance::ledger(make)` and so on.
