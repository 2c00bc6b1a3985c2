//! [`SweepHost`]: the models and data sets that the calling program provides to a sweep; [`SweepEvent`]: the
//! sweep's progress.

use std::path::{Path, PathBuf};

use embert_run::{End, RunFiles};
use embert_task::{Task, TaskData};
use embert_train::{Observer, Provenance, TrainConfig};

use crate::Point;

/// Provides models and data sets to a sweep, and receives its events.
pub trait SweepHost {
    /// The task that every run trains for.
    type Task: Task;
    /// Why a model or a data set can't be provided.
    type Error: std::error::Error + Send + Sync + 'static;

    /// The folder of the config's checkpoint. Called before the first run for each model, and again before
    /// each run.
    ///
    /// # Errors
    /// The model can't be found or fetched.
    fn model(&mut self, config: &TrainConfig) -> Result<PathBuf, Self::Error>;

    /// The config's data set. Called once for each set of splits, however many runs train on it.
    ///
    /// # Errors
    /// The data set can't be found, fetched or read.
    fn data(&mut self, config: &TrainConfig) -> Result<TaskData<Self::Task>, Self::Error>;

    /// Where model and data set came from, for the model cards.
    fn provenance(&self, config: &TrainConfig) -> Provenance {
        let _ = config;
        Provenance::default()
    }

    /// An observer for the events of the next run.
    fn observer(&mut self) -> Option<Box<dyn Observer>> {
        None
    }

    /// Called once for each event, in order.
    ///
    /// # Errors
    /// An error stops the sweep.
    fn on_event(&mut self, event: &SweepEvent<'_>) -> Result<(), Self::Error> {
        let _ = event;
        Ok(())
    }
}

/// Something that happened in a sweep.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum SweepEvent<'a> {
    /// The sweep begins, or is resumed.
    Start {
        /// Runs in all.
        runs: usize,
        /// Runs that are complete.
        complete: usize,
    },
    /// The sweep that will be replaced has been moved.
    Replaces {
        /// The replaced sweep's folder, which stays until the new sweep is complete.
        old: &'a Path,
    },
    /// The splits of a data set were encoded.
    Encoded {
        /// The settings of the first run that trains on them.
        config: &'a TrainConfig,
    },
    /// A run begins, or is resumed.
    RunBegins {
        /// The run's number, from 1, in the order in which runs are trained.
        number: usize,
        /// Runs in all.
        runs: usize,
        /// The run's files.
        run: &'a RunFiles,
        /// The run's point.
        point: &'a Point,
        /// The run's seed.
        seed: u64,
    },
    /// Notes for the user on the run whose model was loaded.
    Notes(&'a [String]),
    /// A run is complete.
    RunEnds {
        /// The run's files.
        run: &'a RunFiles,
        /// How the run ended.
        end: &'a End,
    },
    /// A run stopped with an error; the sweep goes on.
    RunFailed {
        /// The run's files.
        run: &'a RunFiles,
        /// The error with all its causes, in one line.
        error: &'a str,
    },
}
