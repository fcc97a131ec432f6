//! The doors: HTTP by dialect and resource.
