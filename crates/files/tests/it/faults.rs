//! Every operation on the disk fails in turn.

use std::cell::Cell;
use std::io;
use std::path::Path;
use std::rc::Rc;

use embert_files::{
    Appender, Double, Fault, FileError, Operation, create_dir_all, exchange, remove_file, remove_folder,
    remove_if_empty, remove_leftovers, rename, set_double, write, write_path_with, write_with,
};

use super::*;

type Tree = Vec<(String, Option<String>)>;

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// Only the operation itself fails.
    Once,
    /// The operation fails, and so does every later one that needs disk space.
    Stays,
    /// The operation fails after writing half of its bytes.
    Short,
}

struct Failing {
    kind: Kind,
    operation: usize,
    seen: Rc<Cell<usize>>,
    exchanges: bool,
}

impl Double for Failing {
    fn before(&mut self, operation: Operation<'_>) -> Result<(), Fault> {
        let number = self.seen.replace(self.seen.get() + 1);
        let needs_room = matches!(
            operation,
            Operation::Write { .. } | Operation::CreateFile { .. } | Operation::CreateDir { .. }
        );
        if number == self.operation || (number > self.operation && needs_room && self.kind == Kind::Stays) {
            let half = match operation {
                Operation::Write { bytes, .. } if self.kind == Kind::Short => bytes.len() / 2,
                _ => 0,
            };
            return Err(Fault { error: io::Error::from(io::ErrorKind::StorageFull), written: half });
        }
        if matches!(operation, Operation::Exchange { .. }) && !self.exchanges {
            return Err(io::Error::from(io::ErrorKind::Unsupported).into());
        }
        Ok(())
    }
}

/// Runs `work` in a folder that `prepare` filled. Returns the result of `work`, the content of the folder,
/// and the number of operations.
fn run(
    prepare: impl Fn(&Path),
    work: impl Fn(&Path) -> Result<(), FileError>,
    (operation, kind, exchanges): (usize, Kind, bool),
) -> (Result<(), FileError>, Tree, usize) {
    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path());
    let seen = Rc::new(Cell::new(0));
    set_double(Some(Box::new(Failing { kind, operation, seen: Rc::clone(&seen), exchanges })));
    let result = work(dir.path());
    set_double(None);
    if let Err(error) = &result {
        assert!(error.path.starts_with(dir.path()), "{error}");
        assert_eq!(error.source.kind(), io::ErrorKind::StorageFull, "{error}");
    }
    (result, tree(dir.path()), seen.get())
}

/// Lets every operation of `work` fail in every way. The folder must then have one of the contents `states`;
/// where `work` succeeds, the last of `states`. With `remains`, files and folders with temporary names may
/// stay after a failure: the next start removes them.
fn each(
    prepare: impl Fn(&Path),
    work: impl Fn(&Path) -> Result<(), FileError>,
    states: &[Tree],
    remains: bool,
    exchanges: bool,
) {
    let (result, whole, operations) = run(&prepare, &work, (usize::MAX, Kind::Once, exchanges));
    result.unwrap();
    assert_eq!(&whole, states.last().unwrap());
    assert!(operations > 0);
    let mut failed = 0;
    for operation in 0..operations {
        for kind in [Kind::Once, Kind::Stays, Kind::Short] {
            let (result, mut left, _) = run(&prepare, &work, (operation, kind, exchanges));
            if remains && result.is_err() {
                left.retain(|(name, _)| !name.contains(".tmp-"));
            }
            assert!(states.contains(&left), "operation {operation}, {kind:?}: {left:?}");
            failed += usize::from(result.is_err());
            if result.is_ok() {
                assert_eq!(&left, states.last().unwrap(), "operation {operation}, {kind:?}");
            }
        }
    }
    assert!(failed > 0, "no fault reached it");
}

fn old_file(place: &Path) {
    fs::write(place.join("a"), "old").unwrap();
}

/// Content longer than the write buffer.
fn long() -> String {
    "new content ".repeat(20_000)
}

#[test]
fn a_file_is_the_old_one_or_the_new_one_and_nothing_else_stays() {
    let new = long();
    let states = [vec![file("a", "old")], vec![file("a", &new)]];
    each(old_file, |place| write(&place.join("a"), new.as_bytes()), &states, false, true);
    each(
        old_file,
        |place| {
            write_path_with(&place.join("a"), |path| {
                // Acts as a library that replaces the file.
                fs::remove_file(path).unwrap();
                fs::write(path, &new).unwrap();
                Ok::<_, FileError>(())
            })
        },
        &states,
        false,
        true,
    );
    let states = [vec![], vec![file("a", "new")]];
    each(|_| (), |place| write(&place.join("a"), b"new"), &states, false, true);
}

#[test]
fn an_error_of_who_fills_leaves_what_was_there() {
    let dir = tempfile::tempdir().unwrap();
    old_file(dir.path());
    let path = dir.path().join("a");
    let stop = || FileError {
        action: "make",
        path: path.clone(),
        source: io::Error::from(io::ErrorKind::InvalidData),
    };
    let result = write_with(&path, |out| {
        out.write_all(b"half").unwrap();
        Err(stop())
    });
    assert_eq!(result.unwrap_err().action, "make");
    let result = write_path_with(&path, |path| {
        fs::write(path, "half").unwrap();
        Err(stop())
    });
    assert_eq!(result.unwrap_err().action, "make");
    let result = embert_files::folder(&dir.path().join("b"), |place| {
        write(&place.join("c"), b"whole")?;
        Err(stop())
    });
    assert_eq!(result.unwrap_err().action, "make");
    assert_eq!(tree(dir.path()), [file("a", "old")]);
}

#[cfg(unix)]
#[test]
fn a_file_keeps_its_permissions_and_a_new_one_has_the_usual_ones() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a");
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    fs::write(dir.path().join("usual"), "").unwrap();
    write(&path, b"1").unwrap();
    assert_eq!(mode(&path), mode(&dir.path().join("usual")));
    for wanted in [0o600, 0o640, 0o444] {
        fs::set_permissions(&path, fs::Permissions::from_mode(wanted)).unwrap();
        write(&path, b"2").unwrap();
        assert_eq!(mode(&path), wanted);
        write_path_with(&path, |temporary| {
            fs::remove_file(temporary).unwrap();
            fs::write(temporary, "3").unwrap();
            Ok::<_, FileError>(())
        })
        .unwrap();
        assert_eq!(mode(&path), wanted);
    }
}

fn old_folder(place: &Path) {
    fs::create_dir_all(place.join("m/inner")).unwrap();
    fs::write(place.join("m/a"), "old").unwrap();
    fs::write(place.join("m/inner/b"), "old").unwrap();
}

fn new_folder(place: &Path) -> Result<(), FileError> {
    embert_files::folder(&place.join("m"), |m| {
        write(&m.join("a"), b"new")?;
        create_dir_all(&m.join("inner"))?;
        write(&m.join("inner/c"), b"new")
    })
}

fn old_tree() -> Tree {
    vec![folder("m"), file("m/a", "old"), folder("m/inner"), file("m/inner/b", "old")]
}

fn new_tree() -> Tree {
    vec![folder("m"), file("m/a", "new"), folder("m/inner"), file("m/inner/c", "new")]
}

#[test]
fn a_folder_is_there_whole_or_not_at_all_and_nothing_else_stays() {
    each(|_| (), new_folder, &[vec![], new_tree()], false, true);
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_is_replaced_in_one_step() {
    each(old_folder, new_folder, &[old_tree(), new_tree()], true, true);
}

/// Without an exchange the folder has no name for a moment; on an error it gets its name back.
#[test]
fn a_folder_is_replaced_where_names_can_not_be_exchanged() {
    each(old_folder, new_folder, &[old_tree(), new_tree()], true, false);
}

#[test]
fn a_folder_is_removed_whole_or_not_at_all() {
    each(old_folder, |place| remove_folder(&place.join("m")), &[old_tree(), vec![]], true, true);
    // Remains are removed at the next start.
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join(".tmp-m-x/inner")).unwrap();
    fs::write(dir.path().join(".tmp-m-x/inner/b"), "").unwrap();
    fs::write(dir.path().join(".tmp-a-x"), "").unwrap();
    remove_leftovers(dir.path()).unwrap();
    assert_eq!(tree(dir.path()), []);
}

#[test]
fn folders_on_the_way_are_made_one_after_the_other() {
    let states = [
        vec![],
        vec![folder("x")],
        vec![folder("x"), folder("x/y")],
        vec![folder("x"), folder("x/y"), folder("x/y/z")],
    ];
    each(|_| (), |place| create_dir_all(&place.join("x/y/z")), &states, false, true);
}

#[test]
fn what_is_moved_has_one_name() {
    let states = [vec![file("a", "old")], vec![file("b", "old")]];
    each(old_file, |place| rename(&place.join("a"), &place.join("b")), &states, false, true);
    let taken = tempfile::tempdir().unwrap();
    old_file(taken.path());
    fs::write(taken.path().join("b"), "other").unwrap();
    let error = rename(&taken.path().join("a"), &taken.path().join("b")).unwrap_err();
    assert_eq!(error.source.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(tree(taken.path()), [file("a", "old"), file("b", "other")]);
}

#[cfg(target_os = "linux")]
#[test]
fn an_exchange_is_one_step() {
    let prepare = |place: &Path| {
        for name in ["x", "y"] {
            fs::create_dir(place.join(name)).unwrap();
            fs::write(place.join(name).join("a"), name).unwrap();
        }
    };
    let tree = |one, other| vec![folder("x"), file("x/a", one), folder("y"), file("y/a", other)];
    let states = [tree("x", "y"), tree("y", "x")];
    each(prepare, |place| exchange(&place.join("x"), &place.join("y")), &states, false, true);
}

#[test]
fn a_file_or_an_empty_folder_is_removed() {
    let states = [vec![file("a", "old")], vec![]];
    each(old_file, |place| remove_file(&place.join("a")), &states, false, true);
    let states = [vec![folder("x")], vec![]];
    let prepare = |place: &Path| fs::create_dir(place.join("x")).unwrap();
    each(prepare, |place| remove_if_empty(&place.join("x")).map(drop), &states, false, true);
    let full = tempfile::tempdir().unwrap();
    old_folder(full.path());
    assert!(!remove_if_empty(&full.path().join("m")).unwrap());
    assert_eq!(tree(full.path()), old_tree());
}

/// A piece that can't be written may be in the log in part. The pieces before are whole, and later pieces are
/// not written.
#[test]
fn a_log_keeps_its_beginning() {
    let logs = ["old", "old1", "old12", "old1234", "old123456", "old12345678"];
    let mut states: Vec<Tree> = logs.map(|log| vec![file("a", log)]).to_vec();
    states.push(vec![file("a", "old12345678")]);
    let work = |place: &Path| {
        let mut log = Appender::open(&place.join("a"))?;
        for piece in ["12", "34", "5678"] {
            log.append(piece.as_bytes())?;
        }
        log.sync()
    };
    states.insert(4, vec![file("a", "old123")]);
    each(old_file, work, &states, false, true);
}
