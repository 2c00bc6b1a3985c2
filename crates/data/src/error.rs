//! [`DataError`]: why a data set can't be used.

use std::path::PathBuf;

use embert_tokenize::TokenizeError;

use crate::discover::problem::FilesProblem;
use crate::limits::MAX_ROW;
use crate::location::Location;
use crate::read::Format;
use crate::row_problem::RowProblem;
use crate::shown::{shown, shown_names};

/// Why a data set can't be found, read or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file or folder can't be read.
    #[error("can't read {}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A row that can't be used.
    #[error("{location}: {problem}")]
    Row {
        /// The row's file and line.
        location: Location,
        /// Why the row can't be used.
        problem: RowProblem,
    },
    /// A row that goes on beyond the largest size of a row.
    #[error("{location}: the row goes on for more than {} MiB; is a quote not closed, or is the file in another format?", MAX_ROW >> 20)]
    TooLong {
        /// The file and line at which the row begins.
        location: Location,
    },
    /// A file that isn't Parquet, or is incomplete.
    #[error("{} can't be read as Parquet; is it whole?", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: parquet::errors::ParquetError,
    },
    /// A file that contradicts its name, the options or itself.
    #[error("{} {problem}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// The file's format or fault, and what to do.
        problem: String,
    },
    /// JSON with a syntax error between rows, or without an end.
    #[error("{location}: it is not JSON: {problem}")]
    Json {
        /// The file and line of the syntax error.
        location: Location,
        /// The syntax error.
        problem: String,
    },
    /// A column to read that the file has twice.
    #[error("{} has the column \"{}\" twice: rename one of them", path.display(), shown(column))]
    DuplicateColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
    },
    /// A file that lacks a column.
    #[error("{} has no column \"{}\"; its columns are {}{hint}", path.display(), shown(column), shown_names(found))]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The file's columns.
        found: Vec<String>,
        /// What to do, after a semicolon; or an empty text.
        hint: String,
    },
    /// A column of a type that can't be used.
    #[error("column \"{}\" of {} has the type {found}, expected {expected}", shown(column), path.display())]
    ColumnType {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The column's type.
        found: String,
        /// The types that can be used.
        expected: &'static str,
    },
    /// A file without a single row.
    #[error("{} has no rows", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A file whose name doesn't tell the format.
    #[error(
        "the format of {} is unknown: expected a name that ends in {} (.gz and .zst after it), or set the format (format = \"csv\")",
        path.display(),
        Format::usual_endings()
    )]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// Parquet from the standard input: Parquet needs a file, not a stream.
    #[error("Parquet can't be read from the standard input; name a file")]
    ParquetStream,
    /// A card that isn't TOML, or has a value of the wrong type.
    #[error("{} is not a card that can be used", path.display())]
    CardSyntax {
        /// The card.
        path: PathBuf,
        /// The cause, with line and column.
        source: Box<toml::de::Error>,
    },
    /// A card that contradicts itself.
    #[error("{}: {problem}", path.display())]
    Card {
        /// The card.
        path: PathBuf,
        /// Why the card can't be used.
        problem: String,
    },
    /// No data set has the name.
    #[error("there is no data set \"{name}\": it is no file or folder, no repository on the hub (owner/name), and no card; the cards are {}", cards.join(", "))]
    Unknown {
        /// The name that the user gave.
        name: String,
        /// The names of all cards.
        cards: Vec<String>,
    },
    /// A folder without a data set.
    #[error(
        "{} holds no data set: expected train.csv ({}) or folders of texts by label, as in train/pos/*.txt",
        path.display(),
        Format::other_tables()
    )]
    NoFiles {
        /// The folder.
        path: PathBuf,
    },
    /// Files that can't be assigned to splits.
    #[error("{place}: {problem}")]
    Files {
        /// The folder, card or repository.
        place: String,
        /// Why the files can't be assigned.
        problem: Box<FilesProblem>,
    },
    /// A data set for evaluation alone that is to be trained on.
    #[error(
        "the data set {name} has no training split, only {found}: train on another one, and evaluate on this; or let its card \
         name a training file"
    )]
    NoTrainingSplit {
        /// The data set's name.
        name: String,
        /// The splits that it has.
        found: String,
    },
    /// A file or folder that the user named and that doesn't exist.
    #[error("there is no file or folder {}{hint}", path.display())]
    Missing {
        /// The path that the user gave.
        path: PathBuf,
        /// Another meaning of the path; or an empty text.
        hint: String,
    },
    /// A pipe, a device or a socket.
    #[error("{} is a pipe, a device or a socket: save its content to a file first", path.display())]
    Special {
        /// The path that the user gave.
        path: PathBuf,
    },
    /// Split ratios that can't be used.
    #[error(
        "the split ratios {found:?} can't be used: expected three shares from 0 to 1 with the sum 1, the first above 0"
    )]
    Ratios {
        /// The ratios.
        found: [f64; 3],
    },
    /// A text that can't be read in windows.
    #[error("{}row {id} (counted from 0 over all files) can't be read in windows", name.as_ref().map(|name| format!("{name} in ")).unwrap_or_default())]
    Windows {
        /// The row's number, from 0, in the order of the files.
        id: u64,
        /// What the data set calls the example: [`Texts::name`](crate::Texts::name).
        name: Option<String>,
        /// The cause.
        source: Box<TokenizeError>,
    },
    /// More tokens in windows than memory should hold.
    #[error(
        "the windows of {texts} texts have more than {most} tokens: take a smaller data.stride, or fewer texts (data.eval_samples)"
    )]
    TooManyTokens {
        /// The number of texts before the text that exceeds the limit.
        texts: usize,
        /// The limit, in tokens.
        most: usize,
    },
    /// The tokenizer refuses a text.
    #[error(transparent)]
    Tokenize(#[from] TokenizeError),
    /// The thread that builds batches stopped before its last batch.
    #[error("the thread that builds batches stopped before its last batch")]
    Loader,
}

impl DataError {
    /// Whether only one row is at fault, so that reading can go on with the next row.
    pub fn is_bad_row(&self) -> bool {
        matches!(self, Self::Row { .. })
    }
}
