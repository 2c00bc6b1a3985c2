//! [`DataError`].

use std::path::PathBuf;

use embert_tokenize::TokenizeError;

use crate::discover::problem::FilesProblem;
use crate::limits::MAX_ROW;
use crate::location::Location;
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
        /// Where it is.
        location: Location,
        /// What is wrong with it.
        problem: RowProblem,
    },
    /// A row that doesn't end.
    #[error("{location}: the row goes on for more than {} MiB; is a quote not closed, or is the file in another format?", MAX_ROW >> 20)]
    TooLong {
        /// Where it begins.
        location: Location,
    },
    /// A file that isn't Parquet, or not a whole one.
    #[error("{} can't be read as Parquet; is it whole?", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: parquet::errors::ParquetError,
    },
    /// A file that is something else than its name or the options say, or that contradicts itself.
    #[error("{} {problem}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What it is, and what to do.
        problem: String,
    },
    /// JSON that goes wrong between its rows, or ends before its end.
    #[error("{location}: it is not JSON: {problem}")]
    Json {
        /// Where it is.
        location: Location,
        /// What is wrong.
        problem: String,
    },
    /// A column that is read and that the file has twice.
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
        /// The columns that are there.
        found: Vec<String>,
        /// What to do, after a semicolon, or nothing.
        hint: String,
    },
    /// A column of a type that can't be used.
    #[error("column \"{}\" of {} has the type {found}, expected {expected}", shown(column), path.display())]
    ColumnType {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// Its type.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A file without a single row.
    #[error("{} has no rows", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A file whose format its name doesn't tell.
    #[error("the format of {} is unknown: expected a name that ends in .parquet, .csv, .tsv, .jsonl, .json or .txt (.gz and .zst after it), or a format that is set", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// Parquet needs a file, not a stream.
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
        /// What is wrong.
        problem: String,
    },
    /// No such data set.
    #[error("there is no data set \"{name}\": it is no file or folder, no repository on the hub (owner/name), and no card; the cards are {}", cards.join(", "))]
    Unknown {
        /// What was named.
        name: String,
        /// The cards that there are.
        cards: Vec<String>,
    },
    /// A folder in which no data set can be seen.
    #[error("{} holds no data set: expected train.csv (.tsv, .jsonl, .parquet) or folders of texts by label, as in train/pos/*.txt", path.display())]
    NoFiles {
        /// The folder.
        path: PathBuf,
    },
    /// It can't be told which file is what.
    #[error("{place}: {problem}")]
    Files {
        /// The folder, card or repository.
        place: String,
        /// Why not.
        problem: Box<FilesProblem>,
    },
    /// A file or folder that the user named and that is not there.
    #[error("there is no file or folder {}{hint}", path.display())]
    Missing {
        /// What was named.
        path: PathBuf,
        /// What else it may mean, or nothing.
        hint: String,
    },
    /// A pipe, a device, a socket.
    #[error("{} is neither a file nor a folder: write what comes out of it to a file first", path.display())]
    Special {
        /// What was named.
        path: PathBuf,
    },
    /// Ratios that can't be used.
    #[error(
        "the split ratios {found:?} can't be used: expected three shares from 0 to 1 with the sum 1, the first above 0"
    )]
    Ratios {
        /// The ratios.
        found: [f64; 3],
    },
    /// A text can't be read in windows.
    #[error("row {id} (from 0, in the order of the files)")]
    Windows {
        /// The row's number.
        id: u64,
        /// The cause.
        source: Box<TokenizeError>,
    },
    /// More windows than memory should hold.
    #[error(
        "the windows of {texts} texts have more than {most} tokens: take a smaller data.stride, or fewer texts (data.eval_samples)"
    )]
    TooManyTokens {
        /// The texts before the one that was too much.
        texts: usize,
        /// The largest number of tokens.
        most: usize,
    },
    /// The tokenizer refuses a text.
    #[error(transparent)]
    Tokenize(#[from] TokenizeError),
    /// The thread that builds batches is gone.
    #[error("the thread that builds batches stopped before its last batch")]
    Loader,
}

impl DataError {
    /// Whether only one row is at fault, so that reading can go on after it.
    pub fn is_bad_row(&self) -> bool {
        matches!(self, Self::Row { .. })
    }
}
