//! Words and limits that several parts of a sweep's page share.

use crate::number::thousands;
use crate::sweep::{Sweep, SweepPoint};

/// The most values of a key that are a line each in a plot, or that a table lists.
pub(super) const SERIES: usize = 8;
/// The rows of a table that are shown without opening it.
pub(super) const OPEN_ROWS: usize = 20;

/// "1 failed, 2 missing".
pub(super) fn end_of(failed: usize, missing: usize) -> String {
    let parts = [(failed, "failed"), (missing, "missing")];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    parts.map(|(count, what)| format!("{} {what}", thousands(*count))).collect::<Vec<_>>().join(", ")
}

/// A point's settings within a sentence.
pub(super) fn described(sweep: &Sweep, point: &SweepPoint) -> String {
    if sweep.keys.is_empty() {
        return point.row.point.clone();
    }
    sweep.keys.iter().map(|key| format!("{key} = {}", point.setting(key))).collect::<Vec<_>>().join(", ")
}
