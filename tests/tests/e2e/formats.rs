//! Files of run folders and of sweeps: damaged ones, and those of a newer version.

use std::fs;
use std::path::Path;

use embert_tests::program::{bert_train, fail, small_run, stderr, succeed};
use serde_json::Value;

use crate::sweep::{four_runs, timeless};

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn cut(path: &Path, share: f64) {
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..(bytes.len() as f64 * share) as usize]).unwrap();
}

/// The standard error of `report`.
fn said_by_report(folder: &Path) -> String {
    let output = bert_train().arg("report").arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    stderr(&output)
}

/// `scores.json` has the log's figures for the kept weights, and the page is the same without the file.
#[test]
fn scores_are_those_of_the_log_and_of_the_examples() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let mut command = bert_train();
    command.args([
        "train",
        "--config",
        "configs/sample.toml",
        "--train-samples",
        "64",
        "--eval-samples",
        "32",
    ]);
    command.args(["--batch-size", "8", "--epochs", "2", "--set", "evaluate_test=true", "--output"]);
    succeed(command.arg(&run));
    let scores = json(&run.join("scores.json"));
    let facts = json(&run.join("facts.json"));
    assert_eq!((scores["format"].as_u64(), facts["format"].as_u64()), (Some(2), Some(2)));
    assert_eq!(facts["task"], "text-classification");
    let lines = embert_tests::program::json_lines(&run.join("metrics.jsonl"));
    for (split, name) in ["validation", "test"].iter().enumerate() {
        let found = &scores["splits"][split];
        let logged = lines
            .iter()
            .rfind(|line| line["event"] == "eval" && line["split"] == *name && line["step"] == scores["step"])
            .unwrap();
        assert_eq!((&found["split"], &found["examples"]), (&Value::from(*name), &logged["examples"]));
        let metrics = found["metrics"].as_object().unwrap();
        for metric in facts["metrics"].as_array().unwrap() {
            let metric = metric["name"].as_str().unwrap();
            assert!(metrics.contains_key(metric), "{metric}");
            assert!(logged.get(metric).is_none_or(|logged| *logged == metrics[metric]), "{metric}");
        }
        let classes = found["detail"]["classes"].as_array().unwrap();
        let examples: u64 = classes.iter().map(|class| class["examples"].as_u64().unwrap()).sum();
        assert_eq!(Some(examples), found["examples"].as_u64());
    }
    let with = fs::read(run.join("report.html")).unwrap();
    fs::remove_file(run.join("scores.json")).unwrap();
    assert_eq!(said_by_report(&run), "");
    assert_eq!(fs::read(run.join("report.html")).unwrap(), with, "the page differs without scores.json");
}

#[test]
fn the_page_of_a_damaged_run_has_the_rest_and_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    succeed(&mut small_run(&run, 0));
    let page = || fs::read_to_string(run.join("report.html")).unwrap();
    assert!(page().contains("id=\"validation\"") && page().contains("id=\"settings\""));
    let whole = dir.path().join("whole");
    fs::rename(&run, &whole).unwrap();
    for (file, part, still_there) in [
        ("facts.json", "remove it: `train --resume` of a run that goes on makes it again", "id=\"training\""),
        ("scores.json", "remove it: figures then come from examples.jsonl", "Confusion matrix"),
        ("examples.jsonl", "single examples are left out", "Confusion matrix"),
        ("config.toml", "settings are missing here", "id=\"validation\""),
    ] {
        let _ = fs::remove_dir_all(&run);
        copy(&whole, &run);
        cut(&run.join(file), 0.5);
        let said = said_by_report(&run);
        assert!(said.contains(&format!("{file}, line ")) && said.contains(part), "{file}: {said}");
        assert!(page().contains(&format!("<li>{file}, line ")) && page().contains(still_there), "{file}");
    }
    let _ = fs::remove_dir_all(&run);
    copy(&whole, &run);
    let log = run.join("metrics.jsonl");
    fs::write(&log, fs::read_to_string(&log).unwrap().replacen("\"event\"", "\"ev", 1)).unwrap();
    let said = said_by_report(&run);
    assert!(said.contains("metrics.jsonl, line 1 can't be read and was skipped"), "{said}");
    assert!(page().contains("id=\"validation\""));
}

/// Copies a folder with everything in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// The table is made from the runs, so damage to it costs nothing but the failures recorded behind the
/// damage.
#[test]
fn a_sweep_makes_its_damaged_table_again() {
    let dir = tempfile::tempdir().unwrap();
    let sweep = dir.path().join("sweep");
    succeed(&mut four_runs(&sweep));
    let before = timeless(&sweep);
    let table = sweep.join("sweep.json");
    for share in [0.0, 0.1, 0.6] {
        cut(&table, share);
        let resumed = bert_train().args(["sweep", "--resume"]).arg(&sweep).output().unwrap();
        let said = stderr(&resumed);
        assert!(resumed.status.success(), "{said}");
        assert!(said.contains("sweep.json, line ") && said.contains("made again from the runs"), "{said}");
        assert!(said.contains("4 of 4 runs are complete"), "{said}");
        assert_eq!(timeless(&sweep), before, "cut to {share}");
    }
    cut(&table, 0.6);
    let said = said_by_report(&sweep);
    assert!(said.contains("Points after the damage in sweep.json"), "{said}");
    cut(&table, 0.01);
    let said = fail(bert_train().arg("report").arg(&sweep));
    assert!(said.contains("sweep.json, line ") && said.contains("`sweep --resume "), "{said}");
    // Damaged facts of a run cost nothing either: the table takes only sizes from them.
    let run = sweep.join("runs/point-01-seed-0");
    let run = if run.is_dir() {
        run
    } else {
        fs::read_dir(sweep.join("runs")).unwrap().next().unwrap().unwrap().path()
    };
    fs::write(run.join("facts.json"), "{").unwrap();
    let resumed = bert_train().args(["sweep", "--resume"]).arg(&sweep).output().unwrap();
    let said = stderr(&resumed);
    assert!(resumed.status.success() && said.contains("facts.json, line 1, can't be used"), "{said}");
    assert!(said.contains("4 of 4 runs are complete"), "{said}");
}

#[test]
fn a_newer_format_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let (run, sweep) = (dir.path().join("run"), dir.path().join("sweep"));
    succeed(&mut small_run(&run, 0));
    succeed(&mut four_runs(&sweep));
    let raise = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        assert!(text.contains("\"format\": 2"), "{text}");
        fs::write(path, text.replacen("\"format\": 2", "\"format\": 3", 1)).unwrap();
    };
    let assert_refused = |said: &str, file: &str| {
        let expected = format!("{file} has format 3, and this version knows none above 2");
        assert!(said.contains(&expected) && said.contains("use a newer version"), "{file}: {said}");
    };
    raise(&run.join("scores.json"));
    assert_refused(&fail(bert_train().arg("report").arg(&run)), "scores.json");
    raise(&run.join("facts.json"));
    assert_refused(&fail(bert_train().arg("report").arg(&run)), "facts.json");
    let before = fs::read(run.join("metrics.jsonl")).unwrap();
    assert_refused(&fail(bert_train().args(["train", "--resume"]).arg(&run)), "facts.json");
    assert_eq!(fs::read(run.join("metrics.jsonl")).unwrap(), before);
    raise(&sweep.join("sweep.json"));
    assert_refused(&fail(bert_train().arg("report").arg(&sweep)), "sweep.json");
    assert_refused(&fail(bert_train().args(["sweep", "--resume"]).arg(&sweep)), "sweep.json");
}

/// A model of a task that came later is not taken for a text classifier.
#[test]
fn a_run_for_a_task_that_is_not_there_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    succeed(&mut small_run(&run, 0));
    let facts = run.join("facts.json");
    let with_task = |task: &str| {
        let mut content = json(&facts);
        content["task"] = task.into();
        fs::write(&facts, content.to_string()).unwrap();
    };
    let model = run.join("model");
    let commands = || {
        let mut predict = bert_train();
        predict.args(["predict", "good", "--model"]).arg(&model);
        let mut eval = bert_train();
        eval.args(["eval", "--model"]).arg(&model);
        let mut inspect = bert_train();
        inspect.arg("inspect").arg(&model);
        [predict, eval, inspect]
    };
    let mut newer = json(&facts);
    (newer["format"], newer["task"]) = (99.into(), "translation".into());
    fs::write(&facts, newer.to_string()).unwrap();
    for mut command in commands() {
        let said = fail(&mut command);
        assert!(said.contains("facts.json") && said.contains("format 99"), "{said}");
    }
    newer["format"] = 2.into();
    fs::write(&facts, newer.to_string()).unwrap();
    with_task("translation");
    for mut command in commands() {
        let said = fail(&mut command);
        for part in ["facts.json", "\"translation\"", "expected text-classification"] {
            assert!(said.contains(part), "{said}");
        }
    }
    with_task("text-classification");
    for mut command in commands() {
        succeed(&mut command);
    }
    // Without facts, as in the folder of another program, the head decides.
    let written = fs::read(&facts).unwrap();
    fs::remove_file(&facts).unwrap();
    for mut command in commands() {
        succeed(&mut command);
    }
    // The run goes on for its own task, whatever the card of the data set says.
    fs::write(&facts, written).unwrap();
    fs::remove_dir_all(&model).unwrap();
    with_task("translation");
    let said = fail(bert_train().args(["train", "--resume"]).arg(&run));
    assert!(said.contains("\"translation\""), "{said}");
    with_task("text-classification");
    succeed(bert_train().args(["train", "--resume"]).arg(&run));
}
