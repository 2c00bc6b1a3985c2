//! Token classification, several labels and regression: the commands of a user on small folders, from the raw
//! file to the answer.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use embert_tests::program::{assert_says, bert_train, fail, json_lines, succeed};
use serde_json::{Value, json};

use crate::resume::{resume, same_result, wait_for_step};

const NAMES: [&str; 4] = ["Okafor", "Lindqvist", "Sharma", "Tanaka"];
const TOWNS: [&str; 3] = ["Lagos", "Kyoto", "Galway"];
const FILES: [(&str, usize); 3] = [("train", 64), ("validation", 16), ("test", 24)];

/// A task with a data set that says which task it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Words,
    Spans,
    Labels,
    Numbers,
    Questions,
    Summaries,
}

pub(crate) const KINDS: [Kind; 6] =
    [Kind::Words, Kind::Spans, Kind::Labels, Kind::Numbers, Kind::Questions, Kind::Summaries];

/// The words of a sentence with their tags.
fn sentence(n: usize) -> Vec<(&'static str, &'static str)> {
    let (name, town) = (NAMES[n * 7 % 4], TOWNS[n * 5 % 3]);
    let mut words = vec![("Ms", "O"), (name, "B-PER"), ("flew", "O"), ("to", "O"), (town, "B-LOC")];
    if n.is_multiple_of(3) {
        words.splice(4..4, [("the", "O"), ("New", "B-LOC")]);
        words[6].1 = "I-LOC";
    }
    words.push((".", "O"));
    words
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Words => "words",
            Self::Spans => "spans",
            Self::Labels => "labels",
            Self::Numbers => "numbers",
            Self::Questions => "questions",
            Self::Summaries => "summaries",
        }
    }

    /// The task, the kind of labels, and the metric that chooses the weights.
    fn task(self) -> (&'static str, Value, &'static str) {
        match self {
            Self::Words | Self::Spans => ("token-classification", Value::Null, "f1"),
            Self::Labels => ("text-classification", json!("multi_label_classification"), "micro_f1"),
            Self::Numbers => ("text-classification", json!("regression"), "pearson"),
            Self::Questions => ("question-answering", Value::Null, "f1"),
            Self::Summaries => ("summarization", Value::Null, "rouge1"),
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Words => "conll",
            Self::Spans | Self::Labels | Self::Questions | Self::Summaries => "jsonl",
            Self::Numbers => "csv",
        }
    }

    /// The lines of a row.
    pub(crate) fn row(self, n: usize) -> String {
        let words = sentence(n);
        match self {
            Self::Words => {
                let lines = words.iter().map(|(word, tag)| format!("{word}\t{tag}\n"));
                lines.chain(["\n".to_owned()]).collect()
            }
            Self::Spans => {
                let (mut text, mut spans) = (String::new(), Vec::<(usize, usize, &str)>::new());
                for (word, tag) in &words {
                    text += if text.is_empty() { "" } else { " " };
                    let start = text.len();
                    text += word;
                    match tag.split_once('-') {
                        Some(("B", kind)) => spans.push((start, text.len(), kind)),
                        Some(_) => spans.last_mut().unwrap().1 = text.len(),
                        None => {}
                    }
                }
                json!({"id": n, "text": text, "label": spans}).to_string() + "\n"
            }
            Self::Labels => {
                let parts = [("a warm meal", "food"), ("a late train", "travel"), ("a sad song", "music")];
                let chosen = parts.into_iter().enumerate().filter(|(part, _)| n >> part & 1 == 1);
                let (texts, labels): (Vec<&str>, Vec<&str>) = chosen.map(|(_, both)| both).unzip();
                let text = format!("number {n}: {}", texts.join(" and "));
                json!({"text": text, "labels": labels}).to_string() + "\n"
            }
            Self::Numbers => {
                let score = (n * 7 % 11) as f64 / 2.0;
                let shared = "a man eats soup ".repeat(n % 3 + 1);
                format!("{shared} {n},{shared} {},{score}\n", NAMES[n % 4])
            }
            Self::Questions => {
                let context = words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(" ");
                let (question, kind) = [("Who flew?", "B-PER"), ("Where to?", "B-LOC")][n % 2];
                let (answer, _) = words.iter().find(|(_, tag)| *tag == kind).unwrap();
                let start = context.find(answer).unwrap();
                // Some questions have no answer.
                let (question, answers) = match n % 8 {
                    5 => ("When?", json!({"text": [], "answer_start": []})),
                    _ => (question, json!({"text": [answer], "answer_start": [start]})),
                };
                let id = format!("q{n}");
                json!({"id": id, "question": question, "context": context, "answers": answers}).to_string()
                    + "\n"
            }
            Self::Summaries => {
                let flight =
                    words[..words.len() - 1].iter().map(|(word, _)| *word).collect::<Vec<_>>().join(" ");
                let mut sentences = vec![format!("It rained on day {n}."), "The soup was cold!".to_owned()];
                sentences.insert(n % 3, format!("{flight}."));
                json!({"text": sentences.join(" "), "summary": flight}).to_string() + "\n"
            }
        }
    }

    /// Writes the files of the splits.
    fn write(self, folder: &Path) -> PathBuf {
        let folder = folder.join(self.name());
        fs::create_dir(&folder).unwrap();
        let mut first = 0;
        for (split, count) in FILES {
            let heading = if self == Self::Numbers { "sentence1,sentence2,score\n" } else { "" };
            let rows: String = (first..first + count).map(|n| self.row(n)).collect();
            fs::write(folder.join(format!("{split}.{}", self.ending())), heading.to_owned() + &rows).unwrap();
            first += count;
        }
        folder
    }
}

/// `train` or `sweep` of the sample's model, from random weights: eight steps an epoch.
pub(crate) fn command(what: &str, data: &Path, output: &Path, epochs: &str) -> Command {
    let mut command = bert_train();
    command
        .args([what, "--model", "datasets/sample/bert", "--set", "from_scratch=true", "--max-length", "32"])
        .args(["--batch-size", "8", "--learning-rate", "1e-3", "--epochs", epochs, "--dataset"])
        .arg(data)
        .arg("--output")
        .arg(output);
    command
}

/// A folder with the data set and a run of each kind, which all tests share.
static TRAINED: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    for kind in KINDS {
        let data = kind.write(dir.path());
        let mut train = command("train", &data, &run_of(dir.path(), kind), "4");
        succeed(train.args(["--set", "evaluate_test=true"]));
    }
    dir
});

fn run_of(folder: &Path, kind: Kind) -> PathBuf {
    folder.join(format!("run-{}", kind.name()))
}

pub(crate) fn trained(kind: Kind) -> PathBuf {
    run_of(TRAINED.path(), kind)
}

pub(crate) fn data(kind: Kind) -> PathBuf {
    TRAINED.path().join(kind.name())
}

pub(crate) fn of_model(what: &str, kind: Kind) -> Command {
    on_model(what, &trained(kind).join("model"))
}

pub(crate) fn on_model(what: &str, model: &Path) -> Command {
    let mut command = bert_train();
    command.args([what, "--model"]).arg(model);
    command
}

/// The lines that a command writes.
pub(crate) fn lines(command: &mut Command) -> Vec<Value> {
    succeed(command).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub(crate) fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_data_say_which_task_it_is() {
    for kind in KINDS {
        let facts = json(&trained(kind).join("facts.json"));
        let (task, problem_type, metric) = kind.task();
        assert_eq!((&facts["task"], &facts["problem_type"]), (&json!(task), &problem_type), "{kind:?}");
        assert_eq!(facts["metrics"][0]["name"], metric, "{kind:?}");
        let config = fs::read_to_string(trained(kind).join("config.toml")).unwrap();
        assert_says(&config, &[&format!("metric = \"{metric}\"")]);
        let of_model = json(&trained(kind).join("model/config.json"));
        let architecture = match task {
            "token-classification" => "BertForTokenClassification",
            "question-answering" => "BertForQuestionAnswering",
            "summarization" => "BertModel",
            _ => "BertForSequenceClassification",
        };
        assert_eq!(of_model["architectures"], json!([architecture]));
        assert_eq!(of_model["problem_type"], problem_type, "{kind:?}");
    }
}

/// CoNLL columns are read with and without `--task`, but in a file of another ending with it alone.
#[test]
fn a_task_that_is_stated_is_the_task_that_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let data = Kind::Words.write(dir.path());
    let (found, stated) = (dir.path().join("found"), dir.path().join("stated"));
    succeed(&mut command("train", &data, &found, "2"));
    succeed(command("train", &data, &stated, "2").args(["--task", "token-classification"]));
    same_result(&found, &stated);

    for (split, _) in FILES {
        fs::rename(data.join(format!("{split}.conll")), data.join(format!("{split}.tsv"))).unwrap();
    }
    let text = dir.path().join("text");
    succeed(command("train", &data, &text, "2").args(["--task", "token-classification"]));
    same_result(&found, &text);
    let refused = fail(&mut command("train", &data, &dir.path().join("open"), "2"));
    assert_says(&refused, &["train.tsv", "no column \"text\""]);
    assert!(!dir.path().join("open").exists());
}

#[test]
fn an_evaluation_gives_the_runs_numbers() {
    for kind in KINDS {
        let mut eval = of_model("eval", kind);
        let report = &lines(eval.args(["--split", "test", "--json", "--dataset"]).arg(data(kind)))[0];
        let scores = json(&trained(kind).join("scores.json"));
        let splits = scores["splits"].as_array().unwrap();
        let test = splits.iter().find(|scores| scores["split"] == "test").unwrap();
        let names = ["sequences", "questions", "examples"];
        let examples = names.into_iter().find_map(|name| report.get(name)).unwrap();
        assert_eq!(examples.as_u64(), test["examples"].as_u64(), "{report}");
        for (name, value) in test["metrics"].as_object().unwrap() {
            // The same sums in batches of another size.
            let found = report[name].as_f64().unwrap_or_else(|| panic!("{kind:?} has no {name}: {report}"));
            let difference = found - value.as_f64().unwrap();
            assert!(difference.abs() < 1e-5, "{kind:?} {name}: {report}");
        }
        let rules = |scores: &Value| -> Vec<Value> {
            scores["baselines"].as_array().unwrap().iter().map(|rule| rule["name"].clone()).collect()
        };
        assert!(!rules(test).is_empty() && rules(report) == rules(test), "{kind:?}: {report}");
        // Without options it is the run's own data set, and its validation split.
        let said = succeed(&mut of_model("eval", kind));
        assert_says(&said, &["validation split: 16 examples", "without a model"]);
    }
}

#[test]
fn a_killed_run_goes_on() {
    for kind in KINDS {
        let dir = tempfile::tempdir().unwrap();
        let (whole, killed) = (dir.path().join("whole"), dir.path().join("killed"));
        let train = |output: &Path| {
            let mut train = command("train", &data(kind), output, "2");
            train.args(["--set", "save_every=3"]);
            train
        };
        succeed(&mut train(&whole));
        let mut child = train(&killed).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Step 5 is past the checkpoint after step 3 and has none itself: steps must be done again.
        wait_for_step(&killed, 5, &mut child);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!killed.join("model").exists());
        resume(&killed);
        same_result(&whole, &killed);
        same_files(&whole, &killed);
        let has_thresholds = matches!(kind, Kind::Labels | Kind::Questions);
        assert_eq!(whole.join("model/thresholds.json").exists(), has_thresholds, "{kind:?}");
    }
}

/// The files in which a run of a task differs from those of another task.
#[track_caller]
fn same_files(one: &Path, other: &Path) {
    let of_model = fs::read_dir(one.join("model")).unwrap().map(|entry| entry.unwrap().file_name());
    let of_model: Vec<PathBuf> = of_model.map(|name| Path::new("model").join(name)).collect();
    for file in ["examples.jsonl", "scores.json", "facts.json"].map(PathBuf::from).iter().chain(&of_model) {
        assert!(
            fs::read(one.join(file)).unwrap() == fs::read(other.join(file)).unwrap(),
            "{} differs from {}",
            other.join(file).display(),
            one.join(file).display()
        );
    }
    assert_eq!(fs::read_dir(other.join("model")).unwrap().count(), of_model.len());
}

/// A run that was killed before it had its facts finds its task as it did at first.
#[test]
fn a_run_that_was_killed_at_its_beginning_goes_on() {
    for kind in KINDS {
        let dir = tempfile::tempdir().unwrap();
        let killed = run_of(dir.path(), kind);
        fs::create_dir(&killed).unwrap();
        fs::copy(trained(kind).join("config.toml"), killed.join("config.toml")).unwrap();
        resume(&killed);
        same_result(&trained(kind), &killed);
        same_files(&trained(kind), &killed);
    }
}

/// A sweep of two values, its table, and its page; the page of a run, of two runs, and curves on a terminal.
#[test]
fn sweeps_and_reports_know_every_task() {
    for kind in KINDS {
        let dir = tempfile::tempdir().unwrap();
        let sweep = dir.path().join("sweep");
        let mut command = command("sweep", &data(kind), &sweep, "1");
        succeed(command.args(["--grid", "optimizer.weight_decay=0.0,0.5"]));
        let table = json(&sweep.join("sweep.json"));
        let (_, _, metric) = kind.task();
        assert_eq!((&table["metric"], &table["better"]), (&json!(metric), &json!("higher")), "{kind:?}");
        assert_eq!(table["points"].as_array().unwrap().len(), 2);
        let run = trained(kind);
        let page = dir.path().join("page.html");
        let of_sweep = sweep.join("runs/point-01-seed-0");
        for runs in [vec![&sweep], vec![&run], vec![&run, &of_sweep]] {
            let _ = fs::remove_file(&page);
            succeed(bert_train().arg("report").args(&runs).arg("--output").arg(&page));
            let text = fs::read_to_string(&page).unwrap();
            assert!(text.contains("<svg") && text.contains("</html>"), "{kind:?}: {runs:?}");
        }
    }
}

/// A model is never evaluated on data of another task: the error says both.
#[test]
fn data_of_another_task_are_refused() {
    let task = |kind: Kind| match kind.task() {
        (task, Value::String(problem_type), _) => format!("{task} ({problem_type})"),
        (task, ..) => task.to_owned(),
    };
    for model in KINDS {
        for other in KINDS.into_iter().filter(|other| other.task() != model.task()) {
            let mut eval = of_model("eval", model);
            let refused = fail(eval.args(["--split", "test", "--dataset"]).arg(data(other)));
            let [of_data, of_model] = [other, model].map(task);
            let parts = [format!("seems to be for {of_data}, but the model is for {of_model}")];
            assert_says(&refused, &parts.each_ref().map(String::as_str));
        }
    }
    let single = fail(of_model("eval", Kind::Words).args([
        "--split",
        "test",
        "--dataset",
        "datasets/sample/test.jsonl",
    ]));
    assert_says(
        &single,
        &["for text-classification (single_label_classification), but", "for token-classification"],
    );
    // A card says it before a row is read.
    let card = TRAINED.path().join("stated.toml");
    for (model, stated, says) in [
        (
            Kind::Labels,
            "task = \"token-classification\"",
            "is for token-classification, as its card says, but",
        ),
        (Kind::Words, "task = \"text-classification\"", "is for text-classification, as its card says, but"),
        (
            Kind::Labels,
            "problem_type = \"regression\"",
            "is for text-classification (regression), as its card says",
        ),
    ] {
        fs::write(
            &card,
            format!("name = \"stated\"\n{stated}\n[files]\ntrain = [\"none\"]\ntest = [\"none\"]\n"),
        )
        .unwrap();
        let refused = fail(of_model("eval", model).args(["--split", "test", "--dataset"]).arg(&card));
        assert_says(&refused, &["stated", says, &format!("the model is for {}", task(model))]);
    }
    // A fault of data of the right task is no other task.
    let file = TRAINED.path().join("faulty.csv");
    fs::write(&file, "sentence1,sentence2,score\na,b,1.5\na,c,2.5\na,d,n/a\n").unwrap();
    let refused = fail(of_model("eval", Kind::Numbers).args(["--split", "train", "--dataset"]).arg(&file));
    assert_says(&refused, &["faulty.csv, line 4", "expected a number"]);
}

/// The head of a run of the same task is kept.
#[test]
fn a_checkpoint_of_the_task_can_be_trained_on() {
    let dir = tempfile::tempdir().unwrap();
    for kind in KINDS {
        let run = dir.path().join(kind.name());
        let mut train = bert_train();
        train
            .args(["train", "--epochs", "1", "--max-length", "32", "--model"])
            .arg(trained(kind).join("model"));
        succeed(train.arg("--dataset").arg(data(kind)).arg("--output").arg(&run));
        let [before, after] = [trained(kind), run.clone()].map(|run| {
            let log = json_lines(&run.join("metrics.jsonl"));
            log.iter().find(|line| line["event"] == "train_step").unwrap()["loss"].as_f64().unwrap()
        });
        assert!(after < before, "{kind:?}: the head began anew: {after} after {before}");
    }
}
