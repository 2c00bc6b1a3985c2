//! Masked words: a user's way from texts with or without labels to a model of masked words, and from there to a
//! classifier.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use embert_tests::program::{assert_says, bert_train, fail, said, succeed};
use serde_json::{Value, json};

use crate::resume::{resume, same_result, wait_for_step};
use crate::tasks::{json, lines, on_model};

const NAMES: [&str; 4] = ["Okafor", "Lindqvist", "Sharma", "Tanaka"];
const SAYINGS: [&str; 5] =
    ["a warm meal", "the late train was dull", "a sad song", "it was lovely", "not good"];

/// Reviews with a label, of which masked words have no need.
fn write(folder: &Path) -> PathBuf {
    let folder = folder.join("reviews");
    fs::create_dir(&folder).unwrap();
    for (split, first, count) in [("train", 0, 64), ("validation", 64, 16), ("test", 80, 24)] {
        let row = |n: usize| {
            let text = format!("Ms {} : {} . {}", NAMES[n * 7 % 4], SAYINGS[n % 5], SAYINGS[n * n % 5]);
            json!({"text": text, "label": (["neg", "pos"][n % 2])}).to_string() + "\n"
        };
        let rows: String = (first..first + count).map(row).collect();
        fs::write(folder.join(format!("{split}.jsonl")), rows).unwrap();
    }
    folder
}

fn train(data: &Path, output: &Path) -> Command {
    let mut train = bert_train();
    train.args([
        "train",
        "--model",
        "datasets/sample/bert",
        "--set",
        "from_scratch=true",
        "--max-length",
        "32",
    ]);
    train.args(["--batch-size", "4", "--learning-rate", "1e-3", "--task", "fill-mask", "--dataset"]);
    train.arg(data).arg("--output").arg(output);
    train
}

/// A folder with the data set and a run, which all tests share.
static TRAINED: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let data = write(dir.path());
    let output = dir.path().join("run");
    let mut train = train(&data, &output);
    let told =
        said(train.args(["--epochs", "4", "--set", "evaluate_test=true", "--set", "log=[\"tensorboard\"]"]));
    assert_says(&told, &["64 texts fill ", " blocks of at most 32 tokens", "perplexity"]);
    dir
});

fn data() -> PathBuf {
    TRAINED.path().join("reviews")
}

fn run() -> PathBuf {
    TRAINED.path().join("run")
}

fn of_model(what: &str) -> Command {
    on_model(what, &run().join("model"))
}

#[test]
fn the_run_and_its_folder_are_of_masked_words() {
    let facts = json(&run().join("facts.json"));
    assert_eq!((&facts["task"], &facts["labels"]), (&json!("fill-mask"), &json!([])));
    let names: Vec<&Value> =
        facts["metrics"].as_array().unwrap().iter().map(|metric| &metric["name"]).collect();
    assert_eq!(names, [&json!("perplexity"), &json!("masked_accuracy"), &json!("loss")]);
    let config = json(&run().join("model/config.json"));
    assert_eq!(config["architectures"], json!(["BertForMaskedLM"]));
    assert_eq!(config["problem_type"], Value::Null);
    let card = fs::read_to_string(run().join("model/README.md")).unwrap();
    assert_says(
        &card,
        &["pipeline_tag: fill-mask", "pipeline(\"fill-mask\"", "15 % of the tokens", "Perplexity"],
    );
    assert!(run().join("tensorboard").is_dir());
    let scores = json(&run().join("scores.json"));
    for split in scores["splits"].as_array().unwrap() {
        let rule = &split["baselines"][0];
        assert_says(rule["name"].as_str().unwrap(), &["always \"", "most frequent token of training"]);
        assert!(split["metrics"]["perplexity"].as_f64().unwrap() > 1.0, "{split}");
    }
    let examples = fs::read_to_string(run().join("examples.jsonl")).unwrap();
    let first: Value = serde_json::from_str(examples.lines().next().unwrap()).unwrap();
    assert!(first["masks"][0]["probability"].as_f64().unwrap() <= 1.0, "{first}");
}

#[test]
fn words_behind_masks_are_predicted() {
    let found = lines(of_model("predict").args(["The meal was [MASK].", "[MASK] and [MASK]"]));
    assert_eq!(found.len(), 2);
    let masks = found[0]["masks"].as_array().unwrap();
    assert_eq!((masks.len(), masks[0].as_array().unwrap().len()), (1, 5));
    let best = &masks[0][0];
    for key in ["score", "token", "token_str", "sequence"] {
        assert!(best.get(key).is_some(), "{best}");
    }
    let sequence = best["sequence"].as_str().unwrap();
    assert!(sequence.contains(best["token_str"].as_str().unwrap()) && !sequence.contains("[CLS]"), "{best}");
    assert_eq!(found[1]["masks"].as_array().unwrap().len(), 2);
    let two = lines(of_model("predict").args(["a [MASK]", "--n-best", "2"]));
    assert_eq!(two[0]["masks"][0].as_array().unwrap().len(), 2);

    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("in.csv");
    fs::write(&input, "text,page\na [MASK] meal,7\nno mask,8\n\"a, [MASK]\",9\n").unwrap();
    let refused = fail(of_model("predict").arg("--input").arg(&input));
    assert_says(&refused, &["in.csv, line 3", "the text has no [MASK]"]);
    let found = lines(of_model("predict").args(["--skip-bad-rows", "--input"]).arg(&input));
    assert_eq!(found.iter().map(|line| &line["page"]).collect::<Vec<_>>(), [&json!("7"), &json!("9")]);
    let refused = fail(of_model("predict").args(["a [MASK]", "none"]));
    assert_says(&refused, &["text 2 of 2: the text has no [MASK]"]);
}

#[test]
fn an_evaluation_has_the_runs_masks() {
    let report = &lines(of_model("eval").args(["--split", "test", "--json", "--dataset"]).arg(data()))[0];
    let scores = json(&run().join("scores.json"));
    let test = scores["splits"].as_array().unwrap().iter().find(|scores| scores["split"] == "test").unwrap();
    for name in ["perplexity", "masked_accuracy", "loss"] {
        let difference = report[name].as_f64().unwrap() - test["metrics"][name].as_f64().unwrap();
        assert!(difference.abs() < 1e-3, "{name}: {report} and {test}");
    }
    assert_eq!(report["baselines"][0], test["baselines"][0]);
    let told = succeed(&mut of_model("eval"));
    assert_says(&told, &["masked tokens", "perplexity", "without a model, always"]);
}

#[test]
fn a_killed_run_goes_on_with_its_masks() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, killed) = (dir.path().join("whole"), dir.path().join("killed"));
    let command = |output: &Path| {
        let mut train = train(&data(), output);
        train.args(["--epochs", "3", "--set", "save_every=2", "--set", "data.whole_word_mask=true"]);
        train
    };
    succeed(&mut command(&whole));
    let mut child = command(&killed).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for_step(&killed, 5, &mut child);
    child.kill().unwrap();
    child.wait().unwrap();
    resume(&killed);
    same_result(&whole, &killed);
}

/// The encoder goes on, its head does not, and that is said.
#[test]
fn a_classifier_begins_from_the_encoder() {
    let dir = tempfile::tempdir().unwrap();
    let output = dir.path().join("classifier");
    let mut train = bert_train();
    train.arg("train").arg("--model").arg(run().join("model")).arg("--dataset").arg(data());
    let told = said(train.args(["--max-length", "32", "--epochs", "1"]).arg("--output").arg(&output));
    assert_says(&told, &["newly initialized: bert.pooler.dense.weight", "classifier.weight"]);
    assert_says(&told, &["left over in the checkpoint: cls.predictions.bias", "cls.predictions.transform."]);
    assert_eq!(json(&output.join("facts.json"))["task"], "text-classification");
    // And back: the words have no head there.
    let refused = fail(on_model("predict", &output.join("model")).args(["a text", "--n-best", "3"]));
    assert_says(&refused, &["--n-best is for question-answering and fill-mask"]);
}

#[test]
fn lines_of_text_need_no_column() {
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("texts.txt");
    fs::write(&text, "It was a warm meal.\n\nThe train was late.\n   \nA sad song .\n".repeat(6)).unwrap();
    let output = dir.path().join("run");
    let mut train = train(&text, &output);
    let told = said(train.args(["--epochs", "1", "--set", "data.line_by_line=true"]));
    assert_says(&told, &["no validation split"]);
    assert_eq!(json(&output.join("facts.json"))["splits"]["train"]["examples"], 18);
    // A model of masked words goes on with more lines.
    let more = dir.path().join("more");
    let mut train = bert_train();
    train.arg("train").arg("--model").arg(output.join("model")).arg("--dataset").arg(&text);
    let told = said(train.args(["--max-length", "32", "--epochs", "1"]).arg("--output").arg(&more));
    assert_says(&told, &["the checkpoint's head is for fill-mask"]);
}

#[test]
fn sweeps_and_pages_know_the_task() {
    let dir = tempfile::tempdir().unwrap();
    let page = dir.path().join("page.html");
    succeed(bert_train().arg("report").arg(run()).arg("--output").arg(&page));
    let html = fs::read_to_string(&page).unwrap();
    assert_says(
        &html,
        &["Most often masked", "Hardest to find", "Texts with their masks", "of the masked words in"],
    );
    let sweep = dir.path().join("sweep");
    let mut command = bert_train();
    command.args([
        "sweep",
        "--model",
        "datasets/sample/bert",
        "--set",
        "from_scratch=true",
        "--max-length",
        "32",
    ]);
    command.args([
        "--epochs",
        "1",
        "--task",
        "fill-mask",
        "--grid",
        "optimizer.learning_rate=1e-3,1e-2",
        "--dataset",
    ]);
    succeed(command.arg(data()).arg("--output").arg(&sweep));
    let table = fs::read_to_string(sweep.join("sweep.csv")).unwrap();
    assert_says(&table, &["perplexity"]);
}
