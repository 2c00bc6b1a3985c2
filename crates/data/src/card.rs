//! [`Card`]: the description of a data set, in TOML.

mod problems;

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::columns::Columns;
use crate::error::DataError;
use crate::read::{Format, ReadOptions};
use crate::repository::name::RepositoryName;
use crate::split::check_ratios;
use crate::split_files::SplitFiles;
use crate::task_name::{ProblemType, TaskName};
use crate::text_files::TextFiles;

/// The description of a data set: its task, its files, and the names of its columns and labels.
///
/// ```
/// use embert_data::Card;
///
/// let card = Card::parse(
///     r#"
///     name = "reviews"
///     task = "text-classification"
///     labels = ["neg", "pos"]
///     positive = "pos"
///     [files]
///     train = ["train.csv"]
///     [columns]
///     text = "review"
///     label = "sentiment"
///     "#,
///     "reviews.toml".as_ref(),
/// )?;
/// assert_eq!(card.columns.text, "review");
/// # Ok::<(), embert_data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// The data set's name, as `--dataset` takes it.
    pub name: String,
    /// A sentence about the data set.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The task that the data set is for. `None`: the columns, the checkpoint or the user decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskName>,
    /// Other tasks that the data set is for as well, where the user asks for one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_tasks: Vec<TaskName>,
    /// What the label of text classification is: one label, several labels, or a number. `None`: the values
    /// in the label's column decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem_type: Option<ProblemType>,
    /// The name of the metric that chooses the weights, where the field has one for this data set: `f1` for
    /// MRPC. `None`: the task's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// The scheme of the tags of token classification: `iob1`, `iob2`, `iobes` or `bilou`. `None`: the tags
    /// decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// The scores of sentence similarity of texts that have nothing in common, and of texts that mean the same:
    /// cosines are compared with scores on a scale from 0 to 1. `None`: the scores are cosines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score_range: Option<[f64; 2]>,
    /// The licence: an SPDX expression, or the authors' words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// The work to cite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub citation: Option<String>,
    /// The address of a page about the data set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
    /// The labels' names; for token classification the tags, or for spans the types of entities. Numbers in
    /// the files are indices of these names, from 0, unless one of the names is a number itself; the numbers
    /// of tags always are. Empty: the labels that the files state, else the labels in the training split, or
    /// the tags of all splits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Whether numbers in the files are indices of the labels, from 0, even if the labels' names are numbers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub class_numbers: bool,
    /// The label that binary precision, recall and F1 are about; by default the last label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positive: Option<String>,
    /// The columns of 0 and 1, one a label, in which a data set of several labels says which labels a text
    /// has. Empty: the labels are in the column [`label`](CardColumns::label).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub label_columns: Vec<String>,
    /// What separates several labels in a text of the label's column; by default `|`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_separator: Option<String>,
    /// The shares of train, validation and test to cut from the training files. Used only if the card names
    /// no validation files and [`LoadOptions`](crate::LoadOptions) has no shares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_ratios: Option<[f64; 3]>,
    /// The hub's repository with the files. A card has either `hub` or `files`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hub: Option<HubSource>,
    /// Files on this machine, relative to the card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<SplitFiles>,
    /// The names of the columns.
    #[serde(default)]
    pub columns: CardColumns,
    /// The names of class numbers in columns besides the label's, as the README of the data states them.
    #[serde(skip)]
    pub(crate) class_names: Vec<(String, Vec<String>)>,
    /// What files of plain text hold, where another than the card has said the task.
    #[serde(skip)]
    text_files: TextFiles,
    /// Options for reading the files, where the files' names and contents leave the format open.
    #[serde(default, skip_serializing_if = "ReadOptions::is_default")]
    pub reading: ReadOptions,
}

/// A repository of the hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HubSource {
    /// The repository's name, `owner/name`.
    pub repository: String,
    /// The config, one of several data sets in the repository, as its README or folders name it; by default
    /// the only or default config.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// A branch, tag or commit; by default `main`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// The files of each split: names or patterns. Empty: the repository's README, or the names of its files,
    /// decide.
    #[serde(default, skip_serializing_if = "SplitFiles::is_empty")]
    pub files: SplitFiles,
}

/// The names of the columns in the files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CardColumns {
    /// The column of the text, or of the first text of a pair.
    pub text: String,
    /// The column of the second text of a pair.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_pair: Option<String>,
    /// The column of a text that is no partner of the first one, for sentence similarity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negative: Option<String>,
    /// The column of the label; for sentence similarity that of the score, or empty for pairs without scores.
    pub label: String,
    /// The column of a text's words, as a list, for token classification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<String>,
    /// The column of the words' tags, as a list, for token classification: names, or numbers with names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<String>,
    /// The column of a text's entities, as a list of spans of characters, for token classification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entities: Option<String>,
    /// The column of the question, for question answering; by default `question`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// The column of the text that has the answer, for question answering; by default `context`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The column of the true answers with their offsets, for question answering; by default `answers`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answers: Option<String>,
    /// The column of a question's identifier, for question answering; by default `id`, if a file has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The column whose value says which document a text is from: where splits are cut, the texts of a
    /// document stay in one of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
}

impl Default for CardColumns {
    fn default() -> Self {
        Self {
            text: "text".into(),
            text_pair: None,
            negative: None,
            label: "label".into(),
            tokens: None,
            tags: None,
            entities: None,
            question: None,
            context: None,
            answers: None,
            id: None,
            document: None,
        }
    }
}

impl From<&CardColumns> for Columns {
    fn from(columns: &CardColumns) -> Self {
        let of_texts = Self::new().with_text(&columns.text);
        let of_texts = columns.text_pair.iter().fold(of_texts, Columns::with_text);
        columns.document.iter().fold(of_texts.with_label(&columns.label), Columns::with)
    }
}

impl Card {
    /// Reads a card.
    ///
    /// # Errors
    /// The file can't be read, isn't TOML, has an unknown key, or contradicts itself.
    pub fn from_file(path: &Path) -> Result<Self, DataError> {
        let text =
            fs::read_to_string(path).map_err(|source| DataError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// Reads the text of a card; `path` is the card's file in messages.
    ///
    /// # Errors
    /// The text isn't TOML, has an unknown key, or contradicts itself.
    pub fn parse(text: &str, path: &Path) -> Result<Self, DataError> {
        let card: Self = toml::from_str(text)
            .map_err(|source| DataError::CardSyntax { path: path.to_owned(), source: Box::new(source) })?;
        let refuse = |problem: String| Err(DataError::Card { path: path.to_owned(), problem });
        if card.hub.is_some() == card.files.is_some() {
            return refuse("expected either [hub] or [files], to say where the data are".into());
        }
        if let Some(problem) = card.files_problem() {
            return refuse(problem);
        }
        if let Some(ratios) = card.split_ratios {
            check_ratios(ratios)
                .map_err(|error| DataError::Card { path: path.to_owned(), problem: error.to_string() })?;
        }
        let distinct: std::collections::BTreeSet<_> = card.labels.iter().collect();
        if distinct.len() != card.labels.len() {
            return refuse(format!("labels = {:?}: expected each once", card.labels));
        }
        // One of several labels, or one type of entities, is as good as many.
        let is_single = card.problem_type == Some(ProblemType::SingleLabelClassification);
        if is_single && card.labels.len() == 1 {
            return refuse(format!("labels = {:?}: expected at least two for one label a text", card.labels));
        }
        if card.class_numbers && card.labels.is_empty() {
            return refuse("class_numbers = true: expected labels, whose indices they are".into());
        }
        if let Some(positive) = card.positive.as_ref().filter(|name| !card.labels.contains(name)) {
            return refuse(format!("positive = \"{positive}\" is none of the labels {:?}", card.labels));
        }
        if let Some([low, high]) = card.score_range
            && !(low.is_finite() && high.is_finite() && low < high)
        {
            return refuse(format!(
                "score_range = [{low}, {high}]: expected the lowest score, then the highest"
            ));
        }
        if let Some(problem) = card.task_problem() {
            return refuse(problem);
        }
        Ok(card)
    }

    /// The problem of a card without training files.
    fn files_problem(&self) -> Option<String> {
        let files = self.split_files();
        let is_discovered = self.hub.as_ref().is_some_and(|hub| hub.files.is_empty());
        if !files.train.is_empty() || is_discovered {
            return None;
        }
        let table = if self.hub.is_some() { "hub.files" } else { "files" };
        if files.is_empty() {
            return Some(format!("[{table}] train names no file"));
        }
        let questions = TaskName::QuestionAnswering;
        if self.task != Some(questions) {
            return Some(format!(
                "[{table}] train names no file: only a card with task = \"{questions}\" may be for evaluation alone"
            ));
        }
        let ratios = self.split_ratios?;
        Some(format!("split_ratios = {ratios:?} cut the training files, but [{table}] train names none"))
    }

    /// The card of a data set that is read for `task`, as the user or a checkpoint says. It does not become
    /// the card's own [`task`](Self::task), but for token classification `.txt` and `.tsv` are CoNLL columns.
    #[must_use]
    pub fn read_for(mut self, task: Option<TaskName>) -> Self {
        self.text_files = self.text_files.max(TextFiles::of(task));
        self
    }

    /// What files of plain text hold.
    pub(crate) fn text_files(&self) -> TextFiles {
        let columns = &self.columns;
        let are_words = columns.tokens.is_some() || columns.tags.is_some();
        if are_words { TextFiles::Conll } else { self.text_files.max(TextFiles::of(self.task)) }
    }

    /// How a file of the data set is read: as `options` say, else as the card says. Where neither says the
    /// format and the task is token classification, `.txt` and `.tsv` are CoNLL columns.
    pub fn reading_of(&self, file: &Path, options: &ReadOptions) -> ReadOptions {
        let reading = options.or(&self.reading);
        let is_text = || matches!(Format::of(file), Some(Format::Lines | Format::Tsv));
        if reading.format.is_none() && self.text_files() == TextFiles::Conll && is_text() {
            return ReadOptions { format: Some(Format::Conll), ..reading };
        }
        reading
    }

    /// The names of the classes that the numbers in `column` stand for, as the README of the data states them
    /// for a column that is not the label's. The names of the label's column are [`labels`](Self::labels).
    pub fn class_names(&self, column: &str) -> Option<&[String]> {
        self.class_names.iter().find(|(name, _)| name == column).map(|(_, names)| names.as_slice())
    }

    /// Checks that there are files to train on. A card for question answering may be for evaluation alone.
    ///
    /// # Errors
    /// The card names files, and none of them is of the training split.
    pub fn check_training(&self) -> Result<(), DataError> {
        let SplitFiles { train, validation, test } = self.split_files();
        let found = [("validation", !validation.is_empty()), ("test", !test.is_empty())];
        let found: Vec<&str> =
            found.into_iter().filter(|(_, is_there)| *is_there).map(|(name, _)| name).collect();
        if train.is_empty() && !found.is_empty() {
            let (name, found) = (self.name.clone(), found.join(" and "));
            return Err(DataError::NoTrainingSplit { name, found });
        }
        Ok(())
    }

    /// The files of each split, relative to the card or to the repository's folder.
    pub fn split_files(&self) -> SplitFiles {
        match (&self.hub, &self.files) {
            (Some(hub), _) => hub.files.clone(),
            (None, Some(files)) => files.clone(),
            (None, None) => SplitFiles::default(),
        }
    }

    /// A card for one file, which is the training split.
    pub fn for_file(path: &Path) -> Self {
        let name = path.file_stem().unwrap_or(path.as_os_str());
        Self::local(
            name.to_string_lossy().into_owned(),
            SplitFiles { train: vec![path.to_owned()], ..SplitFiles::default() },
        )
    }

    /// A card for a repository of the hub whose files are not known yet.
    pub(crate) fn for_repository(name: &RepositoryName) -> Self {
        let title = RepositoryName { revision: None, ..name.clone() }.to_string();
        let hub = HubSource {
            repository: name.repository.clone(),
            config: name.config.clone(),
            revision: name.revision.clone(),
            files: SplitFiles::default(),
        };
        Self { hub: Some(hub), files: None, ..Self::local(title, SplitFiles::default()) }
    }

    pub(crate) fn local(name: String, files: SplitFiles) -> Self {
        Self {
            name,
            description: String::new(),
            task: None,
            other_tasks: Vec::new(),
            problem_type: None,
            metric: None,
            scheme: None,
            score_range: None,
            licence: None,
            citation: None,
            homepage: None,
            labels: Vec::new(),
            class_numbers: false,
            positive: None,
            label_columns: Vec::new(),
            label_separator: None,
            split_ratios: None,
            hub: None,
            files: Some(files),
            columns: CardColumns::default(),
            class_names: Vec::new(),
            text_files: TextFiles::default(),
            reading: ReadOptions::default(),
        }
    }
}

#[cfg(test)]
mod tests;
