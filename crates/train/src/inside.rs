//! Readers that only a resumed run calls, for the fuzz targets; not part of the interface.

use std::path::Path;

use crate::metrics_log::{Logged, MetricsLog};
use crate::{TrainError, checkpoint};

/// Reads the `state.json` of a checkpoint's folder.
///
/// # Errors
/// The file can't be read, or is not a checkpoint's state.
pub fn read_state(checkpoint: &Path) -> Result<(), TrainError> {
    checkpoint::read_state(checkpoint).map(drop)
}

/// Reads a `metrics.jsonl` and removes the lines that a run resumed after `step` writes again.
///
/// # Errors
/// The file can't be read or written.
pub fn read_log(path: &Path, step: usize) -> Result<(), TrainError> {
    let logged = Logged::read(path)?;
    logged.evaluation("validation", step);
    MetricsLog::open(path, step).map(drop)
}
