//! Data sets: from files to batches of tensors.
//!
//! A [`Card`] describes the files and columns of a data set; [`DataSource`] finds the data set that the user
//! named. [`load_rows`] reads the rows of the files ([`RowReader`]: Parquet, CSV, TSV, JSON, CoNLL
//! columns, folders of texts), [`cut`] makes [`Splits`] of examples, and [`encode`] tokenizes the examples. A [`Sampler`] plans
//! an epoch's batches, and a [`BatchLoader`] builds the batches on a thread of its own.
//!
//! Not here: downloads (files of the hub are only named), the meaning of labels (a row is values, from which
//! a task makes examples), metrics, models.
//!
//! ```
//! use embert_data::{Card, Columns, LoadOptions, load_rows};
//!
//! let folder = tempfile::tempdir()?;
//! std::fs::write(folder.path().join("train.csv"), "text,label\nlovely,pos\nawful,neg\n")?;
//! let card = Card::for_folder(folder.path())?;
//! let columns = Columns::from(&card.columns);
//! let loaded = load_rows(&card, folder.path(), &LoadOptions::default(), &columns, Some("label"))?;
//! let [train, _, _] = &loaded.splits;
//! assert_eq!(train.rows[0].row.text("text")?, "lovely");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod batch;
mod card;
mod columns;
mod discover;
mod encode;
mod error;
mod example;
mod features;
mod folders;
mod limits;
mod load;
mod loader;
mod location;
mod question;
mod read;
mod readme;
mod repository;
mod row;
#[cfg(test)]
mod row_of_json;
mod row_problem;
mod sampler;
mod shown;
mod source;
mod spans;
mod split;
mod split_files;
mod split_kind;
mod summary;
mod task_name;
mod text_files;

pub use embert_tokenize as tokenize;

pub use batch::{Batch, Batcher};
pub use card::{Card, CardColumns, HubSource};
pub use columns::Columns;
pub use discover::problem::FilesProblem;
pub use encode::{
    LeftOutWindows, MOST_TOKENS, Pieces, WindowOptions, encode, encode_some_windows, inputs_of, pieces_of,
};
pub use error::DataError;
pub use example::{Example, Texts};
pub use features::{EncodedDataset, EncodedFeature};
pub use load::{LoadOptions, LoadedRows, LocatedRow, SourceFile, SplitRows, load_rows};
pub use loader::BatchLoader;
pub use location::Location;
pub use question::problem::{Misplaced, Occurs, OffsetUnit, QuestionFault, QuestionProblem};
pub use question::{AnswerSpan, Question, QuestionColumns, QuestionIds, asked_of, question_of};
pub use read::{Delimiter, Format, Header, Quoting, ReadOptionError, ReadOptions, RowReader, TextEncoding};
pub use repository::RepositoryPlan;
pub use repository::name::RepositoryName;
pub use row::{Row, Value};
pub use row_problem::RowProblem;
pub use sampler::{MEGA_BATCH_MULT, Order, Sampler};
pub use shown::{shown, shown_names};
pub use source::DataSource;
pub use spans::{LeftOut, Span, SpannedText, spans_of, text_of};
pub use split::{CutReport, Splits, Strata, contradictions, cut, duplicates, sample, shared};
pub use split_files::SplitFiles;
pub use split_kind::SplitKind;
pub use summary::problem::SummaryProblem;
pub use summary::{Summarized, SummaryColumns, summarized_of, unsummarized_of};
pub use task_name::{ProblemType, TaskName};

/// Compiles the README's example as a doc test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
