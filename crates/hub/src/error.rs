//! The one error type of the crate.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use embert_files::FileError;

use crate::remote::Kind;

/// Why a model or a data set could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// The name can only be a path, and there is no such folder.
    #[error("there is no folder {}; name an existing folder, or a repository of the hub as `owner/name`", path.display())]
    FolderNotFound {
        /// What was named.
        path: PathBuf,
    },

    /// Neither a folder nor a name that a repository can have.
    #[error("`{name}` is neither a folder nor a repository's name: {reason}")]
    InvalidId {
        /// What was named.
        name: String,
        /// The rule that it breaks.
        reason: &'static str,
    },

    /// A setting of the environment or of the builder that cannot be used.
    #[error("{name} is `{value}`: {reason}")]
    InvalidSetting {
        /// The environment variable that holds it.
        name: &'static str,
        /// Its value.
        value: String,
        /// What is expected.
        reason: &'static str,
    },

    /// A pattern of file names that is not one.
    #[error("`{pattern}` is not a file name pattern")]
    InvalidPattern {
        /// What was given.
        pattern: String,
        /// Where it breaks off.
        source: globset::Error,
    },

    /// No such repository, or a private one: without a valid token the hub does not tell the two apart.
    #[error("{endpoint} has no {kind} `{id}`; check the spelling, and set HF_TOKEN if it is private")]
    RepositoryNotFound {
        /// Model or data set.
        kind: Kind,
        /// As named by the user.
        id: String,
        /// The hub that was asked.
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
        /// Some of the files that are there.
        available: Vec<String>,
    },

    /// A gated repository whose conditions this user has not accepted.
    #[error(
        "`{id}` is gated: accept its conditions at {endpoint}/{id} and set HF_TOKEN to a token of that account"
    )]
    Gated {
        /// The repository.
        id: String,
        /// The hub.
        endpoint: String,
    },

    /// The token was refused, or one is needed.
    #[error(
        "the hub wants another token for `{id}` ({status}: {message}); set HF_TOKEN to a valid one that may read it"
    )]
    Unauthorized {
        /// The repository.
        id: String,
        /// 401 or 403.
        status: u16,
        /// What the hub says.
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
        /// What is wrong with it.
        source: serde_json::Error,
    },

    /// Not in the cache, and the hub does not answer.
    #[error("{what} is not in the cache at {}, and the hub can't be reached; when it can, run `{command}`", cache.display())]
    Unreachable {
        /// What was wanted.
        what: String,
        /// The cache that was searched.
        cache: PathBuf,
        /// What fetches it.
        command: String,
        /// Why the hub can't be reached.
        source: Box<HubError>,
    },

    /// Not in the cache, and offline mode forbids asking the hub.
    #[error("{what} is not in the cache at {}, and HF_HUB_OFFLINE is set; unset it and run `{command}`", cache.display())]
    Offline {
        /// What was wanted.
        what: String,
        /// The cache that was searched.
        cache: PathBuf,
        /// What fetches it.
        command: String,
    },

    /// The connection could not be made or broke off.
    #[error("the request to {url} failed")]
    Transport {
        /// What was asked for.
        url: String,
        /// The HTTP client's account of it.
        source: reqwest::Error,
    },

    /// The connection broke off in the middle of a body.
    #[error("{url} broke off")]
    Broken {
        /// What was asked for.
        url: String,
        /// The system's account of it.
        source: io::Error,
    },

    /// Nothing arrived for longer than the time limit.
    #[error("{url} sent nothing for {} s (HF_HUB_DOWNLOAD_TIMEOUT sets this limit)", timeout.as_secs_f32())]
    Stalled {
        /// What was asked for.
        url: String,
        /// The limit.
        timeout: Duration,
    },

    /// The hub answered with a status that is none of the cases above.
    #[error("{url} answered {status}{}", message.as_ref().map(|m| format!(": {m}")).unwrap_or_default())]
    Status {
        /// What was asked for.
        url: String,
        /// The HTTP status.
        status: u16,
        /// What the hub says.
        message: Option<String>,
    },

    /// The hub's answer lacks something that it always has.
    #[error("the answer of {url} can't be used: {what}")]
    UnexpectedAnswer {
        /// What was asked for.
        url: String,
        /// What is missing or wrong.
        what: String,
    },

    /// The download broke off on every attempt. What has arrived is kept: the next run goes on from there.
    #[error(
        "{file} of `{id}` broke off at byte {received} and {attempts} attempts did not complete it; run it again to go on from there"
    )]
    Interrupted {
        /// The file.
        file: String,
        /// The repository.
        id: String,
        /// Bytes that are there.
        received: u64,
        /// Attempts made.
        attempts: u32,
        /// What ended the last one.
        source: Box<HubError>,
    },

    /// What arrived is not what the hub says the file is. Nothing of it is kept.
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
        /// Times that it was fetched.
        attempts: u32,
    },

    /// A file in the cache has not the content that its name says, and the hub can't be asked for it.
    #[error("{} is damaged: its content is not what the hub had; fetch it again with HF_HUB_OFFLINE unset", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },

    /// hf-hub's client could not be set up or failed in a way that has no name above.
    #[error("the hub's client failed")]
    Client {
        /// hf-hub's account of it.
        source: Box<hf_hub::HFError>,
    },

    /// The HTTP client could not be set up.
    #[error("the HTTP client can't be set up")]
    Setup {
        /// The HTTP client's account of it.
        source: reqwest::Error,
    },

    /// Reading or writing the cache failed.
    #[error("can't {action} {}", path.display())]
    Io {
        /// What was being done: "write", "lock" ...
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's account of it.
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

    /// From an error of the HTTP client: a time-out is a stall.
    pub(crate) fn transport(url: &str, timeout: Duration, source: reqwest::Error) -> Self {
        if source.is_timeout() && !source.is_connect() {
            Self::Stalled { url: url.to_owned(), timeout }
        } else {
            Self::Transport { url: url.to_owned(), source: source.without_url() }
        }
    }

    /// Whether the same request may well succeed later: what is tried again, and where the cache's copy will do.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Transport { .. } | Self::Broken { .. } | Self::Stalled { .. } => true,
            Self::Status { status, .. } => *status >= 500 || matches!(status, 408 | 429),
            _ => false,
        }
    }
}

/// Some of what is there, for a user who misspelt what is not.
fn hint(available: &[String]) -> String {
    const SHOWN: usize = 8;
    if available.is_empty() {
        return String::new();
    }
    let more = if available.len() > SHOWN { ", ..." } else { "" };
    format!("; it has {}{more}", available[..available.len().min(SHOWN)].join(", "))
}
