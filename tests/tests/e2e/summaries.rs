//! Summaries: forty steps against PyTorch's own BertSum, and what a user does with the model.

use std::fs;
use std::path::Path;

use embert_tests::program::{assert_says, bert_train, json_lines, root, said, succeed};
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;
use serde_json::{Map, Value, json};

use crate::tasks::{Kind, data, json, lines, of_model, trained};

/// Relative: rounding of f32 grows from step to step, as for the other tasks.
const TOLERANCE: f64 = 1e-4;

/// The folder of a checkpoint for summaries: the encoder of the other references' checkpoint, with the first row
/// of its classifier as the head.
fn checkpoint(folder: &Path) {
    let from = root().join("tests/fixtures/training/model");
    fs::create_dir(folder).unwrap();
    for file in ["vocab.txt", "tokenizer_config.json"] {
        fs::copy(from.join(file), folder.join(file)).unwrap();
    }
    let mut config: Map<String, Value> =
        serde_json::from_str(&fs::read_to_string(from.join("config.json")).unwrap()).unwrap();
    config.insert("architectures".into(), json!(["BertModel"]));
    config.insert("embert_head".into(), json!("summarization"));
    config.insert("id2label".into(), json!({"0": "LABEL_0"}));
    config.insert("label2id".into(), json!({"LABEL_0": 0}));
    fs::write(folder.join("config.json"), Value::Object(config).to_string()).unwrap();
    let weights = fs::read(from.join("model.safetensors")).unwrap();
    let weights = SafeTensors::deserialize(&weights).unwrap();
    let view = |name: &str, rows: Option<usize>| {
        let tensor = weights.tensor(name).unwrap();
        let (mut shape, mut data) = (tensor.shape().to_vec(), tensor.data());
        if let Some(rows) = rows {
            data = &data[..data.len() / shape[0] * rows];
            shape[0] = rows;
        }
        TensorView::new(tensor.dtype(), shape, data).unwrap()
    };
    let names = weights.names();
    let of_encoder = names.iter().filter_map(|name| Some((name.strip_prefix("bert.")?, view(name, None))));
    safetensors::serialize_to_file(of_encoder, None, &folder.join("model.safetensors")).unwrap();
    let of_head =
        names.iter().filter(|name| name.starts_with("classifier.")).map(|name| (*name, view(name, Some(1))));
    safetensors::serialize_to_file(of_head, None, &folder.join("embert_head.safetensors")).unwrap();
}

/// `tests/reference/summary_training.py`.
#[test]
fn forty_steps_are_those_of_bertsum_in_pytorch() {
    let reference = json(&root().join("tests/fixtures/heads/training-summaries.json"));
    let dir = tempfile::tempdir().unwrap();
    let model = dir.path().join("model");
    checkpoint(&model);
    let rows: Vec<String> = reference["rows"].as_array().unwrap().iter().map(ToString::to_string).collect();
    let train = dir.path().join("train.jsonl");
    fs::write(&train, rows.join("\n") + "\n").unwrap();
    for (number, run) in reference["runs"].as_array().unwrap().iter().enumerate() {
        for micro_batch in [8, 2] {
            let output = dir.path().join(format!("run-{number}-{micro_batch}"));
            let settings = &run["settings"];
            let text = |key: &str| settings[key].to_string();
            let mut command = bert_train();
            command
                .arg("train")
                .arg("--model")
                .arg(&model)
                .arg("--dataset")
                .arg(&train)
                .arg("--output")
                .arg(&output);
            for (key, value) in [
                ("epochs", "4".to_owned()),
                ("keep", "last".to_owned()),
                ("batch_size", micro_batch.to_string()),
                ("gradient_accumulation_steps", (8 / micro_batch).to_string()),
                ("max_grad_norm", text("max_grad_norm")),
                ("dropout.hidden", "0.0".to_owned()),
                ("dropout.attention", "0.0".to_owned()),
                ("data.max_length", text("max_length")),
                ("data.stride", text("stride")),
                ("data.order", "sequential".to_owned()),
                ("data.split_ratios", "[1.0, 0.0, 0.0]".to_owned()),
                ("optimizer.learning_rate", text("learning_rate")),
                ("optimizer.head_learning_rate", text("head_learning_rate")),
                ("optimizer.weight_decay", text("weight_decay")),
                ("optimizer.decay", settings["decay"].as_str().unwrap().to_owned()),
                ("optimizer.schedule", settings["schedule"].as_str().unwrap().to_owned()),
                ("optimizer.warmup_steps", text("warmup_steps")),
            ] {
                command.arg("--set").arg(format!("{key}={value}"));
            }
            succeed(&mut command);
            let log = json_lines(&output.join("metrics.jsonl"));
            let found: Vec<&Value> = log.iter().filter(|line| line["event"] == "train_step").collect();
            let expected = run["steps"].as_array().unwrap();
            assert_eq!((found.len(), expected.len()), (40, 40));
            let mut worst = 0.0_f64;
            for (step, (found, expected)) in found.into_iter().zip(expected).enumerate() {
                for key in ["loss", "grad_norm"] {
                    let [one, other] = [found, expected].map(|step| step[key].as_f64().unwrap());
                    let difference = (one - other).abs() / other.abs();
                    let place = format!("run {number}, micro-batches of {micro_batch}, step {step}: {key}");
                    assert!(difference <= TOLERANCE, "{place} {one} against {other}");
                    worst = worst.max(difference);
                }
            }
            println!(
                "run {number}, micro-batches of {micro_batch}: loss and norm differ by at most {worst:.1e}"
            );
        }
    }
}

#[test]
fn a_summary_has_as_many_sentences_as_are_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("articles.jsonl");
    let text = "Ms Okafor flew to Lagos. The soup was cold! Ünï rained. Nobody knew.";
    let sentences = ["Ms Okafor flew to Lagos.", "The soup was cold!", "Ünï rained.", "Nobody knew."];
    let rows = [
        json!({"id": 1, "text": text}),
        json!({"source": sentences}),
        json!({"article": text, "highlights": "x"}),
    ];
    fs::write(&input, rows.map(|row| row.to_string() + "\n").concat()).unwrap();
    let predict = |arguments: &[&str]| {
        lines(of_model("predict", Kind::Summaries).args(arguments).arg("--input").arg(&input))
    };
    for (arguments, count) in [(&[][..], 3), (&["--sentences", "1"][..], 1), (&["--sentences", "9"][..], 4)] {
        let found = predict(arguments);
        // The same sentences, whether the text is cut here or before; another column passes through.
        assert_eq!((&found[0]["sentences"], &found[2]["highlights"]), (&found[1]["sentences"], &json!("x")));
        let chosen = found[0]["sentences"].as_array().unwrap();
        assert_eq!(chosen.len(), count, "{arguments:?}");
        let characters: Vec<char> = text.chars().collect();
        let mut before = 0;
        for sentence in chosen {
            let at = |key: &str| sentence[key].as_u64().unwrap() as usize;
            assert!(at("start") >= before, "in the order of the text");
            before = at("end");
            let cut: String = characters[at("start")..at("end")].iter().collect();
            assert_eq!(
                (sentence["text"].as_str(), sentences[at("index")]),
                (Some(cut.as_str()), cut.as_str())
            );
        }
        let texts: Vec<&str> = chosen.iter().map(|sentence| sentence["text"].as_str().unwrap()).collect();
        assert_eq!(found[0]["summary_text"], texts.join(" "));
    }
    // Two sentences that are alike are no summary, unless they are asked for.
    let twice = json!({"text": "A bear woke up today. A bear woke up today. It rained."}).to_string();
    fs::write(&input, twice + "\n").unwrap();
    assert_eq!(predict(&[])[0]["sentences"].as_array().unwrap().len(), 2);
    assert_eq!(predict(&["--no-trigram-blocking"])[0]["sentences"].as_array().unwrap().len(), 3);
}

#[test]
fn a_long_text_is_read_whole_or_the_cut_is_said() {
    let text = (0..40).map(|n| format!("Ms Okafor flew to Lagos {n}.")).collect::<Vec<_>>().join(" ");
    let arguments = ["--max-length", "24", "--sentences", "40", "--no-trigram-blocking", &text];
    let whole = lines(of_model("predict", Kind::Summaries).args(arguments));
    assert_eq!(whole[0]["sentences"].as_array().unwrap().len(), 40);
    let mut cut = of_model("predict", Kind::Summaries);
    let told = said(cut.args(arguments).args(["--stride", "none"]));
    assert_says(&told, &["1 of 1 texts were cut at 24 tokens", "their last sentences are in no summary"]);
}

#[test]
fn the_folder_is_an_encoder_with_a_head_beside_it() {
    let model = trained(Kind::Summaries).join("model");
    let names = |file: &str| -> Vec<String> {
        let bytes = fs::read(model.join(file)).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        file.names().into_iter().map(ToOwned::to_owned).collect()
    };
    let mut head = names("embert_head.safetensors");
    head.sort_unstable();
    assert_eq!(head, ["classifier.bias", "classifier.weight"]);
    let encoder = names("model.safetensors");
    assert!(
        encoder.iter().all(|name| !name.starts_with("bert.") && !name.starts_with("classifier")),
        "{encoder:?}"
    );
    assert_eq!(json(&model.join("config.json"))["embert_head"], "summarization");
    // A classifier that is trained from it has no trace of the head.
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let mut train = bert_train();
    train.args([
        "train",
        "--epochs",
        "1",
        "--max-length",
        "32",
        "--train-samples",
        "16",
        "--eval-samples",
        "8",
        "--model",
    ]);
    succeed(train.arg(&model).args(["--dataset", "sample", "--output"]).arg(&run));
    assert!(json(&run.join("model/config.json")).get("embert_head").is_none());
    assert!(!run.join("model/embert_head.safetensors").exists());
}

#[test]
fn baselines_and_marks_stand_in_the_run() {
    let scores = json(&trained(Kind::Summaries).join("scores.json"));
    let rules: Vec<&str> = scores["splits"][0]["baselines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| rule["name"].as_str().unwrap())
        .collect();
    assert!(
        rules[0].contains("lead-1") && rules[1].contains("lead-3") && rules[2].contains("oracle"),
        "{rules:?}"
    );
    let page = fs::read_to_string(trained(Kind::Summaries).join("report.html")).unwrap();
    for part in ["By place in the text", "oracle and chosen, ", "Lowest ROUGE-1", "ROUGE-Lsum"] {
        assert!(page.contains(part), "{part}");
    }
    assert!(data(Kind::Summaries).join("train.jsonl").is_file());
}
