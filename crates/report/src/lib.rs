//! Run folders to one self-contained HTML page with plots.
//!
//! [`Run::read`] reads a run's folder in the formats of [`embert_run`], [`page`] makes a page of one run or
//! one that compares several, and [`terminal`] draws a run's curves with characters. [`Sweep::read`],
//! [`sweep_page`] and [`sweep_terminal`] read and show the folder of a sweep. The page needs no network and
//! no script: plots are SVG, light or dark by the reader's setting, each with its numbers in a table.
//!
//! The crate does not train, evaluate, write or serve files, and knows neither Burn nor the crates that
//! train. It reads nothing but the files: the page of a run that goes on, was stopped, or comes from an older
//! version shows the existing ones and names the missing ones.
//!
//! ```no_run
//! use embert_report::{PageOptions, Run, page};
//!
//! let run = Run::read("runs/sample-001".as_ref())?;
//! std::fs::write("report.html", page(&[run], &PageOptions::default())?)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod answers;
mod chance;
mod class_figures;
mod compare;
mod counts;
mod damage;
mod entities;
mod error;
mod examples;
mod label_sets;
mod measures;
mod number;
mod page;
mod plot;
mod predictions;
mod run;
mod shown;
mod sweep;
mod terminal;
mod text;

pub use error::{ExampleProblem, ReportError};
pub use examples::RunExamples;
pub use page::{PageOptions, page, sweep_page};
pub use run::Run;
pub use sweep::{Sweep, SweepPoint, SweepRun};
pub use terminal::{sweep_terminal, terminal};
pub use text::{escaped, escaped_lines, excerpt, is_hidden, shortened};
