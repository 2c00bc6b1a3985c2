//! Helpers for the end-to-end tests of `bert-train` and `cargo xtask fetch`.
#![allow(
    clippy::missing_panics_doc,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "panicking is how a test fails"
)]

pub mod browser;
pub mod hub_double;
pub mod program;
pub mod runs;
#[cfg(unix)]
pub mod terminal;
