//! embert-model from outside: agreement with `transformers`, loading, saving, gradients and freezing.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "the largest differences seen, for docs/fidelity.md")]

mod activations;
mod dropout;
mod folder;
mod head_gradients;
mod heads;
mod loading;
mod masked_lm;
mod parity;
mod prefix;
mod problems;
mod question_answering;
mod saving;
mod support;
mod training;
