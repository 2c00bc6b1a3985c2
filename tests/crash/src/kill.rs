//! What is left when a process ends: all that it did, and nothing else.

use crate::disk::{Disk, Impossible};
use crate::trace::Trace;

/// The file system after the first `operations` of a trace. A process that is killed leaves what programs see of it
/// ([`Disk::now`]); when the power goes, it is what [`Power`](crate::Power) says.
///
/// # Errors
/// The trace is not of such a file system.
pub fn after(trace: &Trace, operations: usize) -> Result<Disk, Impossible> {
    let mut disk = Disk::new(&trace.before);
    trace.steps.iter().take(operations).try_for_each(|step| disk.apply(step))?;
    Ok(disk)
}
