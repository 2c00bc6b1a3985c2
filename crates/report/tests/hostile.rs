//! Folders in which each text contains markup, a terminal's commands and marks of another direction.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use embert_report::{PageOptions, Run, Sweep, is_hidden, page, sweep_page, sweep_terminal, terminal};
use embert_run::{
    AnsweredExample, Average, Baseline, Better, ClassScores, Detail, End, Entity, Eval, Example, FORMAT,
    Facts, Lengths, MaskedExample, MaskedWord, MetricInfo, Metrics, MultiLabelExample, Parameters, Phases,
    PointResult, PredictedAnswer, PredictedEntity, RunFiles, RunResult, ScoredExample, Scores, Split,
    SplitScores, Splits, Stage, Status, SweepFiles, SweepTable, TaggedExample, TrainStep, TrueAnswer,
};
use serde::Serialize;
use serde_json::{Map, Value};

/// A hostile name. Each place has a name of its own, so that no label equals another.
fn name(place: &str) -> String {
    format!("{place}\n\u{1b}[2J\u{202e}\0<script>alert(1)</script>\u{9b}\u{7f}\"'&\u{200f}ש")
}

/// A hostile text of an example. The page keeps the text's direction, in an element of its own.
fn text(place: &str) -> String {
    format!("{place}\r\u{1b}[2J\0<script>alert(1)</script>\u{9b}")
}

fn metrics(value: f64) -> Metrics {
    [("loss".to_owned(), 1.0 - value), (name("share"), value), (name("other"), value)].into_iter().collect()
}

fn facts() -> Facts {
    let split = || Split { examples: 4, labels: vec![2, 2], duplicates: 0 };
    let info = |name: String, title: String, better| MetricInfo { name, title, better, headline: true };
    Facts {
        format: FORMAT,
        task: name("task"),
        problem_type: Some(name("problem type")),
        model: name("model"),
        dataset: name("dataset"),
        labels: vec![name("first"), name("second")],
        positive: Some(name("second")),
        parameters: Parameters { total: 9, trainable: 3 },
        splits: Splits { train: split(), validation: Some(split()), test: Some(split()) },
        shared: 1,
        skipped: 1,
        skipped_by_split: [1, 0, 0],
        lengths: Lengths {
            max_length: 8,
            truncated: 1,
            bin_width: 4,
            counts: vec![2, 2],
            untruncated: None,
            windows: None,
        },
        metrics: vec![
            info(name("share"), name("Share"), Better::Higher),
            info(name("other"), name("Other"), Better::Higher),
            info("loss".to_owned(), name("Loss"), Better::Lower),
        ],
    }
}

fn line(event: &str, of: &impl Serialize) -> String {
    let mut fields = Map::from_iter([("event".to_owned(), Value::from(event))]);
    let Value::Object(others) = serde_json::to_value(of).unwrap() else { panic!("no object") };
    fields.extend(others);
    format!("{}\n", Value::Object(fields))
}

fn log() -> String {
    let step = |step: usize| TrainStep {
        step,
        epoch: 1,
        loss: 1.0 / step as f64,
        grad_norm: 1.0,
        learning_rate: 1e-3,
        head_learning_rate: Some(1e-2),
        learning_rates: BTreeMap::from([(name("layer"), 1e-3), (name("head"), 1e-2)]),
        examples: 4,
        tokens: 9,
        seconds: step as f64,
    };
    let eval = |split: &str, step: usize, value: f64| Eval {
        split: split.to_owned(),
        step,
        epoch: 1,
        metrics: metrics(value),
        examples: 4,
    };
    let stage = Stage { step: 0, stage: 1, freeze: name("freeze"), trainable: 3 };
    let end = End {
        step: 2,
        epoch: 1,
        metric: name("share"),
        best_step: Some(2),
        best_metric: Some(0.75),
        early_stopped: true,
        seconds: 2.0,
        phases: Some(Phases::default()),
        peak_memory: Some(1 << 20),
    };
    [
        line("stage", &stage),
        line("train_step", &step(1)),
        line("eval", &eval("validation", 1, 0.5)),
        line(&name("event"), &step(1)),
        line("train_step", &step(2)),
        line("eval", &eval("validation", 2, 0.75)),
        line("eval", &eval("test", 2, 0.5)),
        line("eval", &eval(&name("split"), 2, 0.5)),
        line("end", &end),
    ]
    .concat()
}

fn scores() -> Scores {
    let split = |split: String| SplitScores {
        split,
        examples: 4,
        metrics: metrics(0.75),
        detail: Detail {
            classes: vec![ClassScores { name: Some(name("type")), metrics: metrics(0.75), examples: 2 }; 2],
            averages: vec![Average { name: name("macro"), metrics: metrics(0.75) }],
            confusion_matrix: vec![vec![1, 1], vec![0, 2]],
            thresholds: vec![0.25, 0.75],
            at_thresholds: metrics(0.8),
        },
        baselines: vec![Baseline { name: name("rule"), metrics: metrics(0.25) }],
    };
    let splits = ["validation".to_owned(), "test".to_owned(), name("split")].map(split);
    Scores { format: FORMAT, step: 2, splits: splits.into() }
}

fn examples() -> String {
    let mut lines = String::new();
    for split in ["validation".to_owned(), "test".to_owned(), name("split")] {
        for id in 0..4 {
            let example = Example {
                split: split.clone(),
                id,
                text: text("text"),
                text_pair: Some(text("pair")),
                label: id as usize % 2,
                probabilities: vec![0.25 + id as f64 / 8.0, 0.75 - id as f64 / 8.0],
                tokens: 3,
            };
            lines += &serde_json::to_string(&example).unwrap();
            lines.push('\n');
        }
    }
    lines
}

/// The task, the problem type and the lines of `examples.jsonl` of each task but the first.
fn other_tasks() -> [(&'static str, Option<&'static str>, String); 5] {
    let splits = ["validation".to_owned(), "test".to_owned(), name("split")];
    let (mut labels, mut scores, mut entities) = (String::new(), String::new(), String::new());
    for (split, id) in splits.iter().flat_map(|split| (0..4).map(move |id| (split.clone(), id))) {
        let (of_labels, of_scores) = (split.clone(), split.clone());
        labels += &line_of(&MultiLabelExample {
            split: of_labels,
            id,
            text: text("text"),
            text_pair: Some(text("pair")),
            labels: vec![id as usize % 2],
            probabilities: vec![0.25 + id as f64 / 8.0, 0.75 - id as f64 / 8.0],
            tokens: 3,
        });
        scores += &line_of(&ScoredExample {
            split: of_scores,
            id,
            text: text("text"),
            text_pair: Some(text("pair")),
            score: [0.0, 1e300, -1e300, 1e-300][id as usize],
            predicted: [f64::MIN, f64::MAX, 0.0, -0.0][id as usize],
            tokens: 3,
        });
        let text = format!("{}\u{202e}\u{200f}", text("text"));
        let length = text.chars().count();
        let entity = |group: &str, start, end| Entity { entity_group: name(group), start, end };
        let found =
            |group: &str, start, end| PredictedEntity { entity_group: name(group), score: 0.5, start, end };
        entities += &line_of(&TaggedExample {
            split,
            id,
            text,
            // The bounds cut the escapes of the page in two, and entities overlap each other.
            entities: vec![entity("first", 5, 8), entity("second", 7, 12), entity("first", 12, 30)],
            predicted: vec![
                found("second", 5, 8),
                found("second", 10, 20),
                found("third", length - 2, length),
            ],
            words: id as usize,
            tokens: 3,
        });
    }
    [
        ("text-classification", Some("multi_label_classification"), labels),
        ("text-classification", Some("regression"), scores),
        ("token-classification", None, entities),
        ("question-answering", None, answers()),
        ("fill-mask", None, masks()),
    ]
}

/// The lines of `examples.jsonl` of question answering, with null odds.
fn answers() -> String {
    let splits = ["validation".to_owned(), "test".to_owned(), name("split")];
    let line = |(split, id): (&String, u64)| {
        let context =
            format!("{}😀👩\u{200d}✈️ \u{202e}\u{200f}שלום</mark> {}", text("text"), "x ".repeat(400));
        let cut =
            |start: usize, end: usize| context.chars().skip(start).take(end - start).collect::<String>();
        let length = context.chars().count();
        // The bounds cut the escapes of the page and an emoji in two; the last answer is empty.
        let (start, end) = [(5, 8), (40, 52), (length - 1, length), (7, 7)][id as usize];
        let truth = |start, end| TrueAnswer { text: cut(start, end), start, end };
        let truths = vec![truth(6, 9), truth(8, 60), truth(0, length), truth(3, 3)];
        let predicted = PredictedAnswer { text: cut(start, end), score: 0.25 * id as f64, start, end };
        line_of(&AnsweredExample {
            split: split.clone(),
            id,
            question_id: name("first"),
            question: format!("Who?{}\u{202e}", text("question")),
            answers: if id == 1 { Vec::new() } else { truths },
            predicted,
            null_odds: Some([-1e300, 0.5, -0.0, f64::MAX][id as usize]),
            tokens: 3,
            context,
        })
    };
    splits.iter().flat_map(|split| (0..4).map(move |id| (split, id))).map(line).collect()
}

/// The lines of `examples.jsonl` of masked words.
fn masks() -> String {
    let splits = ["validation".to_owned(), "test".to_owned(), name("split")];
    let line = |(split, id): (&String, u64)| {
        let mask = |number: u64| MaskedWord {
            token: text(&format!("token {number}\u{202e}")),
            shown: text("shown"),
            predicted: text(&format!("token {}\u{202e}", number * id % 3)),
            score: 0.75,
            probability: 0.25,
        };
        let masks = (0..id).map(mask).collect();
        let text = format!("{}\u{202e}\u{200f}", text("text"));
        line_of(&MaskedExample { split: split.clone(), id, text, masks, tokens: 3 })
    };
    splits.iter().flat_map(|split| (0..4).map(move |id| (split, id))).map(line).collect()
}

fn line_of(of: &impl Serialize) -> String {
    serde_json::to_string(of).unwrap() + "\n"
}

/// A run of another task.
fn write_run_of(folder: &Path, task: &str, problem_type: Option<&str>, examples: &str) {
    write_run(folder, 0);
    let files = RunFiles::new(folder);
    let facts = Facts { task: task.to_owned(), problem_type: problem_type.map(str::to_owned), ..facts() };
    fs::write(files.facts(), serde_json::to_vec(&facts).unwrap()).unwrap();
    fs::write(files.examples(), examples).unwrap();
}

fn config(seed: i64) -> String {
    let mut inner = toml::Table::new();
    inner.insert(name("key"), name("value").into());
    let mut config = toml::Table::new();
    config.insert("metric".to_owned(), name("share").into());
    config.insert("model".to_owned(), name("model").into());
    config.insert("seed".to_owned(), seed.into());
    config.insert("list".to_owned(), vec![name("item")].into());
    config.insert(name("table"), inner.into());
    toml::to_string(&config).unwrap()
}

fn write_run(folder: &Path, seed: i64) {
    let files = RunFiles::new(folder);
    fs::create_dir_all(folder).unwrap();
    fs::write(files.config(), config(seed)).unwrap();
    fs::write(files.facts(), serde_json::to_vec(&facts()).unwrap()).unwrap();
    fs::write(files.metrics(), log()).unwrap();
    fs::write(files.scores(), serde_json::to_vec(&scores()).unwrap()).unwrap();
    fs::write(files.examples(), examples()).unwrap();
}

fn write_sweep(folder: &Path) {
    let run = |seed: u64, run: String, status: Status| RunResult {
        run,
        seed,
        status,
        error: Some(name("error")),
        value: Some(0.75),
        step: Some(2),
        seconds: Some(2.0),
        metrics: Some(metrics(0.75)),
        baselines: vec![Baseline { name: name("rule"), metrics: metrics(0.25) }],
    };
    let point = |point: &str, runs: Vec<RunResult>| PointResult {
        point: name(point),
        settings: Map::from_iter([
            (name("swept"), name(point).into()),
            ("list".to_owned(), vec![name(point)].into()),
            ("table".to_owned(), Value::Object(Map::from_iter([(name("key"), name(point).into())]))),
        ]),
        mean: Some(0.75),
        standard_deviation: Some(0.1),
        baseline: Some(0.25),
        seconds: Some(2.0),
        trainable: Some(3),
        parameters: Some(9),
        runs,
    };
    let table = SweepTable {
        format: FORMAT,
        name: name("sweep"),
        metric: name("share"),
        better: Better::Higher,
        split: name("split"),
        keys: vec![name("swept"), "list".to_owned(), "table".to_owned()],
        seeds: vec![0, 1],
        points: vec![
            point(
                "one",
                vec![
                    run(0, "runs/a".to_owned(), Status::Complete),
                    run(1, "runs/b".to_owned(), Status::Failed),
                ],
            ),
            point("two", vec![run(0, name("runs/c"), Status::Failed), run(1, name("d"), Status::Missing)]),
        ],
    };
    fs::create_dir_all(folder).unwrap();
    fs::write(SweepFiles::new(folder).table(), serde_json::to_vec(&table).unwrap()).unwrap();
    write_run(&folder.join("runs/a"), 0);
    write_run(&folder.join("runs/b"), 1);
}

/// True for a character that no name may bring into a page: a control character (newline and tab belong to
/// the markup), or a mark that reorders the words around it. `embert_report` puts isolates there itself.
fn is_harmful(character: char) -> bool {
    (character.is_control() && !matches!(character, '\n' | '\t'))
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}')
}

fn assert_harmless(html: &str) {
    let found = html.char_indices().find(|(_, character)| is_harmful(*character));
    assert!(
        found.is_none(),
        "{found:?}: {:?}",
        found.map(|(place, _)| &html[place.saturating_sub(80)..place])
    );
    assert!(!html.contains("<script"), "a name became markup");
}

#[test]
fn no_text_of_a_run_gets_into_a_page_as_it_is() {
    let place = tempfile::tempdir().unwrap();
    let folders = ["one", "two"].map(|run| place.path().join(run));
    for (folder, seed) in folders.iter().zip(0..) {
        write_run(folder, seed);
    }
    let runs: Vec<Run> = folders.iter().map(|folder| Run::read(folder).unwrap()).collect();
    assert!(runs.iter().all(|run| run.damage.is_empty()), "{:?}", runs[0].damage);
    let html = page(&runs[..1], &PageOptions::default()).unwrap();
    assert_harmless(&html);
    // The page shows each name, escaped.
    for part in
        ["task", "model", "dataset", "first", "share", "layer", "freeze", "macro", "item", "text", "pair"]
    {
        let is_shown =
            html.contains(&format!("{part}\\n\\u{{1b}}[2J")) || html.contains(&format!("{part}\\r"));
        assert!(is_shown || part == "task", "{part} is not in the page");
    }
    assert_harmless(&page(&runs, &PageOptions::default()).unwrap());
    let drawn = terminal(&runs[0]);
    assert!(!drawn.contains(|character| is_hidden(character) && character != '\n'), "{drawn}");
}

#[test]
fn no_text_of_a_sweep_gets_into_a_page_as_it_is() {
    let place = tempfile::tempdir().unwrap();
    write_sweep(place.path());
    let sweep = Sweep::read(place.path()).unwrap();
    assert!(sweep.damage.is_none());
    let html = sweep_page(&sweep, &PageOptions::default()).unwrap();
    assert_harmless(&html);
    for part in ["sweep", "split", "swept", "one", "two", "error"] {
        assert!(html.contains(&format!("{part}\\n\\u{{1b}}[2J")), "{part} is not in the page");
    }
    let drawn = sweep_terminal(&sweep);
    assert!(!drawn.contains(|character| is_hidden(character) && character != '\n'), "{drawn}");
}

#[test]
fn no_text_of_another_task_gets_into_a_page_as_it_is() {
    let mut folders = Vec::new();
    let place = tempfile::tempdir().unwrap();
    for (index, (task, problem_type, examples)) in other_tasks().iter().enumerate() {
        let folder = place.path().join(index.to_string());
        write_run_of(&folder, task, *problem_type, examples);
        let run = Run::read(&folder).unwrap();
        assert!(run.damage.is_empty() && run.examples.is_some(), "{:?}", run.damage);
        let html = page(std::slice::from_ref(&run), &PageOptions::default()).unwrap();
        assert_harmless(&html);
        for part in ["text", "rule"].into_iter().chain(if index == 1 { None } else { Some("first") }) {
            let is_shown =
                html.contains(&format!("{part}\\n\\u{{1b}}[2J")) || html.contains(&format!("{part}\\r"));
            assert!(is_shown, "{part} is not in the page of {task}, {problem_type:?}");
        }
        // No number of the files is drawn outside of what is a number.
        assert!(!html.contains("\"inf") && !html.contains("\"NaN"), "{html}");
        let drawn = terminal(&run);
        assert!(!drawn.contains(|character| is_hidden(character) && character != '\n'), "{drawn}");
        folders.push(folder);
    }
    let runs: Vec<Run> = folders.iter().map(|folder| Run::read(folder).unwrap()).collect();
    assert_harmless(&page(&runs, &PageOptions::default()).unwrap());
}

/// The lines of one task in a run of another, and lines that no run writes: the damage is said, and the page
/// has the rest.
#[test]
fn a_line_of_another_task_is_damage() {
    let all = other_tasks();
    let entity = r#"{"split":"test","id":1,"text":"aé","entities":[{"entity_group":"A","start":0,"end":3}],"predicted":[],"words":1,"tokens":1}"#;
    let labels = r#"{"split":"test","id":1,"text":"a","labels":[2],"probabilities":[0.5,0.5],"tokens":1}"#;
    let number = r#"{"split":"test","id":1,"text":"a","score":NaN,"predicted":0.5,"tokens":1}"#;
    let answer = r#"{"split":"test","id":1,"question_id":"","question":"","context":"aé","answers":[],"predicted":{"text":"","score":0.5,"start":1,"end":3},"null_odds":0.5,"tokens":1}"#;
    let others: [&[&str]; 4] = [
        &[&all[2].2, labels],
        &[&all[0].2, number],
        &[&all[1].2, entity, "\0", "{}"],
        &[&all[2].2, answer, &answer.replace("\"end\":3", "\"end\":2").replace("\"null_odds\":0.5,", "")],
    ];
    for ((task, problem_type, right), wrong) in all.iter().zip(others) {
        for wrong in wrong {
            let place = tempfile::tempdir().unwrap();
            write_run_of(place.path(), task, *problem_type, &format!("{right}{wrong}\n"));
            let run = Run::read(place.path()).unwrap();
            let damage = run.damage.join("\n");
            assert!(damage.contains("examples.jsonl, line 13, can't be used"), "{damage}");
            assert!(damage.contains("single examples are left out"), "{damage}");
            let html = page(std::slice::from_ref(&run), &PageOptions::default()).unwrap();
            assert!(html.contains("examples.jsonl, line 13"), "{html}");
            assert_harmless(&html);
        }
    }
}

/// A sentence about a damaged file quotes the file.
#[test]
fn nor_does_the_text_of_a_damage() {
    let place = tempfile::tempdir().unwrap();
    write_run(place.path(), 0);
    let files = RunFiles::new(place.path());
    let hostile = serde_json::to_string(&name("quoted")).unwrap();
    fs::write(files.facts(), format!("{{\"model\": {hostile}, \"parameters\": {hostile}}}")).unwrap();
    fs::write(files.scores(), format!("{{\"step\": {hostile}}}")).unwrap();
    fs::write(files.examples(), format!("{{\"id\": {hostile}}}\n")).unwrap();
    fs::write(files.config(), "model = \"a\u{1b}[2J\u{202e}\"\nseed = \u{202e}\n").unwrap();
    fs::write(files.metrics(), format!("{hostile}\n{}", log())).unwrap();
    let run = Run::read(place.path()).unwrap();
    let damage = run.damage.join("\n");
    for file in [
        "config.toml, line 1",
        "facts.json, line 1",
        "scores.json",
        "metrics.jsonl, line 1",
        "examples.jsonl",
    ] {
        assert!(damage.contains(file), "{file} is not in {damage}");
    }
    let html = page(std::slice::from_ref(&run), &PageOptions::default()).unwrap();
    assert!(!html.contains(is_harmful) && !html.contains("<script"), "{html}");
    for file in [
        "config.toml, line",
        "facts.json, line",
        "scores.json, line",
        "metrics.jsonl, line",
        "examples.jsonl, line",
    ] {
        assert!(html.contains(file), "{file} is not in the page");
    }
    assert!(!terminal(&run).contains(|character| is_hidden(character) && character != '\n'));
}
