//! [`Card`]: the description of a data set, in TOML.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, VariantNames};

use crate::columns::Columns;
use crate::error::DataError;
use crate::read::ReadOptions;
use crate::repository::name::RepositoryName;
use crate::split::check_ratios;
use crate::split_files::SplitFiles;

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
    /// The task that the data set is for.
    pub task: TaskName,
    /// The licence: an SPDX expression, or the authors' words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// The work to cite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub citation: Option<String>,
    /// The address of a page about the data set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
    /// The labels' names. Numbers in the files are indices of these names, from 0, unless one of the names is
    /// a number itself. Empty: the labels that the files state, else the labels in the training split.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Whether numbers in the files are indices of the labels, from 0, even if the labels' names are numbers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub class_numbers: bool,
    /// The label that binary precision, recall and F1 are about; by default the last label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positive: Option<String>,
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
    /// Options for reading the files, where the files' names and contents leave the format open.
    #[serde(default, skip_serializing_if = "ReadOptions::is_default")]
    pub reading: ReadOptions,
}

/// The name of a task: the hub's pipeline tag. The tasks themselves are in `embert-task`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Display, EnumString, VariantNames, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum TaskName {
    /// One label for each text, or for each pair of texts: the task of a data set without a card. Older cards
    /// call the task `sequence-classification`.
    #[default]
    #[serde(alias = "sequence-classification")]
    #[strum(to_string = "text-classification", serialize = "sequence-classification")]
    TextClassification,
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
    /// The column of the label.
    pub label: String,
}

impl Default for CardColumns {
    fn default() -> Self {
        Self { text: "text".into(), text_pair: None, label: "label".into() }
    }
}

impl From<&CardColumns> for Columns {
    fn from(columns: &CardColumns) -> Self {
        let of_texts = Self::new().with_text(&columns.text);
        let of_texts = columns.text_pair.iter().fold(of_texts, Columns::with_text);
        of_texts.with_label(&columns.label)
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
        let is_discovered = card.hub.as_ref().is_some_and(|hub| hub.files.is_empty());
        if card.split_files().train.is_empty() && !is_discovered {
            let table = if card.hub.is_some() { "hub.files" } else { "files" };
            return refuse(format!("[{table}] train names no file"));
        }
        if let Some(ratios) = card.split_ratios {
            check_ratios(ratios)
                .map_err(|error| DataError::Card { path: path.to_owned(), problem: error.to_string() })?;
        }
        let distinct: std::collections::BTreeSet<_> = card.labels.iter().collect();
        if distinct.len() != card.labels.len() || card.labels.len() == 1 {
            return refuse(format!("labels = {:?}: expected at least two, each once", card.labels));
        }
        if card.class_numbers && card.labels.is_empty() {
            return refuse("class_numbers = true: expected labels, whose indices they are".into());
        }
        if let Some(positive) = card.positive.as_ref().filter(|name| !card.labels.contains(name)) {
            return refuse(format!("positive = \"{positive}\" is none of the labels {:?}", card.labels));
        }
        Ok(card)
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
            task: TaskName::default(),
            licence: None,
            citation: None,
            homepage: None,
            labels: Vec::new(),
            class_numbers: false,
            positive: None,
            split_ratios: None,
            hub: None,
            files: Some(files),
            columns: CardColumns::default(),
            reading: ReadOptions::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_cards_are_cards() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets");
        let imdb = Card::from_file(&folder.join("imdb.toml")).unwrap();
        assert_eq!(imdb.labels, ["neg", "pos"]);
        assert_eq!(imdb.hub.unwrap().repository, "stanfordnlp/imdb");
        let sample = Card::from_file(&folder.join("sample.toml")).unwrap();
        assert_eq!(sample.split_files().all().count(), 3);
    }

    #[test]
    fn a_task_has_the_hubs_name_and_its_old_one() {
        let card = |task: &str| {
            let text = format!("name = \"x\"\ntask = \"{task}\"\n[files]\ntrain = [\"t.csv\"]\n");
            Card::parse(&text, Path::new("card.toml"))
        };
        for name in ["text-classification", "sequence-classification"] {
            let task = card(name).unwrap().task;
            assert_eq!(
                (task, task.to_string().as_str()),
                (TaskName::TextClassification, "text-classification")
            );
        }
        let DataError::CardSyntax { source, .. } = card("translation").unwrap_err() else { panic!() };
        let message = source.to_string();
        assert!(message.contains("line 2") && message.contains("`text-classification`"), "{message}");
    }

    #[test]
    fn a_card_that_contradicts_itself_says_where() {
        let head = "name = \"x\"\ntask = \"sequence-classification\"\n";
        for (text, part) in [
            ("", "[hub] or [files]"),
            ("[files]\ntrain = []\n", "[files] train"),
            ("split_ratios = [0.5, 0.1, 0.1]\n[files]\ntrain = [\"t.csv\"]\n", "[0.5, 0.1, 0.1]"),
            ("class_numbers = true\n[files]\ntrain = [\"t.csv\"]\n", "class_numbers"),
            ("labels = [\"a\", \"a\"]\n[files]\ntrain = [\"t.csv\"]\n", "each once"),
            ("labels = [\"a\", \"b\"]\npositive = \"c\"\n[files]\ntrain = [\"t.csv\"]\n", "\"c\""),
        ] {
            let message =
                Card::parse(&format!("{head}{text}"), Path::new("card.toml")).unwrap_err().to_string();
            assert!(message.contains("card.toml") && message.contains(part), "{message}");
        }
        let error = Card::parse(&format!("{head}lables = []\n"), Path::new("card.toml")).unwrap_err();
        let DataError::CardSyntax { source, .. } = error else { panic!("{error}") };
        assert!(source.to_string().contains("lables") && source.to_string().contains("line 3"), "{source}");
    }
}
