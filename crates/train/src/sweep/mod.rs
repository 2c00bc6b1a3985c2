//! Sweeps: a config trained at several points with several seeds, one run after another, and the table of what came of it.

mod builder;
mod definition;
mod draw;
mod error;
mod folder;
mod record;
mod table;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use embert_data::DataSet;
use embert_files::remove_leftovers;
use embert_model::DeviceChoice;
use embert_run::{Status, SweepTable};

pub use self::builder::SweepBuilder;
pub use self::definition::{Point, Sweep};
pub use self::error::SweepError;
use self::folder::{SweepFolder, run_name};
use self::record::Records;
use crate::checkpoint::Checkpoints;
use crate::claim::{Kind, tidy};
use crate::error::IoContext as _;
use crate::result::count_memory_anew;
use crate::{
    Claim, ConfigError, EncodedSplits, End, Existing, Observer, Outcome, Provenance, RunFolder, StopSignal,
    Task, TrainConfig, TrainError, Trainer,
};

/// An error of the program around a sweep.
type HostError = Box<dyn std::error::Error + Send + Sync>;

/// What a sweep needs of the program around it: where models and data are, and somebody who watches.
pub trait SweepHost {
    /// The folder of the config's checkpoint. Asked before anything runs, and before each run.
    ///
    /// # Errors
    /// It can't be had.
    fn model(&mut self, config: &TrainConfig) -> Result<PathBuf, HostError>;

    /// The config's data set. Asked once for each set of splits, however many runs train on it.
    ///
    /// # Errors
    /// It can't be had.
    fn data(&mut self, config: &TrainConfig) -> Result<DataSet, HostError>;

    /// Where both came from, for the model cards.
    fn provenance(&self, config: &TrainConfig) -> Provenance {
        let _ = config;
        Provenance::default()
    }

    /// What follows a run's own events.
    fn observer(&mut self) -> Option<Box<dyn Observer>> {
        None
    }

    /// Called once for each event, in order.
    ///
    /// # Errors
    /// An error stops the sweep.
    fn on_event(&mut self, event: &SweepEvent<'_>) -> Result<(), TrainError> {
        let _ = event;
        Ok(())
    }
}

/// Something that happened in a sweep.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum SweepEvent<'a> {
    /// The sweep begins, or goes on.
    Start {
        /// Runs in all.
        runs: usize,
        /// Those that are complete.
        complete: usize,
    },
    /// A sweep that is replaced has moved.
    Replaces {
        /// Where it is until the new one is complete.
        old: &'a Path,
    },
    /// Splits were encoded.
    Encoded {
        /// For these settings, and all others that do not change the data.
        config: &'a TrainConfig,
    },
    /// A run begins, or goes on.
    RunBegins {
        /// Its number, from 1, in the order in which they are run.
        number: usize,
        /// Runs in all.
        runs: usize,
        /// Its folder.
        run: &'a RunFolder,
        /// Its point.
        point: &'a Point,
        /// Its seed.
        seed: u64,
    },
    /// What a user should know of the run, once the model is loaded.
    Notes(&'a [String]),
    /// A run is complete.
    RunEnds {
        /// Its folder.
        run: &'a RunFolder,
        /// How it ended.
        end: &'a End,
    },
    /// A run stopped with an error; the sweep goes on.
    RunFailed {
        /// Its folder.
        run: &'a RunFolder,
        /// Why, with all causes.
        error: &'a str,
    },
}

/// Whether a sweep is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SweepStart {
    /// It is.
    New(Existing),
    /// What its folder lacks is run, and what failed is tried again.
    GoOn,
}

/// Whether every run of the sweep in a folder is complete.
pub(crate) fn is_finished(folder: &Path) -> Result<bool, TrainError> {
    SweepFolder::new(folder).is_finished()
}

/// How a sweep ended.
#[derive(Clone, Debug, PartialEq)]
pub enum SweepOutcome {
    /// Each run is complete or has failed.
    Complete(SweepTable),
    /// It was stopped and can go on.
    Interrupted(SweepTable),
}

/// A run of a sweep.
struct Job {
    point: usize,
    seed: u64,
    name: String,
    config: TrainConfig,
}

impl Sweep {
    /// The sweep in a folder.
    ///
    /// # Errors
    /// There is none, or its `sweep.toml` can't be used.
    pub fn open(folder: &Path) -> Result<Self, SweepError> {
        let definition = SweepFolder::new(folder).definition_path();
        if !definition.is_file() {
            return Err(SweepError::NotASweep { path: folder.to_owned() });
        }
        Self::read(&definition)
            .map_err(|source| SweepError::Definition { path: folder.to_owned(), source: Box::new(source) })
    }

    /// Trains what the folder lacks, run after run, and writes the table after each: [`run_in`](Self::run_in) the folder that is
    /// claimed, or opened.
    ///
    /// # Errors
    /// Those of [`Claim::sweep`], [`Claim::resumed_sweep`] and [`run_in`](Self::run_in).
    pub fn run(
        &self,
        folder: &Path,
        start: SweepStart,
        host: &mut dyn SweepHost,
        stop: &StopSignal,
    ) -> Result<SweepOutcome, TrainError> {
        let claim = match start {
            SweepStart::New(existing) => Claim::sweep(folder, existing)?,
            SweepStart::GoOn => Claim::resumed_sweep(folder)?,
        };
        self.run_in(claim, host, stop)
    }

    /// Trains what a folder lacks, run after run, and writes the table after each. No other process works in it meanwhile.
    ///
    /// A run that fails is recorded with its error, and the others go on. Runs that train on the same splits share them: a
    /// data set is loaded and encoded once, or once for each value of a key that it depends on. A sweep that was stopped,
    /// or killed, goes on in a [resumed](Claim::resumed_sweep) folder and ends with the same table, times aside. A sweep that is
    /// replaced goes when all runs of the new one are complete.
    ///
    /// # Errors
    /// The folder can't be written, the first run's model or data can't be loaded, or an observer's error.
    pub fn run_in(
        &self,
        claim: Claim,
        host: &mut dyn SweepHost,
        stop: &StopSignal,
    ) -> Result<SweepOutcome, TrainError> {
        let folder = SweepFolder::new(claim.path());
        let goes_on = claim.goes_on();
        let jobs = self.jobs()?;
        let mut records = Records::default();
        let mut todo = Vec::new();
        for job in &jobs {
            // An old sweep that will be replaced counts for nothing.
            if goes_on && records.of(self, &folder, job.point, job.seed)?.is_some() {
                let run = folder.run(&job.name);
                remove_leftovers(run.path())?;
                self.tidy(&run)?;
            } else {
                todo.push(job);
            }
        }
        // What no run can do without is found out while nothing is written.
        let mut splits = None;
        let mut models: Vec<&str> = Vec::new();
        for job in &todo {
            claim.check_reads(&job.config)?;
            if !models.contains(&job.config.model.as_str()) {
                job.model(host)?;
                models.push(&job.config.model);
            }
        }
        if let Some(first) = todo.first() {
            first.splits(host, &mut splits)?;
        }
        let held = if goes_on { claim.resume() } else { claim.begin(self.to_toml()?.as_bytes())? };
        if let Some(old) = &held.replaced {
            host.on_event(&SweepEvent::Replaces { old })?;
        }
        let mut failures = folder.failures()?;
        let runs = jobs.len();
        host.on_event(&SweepEvent::Start { runs, complete: runs - todo.len() })?;
        for (runs_before, job) in todo.into_iter().enumerate() {
            if stop.is_requested() {
                break;
            }
            let measures_peak = count_memory_anew() || runs_before == 0;
            let number = jobs.iter().take_while(|other| other.name != job.name).count() + 1;
            let run = folder.run(&job.name);
            let (point, seed) = (&self.points()[job.point], job.seed);
            host.on_event(&SweepEvent::RunBegins { number, runs, run: &run, point, seed })?;
            match job.train(&run, host, &mut splits, stop, measures_peak) {
                Ok(Outcome::Complete(end)) => {
                    failures.remove(&job.name);
                    self.tidy(&run)?;
                    host.on_event(&SweepEvent::RunEnds { run: &run, end: &end })?;
                }
                Ok(Outcome::Interrupted { .. }) => break,
                Err(error @ TrainError::Observer { .. }) => return Err(error),
                Err(error) => {
                    let text = chain(&error);
                    // It would come to the same end again; what another failure leaves may be worth going on from.
                    if matches!(error, TrainError::NotFinite { .. }) {
                        self.tidy(&run)?;
                    }
                    host.on_event(&SweepEvent::RunFailed { run: &run, error: &text })?;
                    failures.insert(job.name.clone(), text);
                }
            }
            self.table(&folder, &mut records, &failures)?;
        }
        let table = self.table(&folder, &mut records, &failures)?;
        if table.count(Status::Complete) == runs
            && let Err(error) = tidy(Kind::Sweep, folder.path())
        {
            tracing::warn!("what the sweep replaced can't be removed: {error}");
        }
        Ok(if table.count(Status::Missing) > 0 {
            SweepOutcome::Interrupted(table)
        } else {
            SweepOutcome::Complete(table)
        })
    }

    fn table(
        &self,
        folder: &SweepFolder,
        records: &mut Records,
        failures: &BTreeMap<String, String>,
    ) -> Result<SweepTable, TrainError> {
        let table = table::table(self, folder, records, |name| failures.get(name).cloned())?;
        table::write(&table, folder)?;
        Ok(table)
    }

    /// All runs, those on the same splits one after another.
    fn jobs(&self) -> Result<Vec<Job>, TrainError> {
        let mut groups: Vec<Vec<Job>> = Vec::new();
        for point in 0..self.points().len() {
            for seed in self.seeds() {
                let name = run_name(&self.name(point), seed);
                let job = Job { point, seed, name, config: self.config(point, seed)? };
                let same = groups.iter().position(|group| EncodedSplits::same(&group[0].config, &job.config));
                match same {
                    Some(group) => groups[group].push(job),
                    None => groups.push(vec![job]),
                }
            }
        }
        Ok(groups.into_iter().flatten().collect())
    }

    /// Removes the checkpoints of a run that doesn't need them any more.
    fn tidy(&self, run: &RunFolder) -> Result<(), TrainError> {
        let checkpoints = run.checkpoints();
        if !self.keeps_checkpoints() && checkpoints.is_dir() {
            // What a user has put there stays.
            Checkpoints::at(run).clear()?;
        }
        Ok(())
    }
}

impl Job {
    fn train(
        &self,
        run: &RunFolder,
        host: &mut dyn SweepHost,
        splits: &mut Option<EncodedSplits>,
        stop: &StopSignal,
        measures_peak: bool,
    ) -> Result<Outcome, TrainError> {
        let splits = self.splits(host, splits)?;
        // Means the same from every working folder.
        let output = std::path::absolute(run.path()).at("find", run.path())?;
        let config = TrainConfig { output: Some(output), ..self.config.clone() };
        let choice: DeviceChoice = config.device.parse().map_err(|source| ConfigError::Device { source })?;
        let (_, device) = choice.resolve().map_err(|source| ConfigError::Device { source })?;
        let model_folder = self.model(host)?;
        let task = Task::with_splits(&config, &model_folder, splits, &device)?;
        host.on_event(&SweepEvent::Notes(&task.notes()))?;
        let run = self.folder(run, &config)?;
        let mut trainer =
            Trainer::new(config, task, run, device).provenance(host.provenance(&self.config)).stop_with(stop);
        if !measures_peak {
            trainer = trainer.without_peak_memory();
        }
        if let Some(observer) = host.observer() {
            trainer = trainer.observe(observer);
        }
        trainer.run()
    }

    /// Makes the run's folder, or sees that what is there is this run's, and locks it.
    fn folder(&self, run: &RunFolder, config: &TrainConfig) -> Result<RunFolder, TrainError> {
        if !run.config_path().is_file() {
            return RunFolder::begin(Claim::lock(Kind::Run, run.path())?, config);
        }
        // A result that the log doesn't know of is made again.
        let (run, found) = RunFolder::open_any(run.path())?;
        // The sweep may have been moved meanwhile.
        if (TrainConfig { output: None, ..found }) == self.config {
            return Ok(run);
        }
        Err(SweepError::Changed { path: run.path().to_owned() }.into())
    }

    fn model(&self, host: &mut dyn SweepHost) -> Result<PathBuf, TrainError> {
        let what = || format!("can't get the model {}", self.config.model);
        host.model(&self.config).map_err(|source| SweepError::Source { what: what(), source }.into())
    }

    /// The splits that the run trains on: those of the run before it, or new ones in their place.
    fn splits<'a>(
        &self,
        host: &mut dyn SweepHost,
        splits: &'a mut Option<EncodedSplits>,
    ) -> Result<&'a EncodedSplits, TrainError> {
        // Taken out, so that the old ones are gone before the new ones come.
        if let Some(fitting) = splits.take().filter(|splits| splits.fit(&self.config)) {
            return Ok(splits.insert(fitting));
        }
        let model_folder = self.model(host)?;
        let what = format!("can't load the data set {}", self.config.dataset);
        let data = host.data(&self.config).map_err(|source| SweepError::Source { what, source })?;
        let encoded = EncodedSplits::encode(&self.config, &model_folder, data)?;
        host.on_event(&SweepEvent::Encoded { config: &self.config })?;
        Ok(splits.insert(encoded))
    }
}

/// An error with all its causes in a line, each once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
