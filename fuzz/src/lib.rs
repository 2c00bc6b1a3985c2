//! Fuzz targets for everything that embert reads.
//!
//! A [`Target`] gives bytes to one reader, in a [`Folder`] of its own where the reader wants files, and
//! checks what must hold whatever the bytes are. A [`Watch`] runs a target and reports an input that panicked
//! or took too long; the program's allocator limits the memory. The program `embert-fuzz` makes inputs with
//! libFuzzer, which sees the code that each input reaches, or, built without libFuzzer, by changing the seeds
//! blindly. `cargo xtask fuzz` is what people run.
//!
//! A reader's results are compared with one another and not with other programs': for those there are the
//! crates' own tests.

#![allow(
    clippy::missing_panics_doc,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a target that can't do its work, or finds something, panics"
)]

mod folder;
mod minimize;
mod mutate;
mod seeds;
mod target;
mod targets;
mod watch;

pub use folder::Folder;
pub use minimize::minimize;
pub use mutate::Mutator;
pub use target::{Target, join, parts};
pub use targets::{TARGETS, target};
pub use watch::{Finding, Watch, allowed};
