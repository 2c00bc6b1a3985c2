//! [`SentenceConfig`]: the files of a folder of sentence-transformers.

mod config;
mod read;
mod write;

pub use self::config::{Pooling, SentenceConfig, Similarity};
