//! [`Output`]: a file, pipe or device that the user named to write to.

#[cfg(unix)]
use std::fs::Metadata;
use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use crate::disk;
use crate::error::{At as _, FileError, OutputError};
use crate::file::{BUFFER, Writing, check_writable, write_with};
use crate::temporary::{parent, scratch_file};

/// The number of links in a row that are followed: Linux's limit.
const MOST_LINKS: usize = 40;

/// A file, pipe or device that the user named to write to. It is found and checked before the work that
/// produces its content.
///
/// A file is written completely or not at all, as with [`write_with`]. A link is followed, and its target is
/// replaced. Pipes, devices, sockets and open files (`/dev/stdout`, `/dev/fd/N` and a shell's `>(...)`) are
/// written to directly. Open files are appended to, so that a shell's `>>` keeps their content.
///
/// ```
/// let place = tempfile::tempdir()?;
/// let (texts, labels) = (place.path().join("texts.txt"), place.path().join("labels.jsonl"));
/// std::fs::write(&texts, "good\n")?;
/// let output = embert_files::Output::new(&labels)?;
/// output.differs_from(&texts)?;
/// output.write_with(|out| {
///     out.write_all(b"{}\n").map_err(|source| embert_files::FileError {
///         action: "write",
///         path: labels.clone(),
///         source,
///     })
/// })?;
/// assert_eq!(std::fs::read(&labels)?, b"{}\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Output {
    /// The path as the user named it.
    named: PathBuf,
    target: Target,
}

/// The target of an output, with links followed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    /// A file, which may not exist yet.
    File(PathBuf),
    /// A pipe, a device, a socket or an open file, which is written to directly.
    Stream(PathBuf),
    /// This process's standard output or standard error. It is written to through its descriptor, since
    /// opening its path may fail.
    Standard(Standard),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standard {
    Output,
    Error,
}

impl Output {
    /// Finds the target of `path` and checks that it can be written, as far as a check without writing can
    /// tell.
    ///
    /// # Errors
    /// The output is a folder, its folder is missing, it is write-protected, or no file can be created in its
    /// folder.
    pub fn new(path: &Path) -> Result<Self, OutputError> {
        let target = find(path)?;
        match &target {
            Target::File(file) => {
                let failed = |error: FileError| OutputError::NotWritable {
                    path: path.to_owned(),
                    folder: parent(file).to_owned(),
                    source: error.source,
                };
                check_writable(parent(file)).map_err(failed)?;
            }
            Target::Stream(stream) => access(stream).at("write", path)?,
            Target::Standard(_) => {}
        }
        Ok(Self { named: path.to_owned(), target })
    }

    /// The standard output.
    pub fn standard() -> Self {
        Self { named: "the standard output".into(), target: Target::Standard(Standard::Output) }
    }

    /// The path as the user named it.
    pub fn path(&self) -> &Path {
        &self.named
    }

    /// Whether the output is a terminal.
    pub fn is_terminal(&self) -> bool {
        match &self.target {
            Target::File(_) => false,
            // Only a character device is opened: opening a pipe would wait for its reader.
            Target::Stream(path) => {
                is_character_device(path) && open(path).is_ok_and(|file| file.is_terminal())
            }
            Target::Standard(Standard::Output) => io::stdout().is_terminal(),
            Target::Standard(Standard::Error) => io::stderr().is_terminal(),
        }
    }

    /// Checks that writing does not destroy an input. `input` may be a file, which must not be the output
    /// under any name, or a folder, which must not contain the output.
    ///
    /// # Errors
    /// The output is `input`, or is in the folder `input`.
    pub fn differs_from(&self, input: &Path) -> Result<(), OutputError> {
        let Some(output) = self.identity() else { return Ok(()) };
        let is_read = if input.is_dir() {
            matches!(&self.target, Target::File(path) if is_below(path, input))
        } else {
            identity(input).is_some_and(|input| input == output)
        };
        if is_read {
            return Err(OutputError::IsRead { path: self.named.clone(), input: Some(input.to_owned()) });
        }
        Ok(())
    }

    /// Checks that the output is not the file that is redirected to the standard input, as
    /// [`differs_from`](Self::differs_from) does for other inputs.
    ///
    /// # Errors
    /// The output is the standard input's file.
    pub fn differs_from_standard_input(&self) -> Result<(), OutputError> {
        #[cfg(unix)]
        {
            use std::os::fd::AsFd as _;
            let input = io::stdin().as_fd().try_clone_to_owned().and_then(|file| File::from(file).metadata());
            let input = input.ok().filter(Metadata::is_file).and_then(|input| unix_identity(&input));
            if input.is_some() && input == self.identity() {
                return Err(OutputError::IsRead { path: self.named.clone(), input: None });
            }
        }
        Ok(())
    }

    /// Writes the output: `fill` gets a buffered writer.
    ///
    /// # Errors
    /// The output can't be written, or an error of `fill`. An existing file is then unchanged; bytes that
    /// went to a pipe or device stay written.
    pub fn write_with<E: From<FileError>>(
        &self,
        fill: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    ) -> Result<(), E> {
        let file = match &self.target {
            Target::File(path) => return write_with(path, fill),
            Target::Stream(path) => open(path),
            Target::Standard(standard) => standard.descriptor(),
        };
        let file = file.at("write", &self.named)?;
        let mut out = BufWriter::with_capacity(BUFFER, Writing { file: &file, path: &self.named });
        fill(&mut out)?;
        Ok(out.flush().at("write", &self.named)?)
    }

    /// An unlinked temporary file for what does not fit into memory before it is written: beside the output if
    /// that is a file, else in the system's folder for temporary files.
    ///
    /// # Errors
    /// No file can be created there.
    pub fn scratch_file(&self) -> Result<File, FileError> {
        match &self.target {
            Target::File(path) => scratch_file(parent(path)),
            Target::Stream(_) | Target::Standard(_) => scratch_file(&std::env::temp_dir()),
        }
    }

    /// The identity of the output's file; `None` if the file does not exist or, as a device, has no content
    /// of its own.
    fn identity(&self) -> Option<Identity> {
        match &self.target {
            Target::File(path) | Target::Stream(path) => identity(path),
            Target::Standard(standard) => {
                #[cfg(unix)]
                {
                    unix_identity(&standard.descriptor().ok()?.metadata().ok()?)
                }
                #[cfg(not(unix))]
                {
                    let _ = standard;
                    None
                }
            }
        }
    }
}

impl Standard {
    /// A duplicate of the descriptor, which shares the file's position.
    fn descriptor(self) -> io::Result<File> {
        #[cfg(unix)]
        {
            use std::os::fd::AsFd as _;
            Ok(File::from(match self {
                Self::Output => io::stdout().as_fd().try_clone_to_owned()?,
                Self::Error => io::stderr().as_fd().try_clone_to_owned()?,
            }))
        }
        #[cfg(windows)]
        {
            use std::os::windows::io::AsHandle as _;
            Ok(File::from(match self {
                Self::Output => io::stdout().as_handle().try_clone_to_owned()?,
                Self::Error => io::stderr().as_handle().try_clone_to_owned()?,
            }))
        }
        #[cfg(not(any(unix, windows)))]
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Follows links from `named` to the target.
fn find(named: &Path) -> Result<Target, OutputError> {
    let io = |source| OutputError::File(FileError { action: "write", path: named.to_owned(), source });
    let name = named.as_os_str().as_encoded_bytes();
    if name.is_empty() || name.ends_with(b"/") {
        return Err(OutputError::Folder { path: named.to_owned() });
    }
    let mut path = named.to_owned();
    for _ in 0..MOST_LINKS {
        let folder = match parent(&path).canonicalize() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(OutputError::NoFolder {
                    path: named.to_owned(),
                    folder: parent(&path).to_owned(),
                });
            }
            folder => folder.map_err(io)?,
        };
        if is_of_processes(&folder) {
            return match standard(&folder, &path) {
                Some(standard) => Ok(Target::Standard(standard)),
                None if path.metadata().map_err(io)?.is_dir() => {
                    Err(OutputError::Folder { path: named.to_owned() })
                }
                None => Ok(Target::Stream(path)),
            };
        }
        let found = match path.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Target::File(path)),
            found => found.map_err(io)?,
        };
        if found.is_symlink() {
            let link = fs::read_link(&path).map_err(io)?;
            path = parent(&path).join(link);
        } else if found.is_dir() {
            return Err(OutputError::Folder { path: named.to_owned() });
        } else if !found.is_file() {
            return Ok(Target::Stream(path));
        } else if found.permissions().readonly() {
            return Err(OutputError::Protected { path });
        } else {
            return Ok(Target::File(path));
        }
    }
    Err(io(io::Error::other(format!("more than {MOST_LINKS} links in a row"))))
}

/// Whether a folder lists the open files of a process: on Linux in `/proc`, where `/dev/fd` leads, on other
/// systems `/dev/fd` itself.
fn is_of_processes(folder: &Path) -> bool {
    cfg!(unix) && (folder.starts_with("/proc") || folder.starts_with("/dev/fd"))
}

/// The standard output or standard error, if the path is `1` or `2` among this process's open files.
fn standard(folder: &Path, path: &Path) -> Option<Standard> {
    let own = PathBuf::from(format!("/proc/{}/fd", std::process::id()));
    if folder != own && folder != Path::new("/dev/fd") {
        return None;
    }
    match path.file_name()?.to_str()? {
        "1" => Some(Standard::Output),
        "2" => Some(Standard::Error),
        _ => None,
    }
}

/// Opens a pipe, device or socket.
fn open(path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        if path.metadata()?.file_type().is_socket() {
            let socket = std::os::unix::net::UnixStream::connect(path)?;
            return Ok(File::from(std::os::fd::OwnedFd::from(socket)));
        }
    }
    disk::open_stream(path)
}

fn is_character_device(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        path.metadata().is_ok_and(|found| found.file_type().is_char_device())
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

/// Checks that this process may write to the file.
fn access(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use nix::unistd::{AccessFlags, access};
        Ok(access(path, AccessFlags::W_OK)?)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        Ok(())
    }
}

/// Whether a file is in `folder` or in a folder below it.
fn is_below(file: &Path, folder: &Path) -> bool {
    match (parent(file).canonicalize(), folder.canonicalize()) {
        (Ok(place), Ok(folder)) => place.starts_with(folder),
        _ => false,
    }
}

#[cfg(unix)]
type Identity = (u64, u64);

#[cfg(not(unix))]
type Identity = PathBuf;

#[cfg(unix)]
fn identity(path: &Path) -> Option<Identity> {
    unix_identity(&path.metadata().ok()?)
}

/// The device and inode number of a file or pipe; hard links share them.
#[cfg(unix)]
fn unix_identity(metadata: &Metadata) -> Option<Identity> {
    use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
    let has_content = metadata.is_file() || metadata.file_type().is_fifo();
    has_content.then(|| (metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<Identity> {
    path.canonicalize().ok()
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn write(path: &Path) -> Result<(), OutputError> {
        Ok(Output::new(path)?.write_with(|out| out.write_all(b"new").at("write", path))?)
    }

    #[test]
    fn links_stay_and_what_they_lead_to_is_written() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        fs::create_dir(at("far")).unwrap();
        fs::write(at("far/file"), "old").unwrap();
        symlink("far/file", at("link")).unwrap();
        symlink("link", at("link-to-link")).unwrap();
        symlink("far/none", at("dangling")).unwrap();
        symlink("nowhere/none", at("broken")).unwrap();
        symlink("loop", at("loop")).unwrap();
        write(&at("link-to-link")).unwrap();
        write(&at("dangling")).unwrap();
        assert!(at("link").is_symlink() && at("link-to-link").is_symlink() && at("dangling").is_symlink());
        assert_eq!(fs::read(at("far/file")).unwrap(), b"new");
        assert_eq!(fs::read(at("far/none")).unwrap(), b"new");
        assert!(matches!(write(&at("broken")), Err(OutputError::NoFolder { .. })));
        assert!(matches!(write(&at("loop")), Err(OutputError::File(_))));
        let names = fs::read_dir(at("far")).unwrap().count();
        assert_eq!(names, 2, "checking or writing left something");
    }

    #[test]
    fn what_can_not_be_written_is_refused_with_the_reason() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        fs::write(at("protected"), "old").unwrap();
        fs::set_permissions(at("protected"), fs::Permissions::from_mode(0o444)).unwrap();
        symlink("protected", at("link")).unwrap();
        assert!(matches!(Output::new(&at("protected")), Err(OutputError::Protected { .. })));
        assert!(matches!(Output::new(&at("link")), Err(OutputError::Protected { .. })));
        assert!(matches!(Output::new(place.path()), Err(OutputError::Folder { .. })));
        assert!(matches!(Output::new(&at("new/")), Err(OutputError::Folder { .. })));
        assert!(matches!(Output::new(Path::new("")), Err(OutputError::Folder { .. })));
        assert!(matches!(Output::new(&at("none/file")), Err(OutputError::NoFolder { .. })));
        assert!(matches!(Output::new(&at("protected/file")), Err(OutputError::File(_))));
        assert!(Output::new(Path::new("/dev/fd/987654")).is_err());
    }

    #[test]
    fn a_file_is_the_same_under_all_its_names() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        fs::write(at("in"), "text").unwrap();
        fs::hard_link(at("in"), at("hard")).unwrap();
        symlink("hard", at("soft")).unwrap();
        fs::write(at("other"), "text").unwrap();
        let output = Output::new(&at("soft")).unwrap();
        assert!(matches!(output.differs_from(&at("in")), Err(OutputError::IsRead { .. })));
        assert!(matches!(output.differs_from(place.path()), Err(OutputError::IsRead { .. })));
        output.differs_from(&at("other")).unwrap();
        output.differs_from(&at("none")).unwrap();
        let new = Output::new(&at("new")).unwrap();
        new.differs_from(place.path()).unwrap();
    }

    #[test]
    fn a_scratch_file_has_no_name() {
        let place = tempfile::tempdir().unwrap();
        let output = Output::new(&place.path().join("out")).unwrap();
        let mut scratch = output.scratch_file().unwrap();
        scratch.write_all(b"rows").unwrap();
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
        Output::standard().scratch_file().unwrap().write_all(b"rows").unwrap();
    }

    #[test]
    fn what_another_opened_is_appended_to() {
        use std::os::fd::AsRawFd as _;
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("file");
        fs::write(&path, "old ").unwrap();
        let held = fs::OpenOptions::new().write(true).open(&path).unwrap();
        write(Path::new(&format!("/dev/fd/{}", held.as_raw_fd()))).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old new");
    }

    #[test]
    fn a_pipe_and_a_socket_are_written_through() {
        use std::io::Read as _;
        let place = tempfile::tempdir().unwrap();
        let (pipe, socket) = (place.path().join("pipe"), place.path().join("socket"));
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::read(pipe).unwrap()
        });
        write(&pipe).unwrap();
        assert_eq!(reader.join().unwrap(), b"new");
        let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        write(&socket).unwrap();
        let mut read = String::new();
        listener.accept().unwrap().0.read_to_string(&mut read).unwrap();
        assert_eq!(read, "new");
        // The device is not written to: if `find` were wrong, a test run as root would replace it.
        assert_eq!(find(Path::new("/dev/null")).unwrap(), Target::Stream("/dev/null".into()));
        assert_eq!(find(Path::new("/dev/stdout")).unwrap(), Target::Standard(Standard::Output));
        assert_eq!(find(Path::new("/dev/fd/2")).unwrap(), Target::Standard(Standard::Error));
    }
}
