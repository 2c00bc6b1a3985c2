//! Sweeps: from the command line and from files, stopped and killed, with runs that fail.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use embert_tests::program::{bert_train, fail, json_lines, stderr, succeed};
use serde_json::{Value, json};

/// A sweep over the sample: eight steps a run.
fn small_sweep(output: &Path) -> Command {
    let mut command = bert_train();
    command
        .args([
            "sweep",
            "--train-samples",
            "32",
            "--eval-samples",
            "32",
            "--batch-size",
            "8",
            "--epochs",
            "2",
        ])
        .args(["--set", "evaluate_test=false", "--save-every", "3", "--output"])
        .arg(output);
    command
}

/// A small sweep of four runs: two points with two seeds.
pub(crate) fn four_runs(output: &Path) -> Command {
    let mut command = small_sweep(output);
    command.args(["--grid", "freeze=none,encoder_below:1", "--seeds", "2"]);
    command
}

pub(crate) fn table(sweep: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(sweep.join("sweep.json")).unwrap()).unwrap()
}

/// The table without its name and times, which differ between sweeps.
pub(crate) fn timeless(sweep: &Path) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.remove("seconds");
                fields.values_mut().for_each(strip);
            }
            Value::Array(values) => values.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut table = table(sweep);
    table["name"].take();
    strip(&mut table);
    table
}

fn runs(table: &Value) -> Vec<&Value> {
    let points = table["points"].as_array().unwrap();
    points.iter().flat_map(|point| point["runs"].as_array().unwrap()).collect()
}

fn steps(sweep: &Path) -> usize {
    let Ok(runs) = fs::read_dir(sweep.join("runs")) else { return 0 };
    let log = |run: fs::DirEntry| fs::read_to_string(run.path().join("metrics.jsonl")).unwrap_or_default();
    runs.map(|run| log(run.unwrap()).matches("\"train_step\"").count()).sum()
}

/// Waits until `wanted` steps are logged in all runs together; `false` where the sweep has ended before.
fn wait_for_steps(sweep: &Path, wanted: usize, child: &mut Child) -> bool {
    let began = Instant::now();
    while steps(sweep) < wanted {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(began.elapsed() < Duration::from_mins(2), "no {wanted} steps within two minutes");
        sleep(Duration::from_millis(1));
    }
    true
}

fn resume(sweep: &Path) -> Command {
    let mut command = bert_train();
    command.args(["sweep", "--resume"]).arg(sweep);
    command
}

fn same_result(one: &Path, other: &Path) {
    assert_eq!(timeless(one), timeless(other));
    let table = table(one);
    for run in runs(&table) {
        let weights = |sweep: &Path| {
            fs::read(sweep.join(run["run"].as_str().unwrap()).join("model/model.safetensors")).unwrap()
        };
        assert!(weights(one) == weights(other), "{run}");
    }
}

#[test]
fn a_grid_from_the_command_line() {
    let dir = tempfile::tempdir().unwrap();
    let sweep = dir.path().join("sweep");
    let said = small_sweep(&sweep)
        .args([
            "--grid",
            "freeze=none,all_but_head",
            "--grid",
            "optimizer.learning_rate=1e-4,2e-3",
            "--seeds",
            "3",
        ])
        .output()
        .unwrap();
    let printed = String::from_utf8(said.stdout.clone()).unwrap();
    assert!(said.status.success(), "{}", stderr(&said));
    // One load and one tokenization: the data set is mentioned when it is loaded.
    assert_eq!(stderr(&said).matches("data set sample").count(), 1);
    assert!(stderr(&said).contains("run 12 of 12: freeze = \"all_but_head\""), "{}", stderr(&said));

    let table = table(&sweep);
    assert_eq!(table["keys"], json!(["freeze", "optimizer.learning_rate"]));
    assert_eq!((&table["seeds"], &table["metric"]), (&json!([0, 1, 2]), &json!("accuracy")));
    assert_eq!((&table["better"], &table["split"]), (&json!("higher"), &json!("validation")));
    let points = table["points"].as_array().unwrap();
    assert_eq!(points.len(), 4);
    let mut last = f64::MAX;
    for point in points {
        let values: Vec<f64> = runs(&json!({"points": [point]}))
            .iter()
            .map(|run| {
                let folder = sweep.join(run["run"].as_str().unwrap());
                // The run's own figures, at the step whose weights it kept.
                let events = json_lines(&folder.join("metrics.jsonl"));
                let end = events.iter().find(|event| event["event"] == "end").unwrap();
                let kept = |event: &&Value| event["event"] == "eval" && event["step"] == end["best_step"];
                let eval = events.iter().find(kept).unwrap();
                assert_eq!((&run["value"], &run["step"]), (&end["best_metric"], &end["best_step"]));
                for figure in ["loss", "accuracy", "precision", "recall", "f1", "mcc", "roc_auc"] {
                    assert_eq!(run["metrics"][figure], eval[figure], "{figure}");
                }
                assert!(!folder.join("checkpoints").exists(), "checkpoints are left");
                assert!(folder.join("report.html").is_file());
                run["value"].as_f64().unwrap()
            })
            .collect();
        assert_eq!(values.len(), 3);
        let mean = values.iter().sum::<f64>() / 3.0;
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        // The sums may be taken in another order: some units in the last place.
        assert!((point["mean"].as_f64().unwrap() - mean).abs() < 1e-12);
        assert!((point["standard_deviation"].as_f64().unwrap() - (squares / 2.0).sqrt()).abs() < 1e-12);
        assert!(mean <= last, "not sorted");
        last = mean;
        let head_only = point["settings"]["freeze"] == "all_but_head";
        assert_eq!(point["trainable"] == 258, head_only, "{point}");
    }
    let csv = fs::read_to_string(sweep.join("sweep.csv")).unwrap();
    let first = points[0]["point"].as_str().unwrap();
    assert_eq!(csv.lines().count(), 5);
    assert!(csv.starts_with("point,freeze,optimizer.learning_rate,metric,mean,standard_deviation,"), "{csv}");
    assert!(csv.lines().nth(1).unwrap().starts_with(first), "{csv}");
    assert!(printed.contains('±') && printed.find(first) < printed.find("sweep.csv"), "{printed}");

    // All seeds train on the same examples, in another order.
    let config = |run: &str| fs::read_to_string(sweep.join("runs").join(run).join("config.toml")).unwrap();
    assert!(config("point-01-seed-2").contains("split_seed = 0"));
    let ids = |run: &str| -> Vec<Value> {
        let lines = json_lines(&sweep.join("runs").join(run).join("examples.jsonl"));
        lines.into_iter().map(|line| line["id"].clone()).collect()
    };
    assert_eq!(ids("point-01-seed-0"), ids("point-02-seed-2"));
}

#[test]
fn a_file_with_a_list_of_pairs() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("rates.toml");
    let sample = fs::read_to_string(embert_tests::program::root().join("configs/sample.toml")).unwrap();
    let pairs = r#"
        [sweep]
        keep_checkpoints = true
        [[sweep.points]]
        optimizer = { learning_rate = 1e-5, head_learning_rate = 1e-4 }
        [[sweep.points]]
        "optimizer.learning_rate" = 5e-4
    "#;
    fs::write(&file, format!("{sample}\n{pairs}")).unwrap();
    let sweep = dir.path().join("sweep");
    let said = succeed(small_sweep(&sweep).arg("--json").arg("--config").arg(&file));
    let printed: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(printed, table(&sweep));
    let of = |point: &str| {
        let points = printed["points"].as_array().unwrap();
        points.iter().find(|found| found["point"] == point).unwrap()["settings"].clone()
    };
    let (base, head) = ("optimizer.learning_rate", "optimizer.head_learning_rate");
    assert_eq!(of("point-01"), json!({base: 1e-5, head: 1e-4}));
    assert_eq!(of("point-02"), json!({base: 5e-4, head: null}));
    assert!(sweep.join("runs/point-01-seed-0/checkpoints").is_dir(), "asked for, and gone");

    // `train` refuses the file of a sweep.
    let said = fail(bert_train().args(["train", "--config"]).arg(&file));
    assert!(said.contains("bert-train sweep"), "{said}");
}

#[test]
fn draws_are_the_same_again_and_are_written_down() {
    let dir = tempfile::tempdir().unwrap();
    let points = |name: &str, seed: &str| {
        let sweep = dir.path().join(name);
        succeed(
            small_sweep(&sweep)
                .args(["--epochs", "1", "--samples", "2", "--seed", seed])
                .args(["--random", "optimizer.learning_rate=1e-6..1e-3"]),
        );
        let definition: String = fs::read_to_string(sweep.join("sweep.toml")).unwrap();
        let (_, points) = definition.split_once("[[sweep.points]]").unwrap();
        (points.to_owned(), timeless(&sweep))
    };
    let first = points("a", "1");
    assert_eq!(first, points("b", "1"));
    assert_ne!(first.0, points("c", "2").0);
    // The written definition can be run as a sweep.
    let again = dir.path().join("again");
    let file = dir.path().join("a/sweep.toml");
    succeed(bert_train().args(["sweep", "--config"]).arg(file).arg("--output").arg(&again));
    assert_eq!(first.1, timeless(&again));
}

#[test]
fn a_run_that_fails_is_recorded_and_the_others_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let sweep = dir.path().join("sweep");
    // A freeze of more layers than the model has; and a rate with which nothing stays finite.
    let output = small_sweep(&sweep)
        .args(["--grid", "freeze=encoder_below:9,none", "--grid", "optimizer.learning_rate=1e-4,1e30"])
        .args(["--set", "optimizer.warmup_ratio=0", "--set", "max_grad_norm=0"])
        .output()
        .unwrap();
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("runs/point-01-seed-0 failed") && said.contains("2 encoder layers"), "{said}");
    let table = table(&sweep);
    let points = table["points"].as_array().unwrap();
    assert_eq!(points[0]["point"], "point-03");
    assert_eq!(
        (&points[0]["runs"][0]["status"], &points[0]["runs"][0]["error"]),
        (&json!("complete"), &Value::Null)
    );
    for point in &points[1..] {
        let run = &point["runs"][0];
        assert_eq!(
            (&run["status"], &run["value"], &point["mean"]),
            (&json!("failed"), &Value::Null, &Value::Null)
        );
    }
    let diverged = points.iter().find(|point| point["point"] == "point-04").unwrap();
    let error = diverged["runs"][0]["error"].as_str().unwrap();
    assert!(error.contains("try a lower learning rate"), "{error}");
    assert!(!sweep.join("runs/point-04-seed-0/checkpoints").exists());

    // Failed runs are tried again, and fail again; complete runs stay.
    let output = resume(&sweep).output().unwrap();
    let said = stderr(&output);
    assert!(output.status.success() && said.contains("1 of 4 runs are complete"), "{said}");
    assert!(!said.contains("run 3 of 4"), "{said}");
    assert_eq!(runs(&self::table(&sweep)), runs(&table));

    let none = dir.path().join("none");
    let said = fail(small_sweep(&none).args(["--freeze", "encoder_below:9", "--seeds", "2"]));
    assert!(said.contains("all 2 runs") && said.contains("2 encoder layers"), "{said}");
    assert!(none.join("sweep.json").is_file());
}

#[test]
fn killed_at_any_time_it_ends_with_the_same_table() {
    let dir = tempfile::tempdir().unwrap();
    let whole = dir.path().join("whole");
    succeed(&mut four_runs(&whole));

    let killed = dir.path().join("killed");
    let mut command = four_runs(&killed);
    let mut kills = 0;
    // Kills: in the first run before and after its checkpoint, as it ends, in the next runs, and as the last
    // one ends.
    for wanted in [1, 5, 8, 13, 16, 17, 27, 32] {
        let mut child = command.stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        if wait_for_steps(&killed, wanted, &mut child) {
            child.kill().unwrap();
            kills += 1;
        }
        child.wait().unwrap();
        // A sweep that doesn't exist yet can't go on; the first kill comes after it was created.
        command = resume(&killed);
    }
    assert!(kills >= 6, "killed only {kills} times");
    succeed(&mut resume(&killed));
    same_result(&whole, &killed);
    assert_eq!(fs::read(whole.join("sweep.toml")).unwrap(), fs::read(killed.join("sweep.toml")).unwrap());
}

/// States that a kill can leave and that a test doesn't meet by chance.
#[test]
fn half_done_folders_are_done_again() {
    let dir = tempfile::tempdir().unwrap();
    let whole = dir.path().join("whole");
    succeed(four_runs(&whole).args(["--keep-checkpoints", "2"]));
    let copy = dir.path().join("copy");
    succeed(four_runs(&copy).args(["--keep-checkpoints", "2"]));
    // The result is written and the log does not say so yet.
    let log = copy.join("runs/point-01-seed-1/metrics.jsonl");
    let text = fs::read_to_string(&log).unwrap();
    fs::write(
        &log,
        text.lines()
            .filter(|line| !line.contains("\"end\""))
            .flat_map(|line| [line, "\n"])
            .collect::<String>(),
    )
    .unwrap();
    // The folder exists and the settings do not.
    let run = copy.join("runs/point-02-seed-0");
    fs::remove_dir_all(&run).unwrap();
    fs::create_dir_all(run.join("checkpoints")).unwrap();
    // The table is older than the runs.
    fs::remove_file(copy.join("sweep.json")).unwrap();
    let output = resume(&copy).output().unwrap();
    assert!(
        output.status.success() && stderr(&output).contains("2 of 4 runs are complete"),
        "{}",
        stderr(&output)
    );
    same_result(&whole, &copy);
    assert!(stderr(&output).contains("goes on after step 8"), "{}", stderr(&output));
}

#[test]
fn ctrl_c_saves_and_the_sweep_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let whole = dir.path().join("whole");
    succeed(&mut four_runs(&whole));
    let stopped = dir.path().join("stopped");
    let mut child = four_runs(&stopped).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    assert!(wait_for_steps(&stopped, 10, &mut child), "it ended by itself");
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let output = child.wait_with_output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("sweep --resume"), "{said}");
    let half = table(&stopped);
    assert!(runs(&half).iter().any(|run| run["status"] == "missing"), "{half}");
    let refused = fail(&mut four_runs(&stopped));
    assert!(refused.contains("sweep --resume"), "{refused}");
    succeed(&mut resume(&stopped));
    same_result(&whole, &stopped);
}

#[test]
fn what_is_wrong_is_said_before_anything_runs() {
    let dir = tempfile::tempdir().unwrap();
    let sweep = dir.path().join("sweep");
    for (arguments, parts) in [
        (&["--grid", "optimizer.learning_rat=1,2"][..], &["\"optimizer.learning_rate\""][..]),
        (&["--grid", "seed=1,2"], &["--seeds"]),
        (&["--grid", "early_stopping.patience=1,0"], &["point-02", "from 1 to"]),
        (&["--grid", "label_smoothing=0.1,high"], &["point-02 (label_smoothing = \"high\")"]),
        (&[], &["nothing to sweep"]),
        (
            &["--grid", "model=datasets/sample/bert,datasets/sample/brt", "--dataset", "sample"],
            &["datasets/sample/brt"],
        ),
        (
            &["--grid", "metric=loss,accuracy", "--dataset", "no-such", "--model", "datasets/sample/bert"],
            &["no-such"],
        ),
        (&["--grid", "keep=best,last", "--max-length", "4000"], &["max_position_embeddings"]),
        (&["--grid", "keep=best,last", "--keep", "last"], &["keep is swept"]),
    ] {
        let mut command = bert_train();
        command.env("HF_HUB_OFFLINE", "1").env("HF_HOME", dir.path().join("hf"));
        let said = fail(command.arg("sweep").args(arguments).arg("--output").arg(&sweep));
        for part in parts {
            assert!(said.contains(part), "{arguments:?}: \"{part}\" is not said:\n{said}");
        }
        assert!(!sweep.exists(), "{arguments:?} left something");
    }
    let said = fail(&mut resume(&sweep));
    assert!(said.contains("sweep.toml"), "{said}");
}

#[test]
fn a_folder_with_something_in_it_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let sweep = dir.path().join("sweep");
    let two = |output: &Path| {
        let mut command = small_sweep(output);
        command.args(["--epochs", "1", "--seeds", "2"]);
        command
    };
    fs::create_dir(&sweep).unwrap();
    fs::write(sweep.join("thesis.doc"), "mine").unwrap();
    for more in [None, Some("--overwrite")] {
        let said = fail(two(&sweep).args(more));
        assert!(said.contains("choose another output"), "{said}");
    }
    fs::remove_file(sweep.join("thesis.doc")).unwrap();
    succeed(&mut two(&sweep));
    let before = table(&sweep);
    let said = fail(&mut two(&sweep));
    assert!(said.contains("finished sweep"), "{said}");
    fs::write(sweep.join("runs/notes.txt"), "mine").unwrap();
    // The old sweep stays until the new settings are known to be valid.
    fail(two(&sweep).args(["--overwrite", "--max-length", "4000"]));
    assert_eq!(table(&sweep), before);
    succeed(two(&sweep).args(["--overwrite", "--seed", "5"]));
    assert_eq!(table(&sweep)["seeds"], json!([5, 6]));
    assert!(!sweep.join("runs/point-01-seed-0").exists() && sweep.join("runs/notes.txt").is_file());

    // A run whose settings were changed is not passed off as the sweep's.
    let run = sweep.join("runs/point-01-seed-6");
    fs::remove_dir_all(run.join("model")).unwrap();
    let config = fs::read_to_string(run.join("config.toml")).unwrap();
    fs::write(run.join("config.toml"), config.replace("epochs = 1", "epochs = 3")).unwrap();
    let output = resume(&sweep).output().unwrap();
    assert!(stderr(&output).contains("and sweep.toml have different settings"), "{}", stderr(&output));
}
