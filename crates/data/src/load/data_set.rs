//! [`DataSet`]: a data set in memory, and [`LoadOptions`]: what is loaded of it.

use std::path::PathBuf;

use serde::Serialize;

use crate::label::set::LabelSet;
use crate::read::ReadOptions;
use crate::split::Splits;
use crate::split_kind::{SplitKind, Unlabelled};

/// What to load of a data set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadOptions {
    /// Shares of train, validation and test to cut from the training files, in place of the card's.
    pub split_ratios: Option<[f64; 3]>,
    /// Seeds the cut and the samples.
    pub seed: u64,
    /// The largest number of training examples; a longer split is sampled.
    pub train_samples: Option<usize>,
    /// The largest number of validation examples, and of test examples; a longer split is sampled.
    pub eval_samples: Option<usize>,
    /// Count rows that can't be used, or have no label, instead of stopping at the first.
    pub skip_bad_rows: bool,
    /// How the files are read: an option that is set here wins over the card's [`reading`](crate::Card::reading).
    pub reading: ReadOptions,
}

/// A data set in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct DataSet {
    /// The data set's name.
    pub name: String,
    /// The examples of each split.
    pub splits: Splits,
    /// The labels, by index.
    pub labels: LabelSet,
    /// Counts of labels, duplicates and skipped rows.
    pub facts: DataFacts,
    /// The splits that are left out of [`splits`](Self::splits) because none of their rows has a label.
    pub unlabelled: Vec<Unlabelled>,
    /// The files that were read, and folders all of whose files were.
    pub files: Vec<PathBuf>,
    /// What was decided where the files leave it open, and what was passed over: sentences to show the user.
    pub notes: Vec<String>,
}

impl DataSet {
    /// The reason why this split is left out, if none of its rows has a label.
    pub fn unlabelled(&self, split: SplitKind) -> Option<&Unlabelled> {
        self.unlabelled.iter().find(|unlabelled| unlabelled.split == split)
    }
}

/// Counts of a data set's labels, duplicates and skipped rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DataFacts {
    /// Examples of each label in the training split, in the order of the labels.
    pub train_labels: Vec<usize>,
    /// Training examples with the text of an earlier training example.
    pub train_duplicates: usize,
    /// Validation and test examples whose text the training split has too. 0 for parts that were cut from it; files may share
    /// texts, which makes an evaluation look better than it is.
    pub shared: usize,
    /// Rows that could not be used and were passed over.
    pub skipped: usize,
    /// Skipped rows of the training, validation and test files that are used. Skipped rows of parts that are cut from the training
    /// files count under the training files.
    pub skipped_by_split: [usize; 3],
}
