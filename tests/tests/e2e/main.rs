//! What a user does, with the built program, in temporary folders.

mod bad_input;
mod predict;
mod resume;
mod show;
mod train;
