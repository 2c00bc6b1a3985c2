//! What a fetch reports while it runs.

use std::time::Duration;

use crate::error::HubError;

/// One thing that happened to one file. The crate prints nothing: a caller that wants a bar or a line makes it from these.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The file was in the cache already.
    Cached {
        /// Its name in the repository.
        file: &'a str,
    },
    /// Another process holds the file's lock: it is being fetched there.
    Waiting {
        /// Its name in the repository.
        file: &'a str,
    },
    /// A download begins.
    Started {
        /// Its name in the repository.
        file: &'a str,
        /// Bytes that an earlier attempt left: the download goes on from there.
        resumed: u64,
        /// Bytes in the whole file, where the hub says so.
        total: Option<u64>,
    },
    /// Bytes have arrived. `done` goes back where a download starts again.
    Progress {
        /// Its name in the repository.
        file: &'a str,
        /// Bytes there now, those of earlier attempts included.
        done: u64,
        /// Bytes in the whole file, where the hub says so.
        total: Option<u64>,
    },
    /// An attempt failed and the next one follows after `delay`.
    Retrying {
        /// Its name in the repository.
        file: &'a str,
        /// What went wrong.
        error: &'a HubError,
        /// The time until the next attempt.
        delay: Duration,
    },
    /// The file is complete, its content is what the hub says, and it is in the cache.
    Finished {
        /// Its name in the repository.
        file: &'a str,
        /// Its length in bytes.
        bytes: u64,
    },
}

/// Where a fetch reports to.
pub type Progress<'a> = dyn FnMut(Event<'_>) + 'a;
