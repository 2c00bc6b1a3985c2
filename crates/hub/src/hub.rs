//! [`Hub`]: names to local files, from the cache or from the hub.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::cache::RepositoryCache;
use crate::download::Fetcher;
use crate::error::HubError;
use crate::kind::Kind;
use crate::model_files::{self, Weights};
use crate::progress::{Event, Progress};
use crate::remote::{Listing, Remote};
use crate::retry::Retry;
use crate::settings::Settings;
use crate::source::{RepositoryId, Source};

/// Local files: those of a repository in the cache, or a folder that the user named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalFiles {
    /// The folder with the files under their names in the repository. For a repository it is the commit's
    /// snapshot in the cache: read from it, don't write to it.
    pub folder: PathBuf,
    /// The commit; `None` for a folder that the user named.
    pub commit: Option<String>,
    /// The requested files, below `folder`. Empty for a folder that the user named.
    pub files: Vec<PathBuf>,
}

/// Builds a [`Hub`] from the environment's settings and those set here.
#[derive(Clone)]
pub struct HubBuilder {
    settings: Settings,
    retry: Retry,
    verify_cache: bool,
}

impl HubBuilder {
    /// The hub's address (`HF_ENDPOINT`, by default `https://huggingface.co`).
    #[must_use]
    pub fn endpoint(mut self, endpoint: &str) -> Self {
        endpoint.trim_end_matches('/').clone_into(&mut self.settings.endpoint);
        self
    }

    /// The token to identify with (`HF_TOKEN`, else the file that `hf auth login` wrote).
    #[must_use]
    pub fn token(mut self, token: &str) -> Self {
        self.settings.token = Some(token.to_owned());
        self
    }

    /// The cache's folder (`HF_HUB_CACHE`, else `$HF_HOME/hub`).
    #[must_use]
    pub fn cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.settings.cache = folder.into();
        self
    }

    /// Forbids requests to the hub (`HF_HUB_OFFLINE`).
    #[must_use]
    pub fn offline(mut self, offline: bool) -> Self {
        self.settings.offline = offline;
        self
    }

    /// The longest silence of the hub before an attempt counts as stalled (`HF_HUB_DOWNLOAD_TIMEOUT` for
    /// content, `HF_HUB_ETAG_TIMEOUT` for other requests; 10 s each). A file that stalls three times is given
    /// up.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.download_timeout = timeout;
        self.settings.metadata_timeout = timeout;
        self
    }

    /// How many failed attempts in a row, without a new byte, are repeated (5), and the wait before the first
    /// repetition (0.5 s), which doubles with each.
    #[must_use]
    pub fn retries(mut self, retries: u32, backoff: Duration) -> Self {
        self.retry = Retry { retries, backoff };
        self
    }

    /// Whether files in the cache are hashed again, and damaged ones fetched again (by default no). Downloads
    /// are always checked, but other programs write to the cache too.
    #[must_use]
    pub fn verify_cache(mut self, verify: bool) -> Self {
        self.verify_cache = verify;
        self
    }

    /// Builds the hub. It makes no request yet.
    pub fn build(self) -> Hub {
        Hub {
            settings: self.settings,
            retry: self.retry,
            verify_cache: self.verify_cache,
            remote: Mutex::new(None),
        }
    }
}

impl fmt::Debug for HubBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(&self.settings, "HubBuilder", f)
    }
}

/// Turns names into local files, from the cache or from the hub.
///
/// The calls block; inside an async runtime, make them from a thread that may block.
pub struct Hub {
    pub(crate) settings: Settings,
    retry: Retry,
    pub(crate) verify_cache: bool,
    /// The HTTP clients, built at the first request: a folder or an offline run needs none.
    remote: Mutex<Option<Arc<Remote>>>,
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(&self.settings, "Hub", f)
    }
}

/// Writes all settings but the token.
fn describe(settings: &Settings, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.debug_struct(name)
        .field("endpoint", &settings.endpoint)
        .field("cache", &settings.cache)
        .field("offline", &settings.offline)
        .field("has_token", &settings.token.is_some())
        .finish_non_exhaustive()
}

impl Hub {
    /// A hub with the settings of the environment, in the variables of Python's `huggingface_hub`.
    ///
    /// # Errors
    /// A time limit in the environment is no number of seconds.
    pub fn from_env() -> Result<Self, HubError> {
        Ok(Self::builder()?.build())
    }

    /// A builder with the environment's settings.
    ///
    /// # Errors
    /// As [`from_env`](Self::from_env).
    pub fn builder() -> Result<HubBuilder, HubError> {
        Ok(HubBuilder {
            settings: Settings::from_env()?,
            retry: Retry { retries: 5, backoff: Duration::from_millis(500) },
            verify_cache: false,
        })
    }

    /// The cache's folder.
    pub fn cache(&self) -> &Path {
        &self.settings.cache
    }

    /// Fetches the files of a model: `config.json`, the card (`README.md`), an `adapter_config.json`, the
    /// tokenizer's files (those of `tokenizer.json`, `tokenizer_config.json`, `special_tokens_map.json`,
    /// `added_tokens.json` and `vocab.txt` that exist), the files of sentence-transformers (`modules.json`,
    /// `sentence_bert_config.json`, `config_sentence_transformers.json`, `1_Pooling/config.json`,
    /// `2_Normalize/config.json`), and the safetensors weights, in one file or sharded.
    ///
    /// `name` is a folder, which is returned as it is, or a repository: `name`, `owner/name`,
    /// `owner/name@revision`.
    ///
    /// # Errors
    /// The name is neither a folder nor a repository's, the hub refuses the request, the repository has no
    /// `config.json` or no safetensors weights, a download fails, or the hub can't be asked and a file is not
    /// in the cache.
    pub fn model(&self, name: &str, progress: &mut Progress<'_>) -> Result<LocalFiles, HubError> {
        self.model_of(&Source::parse(name)?, progress)
    }

    /// [`model`](Self::model) with a name that was parsed before: a folder created since then is not looked
    /// for.
    ///
    /// # Errors
    /// As [`model`](Self::model).
    pub fn model_of(&self, source: &Source, progress: &mut Progress<'_>) -> Result<LocalFiles, HubError> {
        match source {
            Source::Folder(folder) => {
                Ok(LocalFiles { folder: folder.clone(), commit: None, files: Vec::new() })
            }
            Source::Repository(id) => self.model_repository(id, progress),
        }
    }

    fn model_repository(
        &self,
        id: &RepositoryId,
        progress: &mut Progress<'_>,
    ) -> Result<LocalFiles, HubError> {
        let cache = RepositoryCache::new(&self.settings.cache, Kind::Model, id);
        // A commit never changes, so a complete snapshot needs no request.
        if id.is_pinned()
            && !self.verify_cache
            && model_files::is_settled(&cache, id.revision())
            && let Some(names) = model_files::cached(&cache, id.revision())?
        {
            return self.take_cached(&cache, id.revision(), &names, progress);
        }
        let listing = match self.ask(Kind::Model, id)? {
            Reply::Listing(listing) => listing,
            Reply::Nothing(reason) => {
                if let Some(commit) = cache.commit(id.revision())
                    && let Some(names) = model_files::cached(&cache, &commit)?
                {
                    return self.take_cached(&cache, &commit, &names, progress);
                }
                let command = format!("cargo xtask fetch --model {id}` or `hf download {}", id.id());
                return Err(self.not_cached(reason, format!("the model `{id}`"), command));
            }
        };
        let (mut names, weights) = model_files::needed(id, &listing.files)?;
        let remote = self.remote()?;
        let fetcher = self.fetcher(&remote, &cache, Kind::Model, id, &listing);
        for name in &names {
            fetcher.fetch(name, progress)?;
        }
        if weights == Weights::Sharded {
            for shard in model_files::shards(&cache.snapshot(&listing.commit))? {
                fetcher.fetch(&shard, progress)?;
                names.insert(shard);
            }
        }
        for file in model_files::absent(&listing.files) {
            cache.remember_missing(&listing.commit, file)?;
        }
        // The revision is stored last, so that a revision in the cache always leads to a complete snapshot.
        cache.remember_commit(id.revision(), &listing.commit)?;
        Ok(local(&cache, &listing.commit, &names))
    }

    /// Asks the hub for the repository's files. An unreachable hub is a reply; a refusal is an error.
    pub(crate) fn ask(&self, kind: Kind, id: &RepositoryId) -> Result<Reply, HubError> {
        if self.settings.offline {
            return Ok(Reply::Nothing(None));
        }
        match self.remote()?.listing(kind, id) {
            Ok(listing) => Ok(Reply::Listing(listing)),
            Err(error) if error.is_transient() => {
                tracing::warn!(repository = %id, %error, "the hub can't be reached; looking in the cache");
                Ok(Reply::Nothing(Some(error)))
            }
            Err(error) => Err(error),
        }
    }

    pub(crate) fn not_cached(&self, reason: Option<HubError>, what: String, command: String) -> HubError {
        let cache = self.settings.cache.clone();
        match reason {
            None => HubError::Offline { what, cache, command },
            Some(error) => HubError::Unreachable { what, cache, command, source: Box::new(error) },
        }
    }

    pub(crate) fn take_cached(
        &self,
        cache: &RepositoryCache,
        commit: &str,
        names: &BTreeSet<String>,
        progress: &mut Progress<'_>,
    ) -> Result<LocalFiles, HubError> {
        let files = local(cache, commit, names);
        for (file, path) in names.iter().zip(&files.files) {
            if self.verify_cache && !RepositoryCache::is_intact(path)? {
                return Err(HubError::Damaged { path: path.clone() });
            }
            progress(Event::Cached { file });
        }
        Ok(files)
    }

    pub(crate) fn remote(&self) -> Result<Arc<Remote>, HubError> {
        let mut remote = self.remote.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(remote) = &*remote {
            return Ok(remote.clone());
        }
        let made = Arc::new(Remote::new(&self.settings, self.retry)?);
        *remote = Some(made.clone());
        Ok(made)
    }

    pub(crate) fn fetcher<'a>(
        &self,
        remote: &'a Remote,
        cache: &'a RepositoryCache,
        kind: Kind,
        id: &'a RepositoryId,
        listing: &'a Listing,
    ) -> Fetcher<'a> {
        Fetcher { remote, cache, kind, id, listing, retry: self.retry, verify_cache: self.verify_cache }
    }
}

/// The reply to a request for a repository's files.
pub(crate) enum Reply {
    Listing(Listing),
    /// No list, with the error of the hub; `None` in offline mode. The cache can be used instead.
    Nothing(Option<HubError>),
}

pub(crate) fn local(cache: &RepositoryCache, commit: &str, names: &BTreeSet<String>) -> LocalFiles {
    let folder = cache.snapshot(commit);
    let files = names.iter().map(|name| folder.join(name)).collect();
    LocalFiles { folder, commit: Some(commit.to_owned()), files }
}
