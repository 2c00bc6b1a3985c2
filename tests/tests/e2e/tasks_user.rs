//! What the program tells the user of token classification, several labels and regression: the commands that it
//! prints, what is undefined, what is left out, and which head is trained.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use embert_tests::program::{assert_says, bert_train, binary, fail, stderr, succeed};
use serde_json::{Value, json};

use crate::tasks::{KINDS, Kind, command, data, json, lines, of_model, trained};

/// Runs a printed command line in a shell, in `folder`; the program may have any name.
fn pasted(line: &str, folder: &Path) -> Output {
    let before = line.find("bert-train").unwrap();
    let (head, rest) = (&line[..before], &line[line.find(" predict ").unwrap()..]);
    // Under Cargo the program is called through it.
    let head = head.trim_end_matches("cargo run -p ");
    let program = binary("bert-train");
    let script = format!("{head}'{}'{rest}", program.display());
    Command::new("sh").arg("-c").arg(script).current_dir(folder).output().unwrap()
}

fn answers(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", stderr(output));
    String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn printed_commands_work_as_they_are_pasted() {
    for kind in KINDS {
        let dir = tempfile::tempdir().unwrap();
        let run = dir.path().join(format!("a run's {kind:?}"));
        let said = succeed(&mut command("train", &data(kind), &run, "1"));
        let line = said.lines().find_map(|line| line.strip_prefix("try it")).unwrap();
        let found = answers(&pasted(line, dir.path()));
        let answers_it = |found: &[Value], text: &str| match kind {
            // The tiny model may answer anything.
            Kind::Questions => found[0]["answer"].is_string() && found[0]["nbest"].is_array(),
            Kind::Summaries => found[0]["summary_text"] == text,
            _ => found[0]["text"] == text && found[0].get("text_pair").is_some() == (kind == Kind::Numbers),
        };
        assert!(answers_it(&found, "Your text"), "{kind:?}: {found:?}");

        let card = fs::read_to_string(run.join("model/README.md")).unwrap();
        let blocks: Vec<&str> =
            card.split("```sh\n").skip(1).map(|rest| rest.lines().next().unwrap()).collect();
        assert_eq!(blocks.len(), 1 + usize::from(kind == Kind::Words), "{card}");
        for (block, text) in blocks.into_iter().zip(["Your text", "Your words"]) {
            let found = answers(&pasted(block, &run.join("model")));
            assert!(answers_it(&found, text), "{block}: {found:?}");
        }
        let counted = if matches!(kind, Kind::Words | Kind::Spans) { "words" } else { "examples" };
        let heading = format!("| id | label | training {counted} |");
        assert_eq!(
            card.contains(&heading),
            !matches!(kind, Kind::Numbers | Kind::Questions | Kind::Summaries),
            "{card}"
        );
    }
}

/// A zero may be no zero: what is undefined is named, and a label without a ROC area is in no average.
#[test]
fn an_evaluation_names_what_is_undefined() {
    let dir = tempfile::tempdir().unwrap();
    let rows = [json!(["food"]), json!(["food", "travel"]), json!(["food"])];
    let rows = rows.map(|labels| json!({"text": "a warm meal", "labels": labels}).to_string() + "\n");
    let card = "name = \"rows\"\nlabels = [\"food\", \"music\", \"travel\"]\n[files]\ntrain = [\"rows.jsonl\"]\ntest = [\"rows.jsonl\"]\n";
    fs::write(dir.path().join("rows.jsonl"), rows.concat()).unwrap();
    fs::write(dir.path().join("card.toml"), card).unwrap();
    let eval = |kind: Kind, file: &str| {
        let mut eval = of_model("eval", kind);
        let output = eval.args(["--split", "test", "--dataset"]).arg(dir.path().join(file)).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        stderr(&output)
    };
    let said = eval(Kind::Labels, "card.toml");
    // All texts have one of the labels, none has another.
    assert_says(&said, &["undefined, without a value (averages leave it out): roc auc of food, music"]);
    assert_says(&said, &["undefined (0 divided by 0), shown as 0: ", "recall of music"]);

    fs::create_dir(dir.path().join("numbers")).unwrap();
    for (split, last) in [("train", 2.5), ("test", 1.5)] {
        let rows = format!("sentence1,sentence2,score\na,b,1.5\nc,d,{last}\n");
        fs::write(dir.path().join(format!("numbers/{split}.csv")), rows).unwrap();
    }
    let said = eval(Kind::Numbers, "numbers");
    assert_says(&said, &["undefined, without a value (averages leave it out): pearson; spearman; r2"]);
    // Nothing is undefined.
    assert!(!stderr(&of_model("eval", Kind::Numbers).output().unwrap()).contains("undefined"));
}

#[test]
fn columns_that_have_no_place_in_an_answer_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("rows.jsonl");
    let row = json!({"id": 7, "text": "a sad song", "labels": ["music"], "probabilities": 1, "note": "x"});
    fs::write(&input, format!("{row}\n{row}\n")).unwrap();
    let mut predict = of_model("predict", Kind::Labels);
    let output = predict.arg("--input").arg(&input).output().unwrap();
    let found = answers(&output);
    assert_eq!((&found[1]["id"], &found[1]["note"]), (&json!(7), &json!("x")));
    assert!(found[1]["probabilities"].is_object());
    let said = stderr(&output);
    assert_says(&said, &["left out of the output: the input's column(s) labels, probabilities, since"]);
    assert_eq!(said.matches("left out").count(), 1, "{said}");

    fs::write(&input, json!({"id": 7, "tokens": ["a", "song"]}).to_string()).unwrap();
    for (format, left_out) in [("jsonl", false), ("conll", true)] {
        let mut predict = of_model("predict", Kind::Words);
        let output = predict.args(["--format", format, "--input"]).arg(&input).output().unwrap();
        let said = stderr(&output);
        assert!(output.status.success(), "{said}");
        assert_eq!(said.contains("left out of the output: the input's column(s) id;"), left_out, "{said}");
    }
}

#[test]
fn a_missing_column_of_the_input_is_named_with_the_option_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("rows.jsonl");
    fs::write(&input, json!({"id": 7, "sentence": "a song"}).to_string()).unwrap();
    for kind in [Kind::Words, Kind::Labels, Kind::Numbers] {
        let said = fail(of_model("predict", kind).arg("--input").arg(&input));
        assert_says(&said, &["\"text\"", "id, sentence; ", "--text-column"]);
        assert_eq!(said.contains("words from the column tokens"), kind == Kind::Words, "{said}");
    }
}

/// A head that was trained is never replaced unasked; thresholds of the old head are not the new one's.
#[test]
fn a_head_for_other_labels_is_replaced_where_it_is_asked_for_alone() {
    for (kind, old, new, ending) in
        [(Kind::Words, "-PER", "-HUMAN", "conll"), (Kind::Labels, "\"music\"", "\"noise\"", "jsonl")]
    {
        let dir = tempfile::tempdir().unwrap();
        let other = dir.path().join("data");
        fs::create_dir(&other).unwrap();
        for split in ["train", "validation"] {
            let file = format!("{split}.{ending}");
            let rows = fs::read_to_string(data(kind).join(&file)).unwrap();
            fs::write(other.join(&file), rows.replace(old, new)).unwrap();
        }
        let run = dir.path().join("run");
        let model = trained(kind).join("model");
        let train = || {
            let mut train = bert_train();
            train.args(["train", "--epochs", "1", "--max-length", "32", "--model"]).arg(&model);
            train.arg("--dataset").arg(&other).arg("--output").arg(&run);
            train
        };
        let refused = fail(&mut train());
        let name = new.trim_matches(['-', '"']);
        assert_says(&refused, &["classification head", name, "start with a new head (new_head=true)"]);
        assert!(!run.join("model").exists());
        let output = train().args(["--set", "new_head=true"]).output().unwrap();
        let said = stderr(&output);
        assert!(output.status.success(), "{said}");
        assert_says(&said, &["newly initialized: classifier.", "(a new head was asked for)"]);
        if kind == Kind::Labels {
            let fitted = json(&run.join("model/thresholds.json"));
            assert!(fitted["labels"].get(name).is_some() && fitted["labels"].get("music").is_none());
        }
        let mut predict = crate::tasks::on_model("predict", &run.join("model"));
        assert_eq!(lines(predict.arg("a sad song")).len(), 1);
    }
}
