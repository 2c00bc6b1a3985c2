//! embert-tokenize from outside: agreement with the reference, files in and out, lengths.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod checkpoints;
mod files;
mod lengths;
mod reference;
mod support;
mod tokens;
mod vocabulary;
