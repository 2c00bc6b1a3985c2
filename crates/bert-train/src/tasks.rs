//! The tasks that the program has, and what it shows of each.

mod text_classification;

use embert_data::{Columns, Row, RowProblem};
use embert_task::Task;
pub(crate) use embert_task::TextClassification;
use embert_train::Evaluation;
use serde_json::Value;

use crate::error::Error;

/// The value of an expression in which a type has the name of the task: the only place that knows which type a task's name
/// stands for.
macro_rules! with_task {
    ($name:expr, $task:ident => $body:expr) => {
        match $name {
            embert_data::TaskName::TextClassification => {
                type $task = $crate::tasks::TextClassification;
                $body
            }
        }
    };
}

pub(crate) use with_task;

/// The columns that `predict` reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PredictColumns<'a> {
    pub(crate) text: &'a str,
    pub(crate) text_pair: Option<&'a str>,
}

impl PredictColumns<'_> {
    /// What is read of a file.
    pub(crate) fn wanted(&self) -> Columns {
        let columns = Columns::new().with_text(self.text);
        self.text_pair.into_iter().fold(columns, Columns::with_text)
    }
}

/// A task with the tables and lines that the program prints of it.
pub(crate) trait ShownTask: Task {
    /// The headings of the table of answers on a terminal.
    const ANSWER_HEADINGS: &'static [&'static str];

    /// A text of the command line, to be predicted.
    fn example_of_text(id: u64, text: String) -> Self::Example;

    /// A row of a file, to be predicted.
    fn example_of_row(id: u64, row: Row, columns: PredictColumns<'_>) -> Result<Self::Example, RowProblem>;

    /// What a user should know of the checkpoint before it predicts.
    fn warning(&self) -> Option<String>;

    /// The cells of an answer, under [`ANSWER_HEADINGS`](Self::ANSWER_HEADINGS).
    fn answer_cells(answer: &Self::Answer) -> Vec<String>;

    /// Prints the metrics of an evaluation.
    fn print_report(evaluation: &Evaluation<Self>) -> Result<(), Error>;

    /// What the model says of an example, as a line of `eval --predictions` has it.
    fn evaluated(&self, example: &Self::Example, prediction: &Self::Prediction) -> Value;
}
