//! The one place in embert that writes: files and folders that are on the disk completely or not at all,
//! logs, and locks.
//!
//! - [`write()`], [`write_with`]: a file is written under a temporary name, synced, renamed, and its folder
//!   synced. Until the rename the old file stays.
//! - [`folder`], [`remove_folder`]: a folder is filled under a temporary name and then renamed; an old folder
//!   is replaced in one step.
//! - [`Appender`]: a log that can lose its end and never its middle.
//! - [`Output`]: a file, pipe or device that the user named to write to, and that is none of the input files.
//! - [`Lock`]: one process at a time works in a folder; other processes learn which one.
//! - [`remove_leftovers`]: removes the temporary files of killed processes.
//!
//! The crate does not read files, and does not know their formats.
//!
//! A test double ([`set_double`]) sees every operation of a thread before it happens and can let it fail.
//! From these operations a test builds the disk that a killed process or a power cut leaves.
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
mod holder;
mod lock;
mod output;
mod temporary;

pub use append::Appender;
#[cfg(unix)]
pub use cache::link;
pub use cache::{open_to_lock, replace_file};
pub use disk::{Double, Fault, Operation, set_double};
pub use error::{FileError, LockError, OutputError};
pub use file::{check_writable, remove_file, write, write_json, write_path_with, write_with};
pub use folder::{create_dir, create_dir_all, exchange, folder, remove_folder, remove_if_empty, rename};
pub use holder::Holder;
pub use lock::{LOCK, Lock, free_space, is_time_in_name, time_in_name};
pub use output::Output;
pub use temporary::{TEMPORARY, is_temporary, remove_leftovers, remove_leftovers_beginning, scratch_file};
