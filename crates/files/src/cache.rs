//! The operations that a cache of downloads needs besides writing whole files: renames, links, and locks that
//! other programs take too.

use std::fs::File;
use std::path::Path;

use crate::disk;
use crate::error::{At as _, FileError};
use crate::temporary::{make, parent};

/// Renames a complete, synced file to `to` in the same file system. An existing file `to` is replaced.
///
/// # Errors
/// The file can't be renamed.
pub fn replace_file(from: &Path, to: &Path) -> Result<(), FileError> {
    disk::rename(from, to).at("write", to)?;
    disk::sync_dir(parent(to)).at("write", to)
}

/// Creates a symbolic link to `target` at `path`. An existing file at `path` is replaced in one step.
///
/// # Errors
/// The link can't be created.
#[cfg(unix)]
pub fn link(target: &Path, path: &Path) -> Result<(), FileError> {
    let ((), temporary) = make(path, |path| disk::symlink(target, path)).at("link", path)?;
    let linked = replace_file(&temporary, path);
    if linked.is_err() {
        // The first error says more than an error of the removal.
        let _ = disk::remove_file(&temporary);
    }
    linked
}

/// Opens a file that several programs agree to lock; a missing file is created. The file is not locked yet,
/// and is never removed.
///
/// # Errors
/// The file can't be opened.
pub fn open_to_lock(path: &Path) -> Result<File, FileError> {
    disk::open_lock(path).at("open the lock", path)
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_link_takes_the_place_of_another_and_nothing_is_left() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("link");
        for target in ["one", "other"] {
            link(Path::new(target), &path).unwrap();
            assert_eq!(fs::read_link(&path).unwrap(), Path::new(target));
        }
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
        // A folder is not replaced.
        fs::create_dir(place.path().join("folder")).unwrap();
        assert!(link(Path::new("one"), &place.path().join("folder")).is_err());
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2, "the temporary link was left");
    }
}
