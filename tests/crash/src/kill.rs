//! The state that is left when a process ends: the effects of all its operations so far.

use crate::disk::{Disk, Impossible};
use crate::trace::Trace;

/// The file system after the first `operations` of a trace. A process that is killed leaves what programs see
/// ([`Disk::now`]); a power cut leaves one of the states of [`Power`](crate::Power).
///
/// # Errors
/// The trace has an operation that is impossible.
pub fn after(trace: &Trace, operations: usize) -> Result<Disk, Impossible> {
    let mut disk = Disk::new(&trace.before);
    trace.steps.iter().take(operations).try_for_each(|step| disk.apply(step))?;
    Ok(disk)
}
