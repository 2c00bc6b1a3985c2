//! Run folders and a sweep as commit e205deb wrote them (`tests/reference/end_to_end/golden.py`) can still be
//! evaluated, predicted with, reported and resumed: `docs/compatibility.md`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use embert_tests::program::{bert_train, fail, json_lines, root, stderr, succeed};
use serde_json::Value;

/// The allowed difference of probabilities and losses between two machines. On the machine that wrote the
/// folders the difference is 0.
const TOLERANCE: f64 = 1e-5;

/// The folders in the repository, to be read only.
pub(crate) fn fixtures() -> PathBuf {
    root().join("tests/fixtures/golden")
}

/// A copy of all these folders in `place`.
pub(crate) fn copied(place: &Path) -> PathBuf {
    let copy = place.join("golden");
    copy_folder(&fixtures(), &copy);
    copy
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// The program, run in the repository's root: not in the folder in which the runs were begun.
fn program(arguments: &[&str], folder: &Path) -> Command {
    let mut command = bert_train();
    command.args(arguments).arg(folder);
    command
}

fn log(run: &Path) -> Vec<Value> {
    json_lines(&run.join("metrics.jsonl"))
}

fn end(run: &Path) -> Option<Value> {
    log(run).into_iter().find(|line| line["event"] == "end")
}

/// The log's evaluation of the kept weights on a split.
fn evaluation(run: &Path, split: &str) -> Value {
    let best = end(run).unwrap()["best_step"].clone();
    let is_it = |line: &Value| line["event"] == "eval" && line["split"] == split && line["step"] == best;
    log(run).into_iter().rfind(is_it).unwrap()
}

fn weights(run: &Path) -> Vec<u8> {
    fs::read(run.join("model/model.safetensors")).unwrap()
}

fn assert_close(one: &Value, other: &Value, what: &str) {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => assert!((one - other).abs() <= TOLERANCE, "{what}: {one}, {other}"),
        _ => assert_eq!(one, other, "{what}"),
    }
}

const RUNS: [&str; 6] = [
    "runs/complete",
    "runs/staged",
    "runs/sweep/runs/point-01-seed-7",
    "runs/sweep/runs/point-01-seed-8",
    "runs/sweep/runs/point-02-seed-7",
    "runs/sweep/runs/point-02-seed-8",
];

#[test]
fn eval_says_what_the_log_says() {
    let place = tempfile::tempdir().unwrap();
    let golden = copied(place.path());
    for run in RUNS.map(|run| golden.join(run)) {
        for split in ["validation", "test"] {
            let said =
                succeed(&mut program(&["eval", "--split", split, "--json", "--model"], &run.join("model")));
            let (found, expected) = (serde_json::from_str::<Value>(&said).unwrap(), evaluation(&run, split));
            for name in ["examples", "loss", "accuracy", "mcc", "roc_auc"] {
                assert!(expected[name].is_number(), "{name} of {expected}");
                assert_close(&found[name], &expected[name], &format!("{} {split} {name}", run.display()));
            }
        }
    }
}

#[test]
fn predict_says_what_the_run_said_of_its_examples() {
    for (run, data) in [("runs/complete", "moods"), ("runs/staged", "verdicts")] {
        let run = fixtures().join(run);
        let input = fixtures().join(data).join("test.jsonl");
        let said = succeed(program(&["predict", "--model"], &run.join("model")).arg("--input").arg(input));
        let examples = json_lines(&run.join("examples.jsonl"));
        let expected: Vec<&Value> = examples.iter().filter(|row| row["split"] == "test").collect();
        let found: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert_eq!(found["text"], expected["text"]);
            let probabilities = found["probabilities"].as_object().unwrap().values();
            for (found, expected) in probabilities.zip(expected["probabilities"].as_array().unwrap()) {
                assert_close(found, expected, "a probability");
            }
        }
    }
}

/// The number as the report shows it.
fn shown(value: &Value) -> String {
    format!("{:.4}", value.as_f64().unwrap())
}

#[test]
fn reports_have_the_figures() {
    let place = tempfile::tempdir().unwrap();
    let golden = copied(place.path());
    for run in ["runs/complete", "runs/staged", "runs/interrupted"].map(|run| golden.join(run)) {
        let terminal = succeed(&mut program(&["report", "--terminal"], &run));
        let page = place.path().join("page.html");
        succeed(program(&["report", "--output"], &page).arg(&run));
        let page = fs::read_to_string(&page).unwrap();
        let is_evaluation = |line: &Value| line["event"] == "eval" && line["split"] == "validation";
        let last = log(&run).into_iter().rfind(is_evaluation).unwrap();
        assert!(page.contains(&shown(&last["loss"])), "{}: {}", run.display(), last["loss"]);
        // "validation loss: 1.09814 to 1.12500", with as many digits as its axis has.
        let drawn = terminal.lines().find_map(|line| line.strip_prefix("validation loss: ")).unwrap();
        let drawn: f64 = drawn.split(" to ").last().unwrap().parse().unwrap();
        assert!((drawn - last["loss"].as_f64().unwrap()).abs() < 1e-4, "{}: {terminal}", last["loss"]);
        if let Some(end) = end(&run) {
            assert!(page.contains(&shown(&end["best_metric"])), "{}", end["best_metric"]);
            assert!(page.contains(&shown(&evaluation(&run, "test")["loss"])), "{}", run.display());
        }
        for label in serde_json::from_str::<Value>(&fs::read_to_string(run.join("facts.json")).unwrap())
            .unwrap()["labels"]
            .as_array()
            .unwrap()
        {
            assert!(page.contains(label.as_str().unwrap()), "{label}");
        }
    }
    let sweep = golden.join("runs/sweep");
    let terminal = succeed(&mut program(&["report", "--terminal"], &sweep));
    succeed(&mut program(&["report"], &sweep));
    let page = fs::read_to_string(sweep.join("report.html")).unwrap();
    for point in table(&sweep)["points"].as_array().unwrap() {
        assert!(
            page.contains(&shown(&point["mean"])) && terminal.contains(&shown(&point["mean"])),
            "{terminal}"
        );
    }
    // One page of several runs.
    let both = place.path().join("both.html");
    succeed(
        program(&["report", "--output"], &both)
            .args(["runs/complete", "runs/staged"].map(|run| golden.join(run))),
    );
    assert!(fs::read_to_string(both).unwrap().contains("complete"));
}

/// The log up to the checkpoint stays. After it dropout draws other numbers than in the version that wrote
/// the run, so losses and metrics differ; the order of the examples, the schedule and the events are the
/// same.
#[test]
fn the_interrupted_run_goes_on_through_the_same_steps() {
    const DRAWN: [&str; 2] = ["loss", "grad_norm"];
    let place = tempfile::tempdir().unwrap();
    let golden = copied(place.path());
    let (complete, resumed) = (golden.join("runs/complete"), golden.join("runs/interrupted"));
    let newest = 37;
    succeed(&mut program(&["train", "--resume"], &resumed));
    let events = |run: &Path| log(run).into_iter().filter(|line| line["event"] != "end").collect::<Vec<_>>();
    let (found, expected) = (events(&resumed), events(&complete));
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        let is_before = expected["step"].as_u64().unwrap() <= newest && expected["split"] != "test";
        let is_step = expected["event"] == "train_step";
        for (name, expected) in expected.as_object().unwrap().iter().filter(|(name, _)| *name != "seconds") {
            let what = format!("{name} of {found}");
            if is_before || (is_step && !DRAWN.contains(&name.as_str())) || expected.as_f64().is_none() {
                assert_close(&found[name], expected, &what);
            } else {
                assert!(found[name].as_f64().is_some_and(f64::is_finite), "{what}");
            }
        }
    }
    let end = end(&resumed).unwrap();
    for name in ["step", "metric"] {
        assert_close(&end[name], &self::end(&complete).unwrap()[name], name);
    }
    succeed(&mut program(&["eval", "--model"], &resumed.join("model")));
}

fn table(sweep: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(sweep.join("sweep.json")).unwrap()).unwrap()
}

/// Every value of the expected table is in the other one.
fn assert_same_table(found: &Value, expected: &Value, place: &str) {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            for (key, expected) in expected.iter().filter(|(key, _)| *key != "seconds") {
                let found = found.get(key).unwrap_or_else(|| panic!("{place}.{key} is gone"));
                assert_same_table(found, expected, &format!("{place}.{key}"));
            }
        }
        (Value::Array(found), Value::Array(expected)) if found.len() == expected.len() => {
            for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
                assert_same_table(found, expected, &format!("{place}[{index}]"));
            }
        }
        (found, expected) => assert_close(found, expected, place),
    }
}

#[test]
fn the_complete_sweep_has_nothing_to_do_and_the_same_table() {
    let place = tempfile::tempdir().unwrap();
    let sweep = copied(place.path()).join("runs/sweep");
    let expected = table(&sweep);
    let output = program(&["sweep", "--json", "--resume"], &sweep).output().unwrap();
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("4 of 4 runs are complete"), "{said}");
    assert_same_table(&serde_json::from_slice(&output.stdout).unwrap(), &expected, "printed");
    assert_same_table(&table(&sweep), &expected, "sweep.json");
}

#[test]
fn a_run_that_a_sweep_lacks_is_trained_with_the_sweeps_settings() {
    let place = tempfile::tempdir().unwrap();
    let sweep = copied(place.path()).join("runs/sweep");
    let expected = table(&sweep);
    fs::remove_dir_all(sweep.join("runs/point-02-seed-8")).unwrap();
    // The sweep's relative paths start from the folder in which it was begun, wherever it is resumed.
    let output = program(&["sweep", "--resume"], &sweep).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("relative path of an older version"), "{}", stderr(&output));
    // Dropout draws other numbers than in the version that wrote the sweep, so the new run's results differ.
    let runs = |table: &Value| -> Vec<Value> {
        let points = table["points"].as_array().unwrap().iter();
        let mut runs: Vec<Value> =
            points.flat_map(|point| point["runs"].as_array().unwrap().clone()).collect();
        runs.sort_by_key(|run| run["run"].to_string());
        runs
    };
    let (found, before) = (runs(&table(&sweep)), runs(&expected));
    assert_eq!(found.len(), before.len());
    for (found, before) in found.iter().zip(&before) {
        if before["run"] == "runs/point-02-seed-8" {
            let found = [&found["run"], &found["seed"], &found["status"]];
            assert_eq!(found, [&before["run"], &before["seed"], &before["status"]]);
        } else {
            assert_same_table(found, before, "a run of sweep.json");
        }
    }
    let run = sweep.join("runs/point-02-seed-8");
    succeed(&mut program(&["eval", "--model"], &run.join("model")));
}

/// The run was killed after `model/` was written and before the log had its `end`.
#[test]
fn a_run_killed_before_its_log_ended_is_ended() {
    let place = tempfile::tempdir().unwrap();
    let run = copied(place.path()).join("runs/complete");
    let (whole, kept) = (log(&run), weights(&run));
    let lines = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let cut = lines.trim_end().rfind('\n').unwrap() + 1;
    assert!(lines[cut..].contains("\"end\""), "{}", &lines[cut..]);
    fs::write(run.join("metrics.jsonl"), &lines[..cut]).unwrap();
    succeed(&mut program(&["report", "--terminal"], &run));
    succeed(&mut program(&["train", "--resume"], &run));
    assert!(weights(&run) == kept, "the weights changed");
    let found = log(&run);
    assert_eq!(found.len(), whole.len());
    let (found, expected) = (found.last().unwrap(), whole.last().unwrap());
    for name in ["event", "step", "epoch", "metric", "best_step", "best_metric"] {
        assert_eq!(found[name], expected[name], "{name}");
    }
    let said = fail(&mut program(&["train", "--resume"], &run));
    assert!(said.contains("complete"), "{said}");
}

/// Adds a key to an object, or to each object of a JSON Lines file.
fn add_key(path: &Path) {
    let text = fs::read_to_string(path).unwrap();
    let added = if path.extension().is_some_and(|end| end == "jsonl") {
        text.lines().map(|line| line.replacen('{', "{\"of_a_later_version\":[1],", 1) + "\n").collect()
    } else {
        text.replacen('{', "{\"of_a_later_version\": {\"a\": 1},", 1)
    };
    fs::write(path, added).unwrap();
}

/// The additions that `docs/compatibility.md` allows a later version.
#[test]
fn what_a_later_version_adds_is_ignored() {
    let place = tempfile::tempdir().unwrap();
    let golden = copied(place.path());
    let sweep = golden.join("runs/sweep");
    let (complete, interrupted) = (golden.join("runs/complete"), golden.join("runs/interrupted"));
    let point = sweep.join("runs/point-01-seed-7");
    for run in [&complete, &interrupted, &point] {
        for name in ["facts.json", "metrics.jsonl", "examples.jsonl"] {
            if run.join(name).exists() {
                add_key(&run.join(name));
            }
        }
        let log = run.join("metrics.jsonl");
        let text = fs::read_to_string(&log).unwrap();
        let (first, rest) = text.split_once('\n').unwrap();
        let unknown = "{\"event\":\"of_a_later_version\",\"step\":1,\"what\":[]}";
        fs::write(&log, format!("{first}\n{unknown}\n{rest}")).unwrap();
        fs::create_dir(run.join("later")).unwrap();
        fs::write(run.join("later.json"), "{}").unwrap();
    }
    add_key(&sweep.join("sweep.json"));
    for checkpoint in fs::read_dir(interrupted.join("checkpoints")).unwrap() {
        let state = checkpoint.unwrap().path().join("state.json");
        if state.exists() {
            add_key(&state);
        }
    }
    for folder in [&complete, &interrupted, &sweep] {
        let output = program(&["report"], folder).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(stderr(&output), "", "{}", folder.display());
    }
    succeed(&mut program(&["eval", "--model"], &complete.join("model")));
    let said = program(&["train", "--resume"], &interrupted).output().unwrap();
    assert!(said.status.success(), "{}", stderr(&said));
    let output = program(&["sweep", "--resume"], &sweep).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("4 of 4 runs are complete"), "{}", stderr(&output));

    // A setting of a later version is refused: a run without it would be another run.
    let config = complete.join("config.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("of_a_later_version = 1\n{text}")).unwrap();
    let said = fail(&mut program(&["eval", "--model"], &complete.join("model")));
    assert!(said.contains("of_a_later_version"), "{said}");
}

#[test]
fn a_newer_format_is_refused_with_what_to_do() {
    let place = tempfile::tempdir().unwrap();
    let golden = copied(place.path());
    let (run, sweep) = (golden.join("runs/complete"), golden.join("runs/sweep"));
    for file in [run.join("facts.json"), sweep.join("sweep.json")] {
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replacen('{', "{\"format\": 99,", 1)).unwrap();
        let name = file.file_name().unwrap().to_str().unwrap();
        for form in [&["report"][..], &["report", "--terminal"]] {
            let said = fail(&mut program(form, file.parent().unwrap()));
            assert!(said.contains(name) && said.contains("format 99"), "{said}");
            assert!(said.contains("none above 2") && said.contains("newer version"), "{said}");
        }
    }
}
