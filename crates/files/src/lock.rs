//! [`Lock`]: one process at a time works in a folder.

use std::fmt;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::disk;
use crate::error::{At as _, FileError, LockError};

/// The file in a folder that is locked. It stays when the process ends; the system itself releases the lock then.
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
    _file: File,
    folder: PathBuf,
}

impl Lock {
    /// Locks a folder, which is there. Where the file system has no locks, that is logged as a warning, and nothing is locked.
    ///
    /// # Errors
    /// Another process works in it, or the lock's file can't be made.
    pub fn take(folder: &Path) -> Result<Self, LockError> {
        let path = folder.join(LOCK);
        let file = disk::open_lock(&path).at("write", &path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = Holder::read(&path);
                return Err(LockError::Held { path: folder.to_owned(), holder });
            }
            Err(TryLockError::Error(error)) if has_no_locks(&error) => {
                tracing::warn!(
                    "the file system of {} has no locks: see to it yourself that one process at a time works there",
                    folder.display()
                );
            }
            Err(TryLockError::Error(source)) => {
                return Err(FileError { action: "lock", path, source }.into());
            }
        }
        disk::truncate(&file, &path).at("write", &path)?;
        let mut line = serde_json::to_vec(&Holder::this()).map_err(io::Error::from).at("write", &path)?;
        line.push(b'\n');
        disk::write(&file, &path, &line).at("write", &path)?;
        Ok(Self { _file: file, folder: folder.to_owned() })
    }

    /// The folder, by the name that it had.
    pub fn folder(&self) -> &Path {
        &self.folder
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
        u64::from(stat.blocks_available()).checked_mul(u64::from(stat.fragment_size()))
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        None
    }
}
