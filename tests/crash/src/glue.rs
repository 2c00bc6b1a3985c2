//! The commands of `bert-train`, from the same libraries: `train`, `train --resume`, `sweep`,
//! `sweep --resume` and `report`, without arguments and terminal.

use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use embert_data::Card;
use embert_report::{PageOptions, ReportError, Run, page, sweep_page};
use embert_sweep::{
    Sweep, SweepBuilder, SweepError, SweepEvent, SweepFolder, SweepHost, SweepOutcome, SweepRunError,
};
use embert_task::{
    MultiLabelClassification, Task, TaskData, TextClassification, TokenClassification, find_columns, load,
};
use embert_train::{
    Claim, ConfigBuilder, EarlyStoppingConfig, Event, Existing, LogFormat, Observer, Outcome, Prepared,
    RunFolder, StopSignal, TrainConfig, TrainError, Trainer,
};

use crate::place::{Data, Place};

/// Evaluates `$body` with `$task` as the type of the task of a place's examples.
macro_rules! with_task {
    ($place:expr, $task:ident => $body:expr) => {
        match $place.labels() {
            Data::Classes => {
                type $task = TextClassification;
                $body
            }
            Data::Labels => {
                type $task = MultiLabelClassification;
                $body
            }
            Data::Tags => {
                type $task = TokenClassification;
                $body
            }
        }
    };
}

/// How a command ended without an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The command is complete.
    Complete,
    /// The command was asked to stop, has saved its state, and can go on.
    Interrupted,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum GlueError {
    /// The run failed.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The sweep's definition or folder can't be used.
    #[error(transparent)]
    Sweep(#[from] SweepError),
    /// The sweep failed.
    #[error(transparent)]
    SweepRun(#[from] SweepRunError<TrainError>),
    /// A run of the sweep failed.
    #[error("a run failed: {error}")]
    RunOfSweep {
        /// The run's error.
        error: String,
    },
    /// The page about the run or sweep can't be made.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The page's file can't be written.
    #[error(transparent)]
    Page(#[from] embert_files::FileError),
}

impl GlueError {
    /// True where the run that should go on is complete.
    pub fn is_complete(&self) -> bool {
        matches!(self, Self::Train(TrainError::AlreadyComplete { .. }))
    }

    /// True where no run or sweep exists that could go on.
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Train(TrainError::NoRun { .. }) | Self::Sweep(SweepError::NotASweep { .. }))
    }
}

/// The settings of a run of nine steps at most, with an evaluation and a checkpoint after every second step.
pub fn config(place: &Place, seed: u64) -> TrainConfig {
    let mut config = TrainConfig {
        model: place.model().to_string_lossy().into_owned(),
        from_scratch: true,
        dataset: place.data().to_string_lossy().into_owned(),
        output: Some(place.run()),
        device: "flex".to_owned(),
        epochs: 3,
        batch_size: 8,
        evaluate_every: Some(2),
        save_every: Some(2),
        keep_checkpoints: 2,
        evaluate_test: true,
        log: vec![LogFormat::Tensorboard],
        early_stopping: EarlyStoppingConfig { patience: Some(1), min_delta: 0.0 },
        seed,
        ..TrainConfig::default()
    };
    config.data.max_length = 16;
    config.data.stride = (place.labels() == Data::Tags).then_some(4);
    config.optimizer.learning_rate = 2e-2;
    config
}

/// `train`, with its page.
///
/// # Errors
/// The folder can't be used, or something can't be written.
pub(crate) fn train(
    place: &Place,
    seed: u64,
    existing: Existing,
    stop_after: Option<usize>,
) -> Result<Ended, GlueError> {
    let config = config(place, seed);
    let claim = Claim::run(&place.run(), existing)?;
    claim.check_reads(&config)?;
    with_task!(place, T => {
        finish(Trainer::begin(prepare::<T>(place, &config)?, claim, Device::flex())?, stop_after)
    })
}

/// `train --resume`, with its page.
///
/// # Errors
/// There is no run to resume, the run is complete, or something can't be written.
pub(crate) fn resume(place: &Place) -> Result<Ended, GlueError> {
    let run = RunFolder::open(&place.run())?;
    with_task!(place, T => {
        finish(Trainer::resume(prepare::<T>(place, run.config())?, run, Device::flex())?, None)
    })
}

fn prepare<T: Task>(place: &Place, config: &TrainConfig) -> Result<Prepared<T>, TrainError> {
    Prepared::new(config, &place.model(), data(place, config)?, &Device::flex())
}

fn data<T: Task>(place: &Place, config: &TrainConfig) -> Result<TaskData<T>, TrainError> {
    let (card, options) = (Card::for_folder(&place.data())?, config.load_options());
    let found = find_columns(card, &place.data(), &options, None)?;
    Ok(load(&found.card, &place.data(), &options, &config.label_options())?)
}

fn finish<T: Task>(trainer: Trainer<T>, stop_after: Option<usize>) -> Result<Ended, GlueError> {
    let mut trainer = trainer;
    let run = trainer.run_folder().path().to_owned();
    if let Some(step) = stop_after {
        let signal = trainer.stop_signal();
        trainer = trainer.observe(StopAfter { step, signal });
    }
    match trainer.run()? {
        Outcome::Complete(_) => {
            report(&run)?;
            Ok(Ended::Complete)
        }
        Outcome::Interrupted { .. } => Ok(Ended::Interrupted),
    }
}

/// Asks the trainer to stop after a step.
struct StopAfter {
    step: usize,
    signal: StopSignal,
}

impl Observer for StopAfter {
    fn on_event(&mut self, event: &Event) -> Result<(), TrainError> {
        if matches!(event, Event::TrainStep(step) if step.step == self.step) {
            self.signal.request();
        }
        Ok(())
    }
}

/// `sweep`, or `sweep --resume`, with the pages of runs and sweep.
///
/// # Errors
/// There is no sweep to resume, or something can't be written. A run that failed is an error of the sweep
/// too.
pub(crate) fn sweep(place: &Place, goes_on: bool) -> Result<Ended, GlueError> {
    let (sweep, folder) = if goes_on {
        (Sweep::open(&place.sweep())?, SweepFolder::open(&place.sweep())?)
    } else {
        let toml = TrainConfig { output: None, ..config(place, 0) }.to_toml().map_err(TrainError::from)?;
        let sweep = SweepBuilder::new(ConfigBuilder::new())
            .text(&toml, "the harness".as_ref())
            .and_then(|builder| builder.grid("epochs=1,2"))
            .and_then(SweepBuilder::build)?;
        (sweep, SweepFolder::create(&place.sweep(), Existing::Keep)?)
    };
    with_task!(place, T => sweep_of::<T>(place, &sweep, folder))
}

fn sweep_of<T: Task>(place: &Place, sweep: &Sweep, folder: SweepFolder) -> Result<Ended, GlueError> {
    let mut host = Host::<T> { place, failed: None, page: None, task: PhantomData };
    let outcome = sweep.run(folder, &mut host, &StopSignal::default())?;
    if let Some(error) = host.failed {
        return Err(GlueError::RunOfSweep { error });
    }
    if let Some(error) = host.page {
        return Err(error);
    }
    report(&place.sweep())?;
    Ok(match outcome {
        SweepOutcome::Complete(_) => Ended::Complete,
        SweepOutcome::Interrupted(_) => Ended::Interrupted,
    })
}

struct Host<'a, T> {
    place: &'a Place,
    /// The error of a run.
    failed: Option<String>,
    /// The error of a run's page.
    page: Option<GlueError>,
    task: PhantomData<T>,
}

impl<T: Task> SweepHost for Host<'_, T> {
    type Task = T;
    type Error = TrainError;

    fn model(&mut self, _: &TrainConfig) -> Result<PathBuf, TrainError> {
        Ok(self.place.model())
    }

    fn data(&mut self, config: &TrainConfig) -> Result<TaskData<T>, TrainError> {
        data(self.place, config)
    }

    fn on_event(&mut self, event: &SweepEvent<'_>) -> Result<(), TrainError> {
        match event {
            SweepEvent::RunEnds { run, .. } => self.page = report(run.folder()).err().or(self.page.take()),
            SweepEvent::RunFailed { error, .. } => self.failed = Some((*error).to_owned()),
            _ => {}
        }
        Ok(())
    }
}

/// `report` into the folder of a run or a sweep.
///
/// # Errors
/// The folder's files can't be read, or the page can't be written.
pub(crate) fn report(folder: &Path) -> Result<(), GlueError> {
    let html = html(folder)?.0;
    Ok(embert_files::write(&folder.join("report.html"), html.as_bytes())?)
}

/// The page about a run or a sweep, and whether the page takes the run or sweep for complete.
///
/// # Errors
/// The folder's files can't be read.
pub(crate) fn html(folder: &Path) -> Result<(String, bool), ReportError> {
    let options = PageOptions::default();
    if embert_report::Sweep::is_in(folder) {
        let sweep = embert_report::Sweep::read(folder)?;
        return Ok((sweep_page(&sweep, &options)?, sweep.has_ended()));
    }
    let run = Run::read(folder)?;
    let has_ended = run.has_ended();
    Ok((page(&[run], &options)?, has_ended))
}
