//! Labels: what a column of them means, and their names and indices.

pub(crate) mod cell;
pub(crate) mod column;
pub(crate) mod labels;
pub(crate) mod problem;
pub(crate) mod set;
