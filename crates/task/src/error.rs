//! [`TaskError`] and [`ExampleProblem`].

use std::collections::BTreeSet;
use std::path::PathBuf;

use embert_data::{DataError, Location, RowProblem, SplitKind, shown_names};
use embert_metrics::MetricsError;
use embert_model::ModelError;

use crate::{LabelProblem, Unlabelled};

/// Why a task does not fit a data set, a checkpoint or a setting.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// The data set.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The checkpoint.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The metrics.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// A setting does not fit the task's labels.
    #[error("{key} = {found}: expected {expected}")]
    Setting {
        /// The config key.
        key: &'static str,
        /// Its value.
        found: String,
        /// What would fit.
        expected: String,
    },
    /// A row of the data set is no example of the task.
    #[error("{location}: {problem}")]
    Row {
        /// The row's file and line.
        location: Location,
        /// Why the row can't be used.
        problem: ExampleProblem,
    },
    /// A column of labels that can't be used, whatever its rows.
    #[error("the labels in the column \"{column}\" can't be used: {problem}")]
    Labels {
        /// The column.
        column: String,
        /// What is wrong with it.
        problem: Box<LabelProblem>,
    },
    /// Fewer than two labels.
    #[error("{} has the label(s) {} only: a classifier needs at least two; where there are others, list all of them in a card (labels = [...])", path.display(), found.join(", "))]
    TooFewLabels {
        /// The training file.
        path: PathBuf,
        /// The labels.
        found: Vec<String>,
    },
    /// The labels of the data set aren't the classifier's.
    #[error(
        "the data set has the labels {data:?}, but the classifier has {checkpoint:?}{}",
        conflict_hint(data, checkpoint)
    )]
    LabelConflict {
        /// The data set's labels.
        data: Vec<String>,
        /// The classifier's labels.
        checkpoint: Vec<String>,
    },
    /// A split in which some rows have a label and others have none.
    #[error(
        "{rows} of the {all} rows of the {split} split have no label, the first is {first}{}: label them, or leave them out \
         with data.skip_bad_rows=true",
        if *minus_one { ", whose -1 means that among class numbers (where it is a class, list it in a card: labels = [...])" } else { "" }
    )]
    SomeUnlabelled {
        /// The split.
        split: SplitKind,
        /// Rows without a label.
        rows: usize,
        /// All its rows.
        all: usize,
        /// The first row without one.
        first: Location,
        /// Whether that row has the class number -1.
        minus_one: bool,
    },
    /// A split without labels where they are needed.
    #[error("{unlabelled}: {hint}")]
    AllUnlabelled {
        /// The split.
        unlabelled: Unlabelled,
        /// What to do.
        hint: String,
    },
    /// A row without a label where one is needed.
    #[error("example {id} has no label")]
    Unlabelled {
        /// The example's row number.
        id: u64,
    },
}

/// Why a row is no example of a task.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExampleProblem {
    /// The row lacks a value, or has one of another type.
    #[error(transparent)]
    Row(#[from] RowProblem),
    /// The row has no label.
    #[error("there is no label")]
    NoLabel {
        /// Whether the label is the class number -1, which stands for no label.
        minus_one: bool,
    },
    /// A label that is none of the known ones.
    #[error("the label {found} is none of {}{}", shown_names(known), similar_hint(similar.as_deref()))]
    UnknownLabel {
        /// The label.
        found: String,
        /// The labels that there are.
        known: Vec<String>,
        /// A known label that differs from it in case or white space alone.
        similar: Option<Box<str>>,
    },
    /// A list of several labels, or of none.
    #[error("the label is the list {found}, expected one label; several labels a text can't be trained yet")]
    SeveralLabels {
        /// The list, as JSON writes it.
        found: String,
    },
}

fn similar_hint(similar: Option<&str>) -> String {
    similar
        .map_or_else(String::new, |known| format!("; it differs from {known:?} in case or white space alone"))
}

/// How labels that don't fit a classifier can be made to.
fn conflict_hint(data: &[String], checkpoint: &[String]) -> String {
    let lower = |names: &[String]| names.iter().map(|name| name.to_lowercase()).collect::<BTreeSet<_>>();
    if data.iter().enumerate().all(|(index, name)| *name == index.to_string())
        && data.len() == checkpoint.len()
    {
        return format!("; where they are its labels' numbers, name them in a card: labels = {checkpoint:?}");
    }
    if lower(data) == lower(checkpoint) {
        return "; they differ in case alone: write them alike".to_owned();
    }
    if data.iter().all(|name| checkpoint.contains(name)) {
        return format!(
            "; where the data set merely lacks some, list them all in a card: labels = {checkpoint:?}"
        );
    }
    String::new()
}
