//! Every operation that changes something on the disk, each in a function of its own, with a place for a test double before it.

use std::cell::RefCell;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::path::Path;

/// An operation that changes something on the disk, told before it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation<'a> {
    /// Makes an empty folder.
    CreateDir {
        /// Its path.
        path: &'a Path,
    },
    /// Makes an empty file.
    CreateFile {
        /// Its path.
        path: &'a Path,
    },
    /// Opens a file to append to it.
    Open {
        /// Its path.
        path: &'a Path,
    },
    /// Appends to a file.
    Write {
        /// Its path.
        path: &'a Path,
        /// What is appended.
        bytes: &'a [u8],
    },
    /// A file has got its content from another library; that is told after it happened.
    Adopt {
        /// Its path.
        path: &'a Path,
    },
    /// Empties a file.
    Truncate {
        /// Its path.
        path: &'a Path,
    },
    /// Puts a file's content on the disk.
    SyncFile {
        /// Its path.
        path: &'a Path,
    },
    /// Puts the names in a folder on the disk.
    SyncDir {
        /// Its path.
        path: &'a Path,
    },
    /// Gives a file or folder another name; a file that has this name already is replaced.
    Rename {
        /// Its name.
        from: &'a Path,
        /// The other name.
        to: &'a Path,
    },
    /// Two files or folders take each other's name.
    Exchange {
        /// One name.
        one: &'a Path,
        /// The other one.
        other: &'a Path,
    },
    /// Makes a link.
    Link {
        /// Its path.
        path: &'a Path,
        /// What it leads to.
        target: &'a Path,
    },
    /// Removes a file.
    RemoveFile {
        /// Its path.
        path: &'a Path,
    },
    /// Removes an empty folder.
    RemoveDir {
        /// Its path.
        path: &'a Path,
    },
}

/// What a test double lets an operation do instead.
#[derive(Debug)]
pub struct Fault {
    /// The error that it fails with.
    pub error: io::Error,
    /// How many bytes a [`Write`](Operation::Write) writes before it fails.
    pub written: usize,
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self { error, written: 0 }
    }
}

/// A test double below all writing.
pub trait Double {
    /// Called before each operation of this thread. With an error, the operation doesn't happen and fails with it.
    ///
    /// # Errors
    /// The fault that the operation is to have.
    fn before(&mut self, operation: Operation<'_>) -> Result<(), Fault>;
}

thread_local! {
    static DOUBLE: RefCell<Option<Box<dyn Double>>> = const { RefCell::new(None) };
}

/// Puts a test double below this thread's writing, or takes it away; returns the one before.
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

/// Fails where there is something of that name.
pub(crate) fn create_file(path: &Path) -> io::Result<File> {
    allowed(Operation::CreateFile { path })?;
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Opens a file at its end, and makes it where it is not there.
pub(crate) fn open_append(path: &Path) -> io::Result<File> {
    if path.exists() {
        allowed(Operation::Open { path })?;
    } else {
        allowed(Operation::CreateFile { path })?;
    }
    OpenOptions::new().append(true).create(true).open(path)
}

/// Opens a pipe, a device or what another process holds open, which is there.
pub(crate) fn open_stream(path: &Path) -> io::Result<File> {
    allowed(Operation::Open { path })?;
    OpenOptions::new().append(true).open(path)
}

/// Opens a file to lock it, and makes it where it is not there.
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

/// Where a system or a file system can't do this, names are on the disk when it likes.
pub(crate) fn sync_dir(path: &Path) -> io::Result<()> {
    allowed(Operation::SyncDir { path })?;
    if !cfg!(unix) {
        return Ok(());
    }
    match File::open(path)?.sync_all() {
        // What network and user-space file systems say that have no such operation.
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

/// An error of kind [`Unsupported`](io::ErrorKind::Unsupported) where the system or the file system has no such operation.
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
