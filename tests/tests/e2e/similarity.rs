//! Sentence similarity from the data to the page, and what it refuses.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use embert_tests::program::{assert_says, bert_train, fail, json_lines, said, succeed};
use serde_json::{Value, json};

/// Training on data in `folder` with the sample's small BERT from random weights.
fn train(data: &Path, run: &Path) -> Command {
    let mut command = bert_train();
    command
        .args(["train", "--config", "configs/sample-sentences.toml", "--epochs", "1", "--batch-size", "4"])
        .arg("--dataset")
        .arg(data)
        .arg("--output")
        .arg(run);
    command
}

fn write(folder: &Path, name: &str, rows: &[Value]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, rows.iter().map(|row| format!("{row}\n")).collect::<String>()).unwrap();
    path
}

const NOUNS: [&str; 6] = ["film", "soup", "room", "tune", "walk", "shop"];

fn partners(from: usize, count: usize) -> Vec<Value> {
    let row = |n: usize| {
        let (one, other) = (NOUNS[n % 6], NOUNS[(n + 1) % 6]);
        json!({"anchor": format!("which {one} number {n}?"), "positive": format!("the {one} {n} was good"),
            "negative": format!("the {other} {n} was good")})
    };
    (from..from + count).map(row).collect()
}

#[test]
fn a_run_on_scores_is_evaluated_compared_embedded_and_shown() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let mut command = bert_train();
    command
        .args([
            "train",
            "--config",
            "configs/sample-sentences.toml",
            "--epochs",
            "1",
            "--train-samples",
            "40",
        ])
        .args(["--eval-samples", "20"])
        .arg("--output")
        .arg(&run);
    let said_first = said(&mut command);
    assert_says(&said_first, &["cosines against scores", "no modules.json"]);
    let scores: Value = serde_json::from_slice(&fs::read(run.join("scores.json")).unwrap()).unwrap();
    let metrics = &scores["splits"][0]["metrics"];
    assert!(metrics["spearman_cosine"].is_number() && metrics["pearson_cosine"].is_number(), "{scores}");
    let baseline = scores["splits"][0]["baselines"][0]["name"].as_str().unwrap().to_owned();
    assert!(baseline.contains("words"), "{baseline}");

    let model = run.join("model");
    let mut eval = bert_train();
    eval.args(["eval", "--split", "test", "--json", "--model"]).arg(&model);
    let evaluated: Value = serde_json::from_str(&succeed(&mut eval)).unwrap();
    assert!(evaluated.to_string().contains("spearman"), "{evaluated}");

    let mut predict = bert_train();
    predict.args(["predict", "--text", "A man eats.", "--text-pair", "A man eats.", "--model"]).arg(&model);
    let row: Value = serde_json::from_str(&succeed(&mut predict)).unwrap();
    assert!((row["score"].as_f64().unwrap() - 1.0).abs() < 1e-6, "{row}");

    let texts = write(
        dir.path(),
        "pairs.jsonl",
        &[
            json!({"text": "A man eats.", "text_pair": "It rains.", "n": 7}),
            json!({"text": "One more", "text_pair": "", "n": 8}),
        ],
    );
    let mut predict = bert_train();
    predict.args(["predict", "--model"]).arg(&model).arg("--input").arg(&texts);
    let rows: Vec<Value> =
        succeed(&mut predict).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((rows.len(), &rows[0]["n"]), (2, &json!(7)));

    let mut embed = bert_train();
    embed.args(["embed", "A man eats.", "It rains.", "--model"]).arg(&model);
    let vectors: Vec<Value> =
        succeed(&mut embed).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let numbers = |row: &Value| -> Vec<f64> {
        row["embedding"].as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
    };
    let [one, other] = [numbers(&vectors[0]), numbers(&vectors[1])];
    let dot = |one: &[f64], other: &[f64]| one.iter().zip(other).map(|(a, b)| a * b).sum::<f64>();
    let cosine = dot(&one, &other) / (dot(&one, &one) * dot(&other, &other)).sqrt();
    assert!((cosine - rows[0]["score"].as_f64().unwrap()).abs() < 1e-5, "{cosine} {}", rows[0]);

    let mut report = bert_train();
    report.arg("report").arg(&run);
    succeed(&mut report);
    let page = fs::read_to_string(run.join("report.html")).unwrap();
    assert_says(&page, &["Spearman", "A text"]);
}

#[test]
fn a_run_on_partners_goes_on_to_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fs::create_dir(&data).unwrap();
    write(&data, "train.jsonl", &partners(0, 24));
    write(&data, "validation.jsonl", &partners(24, 8));
    let run = dir.path().join("run");
    let mut command = train(&data, &run);
    command.args(["--set", "evaluate_test=false", "--set", "gradient_accumulation_steps=2"]);
    assert_says(
        &said(&mut command),
        &["\"anchor\" and \"positive\"", "\"negative\"", "partner among those of all pairs"],
    );
    let scores: Value = serde_json::from_slice(&fs::read(run.join("scores.json")).unwrap()).unwrap();
    for metric in ["mrr@10", "recall@1", "recall@10"] {
        assert!(scores["splits"][0]["metrics"][metric].is_number(), "{scores}");
    }
    let log = json_lines(&run.join("metrics.jsonl"));
    assert!(log.iter().any(|line| line.to_string().contains("mrr@10")));
}

#[test]
fn what_can_not_be_pairs_is_refused_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |rows: &[Value], more: &[&str]| {
        let data = write(dir.path(), "train.jsonl", rows);
        let mut command = train(&data, &dir.path().join("run"));
        command.args(["--set", "data.split_ratios=[0.5,0.5,0]", "--set", "evaluate_test=false"]).args(more);
        fail(&mut command)
    };
    let scored = |score: Value| -> Vec<Value> {
        (0..6).map(|n| json!({"sentence1": format!("a {n}"), "sentence2": "b", "score": if n == 3 { score.clone() } else { json!(0.1 * f64::from(n)) }})).collect()
    };
    for (score, parts) in [
        (json!(5), &["from 0 to 5", "score_range = [0, 5]"][..]),
        (json!(-2), &["from -2 to", "score_range"]),
        (json!("high"), &["line 4", "\"high\"", "expected a number"]),
        (json!([1, 2]), &["line 4", "expected a number"]),
        (json!(null), &["have no label", "line 4"]),
    ] {
        assert_says(&refused(&scored(score), &[]), parts);
    }
    let fine = scored(json!(0.3));
    for (more, parts) in [
        (&["--set", "class_weights=\"balanced\""][..], &["class_weights", "a pair has no classes"][..]),
        (&["--set", "label_smoothing=0.1"], &["label_smoothing"]),
        (&["--set", "data.stride=8"], &["data.stride", "cuts longer texts"]),
        (&["--set", "data.train_stride=8"], &["data.train_stride"]),
        (&["--metric", "accuracy"], &["metric", "spearman_cosine, pearson_cosine"]),
        (&["--metric", "mrr@10"], &["one of spearman_cosine"]),
        (&["--problem-type", "regression"], &["problem_type"]),
        (&["--set", "dropout.classifier=0.1"], &["dropout.classifier"]),
    ] {
        assert_says(&refused(&fine, more), parts);
    }
    let alone: Vec<Value> = (0..6).map(|n| json!({"text": format!("a {n}"), "label": 0.5})).collect();
    assert_says(&refused(&alone, &[]), &["no column of second texts", "text_pair"]);
    let empty: Vec<Value> = (0..6).map(|n| json!({"anchor": format!("a {n}"), "positive": if n == 2 { json!(null) } else { json!("b") }})).collect();
    assert_says(&refused(&empty, &[]), &["line 3", "positive"]);
    let number: Vec<Value> = (0..6).map(|n| json!({"anchor": format!("a {n}"), "positive": "b", "negative": if n == 2 { json!(7) } else { json!("c") }})).collect();
    assert_says(&refused(&number, &[]), &["line 3", "negative"]);

    // Models.
    let model = dir.path().join("model");
    fs::create_dir(&model).unwrap();
    let golden = crate::golden::fixtures().join("runs/complete/model");
    for entry in fs::read_dir(golden).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, model.join(path.file_name().unwrap())).unwrap();
    }
    let module = |path: &str, class: &str| json!({"idx": 0, "name": "0", "path": path, "type": format!("sentence_transformers.models.{class}")});
    fs::write(
        model.join("modules.json"),
        json!([module("", "Transformer"), module("1_Pooling", "Pooling")]).to_string(),
    )
    .unwrap();
    fs::create_dir(model.join("1_Pooling")).unwrap();
    fs::write(model.join("1_Pooling/config.json"), json!({"pooling_mode_mean_tokens": true}).to_string())
        .unwrap();
    let predict = |more: &[&str]| {
        let mut command = bert_train();
        command.args(["predict", "--model"]).arg(&model).args(more);
        command
    };
    succeed(&mut predict(&["--text", "quiet", "--text-pair", "river"]));
    for (more, parts) in [
        (&["quiet"][..], &["--text-pair"][..]),
        (&["--text", "quiet"], &["--text-pair"]),
        (
            &["--aggregation", "first", "--text", "a", "--text-pair", "b"],
            &["--aggregation is for token-classification", "sentence-similarity"],
        ),
        (&["--n-best", "2", "--text", "a", "--text-pair", "b"], &["--n-best is for question-answering"]),
        (&["--format", "conll", "--text", "a", "--text-pair", "b"], &["--format conll"]),
    ] {
        assert_says(&fail(&mut predict(more)), parts);
    }
    let prompts = json!({"prompts": {"query": "q: "}, "default_prompt_name": "query"});
    fs::write(model.join("config_sentence_transformers.json"), prompts.to_string()).unwrap();
    assert_says(
        &fail(&mut predict(&["--text", "a", "--text-pair", "b"])),
        &["a prompt before each text", "default_prompt_name"],
    );
}
