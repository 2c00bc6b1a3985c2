//! [`StopSignal`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Requests that a running [`Trainer`](crate::Trainer) finishes its step, saves and returns. Clones share the
/// signal.
#[derive(Clone, Debug, Default)]
pub struct StopSignal(Arc<AtomicBool>);

impl StopSignal {
    /// Requests that training stop after the current step.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// True once [`request`](Self::request) was called on any clone.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
