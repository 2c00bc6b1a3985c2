//! [`DatasetRepository`]: the files of a data set's repository.

use std::collections::BTreeSet;
use std::path::PathBuf;

use globset::{GlobBuilder, GlobMatcher};

use crate::cache::RepositoryCache;
use crate::error::HubError;
use crate::hub::{Hub, LocalFiles, Reply, local};
use crate::kind::Kind;
use crate::progress::{Event, Progress};
use crate::remote::Listing;
use crate::source::{DEFAULT_REVISION, RepositoryId};

impl Hub {
    /// Files of a data set's repository: `files` are names (`plain_text/train-00000-of-00001.parquet`) or
    /// patterns (`**/*.parquet`, where `*` stays within a folder). Each name or pattern must match a file.
    ///
    /// `revision` is a branch, a tag or a commit, by default `main`.
    ///
    /// # Errors
    /// A pattern has a syntax error, a name or pattern matches no file, the hub refuses the request, a
    /// download fails, or the hub can't be asked and the files are not in the cache.
    pub fn dataset(
        &self,
        repository: &str,
        revision: Option<&str>,
        files: &[impl AsRef<str>],
        progress: &mut Progress<'_>,
    ) -> Result<LocalFiles, HubError> {
        let wanted = files.iter().map(|file| Wanted::new(file.as_ref())).collect::<Result<Vec<_>, _>>()?;
        let mut repository = self.dataset_repository(repository, revision)?;
        let mut names = BTreeSet::new();
        for wanted in &wanted {
            let matching: Vec<_> =
                repository.files().iter().filter(|name| wanted.matches(name)).cloned().collect();
            if matching.is_empty() {
                return Err(repository.missing(&wanted.text));
            }
            names.extend(matching);
        }
        repository.fetch(&names.into_iter().collect::<Vec<_>>(), progress)
    }

    /// A data set's repository at one commit: the list of its files, of which some can be fetched. The list
    /// comes from the cache for a commit that the cache knows, else from the hub, and from the cache again if
    /// the hub can't be reached.
    ///
    /// `revision` is a branch, a tag or a commit, by default `main`.
    ///
    /// # Errors
    /// The name can't be a repository's, the hub refuses the request, or the hub can't be asked and the cache
    /// has no file of the revision.
    pub fn dataset_repository(
        &self,
        repository: &str,
        revision: Option<&str>,
    ) -> Result<DatasetRepository<'_>, HubError> {
        let id = RepositoryId::new(repository, revision)?;
        let cache = RepositoryCache::new(&self.settings.cache, Kind::Dataset, &id);
        let known = |commit: &str| cache.listing(commit).filter(|_| !self.verify_cache);
        let of_hub = |id, cache, listing| DatasetRepository {
            hub: self,
            id,
            cache,
            listing,
            origin: Origin::Hub,
            is_whole: true,
        };
        // A commit never changes, so the stored list is right.
        if id.is_pinned()
            && let Some(listing) = known(id.revision())
        {
            return Ok(of_hub(id, cache, listing));
        }
        let reason = match self.ask(Kind::Dataset, &id)? {
            Reply::Listing(listing) => return Ok(of_hub(id, cache, listing)),
            Reply::Nothing(reason) => reason,
        };
        let stored = cache.commit(id.revision()).and_then(|commit| {
            if let Some(listing) = cache.listing(&commit) {
                return Some((listing, true));
            }
            // Another program fetched these files; it keeps no list.
            let files = cache.files(&commit);
            (!files.is_empty()).then(|| (Listing { canonical: id.id().to_owned(), commit, files }, false))
        });
        match stored {
            Some((listing, is_whole)) => {
                let origin = Origin::Cache(reason);
                Ok(DatasetRepository { hub: self, id, cache, listing, origin, is_whole })
            }
            None => Err(self.not_cached(reason, format!("the data set `{id}`"), download_command(&id))),
        }
    }
}

/// The command that fetches a data set, for error messages.
fn download_command(id: &RepositoryId) -> String {
    let revision = if id.revision() == DEFAULT_REVISION {
        String::new()
    } else {
        format!(" --revision {}", id.revision())
    };
    format!("cargo xtask fetch --dataset {id}` or `hf download --repo-type dataset {}{revision}", id.id())
}

/// The source of a repository's files.
#[derive(Debug)]
enum Origin {
    Hub,
    /// The cache in place of the hub, with the error of the hub; `None` in offline mode.
    Cache(Option<HubError>),
}

/// A data set's repository at one commit.
#[derive(Debug)]
pub struct DatasetRepository<'a> {
    hub: &'a Hub,
    id: RepositoryId,
    cache: RepositoryCache,
    listing: Listing,
    origin: Origin,
    is_whole: bool,
}

impl DatasetRepository<'_> {
    /// The names of the repository's files, sorted.
    pub fn files(&self) -> &[String] {
        &self.listing.files
    }

    /// Whether [`files`](Self::files) lists all files of the commit. If not, the hub could not be asked, and
    /// the list holds the files that another program left in the cache.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// The commit whose files are listed.
    pub fn commit(&self) -> &str {
        &self.listing.commit
    }

    /// Fetches the files that are not in the cache; `names` are some of [`files`](Self::files).
    ///
    /// # Errors
    /// The repository has no such file, the download fails, or the file is not in the cache and the hub can't
    /// be asked.
    pub fn fetch(&mut self, names: &[String], progress: &mut Progress<'_>) -> Result<LocalFiles, HubError> {
        let files = self.obtain(names, progress)?;
        if matches!(self.origin, Origin::Hub) {
            self.cache.remember_listing(&self.listing)?;
            // The revision is stored last, so that a revision in the cache always leads to a complete
            // snapshot.
            self.cache.remember_commit(self.id.revision(), &self.listing.commit)?;
        }
        Ok(files)
    }

    /// Fetches one file that helps to choose what to [`fetch`](Self::fetch), such as `README.md`; `None` if
    /// the repository has no such file.
    ///
    /// # Errors
    /// The download fails, or the file is not in the cache and the hub can't be asked.
    pub fn peek(&mut self, name: &str, progress: &mut Progress<'_>) -> Result<Option<PathBuf>, HubError> {
        if !self.has(name) {
            return Ok(None);
        }
        Ok(self.obtain(&[name.to_owned()], progress)?.files.pop())
    }

    fn has(&self, name: &str) -> bool {
        self.listing.files.binary_search_by(|file| file.as_str().cmp(name)).is_ok()
    }

    fn obtain(&mut self, names: &[String], progress: &mut Progress<'_>) -> Result<LocalFiles, HubError> {
        if let Some(unknown) = names.iter().find(|name| !self.has(name)) {
            return Err(self.missing(unknown));
        }
        let commit = self.listing.commit.clone();
        if matches!(self.origin, Origin::Cache(_)) {
            if let Some(absent) = names.iter().find(|name| self.cache.file(&commit, name).is_none()) {
                return Err(self.missing(absent));
            }
            return self.hub.take_cached(&self.cache, &commit, &names.iter().cloned().collect(), progress);
        }
        let is_cached = |name: &String| self.cache.file(&commit, name).is_some();
        if !self.hub.verify_cache && names.iter().all(is_cached) {
            for file in names {
                progress(Event::Cached { file });
            }
        } else {
            let remote = self.hub.remote()?;
            let fetcher = self.hub.fetcher(&remote, &self.cache, Kind::Dataset, &self.id, &self.listing);
            for name in names {
                fetcher.fetch(name, progress)?;
            }
        }
        Ok(local(&self.cache, &commit, &names.iter().cloned().collect()))
    }

    /// The error for a file or pattern without a match: the repository has no such file, or the cache has
    /// none and the hub can't be asked.
    pub fn missing(&mut self, file: &str) -> HubError {
        match &mut self.origin {
            Origin::Hub => HubError::FileNotFound {
                id: self.id.id().to_owned(),
                file: file.to_owned(),
                available: self.listing.files.clone(),
            },
            Origin::Cache(reason) => {
                let what = format!("{file} of the data set `{}`", self.id);
                self.hub.not_cached(reason.take(), what, download_command(&self.id))
            }
        }
    }
}

/// A file name, or a pattern of file names.
struct Wanted {
    text: String,
    pattern: Option<GlobMatcher>,
}

impl Wanted {
    fn new(text: &str) -> Result<Self, HubError> {
        let pattern = text
            .contains(['*', '?', '[', '{'])
            .then(|| GlobBuilder::new(text).literal_separator(true).build())
            .transpose()
            .map_err(|source| HubError::InvalidPattern { pattern: text.to_owned(), source })?
            .map(|glob| glob.compile_matcher());
        Ok(Self { text: text.to_owned(), pattern })
    }

    fn matches(&self, name: &str) -> bool {
        self.pattern.as_ref().map_or(self.text == name, |pattern| pattern.is_match(name))
    }
}
