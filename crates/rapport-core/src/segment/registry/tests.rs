//! Versions, builds, circles and leaves.
