//! Numbers beyond their range, settings that contradict each other, and a record of the settings that ran.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use embert_tests::program::{bert_train, fail, root, small_run, stderr, succeed};

use crate::predict::{model, names};

const MOST: &str = "9223372036854775807";

/// Settings that are whole numbers, each with values that it refuses beside [`NO_WHOLE`]; `seed` and
/// `data.split_seed` may be as large as TOML's numbers. A test of `embert-train` compares these keys and
/// those of [`FRACTIONS`] with the keys that have a range.
const WHOLE: [(&str, &[&str]); 23] = [
    ("seed", &["-1"]),
    ("epochs", &["0", "-1", MOST, "100001"]),
    ("batch_size", &["0", "-1", MOST, "65537"]),
    ("eval_batch_size", &["0", "-1", MOST]),
    ("gradient_accumulation_steps", &["0", "-1", MOST, "2000000"]),
    ("effective_batch_size", &["0", "-1", MOST, "33554432"]),
    ("shards", &["0", "-1", MOST, "3", "1025"]),
    ("unfreeze_every", &["0", "-1", MOST]),
    ("cache_memory", &["0", "-1", MOST]),
    ("reinit_layers", &["-1", MOST, "3"]),
    ("evaluate_every", &["0", "-1", MOST]),
    ("save_every", &["0", "-1", MOST]),
    ("keep_checkpoints", &["0", "-1", MOST]),
    ("data.max_length", &["0", "-1", "2", MOST, "129"]),
    ("data.stride", &["-1", MOST, "62"]),
    ("data.train_stride", &["-1", MOST, "62"]),
    ("data.max_windows", &["0", "-1", "1", MOST, "4097"]),
    ("data.batch_tokens", &["0", "-1", MOST]),
    ("data.train_samples", &["0", "-1", MOST]),
    ("data.eval_samples", &["0", "-1", MOST]),
    ("data.split_seed", &["-1"]),
    ("optimizer.warmup_steps", &["-1", MOST]),
    ("early_stopping.patience", &["0", "-1", MOST]),
];

/// Values that no setting of a whole number accepts.
const NO_WHOLE: [&str; 7] = ["nan", "inf", "-inf", "0.5", "1e3", "18446744073709551615", "many"];

/// Settings that are fractions.
const FRACTIONS: [&str; 13] = [
    "max_grad_norm",
    "label_smoothing",
    "optimizer.learning_rate",
    "optimizer.head_learning_rate",
    "optimizer.layerwise_lr_decay",
    "optimizer.weight_decay",
    "optimizer.epsilon",
    "optimizer.warmup_ratio",
    "optimizer.power",
    "dropout.hidden",
    "dropout.attention",
    "dropout.classifier",
    "early_stopping.min_delta",
];

fn train(run: &Path) -> Command {
    let mut command = bert_train();
    command.args(["train", "--config", "configs/sample.toml", "--output"]).arg(run);
    command
}

/// Runs `train` with these settings. The run must fail with `expected` and leave nothing.
#[track_caller]
fn refuses(run: &Path, settings: &[&str], expected: &str) {
    let said = fail(train(run).args(settings.iter().flat_map(|setting| ["--set", setting])));
    assert!(said.contains(expected), "{settings:?}: \"{expected}\" is not said:\n{said}");
    assert!(!run.exists(), "{settings:?} left {}", run.display());
}

#[test]
fn each_number_beyond_its_range_is_refused_by_its_key() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    for (key, values) in WHOLE {
        for value in values.iter().chain(&NO_WHOLE) {
            refuses(&run, &[&format!("{key}={value}")], key.rsplit('.').next().unwrap());
        }
    }
    for key in FRACTIONS {
        for value in ["nan", "inf", "-inf", "-1.0", "1e300", "many"] {
            refuses(&run, &[&format!("{key}={value}")], &format!("{key} = "));
        }
    }
    for (setting, key) in [
        ("optimizer.betas=[0.9, nan]", "optimizer.betas = [0.9, NaN]"),
        ("optimizer.betas=[0.9, 0.99999999999]", "optimizer.betas"),
        ("class_weights=[1e-300, 1e-300]", "class_weights = [1e-300, 1e-300]"),
        ("class_weights=[1e300, 1]", "class_weights"),
        ("data.truncation=head_tail:18446744073709551615", "data.truncation"),
        ("data.split_ratios=[nan, nan, nan]", "data.split_ratios"),
        ("dropout.hidden=0.99999999999", "dropout.hidden"),
        ("stages=[{ from_epoch = 9223372036854775807 }]", "stages = from_epoch 9223372036854775807"),
        ("stages=[{ from_step = 9223372036854775807 }]", "stages = from_step 9223372036854775807"),
        ("stages=[{ from_step = 99999999 }]", "a step after 1"),
        ("stages=[{ from_step = 3, learning_rate = nan }]", "stages = learning_rate NaN"),
    ] {
        refuses(&run, &[setting], key);
    }
}

/// 1200 steps of one example in an epoch: 100,000 epochs are allowed, the product is not.
#[test]
fn products_of_numbers_have_limits_too() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    fs::create_dir(dir.path().join("data")).unwrap();
    let row = |n: usize| format!("{{\"text\": \"text {n}\", \"label\": \"{}\"}}\n", n % 2);
    let rows: String = (0..1200).map(row).collect();
    fs::write(dir.path().join("data/train.jsonl"), rows).unwrap();
    let dataset = format!("dataset={}", dir.path().join("data").display());
    refuses(
        &run,
        &[&dataset, "batch_size=1", "epochs=100000", "evaluate_test=false"],
        "epochs = 100000 with 1200 steps in each: expected at most 83333 epochs",
    );
    refuses(
        &run,
        &["batch_size=65536", "gradient_accumulation_steps=1024"],
        "gradient_accumulation_steps = 1024 with batch_size = 65536",
    );
}

#[test]
fn settings_that_contradict_each_other_are_refused_by_both_names() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let said = fail(train(&run).args(["--epochs", "1", "--set", "epochs=3"]));
    assert!(said.contains("--set epochs=3 and --epochs 1 set epochs to different values"), "{said}");
    // A value that another one overrides is read too.
    let said = fail(train(&run).args(["--epochs", "1", "--set", "epochs=nan"]));
    assert!(said.contains("epochs = nan: expected a whole number from 1 to 100000"), "{said}");
    let said = fail(train(&run).args(["--set", "seed=1", "--set", "seed=2"]));
    assert!(said.contains("--set seed=1 and --set seed=2"), "{said}");

    let sweep = |arguments: &[&str]| {
        let mut command = bert_train();
        command.args(["sweep", "--config", "configs/sample.toml", "--output"]).arg(&run);
        fail(command.args(arguments))
    };
    let said = sweep(&["--grid", "epochs=1,2", "--grid", "epochs=3,4"]);
    assert!(said.contains("--grid epochs=1,2 and --grid epochs=3,4 both sweep epochs"), "{said}");
    let said = sweep(&["--grid", "epochs=1,2", "--set", "epochs=3"]);
    assert!(said.contains("epochs is swept"), "{said}");
    let said = sweep(&["--grid", "freeze=none,all_but_head", "--set", "epochs=3", "--epochs", "2"]);
    assert!(said.contains("--set epochs=3 and --epochs 2"), "{said}");
    for wrong in [
        &["--seeds", "99999999999"][..],
        &["--seeds", "3", "--seed", MOST],
        &["--grid", "epochs=1,9223372036854775807"],
        &["--random", "epochs=1..9223372036854775807", "--samples", "3"],
        &["--random", "optimizer.learning_rate=1e-5..inf", "--samples", "2"],
        &["--random", "optimizer.learning_rate=1e-5..1e-3", "--samples", "18446744073709551615"],
    ] {
        sweep(wrong);
        assert!(!run.exists(), "{wrong:?}");
    }
}

/// A copy of the shared model, in no run folder.
fn copy_of_model(dir: &Path) -> PathBuf {
    let copy = dir.join("copy");
    fs::create_dir(&copy).unwrap();
    for name in names(&model()) {
        fs::copy(model().join(&name), copy.join(&name)).unwrap();
    }
    copy
}

#[test]
fn a_length_beyond_the_models_positions_is_refused_before_the_data_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let expected = "data.max_length = 1000: expected at most 128, the model's max_position_embeddings";
    let eval = |model: &Path, arguments: &[&str]| {
        let mut command = bert_train();
        command.args(["eval", "--dataset", "sample", "--split", "test", "--model"]).arg(model);
        command.args(arguments);
        command
    };
    let copy = copy_of_model(dir.path());
    for model in [&copy, &model()] {
        let said = fail(&mut eval(model, &["--max-length", "1000"]));
        assert!(said.contains(expected) && !said.contains("data set sample"), "{said}");
    }
    // The length may also be the run's own setting.
    let run = dir.path().join("run");
    fs::create_dir(&run).unwrap();
    fs::write(run.join("config.toml"), "[data]\nmax_length = 1000\n").unwrap();
    fs::rename(&copy, run.join("model")).unwrap();
    let said = fail(&mut eval(&run.join("model"), &[]));
    assert!(said.contains(expected), "{said}");
    // The tokenizer's length is cut to the model's.
    fs::remove_file(run.join("config.toml")).unwrap();
    let settings = run.join("model/tokenizer_config.json");
    let text = fs::read_to_string(&settings).unwrap();
    let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
    json["model_max_length"] = 1000.into();
    fs::write(&settings, json.to_string()).unwrap();
    succeed(&mut eval(&run.join("model"), &[]));
}

#[test]
fn the_card_has_the_seed_that_cut_the_splits() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    succeed(small_run(&run, 3).args([
        "--epochs",
        "1",
        "--split-ratios",
        "0.7/0.3/0",
        "--set",
        "data.split_seed=77",
    ]));
    let card = fs::read_to_string(run.join("model/README.md")).unwrap();
    assert!(card.contains("shares 0.7/0.3/0, seed 77.") && card.contains("at most, seed 3."), "{card}");
}

/// A run that is begun with relative paths in one folder finds its files from another folder, which has other
/// files of those names.
#[test]
fn a_run_finds_its_files_from_every_folder() {
    let dir = tempfile::tempdir().unwrap();
    let [here, there] = ["here", "there"].map(|name| dir.path().join(name));
    let sample = fs::read_to_string(root().join("datasets/sample/train.jsonl")).unwrap();
    for (folder, rows) in [(&here, 60), (&there, 20)] {
        fs::create_dir_all(folder.join("bert")).unwrap();
        for name in names(&root().join("datasets/sample/bert")) {
            fs::copy(root().join("datasets/sample/bert").join(&name), folder.join("bert").join(&name))
                .unwrap();
        }
        let part: String = sample.split_inclusive('\n').take(rows).collect();
        fs::write(folder.join("reviews.jsonl"), part).unwrap();
    }
    let mut command = bert_train();
    command.current_dir(&here).args(["train", "--model", "./bert", "--set", "from_scratch=true"]);
    succeed(command.args([
        "--dataset",
        "reviews.jsonl",
        "--epochs",
        "1",
        "--max-length",
        "32",
        "--output",
        "run",
    ]));
    let config = fs::read_to_string(here.join("run/config.toml")).unwrap();
    let here_as_text = here.to_str().unwrap();
    for line in [
        format!("model = \"{here_as_text}/./bert\""),
        format!("dataset = \"{here_as_text}/reviews.jsonl\""),
        format!("output = \"{here_as_text}/run\""),
    ] {
        assert!(config.contains(&line.replace("/./", "/")) || config.contains(&line), "{line}:\n{config}");
    }
    let eval = |folder: &Path, model: &str| {
        let mut command = bert_train();
        command.current_dir(folder).args(["eval", "--split", "train", "--json", "--model", model]);
        command
    };
    let output = eval(&there, "../here/run/model").output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["examples"], 60);
    assert!(stderr(&output).contains(here.join("reviews.jsonl").to_str().unwrap()), "{}", stderr(&output));

    // A run of an older version has relative paths, which start from the folder in which it was begun.
    let settings = here.join("run/config.toml");
    let old = config.replace(&format!("{here_as_text}/"), "");
    assert!(old.contains("dataset = \"reviews.jsonl\"") && old.contains("output = \"run\""), "{old}");
    fs::write(&settings, old).unwrap();
    let output = eval(&there, "../here/run/model").output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["examples"], 60);
    assert!(stderr(&output).contains("relative path of an older version"), "{}", stderr(&output));

    // Where the file is gone, the file of that name in the current folder is not taken.
    fs::rename(here.join("reviews.jsonl"), here.join("kept.jsonl")).unwrap();
    let said = fail(&mut eval(&there, "../here/run/model"));
    assert!(said.contains("dataset = \"reviews.jsonl\"") && said.contains("whole path"), "{said}");
    fs::write(&settings, &config).unwrap();
    let said = fail(&mut eval(&there, "../here/run/model"));
    assert!(said.contains("reviews.jsonl does not exist") && said.contains("config.toml"), "{said}");
    // Named by the user, the other file is taken.
    succeed(eval(&there, "../here/run/model").args(["--dataset", "reviews.jsonl"]));
}
