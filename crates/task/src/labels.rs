//! Labels: what a column of them means, and their names and indices.

pub(crate) mod cell;
pub(crate) mod column;
pub(crate) mod problem;
pub(crate) mod rule;
pub(crate) mod set;
