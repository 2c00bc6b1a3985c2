//! The optimizer side of fine-tuning in Burn, with PyTorch's and `transformers`' meaning of every number.
//!
//! - [`AdamW`] over [`ParameterGroup`]s, each with its own learning rate and weight decay; a parameter in no
//!   group is frozen.
//! - [`ScheduleConfig`]: constant, linear, cosine and polynomial learning rates, with warm-up.
//! - [`global_norm`] and [`clip_factor`]: clipping by one norm over all gradients.
//! - [`GradientAccumulator`]: n micro-batches that give the update of one large batch.
//! - [`OptimizerState`]: the moments by parameter name, saved to a file and loaded, so that a run can be
//!   resumed.
//!
//! On Burn's CPU backend Flex the update and the norm are one pass over memory on all cores; on other
//! backends they are tensor operations.
//!
#![doc = include_str!("../README.md")]

mod accumulate;
mod adamw;
mod clip;
mod error;
mod groups;
mod kernels;
mod moments;
mod schedule;
mod state;

// The fixture of the integration tests names this crate `embert_optim`, so the crate needs that name here
// too.
#[cfg(all(test, feature = "flex"))]
extern crate self as embert_optim;
#[cfg(all(test, feature = "flex"))]
#[path = "../tests/it/fixture.rs"]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod fixture;

pub use accumulate::{GradientAccumulator, Shards};
pub use adamw::{AdamW, AdamWConfig};
pub use burn::optim::GradientsParams;
pub use clip::{clip_factor, global_norm};
pub use error::OptimError;
pub use groups::{Decay, ParameterGroup, TrainedParameter, build_groups};
pub use schedule::{Schedule, ScheduleConfig, Warmup};
pub use state::{OptimizerState, ParameterState};
