//! [`DataSet`]: the files of a data set, with the task that they are for.

use std::path::{Path, PathBuf};

use embert_data::{Card, DataError, DataSource, Format, LoadOptions, LoadedRows, TaskName, load_rows};
use embert_model::{BertConfig, ProblemType};
use embert_task::{
    Task, TaskData, TaskError, TaskKind, TextClassification, find_columns, find_problem_type, from_rows, load,
};
use embert_train::TrainConfig;

use crate::error::Error;
use crate::output::say;
use crate::sources;

/// The files of a data set on this machine, with the task that they are for.
#[derive(Clone, Debug)]
pub(crate) struct DataSet {
    /// The task.
    pub(crate) kind: TaskKind,
    /// The card, with the names of the columns.
    pub(crate) card: Card,
    root: PathBuf,
    /// The rows, where they had to be read to find the task.
    rows: Option<LoadedRows>,
    /// The card as it was, where the task was known before the columns.
    given: Option<Card>,
}

impl DataSet {
    /// Fetches the data set and finds its task: from the settings, the card, the columns and the labels, and
    /// where these leave it open, from the checkpoint in `model_folder`. Prints what was decided.
    pub(crate) fn open(source: DataSource, config: &TrainConfig, model_folder: &Path) -> Result<Self, Error> {
        let (card, root) = sources::fetch_data(source)?;
        card.check_training()?;
        let options = config.load_options();
        // A kind of labels is stated for text classification alone.
        let wanted = config.task.or(config.problem_type.map(|_| TaskName::TextClassification));
        let head = of_head(model_folder).filter(|_| !config.new_head && !config.from_scratch);
        let given = card.clone();
        let mut found = find_columns(card, &root, &options, wanted).map_err(|error| of_key(error, config))?;
        let of_head_alone = head.map(TaskKind::name).filter(|task| *task != TaskName::TextClassification);
        if let Some(task) = of_head_alone.filter(|_| !found.is_told) {
            found = find_columns(given, &root, &options, Some(task))?;
            say!("the checkpoint's head is for {task}, and the columns don't say otherwise");
        }
        sources::say_notes(&found.notes);
        let card = found.card;
        if let Some(kind) = of_name(found.task) {
            return Ok(Self { kind, card, root, rows: None, given: None });
        }
        let columns = TextClassification::columns(&card);
        let label = TextClassification::label_column(&card);
        let rows = if card.label_columns.is_empty() && config.problem_type.or(card.problem_type).is_none() {
            let rows = load_rows(&card, &root, &options, &columns, label);
            Some(rows.map_err(|error| with_columns(error.into(), &card, TaskName::TextClassification))?)
        } else {
            None
        };
        let of_head = match head {
            Some(TaskKind::MultiLabelClassification) => Some(ProblemType::MultiLabelClassification),
            Some(TaskKind::TextRegression) => Some(ProblemType::Regression),
            _ => None,
        };
        let none = LoadedRows::default();
        let seen = rows.as_ref().unwrap_or(&none);
        let (problem_type, note) =
            find_problem_type(&card, seen, options.skip_bad_rows, config.problem_type, of_head)?;
        if let Some(note) = note {
            say!("{note}");
        }
        let kind = TaskKind::of_texts(problem_type);
        // The columns of another kind of labels may be others.
        let rows = rows.filter(|_| card.label_columns.is_empty());
        Ok(Self { kind, card, root, rows, given: None })
    }

    /// The data set without the rows that were read to find its task, to be kept for later.
    pub(crate) fn without_rows(self) -> Self {
        Self { rows: None, ..self }
    }

    /// Fetches the data set for a task that is known: a checkpoint's, or that of a run that goes on.
    pub(crate) fn of_task(source: DataSource, config: &TrainConfig, kind: TaskKind) -> Result<Self, Error> {
        let (given, root) = sources::fetch_data(source)?;
        if let Some(found) = states_other(&given, kind) {
            return Err(Error::TaskOfCard { dataset: given.name, found, model: kind });
        }
        let found = find_columns(given.clone(), &root, &config.load_options(), Some(kind.name()))?;
        sources::say_notes(&found.notes);
        Ok(Self { kind, card: found.card, root, rows: None, given: Some(given) })
    }

    /// The examples of the data set for its task, and its card.
    pub(crate) fn load<T: Task>(self, config: &TrainConfig) -> Result<(TaskData<T>, Card), Error> {
        let Self { kind, card, root, rows, .. } = self;
        let (options, label_options) = (config.load_options(), config.label_options());
        let data = match rows {
            Some(rows) => from_rows(&card, &root, &options, &label_options, rows),
            None => load(&card, &root, &options, &label_options),
        };
        match data {
            Ok(data) => Ok((data, card)),
            Err(error) => Err(with_columns(error, &card, kind.name()).into()),
        }
    }

    /// The examples of the data set for the task of a trained model. Where they can't be used because they are
    /// for another task, the error says both.
    pub(crate) fn load_for_model<T: Task>(self, config: &TrainConfig) -> Result<TaskData<T>, Error> {
        let (model, given, root) = (self.kind, self.given.clone(), self.root.clone());
        self.load(config).map(|(data, _)| data).map_err(|error| {
            let Some(given) = given else { return error };
            let dataset = given.name.clone();
            match told(given, &root, &config.load_options()) {
                Some(found) if found != model => {
                    Error::TaskOfRows { dataset, found, model, source: Box::new(error) }
                }
                _ => error,
            }
        })
    }
}

/// The task of a name that says it whole; `None` for text classification, whose labels are of several kinds.
fn of_name(name: TaskName) -> Option<TaskKind> {
    match name {
        TaskName::TextClassification => None,
        TaskName::TokenClassification => Some(TaskKind::TokenClassification),
        TaskName::QuestionAnswering => Some(TaskKind::QuestionAnswering),
        TaskName::SentenceSimilarity => Some(TaskKind::SentenceSimilarity),
    }
}

/// The task that a card states, where it is another than `kind`.
fn states_other(card: &Card, kind: TaskKind) -> Option<String> {
    if let Some(task) = card.task.filter(|task| *task != kind.name()) {
        if card.other_tasks.contains(&kind.name()) {
            return None;
        }
        return Some(task.to_string());
    }
    if card.problem_type.is_none() && card.label_columns.is_empty() {
        return None;
    }
    let (problem_type, _) = find_problem_type(card, &LoadedRows::default(), false, None, None).ok()?;
    let stated = TaskKind::of_texts(problem_type);
    (stated != kind).then(|| stated.to_string())
}

/// The task that the columns and labels of a data set tell; `None` where they can't be read as those of a task.
fn told(card: Card, root: &Path, options: &LoadOptions) -> Option<TaskKind> {
    let found = find_columns(card, root, options, None).ok()?;
    if let Some(kind) = of_name(found.task) {
        return Some(kind);
    }
    let card = found.card;
    let rows = if card.label_columns.is_empty() {
        let columns = TextClassification::columns(&card);
        load_rows(&card, root, options, &columns, TextClassification::label_column(&card)).ok()?
    } else {
        LoadedRows::default()
    };
    let (problem_type, _) = find_problem_type(&card, &rows, options.skip_bad_rows, None, None).ok()?;
    Some(TaskKind::of_texts(problem_type))
}

/// The task that the checkpoint in `folder` has a head for; `None` where it has none or can't be read, which
/// is an error when it is loaded.
fn of_head(folder: &Path) -> Option<TaskKind> {
    let config = BertConfig::from_file(&folder.join("config.json")).ok()?;
    let is_classifier = config.architectures.iter().any(|name| name == "BertForSequenceClassification");
    let kind = TaskKind::of_checkpoint(&config);
    (is_classifier || of_name(kind.name()).is_some()).then_some(kind)
}

/// An error on the task names the key that the user has set: a kind of labels tells the task.
fn of_key(error: TaskError, config: &TrainConfig) -> TaskError {
    match (error, config.problem_type) {
        (TaskError::OtherTask { key: "task", stated, dataset, .. }, Some(kind)) if config.task.is_none() => {
            TaskError::OtherTask { key: "problem_type", wanted: kind.to_string(), stated, dataset }
        }
        (error, _) => error,
    }
}

/// Adds to an error about missing columns how a card names other columns.
fn with_columns(error: TaskError, card: &Card, task: TaskName) -> TaskError {
    match error {
        TaskError::Data(DataError::MissingColumn { path, column, found, hint }) if hint.is_empty() => {
            let files = match &card.hub {
                Some(hub) => {
                    let setting = |key: &str, value: Option<&String>| {
                        value.map_or_else(String::new, |value| format!(", {key} = {value:?}"))
                    };
                    let (config, revision) =
                        (setting("config", hub.config.as_ref()), setting("revision", hub.revision.as_ref()));
                    format!("[hub] repository = {:?}{config}{revision}", hub.repository)
                }
                None => "[files] train".to_owned(),
            };
            let (example, columns) = match task {
                TaskName::TextClassification => ("imdb", "text, text_pair (for pairs) and label"),
                TaskName::TokenClassification => (
                    "wnut17",
                    "tokens and tags (a list of words and one of their tags), or text and entities (spans)",
                ),
                TaskName::QuestionAnswering => ("squad", "question, context, answers and id"),
                TaskName::SentenceSimilarity => {
                    ("glue/stsb", "text, text_pair and label (the score; empty for pairs without scores)")
                }
            };
            let is_plain = matches!(Format::of(&path), Some(Format::Tsv | Format::Lines));
            let of_tokens = if is_plain && task == TaskName::TextClassification {
                "; where a line has a word and its tag, state --task token-classification"
            } else {
                ""
            };
            let indicators = if task == TaskName::TextClassification && column == card.columns.label {
                " (columns of 0 and 1 before [files], as in label_columns = [\"joy\", \"sad\"])"
            } else {
                ""
            };
            let hint = format!(
                "; name them in a card, a file as datasets/{example}.toml, with {files} and [columns] {columns}{indicators}{of_tokens}"
            );
            DataError::MissingColumn { path, column, found, hint }.into()
        }
        error => error,
    }
}
