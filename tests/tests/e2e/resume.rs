//! Stopped and killed runs, once resumed, end with the bytes of an uninterrupted run.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use embert_tests::program::{bert_train, fail, json_lines, small_run, succeed};

pub(crate) const SEED: u64 = 3;

#[test]
fn ctrl_c_and_resume_write_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let whole = dir.path().join("whole");
    succeed(&mut small_run(&whole, SEED));

    let stopped = dir.path().join("stopped");
    let mut child = start(&stopped);
    wait_for_step(&stopped, 4, &mut child);
    signal(&child, "INT");
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("--resume"), "{said}");
    assert!(!stopped.join("model").exists(), "a stopped run has no result");
    let refused = fail(&mut small_run(&stopped, SEED));
    assert!(refused.contains("--resume"), "{refused}");

    resume(&stopped);
    same_result(&whole, &stopped);
}

#[test]
fn sigkill_and_resume_write_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let whole = dir.path().join("whole");
    succeed(&mut small_run(&whole, SEED));

    let killed = dir.path().join("killed");
    let mut child = start(&killed);
    // Step 5 is past the checkpoint after step 3 and has none itself: steps must be done again.
    wait_for_step(&killed, 5, &mut child);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!killed.join("model").exists());

    resume(&killed);
    same_result(&whole, &killed);
}

/// A result that f16 can't hold can be stored in another dtype without training again.
#[test]
fn a_run_that_goes_on_may_store_its_result_in_another_dtype() {
    let dir = tempfile::tempdir().unwrap();
    let killed = dir.path().join("killed");
    let mut child = start(&killed);
    wait_for_step(&killed, 4, &mut child);
    child.kill().unwrap();
    child.wait().unwrap();
    succeed(bert_train().args(["train", "--save-dtype", "bf16", "--resume"]).arg(&killed));
    let config = fs::read_to_string(killed.join("model/config.json")).unwrap();
    assert!(config.contains("bfloat16"), "{config}");
}

#[test]
fn a_damaged_checkpoint_is_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let whole = dir.path().join("whole");
    succeed(&mut small_run(&whole, SEED));
    let killed = dir.path().join("killed");
    let mut child = start(&killed);
    wait_for_step(&killed, 7, &mut child);
    child.kill().unwrap();
    child.wait().unwrap();
    let newest = fs::read_dir(killed.join("checkpoints"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("step-"))
        .max()
        .unwrap();
    let weights = newest.join("model.safetensors");
    let bytes = fs::read(&weights).unwrap();
    fs::write(&weights, &bytes[..bytes.len() / 2]).unwrap();
    resume(&killed);
    same_result(&whole, &killed);
}

#[test]
fn a_run_that_is_complete_has_nothing_to_resume() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    succeed(&mut small_run(&run, SEED));
    let said = fail(bert_train().args(["train", "--resume"]).arg(&run));
    assert!(said.contains("complete"), "{said}");
}

/// Starts the run in the background.
pub(crate) fn start(run: &Path) -> Child {
    small_run(run, SEED).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap()
}

pub(crate) fn resume(run: &Path) {
    succeed(bert_train().args(["train", "--resume"]).arg(run));
}

/// Waits until `step` is logged.
pub(crate) fn wait_for_step(run: &Path, step: usize, child: &mut Child) {
    let log = run.join("metrics.jsonl");
    let began = Instant::now();
    loop {
        let steps = fs::read_to_string(&log).unwrap_or_default().matches("\"train_step\"").count();
        if steps >= step {
            return;
        }
        assert!(child.try_wait().unwrap().is_none(), "the run ended before step {step}");
        assert!(began.elapsed() < Duration::from_mins(2), "no step {step} within two minutes");
        sleep(Duration::from_millis(2));
    }
}

pub(crate) fn signal(child: &Child, name: &str) {
    let status = std::process::Command::new("kill")
        .args([&format!("-{name}"), &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

pub(crate) fn same_result(one: &Path, other: &Path) {
    let read = |run: &Path| fs::read(run.join("model/model.safetensors")).unwrap();
    assert!(read(one) == read(other), "the weights differ");
    let events = |run: &Path| {
        let mut events = json_lines(&run.join("metrics.jsonl"));
        for event in &mut events {
            let event = event.as_object_mut().unwrap();
            event.remove("seconds");
            event.remove("peak_memory");
            event.remove("phases");
        }
        events
    };
    assert_eq!(events(one), events(other));
}
