//! Cutting: texts that are too long lose tokens, or are read in windows.

pub(crate) mod sentences;
pub(crate) mod sequence;
pub(crate) mod truncation;
pub(crate) mod windows;
