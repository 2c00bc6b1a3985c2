//! [`Error`]: why the program stops.

use std::path::PathBuf;

use embert_data::TaskName;
use embert_data::tokenize::Truncation;
use embert_task::TaskKind;
use strum::VariantNames as _;

/// Why an answer can't be written as CoNLL columns.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConllProblem {
    #[error(
        "word {word} is {text}, which no reader of CoNLL columns reads as one word: --format jsonl can write it"
    )]
    Word { word: usize, text: String },
    #[error(
        "word {word}, {text}, has no tag, since the model has not read it: leave --stride none out, or write --format jsonl"
    )]
    Unread { word: usize, text: String },
}

/// An error of the program.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Train(#[from] embert_train::TrainError),
    #[error(transparent)]
    Config(#[from] embert_train::ConfigError),
    #[error(transparent)]
    Sweep(#[from] embert_sweep::SweepError),
    #[error(transparent)]
    SweepRun(Box<embert_sweep::SweepRunError<Self>>),
    #[error(transparent)]
    Hub(#[from] embert_hub::HubError),
    #[error(transparent)]
    Data(#[from] embert_data::DataError),
    #[error(transparent)]
    Run(#[from] embert_run::RunError),
    #[error(transparent)]
    Task(#[from] embert_task::TaskError),
    #[error(transparent)]
    Model(#[from] embert_model::ModelError),
    #[error(transparent)]
    Device(#[from] embert_model::DeviceError),
    #[error(transparent)]
    Tokenize(#[from] embert_data::tokenize::TokenizeError),
    #[error(transparent)]
    Predict(#[from] embert_predict::PredictError),
    #[error(transparent)]
    Report(#[from] embert_report::ReportError),
    #[error(transparent)]
    Output(#[from] embert_files::OutputError),
    #[error(transparent)]
    File(#[from] embert_files::FileError),
    #[error("{} is a sweep, which has a page of its own: name it alone, or name the runs in it", path.display())]
    SweepAmongRuns { path: PathBuf },
    #[error("can't serve on port {port}")]
    Serve { port: u16, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("can't {action} {}", path.display())]
    Io { action: &'static str, path: PathBuf, source: std::io::Error },
    #[error("can't write to the standard output")]
    Stdout { source: std::io::Error },
    #[error("can't handle the signals that stop a run")]
    Signal { source: std::io::Error },
    #[error(
        "{} says that the model was trained for the task \"{found}\", which this program does not have: expected {}; \
         use the version of embert that trained it",
        path.display(), TaskName::VARIANTS.join(", ")
    )]
    UnknownTask { path: PathBuf, found: String },
    #[error(
        "the data set {dataset} is for {found}, as its card says, but the model is for {model}: choose a model for the data's \
         task, or data for the model's"
    )]
    TaskOfCard { dataset: String, found: String, model: TaskKind },
    #[error(
        "the data set {dataset} seems to be for {found}, but the model is for {model}: choose a model for the data's task, or \
         data for the model's"
    )]
    TaskOfRows { dataset: String, found: TaskKind, model: TaskKind, source: Box<Error> },
    #[error(
        "--aggregation makes entities of tokens, but --format conll writes a tag for each word: leave one of them out"
    )]
    AggregatedWords,
    #[error("{source}; {hint}")]
    InputColumn { source: embert_data::DataError, hint: String },
    #[error("the answer to {place} can't be written as CoNLL columns: {problem}")]
    Conll { place: String, problem: ConllProblem },
    #[error("--{option} is for {tasks}, but the model is for {model}: leave it out")]
    OptionOfTask { option: &'static str, tasks: &'static str, model: &'static str },
    #[error("{}: {problem}", if *of == 1 { "the text".to_owned() } else { format!("text {number} of {of}") })]
    TypedText { number: usize, of: usize, problem: embert_task::ExampleProblem },
    #[error(
        "the format of the vectors can't be told from {}: name a file that ends in one of {endings}, or set --format",
        path.display()
    )]
    VectorFormat { path: PathBuf, endings: String },
    #[error(
        "vectors can't be written to a terminal as {format}: name a file with --output, or leave --format out"
    )]
    VectorsOnTerminal { format: embert_predict::VectorFormat },
    #[error("--{option} {} is a file, expected a folder, or a path where one can be made", path.display())]
    NoFolder { option: &'static str, path: PathBuf },
    #[error("{} has a vocabulary: choose another output, or pass --overwrite to replace it", path.display())]
    VocabularyExists { path: PathBuf },
    #[error("{} would replace {}, which is read: choose another output", path.display(), input.display())]
    VocabularyIsRead { path: PathBuf, input: PathBuf },
    #[error("{} has {name}, which is no file of a vocabulary: choose another output", path.display())]
    NotOfVocabulary { path: PathBuf, name: String },
    #[error("--truncation {found}: in {task} it is {only}, what else is read is read whole; leave it out")]
    Truncation { found: Truncation, task: &'static str, only: Truncation },
    #[error("{key} is not given: {hint}")]
    Missing { key: &'static str, hint: String },
    #[error("{dataset} has no {split} split: {hint}")]
    NoSplit { dataset: String, split: &'static str, hint: &'static str },
    #[error("{one} and {other} set {key} to different values: leave one of them out")]
    Contradiction { one: String, other: String, key: &'static str },
    #[error("{key} is swept, so it can't be set on the command line too: leave one of them out")]
    SweptSetting { key: String },
    #[error(
        "the {what} {} does not exist: put it back, or set {key} in {} to its new path",
        path.display(), config.display()
    )]
    Gone { what: &'static str, key: &'static str, path: PathBuf, config: PathBuf },
    #[error(
        "{} has the relative path {key} = \"{name}\", which was in {} and isn't there any more; what this folder has of that name may be another {what}: write the whole path into that file",
        config.display(), folder.display()
    )]
    OtherFolder { what: &'static str, key: &'static str, name: String, folder: PathBuf, config: PathBuf },
    #[error("{one} and {other} both sweep {key}: put its values into one of them")]
    SweptTwice { key: String, one: String, other: String },
    #[error(
        "{one} trains for {one_task}, {other} for {other_task}: the runs of a sweep are compared by the metrics of one task, so \
         sweep each task on its own"
    )]
    SweptTasks { one: String, one_task: TaskKind, other: String, other_task: TaskKind },
    #[error("{point} can't be trained")]
    SweptPoint { point: String, source: Box<Error> },
    #[error("every row of {} was skipped ({rows}), the first with: {first}", input.display())]
    AllSkipped { input: PathBuf, rows: u64, first: Box<embert_predict::PredictError> },
    #[error("all {runs} runs of the sweep in {} failed, the first with: {error}", path.display())]
    AllFailed { runs: usize, path: PathBuf, error: String },
    #[error(
        "--set {key} changes nothing in an evaluation: expected {expected}; other keys have options of their own"
    )]
    EvalSetting { key: String, expected: String },
    #[error("--{option} can't change in a run that goes on: leave it out, or start a new run")]
    ResumeSetting { option: String },
}

impl From<embert_sweep::SweepRunError<Self>> for Error {
    fn from(error: embert_sweep::SweepRunError<Self>) -> Self {
        Self::SweepRun(Box::new(error))
    }
}

impl Error {
    /// Whether the reader of a pipe that the program writes to has closed it, which is no failure.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        match self {
            Self::Stdout { source }
            | Self::Io { source, .. }
            | Self::File(embert_files::FileError { source, .. }) => {
                source.kind() == std::io::ErrorKind::BrokenPipe
            }
            _ => false,
        }
    }
}
