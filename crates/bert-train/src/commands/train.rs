//! `train`: from settings to a run folder.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use burn::tensor::Device;
use clap::Args;
use embert_model::{Backend, DeviceChoice};
use embert_run::{Baseline, FolderKind, Metrics, Scores};
use embert_task::{Task, TaskKind};
use embert_train::{
    Claim, ConfigBuilder, DatasetFacts, Outcome, Prepared, Provenance, RunFolder, TrainConfig, Trainer,
};
use serde_json::json;

use crate::arguments::{RunArgs, option_of};
use crate::data_set::DataSet;
use crate::error::Error;
use crate::output::say;
use crate::paths::{absolute, names_of_run};
use crate::signals::stop_on_signals;
use crate::sources::Model;
use crate::tasks::{task_of_run, with_task};
use crate::terminal::Terminal;
use crate::{output, sources};

/// The config that runs without arguments: the sample that ships with the repository.
pub(super) const SAMPLE: &str = include_str!("../../../../configs/sample.toml");

/// The sample's name in messages.
pub(super) const SAMPLE_PATH: &str = "the built-in configs/sample.toml";

/// Options of `train`. Each is a key of the config too; they and `--set` win over `--config`.
#[derive(Debug, Default, Args)]
pub(crate) struct TrainArgs {
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// Go on with the run in this folder, from its newest whole checkpoint
    #[arg(long, value_name = "RUN", conflicts_with_all = ["config", "settings", "output", "overwrite", "model", "dataset"])]
    pub(crate) resume: Option<PathBuf>,
}

pub(crate) fn run(args: &TrainArgs) -> Result<ExitCode, Error> {
    let (config, resumed) = match &args.resume {
        Some(path) => {
            let run = RunFolder::open(path)?;
            let config = with_options(names_of_run(path, run.config().clone())?, args)?;
            say!("goes on with {}: model {}, data set {}", path.display(), config.model, config.dataset);
            (config, Some(run))
        }
        None => (config(args)?, None),
    };
    let device_choice: DeviceChoice = config.device.parse()?;
    let resolved = device_choice.resolve()?;
    let of_run = args.resume.as_deref().map(task_of_run).transpose()?.flatten();
    let task = of_run.map(TaskKind::name).or(config.task);
    let (model, data) = (sources::find_model(&config.model)?, sources::find_data(&config.dataset, task)?);
    // The output folder is claimed before anything is downloaded; from here on no other process takes it.
    let place = match (resumed, &config.output) {
        (Some(run), _) => RunStart::Resumed(run),
        (None, Some(path)) => RunStart::New(Claim::run(path, args.run.existing())?),
        (None, None) => RunStart::New(Claim::free(
            FolderKind::Run,
            Path::new("runs"),
            &sources::short_name(&config.dataset),
        )?),
    };
    if let RunStart::New(claim) = &place {
        claim.check_reads(&config)?;
    }
    let output_folder = place.path().to_owned();
    let config = TrainConfig { output: Some(absolute(&output_folder)), ..config };

    let model_folder = model.folder()?;
    let data = match of_run {
        Some(kind) => DataSet::of_task(data, &config, kind)?,
        // A new run, or one that goes on without readable facts: its task is found as at its beginning.
        None => DataSet::open(data, &config, &model_folder)?,
    };
    with_task!(data.kind, T => train::<T>(args, &config, place, resolved, (&model, &model_folder), data))
}

/// Trains, from a config whose model and data set are on this machine.
fn train<T: Task>(
    args: &TrainArgs,
    config: &TrainConfig,
    place: RunStart,
    (backend, device): (Backend, Device),
    (model, model_folder): (&Model, &Path),
    data: DataSet,
) -> Result<ExitCode, Error> {
    let output_folder = place.path().to_owned();
    let (data, card) = data.load::<T>(config)?;
    let config = &config.clone().with_default_metric(card.metric.as_deref());
    let provenance = Provenance { model: model.repository(), dataset: Some(DatasetFacts::from(&card)) };
    sources::print_facts(&data);
    let inputs = T::inputs(&data.splits.train);
    let prepared = Prepared::<T>::new(config, model_folder, data, &device)?;
    for line in prepared.notes() {
        say!("{line}");
    }
    let trainer = match place {
        RunStart::Resumed(run) => Trainer::resume(prepared, run, device)?,
        RunStart::New(claim) => Trainer::begin(prepared, claim, device)?,
    };
    let run = trainer.run_folder().clone();
    say_replaced(run.replaced());
    say!("trains on {backend} into {}", output_folder.display());

    let trainer = trainer.provenance(provenance).observe(Terminal::new());
    let interruption = stop_on_signals(trainer.stop_signal())?;
    let outcome = trainer.run();
    if !matches!(outcome, Ok(Outcome::Complete(_))) {
        say_how_to_undo(run.path(), run.replaced());
    }
    match outcome? {
        Outcome::Complete(end) => {
            // The result is written, even if the page fails.
            let report = super::report::write_own(run.path());
            if let Err(error) = &report {
                say!("no report: {error}");
            }
            let report = report.ok();
            if args.run.json.json {
                output::json(
                    &json!({"run": shown(run.path()), "model": shown(&run.files().model()), "report": report.as_deref().map(shown), "end": end}),
                )?;
                return Ok(ExitCode::SUCCESS);
            }
            let best = match (end.best_step, end.best_metric) {
                (Some(step), Some(value)) => format!("best {} {value:.4} after step {step}; ", end.metric),
                _ => String::new(),
            };
            let memory =
                end.peak_memory.map_or_else(String::new, |bytes| format!(", {} MiB at most", bytes >> 20));
            output::line(&format!("{best}{} steps in {:.1} s{memory}", end.step, end.seconds))?;
            beside_baselines(&run, &end.metric)?;
            output::line(&format!("model   {}", run.files().model().display()))?;
            if let Some(report) = report {
                output::line(&format!("report  {}", report.display()))?;
            }
            output::line(&format!(
                "try it  {} predict --model {} {}",
                output::program(),
                output::argument(&run.files().model().display()),
                inputs.options()
            ))?;
            Ok(ExitCode::SUCCESS)
        }
        Outcome::Interrupted { step, total_steps } => {
            say!(
                "stopped and saved after step {step} of {total_steps}; go on with: {} train --resume {}",
                output::program(),
                output::argument(&run.path().display())
            );
            Ok(interruption.exit_code())
        }
    }
}

/// Prints the metric that the weights were chosen by beside what simple rules without a model get, on each
/// split. Where no rule has that metric, as the mean has no correlation, the first metric that a rule has.
fn beside_baselines(run: &RunFolder, metric: &str) -> Result<(), Error> {
    for split in Scores::read(&run.files().scores())?.iter().flat_map(|scores| &scores.splits) {
        let has = |rule: &Baseline| rule.metrics.get(metric).is_some();
        let first = split.baselines.iter().find_map(|rule| rule.metrics.iter().next());
        let metric = match first {
            Some((name, _)) if !split.baselines.iter().any(has) => name,
            _ => metric,
        };
        let shown = |metrics: &Metrics| {
            metrics.get(metric).map_or_else(|| "undefined".to_owned(), |value| format!("{value:.4}"))
        };
        let rules = split.baselines.iter().map(|rule| format!("{}: {}", rule.name, shown(&rule.metrics)));
        let rules: Vec<String> = rules.collect();
        if !rules.is_empty() {
            let ours = shown(&split.metrics);
            output::line(&format!(
                "{} {metric} {ours} (without a model: {})",
                split.split,
                rules.join("; ")
            ))?;
        }
    }
    Ok(())
}

/// The folder of a run.
enum RunStart {
    New(Claim),
    Resumed(RunFolder),
}

impl RunStart {
    fn path(&self) -> &Path {
        match self {
            Self::New(claim) => claim.path(),
            Self::Resumed(run) => run.path(),
        }
    }
}

/// Prints where the old content of the output folder is.
pub(super) fn say_replaced(old: Option<&Path>) {
    if let Some(old) = old {
        say!("what was there is in {} until this is complete", old.display());
    }
}

/// Prints how to restore the old content of the output folder, if the run that was to replace it is not
/// complete.
pub(super) fn say_how_to_undo(folder: &Path, old: Option<&Path>) {
    if let Some(old) = old {
        say!(
            "what was there before is in {old}; to have it back, remove {folder} and rename {old} to it",
            old = old.display(),
            folder = folder.display()
        );
    }
}

/// A path as text in JSON; a path that is not UTF-8 has no exact form there.
fn shown(path: &Path) -> std::borrow::Cow<'_, str> {
    path.to_string_lossy()
}

/// The settings of a new run: the file (or the sample if nothing is named), then `--set` and the options.
fn config(args: &TrainArgs) -> Result<TrainConfig, Error> {
    let builder = match Base::of(args.run.config.as_deref(), |key| args.run.sets(key))? {
        Base::File(path) => ConfigBuilder::new().file(path)?,
        Base::Sample => ConfigBuilder::new().text(SAMPLE, SAMPLE_PATH.as_ref())?,
        Base::Defaults => ConfigBuilder::new(),
    };
    let config = args.run.lay(builder)?.build()?;
    // The run's `config.toml` must mean the same from every working folder.
    let (model, dataset) =
        (sources::absolute_model(&config.model), sources::absolute_dataset(&config.dataset));
    Ok(TrainConfig { model, dataset, ..config })
}

/// The settings that those of the command line override.
#[derive(Clone, Copy, Debug)]
pub(super) enum Base<'a> {
    /// The named file.
    File(&'a Path),
    /// The sample, if neither a model nor data were named.
    Sample,
    /// The defaults, if both were named.
    Defaults,
}

impl<'a> Base<'a> {
    /// Chooses the settings to override; `names` says whether the command line has a value for a key.
    pub(super) fn of(config: Option<&'a Path>, names: impl Fn(&str) -> bool) -> Result<Self, Error> {
        let (model, dataset) = (names("model"), names("dataset"));
        let hint = |option: &str| format!("add --{option}, or --config with a file that names it");
        match config {
            Some(path) => Ok(Self::File(path)),
            None if model && dataset => Ok(Self::Defaults),
            None if dataset => Err(Error::Missing { key: "the model", hint: hint("model") }),
            None if model => Err(Error::Missing { key: "the data set", hint: hint("dataset") }),
            None => Ok(Self::Sample),
        }
    }
}

/// A resumed run keeps its settings, but may move to another device, and may store its result in another
/// dtype, since the weights may be too large for the first dtype.
fn with_options(config: TrainConfig, args: &TrainArgs) -> Result<TrainConfig, Error> {
    let mut config = config;
    for (key, value) in args.run.options.settings() {
        match (key, value) {
            ("device", toml::Value::String(device)) => config.device = device,
            ("save_dtype", toml::Value::String(dtype)) => config.save_dtype = dtype.parse()?,
            (key, _) => return Err(Error::ResumeSetting { option: option_of(key) }),
        }
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::parsed;

    fn config_of(arguments: &[&str]) -> Result<TrainConfig, Error> {
        config(&parsed::<TrainArgs>(arguments))
    }

    #[test]
    fn the_sample_lies_under_what_names_neither_model_nor_data() {
        let config = config_of(&["--epochs", "1"]).unwrap();
        assert!(config.from_scratch && config.evaluate_test);
        assert_eq!((config.dataset.as_str(), config.epochs), ("sample", 1));
    }

    #[test]
    fn naming_both_starts_from_the_defaults_however_they_are_named() {
        for arguments in [
            ["--model", "m", "--dataset", "d"],
            ["--set", "model=m", "--set", "dataset=d"],
            ["--set", "model = m", "--dataset", "d"],
        ] {
            let expected = TrainConfig { model: "m".into(), dataset: "d".into(), ..TrainConfig::default() };
            assert_eq!(config_of(&arguments).unwrap(), expected);
        }
    }

    #[test]
    fn naming_one_asks_for_the_other() {
        for (arguments, missing) in [
            (["--model", "m"], "--dataset"),
            (["--set", "model=m"], "--dataset"),
            (["--dataset", "d"], "--model"),
            (["--set", "dataset=d"], "--model"),
        ] {
            let error = config_of(&arguments).unwrap_err().to_string();
            assert!(error.contains(missing), "{arguments:?}: {error}");
        }
    }

    #[test]
    fn what_is_typed_wins_over_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("run.toml");
        std::fs::write(&file, "epochs = 4\nbatch_size = 4\nseed = 4\n").unwrap();
        let file = file.to_str().unwrap();
        let config = config_of(&["--config", file, "--set", "batch_size=5", "--seed", "6"]).unwrap();
        assert_eq!((config.epochs, config.batch_size, config.seed), (4, 5, 6));
    }
}
