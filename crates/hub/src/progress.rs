//! [`Event`]: the progress of a fetch.

use std::time::Duration;

use crate::error::HubError;

/// One event of one file. The crate prints nothing: a caller that wants a progress bar draws it from these
/// events.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The file was in the cache already.
    Cached {
        /// The file's name in the repository.
        file: &'a str,
    },
    /// Another process holds the file's lock and fetches the file.
    Waiting {
        /// The file's name in the repository.
        file: &'a str,
    },
    /// A download begins.
    Started {
        /// The file's name in the repository.
        file: &'a str,
        /// Bytes that an earlier attempt left; the download goes on from there.
        resumed: u64,
        /// Bytes of the whole file; `None` if the hub does not state them.
        total: Option<u64>,
    },
    /// Bytes have arrived. `done` decreases if a download starts again.
    Progress {
        /// The file's name in the repository.
        file: &'a str,
        /// Bytes received, those of earlier attempts included.
        done: u64,
        /// Bytes of the whole file; `None` if the hub does not state them.
        total: Option<u64>,
    },
    /// An attempt failed and the next one follows after `delay`.
    Retrying {
        /// The file's name in the repository.
        file: &'a str,
        /// The error of the attempt.
        error: &'a HubError,
        /// The time until the next attempt.
        delay: Duration,
    },
    /// The file is complete, its hash is the hub's, and it is in the cache.
    Finished {
        /// The file's name in the repository.
        file: &'a str,
        /// The file's length in bytes.
        bytes: u64,
    },
}

/// The callback that a fetch reports to.
pub type Progress<'a> = dyn FnMut(Event<'_>) + 'a;
