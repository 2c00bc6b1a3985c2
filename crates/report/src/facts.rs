//! `facts.json`: what a run knows when it begins.

use serde::Deserialize;

/// The model and the data of a run.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Facts {
    /// The model that it started from.
    #[serde(deserialize_with = "crate::text::read_named")]
    pub model: String,
    /// The data set.
    #[serde(deserialize_with = "crate::text::read_named")]
    pub dataset: String,
    /// The labels' names, in the order of the model's outputs.
    #[serde(deserialize_with = "crate::text::read_all_named")]
    pub labels: Vec<String>,
    /// The one that precision, recall and F1 are about; none with more than two.
    #[serde(default, deserialize_with = "crate::text::read_named_if_there")]
    pub positive: Option<String>,
    /// Numbers of parameters.
    pub parameters: Parameters,
    /// The splits that it has.
    pub splits: Splits,
    /// Validation and test texts that the training split has too.
    #[serde(default)]
    pub shared: usize,
    /// Rows that could not be used.
    #[serde(default)]
    pub skipped: usize,
    /// How long the training texts are.
    pub lengths: Lengths,
}

/// Numbers of parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Parameters {
    /// All.
    pub total: usize,
    /// Those that are trained.
    pub trainable: usize,
}

/// The splits of a data set; those without examples are absent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Splits {
    /// What is trained on.
    pub train: Split,
    /// What the best weights are chosen on.
    pub validation: Option<Split>,
    /// What the result is measured on.
    pub test: Option<Split>,
}

/// A split in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Split {
    /// Its examples.
    pub examples: usize,
    /// Those of each label.
    pub labels: Vec<usize>,
    /// Those whose text another one before them has.
    pub duplicates: usize,
}

/// A histogram of the training texts' tokens, after cutting.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Lengths {
    /// Where texts are cut.
    pub max_length: usize,
    /// How many were.
    pub truncated: usize,
    /// Tokens in a bin.
    pub bin_width: usize,
    /// Texts in each bin: the first has 1 to `bin_width` tokens.
    pub counts: Vec<usize>,
    /// The same before cutting; absent in runs of older versions.
    pub uncut: Option<Uncut>,
}

/// A histogram of the training texts' tokens before cutting.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Uncut {
    /// Tokens in a bin.
    pub bin_width: usize,
    /// Texts in each bin: the first has 1 to `bin_width` tokens.
    pub counts: Vec<usize>,
    /// The tokens of the longest.
    pub longest: usize,
}
