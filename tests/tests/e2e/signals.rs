//! Signals from outside let a program save before it ends: SIGTERM and SIGHUP as Ctrl-C.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use embert_tests::program::{bert_train, binary, json_lines, root, small_run, stderr, succeed};

use crate::resume::{SEED, resume, same_result, signal, start, wait_for_step};
use crate::sweep::{four_runs, timeless};

/// Sends signals in the middle of a run, which has to save and end with `status`. Returns the standard error.
fn stopped(run: &Path, signals: &[&str], status: i32) -> String {
    let mut child = start(run);
    wait_for_step(run, 4, &mut child);
    for name in signals {
        signal(&child, name);
    }
    let output = child.wait_with_output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(status), "{said}");
    assert!(said.contains("stopped and saved after step") && said.contains("--resume"), "{said}");
    let steps = json_lines(&run.join("metrics.jsonl")).iter().filter_map(|line| line["step"].as_u64()).max();
    let saved = run.join(format!("checkpoints/step-{:08}", steps.unwrap()));
    assert!(saved.is_dir(), "steps after the newest checkpoint are lost: {}", saved.display());
    said
}

#[test]
fn signals_save_and_resume_writes_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let whole = dir.path().join("whole");
    succeed(&mut small_run(&whole, SEED));
    for (signals, status, says) in [
        (&["TERM"][..], 143, "asked to end (SIGTERM)"),
        (&["HUP"], 129, "terminal is gone (SIGHUP)"),
        // `timeout` signals the process and its group; a terminal that is closed sends SIGHUP twice too.
        (&["TERM", "TERM"], 143, "SIGTERM"),
        (&["HUP", "HUP"], 129, "SIGHUP"),
    ] {
        let run = dir.path().join(signals.concat());
        let said = stopped(&run, signals, status);
        assert!(said.contains(says), "{said}");
        resume(&run);
        same_result(&whole, &run);
    }
}

/// A closed terminal refuses all output: neither the bar nor the table may cost the step.
#[test]
fn a_closed_terminal_costs_no_step() {
    let dir = tempfile::tempdir().unwrap();
    for (name, mut command) in
        [("run", small_run(&dir.path().join("run"), SEED)), ("sweep", four_runs(&dir.path().join("sweep")))]
    {
        let run = dir.path().join(name);
        let run = if name == "run" { run } else { run.join("runs/point-01-seed-0") };
        let terminal = nix::pty::openpty(None, None).unwrap();
        let theirs = fs::File::from(terminal.slave);
        let mut child = command.stdout(theirs.try_clone().unwrap()).stderr(theirs).spawn().unwrap();
        // Our own copies would keep the terminal open.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let is_closed = Arc::new(AtomicBool::new(false));
        let mut ours = fs::File::from(terminal.master);
        let reader = std::thread::spawn({
            let is_closed = Arc::clone(&is_closed);
            move || while ours.read(&mut [0; 4096]).is_ok() && !is_closed.load(Ordering::Relaxed) {}
        });
        wait_for_step(&run, 4, &mut child);
        is_closed.store(true, Ordering::Relaxed);
        reader.join().unwrap();
        signal(&child, "HUP");
        assert_eq!(child.wait().unwrap().code(), Some(129), "{name}");
        assert!(fs::read_dir(run.join("checkpoints")).unwrap().count() > 0, "{name}: nothing was saved");
    }
}

/// The program as `nohup` starts it, without output.
fn nohup(command: &Command) -> Command {
    let mut nohup = Command::new("nohup");
    nohup.arg(command.get_program()).args(command.get_args()).current_dir(root());
    nohup.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    nohup
}

#[test]
fn a_hang_up_that_was_ignored_at_the_start_is_ignored() {
    let dir = tempfile::tempdir().unwrap();
    let (run, sweep) = (dir.path().join("run"), dir.path().join("sweep"));
    let mut child = nohup(&small_run(&run, SEED)).spawn().unwrap();
    wait_for_step(&run, 4, &mut child);
    signal(&child, "HUP");
    assert!(child.wait().unwrap().success());
    assert!(run.join("model").is_dir());
    // SIGTERM still saves.
    let mut child = nohup(&four_runs(&sweep)).spawn().unwrap();
    wait_for_step(&sweep.join("runs/point-01-seed-0"), 4, &mut child);
    signal(&child, "HUP");
    wait_for_step(&sweep.join("runs/point-01-seed-1"), 2, &mut child);
    signal(&child, "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(143));
}

#[test]
fn a_sweep_saves_too_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let whole = dir.path().join("whole");
    succeed(&mut four_runs(&whole));
    for (name, status) in [("TERM", 143), ("HUP", 129)] {
        let sweep = dir.path().join(name);
        let mut child = four_runs(&sweep).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        wait_for_step(&sweep.join("runs/point-01-seed-1"), 4, &mut child);
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(status), "{said}");
        assert!(said.contains("stopped with 1 of 4 runs complete"), "{said}");
        succeed(bert_train().args(["sweep", "--resume"]).arg(&sweep));
        assert_eq!(timeless(&sweep), timeless(&whole));
    }
}

/// A run with steps of seconds, in its first step.
fn in_a_long_step(run: &Path) -> Child {
    bert_train();
    let mut command = Command::new(binary("bert-train"));
    command
        .args([
            "train",
            "--config",
            "configs/sample.toml",
            "--set",
            "gradient_accumulation_steps=24",
            "--max-length",
            "128",
            // Four times the work of the tokens alone, on one core.
            "--set",
            "data.padding=max_length",
        ])
        .env("RAYON_NUM_THREADS", "1")
        .arg("--output")
        .arg(run)
        .current_dir(root())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("examples to train on") {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "the run ended");
    }
    // The standard error is read on, so that the run is not blocked.
    std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
    child
}

#[test]
fn a_second_request_stops_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let mut child = in_a_long_step(&run);
    signal(&child, "TERM");
    sleep(Duration::from_millis(700));
    let asked = Instant::now();
    signal(&child, "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    let saved = fs::read_dir(run.join("checkpoints")).unwrap().count();
    assert_eq!(saved, 0, "the step was finished first: this test shows nothing");
}
