//! `eval`: metrics of a checkpoint on a split.

mod squad_files;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use clap::{Args, ValueEnum};
use embert_data::tokenize::Tokenizer;
use embert_data::{CardColumns, ReadOptions, SplitKind};
use embert_files::Output;
use embert_model::DeviceChoice;
use embert_run::Baseline;
use embert_task::{TaskData, TaskError, TaskKind};
use embert_train::{
    ConfigBuilder, Evaluation, Setting, TrainConfig, check_max_length, evaluate_checkpoint, run_of_model,
};
use indicatif::{ProgressBar, ProgressDrawTarget};
use serde_json::json;

use self::squad_files::SquadFiles;
use crate::arguments::{InferenceArgs, JsonArgs, SplitRatios, Stride, names, split_ratios};
use crate::data_set::DataSet;
use crate::error::Error;
use crate::output::say;
use crate::paths::dataset_of_run;
use crate::tasks::{ShownTask, check_truncation, cut_note, is, task_of_model, with_task};
use crate::{output, reads, sources};

/// The keys of `--set`.
const LABEL_KEYS: [&str; 2] = ["data.scheme", "data.widen_spans"];

#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    /// A run's model folder, or any checkpoint with a head for texts, tags, questions or masked words
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: String,
    /// The data set [default: the one that the run trained on]
    #[arg(long, value_name = "DATASET")]
    pub(crate) dataset: Option<String>,
    /// The split
    #[arg(long, value_enum, default_value = "validation")]
    pub(crate) split: SplitArg,
    /// Evaluate on a stratified part of this size [default: the run's]
    #[arg(long, value_name = "N")]
    pub(crate) eval_samples: Option<usize>,
    /// Cut the splits from the training split in these shares [default: the run's]
    #[arg(long, value_name = "A/B/C", value_parser = split_ratios)]
    pub(crate) split_ratios: Option<SplitRatios>,
    /// The seed of the splits [default: the run's]
    #[arg(long, value_name = "SEED")]
    pub(crate) seed: Option<u64>,
    /// Say how labels are read: data.scheme=iob2 or another scheme, data.widen_spans=true (may be repeated)
    /// [default: the run's, on its own data]
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) settings: Vec<String>,
    #[command(flatten)]
    pub(crate) inference: InferenceArgs,
    /// Write predictions.json, nbest_predictions.json and, where questions may have no answer, null_odds.json
    /// to this folder, as SQuAD's official scripts read them, in question answering
    #[arg(long, value_name = "FOLDER")]
    pub(crate) squad_files: Option<PathBuf>,
    /// Write what the model says of each example to this file, as JSON Lines
    #[arg(long, value_name = "FILE")]
    pub(crate) predictions: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) json: JsonArgs,
}

/// A split of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SplitArg {
    Train,
    Validation,
    Test,
}

/// The files that an evaluation writes.
struct Outputs {
    predictions: Option<Output>,
    squad: Option<SquadFiles>,
}

impl Outputs {
    fn new(args: &EvalArgs) -> Result<Self, Error> {
        let predictions = args.predictions.as_deref().map(Output::new).transpose()?;
        let squad = args.squad_files.as_deref().map(SquadFiles::new).transpose()?;
        Ok(Self { predictions, squad })
    }

    /// Refuses to replace what is read.
    fn differ_from(&self, input: &Path) -> Result<(), Error> {
        if let Some(predictions) = &self.predictions {
            predictions.differs_from(input)?;
        }
        self.squad.as_ref().map_or(Ok(()), |squad| squad.differ_from(input))
    }
}

pub(crate) fn run(args: &EvalArgs) -> Result<(), Error> {
    let (_, device) = args.inference.device.parse::<DeviceChoice>()?.resolve()?;
    // An output that can't be written is refused before anything is downloaded or loaded.
    let outputs = Outputs::new(args)?;
    let folder = sources::model_folder(&args.model)?;
    reads::of_model(&folder).iter().try_for_each(|file| outputs.differ_from(file))?;
    let config = settings(args, &folder)?;
    say!("evaluates {} on {}", folder.display(), config.dataset);
    let kind = task_of_model(&folder)?;
    let source = sources::find_data(&config.dataset, Some(kind.name()))?;
    let data = DataSet::of_task(source, &config, kind)?;
    with_task!(kind, T => evaluate::<T>(args, &config, &folder, data, &outputs, &device))
}

/// Evaluates the checkpoint in `folder` on a data set that was found.
fn evaluate<T: ShownTask>(
    args: &EvalArgs,
    config: &TrainConfig,
    folder: &Path,
    data: DataSet,
    outputs: &Outputs,
    device: &Device,
) -> Result<(), Error> {
    check_truncation::<T>(args.inference.truncation)?;
    if outputs.squad.is_some() && !is::<T>(TaskKind::QuestionAnswering) {
        let (option, tasks) = ("squad-files", "question-answering");
        return Err(Error::OptionOfTask { option, tasks, model: T::NAME });
    }
    let columns = data.card.columns.clone();
    let data = data.load_for_model::<T>(config)?;
    let TaskData { splits, labels, notes, unlabelled, files, .. } = data;
    files.iter().try_for_each(|file| outputs.differ_from(file))?;
    let train = splits.train;
    let (split, kind, examples) = match args.split {
        SplitArg::Train => ("train", SplitKind::Train, train.clone()),
        SplitArg::Validation => ("validation", SplitKind::Validation, splits.validation),
        SplitArg::Test => ("test", SplitKind::Test, splits.test),
    };
    if let Some(unlabelled) = unlabelled.into_iter().find(|unlabelled| unlabelled.split == kind) {
        let hint = format!(
            "there is nothing to compare with; to have it labelled: {} predict --model {} --input {}{}",
            output::program(),
            output::argument(&args.model),
            output::argument(&unlabelled.path.display()),
            column_options(&columns)
        );
        return Err(TaskError::AllUnlabelled { unlabelled, hint }.into());
    }
    for note in notes.iter().chain(Tokenizer::from_folder(folder)?.notes()) {
        say!("{note}");
    }
    if examples.is_empty() {
        let hint = "choose another with --split, or cut one with --split-ratios";
        return Err(Error::NoSplit { dataset: config.dataset.clone(), split, hint });
    }
    let options = match args.inference.stride {
        Some(Stride(None)) => config.window_options(),
        _ => config.windows_of::<T>(),
    };
    let bar = bar(examples.len());
    let evaluation = evaluate_checkpoint::<T>(
        folder,
        examples,
        &labels,
        &options,
        args.inference.batch_size as usize,
        device,
        |done| bar.set_position(done as u64),
    )?;
    bar.finish_and_clear();
    let cut = evaluation.examples.iter().filter(|(_, prediction)| T::is_cut(prediction)).count();
    if let Some(note) = cut_note::<T>(cut, evaluation.examples.len(), options.encoding.max_length) {
        say!("{note}");
    }
    if let Some(pairing) = evaluation.task.pairing() {
        say!("{pairing}");
    }
    if let Some(predictions) = &outputs.predictions {
        predictions.write_with(|out| {
            let rows = evaluation.examples.iter();
            let mut rows = rows.map(|(example, prediction)| evaluation.task.evaluated(example, prediction));
            rows.try_for_each(|row| writeln!(out, "{row}")).map_err(|source| Error::Io {
                action: "write",
                path: predictions.path().to_owned(),
                source,
            })
        })?;
    }
    if let Some(squad) = &outputs.squad {
        squad.write(&T::squad_files(&evaluation))?;
    }
    let rules = baselines(&evaluation, train)?;
    if args.json.json {
        let mut report = json!({"model": folder.to_string_lossy(), "dataset": config.dataset, "split": split, "labels": evaluation.task.labels()});
        if let (Some(into), Ok(serde_json::Value::Object(from))) =
            (report.as_object_mut(), serde_json::to_value(&evaluation.report))
        {
            into.extend(from);
            if !rules.is_empty() {
                into.insert("baselines".to_owned(), json!(rules));
            }
        }
        return output::json(&report);
    }
    output::line(&format!("{}, {split} split: {} examples", config.dataset, evaluation.examples.len()))?;
    T::print_report(&evaluation)?;
    for rule in rules {
        output::line(&line_of(&rule))?;
    }
    Ok(())
}

/// The options with which `predict` reads texts from these columns.
fn column_options(columns: &CardColumns) -> String {
    let text = (columns.text != CardColumns::default().text).then_some(&columns.text);
    let options = [("--text-column", text), ("--text-pair-column", columns.text_pair.as_ref())];
    let options = options.into_iter().filter_map(|(option, column)| Some((option, column?)));
    let stated = options.map(|(option, column)| [" ", option, " ", &output::argument(column)].concat());
    stated.collect()
}

/// The data settings of the model's run, if the model is in a run folder, overridden by the options.
fn settings(args: &EvalArgs, folder: &Path) -> Result<TrainConfig, Error> {
    let run = run_of_model(folder)?;
    let known = run.is_some();
    let mut config = run.unwrap_or_default();
    // Nothing is trained: what remains of the windows of training is that evaluation reads them too.
    config.data.stride = config.data.evaluated_stride();
    (config.data.train_stride, config.data.max_windows, config.data.batch_tokens) = (None, None, None);
    if let Some(dataset) = &args.dataset {
        let dataset = sources::absolute_dataset(dataset);
        if known && dataset != run_dataset(folder, &config).unwrap_or_default() {
            // The run's splits are those of its own data set.
            config.data.split_ratios = None;
            config.data.train_samples = None;
            config.data.eval_samples = None;
            config.data.set_reading(ReadOptions::default());
            // What its labels mean, too.
            (config.data.scheme, config.data.widen_spans) = (None, false);
        }
        config.dataset = dataset;
    } else if !known {
        let hint = "add --dataset: the model is not in a run folder, so its data set is not known".to_owned();
        return Err(Error::Missing { key: "the data set", hint });
    } else {
        config.dataset = run_dataset(folder, &config)?;
    }
    if let Some(SplitRatios(ratios)) = args.split_ratios {
        config.data.split_ratios = Some(ratios);
    }
    config.data.eval_samples = args.eval_samples.or(config.data.eval_samples);
    config.data.split_seed = args.seed.or(config.data.split_seed);
    config.data.max_length = match args.inference.max_length {
        Some(max_length) => max_length,
        None if known => config.data.max_length,
        None => sources::max_length(folder)?,
    };
    config.data.truncation = match args.inference.truncation {
        Some(truncation) => truncation,
        None if known => config.data.truncation,
        None => Tokenizer::from_folder(folder)?.truncation(),
    };
    if let Some(Stride(stride)) = args.inference.stride {
        config.data.stride = stride;
    }
    set_labels(args, &mut config)?;
    config.data.skip_bad_rows |= args.inference.skip_bad_rows;
    config.data.set_reading(args.inference.reading.options().or(&config.data.reading()));
    config.validate()?;
    check_max_length(folder, config.data.max_length)?;
    Ok(config)
}

/// Sets the keys of `--set`, which say how the labels of other data are read.
fn set_labels(args: &EvalArgs, config: &mut TrainConfig) -> Result<(), Error> {
    let mut builder = ConfigBuilder::new();
    let mut said: Vec<(Setting, &String)> = Vec::new();
    for typed in &args.settings {
        let setting = Setting::parse(typed)?;
        if !LABEL_KEYS.contains(&setting.key) {
            let (key, expected) = (setting.key.to_owned(), LABEL_KEYS.join(" or "));
            return Err(Error::EvalSetting { key, expected });
        }
        if let Some((other, one)) = said.iter().find(|(other, _)| other.contradicts(&setting)) {
            let [one, other_one] = [*one, typed].map(|typed| format!("--set {typed}"));
            return Err(Error::Contradiction { one, other: other_one, key: other.key });
        }
        builder = builder.set_value(setting.key, setting.value.clone())?;
        said.push((setting, typed));
    }
    let set = builder.build()?.data;
    config.data.scheme = set.scheme.or(config.data.scheme);
    if names(&args.settings, "data.widen_spans") {
        config.data.widen_spans = set.widen_spans;
    }
    Ok(())
}

/// The data set of the run that the model in `folder` is the result of.
fn run_dataset(folder: &Path, config: &TrainConfig) -> Result<String, Error> {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    dataset_of_run(folder.parent().unwrap_or(&folder), config)
}

/// A line on what a rule without a model gets.
pub(super) fn line_of(rule: &Baseline) -> String {
    let metrics = rule.metrics.iter().map(|(name, value)| format!("{} {value:.4}", name.replace('_', " ")));
    format!("without a model, {}: {}", rule.name, metrics.collect::<Vec<_>>().join("  "))
}

/// What rules without a model get, which know the training split.
fn baselines<T: ShownTask>(
    evaluation: &Evaluation<T>,
    train: Vec<T::Example>,
) -> Result<Vec<Baseline>, Error> {
    let train: Vec<T::Example> =
        train.into_iter().map(|example| evaluation.task.align_label(example)).collect();
    let examples: Vec<T::Example> = evaluation.examples.iter().map(|(example, _)| example.clone()).collect();
    Ok(evaluation.task.clone().with_baselines(&train).baselines(&examples)?)
}

fn bar(examples: usize) -> ProgressBar {
    let terminal = std::io::stderr().is_terminal();
    ProgressBar::with_draw_target(
        Some(examples as u64),
        if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() },
    )
}
