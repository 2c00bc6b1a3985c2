//! `predict` of token classification, several labels and regression.

use std::fmt::Write as _;
use std::fs;

use embert_tests::program::{assert_says, fail, said, succeed};
use serde_json::{Value, json};

use crate::tasks::{KINDS, Kind, data, json, lines, of_model, trained};

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn entities_are_found_in_texts() {
    let text = "Ms Okafor flew to the New Kyoto .";
    let found = lines(of_model("predict", Kind::Words).arg(text));
    assert_eq!((keys(&found[0]), &found[0]["text"]), (vec!["text", "entities"], &json!(text)));
    let entities = found[0]["entities"].as_array().unwrap();
    assert!(!entities.is_empty(), "nothing is found: {found:?}");
    let cut = |entity: &Value| {
        let [start, end] = ["start", "end"].map(|key| entity[key].as_u64().unwrap() as usize);
        text[start..end].to_lowercase()
    };
    for entity in entities {
        assert_eq!(keys(entity), ["entity_group", "score", "word", "start", "end"]);
        assert_eq!(entity["word"].as_str().unwrap().replace(' ', ""), cut(entity).replace(' ', ""));
    }

    // A token's tag, and a word's first token.
    let of = |aggregation| lines(of_model("predict", Kind::Words).args(["--aggregation", aggregation, text]));
    let tokens = of("none");
    let tokens = tokens[0]["entities"].as_array().unwrap();
    assert!(tokens.len() >= entities.len());
    for token in tokens {
        assert_eq!(keys(token), ["entity", "score", "index", "word", "start", "end"]);
        assert_eq!(token["word"].as_str().unwrap().trim_start_matches("##"), cut(token));
    }
    let first = of("first");
    for entity in first[0]["entities"].as_array().unwrap() {
        let words = cut(entity);
        assert!(
            words.split(' ').all(|word| text.to_lowercase().split(' ').any(|other| other == word)),
            "{words}"
        );
    }
    // All of the same text.
    assert_eq!(of("simple"), found);
    let pair = ["--text", "Who?", "--text-pair", text];
    let refused = fail(of_model("predict", Kind::Questions).args(pair).args(["--format", "conll"]));
    assert_says(&refused, &["--format conll is for token-classification", "question-answering"]);
    for kind in [Kind::Labels, Kind::Numbers] {
        let refused = fail(of_model("predict", kind).args(["--aggregation", "first", text]));
        assert_says(&refused, &["--aggregation is for token-classification", "text-classification"]);
        let refused = fail(of_model("predict", kind).args(["--format", "conll", text]));
        assert_says(&refused, &["--format conll is for token-classification", "text-classification"]);
    }
}

#[test]
fn words_of_a_file_come_out_as_conll() {
    let test = data(Kind::Words).join("test.conll");
    let mut predict = of_model("predict", Kind::Words);
    let found = succeed(predict.args(["--format", "conll", "--input"]).arg(&test));
    let truth = fs::read_to_string(&test).unwrap();
    let words = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
    };
    assert_eq!(words(&found), words(&truth));
    let tags = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"];
    assert!(
        found
            .lines()
            .filter(|line| !line.is_empty())
            .all(|line| tags.contains(&line.split_once('\t').unwrap().1))
    );
    // What was found can be read again, as data to evaluate on: all of it is right then.
    let dir = tempfile::tempdir().unwrap();
    for file in ["train.conll", "test.conll"] {
        fs::write(dir.path().join(file), &found).unwrap();
    }
    let mut eval = of_model("eval", Kind::Words);
    let report = &lines(eval.args(["--split", "test", "--json", "--dataset"]).arg(dir.path()))[0];
    assert_eq!(report["accuracy"], 1.0, "{report}");
}

#[test]
fn several_labels_and_numbers_are_predicted() {
    let text = "number 3: a warm meal and a late train";
    let found = lines(of_model("predict", Kind::Labels).arg(text));
    assert_eq!(keys(&found[0]), ["text", "labels", "probabilities"]);
    let probabilities = &found[0]["probabilities"];
    assert_eq!(keys(probabilities), ["food", "music", "travel"]);
    // Each label has the threshold that was fitted on the validation split.
    let thresholds = json(&trained(Kind::Labels).join("model/thresholds.json"));
    let is_above = |label: &&str| {
        probabilities[*label].as_f64().unwrap() >= thresholds["labels"][*label].as_f64().unwrap()
    };
    let expected: Vec<&str> = ["food", "music", "travel"].into_iter().filter(is_above).collect();
    assert_eq!(found[0]["labels"], json!(expected), "{found:?} {thresholds}");

    let pair = ["--text", "a man eats soup", "--text-pair", "a man eats"];
    let found = lines(of_model("predict", Kind::Numbers).args(pair));
    assert_eq!(keys(&found[0]), ["text", "text_pair", "score"]);
    assert!(found[0]["score"].as_f64().unwrap().is_finite());
    let turned = ["--text", "a man eats", "--text-pair", "a man eats soup"];
    assert_ne!(lines(of_model("predict", Kind::Numbers).args(turned))[0]["score"], found[0]["score"]);
}

/// `id` and other columns stand after the answer, the rows in their order.
#[test]
fn other_columns_pass_through() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("input.jsonl");
    let rows: String = (0..50).fold(String::new(), |mut rows, n| {
        let text = Kind::Spans.row(n * 3);
        let text: Value = serde_json::from_str(&text).unwrap();
        let row =
            json!({"id": format!("row-{n}"), "text": text["text"], "second": "a man", "source": {"page": n}});
        writeln!(rows, "{row}").unwrap();
        rows
    });
    fs::write(&input, &rows).unwrap();
    for kind in KINDS {
        let mut predict = of_model("predict", kind);
        match kind {
            Kind::Numbers => predict.args(["--text-pair-column", "second"]),
            Kind::Questions => predict.args(["--question-column", "second", "--context-column", "text"]),
            _ => &mut predict,
        };
        let found = lines(predict.arg("--input").arg(&input));
        assert_eq!(found.len(), 50);
        for (n, (line, row)) in found.iter().zip(rows.lines()).enumerate() {
            let row: Value = serde_json::from_str(row).unwrap();
            // A context is not written with each of its answers, nor a text with its summary.
            let is_read = matches!(kind, Kind::Questions | Kind::Summaries);
            assert_eq!(line["text"], if is_read { Value::Null } else { row["text"].clone() }, "{kind:?}");
            assert_eq!(
                (&line["id"], &line["source"]),
                (&json!(format!("row-{n}")), &json!({"page": n})),
                "{kind:?}"
            );
            let keys = keys(line);
            let place = |key: &str| keys.iter().position(|other| *other == key);
            let first = match kind {
                Kind::Questions => "id",
                Kind::Summaries => "summary_text",
                _ => "text",
            };
            assert!(place(first) == Some(0) && place("id") < place("source"), "{keys:?}");
        }
    }
}

#[test]
fn questions_are_answered() {
    let context = "Ms Okafor flew to Lagos .";
    let asked = ["--question", "Who flew?", "--context", context];
    let found = lines(of_model("predict", Kind::Questions).args(asked).args(["--n-best", "3"]));
    assert_eq!(keys(&found[0]), ["id", "answer", "score", "start", "end", "nbest"]);
    let best = found[0]["nbest"].as_array().unwrap();
    assert_eq!(
        (best.len(), keys(&best[0])),
        (3, vec!["text", "probability", "start_logit", "end_logit", "start", "end"])
    );
    let cut = |answer: &Value| {
        let [start, end] = ["start", "end"].map(|key| answer[key].as_u64().unwrap() as usize);
        context[start..end].to_owned()
    };
    assert_eq!(found[0]["answer"], cut(&found[0]));
    assert!(best.iter().all(|answer| answer["text"] == cut(answer)), "{best:?}");
    for (arguments, parts) in [
        (&["Who flew?"][..], &["the question with its context is not given", "--context"][..]),
        (&["--question", "Who flew?"], &["the question with its context is not given", "--context"]),
        (
            &["--question", "a", "--context", "b", "--truncation", "head"],
            &["--truncation head", "only_second"],
        ),
    ] {
        assert_says(&fail(of_model("predict", Kind::Questions).args(arguments)), parts);
    }
    // A cut is said, as for tags; windows are whole.
    let long = "Ms Okafor flew to Lagos . ".repeat(20);
    let long = ["--question", "Who flew?", "--context", &long];
    let note = "1 of 1 texts were cut at 32 tokens: what stands in the rest of a context is no answer";
    let told = said(of_model("predict", Kind::Questions).args(long).args(["--stride", "none"]));
    assert_says(&told, &[note, "--stride none"]);
    assert!(!said(of_model("predict", Kind::Questions).args(long)).contains("were cut"));
    let refused = fail(of_model("predict", Kind::Labels).args(["a text", "--n-best", "3"]));
    assert_says(&refused, &["--n-best is for question-answering and fill-mask", "text-classification"]);
}

/// The files of an evaluation have the answers of `predict`, by the questions' ids.
#[test]
fn an_evaluation_writes_the_files_of_the_official_scripts() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, test) = (dir.path().join("files"), data(Kind::Questions).join("test.jsonl"));
    let eval = |folder: &std::path::Path| {
        let mut eval = of_model("eval", Kind::Questions);
        eval.args(["--split", "test", "--squad-files"]).arg(folder).args(["--json", "--dataset"]);
        eval.arg(data(Kind::Questions));
        eval
    };
    succeed(&mut eval(&folder));
    // Once more, over the old ones.
    succeed(&mut eval(&folder));
    let [answers, n_best, odds] = ["predictions", "nbest_predictions", "null_odds"]
        .map(|name| json(&folder.join(format!("{name}.json"))));
    let predicted =
        lines(of_model("predict", Kind::Questions).args(["--n-best", "20", "--input"]).arg(&test));
    assert_eq!((predicted.len(), answers.as_object().unwrap().len()), (24, 24));
    for line in &predicted {
        let id = line["id"].as_str().unwrap();
        assert_eq!(answers[id], line["answer"], "{id}");
        assert!(odds[id].is_number() && n_best[id].as_array().unwrap().len() > 1, "{id}");
    }
    let other = fail(of_model("eval", Kind::Labels).arg("--squad-files").arg(&folder));
    assert_says(&other, &["--squad-files is for question-answering", "text-classification"]);
    assert_says(&fail(&mut eval(&test)), &["--squad-files", "is a file, expected a folder"]);
}
