//! Why the program stops, printed once with its whole chain of causes.

use std::path::PathBuf;

/// An error of the program.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Train(#[from] embert_train::TrainError),
    #[error(transparent)]
    Config(#[from] embert_train::ConfigError),
    #[error(transparent)]
    Sweep(#[from] embert_train::SweepError),
    #[error(transparent)]
    Hub(#[from] embert_hub::HubError),
    #[error(transparent)]
    Data(#[from] embert_data::DataError),
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
    #[error("{} is a sweep, which has a page of its own: name it alone, or name the runs in it", path.display())]
    SweepAmongRuns { path: PathBuf },
    #[error("can't serve on port {port}")]
    Serve { port: u16, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("can't {action} {}", path.display())]
    Io { action: &'static str, path: PathBuf, source: std::io::Error },
    #[error("can't write to the standard output")]
    Stdout { source: std::io::Error },
    #[error("can't handle Ctrl-C")]
    Signal { source: ctrlc::Error },
    #[error("{key} is not given: {hint}")]
    Missing { key: &'static str, hint: String },
    #[error("{dataset} has no {split} split: {hint}")]
    NoSplit { dataset: String, split: &'static str, hint: &'static str },
    #[error("{key} is swept, so it can't be set on the command line too: leave one of them out")]
    SweptSetting { key: String },
    #[error("every row of {} was skipped ({rows}), the first with: {first}", input.display())]
    AllSkipped { input: PathBuf, rows: u64, first: embert_data::DataError },
    #[error("all {runs} runs of the sweep in {} failed, the first with: {error}", path.display())]
    AllFailed { runs: usize, path: PathBuf, error: String },
    #[error("--{option} can't change in a run that goes on: leave it out, or start a new run")]
    ResumeSetting { option: String },
}

impl Error {
    /// Whether somebody closed the pipe that we write to, which is no failure.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Stdout { source } if source.kind() == std::io::ErrorKind::BrokenPipe)
    }
}

/// Prints an error and its causes, each once, on the standard error.
pub(crate) fn report(error: &Error) {
    eprintln!("error: {error}");
    let mut last = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let text = error.to_string();
        // Transparent wrappers repeat their source's text.
        if text != last && !last.contains(&text) {
            eprintln!("  caused by: {}", text.trim_end().replace('\n', "\n    "));
        }
        last = text;
        cause = error.source();
    }
}
