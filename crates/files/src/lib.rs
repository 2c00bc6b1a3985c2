//! The one place in embert that writes: files and folders that are on the disk whole or not at all, logs, and locks.
//!
//! - [`write()`], [`write_with`]: a file appears under its name when all of it is on the disk: written under another name, synced,
//!   renamed, and its folder synced. Until then the file that was there stays.
//! - [`folder`], [`remove_folder`]: the same for folders, which are replaced in one step.
//! - [`Appender`]: a log, which can lose its end and never its middle.
//! - [`Output`]: what the user named to write to, a file or a pipe or a device, never what is read.
//! - [`Lock`]: one process at a time works in a folder, and others learn who does.
//! - [`remove_leftovers`]: what killed processes left goes at the next start.
//!
//! What it does not do: read, know what the files are for, or speak of BERT.
//!
//! A test double ([`set_double`]) sees every operation of a thread before it happens and can let it fail: what a process leaves that
//! is killed there, or a disk whose power goes, can be built from what it saw.
//!
//! ```
//! let place = tempfile::tempdir()?;
//! let model = place.path().join("model");
//! embert_files::folder(&model, |folder| {
//!     embert_files::write(&folder.join("config.json"), b"{}")?;
//!     embert_files::write(&folder.join("README.md"), b"# A model\n")
//! })?;
//! assert_eq!(std::fs::read(model.join("config.json"))?, b"{}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod append;
mod cache;
mod disk;
mod error;
mod file;
mod folder;
mod lock;
mod output;
mod temporary;

pub use append::Appender;
#[cfg(unix)]
pub use cache::link;
pub use cache::{open_to_lock, replace_file};
pub use disk::{Double, Fault, Operation, set_double};
pub use error::{FileError, LockError, OutputError};
pub use file::{check_writable, remove_file, write, write_path_with, write_with};
pub use folder::{create_dir, create_dir_all, exchange, folder, remove_folder, remove_if_empty, rename};
pub use lock::{Holder, LOCK, Lock, free_space, time_in_name};
pub use output::Output;
pub use temporary::{TEMPORARY, is_temporary, remove_leftovers, remove_leftovers_beginning, scratch_file};
