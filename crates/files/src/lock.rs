//! [`Lock`]: one process at a time works in a folder.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::disk;
use crate::error::{At as _, FileError, LockError};
use crate::holder::Holder;

/// The name of the lock file in a locked folder. The lock file of a killed process may stay, but is not
/// locked: the system releases locks when a process ends.
pub const LOCK: &str = ".lock";

/// A folder that only this process works in. Dropping the value releases the lock; the end of the process
/// does too. Readers need no lock.
#[derive(Debug)]
pub struct Lock {
    file: File,
    folder: PathBuf,
}

impl Lock {
    /// Locks an existing folder. On a file system without locks, a warning is logged and nothing is locked.
    ///
    /// # Errors
    /// Another process works in the folder, or the lock file can't be created.
    pub fn take(folder: &Path) -> Result<Self, LockError> {
        let path = folder.join(LOCK);
        let file = loop {
            let file = disk::open_lock(&path).at("write", &path)?;
            match file.try_lock() {
                // The previous holder may have removed the file in the meantime. Other processes would then
                // lock a new file.
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

    /// Updates the folder's path after the folder was renamed.
    pub fn moved_to(&mut self, folder: &Path) {
        folder.clone_into(&mut self.folder);
    }

    /// The locked folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Lock {
    /// Removes the lock file if possible. A lock file that stays locks nothing.
    fn drop(&mut self) {
        let path = self.folder.join(LOCK);
        if cfg!(unix) && is_at(&self.file, &path) {
            let _ = disk::remove_file(&path);
        }
    }
}

/// Whether `file` is the file at `path`. Always true on systems other than Unix.
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

/// The current time as part of a file's name: `20261125T193014Z`.
pub fn time_in_name() -> String {
    let time = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    time.replace(['-', ':'], "")
}

/// True if `text` is a time as [`time_in_name`] writes it.
pub fn is_time_in_name(text: &str) -> bool {
    if text.len() != 16 || !text.is_ascii() {
        return false;
    }
    let [year, month, rest] = [&text[..4], &text[4..6], &text[6..11]];
    let time = format!("{year}-{month}-{rest}:{}:{}", &text[11..13], &text[13..]);
    humantime::parse_rfc3339(&time).is_ok()
}

/// The number of bytes that can still be written to the file system of `folder`; `None` if the system can't
/// tell.
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
