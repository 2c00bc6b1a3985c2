//! [`Sweep::run`]: trains a sweep's runs one after another and writes the table of their results.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use embert_files::remove_leftovers;
use embert_model::DeviceChoice;
use embert_run::{FolderKind, RunFiles, Status, SweepFiles, SweepTable};
use embert_task::Task as _;
use embert_train::{
    Claim, ConfigError, EncodedSplits, Outcome, Prepared, RunFolder, StopSignal, TrainConfig, TrainError,
    Trainer, count_memory_anew, have_same_splits, remove_checkpoints,
};

use crate::folder::failures;
use crate::record::Records;
use crate::{Sweep, SweepError, SweepEvent, SweepFolder, SweepHost, SweepRunError, table};

/// How a sweep ended.
#[derive(Clone, Debug, PartialEq)]
pub enum SweepOutcome {
    /// Each run is complete or has failed.
    Complete(SweepTable),
    /// The sweep was stopped and can be resumed.
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
    /// Trains each run that is not complete, one after another, and writes the table after each.
    ///
    /// A run that fails is recorded with its error, and the sweep goes on. Runs on the same splits share the
    /// encoded texts: a data set is loaded and encoded once, or once for each value of a key that the splits
    /// depend on. A sweep that was stopped or killed is resumed in a folder that was
    /// [opened](SweepFolder::open), and ends with the same table, times aside. A replaced sweep is removed
    /// when all runs of the new sweep are complete.
    ///
    /// # Errors
    /// The folder can't be written, a model or the first run's data set can't be provided, or an observer or
    /// the host fails.
    pub fn run<H: SweepHost>(
        &self,
        folder: SweepFolder,
        host: &mut H,
        stop: &StopSignal,
    ) -> Result<SweepOutcome, SweepRunError<H::Error>> {
        let sweep =
            Self { base: self.base.clone().with_default_metric(Some(H::Task::METRIC)), ..self.clone() };
        sweep.run_in(folder, host, stop)
    }

    /// Trains the runs of a sweep whose base config has the task's values.
    fn run_in<H: SweepHost>(
        &self,
        folder: SweepFolder,
        host: &mut H,
        stop: &StopSignal,
    ) -> Result<SweepOutcome, SweepRunError<H::Error>> {
        let SweepFolder { claim, is_resumed } = folder;
        let files = SweepFiles::new(claim.path());
        let jobs = self.jobs()?;
        let mut records = Records::default();
        let mut todo = Vec::new();
        for job in &jobs {
            // The runs of a sweep that will be replaced do not count.
            if is_resumed && records.of(self, &files, job.point, job.seed)?.is_some() {
                let run = files.run(&job.name);
                remove_leftovers(run.folder()).map_err(SweepError::from)?;
                self.tidy(&run)?;
            } else {
                todo.push(job);
            }
        }
        // A model or data set that is missing is an error before anything is written.
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
        let held = if is_resumed { claim.resume() } else { claim.begin(self.to_toml()?.as_bytes())? };
        if let Some(old) = held.replaced() {
            tell(host, &SweepEvent::Replaces { old })?;
        }
        let mut failures = failures(&files)?;
        let runs = jobs.len();
        tell(host, &SweepEvent::Start { runs, complete: runs - todo.len() })?;
        for (runs_before, job) in todo.into_iter().enumerate() {
            if stop.is_requested() {
                break;
            }
            let measures_peak = count_memory_anew() || runs_before == 0;
            let number = jobs.iter().take_while(|other| other.name != job.name).count() + 1;
            let run = files.run(&job.name);
            let (point, seed) = (&self.points()[job.point], job.seed);
            tell(host, &SweepEvent::RunBegins { number, runs, run: &run, point, seed })?;
            match job.train(&run, host, &mut splits, stop, measures_peak) {
                Ok(Outcome::Complete(end)) => {
                    failures.remove(&job.name);
                    self.tidy(&run)?;
                    tell(host, &SweepEvent::RunEnds { run: &run, end: &end })?;
                }
                Ok(Outcome::Interrupted { .. }) => break,
                Err(
                    error @ (SweepRunError::Host { .. }
                    | SweepRunError::Sweep(SweepError::Train(TrainError::Observer { .. }))),
                ) => return Err(error),
                Err(error) => {
                    let text = chain(&error);
                    // After a loss that was not finite, the resumed run would fail again; after other errors
                    // it may become complete.
                    if let SweepRunError::Sweep(SweepError::Train(TrainError::NotFinite { .. })) = error {
                        self.tidy(&run)?;
                    }
                    tell(host, &SweepEvent::RunFailed { run: &run, error: &text })?;
                    failures.insert(job.name.clone(), text);
                }
            }
            self.table(&files, &mut records, &failures)?;
        }
        let table = self.table(&files, &mut records, &failures)?;
        if table.count(Status::Complete) == runs
            && let Err(error) = held.remove_replaced()
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
        files: &SweepFiles,
        records: &mut Records,
        failures: &BTreeMap<String, String>,
    ) -> Result<SweepTable, SweepError> {
        let table = table::table(self, files, records, |name| failures.get(name).cloned())?;
        table::write(&table, files)?;
        Ok(table)
    }

    /// All runs; runs on the same splits follow each other.
    fn jobs(&self) -> Result<Vec<Job>, SweepError> {
        let mut groups: Vec<Vec<Job>> = Vec::new();
        for point in 0..self.points().len() {
            for seed in self.seeds() {
                let name = SweepFiles::run_name(&self.name(point), seed);
                let job = Job { point, seed, name, config: self.config(point, seed)? };
                let same = groups.iter().position(|group| have_same_splits(&group[0].config, &job.config));
                match same {
                    Some(group) => groups[group].push(job),
                    None => groups.push(vec![job]),
                }
            }
        }
        Ok(groups.into_iter().flatten().collect())
    }

    /// Removes the checkpoints of a run that will not be resumed.
    fn tidy(&self, run: &RunFiles) -> Result<(), SweepError> {
        if self.keeps_checkpoints() { Ok(()) } else { Ok(remove_checkpoints(run)?) }
    }
}

/// Gives an event to the host.
fn tell<H: SweepHost>(host: &mut H, event: &SweepEvent<'_>) -> Result<(), SweepRunError<H::Error>> {
    host.on_event(event).map_err(|source| SweepRunError::Host { source })
}

impl Job {
    fn train<H: SweepHost>(
        &self,
        run: &RunFiles,
        host: &mut H,
        splits: &mut Option<EncodedSplits<H::Task>>,
        stop: &StopSignal,
        measures_peak: bool,
    ) -> Result<Outcome, SweepRunError<H::Error>> {
        let splits = self.splits(host, splits)?;
        let existing = self.open(run)?;
        let config = match &existing {
            Some(folder) => folder.config().clone(),
            None => TrainConfig { output: Some(absolute(run.folder())?), ..self.config.clone() },
        };
        let choice: DeviceChoice = config.device.parse().map_err(device_error)?;
        let (_, device) = choice.resolve().map_err(device_error)?;
        let model_folder = self.model(host)?;
        let prepared = Prepared::with_splits(&config, &model_folder, splits, &device)?;
        tell(host, &SweepEvent::Notes(&prepared.notes()))?;
        let trainer = match existing {
            Some(folder) => Trainer::resume(prepared, folder, device)?,
            None => Trainer::begin(prepared, Claim::lock(FolderKind::Run, run.folder())?, device)?,
        };
        let mut trainer = trainer.provenance(host.provenance(&self.config)).stop_with(stop);
        if !measures_peak {
            trainer = trainer.without_peak_memory();
        }
        if let Some(observer) = host.observer() {
            trainer = trainer.observe(observer);
        }
        Ok(trainer.run()?)
    }

    /// Opens the folder of a run that has begun, and checks that the folder's settings are the job's; `None`
    /// for a new run. A run whose log has lost its end is trained again from its last checkpoint.
    fn open(&self, run: &RunFiles) -> Result<Option<RunFolder>, SweepError> {
        if !run.config().is_file() {
            return Ok(None);
        }
        let folder = RunFolder::open_any(run.folder())?;
        // `output` does not count: the sweep's folder may have been moved.
        if (TrainConfig { output: None, ..folder.config().clone() }) == self.config {
            return Ok(Some(folder));
        }
        Err(SweepError::Changed { path: run.folder().to_owned() })
    }

    fn model<H: SweepHost>(&self, host: &mut H) -> Result<PathBuf, SweepRunError<H::Error>> {
        let what = || format!("can't get the model {}", self.config.model);
        host.model(&self.config).map_err(|source| SweepRunError::Source { what: what(), source })
    }

    /// The splits that the run trains on: the previous run's if they fit, else newly encoded splits.
    fn splits<'a, H: SweepHost>(
        &self,
        host: &mut H,
        splits: &'a mut Option<EncodedSplits<H::Task>>,
    ) -> Result<&'a EncodedSplits<H::Task>, SweepRunError<H::Error>> {
        // Splits that don't fit are dropped first, so that only one set of texts is in memory.
        if let Some(fitting) = splits.take().filter(|splits| splits.fit(&self.config)) {
            return Ok(splits.insert(fitting));
        }
        let model_folder = self.model(host)?;
        let what = format!("can't load the data set {}", self.config.dataset);
        let data = host.data(&self.config).map_err(|source| SweepRunError::Source { what, source })?;
        let encoded = EncodedSplits::encode(&self.config, &model_folder, data)?;
        tell(host, &SweepEvent::Encoded { config: &self.config })?;
        Ok(splits.insert(encoded))
    }
}

/// The absolute path of a folder.
fn absolute(folder: &Path) -> Result<PathBuf, TrainError> {
    std::path::absolute(folder).map_err(|source| TrainError::Io {
        action: "find",
        path: folder.to_owned(),
        source,
    })
}

fn device_error(source: embert_model::DeviceError) -> TrainError {
    ConfigError::Device { source }.into()
}

/// An error with all its causes in one line; a cause that the text already contains is left out.
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
