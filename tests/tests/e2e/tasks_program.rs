//! Sweeps, resumed runs, windows, pairs and evaluations of tasks: what the program finds, says and refuses.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use embert_tests::program::{assert_says, bert_train, fail, said, succeed};
use serde_json::{Value, json};

use crate::resume::{resume, wait_for_step};
use crate::tasks::{KINDS, Kind, command, data, json, lines, of_model, trained};

/// A sweep finds its task as `train` does, in each of its runs, and refuses what `train` refuses.
#[test]
fn a_sweep_trains_for_the_task_that_train_finds() {
    let dir = tempfile::tempdir().unwrap();
    let stars = dir.path().join("stars.csv");
    let rows = (0..32).map(|n| format!("a film number {n},{}\n", n % 2)).collect::<Vec<_>>().concat();
    fs::write(&stars, "text,label\n".to_owned() + &rows).unwrap();
    let sweep = dir.path().join("sweep");
    let new = |grid: &[&str]| {
        let mut sweep = command("sweep", &stars, &sweep, "1");
        sweep.args(grid);
        sweep
    };
    let refused = fail(&mut new(&["--grid", "problem_type=single_label_classification,regression"]));
    assert_says(
        &refused,
        &[
            "point-01 trains for text-classification (single_label_classification)",
            "point-02 (problem_type = \"regression\") for text-classification (regression)",
            "sweep each task on its own",
        ],
    );
    // The card of the sample says which task it is for.
    let of_sample = |what: &str| {
        let mut command = command(what, Path::new("sample"), &sweep, "1");
        command.args(["--task", "token-classification"]);
        command
    };
    let of_train = fail(&mut of_sample("train"));
    assert_says(&of_train, &["text-classification"]);
    assert_says(&fail(of_sample("sweep").args(["--seeds", "2"])), &[of_train.lines().last().unwrap()]);
    // What the first point refuses, and what another one does.
    let of_train = fail(command("train", &stars, &sweep, "1").args(["--task", "token-classification"]));
    let cause = of_train.lines().last().unwrap().trim_start_matches("error: ");
    for settings in [["--set", "task=token-classification"], ["--grid", "task=token-classification"]] {
        let refused = fail(&mut new(&[settings[0], settings[1], "--seeds", "2"]));
        assert_says(&refused, &[cause]);
    }
    let tasks = ["--grid", "task=text-classification,token-classification"];
    let refused = fail(&mut new(&tasks));
    assert_says(&refused, &["point-02 (task = \"token-classification\")"]);
    assert!(!sweep.exists());

    succeed(&mut new(&["--set", "problem_type=regression", "--seeds", "2"]));
    let runs = ["point-01-seed-0", "point-01-seed-1"].map(|run| sweep.join("runs").join(run));
    for run in &runs {
        assert_eq!(json(&run.join("facts.json"))["problem_type"], "regression");
    }
    // A resumed sweep asks its runs, whatever has become of one of them.
    fs::remove_dir_all(&runs[0]).unwrap();
    succeed(bert_train().args(["sweep", "--resume"]).arg(&sweep));
    assert_eq!(json(&runs[0].join("facts.json"))["problem_type"], "regression");
}

/// The task of a run that goes on is in its facts; without them it is found as at the run's beginning.
#[test]
fn a_run_goes_on_without_its_facts() {
    let dir = tempfile::tempdir().unwrap();
    for (kind, damage) in [(Kind::Words, None), (Kind::Labels, Some("{")), (Kind::Numbers, None)] {
        let run = dir.path().join(format!("run-{}", kind.name()));
        let mut train = command("train", &data(kind), &run, "4");
        train.args(["--set", "evaluate_test=true", "--set", "save_every=4"]);
        let mut child = train.stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        wait_for_step(&run, 6, &mut child);
        child.kill().unwrap();
        child.wait().unwrap();
        let facts = run.join("facts.json");
        let before = json(&facts);
        match damage {
            Some(text) => fs::write(&facts, text).unwrap(),
            None => fs::remove_file(&facts).unwrap(),
        }
        resume(&run);
        assert_eq!(json(&facts), before, "{kind:?}");
        assert_eq!(json(&run.join("scores.json")), json(&trained(kind).join("scores.json")), "{kind:?}");
    }
}

/// A text that is trained on in windows is one example, and is not cut.
#[test]
fn windows_are_no_examples_and_cut_nothing() {
    let dir = tempfile::tempdir().unwrap();
    for (kind, is_in_windows) in [(Kind::Words, true), (Kind::Labels, false)] {
        let run = dir.path().join(kind.name());
        let mut train = command("train", &data(kind), &run, "1");
        let told = said(train.args(["--max-length", "8", "--set", "data.stride=2"]));
        let lengths = &json(&run.join("facts.json"))["lengths"];
        let counts = lengths["counts"].as_array().unwrap().iter();
        let counted: u64 = counts.map(|count| count.as_u64().unwrap()).sum();
        assert_eq!(counted, 64, "{kind:?}");
        let page = fs::read_to_string(run.join("report.html")).unwrap();
        if is_in_windows {
            let windows = lengths["windows"].as_u64().unwrap();
            assert!(windows > 64, "{lengths}");
            assert_says(&told, &[&format!("64 examples ({windows} windows) to train on")]);
            assert_eq!(lengths["truncated"], 0);
            assert!(!told.contains("were cut") && page.contains("in windows of 8 tokens"), "{told}");
        } else {
            assert_says(&told, &["64 examples to train on", "of training texts were cut at 8 tokens"]);
            assert_eq!(lengths["windows"], Value::Null);
            assert!(page.contains("cut at 8"));
        }
    }
}

/// The second texts of pairs are never passed over without a word.
#[test]
fn pairs_in_a_file_are_read_or_said() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("pairs.jsonl");
    fs::write(
        &input,
        "{\"text\": \"a man eats soup\", \"text_pair\": \"a man eats\", \"id\": 12345678901234567890}\n",
    )
    .unwrap();
    let warning = "warning: the column \"text_pair\"";
    let mut alone = of_model("predict", Kind::Numbers);
    let told = said(alone.arg("--input").arg(&input));
    assert_says(&told, &[warning, "add --text-pair-column text_pair"]);
    // An integer beyond 64 bits is not passed on as another number.
    assert_says(&told, &["line 1: \"id\" is left out", "12345678901234567890"]);

    let mut both = of_model("predict", Kind::Numbers);
    both.args(["--text-pair-column", "text_pair", "--input"]).arg(&input);
    let found = lines(&mut both);
    let pair = ["--text", "a man eats soup", "--text-pair", "a man eats"];
    assert_eq!(found, lines(of_model("predict", Kind::Numbers).args(pair)));
    assert!(!said(&mut both).contains(warning));

    // The columns of the data that the model was trained on.
    let mut predict = of_model("predict", Kind::Numbers);
    let test = data(Kind::Numbers).join("test.csv");
    let refused = fail(predict.arg("--input").arg(&test));
    assert_says(&refused, &["test.csv", "--text-column sentence1 --text-pair-column sentence2"]);
    let columns = ["--text-column", "sentence1", "--text-pair-column", "sentence2"];
    assert_eq!(lines(of_model("predict", Kind::Numbers).args(columns).arg("--input").arg(&test)).len(), 24);
    let told = said(of_model("predict", Kind::Numbers).args(&columns[..2]).arg("--input").arg(&test));
    assert_says(&told, &["warning: the column \"sentence2\""]);
    let words = fail(of_model("predict", Kind::Words).arg("--input").arg(&test));
    assert_says(&words, &["there is no \"text\"", "--text-column sentence1"]);
}

/// What an error asks for can be said in an evaluation too.
#[test]
fn an_evaluation_takes_the_reading_of_labels() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("spans.jsonl");
    // The span ends within a word.
    fs::write(&file, json!({"text": "Ms Okafor flew", "label": [[3, 7, "PER"]]}).to_string() + "\n").unwrap();
    let eval = |settings: &[&str]| {
        let mut eval = of_model("eval", Kind::Spans);
        eval.args(["--split", "train", "--dataset"]).arg(&file).args(settings);
        eval
    };
    assert_says(&fail(&mut eval(&[])), &["data.widen_spans=true"]);
    succeed(&mut eval(&["--set", "data.widen_spans=true"]));
    let refused = fail(&mut eval(&["--set", "epochs=3"]));
    assert_says(
        &refused,
        &["--set epochs changes nothing in an evaluation", "data.scheme or data.widen_spans"],
    );
    let refused = fail(&mut eval(&["--set", "data.scheme=iob1"]));
    assert_says(&refused, &["data.scheme", "spans of characters"]);
    // The run's own data keep the run's reading.
    for kind in KINDS {
        succeed(of_model("eval", kind).args(["--split", "test"]));
    }
}
