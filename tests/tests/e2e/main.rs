//! What a user does, with the built program, in temporary folders.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad_input;
mod heads;
#[cfg(unix)]
mod hostile;
mod hub;
mod kinds;
mod limits;
mod made_up;
mod predict;
mod reading;
mod report;
mod resume;
mod show;
mod sweep;
mod tokenizer;
mod train;
mod watch;
