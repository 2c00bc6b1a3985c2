//! End-to-end tests.

pub mod hub_double;
