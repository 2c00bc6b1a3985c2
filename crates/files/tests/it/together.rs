//! Several writers of one file at once.

use std::fs;

/// Each writer removes what killed ones left of the file, and must not take another's new file for that.
#[test]
fn those_who_write_a_file_at_once_all_succeed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let path = &path;
            scope.spawn(move || {
                for number in 0..150 {
                    embert_files::write(path, format!("{writer} {number}").as_bytes()).unwrap();
                }
            });
        }
    });
    let names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["file"], "something is left");
    assert!(fs::read_to_string(&path).unwrap().ends_with(" 149"));
}
