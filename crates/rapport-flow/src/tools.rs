//! What transformations need from outside: an engine for scripts, a database of places.

use rapport_core::event::transform::geo::Places;
use rapport_core::event::transform::script::Engine;
use std::sync::Arc;

/// The tools of one process; what is not there cannot be used by a transformation.
#[derive(Clone, Default)]
pub struct Tools {
    /// Runs scripts.
    pub scripts: Option<Arc<dyn Engine>>,
    /// Says where addresses are.
    pub places: Option<Arc<dyn Places>>,
}
