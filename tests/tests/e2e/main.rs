//! The commands of a user, run with the built program in temporary folders.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad_input;
mod bad_input_tasks;
mod embed;
mod formats;
mod golden;
mod heads;
#[cfg(unix)]
mod hostile;
mod hub;
mod kinds;
mod limits;
#[cfg(unix)]
mod locks;
mod made_up;
#[cfg(unix)]
mod output;
mod predict;
mod reading;
mod report;
mod report_tasks;
mod resume;
mod show;
#[cfg(unix)]
mod signals;
mod similarity;
mod sound;
mod sweep;
mod tasks;
mod tasks_predict;
mod tasks_program;
#[cfg(unix)]
mod tasks_user;
mod tokenizer;
mod train;
mod watch;
