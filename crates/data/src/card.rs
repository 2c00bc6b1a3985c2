//! [`Card`]: what a data set is, in TOML.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::DataError;
use crate::read::{Format, ReadOptions, class_folders, is_class_folder};
use crate::row::Columns;
use crate::split::check_ratios;

/// Where a data set lies and what its columns and labels mean.
///
/// ```
/// use embert_data::Card;
///
/// let card = Card::parse(
///     r#"
///     name = "reviews"
///     task = "sequence-classification"
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
    /// The name that `--dataset` knows.
    pub name: String,
    /// What it is, in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What it is for.
    pub task: Task,
    /// An SPDX expression, or what the authors say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// Whom to cite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub citation: Option<String>,
    /// Where to read about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
    /// The labels' names: by index where the files have integers and the names aren't integers themselves. What is listed is a
    /// label as it is written. Empty: those that the files state, else those that occur in the training split.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// The label that binary precision, recall and F1 are about; by default the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positive: Option<String>,
    /// Shares of train, validation and test that are cut from the training files where nothing else is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_ratios: Option<[f64; 3]>,
    /// The repository on the hub that has the files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hub: Option<HubSource>,
    /// Files on this machine, relative to the card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<SplitFiles>,
    /// The columns.
    #[serde(default)]
    pub columns: CardColumns,
    /// How the files are read, where their names and contents leave it open.
    #[serde(default, skip_serializing_if = "ReadOptions::is_default")]
    pub reading: ReadOptions,
}

/// What a data set is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// One label a text, or a pair of texts.
    SequenceClassification,
}

/// A repository of the hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HubSource {
    /// `owner/name`.
    pub repository: String,
    /// A branch, tag or commit; by default `main`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// The files of each split.
    pub files: SplitFiles,
}

/// The files of each split, read one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitFiles {
    /// Of the training split.
    pub train: Vec<PathBuf>,
    /// Of the validation split.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validation: Vec<PathBuf>,
    /// Of the test split.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub test: Vec<PathBuf>,
}

impl SplitFiles {
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &PathBuf> {
        self.train.iter().chain(&self.validation).chain(&self.test)
    }
}

/// The columns' names in the files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CardColumns {
    /// The text.
    pub text: String,
    /// The second text of a pair.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_pair: Option<String>,
    /// The label.
    pub label: String,
}

impl Default for CardColumns {
    fn default() -> Self {
        Self { text: "text".into(), text_pair: None, label: "label".into() }
    }
}

impl From<&CardColumns> for Columns {
    fn from(columns: &CardColumns) -> Self {
        Self {
            text: columns.text.clone(),
            text_pair: columns.text_pair.clone(),
            label: Some(columns.label.clone()),
        }
    }
}

impl Card {
    /// Reads a card.
    ///
    /// # Errors
    /// The file can't be read, isn't TOML, has an unknown key or contradicts itself.
    pub fn from_file(path: &Path) -> Result<Self, DataError> {
        let text =
            fs::read_to_string(path).map_err(|source| DataError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// Reads the text of a card; `path` names it in messages.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file), but for the reading.
    pub fn parse(text: &str, path: &Path) -> Result<Self, DataError> {
        let card: Self = toml::from_str(text)
            .map_err(|source| DataError::CardSyntax { path: path.to_owned(), source: Box::new(source) })?;
        let refuse = |problem: String| Err(DataError::Card { path: path.to_owned(), problem });
        if card.hub.is_some() == card.files.is_some() {
            return refuse("expected either [hub] or [files], to say where the data are".into());
        }
        if card.split_files().train.is_empty() {
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

    /// A card for one file, all of which is the training split.
    pub fn for_file(path: &Path) -> Self {
        let name = path.file_stem().unwrap_or(path.as_os_str());
        Self::local(
            name.to_string_lossy().into_owned(),
            SplitFiles { train: vec![path.to_owned()], ..SplitFiles::default() },
        )
    }

    /// A card for a folder, by what is in it: files whose names say `train`, `validation` (or `valid`, `dev`, `val`) and
    /// `test`; folders so named that hold a folder of texts for each label; or such folders at once.
    ///
    /// # Errors
    /// The folder can't be read, or nothing of that kind is in it.
    pub fn for_folder(path: &Path) -> Result<Self, DataError> {
        let mut found: BTreeMap<Split, Vec<PathBuf>> = BTreeMap::new();
        collect(path, path, 3, None, &mut found)?;
        let mut take = |split| found.remove(&split).unwrap_or_default();
        let mut files = SplitFiles {
            train: take(Split::Train),
            validation: take(Split::Validation),
            test: take(Split::Test),
        };
        if files.train.is_empty() {
            if is_class_folder(path) {
                files.train.push(PathBuf::new());
            } else {
                return Err(DataError::NoFiles { path: path.to_owned() });
            }
        }
        for (split, files) in
            [("train", &files.train), ("validation", &files.validation), ("test", &files.test)]
        {
            // Most likely the same rows twice.
            if files.iter().any(|file| file.extension() != files[0].extension()) {
                let names: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
                let problem = format!(
                    "the {split} files are in different formats ({}): write a card",
                    names.join(", ")
                );
                return Err(DataError::Card { path: path.to_owned(), problem });
            }
        }
        let name = path.file_name().unwrap_or(path.as_os_str());
        Ok(Self::local(name.to_string_lossy().into_owned(), files))
    }

    fn local(name: String, files: SplitFiles) -> Self {
        Self {
            name,
            description: String::new(),
            task: Task::SequenceClassification,
            licence: None,
            citation: None,
            homepage: None,
            labels: Vec::new(),
            positive: None,
            split_ratios: None,
            hub: None,
            files: Some(files),
            columns: CardColumns::default(),
            reading: ReadOptions::default(),
        }
    }
}

/// A part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Split {
    Train,
    Validation,
    Test,
}

impl Split {
    /// The split that a file's or folder's name speaks of, as in `train-00000-of-00001.parquet`.
    fn of(name: &str) -> Option<Self> {
        let mut words = name.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_ascii_lowercase);
        words.find_map(|word| match word.as_str() {
            "train" | "training" => Some(Self::Train),
            "validation" | "valid" | "val" | "dev" => Some(Self::Validation),
            "test" => Some(Self::Test),
            _ => None,
        })
    }
}

/// Finds the files and class folders of each split below `path`, as paths from `root` on, in the order of their names. What
/// doesn't say itself which split it is belongs to that of the folder it is in.
fn collect(
    root: &Path,
    path: &Path,
    depth: usize,
    parent: Option<Split>,
    found: &mut BTreeMap<Split, Vec<PathBuf>>,
) -> Result<(), DataError> {
    let read = |source| DataError::Read { path: path.to_owned(), source };
    let mut entries = fs::read_dir(path)
        .map_err(read)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>, std::io::Error>>()
        .map_err(read)?;
    entries.sort();
    for entry in entries {
        let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let relative = entry.strip_prefix(root).unwrap_or(&entry).to_owned();
        let split = Split::of(&name).or(parent);
        if entry.is_dir() {
            match split {
                Some(split) if !class_folders(&entry)?.is_empty() => {
                    found.entry(split).or_default().push(relative);
                }
                _ if depth > 0 => collect(root, &entry, depth - 1, split, found)?,
                _ => {}
            }
        } else if let (Some(split), Some(format)) = (split, Format::of(&entry))
            && format != Format::Lines
        {
            found.entry(split).or_default().push(relative);
        }
    }
    Ok(())
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
    fn a_card_that_contradicts_itself_says_where() {
        let head = "name = \"x\"\ntask = \"sequence-classification\"\n";
        for (text, part) in [
            ("", "[hub] or [files]"),
            ("[files]\ntrain = []\n", "[files] train"),
            ("split_ratios = [0.5, 0.1, 0.1]\n[files]\ntrain = [\"t.csv\"]\n", "[0.5, 0.1, 0.1]"),
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

    #[test]
    fn a_folder_is_understood_by_its_names() {
        let dir = tempfile::tempdir().unwrap();
        for name in
            ["train-00001-of-00002.csv", "train-00000-of-00002.csv", "dev.csv", "notes.md", "latest.csv"]
        {
            fs::write(dir.path().join(name), "text,label\n").unwrap();
        }
        let files = Card::for_folder(dir.path()).unwrap().split_files();
        assert_eq!(files.train, ["train-00000-of-00002.csv", "train-00001-of-00002.csv"].map(PathBuf::from));
        assert_eq!(files.validation, [PathBuf::from("dev.csv")]);
        assert!(files.test.is_empty(), "{files:?}");
        fs::write(dir.path().join("train.jsonl"), "").unwrap();
        let message = Card::for_folder(dir.path()).unwrap_err().to_string();
        assert!(message.contains("train.jsonl") && message.contains("formats"), "{message}");
    }

    /// As the hub lays out what it has converted.
    #[test]
    fn a_folder_may_say_what_its_files_are() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["default/train/0000.parquet", "default/train/0001.parquet", "default/test/0000.parquet"]
        {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let files = Card::for_folder(dir.path()).unwrap().split_files();
        assert_eq!(
            files.train,
            ["default/train/0000.parquet", "default/train/0001.parquet"].map(PathBuf::from)
        );
        assert_eq!(files.test, [PathBuf::from("default/test/0000.parquet")]);
    }

    #[test]
    fn folders_of_texts_by_label_are_a_data_set() {
        let dir = tempfile::tempdir().unwrap();
        for file in [
            "train/pos/0_9.txt",
            "train/neg/0_1.txt",
            "train/unsup/0_0.txt",
            "test/pos/1_8.txt",
            "test/neg/1_2.txt",
        ] {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "text").unwrap();
        }
        let files = Card::for_folder(dir.path()).unwrap().split_files();
        assert_eq!((files.train, files.test), (vec!["train".into()], vec!["test".into()]));
        let files = Card::for_folder(&dir.path().join("test")).unwrap().split_files();
        assert_eq!(files.train, [PathBuf::new()]);
        assert!(matches!(Card::for_folder(&dir.path().join("test/pos")), Err(DataError::NoFiles { .. })));
    }
}
