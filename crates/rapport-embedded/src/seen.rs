//! Seen ids in immutable sorted runs under `seen/`.
