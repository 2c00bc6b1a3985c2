//! One module a command.

pub(crate) mod devices;
pub(crate) mod eval;
pub(crate) mod inspect;
pub(crate) mod predict;
pub(crate) mod report;
pub(crate) mod sweep;
pub(crate) mod tokenize;
pub(crate) mod train;
pub(crate) mod watch;
