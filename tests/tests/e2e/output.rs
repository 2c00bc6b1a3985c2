//! The targets of `--output` and `--predictions`: links, pipes and open files are written through, inputs are
//! never overwritten, and no output is half-written.
//!
//! No test writes to `/dev/stdout` or `/dev/null`: a program that replaces files instead of writing through
//! would, run as root, take these devices from the whole machine.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use embert_tests::program::{bert_train, binary, fail, json_lines, stderr, succeed};

use crate::golden::{copied, fixtures};

/// A model of a few kilobytes.
fn model() -> PathBuf {
    fixtures().join("runs/complete/model")
}

/// `predict` with an output.
fn predict(output: &Path) -> Command {
    let mut command = bert_train();
    command.args(["predict", "--model"]).arg(model()).arg("--output").arg(output).arg("quiet river");
    command
}

/// Runs a line of bash in `folder`, in which `$P` is the start of a prediction.
fn bash(folder: &Path, line: &str) -> std::process::Output {
    bert_train();
    let program = binary("bert-train");
    let line = format!("P='{} predict --model {}'; {line}", program.display(), model().display());
    Command::new("bash").args(["-c", &line]).current_dir(folder).output().unwrap()
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().mode() & 0o777
}

fn assert_one_prediction(path: &Path) {
    let rows = json_lines(path);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["text"], "quiet river");
}

#[test]
fn a_named_pipe_is_written_through() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut reader = Command::new("cat").arg(&pipe).stdout(Stdio::piped()).spawn().unwrap();
    let written = bash(dir.path(), "timeout 60 $P --output pipe 'quiet river'");
    let is_pipe = !pipe.metadata().unwrap().is_file();
    if !written.status.success() || !is_pipe {
        // Nothing else would end the reader.
        reader.kill().unwrap();
        panic!("the pipe {} a pipe: {}", if is_pipe { "is" } else { "is no more" }, stderr(&written));
    }
    let read = reader.wait_with_output().unwrap();
    let row: serde_json::Value = serde_json::from_slice(&read.stdout).unwrap();
    assert_eq!(row["text"], "quiet river");
}

#[test]
fn what_a_shell_opened_is_written_through_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let of = |name: &str| dir.path().join(name);
    fs::write(of("appended"), "{\"text\": \"before\"}\n").unwrap();
    for line in [
        "$P --output >(cat > substituted) 'quiet river'; status=$?; wait $!; exit $status",
        "$P --output /dev/fd/3 'quiet river' 3> opened",
        "$P --output /proc/self/fd/1 'quiet river' > redirected",
        "$P --output /proc/self/fd/1 'quiet river' >> appended",
        "$P --output /dev/fd/3 'quiet river' 3> >(cat > piped); status=$?; wait $!; exit $status",
    ] {
        let output = bash(dir.path(), line);
        assert!(output.status.success(), "{line}: {}", stderr(&output));
    }
    for name in ["substituted", "opened", "redirected", "piped"] {
        assert_one_prediction(&of(name));
    }
    let rows = json_lines(&of("appended"));
    assert_eq!((rows.len(), rows[0]["text"].as_str()), (2, Some("before")));
}

/// A reader ends early, as in `| head`.
#[test]
fn a_reader_that_has_enough_is_no_error() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("in.txt"), "quiet river\n".repeat(20_000)).unwrap();
    let output = bash(dir.path(), "$P --input in.txt --output >(head -c 1 > first)");
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn a_link_stays_and_its_target_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let of = |name: &str| dir.path().join(name);
    fs::write(of("target"), "old").unwrap();
    symlink("target", of("link")).unwrap();
    symlink("made", of("dangling")).unwrap();
    succeed(&mut predict(&of("link")));
    succeed(&mut predict(&of("dangling")));
    assert!(of("link").is_symlink() && of("dangling").is_symlink());
    assert_one_prediction(&of("target"));
    assert_one_prediction(&of("made"));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 4, "something was left");
}

#[test]
fn modes_are_kept_and_new_files_have_the_umasks() {
    let dir = tempfile::tempdir().unwrap();
    let private = dir.path().join("private");
    fs::write(&private, "secret").unwrap();
    fs::set_permissions(&private, fs::Permissions::from_mode(0o600)).unwrap();
    succeed(&mut predict(&private));
    assert_eq!(mode(&private), 0o600);
    let output = bash(dir.path(), "umask 027; $P --output new 'quiet river'");
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(mode(&dir.path().join("new")), 0o640);
}

/// The model does not exist: refusing the output takes no model.
#[test]
fn a_place_that_can_not_be_written_is_refused_before_the_work() {
    let dir = tempfile::tempdir().unwrap();
    let of = |name: &str| dir.path().join(name);
    fs::write(of("protected"), "old").unwrap();
    fs::set_permissions(of("protected"), fs::Permissions::from_mode(0o444)).unwrap();
    symlink("missing/file", of("dangling")).unwrap();
    let folder = dir.path().to_str().unwrap();
    for (place, expected) in [
        (of("protected"), "chmod u+w"),
        (dir.path().to_owned(), "name a file in it"),
        (of("none/labels.jsonl"), &*format!("no folder {folder}/none")),
        (of("dangling"), "no folder"),
    ] {
        for command in ["predict", "eval"] {
            let mut program = bert_train();
            program.args([command, "--model", "/nowhere/at/all"]);
            match command {
                "predict" => program.args(["text", "--output"]).arg(&place),
                _ => program.args(["--dataset", "sample", "--predictions"]).arg(&place),
            };
            let said = fail(&mut program);
            assert!(said.contains(expected) && !said.contains("/nowhere"), "{command} {place:?}: {said}");
        }
    }
    assert_eq!(fs::read(of("protected")).unwrap(), b"old");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "something was left");
}

#[test]
fn what_is_read_is_never_written() {
    let dir = tempfile::tempdir().unwrap();
    let golden = copied(dir.path());
    let of = |name: &str| golden.join(name);
    let texts = of("texts.txt");
    fs::write(&texts, "quiet river\n").unwrap();
    fs::hard_link(&texts, of("hard")).unwrap();
    symlink("hard", of("soft")).unwrap();
    let refused = |arguments: &[&str], kept: &str| {
        let before = fs::read(of(kept)).unwrap();
        let said = fail(bert_train().current_dir(&golden).args(arguments));
        assert!(said.contains("name another file"), "{arguments:?}: {said}");
        assert!(fs::read(of(kept)).unwrap() == before, "{arguments:?} changed {kept}");
    };
    let model = "runs/complete/model";
    for output in ["texts.txt", "hard", "soft", "./moods/../texts.txt"] {
        refused(&["predict", "--model", model, "--input", "texts.txt", "--output", output], "texts.txt");
    }
    // A run of several labels has one; it is as much a part of the model as the weights.
    fs::write(of("runs/complete/model/thresholds.json"), "{}").unwrap();
    for name in ["model/config.json", "model/model.safetensors", "model/thresholds.json", "metrics.jsonl"] {
        let file = &format!("runs/complete/{name}");
        refused(&["predict", "--model", model, "--output", file, "text"], file);
    }
    refused(&["eval", "--model", model, "--predictions", "moods/test.jsonl"], "moods/test.jsonl");
    refused(
        &["eval", "--model", model, "--predictions", "runs/complete/config.toml"],
        "runs/complete/config.toml",
    );
    for name in
        ["metrics.jsonl", "facts.json", "model/model.safetensors", "checkpoints/step-00000080/state.json"]
    {
        let file = &format!("runs/complete/{name}");
        refused(&["report", "runs/complete", "--output", file], file);
    }
    let file = "runs/sweep/runs/point-01-seed-7/metrics.jsonl";
    refused(&["report", "runs/sweep", "--output", file], file);
    refused(&["report", "runs/sweep", "--output", "runs/sweep/sweep.json"], "runs/sweep/sweep.json");
}

/// The shell opens the input and the output itself.
#[test]
fn the_standard_input_is_no_output() {
    let dir = tempfile::tempdir().unwrap();
    let texts = dir.path().join("texts.txt");
    for line in [
        "$P --input - --output texts.txt < texts.txt",
        "$P --input - >> texts.txt < texts.txt",
        "$P --input texts.txt >> texts.txt",
        "$P --input texts.txt --output /proc/self/fd/1 >> texts.txt",
    ] {
        fs::write(&texts, "quiet river\n").unwrap();
        let output = bash(dir.path(), line);
        assert_eq!(output.status.code(), Some(1), "{line}: {}", stderr(&output));
        assert_eq!(fs::read(&texts).unwrap(), b"quiet river\n", "{line}");
    }
}
