//! The tasks beside text classification, against `transformers` and PyTorch.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod alignment;
mod answer_spans;
mod cut;
mod fill_mask;
mod losses;
mod pipeline;
mod pooled;
mod question_pipeline;
mod reference;
mod windows;
