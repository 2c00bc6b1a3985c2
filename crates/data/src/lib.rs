//! Data sets: from files to batches of tensors.
//!
//! A [`Card`] says where a data set lies and what its columns and labels mean; [`DataSource`] finds one for what the user
//! named. [`load`] reads its files ([`RowReader`]: Parquet, CSV, TSV, JSON, folders of texts) and cuts them into
//! [`Splits`]; [`encode`] tokenizes them. A [`Sampler`] plans an epoch's batches, and a [`BatchLoader`] builds them on a
//! thread of its own.
//!
//! Not here: downloads (files of the hub are only named), metrics, models.
//!
//! ```
//! use embert_data::{Card, LoadOptions, load};
//!
//! let folder = tempfile::tempdir()?;
//! std::fs::write(folder.path().join("train.csv"), "text,label\nlovely,pos\nawful,neg\n")?;
//! let card = Card::for_folder(folder.path())?;
//! let data = load(&card, folder.path(), &LoadOptions::default())?;
//! assert_eq!(data.labels.names(), ["neg", "pos"]);
//! assert_eq!(data.splits.train[0].label, Some(1));
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
mod label;
mod limits;
mod load;
mod loader;
mod location;
mod read;
mod readme;
mod repository;
mod row;
mod row_problem;
mod sampler;
mod shown;
mod source;
mod split;
mod split_files;
mod split_kind;

pub use embert_tokenize as tokenize;

pub use batch::{Batch, Batcher};
pub use card::{Card, CardColumns, HubSource, Task};
pub use columns::Columns;
pub use discover::problem::FilesProblem;
pub use encode::{MOST_TOKENS, WindowOptions, encode};
pub use error::DataError;
pub use example::{Example, Texts};
pub use features::{EncodedDataset, EncodedFeature};
pub use label::column::LabelColumn;
pub use label::labels::Labels;
pub use label::problem::LabelProblem;
pub use label::set::{LabelMapping, LabelSet, is_unnamed};
pub use load::{
    DataFacts, DataSet, LoadOptions, LoadedRows, LocatedRow, SourceFile, SplitRows, load, load_rows,
};
pub use loader::BatchLoader;
pub use location::Location;
pub use read::{Delimiter, Format, Header, Quoting, ReadOptionError, ReadOptions, RowReader, TextEncoding};
pub use repository::RepositoryPlan;
pub use repository::name::RepositoryName;
pub use row::{Row, Value};
pub use row_problem::RowProblem;
pub use sampler::{MEGA_BATCH_MULT, Order, Sampler};
pub use source::DataSource;
pub use split::{Splits, cut, sample};
pub use split_files::SplitFiles;
pub use split_kind::{SplitKind, Unlabelled};

/// The README's example is compiled with the other ones.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
