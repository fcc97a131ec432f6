//! What every history must do.
