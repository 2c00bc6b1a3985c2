//! Data sets for text classification: from files to batches of tensors.
//!
//! A [`Card`] says where a data set lies and what its columns and labels mean; [`DataSource`] finds one for what the user
//! named. [`load`] reads its files ([`RowReader`]: Parquet, CSV, TSV, JSON, folders of texts) and cuts them into
//! [`Splits`]; [`encode`] tokenizes them. A [`Sampler`] plans an epoch's batches, and a [`BatchLoader`] builds them on a
//! thread of its own.
//!
//! Not here: downloads (what is on the hub is only named), metrics, models.
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
mod discover;
mod encode;
mod error;
mod label;
mod load;
mod loader;
mod read;
mod readme;
mod repository;
mod row;
mod sampler;
mod shown;
mod source;
mod split;

pub use embert_tokenize as tokenize;

pub use batch::{Batch, Batcher};
pub use card::{Card, CardColumns, HubSource, SplitFiles, Task};
pub use discover::FilesProblem;
pub use encode::{EncodedDataset, EncodedExample, MOST_TOKENS, WindowOptions, encode, encode_windows};
pub use error::{DataError, Location, RowProblem};
pub use label::problem::LabelProblem;
pub use label::{LabelMapping, LabelSet, is_unnamed};
pub use load::{DataFacts, DataSet, LoadOptions, SplitKind, Unlabelled, load};
pub use loader::BatchLoader;
pub use read::{Delimiter, Format, Header, Quoting, ReadOptionError, ReadOptions, RowReader, TextEncoding};
pub use repository::{RepositoryName, RepositoryPlan};
pub use row::{Columns, Example, Row, Value};
pub use sampler::{Order, STRETCH, Sampler};
pub use source::DataSource;
pub use split::{Splits, cut, sample};

/// The README's example is compiled with the other ones.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
