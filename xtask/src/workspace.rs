//! Where the workspace and its target folder are, and the result of a command.

use std::error::Error;
use std::path::{Path, PathBuf};

/// The result of a command. Only `main` handles its errors: it prints them with their causes.
pub(crate) type TaskResult = Result<(), Box<dyn Error>>;

/// The repository's root: that of the checkout in which Cargo runs this program, since several checkouts may
/// share a target folder.
pub(crate) fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&package).with_file_name("")
}

/// Cargo's target folder.
pub(crate) fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
