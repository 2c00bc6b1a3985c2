//! `embed`: vectors from and to every format, and what it refuses.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use embert_tests::program::{assert_says, bert_train, fail, json_lines, said, succeed};
use safetensors::SafeTensors;
use serde_json::{Value, json};

use crate::golden::fixtures;

/// A model of a few kilobytes: a classifier, whose tokens' mean is a text's vector.
fn model() -> PathBuf {
    fixtures().join("runs/complete/model")
}

fn embed() -> Command {
    let mut command = bert_train();
    command.args(["embed", "--model"]).arg(model());
    command
}

const TEXTS: [&str; 4] = ["quiet river", "", "a cold day, and a long one at that", "quiet"];

/// The vectors of JSON Lines, whose numbers are the shortest decimals that are read as the same f32.
fn vectors(rows: &[Value]) -> Vec<Vec<f64>> {
    let number = |number: &Value| f64::from(number.as_f64().unwrap() as f32);
    let numbers =
        |row: &Value| -> Vec<f64> { row["embedding"].as_array().unwrap().iter().map(number).collect() };
    rows.iter().map(numbers).collect()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The rows of the tensor `embedding`.
fn tensor(path: &Path) -> Vec<Vec<f64>> {
    let bytes = fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let tensor = file.tensor("embedding").unwrap();
    let values = tensor.data().as_chunks().0.iter().map(|value| f64::from(f32::from_le_bytes(*value)));
    values.collect::<Vec<_>>().chunks(tensor.shape()[1]).map(<[f64]>::to_vec).collect()
}

#[test]
fn every_format_has_the_same_vectors_in_the_order_of_the_texts() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::write(at("in.txt"), TEXTS.map(|text| format!("{text}\n")).concat()).unwrap();
    fs::write(at("in.jsonl"), TEXTS.map(|text| json!({"sentence": text}).to_string() + "\n").concat())
        .unwrap();
    let typed = lines(&succeed(embed().args(TEXTS)));
    assert_eq!(typed.iter().map(|row| row["text"].as_str().unwrap()).collect::<Vec<_>>(), TEXTS);
    let expected = vectors(&typed);
    assert!(expected[0] != expected[3] && expected[1].iter().all(|number| number.is_finite()));

    let to = |output: &str| {
        let mut command = embed();
        command.arg("--input").arg(at("in.txt")).arg("--output").arg(at(output)).args(["--batch-size", "2"]);
        said(&mut command)
    };
    let notes = to("out.safetensors");
    assert_says(&notes, &["no modules.json", "the mean of its tokens' states"]);
    to("out.jsonl");
    to("out.parquet");
    let of_json = vectors(&json_lines(&at("out.jsonl")));
    // Padding changes the order of sums in f32.
    for (found, expected) in of_json.iter().flatten().zip(expected.iter().flatten()) {
        assert!((found - expected).abs() < 1e-5, "{found} {expected}");
    }
    assert_eq!(tensor(&at("out.safetensors")), of_json);
    // The Parquet file's texts are read again.
    let mut again = embed();
    again
        .arg("--input")
        .arg(at("out.parquet"))
        .arg("--output")
        .arg(at("again.jsonl"))
        .args(["--batch-size", "2"]);
    succeed(&mut again);
    assert_eq!(json_lines(&at("again.jsonl")), json_lines(&at("out.jsonl")));

    let mut named = embed();
    named.arg("--input").arg(at("in.jsonl")).args(["--text-column", "sentence", "--normalize"]);
    let normalized = vectors(&lines(&succeed(&mut named)));
    for vector in &normalized {
        assert!((vector.iter().map(|number| number * number).sum::<f64>() - 1.0).abs() < 1e-5);
    }
    let names = ["again.jsonl", "in.jsonl", "in.txt", "out.jsonl", "out.parquet", "out.safetensors"];
    let mut found: Vec<_> =
        fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    found.sort();
    assert_eq!(found, names, "something half-written stayed");
}

#[test]
fn the_standard_input_is_counted_and_a_pipe_gets_the_whole_file() {
    let dir = tempfile::tempdir().unwrap();
    let out = fs::File::create(dir.path().join("out")).unwrap();
    let mut command = embed();
    command.args(["--input", "-", "--format", "safetensors"]).stdin(Stdio::piped()).stdout(out);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all("quiet river\n".repeat(700).as_bytes()).unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    let rows = tensor(&dir.path().join("out"));
    assert_eq!(rows.len(), 700);
    assert!(rows.iter().flatten().zip(rows[0].iter().cycle()).all(|(one, other)| (one - other).abs() < 1e-5));
}

#[test]
fn what_it_can_not_do_is_said_before_the_work_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::write(at("rows.jsonl"), "{\"text\":\"fine\"}\n{\"text\":null}\n{\"text\":\"also fine\"}\n").unwrap();
    fs::write(at("other.csv"), "id,sentence\n1,quiet\n").unwrap();
    fs::write(at("none.jsonl"), "{\"text\":3}\n{\"text\":null}\n").unwrap();
    let refused = |input: &str, more: &[&str]| {
        fail(embed().arg("--input").arg(at(input)).args(more).current_dir(dir.path()))
    };
    for (input, more, parts) in [
        (
            "rows.jsonl",
            &["--output", "a.npy"][..],
            &["a.npy", ".safetensors, .jsonl, .parquet", "--format"][..],
        ),
        ("rows.jsonl", &["--output", "rows.jsonl"], &["can't write rows.jsonl", "which is read"]),
        ("rows.jsonl", &["--output", "no/a.jsonl"], &["there is no folder"]),
        ("rows.jsonl", &["--output", "a.safetensors"], &["rows.jsonl", "line 2", "\"text\" is null"]),
        ("rows.jsonl", &["--output", "a.jsonl", "--max-length", "9999"], &["max_length 9999 is more than"]),
        ("rows.jsonl", &["--output", "a.jsonl", "--prompt-name", "query"], &["no prompt \"query\""]),
        ("other.csv", &["--output", "a.jsonl"], &["no column \"text\"", "--text-column sentence"]),
        ("none.jsonl", &["--output", "a.jsonl", "--skip-bad-rows"], &["every row of", "was skipped (2)"]),
        ("nothing.txt", &["--output", "a.jsonl"], &["can't read", "nothing.txt"]),
    ] {
        assert_says(&refused(input, more), parts);
    }
    let mut names: Vec<_> =
        fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["none.jsonl", "other.csv", "rows.jsonl"]);
    // The model's own files are no output.
    let own = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(model()).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, own.path().join(path.file_name().unwrap())).unwrap();
    }
    let weights = own.path().join("model.safetensors");
    let before = fs::read(&weights).unwrap();
    let mut over = bert_train();
    over.args(["embed", "quiet", "--model"]).arg(own.path()).arg("--output").arg(&weights);
    assert_says(&fail(&mut over), &["the file that is read"]);
    assert_eq!(fs::read(&weights).unwrap(), before);

    let mut skipping = embed();
    skipping.arg("--input").arg(at("rows.jsonl")).arg("--output").arg(at("a.jsonl")).arg("--skip-bad-rows");
    assert_says(&said(&mut skipping), &["skipped 1 row(s)", "no vector"]);
    assert_eq!(json_lines(&at("a.jsonl")).len(), 2);
}

/// A folder of sentence-transformers with a module that is not implemented.
#[test]
fn a_module_that_is_not_implemented_is_named() {
    let own = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(model()).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, own.path().join(path.file_name().unwrap())).unwrap();
    }
    let module = |index: usize, path: &str, class: &str| {
        json!({"idx": index, "name": index.to_string(), "path": path,
            "type": format!("sentence_transformers.models.{class}")})
    };
    let modules = json!([
        module(0, "", "Transformer"),
        module(1, "1_Pooling", "Pooling"),
        module(2, "2_Dense", "Dense")
    ]);
    fs::write(own.path().join("modules.json"), modules.to_string()).unwrap();
    fs::create_dir(own.path().join("1_Pooling")).unwrap();
    fs::write(
        own.path().join("1_Pooling/config.json"),
        json!({"pooling_mode_mean_tokens": true}).to_string(),
    )
    .unwrap();
    let mut command = bert_train();
    command.args(["embed", "quiet", "--model"]).arg(own.path());
    assert_says(
        &fail(&mut command),
        &["modules.json", "sentence_transformers.models.Dense", "not implemented"],
    );
}
