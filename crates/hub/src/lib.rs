//! What the user named (a folder, `name`, `owner/name`, `owner/name@revision`) becomes local, verified files.
//!
//! A [`Hub`] looks in the cache that Python's `huggingface_hub` uses, in the same layout, and fetches from the hub what is
//! not there: of a model only the configuration, the tokenizer's files and the safetensors weights, of a data set only the
//! files asked for. What arrives is compared with the hash that the hub gives for it before it gets its name in the
//! cache. A download that breaks off goes on where it stopped, in the same run or the next; one that stalls ends within its
//! time limit; processes that fetch the same file wait for each other. `HF_ENDPOINT`, `HF_TOKEN`, `HF_HOME`,
//! `HF_HUB_CACHE`, `HF_HUB_OFFLINE` and the time limits mean what they mean in Python.
//!
//! ```no_run
//! use embert_hub::{Event, Hub};
//!
//! let hub = Hub::from_env()?;
//! let model = hub.model("sentence-transformers/all-MiniLM-L6-v2", &mut |event| {
//!     if let Event::Finished { file, bytes } = event {
//!         println!("{file}: {bytes} bytes");
//!     }
//! })?;
//! let config = model.folder.join("config.json");
//! # let _ = config;
//! # Ok::<(), embert_hub::HubError>(())
//! ```
//!
//! It does not read what it fetches (only an index of shards, to know their names), does not upload, and prints nothing:
//! [`Event`]s say what happens.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod cache;
mod dataset;
mod digest;
mod download;
mod error;
mod hub;
mod model_files;
mod progress;
mod remote;
mod settings;
mod source;

pub use dataset::DatasetRepository;
pub use digest::ContentHash;
pub use error::HubError;
pub use hub::{Hub, HubBuilder, LocalFiles};
pub use progress::{Event, Progress};
pub use remote::Kind;
pub use source::{DEFAULT_REVISION, RepositoryId, Source};
