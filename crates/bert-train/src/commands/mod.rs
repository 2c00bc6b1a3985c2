//! One file for each command: its arguments, and its `run`.
#![allow(
    clippy::doc_markdown,
    reason = "the docs of options are their help, which a terminal shows as it is"
)]

pub(crate) mod devices;
pub(crate) mod embed;
pub(crate) mod eval;
pub(crate) mod inspect;
pub(crate) mod predict;
pub(crate) mod report;
pub(crate) mod sweep;
pub(crate) mod tokenize;
pub(crate) mod train;
pub(crate) mod vocabulary;
pub(crate) mod watch;
