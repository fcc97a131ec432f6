//! What every seen must do.
