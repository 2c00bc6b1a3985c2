//! `cargo xtask structure`: the rules of the workspace's structure, which take seconds to check.
//!
//! [`edges`]: which crate depends on which; [`lengths`]: no file is too long to read; [`imports`]: no files
//! import each other in a circle.

mod edges;
mod imports;
mod lengths;

use crate::TaskResult;

/// Checks all rules and lists every violation.
pub(crate) fn run() -> TaskResult {
    let mut found = edges::violations()?;
    found.extend(lengths::violations()?);
    found.extend(imports::violations()?);
    if found.is_empty() {
        println!("the crates' edges, the files' lengths and their imports are as they should be");
        return Ok(());
    }
    Err(found.join("\n\n").into())
}
