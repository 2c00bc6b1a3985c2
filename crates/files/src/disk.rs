//! The operations that change something on the disk, one function each. A test double can be called before
//! each operation.

use std::cell::RefCell;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::path::Path;

/// An operation that changes something on the disk. A test double gets it before the operation happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation<'a> {
    /// Creates an empty folder.
    CreateDir {
        /// The folder.
        path: &'a Path,
    },
    /// Creates an empty file.
    CreateFile {
        /// The file.
        path: &'a Path,
    },
    /// Opens a file to append to it.
    Open {
        /// The file.
        path: &'a Path,
    },
    /// Appends to a file.
    Write {
        /// The file.
        path: &'a Path,
        /// The appended bytes.
        bytes: &'a [u8],
    },
    /// Another library has written a file's content. The test double is called after that write.
    Adopt {
        /// The file.
        path: &'a Path,
    },
    /// Empties a file.
    Truncate {
        /// The file.
        path: &'a Path,
    },
    /// Syncs a file's content to the disk.
    SyncFile {
        /// The file.
        path: &'a Path,
    },
    /// Syncs the directory entries of a folder to the disk.
    SyncDir {
        /// The folder.
        path: &'a Path,
    },
    /// Renames a file or folder; an existing file with the new name is replaced.
    Rename {
        /// The old name.
        from: &'a Path,
        /// The new name.
        to: &'a Path,
    },
    /// Exchanges the names of two files or folders.
    Exchange {
        /// The first file or folder.
        one: &'a Path,
        /// The second file or folder.
        other: &'a Path,
    },
    /// Creates a symbolic link.
    Link {
        /// The link.
        path: &'a Path,
        /// The link's target.
        target: &'a Path,
    },
    /// Removes a file.
    RemoveFile {
        /// The file.
        path: &'a Path,
    },
    /// Removes an empty folder.
    RemoveDir {
        /// The folder.
        path: &'a Path,
    },
}

/// A fault that a test double injects into an operation.
#[derive(Debug)]
pub struct Fault {
    /// The error that the operation returns.
    pub error: io::Error,
    /// The number of bytes that a [`Write`](Operation::Write) writes before it fails.
    pub written: usize,
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self { error, written: 0 }
    }
}

/// A test double for the disk.
pub trait Double {
    /// Called before each operation of this thread. If it returns an error, the operation does not happen and
    /// returns the error.
    ///
    /// # Errors
    /// The fault of the operation, if it is to fail.
    fn before(&mut self, operation: Operation<'_>) -> Result<(), Fault>;
}

thread_local! {
    static DOUBLE: RefCell<Option<Box<dyn Double>>> = const { RefCell::new(None) };
}

/// Sets or removes this thread's test double; returns the previous one.
pub fn set_double(double: Option<Box<dyn Double>>) -> Option<Box<dyn Double>> {
    DOUBLE.with_borrow_mut(|place| std::mem::replace(place, double))
}

fn before(operation: Operation<'_>) -> Result<(), Fault> {
    DOUBLE.with_borrow_mut(|double| double.as_mut().map_or(Ok(()), |double| double.before(operation)))
}

fn allowed(operation: Operation<'_>) -> io::Result<()> {
    before(operation).map_err(|fault| fault.error)
}

pub(crate) fn create_dir(path: &Path) -> io::Result<()> {
    allowed(Operation::CreateDir { path })?;
    fs::create_dir(path)
}

/// Creates an empty file. Fails if a file or folder of that name exists.
pub(crate) fn create_file(path: &Path) -> io::Result<File> {
    allowed(Operation::CreateFile { path })?;
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Opens a file to append to it; a missing file is created.
pub(crate) fn open_append(path: &Path) -> io::Result<File> {
    if path.exists() {
        allowed(Operation::Open { path })?;
    } else {
        allowed(Operation::CreateFile { path })?;
    }
    OpenOptions::new().append(true).create(true).open(path)
}

/// Opens an existing pipe, device, or file that another process holds open.
pub(crate) fn open_stream(path: &Path) -> io::Result<File> {
    allowed(Operation::Open { path })?;
    OpenOptions::new().append(true).open(path)
}

/// Opens a file to lock it; a missing file is created.
pub(crate) fn open_lock(path: &Path) -> io::Result<File> {
    if path.exists() {
        allowed(Operation::Open { path })?;
    } else {
        allowed(Operation::CreateFile { path })?;
    }
    OpenOptions::new().read(true).append(true).create(true).open(path)
}

pub(crate) fn write(mut file: &File, path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Err(Fault { error, written }) = before(Operation::Write { path, bytes }) {
        file.write_all(&bytes[..written.min(bytes.len())])?;
        return Err(error);
    }
    file.write_all(bytes)
}

pub(crate) fn adopt(path: &Path) -> io::Result<()> {
    allowed(Operation::Adopt { path })
}

pub(crate) fn truncate(file: &File, path: &Path) -> io::Result<()> {
    allowed(Operation::Truncate { path })?;
    file.set_len(0)
}

pub(crate) fn sync_file(file: &File, path: &Path) -> io::Result<()> {
    allowed(Operation::SyncFile { path })?;
    file.sync_all()
}

/// Syncs the directory entries of a folder. Without this operation, a system or file system offers no way to
/// tell when they are on the disk.
pub(crate) fn sync_dir(path: &Path) -> io::Result<()> {
    allowed(Operation::SyncDir { path })?;
    if !cfg!(unix) {
        return Ok(());
    }
    match File::open(path)?.sync_all() {
        // The errors of network and user-space file systems without the operation.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Ok(())
        }
        result => result,
    }
}

pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    allowed(Operation::Rename { from, to })?;
    fs::rename(from, to)
}

/// Exchanges the names of two files or folders. The error is [`Unsupported`](io::ErrorKind::Unsupported) if
/// the system or the file system can't exchange names.
pub(crate) fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    allowed(Operation::Exchange { one, other })?;
    #[cfg(target_os = "linux")]
    {
        use nix::errno::Errno;
        use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
        match renameat2(AT_FDCWD, one, AT_FDCWD, other, RenameFlags::RENAME_EXCHANGE) {
            Err(Errno::EINVAL | Errno::ENOSYS | Errno::EOPNOTSUPP) => Err(io::ErrorKind::Unsupported.into()),
            result => Ok(result?),
        }
    }
    #[cfg(not(target_os = "linux"))]
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(unix)]
pub(crate) fn symlink(target: &Path, path: &Path) -> io::Result<()> {
    allowed(Operation::Link { path, target })?;
    std::os::unix::fs::symlink(target, path)
}

pub(crate) fn remove_file(path: &Path) -> io::Result<()> {
    allowed(Operation::RemoveFile { path })?;
    fs::remove_file(path)
}

pub(crate) fn remove_dir(path: &Path) -> io::Result<()> {
    allowed(Operation::RemoveDir { path })?;
    fs::remove_dir(path)
}

pub(crate) fn set_permissions(path: &Path, permissions: Permissions) -> io::Result<()> {
    fs::set_permissions(path, permissions)
}
