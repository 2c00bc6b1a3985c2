//! The program's tasks, and how the program shows each task.

mod multi_label;
mod question_answering;
mod regression;
mod report;
mod sentence_similarity;
mod text_classification;
mod token_classification;

use std::path::Path;

use embert_data::tokenize::Truncation;
use embert_data::{Columns, Row, RowProblem};
use embert_model::BertConfig;
use embert_run::{Facts, RunError, RunFiles};
use embert_task::{Aggregation, ExampleProblem, Task, TaskKind, is_unnamed};
use embert_train::Evaluation;
use serde_json::Value;

use crate::error::{ConllProblem, Error};

/// Evaluates `$body` with `$task` as the type of the task `$kind`. Only this macro maps tasks to types.
macro_rules! with_task {
    ($kind:expr, $task:ident => $body:expr) => {
        match $kind {
            embert_task::TaskKind::TextClassification => {
                type $task = embert_task::TextClassification;
                $body
            }
            embert_task::TaskKind::MultiLabelClassification => {
                type $task = embert_task::MultiLabelClassification;
                $body
            }
            embert_task::TaskKind::TextRegression => {
                type $task = embert_task::TextRegression;
                $body
            }
            embert_task::TaskKind::TokenClassification => {
                type $task = embert_task::TokenClassification;
                $body
            }
            embert_task::TaskKind::QuestionAnswering => {
                type $task = embert_task::QuestionAnswering;
                $body
            }
            embert_task::TaskKind::SentenceSimilarity => {
                type $task = embert_task::SentenceSimilarity;
                $body
            }
        }
    };
}

pub(crate) use with_task;

/// The task that the checkpoint in `folder` was trained for: as the facts of its run say, else as its head is.
///
/// # Errors
/// The run is for a task that this program does not have, or of a newer version.
pub(crate) fn task_of_model(folder: &Path) -> Result<TaskKind, Error> {
    let run = folder.canonicalize().ok();
    if let Some(kind) = run.as_deref().and_then(Path::parent).map(task_of_run).transpose()?.flatten() {
        return Ok(kind);
    }
    // The encoder of a folder of sentence-transformers has no head of its own.
    if folder.join("modules.json").is_file() {
        return Ok(TaskKind::SentenceSimilarity);
    }
    // A config that can't be read is an error when the checkpoint is loaded.
    let config = BertConfig::from_file(&folder.join("config.json"));
    Ok(config.map_or(TaskKind::TextClassification, |config| TaskKind::of_checkpoint(&config)))
}

/// The task that the facts of the run in `folder` name; `None` where there are no facts, or damaged ones,
/// which are in the way of a report, but neither of a prediction nor of a run that goes on. A run that was killed
/// at its beginning has none yet: it finds its task as a new run does.
///
/// # Errors
/// As [`task_of_model`].
pub(crate) fn task_of_run(folder: &Path) -> Result<Option<TaskKind>, Error> {
    let path = RunFiles::new(folder).facts();
    match Facts::read(&path) {
        Ok(Some(Facts { task, problem_type, .. })) => {
            let known = TaskKind::of_run(&task, problem_type.as_deref());
            let kind = problem_type.map_or_else(String::new, |kind| format!(", {kind}"));
            known.map(Some).ok_or_else(|| Error::UnknownTask { path, found: task + &kind })
        }
        Err(error @ RunError::Newer { .. }) => Err(error.into()),
        Ok(None) | Err(_) => Ok(None),
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

/// Whether `T` is the task of this kind, which its name alone tells.
pub(crate) fn is<T: Task>(kind: TaskKind) -> bool {
    TaskKind::of_run(T::NAME, None) == Some(kind)
}

/// Refuses `--truncation` with a task that leaves no choice.
pub(crate) fn check_truncation<T: Task>(truncation: Option<Truncation>) -> Result<(), Error> {
    match (T::TRUNCATION, truncation) {
        (Some(only), Some(found)) if found != only => Err(Error::Truncation { only, found, task: T::NAME }),
        _ => Ok(()),
    }
}

/// A note on texts that were cut, as the user asked, where something in the prediction lacks for that; `None`
/// where none was.
pub(crate) fn cut_note<T: ShownTask>(cut: usize, all: usize, max_length: usize) -> Option<String> {
    (cut > 0).then(|| {
        let lacks = T::CUT;
        format!(
            "{cut} of {all} texts were cut at {max_length} tokens: {lacks}; leave --stride none out to read them whole"
        )
    })
}

/// The warning about a head whose labels have no names; `None` for a head with names. `what` is what the labels
/// are called.
fn unnamed_warning(labels: &[String], what: &str) -> Option<String> {
    is_unnamed(labels).then(|| {
        format!(
            "warning: the checkpoint doesn't name its {what}: LABEL_0 is its first output, and so on; name them as \"id2label\" \
             in its config.json"
        )
    })
}

/// Takes the texts of a row out of it.
fn texts_of_row(row: &mut Row, columns: PredictColumns<'_>) -> Result<(String, Option<String>), RowProblem> {
    let text = row.text(columns.text)?.to_owned();
    row.take(columns.text);
    let Some(column) = columns.text_pair.filter(|column| row.get(column).is_some()) else {
        return Ok((text, None));
    };
    let text_pair = row.text(column)?.to_owned();
    row.take(column);
    Ok((text, Some(text_pair)))
}

/// A file that official scripts read, from an evaluation: its name and content.
pub(crate) type ScriptFile = (&'static str, Value);

/// A task with the tables and lines that the program prints for the task.
pub(crate) trait ShownTask: Task {
    /// The columns of texts that `predict` reads unless it is told others: the text's, and the second text's of
    /// a task whose texts are always pairs.
    const TEXT_COLUMNS: (&'static str, Option<&'static str>) = ("text", None);
    /// The headings of the table of answers on a terminal.
    const ANSWER_HEADINGS: &'static [&'static str];
    /// Whether `predict` writes the other columns of its input beside each answer.
    const PASSES_COLUMNS: bool = false;

    /// What a prediction lacks where its text was cut ([`is_cut`](Self::is_cut)), for a sentence.
    const CUT: &'static str = "";

    /// The columns that `predict` reads of a file.
    fn read_columns(columns: PredictColumns<'_>) -> Columns {
        columns.wanted()
    }

    /// The task with another way to make entities of tokens; `None` for a task that has none.
    fn with_aggregation(self, _aggregation: Aggregation) -> Option<Self> {
        None
    }

    /// The task that writes this number of its best answers; `None` for a task that has one.
    fn with_n_best(self, _n_best: usize) -> Option<Self> {
        None
    }

    /// The files of an evaluation that SQuAD's official scripts read; none for a task without questions.
    fn squad_files(_evaluation: &Evaluation<Self>) -> Vec<ScriptFile> {
        Vec::new()
    }

    /// The example to predict for a text, or a pair of texts, from the command line.
    fn example_of_texts(id: u64, text: String, text_pair: Option<String>) -> Self::Example;

    /// The example to predict for a row of a file. What the example has no use for stays in the row.
    fn example_of_row(
        id: u64,
        row: &mut Row,
        columns: PredictColumns<'_>,
    ) -> Result<Self::Example, ExampleProblem>;

    /// A warning about the checkpoint, to print before its predictions; `None` if there is nothing to warn
    /// about.
    fn warning(&self) -> Option<String>;

    /// The cells of an answer, under [`ANSWER_HEADINGS`](Self::ANSWER_HEADINGS).
    fn answer_cells(answer: &Self::Answer) -> Vec<String>;

    /// An answer as CoNLL columns, with the blank line at its end; `None` for a task without tags.
    ///
    /// # Errors
    /// A word that a reader of the columns would not read as it is, or that has no tag.
    fn conll(_answer: &Self::Answer) -> Option<Result<String, ConllProblem>> {
        None
    }

    /// Whether the model has read only a part of a text, and something in the prediction lacks for that.
    fn is_cut(_prediction: &Self::Prediction) -> bool {
        false
    }

    /// As [`is_cut`](Self::is_cut), of an answer.
    fn is_answer_cut(_answer: &Self::Answer) -> bool {
        false
    }

    /// Prints the metrics of an evaluation.
    fn print_report(evaluation: &Evaluation<Self>) -> Result<(), Error>;

    /// An example with its prediction, as a line of `eval --predictions`.
    fn evaluated(&self, example: &Self::Example, prediction: &Self::Prediction) -> Value;
}
