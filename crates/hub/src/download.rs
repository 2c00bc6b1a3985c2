//! One file, from the hub into the cache: resumed where it broke off, checked, and only then given its name.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use std::time::Duration;

use embert_files::{Appender, FileError};
use reqwest::blocking::Response;
use reqwest::header::CONTENT_RANGE;

use crate::cache::{RepositoryCache, create_folder};
use crate::digest::{ContentHash, Hasher};
use crate::error::HubError;
use crate::kind::Kind;
use crate::progress::{Event, Progress};
use crate::remote::{FileFacts, Listing, Refused, Remote};
use crate::retry::Retry;
use crate::source::RepositoryId;

/// How often a file is fetched before content with a wrong hash becomes an error.
const MAX_WRONG: u32 = 3;
/// The number of stalls after which a file is given up. Each stall costs the whole time limit, and a
/// connection that stalls repeatedly is useless even if some bytes arrive in between.
const MAX_STALLS: u32 = 3;
/// The longest wait that is granted when the hub asks for one (`Retry-After`).
const MAX_RETRY_AFTER: Duration = Duration::from_mins(1);
const BUFFER: usize = 256 * 1024;

/// Fetches the files of one repository at one commit.
pub(crate) struct Fetcher<'a> {
    pub(crate) remote: &'a Remote,
    pub(crate) cache: &'a RepositoryCache,
    pub(crate) kind: Kind,
    pub(crate) id: &'a RepositoryId,
    pub(crate) listing: &'a Listing,
    pub(crate) retry: Retry,
    /// Whether files in the cache are hashed again.
    pub(crate) verify_cache: bool,
}

impl Fetcher<'_> {
    /// Fetches `file` unless the cache has it with the right content.
    pub(crate) fn fetch(&self, file: &str, progress: &mut Progress<'_>) -> Result<(), HubError> {
        if let Some(path) = self.cache.file(&self.listing.commit, file) {
            if !self.verify_cache || RepositoryCache::is_intact(&path)? {
                progress(Event::Cached { file });
                return Ok(());
            }
            tracing::warn!(path = %path.display(), "the cached file is damaged; fetching it again");
        }
        let facts = self.facts(file, progress)?;
        let _lock = self.cache.lock(&facts.hash, || progress(Event::Waiting { file }))?;
        // Another process may have been here first, or another revision has the same content.
        if self.has_blob(&facts)? {
            self.cache.link(&self.listing.commit, file, &facts.hash)?;
            progress(Event::Cached { file });
            return Ok(());
        }
        let bytes = self.download(file, &facts, progress)?;
        self.cache.link(&self.listing.commit, file, &facts.hash)?;
        progress(Event::Finished { file, bytes });
        Ok(())
    }

    fn has_blob(&self, facts: &FileFacts) -> Result<bool, HubError> {
        let blob = self.cache.blob(&facts.hash);
        let Ok(found) = fs::metadata(&blob) else { return Ok(false) };
        if facts.size.is_some_and(|size| size != found.len()) {
            return Ok(false);
        }
        if !self.verify_cache {
            return Ok(true);
        }
        Ok(facts.hash.of_file(&blob).map_err(HubError::io("read", &blob))? == facts.hash)
    }

    fn facts(&self, file: &str, progress: &mut Progress<'_>) -> Result<FileFacts, HubError> {
        let mut failures = 0;
        loop {
            match self.remote.facts(self.kind, self.id, self.listing, file) {
                Err(error) if error.is_transient() && failures < self.retry.retries => {
                    failures += 1;
                    self.wait(file, &error, self.retry.delay(failures), progress);
                }
                other => return other,
            }
        }
    }

    fn download(&self, file: &str, facts: &FileFacts, progress: &mut Progress<'_>) -> Result<u64, HubError> {
        let path = self.cache.incomplete(&facts.hash);
        let mut partial = Partial::open(&path, facts)?;
        progress(Event::Started { file, resumed: partial.length, total: facts.size });
        let (mut attempts, mut failures, mut stalls, mut wrong) = (0, 0, 0, 0);
        loop {
            attempts += 1;
            let before = partial.length;
            let Err(failed) = self.attempt(file, facts, &mut partial, progress) else {
                let found = partial.hash().map_err(HubError::io("read", &path))?;
                if found == facts.hash {
                    break;
                }
                wrong += 1;
                let error = HubError::WrongContent {
                    file: file.to_owned(),
                    id: self.id.id().to_owned(),
                    expected: facts.hash.to_string(),
                    found: found.to_string(),
                    attempts: wrong,
                };
                if wrong == MAX_WRONG {
                    drop(partial);
                    embert_files::remove_file(&path)?;
                    return Err(error);
                }
                partial.restart()?;
                self.wait(file, &error, Duration::ZERO, progress);
                continue;
            };
            let Refused { error, retry_after } = failed;
            if !error.is_transient() {
                return Err(error);
            }
            // New bytes reset the count of failures: a bad connection that makes progress is not given up.
            failures = if partial.length > before { 1 } else { failures + 1 };
            stalls += u32::from(matches!(error, HubError::Stalled { .. }));
            if failures > self.retry.retries || stalls == MAX_STALLS {
                return Err(HubError::Interrupted {
                    file: file.to_owned(),
                    id: self.id.id().to_owned(),
                    received: partial.length,
                    attempts,
                    source: Box::new(error),
                });
            }
            let delay = retry_after.map_or(self.retry.delay(failures), |asked| asked.min(MAX_RETRY_AFTER));
            self.wait(file, &error, delay, progress);
        }
        let bytes = partial.length;
        partial.file.sync()?;
        drop(partial);
        embert_files::replace_file(&path, &self.cache.blob(&facts.hash))?;
        Ok(bytes)
    }

    /// Makes one request; on success the file is complete.
    fn attempt(
        &self,
        file: &str,
        facts: &FileFacts,
        partial: &mut Partial,
        progress: &mut Progress<'_>,
    ) -> Result<(), Refused> {
        if partial.is_complete() {
            return Ok(());
        }
        let mut answer = self.remote.content(self.kind, self.id, file, &facts.url, partial.length)?;
        if partial.length > 0 && range_start(&answer) != Some(partial.length) {
            // The server sends the whole file, or another part than the one requested.
            partial.restart().map_err(HubError::from)?;
            if answer.status() != 200 {
                answer = self.remote.content(self.kind, self.id, file, &facts.url, 0)?;
            }
        }
        if !answer.status().is_success() {
            let what = format!("it answers {} to a plain request", answer.status());
            return Err(HubError::UnexpectedAnswer { url: facts.url.to_string(), what }.into());
        }
        let mut buffer = vec![0; BUFFER];
        loop {
            let count = match answer.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.remote.broken_download(&facts.url, error).into()),
            };
            partial.append(&buffer[..count]).map_err(HubError::from)?;
            progress(Event::Progress { file, done: partial.length, total: facts.size });
        }
        if facts.size.is_some_and(|size| partial.length < size) {
            let ended = io::Error::new(io::ErrorKind::UnexpectedEof, "the body ended early");
            return Err(self.remote.broken_download(&facts.url, ended).into());
        }
        Ok(())
    }

    fn wait(&self, file: &str, error: &HubError, delay: Duration, progress: &mut Progress<'_>) {
        tracing::debug!(repository = %self.id, file, %error, ?delay, "trying again");
        progress(Event::Retrying { file, error, delay });
        std::thread::sleep(delay);
    }
}

/// The offset of a partial answer's first byte.
fn range_start(answer: &Response) -> Option<u64> {
    if answer.status() != 206 {
        return None;
    }
    let range = answer.headers().get(CONTENT_RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split_once('-')?.0.trim().parse().ok()
}

/// The received part of a file, hashed as it arrives.
struct Partial {
    file: Appender,
    length: u64,
    size: Option<u64>,
    expected: ContentHash,
    /// `None` if the hash is git's, which begins with the length, and the length is unknown.
    hasher: Option<Hasher>,
    path: std::path::PathBuf,
}

impl Partial {
    /// Opens the part that an earlier attempt left and hashes it.
    fn open(path: &Path, facts: &FileFacts) -> Result<Self, HubError> {
        if let Some(folder) = path.parent() {
            create_folder(folder)?;
        }
        let file = Appender::open(path)?;
        let read = || HubError::io("read", path);
        let mut left = File::open(path).map_err(read())?;
        let mut partial = Self {
            file,
            length: 0,
            size: facts.size,
            expected: facts.hash.clone(),
            hasher: None,
            path: path.to_path_buf(),
        };
        let length = left.metadata().map_err(read())?.len();
        partial.reset_hasher();
        if facts.size.is_some_and(|size| length > size) {
            partial.restart()?;
            return Ok(partial);
        }
        let mut buffer = vec![0; BUFFER];
        loop {
            match left.read(&mut buffer).map_err(read())? {
                0 => break,
                count => partial.count(&buffer[..count]),
            }
        }
        Ok(partial)
    }

    fn reset_hasher(&mut self) {
        self.hasher = match (&self.expected, self.size) {
            (ContentHash::GitBlob(_), None) => None,
            (expected, size) => Some(Hasher::new(expected, size.unwrap_or(0))),
        };
    }

    fn restart(&mut self) -> Result<(), FileError> {
        self.file.clear()?;
        self.length = 0;
        self.reset_hasher();
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        self.file.append(bytes)?;
        self.count(bytes);
        Ok(())
    }

    fn count(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
    }

    fn is_complete(&self) -> bool {
        self.size == Some(self.length)
    }

    fn hash(&mut self) -> io::Result<ContentHash> {
        match self.hasher.take() {
            Some(hasher) => Ok(hasher.finish()),
            None => self.expected.of_file(&self.path),
        }
    }
}
