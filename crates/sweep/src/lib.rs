//! Sweeps: a config trained at several points with several seeds, one run after another, and the table of the
//! results.
//!
//! A [`SweepBuilder`] lays files, settings, grids and ranges over each other and builds a [`Sweep`]: a
//! config, and the [`Point`]s at which some of its keys have other values. [`Sweep::run`] trains each point
//! with each seed in a [`SweepFolder`], which no other process can use meanwhile. A [`SweepHost`] provides
//! models and data sets, and receives the events.
//!
//! What it does not do: train a step (`embert-train`), fetch anything (`embert-hub`), declare the files of a
//! sweep's folder (`embert-run`), parse arguments (`bert-train`), or draw charts (`embert-report`).
//!
//! ```
//! use embert_sweep::SweepBuilder;
//! use embert_train::ConfigBuilder;
//!
//! let sweep = SweepBuilder::new(ConfigBuilder::new())
//!     .grid("optimizer.learning_rate=1e-5,5e-5")?
//!     .seeds(3)
//!     .build()?;
//! assert_eq!(sweep.points()[1].to_string(), "optimizer.learning_rate = 0.00005");
//! # Ok::<(), embert_sweep::SweepError>(())
//! ```

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod builder;
mod definition;
mod draw;
mod error;
mod folder;
mod host;
mod record;
mod run;
mod section;
mod table;

pub use builder::SweepBuilder;
pub use definition::{Point, Sweep};
pub use error::{SweepError, SweepRunError};
pub use folder::SweepFolder;
pub use host::{SweepEvent, SweepHost};
pub use run::SweepOutcome;
