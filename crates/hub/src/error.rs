//! [`HubError`].

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use embert_files::FileError;

use crate::kind::Kind;

/// Why a model or a data set can't be resolved to local files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// The name can only be a path, and there is no such folder.
    #[error("there is no folder {}; name an existing folder, or a repository of the hub as `owner/name`", path.display())]
    FolderNotFound {
        /// The name that the user gave.
        path: PathBuf,
    },

    /// Neither a folder nor a name that a repository can have.
    #[error("`{name}` is neither a folder nor a repository's name: {reason}")]
    InvalidId {
        /// The name that the user gave.
        name: String,
        /// The rule that the name breaks.
        reason: &'static str,
    },

    /// A setting of the environment or of the builder that cannot be used.
    #[error("{name} is `{value}`: {reason}")]
    InvalidSetting {
        /// The environment variable that holds the setting.
        name: &'static str,
        /// The setting's value.
        value: String,
        /// The value that is expected.
        reason: &'static str,
    },

    /// A pattern of file names has a syntax error.
    #[error("`{pattern}` is not a file name pattern")]
    InvalidPattern {
        /// The pattern.
        pattern: String,
        /// The syntax error.
        source: globset::Error,
    },

    /// No such repository, or a private one: without a valid token the hub does not tell the two apart.
    #[error("{endpoint} has no {kind} `{id}`; check the spelling, and set HF_TOKEN if it is private")]
    RepositoryNotFound {
        /// Model or data set.
        kind: Kind,
        /// The repository, as the user named it.
        id: String,
        /// The address of the hub that was asked.
        endpoint: String,
    },

    /// The repository exists, this revision of it does not.
    #[error("`{id}` has no revision `{revision}`; name a branch, a tag or a full commit id after the `@`")]
    RevisionNotFound {
        /// The repository.
        id: String,
        /// The missing branch, tag or commit.
        revision: String,
    },

    /// The repository has no such file.
    #[error("`{id}` has no file `{file}`{}", hint(available))]
    FileNotFound {
        /// The repository.
        id: String,
        /// The missing file, or a pattern that matches none.
        file: String,
        /// The files of the repository; empty if the list is not known.
        available: Vec<String>,
    },

    /// A gated repository whose conditions this user has not accepted.
    #[error(
        "`{id}` is gated: accept its conditions at {endpoint}/{id} and set HF_TOKEN to a token of that account"
    )]
    Gated {
        /// The repository.
        id: String,
        /// The hub's address.
        endpoint: String,
    },

    /// The token was refused, or a token is needed.
    #[error(
        "the hub wants another token for `{id}` ({status}: {message}); set HF_TOKEN to a valid token with read access to the repository"
    )]
    Unauthorized {
        /// The repository.
        id: String,
        /// 401 or 403.
        status: u16,
        /// The hub's message.
        message: String,
    },

    /// Weights only in formats that are not read.
    #[error(
        "`{id}` has no model.safetensors and no model.safetensors.index.json (weights there: {found}); \
         look for a converted revision such as `{id}@refs/pr/1`, or convert it with `save_pretrained` of transformers"
    )]
    NoSafetensors {
        /// The repository.
        id: String,
        /// The weight files that are there, or "none".
        found: String,
    },

    /// `model.safetensors.index.json` cannot be used.
    #[error("{} is not an index of safetensors shards", path.display())]
    InvalidIndex {
        /// The index.
        path: PathBuf,
        /// The JSON error, or the shard whose name is no file name.
        source: serde_json::Error,
    },

    /// The files are not in the cache, and the hub does not answer.
    #[error("{what} is not in the cache at {}, and the hub can't be reached; when it can, run `{command}`", cache.display())]
    Unreachable {
        /// The model, the data set, or a data set's file.
        what: String,
        /// The cache that was searched.
        cache: PathBuf,
        /// The command that fetches the files.
        command: String,
        /// Why the hub can't be reached.
        source: Box<HubError>,
    },

    /// The files are not in the cache, and offline mode forbids requests to the hub.
    #[error("{what} is not in the cache at {}, and HF_HUB_OFFLINE is set; unset it and run `{command}`", cache.display())]
    Offline {
        /// The model, the data set, or a data set's file.
        what: String,
        /// The cache that was searched.
        cache: PathBuf,
        /// The command that fetches the files.
        command: String,
    },

    /// The connection could not be made or broke off.
    #[error("the request to {url} failed")]
    Transport {
        /// The address of the request.
        url: String,
        /// The HTTP client's error.
        source: reqwest::Error,
    },

    /// The connection broke off in the middle of a body.
    #[error("{url} broke off")]
    Broken {
        /// The address of the request.
        url: String,
        /// The system's error.
        source: io::Error,
    },

    /// Nothing arrived for longer than the time limit.
    #[error("{url} sent nothing for {} s (HF_HUB_DOWNLOAD_TIMEOUT sets this limit)", timeout.as_secs_f32())]
    Stalled {
        /// The address of the request.
        url: String,
        /// The limit.
        timeout: Duration,
    },

    /// The hub answered with a status that no other variant covers.
    #[error("{url} answered {status}{}", message.as_ref().map(|m| format!(": {m}")).unwrap_or_default())]
    Status {
        /// The address of the request.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The hub's message.
        message: Option<String>,
    },

    /// The hub's answer lacks a field or has an invalid one.
    #[error("the answer of {url} can't be used: {what}")]
    UnexpectedAnswer {
        /// The address of the request.
        url: String,
        /// The missing or invalid part.
        what: String,
    },

    /// The download broke off on every attempt. The received part is kept, and the next run resumes from it.
    #[error(
        "{file} of `{id}` broke off at byte {received} and {attempts} attempts did not complete it; run it again to go on from there"
    )]
    Interrupted {
        /// The file.
        file: String,
        /// The repository.
        id: String,
        /// Bytes received.
        received: u64,
        /// Attempts made.
        attempts: u32,
        /// The error of the last attempt.
        source: Box<HubError>,
    },

    /// The content's hash is not the hub's. Nothing of the content is kept.
    #[error(
        "{file} of `{id}` arrived damaged (attempt {attempts}): its content is {found}, the hub says {expected}; nothing of it was kept"
    )]
    WrongContent {
        /// The file.
        file: String,
        /// The repository.
        id: String,
        /// The hub's hash.
        expected: String,
        /// The content's hash.
        found: String,
        /// How often the file was fetched.
        attempts: u32,
    },

    /// A file in the cache does not have the hash that its blob is named after, and the hub can't be asked.
    #[error("{} is damaged: its content is not what the hub had; fetch it again with HF_HUB_OFFLINE unset", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },

    /// The HTTP client could not be set up.
    #[error("the HTTP client can't be set up")]
    Setup {
        /// The HTTP client's error.
        source: reqwest::Error,
    },

    /// Reading or writing the cache failed.
    #[error("can't {action} {}", path.display())]
    Io {
        /// The operation: "write", "lock" ...
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

impl From<FileError> for HubError {
    fn from(FileError { action, path, source }: FileError) -> Self {
        Self::Io { action, path, source }
    }
}

impl HubError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_path_buf();
        move |source| Self::Io { action, path, source }
    }

    /// Converts an error of the HTTP client: a time-out is a stall.
    pub(crate) fn transport(url: &str, timeout: Duration, source: reqwest::Error) -> Self {
        if source.is_timeout() && !source.is_connect() {
            Self::Stalled { url: url.to_owned(), timeout }
        } else {
            Self::Transport { url: url.to_owned(), source: source.without_url() }
        }
    }

    /// The error of reading a body. The HTTP client wraps its own error into an I/O error.
    pub(crate) fn body(url: &str, timeout: Duration, error: io::Error) -> Self {
        match error.downcast::<reqwest::Error>() {
            Ok(error) => Self::transport(url, timeout, error),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                Self::Stalled { url: url.to_owned(), timeout }
            }
            Err(source) => Self::Broken { url: url.to_owned(), source },
        }
    }

    /// Whether it is worth while to repeat the request at once: a transient error, but no address that the client
    /// can't use and no circle of redirects.
    pub(crate) fn is_retryable(&self) -> bool {
        match self {
            Self::Transport { source, .. } => !source.is_builder() && !source.is_redirect(),
            other => other.is_transient(),
        }
    }

    /// Whether the same request may succeed later. A transient error is retried; if every attempt fails, the
    /// cache is used.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Transport { .. } | Self::Broken { .. } | Self::Stalled { .. } => true,
            Self::Status { status, .. } => *status >= 500 || matches!(status, 408 | 429),
            _ => false,
        }
    }
}

/// Lists some of the existing files, for a user who misspelt a name.
fn hint(available: &[String]) -> String {
    const SHOWN: usize = 8;
    if available.is_empty() {
        return String::new();
    }
    let more = if available.len() > SHOWN { ", ..." } else { "" };
    format!("; it has {}{more}", available[..available.len().min(SHOWN)].join(", "))
}
