//! The temporary files of killed processes are removed, the files of living processes stay.

use std::fs::File;

use embert_files::{is_temporary, remove_leftovers_beginning, write, write_with};

use super::*;

#[test]
fn a_killed_writers_file_goes_with_the_next_write() {
    let dir = tempfile::tempdir().unwrap();
    for name in [".tmp-a-Xy12", ".tmp-a.json-Xy12", ".tmp-b-Xy12", ".tmp-a", "tmp-a-Xy12"] {
        fs::write(dir.path().join(name), "half").unwrap();
    }
    fs::create_dir(dir.path().join(".tmp-a-folder")).unwrap();
    write(&dir.path().join("a"), b"whole").unwrap();
    let names: Vec<String> = tree(dir.path()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, [".tmp-a", ".tmp-a-folder", ".tmp-a.json-Xy12", ".tmp-b-Xy12", "a", "tmp-a-Xy12"]);
}

#[test]
fn a_living_writers_file_stays() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a");
    write_with(&path, |out| {
        out.write_all(b"the first, ").unwrap();
        out.flush().unwrap();
        // Another writer begins and ends meanwhile.
        write(&path, b"the second")?;
        assert_eq!(fs::read(&path).unwrap(), b"the second");
        out.write_all(b"which is last").unwrap();
        Ok::<_, embert_files::FileError>(())
    })
    .unwrap();
    assert_eq!(tree(dir.path()), [file("a", "the first, which is last")]);
}

#[test]
fn a_file_that_somebody_has_locked_is_not_left_over() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(".tmp-a-Xy12");
    fs::write(&path, "half").unwrap();
    let locked = File::open(&path).unwrap();
    locked.try_lock().unwrap();
    write(&dir.path().join("a"), b"whole").unwrap();
    assert!(path.is_file());
    drop(locked);
    write(&dir.path().join("a"), b"whole").unwrap();
    assert!(!path.exists());
}

#[test]
fn of_a_shared_place_only_what_begins_so_goes() {
    let dir = tempfile::tempdir().unwrap();
    for name in [".tmp-run.old-1-x", ".tmp-other-x"] {
        fs::create_dir(dir.path().join(name)).unwrap();
        fs::write(dir.path().join(name).join("file"), "").unwrap();
    }
    remove_leftovers_beginning(dir.path(), "run.old-").unwrap();
    assert_eq!(tree(dir.path()), [folder(".tmp-other-x"), file(".tmp-other-x/file", "")]);
    assert!(is_temporary(".tmp-x".as_ref()) && !is_temporary("tmp-x".as_ref()));
}
