//! The cache's layout, the same as `huggingface_hub`'s, so that either finds what the other has fetched:
//!
//! ```text
//! models--owner--name/blobs/<hash>                      the content
//! models--owner--name/snapshots/<commit>/<file>         -> ../../blobs/<hash>
//! models--owner--name/refs/<revision>                   the revision's commit when the hub was last asked
//! models--owner--name/.no_exist/<commit>/<file>         the commit is known to have no such file
//! models--owner--name/.listings/<commit>.json           ours: the commit's files, as the hub lists them
//! .locks/models--owner--name/<hash>.lock
//! ```

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::digest::ContentHash;
use crate::error::HubError;
use crate::kind::Kind;
use crate::remote::Listing;
use crate::source::{RepositoryId, is_commit, is_plain_path};

/// The part of the hub's answer about a repository that the cache keeps.
#[derive(Serialize, Deserialize)]
struct StoredListing {
    id: String,
    siblings: Vec<Sibling>,
}

#[derive(Serialize, Deserialize)]
struct Sibling {
    rfilename: String,
}

/// The time between two attempts to take a lock that another process holds.
const LOCK_POLL: Duration = Duration::from_millis(50);

/// The folder of one repository in the cache.
#[derive(Clone, Debug)]
pub(crate) struct RepositoryCache {
    root: PathBuf,
    locks: PathBuf,
}

impl RepositoryCache {
    /// The folder is named after the repository as the user wrote it, as in Python: `bert-base-uncased` and
    /// `google-bert/bert-base-uncased` are two folders.
    pub(crate) fn new(cache: &Path, kind: Kind, id: &RepositoryId) -> Self {
        let folder = format!("{}--{}", kind.plural(), id.id().replace('/', "--"));
        Self { root: cache.join(&folder), locks: cache.join(".locks").join(folder) }
    }

    pub(crate) fn snapshot(&self, commit: &str) -> PathBuf {
        self.root.join("snapshots").join(commit)
    }

    pub(crate) fn blob(&self, hash: &ContentHash) -> PathBuf {
        self.root.join("blobs").join(hash.as_str())
    }

    /// The file that a download writes to until the content is complete and its hash is checked.
    pub(crate) fn incomplete(&self, hash: &ContentHash) -> PathBuf {
        self.root.join("blobs").join(format!("{}.incomplete", hash.as_str()))
    }

    /// The commit of `revision` when the hub was last asked.
    pub(crate) fn commit(&self, revision: &str) -> Option<String> {
        if is_commit(revision) {
            return Some(revision.to_owned());
        }
        let commit = fs::read_to_string(self.root.join("refs").join(revision)).ok()?;
        Some(commit.trim().to_owned()).filter(|commit| is_commit(commit))
    }

    pub(crate) fn remember_commit(&self, revision: &str, commit: &str) -> Result<(), HubError> {
        if is_commit(revision) || self.commit(revision).as_deref() == Some(commit) {
            return Ok(());
        }
        write(&self.root.join("refs").join(revision), commit)
    }

    /// The path of a commit's file; `None` if the file is not in the cache.
    pub(crate) fn file(&self, commit: &str, file: &str) -> Option<PathBuf> {
        // `is_file` follows the link, so a link whose blob is gone does not count.
        Some(self.snapshot(commit).join(file)).filter(|path| path.is_file())
    }

    pub(crate) fn is_known_missing(&self, commit: &str, file: &str) -> bool {
        self.root.join(".no_exist").join(commit).join(file).is_file()
    }

    pub(crate) fn remember_missing(&self, commit: &str, file: &str) -> Result<(), HubError> {
        if self.is_known_missing(commit, file) {
            return Ok(());
        }
        write(&self.root.join(".no_exist").join(commit).join(file), "")
    }

    /// The list of a commit's files; `None` if the hub was never asked for it.
    pub(crate) fn listing(&self, commit: &str) -> Option<Listing> {
        let text = fs::read_to_string(self.listing_file(commit)).ok()?;
        let stored: StoredListing = serde_json::from_str(&text).ok()?;
        let files: Vec<String> = stored.siblings.into_iter().map(|sibling| sibling.rfilename).collect();
        // The names become paths, so each is checked.
        let is_right =
            RepositoryId::new(&stored.id, None).is_ok() && files.iter().all(|file| is_plain_path(file));
        is_right.then(|| Listing { canonical: stored.id, commit: commit.to_owned(), files })
    }

    pub(crate) fn remember_listing(&self, listing: &Listing) -> Result<(), HubError> {
        let path = self.listing_file(&listing.commit);
        let siblings = listing.files.iter().map(|file| Sibling { rfilename: file.clone() }).collect();
        let stored = StoredListing { id: listing.canonical.clone(), siblings };
        let text =
            serde_json::to_string(&stored).map_err(|error| HubError::io("write", &path)(error.into()))?;
        if fs::read_to_string(&path).is_ok_and(|there| there == text) {
            return Ok(());
        }
        write(&path, &text)
    }

    fn listing_file(&self, commit: &str) -> PathBuf {
        self.root.join(".listings").join(format!("{commit}.json"))
    }

    /// The names of a commit's files that are in the cache, sorted.
    pub(crate) fn files(&self, commit: &str) -> Vec<String> {
        fn walk(folder: &Path, prefix: &str, names: &mut Vec<String>) {
            let Ok(entries) = fs::read_dir(folder) else { return };
            for entry in entries.flatten() {
                let Ok(name) = entry.file_name().into_string() else { continue };
                let path = entry.path();
                if path.is_file() {
                    names.push(format!("{prefix}{name}"));
                } else if path.is_dir() {
                    walk(&path, &format!("{prefix}{name}/"), names);
                }
            }
        }
        let mut names = Vec::new();
        walk(&self.snapshot(commit), "", &mut names);
        names.sort();
        names
    }

    /// Whether a cached file still has the hash that its blob is named after. A copy of a blob (on systems
    /// without links) has no such name, can't be checked, and counts as intact.
    pub(crate) fn is_intact(path: &Path) -> Result<bool, HubError> {
        let Ok(target) = fs::read_link(path) else { return Ok(true) };
        let Some(expected) = target.file_name().and_then(|name| name.to_str()).and_then(ContentHash::parse)
        else {
            return Ok(true);
        };
        Ok(expected.of_file(path).map_err(HubError::io("read", path))? == expected)
    }

    /// Links a blob into a commit's snapshot under the file's name.
    pub(crate) fn link(&self, commit: &str, file: &str, hash: &ContentHash) -> Result<PathBuf, HubError> {
        let pointer = self.snapshot(commit).join(file);
        let target = format!("{}blobs/{}", "../".repeat(2 + file.matches('/').count()), hash.as_str());
        if fs::read_link(&pointer).is_ok_and(|there| there == Path::new(&target)) {
            return Ok(pointer);
        }
        create_folder(parent(&pointer))?;
        self.link_or_copy(&target, hash, &pointer)?;
        Ok(pointer)
    }

    #[cfg(unix)]
    #[allow(clippy::unused_self)]
    fn link_or_copy(&self, target: &str, _hash: &ContentHash, path: &Path) -> Result<(), HubError> {
        Ok(embert_files::link(Path::new(target), path)?)
    }

    /// On Windows a link needs rights that few users have; `huggingface_hub` copies there too.
    #[cfg(not(unix))]
    fn link_or_copy(&self, _target: &str, hash: &ContentHash, path: &Path) -> Result<(), HubError> {
        let blob = self.blob(hash);
        let mut content = File::open(&blob).map_err(HubError::io("read", &blob))?;
        embert_files::write_with(path, |out| {
            io::copy(&mut content, out).map(drop).map_err(HubError::io("write", path))
        })
    }

    /// Waits for the lock of a blob, which `huggingface_hub` takes too. Dropping the file releases the lock,
    /// and so does the end of the process. `waiting` is called once if another process holds the lock.
    pub(crate) fn lock(&self, hash: &ContentHash, waiting: impl FnOnce()) -> Result<File, HubError> {
        create_folder(&self.locks)?;
        let path = self.locks.join(format!("{}.lock", hash.as_str()));
        let file = embert_files::open_to_lock(&path)?;
        let mut waiting = Some(waiting);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => {
                    if let Some(waiting) = waiting.take() {
                        waiting();
                    }
                    std::thread::sleep(LOCK_POLL);
                }
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                    tracing::warn!(path = %path.display(), "this file system has no locks; fetching without one");
                    return Ok(file);
                }
                Err(TryLockError::Error(source)) => {
                    return Err(HubError::Io { action: "lock", path, source });
                }
            }
        }
    }
}

pub(crate) fn create_folder(folder: &Path) -> Result<(), HubError> {
    Ok(embert_files::create_dir_all(folder)?)
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

fn write(path: &Path, text: &str) -> Result<(), HubError> {
    create_folder(parent(path))?;
    Ok(embert_files::write(path, text.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache() -> (tempfile::TempDir, RepositoryCache) {
        let folder = tempfile::tempdir().unwrap();
        let id = RepositoryId::new("owner/name", None).unwrap();
        let cache = RepositoryCache::new(folder.path(), Kind::Dataset, &id);
        (folder, cache)
    }

    #[test]
    fn links_files_in_folders_to_their_blobs() {
        let (folder, cache) = cache();
        let hash = ContentHash::parse(&"b".repeat(64)).unwrap();
        let commit = "c".repeat(40);
        create_folder(cache.blob(&hash).parent().unwrap()).unwrap();
        fs::write(cache.blob(&hash), "content").unwrap();
        let path = cache.link(&commit, "plain_text/train.parquet", &hash).unwrap();
        let expected = folder
            .path()
            .join("datasets--owner--name/snapshots")
            .join(&commit)
            .join("plain_text/train.parquet");
        assert_eq!(path, expected);
        assert_eq!(fs::read_to_string(&path).unwrap(), "content");
        if cfg!(unix) {
            assert_eq!(
                fs::read_link(&path).unwrap(),
                PathBuf::from(format!("../../../blobs/{}", hash.as_str()))
            );
        }
        assert_eq!(cache.link(&commit, "plain_text/train.parquet", &hash).unwrap(), expected);
        assert_eq!(cache.files(&commit), ["plain_text/train.parquet"]);
        // A link to nothing is not a file.
        fs::remove_file(cache.blob(&hash)).unwrap();
        if cfg!(unix) {
            assert_eq!(cache.file(&commit, "plain_text/train.parquet"), None);
        }
    }

    #[test]
    fn remembers_commits_and_missing_files() {
        let (_folder, cache) = cache();
        let commit = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(cache.commit("refs/pr/1"), None);
        cache.remember_commit("refs/pr/1", commit).unwrap();
        assert_eq!(cache.commit("refs/pr/1").as_deref(), Some(commit));
        assert!(!cache.is_known_missing(commit, "vocab.txt"));
        cache.remember_missing(commit, "vocab.txt").unwrap();
        assert!(cache.is_known_missing(commit, "vocab.txt"));
    }

    #[test]
    fn a_lock_is_held_by_one() {
        let (_folder, cache) = cache();
        let hash = ContentHash::parse(&"b".repeat(64)).unwrap();
        let first = cache.lock(&hash, || panic!("nobody holds it")).unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        let second = std::thread::spawn(move || {
            let lock = cache.lock(&hash, || sender.send(()).unwrap());
            drop(lock.unwrap());
        });
        receiver.recv().unwrap();
        assert!(!second.is_finished());
        drop(first);
        second.join().unwrap();
    }
}
