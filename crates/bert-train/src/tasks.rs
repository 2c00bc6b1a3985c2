//! The program's tasks, and how the program shows each task.

mod text_classification;

use std::path::Path;

use embert_data::{Columns, Row, RowProblem, TaskName};
use embert_run::{Facts, RunError, RunFiles};
use embert_task::Task;
pub(crate) use embert_task::TextClassification;
use embert_train::Evaluation;
use serde_json::Value;

use crate::error::Error;

/// Evaluates `$body` with `$task` as the type of the task that is called `$name`. Only this macro maps names
/// of tasks to types.
macro_rules! with_task {
    ($name:expr, $task:ident => $body:expr) => {
        match $name {
            embert_data::TaskName::TextClassification | embert_data::TaskName::TokenClassification => {
                type $task = $crate::tasks::TextClassification;
                $body
            }
        }
    };
}

pub(crate) use with_task;

/// The task that the checkpoint in `folder` was trained for, as the facts of its run say. A checkpoint of
/// another program has no such facts and is taken for a text classifier; if it is for another task, loading
/// its head is an error.
///
/// # Errors
/// The run is for a task that this program does not have, or of a newer version.
pub(crate) fn task_of_model(folder: &Path) -> Result<TaskName, Error> {
    match folder.canonicalize().ok().as_deref().and_then(Path::parent) {
        Some(run) => task_of_run(run),
        None => Ok(TaskName::TextClassification),
    }
}

/// The task of the run in `folder`, as its facts say; the default task without facts.
///
/// # Errors
/// As [`task_of_model`].
pub(crate) fn task_of_run(folder: &Path) -> Result<TaskName, Error> {
    let path = RunFiles::new(folder).facts();
    match Facts::read(&path) {
        Ok(Some(facts)) => facts.task.parse().map_err(|_| Error::UnknownTask { path, found: facts.task }),
        Err(error @ RunError::Newer { .. }) => Err(error.into()),
        // Damaged facts are in the way of a report, not of a prediction.
        Ok(None) | Err(_) => Ok(TaskName::TextClassification),
    }
}

/// The columns that `predict` reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PredictColumns<'a> {
    pub(crate) text: &'a str,
    pub(crate) text_pair: Option<&'a str>,
}

impl PredictColumns<'_> {
    /// The columns to read of a file.
    pub(crate) fn wanted(&self) -> Columns {
        let columns = Columns::new().with_text(self.text);
        self.text_pair.into_iter().fold(columns, Columns::with_text)
    }
}

/// A task with the tables and lines that the program prints for the task.
pub(crate) trait ShownTask: Task {
    /// The headings of the table of answers on a terminal.
    const ANSWER_HEADINGS: &'static [&'static str];

    /// The example to predict for a text from the command line.
    fn example_of_text(id: u64, text: String) -> Self::Example;

    /// The example to predict for a row of a file.
    fn example_of_row(id: u64, row: Row, columns: PredictColumns<'_>) -> Result<Self::Example, RowProblem>;

    /// A warning about the checkpoint, to print before its predictions; `None` if there is nothing to warn
    /// about.
    fn warning(&self) -> Option<String>;

    /// The cells of an answer, under [`ANSWER_HEADINGS`](Self::ANSWER_HEADINGS).
    fn answer_cells(answer: &Self::Answer) -> Vec<String>;

    /// Prints the metrics of an evaluation.
    fn print_report(evaluation: &Evaluation<Self>) -> Result<(), Error>;

    /// An example with its prediction, as a line of `eval --predictions`.
    fn evaluated(&self, example: &Self::Example, prediction: &Self::Prediction) -> Value;
}
