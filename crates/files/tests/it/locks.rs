//! Locks between two processes.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Command, Stdio};

use embert_files::{LOCK, Lock, LockError};

use super::*;

/// The environment variable that tells [`another_process`] which folder to lock.
const FOLDER: &str = "EMBERT_FILES_TEST_LOCKS";

/// Not a test of its own: the tests below start it in another process.
#[test]
fn another_process() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let _lock = Lock::take(folder.as_ref()).unwrap();
    println!("\nlocked");
    // Waits until the pipe is closed.
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

/// Starts a process that has locked `folder`. Its output must stay open while it runs.
fn holding(folder: &Path) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "locks::another_process", "--nocapture"])
        .env(FOLDER, folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    assert!(out.by_ref().lines().any(|line| line.unwrap() == "locked"), "the other process locked nothing");
    (child, out)
}

#[test]
fn another_process_is_named_and_nothing_is_touched() {
    let dir = tempfile::tempdir().unwrap();
    let (mut child, _out) = holding(dir.path());
    let before = tree(dir.path());
    let error = Lock::take(dir.path()).unwrap_err();
    let LockError::Held { path, holder: Some(holder) } = &error else { panic!("{error:?}") };
    assert_eq!((path.as_path(), holder.pid), (dir.path(), child.id()));
    let text = error.to_string();
    assert!(
        text.contains(&format!("is in use by process {} on {} since 20", child.id(), holder.host)),
        "{text}"
    );
    assert_eq!(tree(dir.path()), before);
    // The other process ends and removes its lock file.
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert_eq!(tree(dir.path()), []);
    drop(Lock::take(dir.path()).unwrap());
}

#[test]
fn a_killed_process_holds_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (mut child, _out) = holding(dir.path());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(dir.path().join(LOCK).is_file(), "its file stays");
    let lock = Lock::take(dir.path()).unwrap();
    let text = fs::read_to_string(dir.path().join(LOCK)).unwrap();
    assert!(text.contains(&format!("\"pid\":{}", std::process::id())) && text.ends_with("}\n"), "{text}");
    drop(lock);
    assert_eq!(tree(dir.path()), []);
}

#[test]
fn one_process_has_a_folder_once() {
    let dir = tempfile::tempdir().unwrap();
    let lock = Lock::take(dir.path()).unwrap();
    assert!(matches!(Lock::take(dir.path()), Err(LockError::Held { .. })));
    drop(lock);
    drop(Lock::take(dir.path()).unwrap());
}

#[test]
fn a_lock_goes_with_its_folder_to_another_name() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (dir.path().join("one"), dir.path().join("other"));
    fs::create_dir(&one).unwrap();
    let mut lock = Lock::take(&one).unwrap();
    fs::rename(&one, &other).unwrap();
    fs::create_dir(&one).unwrap();
    assert!(matches!(Lock::take(&other), Err(LockError::Held { .. })));
    let new = Lock::take(&one).unwrap();
    lock.moved_to(&other);
    drop(lock);
    // The lock's old path now has the lock file of a new folder, which the lock must not remove.
    assert_eq!(tree(dir.path()).len(), 3);
    drop(new);
    assert_eq!(tree(dir.path()), [folder("one"), folder("other")]);
}

/// Many threads take the lock; at any time at most one holds it.
#[test]
fn of_many_one_at_a_time_has_it() {
    let dir = tempfile::tempdir().unwrap();
    let inside = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut had = 0;
                while had < 100 {
                    if let Ok(lock) = Lock::take(dir.path()) {
                        assert_eq!(inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                        had += 1;
                        inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                        drop(lock);
                    }
                }
            });
        }
    });
    assert_eq!(tree(dir.path()), []);
}
