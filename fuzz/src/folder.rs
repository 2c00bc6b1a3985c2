//! [`Folder`]: a temporary folder for the files of an input.

use std::fs;
use std::path::{Path, PathBuf};

/// A temporary folder to which a target writes its input's files; in memory (`/dev/shm`) where the system has
/// that.
#[derive(Debug)]
pub struct Folder {
    place: tempfile::TempDir,
}

impl Folder {
    /// An empty folder.
    ///
    /// # Errors
    /// The folder can't be created.
    pub fn new() -> std::io::Result<Self> {
        let memory = Path::new("/dev/shm");
        let mut builder = tempfile::Builder::new();
        builder.prefix("embert-fuzz-");
        let place = if memory.is_dir() { builder.tempdir_in(memory) } else { builder.tempdir() };
        Ok(Self { place: place.or_else(|_| builder.tempdir())? })
    }

    /// The folder, emptied, with these files in it. An empty file isn't written: a reader's file may be
    /// missing too.
    pub fn with(&self, files: &[(&str, &[u8])]) -> &Path {
        self.clear();
        for (name, bytes) in files.iter().filter(|(_, bytes)| !bytes.is_empty()) {
            self.write(name, bytes);
        }
        self.place.path()
    }

    /// Writes a file, also over one that exists.
    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.place.path().join(name);
        if name.contains('/') {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
        }
        fs::write(&path, bytes).unwrap();
        path
    }

    /// The folder's path.
    pub fn path(&self) -> &Path {
        self.place.path()
    }

    /// Removes all files and folders in the folder.
    pub fn clear(&self) {
        for entry in fs::read_dir(self.place.path()).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                fs::remove_dir_all(entry.path()).unwrap();
            } else {
                fs::remove_file(entry.path()).unwrap();
            }
        }
    }
}
