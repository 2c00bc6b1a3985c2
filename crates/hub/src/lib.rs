//! Resolves a name (a folder, `name`, `owner/name`, `owner/name@revision`) to local, verified files.
//!
//! A [`Hub`] uses the cache of Python's `huggingface_hub`, in the same layout, and downloads what the cache
//! lacks: of a model only the configuration, the tokenizer's files and the safetensors weights, of a data set
//! only the requested files. A file gets its name in the cache after its content has matched the hub's hash.
//! A download that breaks off is resumed, in the same process or the next; one that stalls ends within its
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
//! The crate does not read the files that it fetches (but for an index of shards, which names them), does not
//! upload, and prints nothing: [`Event`]s report the progress.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod cache;
mod dataset;
mod digest;
mod download;
mod error;
mod hub;
mod kind;
mod model_files;
mod progress;
mod remote;
mod retry;
mod settings;
mod source;

pub use dataset::DatasetRepository;
pub use digest::ContentHash;
pub use error::HubError;
pub use hub::{Hub, HubBuilder, LocalFiles};
pub use kind::Kind;
pub use progress::{Event, Progress};
pub use source::{DEFAULT_REVISION, RepositoryId, Source};
