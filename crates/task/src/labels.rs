//! Labels: the meaning of a label's column, and the names and indices of labels.

pub(crate) mod cell;
pub(crate) mod column;
pub(crate) mod problem;
pub(crate) mod rule;
pub(crate) mod set;
