//! [`Lock`]: one process at a time works in a folder.

use std::fmt;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::disk;
use crate::error::{At as _, FileError, LockError};

/// The file in a folder that is locked. Where a killed process left it, nobody has locked it: the system releases locks.
pub const LOCK: &str = ".lock";

/// Who works in a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The machine's name.
    pub host: String,
    /// The number of its process.
    pub pid: u32,
    /// When it began: RFC 3339, in UTC.
    pub since: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} on {} since {}", self.pid, self.host, self.since)
    }
}

impl Holder {
    /// This process, from now on.
    fn this() -> Self {
        let since = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
        Self { host: host(), pid: std::process::id(), since }
    }

    fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    }
}

#[cfg(unix)]
fn host() -> String {
    nix::unistd::gethostname().map_or_else(|_| "?".to_owned(), |name| name.to_string_lossy().into_owned())
}

#[cfg(not(unix))]
fn host() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_else(|_| "?".to_owned())
}

/// A folder that this process works in and no other does. The lock ends with the value, or with the process however it ends.
/// Readers need none.
#[derive(Debug)]
pub struct Lock {
    file: File,
    folder: PathBuf,
}

impl Lock {
    /// Locks a folder, which is there. Where the file system has no locks, that is logged as a warning, and nothing is locked.
    ///
    /// # Errors
    /// Another process works in it, or the lock's file can't be made.
    pub fn take(folder: &Path) -> Result<Self, LockError> {
        let path = folder.join(LOCK);
        let file = loop {
            let file = disk::open_lock(&path).at("write", &path)?;
            match file.try_lock() {
                // Who had it before may have removed the file meanwhile: then this is not the one that others lock.
                Ok(()) if !is_at(&file, &path) => {}
                Ok(()) => break file,
                Err(TryLockError::WouldBlock) => {
                    let holder = Holder::read(&path);
                    return Err(LockError::Held { path: folder.to_owned(), holder });
                }
                Err(TryLockError::Error(error)) if has_no_locks(&error) => {
                    tracing::warn!(
                        "the file system of {} has no locks: see to it yourself that one process at a time works there",
                        folder.display()
                    );
                    break file;
                }
                Err(TryLockError::Error(source)) => {
                    return Err(FileError { action: "lock", path, source }.into());
                }
            }
        };
        let lock = Self { file, folder: folder.to_owned() };
        disk::truncate(&lock.file, &path).at("write", &path)?;
        let mut line = serde_json::to_vec(&Holder::this()).map_err(io::Error::from).at("write", &path)?;
        line.push(b'\n');
        disk::write(&lock.file, &path, &line).at("write", &path)?;
        Ok(lock)
    }

    /// Says that the folder has another name now.
    pub fn moved_to(&mut self, folder: &Path) {
        folder.clone_into(&mut self.folder);
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Lock {
    /// Removes the lock's file, where it can; what stays is nobody's lock.
    fn drop(&mut self) {
        let path = self.folder.join(LOCK);
        if cfg!(unix) && is_at(&self.file, &path) {
            let _ = disk::remove_file(&path);
        }
    }
}

/// Whether `file` has the name `path`. Where the system can't tell, it has.
fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let (Ok(one), Ok(other)) = (file.metadata(), path.metadata()) else { return false };
        (one.dev(), one.ino()) == (other.dev(), other.ino())
    }
    #[cfg(not(unix))]
    {
        let _ = (file, path);
        true
    }
}

fn has_no_locks(error: &io::Error) -> bool {
    #[cfg(unix)]
    let is_it = error.raw_os_error() == Some(nix::errno::Errno::ENOLCK as i32);
    #[cfg(not(unix))]
    let is_it = false;
    is_it || error.kind() == io::ErrorKind::Unsupported
}

/// The time as part of a file's name: `20261125T193014Z`.
pub fn time_in_name() -> String {
    let time = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    time.replace(['-', ':'], "")
}

/// Bytes that can be written to the file system of `folder`, where the system says it.
pub fn free_space(folder: &Path) -> Option<u64> {
    #[cfg(unix)]
    {
        let stat = nix::sys::statvfs::statvfs(folder).ok()?;
        #[allow(clippy::useless_conversion, reason = "on some systems these are 32 bits")]
        u64::from(stat.blocks_available()).checked_mul(u64::from(stat.fragment_size()))
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        None
    }
}
