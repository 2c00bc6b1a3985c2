//! Two processes in one folder: one works; the other names the first, and touches nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use embert_tests::program::{bert_train, fail, root, small_run, stderr, succeed};
use serde_json::Value;

use crate::resume::{SEED, same_result, signal, start, wait_for_step};
use crate::sweep::four_runs;

/// All files below a folder with their bytes.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = fs::read(&path).unwrap();
                found.push((path, bytes));
            }
        }
    }
    found.sort();
    found
}

/// Waits until a process has a folder for itself, as the folder's lock says.
fn wait_for_lock(folder: &Path, child: &mut Child) {
    let began = Instant::now();
    let holder =
        || serde_json::from_slice::<Value>(&fs::read(folder.join(".lock")).ok()?).ok()?["pid"].as_u64();
    while holder() != Some(child.id().into()) {
        assert!(child.try_wait().unwrap().is_none(), "the process ended before it had the folder");
        assert!(
            began.elapsed() < Duration::from_mins(2),
            "the process has not got the folder in two minutes"
        );
        sleep(Duration::from_millis(2));
    }
}

/// Pauses a process, asserts that others are refused beside it, and lets it go on to its end.
fn beside(child: Child, folder: &Path, others: &mut [Command]) {
    signal(&child, "STOP");
    let before = files(folder);
    for other in others {
        let said = fail(other);
        let names = said.contains(&format!("is in use by process {} on ", child.id()));
        assert!(names, "{other:?}: {said}");
        assert!(files(folder) == before, "{other:?} touched the folder");
    }
    signal(&child, "CONT");
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
}

fn resuming(run: &Path) -> Command {
    let mut command = bert_train();
    command.args(["train", "--resume"]).arg(run);
    command
}

fn overwriting(run: &Path) -> Command {
    let mut command = small_run(run, SEED);
    command.arg("--overwrite");
    command
}

#[test]
fn a_run_is_one_processs() {
    let dir = tempfile::tempdir().unwrap();
    let whole = dir.path().join("whole");
    succeed(&mut small_run(&whole, SEED));
    let run = dir.path().join("run");
    let mut child = start(&run);
    wait_for_step(&run, 4, &mut child);
    // A process that only reads is let in.
    let page = dir.path().join("page.html");
    succeed(bert_train().arg("report").arg(&run).arg("--output").arg(&page));
    assert!(page.is_file());
    beside(child, &run, &mut [small_run(&run, SEED), resuming(&run), overwriting(&run)]);
    same_result(&whole, &run);

    // A process that replaces a run, or goes on with one, has the run for itself.
    let mut child = overwriting(&run).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    // The old run's log would show the old run's steps.
    wait_for_lock(&run, &mut child);
    signal(&child, "STOP");
    fail(&mut overwriting(&run));
    child.kill().unwrap();
    child.wait().unwrap();
    resume_or_complete(&run);
    same_result(&whole, &run);
    let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
}

/// The run may have been complete already when it was killed.
fn resume_or_complete(run: &Path) {
    let output = resuming(run).output().unwrap();
    let said = stderr(&output);
    assert!(output.status.success() || said.contains("is complete"), "{said}");
}

#[test]
fn a_run_that_goes_on_is_one_processs() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, run) = (dir.path().join("whole"), dir.path().join("run"));
    succeed(&mut small_run(&whole, SEED));
    let mut child = start(&run);
    wait_for_step(&run, 4, &mut child);
    child.kill().unwrap();
    child.wait().unwrap();
    let mut child = resuming(&run).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for_lock(&run, &mut child);
    beside(child, &run, &mut [resuming(&run), overwriting(&run)]);
    same_result(&whole, &run);
}

#[test]
fn two_runs_without_a_name_get_two_folders() {
    let dir = tempfile::tempdir().unwrap();
    let start = || {
        let mut command = bert_train();
        command.current_dir(dir.path()).args(["train", "--config"]).arg(root().join("configs/sample.toml"));
        command.arg("--model").arg(root().join("datasets/sample/bert"));
        command.arg("--dataset").arg(root().join("datasets/sample"));
        command.args(["--train-samples", "32", "--eval-samples", "16", "--epochs", "1"]);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    for child in [start(), start()] {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    }
    same_result(&dir.path().join("runs/sample-001"), &dir.path().join("runs/sample-002"));
}

#[test]
fn a_sweep_is_one_processs_and_so_are_its_runs() {
    let dir = tempfile::tempdir().unwrap();
    let sweep = dir.path().join("sweep");
    let mut child = four_runs(&sweep).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let run = sweep.join("runs/point-01-seed-0");
    wait_for_step(&run, 4, &mut child);
    let mut going_on = bert_train();
    going_on.args(["sweep", "--resume"]).arg(&sweep);
    beside(child, &sweep, &mut [going_on, resuming(&run)]);
    assert!(run.join("model").is_dir());
}
