//! [`load`]: from a card to examples.

mod facts;
mod reader;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use self::reader::Reader;
use crate::card::Card;
use crate::error::DataError;
use crate::label::LabelSet;
use crate::label::column::Column;
use crate::read::ReadOptions;
use crate::split::{Splits, cut, duplicates, sample, shared};

/// What to load of a data set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadOptions {
    /// Shares of train, validation and test to cut from the training files, in place of the card's.
    pub split_ratios: Option<[f64; 3]>,
    /// Seeds the cut and the samples.
    pub seed: u64,
    /// At most so many training examples.
    pub train_samples: Option<usize>,
    /// At most so many examples each of validation and test.
    pub eval_samples: Option<usize>,
    /// Count rows that can't be used, or have no label, instead of stopping at the first.
    pub skip_bad_rows: bool,
    /// How the files are read: what is set here wins over the card's [`reading`](Card::reading).
    pub reading: ReadOptions,
}

/// A data set in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct DataSet {
    /// Its name.
    pub name: String,
    /// Its parts.
    pub splits: Splits,
    /// Its labels.
    pub labels: LabelSet,
    /// What there is to know about it.
    pub facts: DataFacts,
    /// The splits that are left out of [`splits`](Self::splits) because none of their rows has a label.
    pub unlabelled: Vec<Unlabelled>,
    /// The files that were read, and folders all of whose files were.
    pub files: Vec<PathBuf>,
    /// What was decided where the files leave it open, and what was passed over: sentences to show the user.
    pub notes: Vec<String>,
}

impl DataSet {
    /// What is known of this split if none of its rows has a label.
    pub fn unlabelled(&self, split: SplitKind) -> Option<&Unlabelled> {
        self.unlabelled.iter().find(|unlabelled| unlabelled.split == split)
    }
}

/// One of the three splits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SplitKind {
    /// To train on.
    Train,
    /// To choose a checkpoint with.
    Validation,
    /// To judge the choice.
    Test,
}

impl fmt::Display for SplitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Train => "training",
            Self::Validation => "validation",
            Self::Test => "test",
        })
    }
}

/// A split none of whose rows has a label: it can be predicted, and neither trained on nor evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlabelled {
    /// Which one.
    pub split: SplitKind,
    /// Its rows.
    pub rows: usize,
    /// Its first file.
    pub path: PathBuf,
    /// How the first of its rows shows that it has no label.
    pub reason: String,
}

impl fmt::Display for Unlabelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} split has no labels ({} rows; {})", self.split, self.rows, self.reason)
    }
}

/// What there is to know about a data set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DataFacts {
    /// Examples of each label in the training split, in the order of the labels.
    pub train_labels: Vec<usize>,
    /// Training examples whose text another one before them has.
    pub train_duplicates: usize,
    /// Validation and test examples whose text the training split has too. 0 for parts that were cut from it; files may share
    /// texts, which makes an evaluation look better than it is.
    pub shared: usize,
    /// Rows that could not be used and were passed over.
    pub skipped: usize,
    /// The same for the files of train, validation and test that are used. Parts that are cut from the training files have theirs
    /// there.
    pub skipped_by_split: [usize; 3],
}

/// Reads the files of a card, whose paths start from `root`, decides what their labels mean, and cuts them into splits.
///
/// With `split_ratios`, parts are cut from the training files: a test part of its own file is then used only where the share
/// of test is 0, and a validation file isn't used at all. A card's own ratios hold where it has no validation files.
///
/// A validation or test split without a single label is left out, and said to be.
///
/// # Errors
/// A file or a row can't be used, a training row has no label, the labels are no classes, a label is unknown, or there are
/// fewer than two.
pub fn load(card: &Card, root: &Path, options: &LoadOptions) -> Result<DataSet, DataError> {
    let files = card.split_files();
    let ratios = options.split_ratios.or(card.split_ratios.filter(|_| files.validation.is_empty()));
    let mut reader = Reader::new(card, root, options);
    let train = reader.rows(SplitKind::Train, &files.train)?;
    let validation = reader.rows(SplitKind::Validation, &files.validation)?;
    let test = reader.rows(SplitKind::Test, &files.test)?;
    // What is cut from the training files takes the place of these.
    let used = [true, ratios.is_none(), ratios.is_none_or(|ratios| ratios[2] == 0.0)];

    let mut column = Column::default();
    for (rows, used) in [&train, &validation, &test].into_iter().zip(used) {
        if used {
            rows.count(&mut column);
        }
    }
    let labels = column.decide(card, options.skip_bad_rows)?;
    if labels.set.len() < 2 {
        train.check(&labels, options.skip_bad_rows)?;
        let path = root.join(files.train.first().map_or(Path::new(""), PathBuf::as_path));
        return Err(DataError::TooFewLabels { path, found: labels.set.names().to_vec() });
    }
    reader.notes.extend(labels.notes.iter().cloned());
    for (rows, used) in [(&validation, used[1]), (&test, used[2])] {
        reader.notes.extend(rows.unused_note().filter(|_| !used));
    }
    let mut examples = |rows, used| if used { reader.examples(rows, &labels) } else { Ok(Vec::new()) };
    let given = Splits {
        train: examples(train, used[0])?,
        validation: examples(validation, used[1])?,
        test: examples(test, used[2])?,
    };

    let mut splits = match ratios {
        Some(ratios) => {
            let parts = cut(given.train, ratios, options.seed)?;
            let test = if ratios[2] > 0.0 { parts.test } else { given.test };
            Splits { test, ..parts }
        }
        None => given,
    };
    if let Some(count) = options.train_samples {
        splits.train = sample(splits.train, count, options.seed);
    }
    if let Some(count) = options.eval_samples {
        splits.validation = sample(splits.validation, count, options.seed);
        splits.test = sample(splits.test, count, options.seed);
    }
    let labels = labels.set;
    let mut train_labels = vec![0; labels.len()];
    for label in splits.train.iter().filter_map(|example| example.label) {
        train_labels[label] += 1;
    }
    let skipped_by_split = std::array::from_fn(|split| if used[split] { reader.skipped[split] } else { 0 });
    let facts = DataFacts {
        train_labels,
        train_duplicates: duplicates(&splits.train),
        shared: shared(&splits.train, splits.validation.iter().chain(&splits.test)),
        skipped: skipped_by_split.iter().sum(),
        skipped_by_split,
    };
    let Reader { mut notes, unlabelled, .. } = reader;
    let files = files.all().map(|file| root.join(file)).collect();
    notes.extend(facts::notes(&splits, &labels));
    Ok(DataSet { name: card.name.clone(), splits, labels, facts, unlabelled, files, notes })
}

#[cfg(test)]
mod tests;
