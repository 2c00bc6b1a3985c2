//! [`Recorder`]: records all operations of a thread with their bytes.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use embert_files::{Double, Fault, Operation};

use crate::disk::Disk;
use crate::tree::{Bytes, Tree};

/// An operation, with its paths relative to the recorded folder.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The operation changed nothing: it failed, or was in another folder.
    Nothing,
    /// An empty folder was made.
    CreateDir(PathBuf),
    /// An empty file was made.
    CreateFile(PathBuf),
    /// Bytes were appended to a file.
    Write(PathBuf, Bytes),
    /// A file that another library wrote has this content.
    Adopt(PathBuf, Bytes),
    /// A file was emptied.
    Truncate(PathBuf),
    /// A file's content was put on the disk.
    SyncFile(PathBuf),
    /// The names in a folder were put on the disk.
    SyncDir(PathBuf),
    /// A file or folder got another name.
    Rename(PathBuf, PathBuf),
    /// Two files or folders exchanged their names.
    Exchange(PathBuf, PathBuf),
    /// A file was removed.
    RemoveFile(PathBuf),
    /// A folder was removed.
    RemoveDir(PathBuf),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => write!(f, "nothing"),
            Self::CreateDir(path) => write!(f, "create the folder {}", path.display()),
            Self::CreateFile(path) => write!(f, "create {}", path.display()),
            Self::Write(path, bytes) => {
                write!(f, "write {} bytes to {}", bytes.as_slice().len(), path.display())
            }
            Self::Adopt(path, bytes) => {
                write!(f, "adopt {} of {} bytes", path.display(), bytes.as_slice().len())
            }
            Self::Truncate(path) => write!(f, "empty {}", path.display()),
            Self::SyncFile(path) => write!(f, "sync {}", path.display()),
            Self::SyncDir(path) => write!(f, "sync the folder {}", path.join(".").display()),
            Self::Rename(from, to) => write!(f, "rename {} to {}", from.display(), to.display()),
            Self::Exchange(one, other) => write!(f, "exchange {} and {}", one.display(), other.display()),
            Self::RemoveFile(path) => write!(f, "remove {}", path.display()),
            Self::RemoveDir(path) => write!(f, "remove the folder {}", path.display()),
        }
    }
}

/// The operations in a folder.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// The tree before, all of it on the disk.
    pub before: Tree,
    /// The operations, in order.
    pub steps: Vec<Step>,
    /// Places where the folder was not what the operations before should have made of it: something wrote
    /// past the recorder.
    pub surprises: Vec<String>,
}

/// A test double that lets everything happen and records it. At each operation it compares the folder with
/// what the operations before should have made of it.
pub struct Recorder {
    root: PathBuf,
    disk: Disk,
    trace: Rc<RefCell<Trace>>,
    exchanges: bool,
}

impl Recorder {
    /// A recorder of the operations in `root` from now on, and its trace. Without `exchanges`, the file
    /// system seems unable to exchange two names.
    ///
    /// # Errors
    /// The folder can't be read.
    pub fn new(root: &Path, exchanges: bool) -> io::Result<(Self, Rc<RefCell<Trace>>)> {
        let before = Tree::read(root)?;
        let trace = Rc::new(RefCell::new(Trace { before: before.clone(), ..Trace::default() }));
        let disk = Disk::new(&before);
        Ok((Self { root: root.to_owned(), disk, trace: Rc::clone(&trace), exchanges }, trace))
    }

    fn below_root(&self, path: &Path) -> io::Result<Option<PathBuf>> {
        let path = std::path::absolute(path)?;
        Ok(path.strip_prefix(&self.root).ok().map(Path::to_owned))
    }

    fn step(&self, operation: Operation<'_>) -> io::Result<Step> {
        let one =
            |path: &Path, step: fn(PathBuf) -> Step| Ok(self.below_root(path)?.map_or(Step::Nothing, step));
        match operation {
            // Creating fails where the name exists.
            Operation::CreateDir { path } | Operation::CreateFile { path }
                if path.symlink_metadata().is_ok() =>
            {
                Ok(Step::Nothing)
            }
            Operation::CreateDir { path } => one(path, Step::CreateDir),
            Operation::CreateFile { path } => one(path, Step::CreateFile),
            Operation::Truncate { path } => one(path, Step::Truncate),
            Operation::SyncFile { path } => one(path, Step::SyncFile),
            Operation::SyncDir { path } => one(path, Step::SyncDir),
            Operation::RemoveFile { path } => one(path, Step::RemoveFile),
            Operation::RemoveDir { path } => one(path, Step::RemoveDir),
            Operation::Write { path, bytes } => {
                Ok(self.below_root(path)?.map_or(Step::Nothing, |path| Step::Write(path, bytes.into())))
            }
            Operation::Adopt { path } => {
                let content = std::fs::read(path)?;
                Ok(self
                    .below_root(path)?
                    .map_or(Step::Nothing, |path| Step::Adopt(path, content.as_slice().into())))
            }
            Operation::Rename { from, to } => self.two(from, to, Step::Rename),
            Operation::Exchange { one, other } => self.two(one, other, Step::Exchange),
            _ => Ok(Step::Nothing),
        }
    }

    fn two(&self, one: &Path, other: &Path, step: fn(PathBuf, PathBuf) -> Step) -> io::Result<Step> {
        match (self.below_root(one)?, self.below_root(other)?) {
            (Some(one), Some(other)) => Ok(step(one, other)),
            (None, None) => Ok(Step::Nothing),
            _ => Err(io::Error::other("a name goes out of the folder that is recorded")),
        }
    }
}

impl Double for Recorder {
    fn before(&mut self, operation: Operation<'_>) -> Result<(), Fault> {
        let mut trace = self.trace.borrow_mut();
        // An adopted file was written by another library, so the folder may differ.
        if !matches!(operation, Operation::Adopt { .. }) {
            let difference = self.disk.now().difference(&Tree::read(&self.root)?);
            if !difference.is_empty() {
                let number = trace.steps.len();
                trace.surprises.push(format!("before operation {number}: {}", difference.join(", ")));
                // A surprise is reported once.
                self.disk = Disk::new(&Tree::read(&self.root)?);
            }
        }
        if matches!(operation, Operation::Exchange { .. }) && !(self.exchanges && cfg!(target_os = "linux")) {
            trace.steps.push(Step::Nothing);
            return Err(io::Error::from(io::ErrorKind::Unsupported).into());
        }
        let step = self.step(operation)?;
        self.disk.apply(&step).map_err(io::Error::other)?;
        trace.steps.push(step);
        Ok(())
    }
}
