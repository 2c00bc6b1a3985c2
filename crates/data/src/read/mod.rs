//! Readers of files. Rows come one at a time, so a file may be larger than the memory.

mod bytes;
mod conll;
mod content;
mod csv;
mod folder;
mod json;
mod lines;
mod located;
mod named;
mod numbered;
mod options;
mod parquet;
mod reader;
mod shared_names;

pub(crate) use options::COMPRESSED;
pub use options::{Delimiter, Format, Header, Quoting, ReadOptionError, ReadOptions, TextEncoding};
pub use reader::RowReader;
