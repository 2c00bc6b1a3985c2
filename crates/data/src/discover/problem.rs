//! [`FilesProblem`]: why files can't be assigned to splits, and [`PassedOver`]: files that look like data and
//! are not read.

use std::collections::BTreeMap;

use crate::read::Format;

/// Most names that a message lists.
const SHOWN: usize = 6;

/// Why files can't be assigned to splits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilesProblem {
    /// No file of the training split.
    #[error(
        "it has no files that can be recognised as a data set: expected train.csv ({}), train/*.csv or folders of \
         texts by label, as in train/pos/*.txt; {}",
        Format::other_tables(),
        found(files, passed_over)
    )]
    NoTrain {
        /// The files that look like data.
        files: Vec<String>,
        /// Sentences on the files that were passed over, and why.
        passed_over: Vec<String>,
    },
    /// No split of a README is the training split.
    #[error(
        "its README.md names no train split: it has {}; write a card with [hub.files] that says which to train on",
        list(splits)
    )]
    NoTrainSplit {
        /// The README's splits, with their patterns.
        splits: Vec<String>,
    },
    /// Several files, none of which is named like a split.
    #[error(
        "none of its files says by its name which split it is: {}; name them train, validation and test, name one of \
         them as the data set, or write a card that says",
        list(files)
    )]
    NoSplit {
        /// The files.
        files: Vec<String>,
    },
    /// Files that can't all be one split.
    #[error("there are two readings of the {split} split: {}; {hint}", readings.join(", or "))]
    Readings {
        /// The split.
        split: &'static str,
        /// The files of each reading.
        readings: Vec<String>,
        /// How the user can choose.
        hint: String,
    },
    /// Several data sets side by side.
    #[error("it has {} data sets: {}; choose one: {}", names.len(), list(names), list(commands))]
    Configs {
        /// The data sets' names.
        names: Vec<String>,
        /// The argument that chooses each data set.
        commands: Vec<String>,
    },
    /// The user chose a data set that does not exist.
    #[error("it has no data set \"{name}\"; {}", if known.is_empty() { "it has only one, without a name".into() } else { format!("it has {}", list(known)) })]
    UnknownConfig {
        /// The name that the user typed.
        name: String,
        /// The data sets that exist.
        known: Vec<String>,
    },
    /// A set of shards of which one is missing, superfluous or there twice.
    #[error(
        "the {split} split is not whole: of {base} there should be {total} files, {what}; there are {}",
        list(files)
    )]
    Shards {
        /// The split.
        split: &'static str,
        /// The beginning that the shards' names share.
        base: String,
        /// The number of files that the names state.
        total: u64,
        /// The fault, as `but 00001 is missing`.
        what: String,
        /// The files that are there.
        files: Vec<String>,
    },
    /// A path that names two splits.
    #[error("{file} names two splits, {one} and {other}: rename it, or write a card that says which it is")]
    TwoSplits {
        /// The file.
        file: String,
        /// The split that is named first.
        one: &'static str,
        /// The split that is named second.
        other: &'static str,
    },
    /// Partitioned files: the values of a column are in the names of folders.
    #[error(
        "{folder} is a partition whose column is in the folder's name, which is not read: write the rows with the column in \
         them (without partitionBy)"
    )]
    Partition {
        /// A folder, such as `label=pos`.
        folder: String,
    },
    /// A table with a log that says which of its files count.
    #[error(
        "it is a {system} table, of which a log says which files count; the log is not read: export the table as Parquet or CSV"
    )]
    TableLog {
        /// The table format: `Delta Lake`, `Apache Hudi` or `Apache Iceberg`.
        system: &'static str,
    },
    /// Two links to one file.
    #[error("{one} and {other} are links to the same file: the same rows would count twice")]
    SameFile {
        /// The path of one link.
        one: String,
        /// The path of the other link.
        other: String,
    },
    /// A pattern that matches no file.
    #[error("`{pattern}` matches no file that can be read; {}", found(files, &[]))]
    NoMatch {
        /// The pattern, or a file's name.
        pattern: String,
        /// The files that look like data.
        files: Vec<String>,
    },
    /// A malformed pattern.
    #[error("`{pattern}` is not a file name pattern: {problem}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// Why the pattern can't be parsed.
        problem: String,
    },
    /// More files than a data set may have.
    #[error("it has more than {limit} files: name the folder that has the data")]
    TooMany {
        /// The most files that a data set may have.
        limit: usize,
    },
    /// The front matter of a README that can't be read.
    #[error("the front matter of its README.md can't be read: {problem}; write a card that names the files")]
    FrontMatter {
        /// Why the front matter can't be read.
        problem: String,
    },
}

/// The first names, and the number of the others.
pub(crate) fn list(names: &[String]) -> String {
    let more = names.len().saturating_sub(SHOWN);
    let shown = names[..names.len() - more].join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

fn found(files: &[String], passed_over: &[String]) -> String {
    let mut parts = Vec::new();
    if !files.is_empty() {
        parts.push(format!("it has {}", list(files)));
    }
    parts.extend(passed_over.iter().cloned());
    if parts.is_empty() { "it has no file that looks like data".to_owned() } else { parts.join("; ") }
}

/// Files that look like data and are not read, by the reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PassedOver(BTreeMap<&'static str, Vec<String>>);

impl PassedOver {
    pub(crate) fn add(&mut self, reason: &'static str, name: String) {
        self.0.entry(reason).or_default().push(name);
    }

    /// A sentence for each reason.
    pub(crate) fn notes(&self) -> Vec<String> {
        self.0.iter().map(|(reason, names)| format!("passed over {}: {reason}", list(names))).collect()
    }
}
