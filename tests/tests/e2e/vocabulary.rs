//! `vocabulary`: a vocabulary of one's own texts, and a model trained on it.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use embert_tests::program::{assert_says, bert_train, fail, said, stderr, succeed};
use serde_json::{Value, json};

/// Texts in several languages, whose words occur twice.
const TEXTS: [&str; 6] = [
    "The quick fox sleeps, and the quick dogs sleep.",
    "Die schönsten Mädchen laufen, und die größten Jungen laufen über die Straßen.",
    "Мягкие булки съедены, чай выпит; мягкие булки, ещё чай.",
    "राम ने किताब पढ़ी, सीता ने किताब पढ़ी।",
    "中文的词没有空格,中文的分词很难。",
    "ذهب الولد إلى المدرسة، والمدرسة كبيرة.",
];

fn vocabulary(output: &Path) -> Command {
    let mut command = bert_train();
    command.arg("vocabulary").arg("--output").arg(output);
    command
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let mut files: Vec<_> = entries
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

fn tokens(folder: &Path) -> Vec<String> {
    fs::read_to_string(folder.join("vocab.txt")).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn a_model_is_trained_from_random_weights_with_a_vocabulary_of_its_own_texts() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, run) = (dir.path().join("new/vocabulary"), dir.path().join("run"));
    let mut command = vocabulary(&folder);
    command.args(["--dataset", "sample", "--vocab-size", "900", "--shape", "tiny"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_says(&stderr(&output), &["1 training file(s) of sample", "validation and test files stay unread"]);
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_says(
        &shown,
        &[
            "WordPiece, 900 tokens, lowercases, for up to 512 tokens",
            "tiny: 2 layers of 128, 2 heads",
            "[MASK] 4",
        ],
    );
    assert_says(
        &shown,
        &["% of the words are one piece", "pieces a word", "from_scratch=true --dataset sample"],
    );
    let names: Vec<String> = files(&folder).into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        ["config.json", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt"]
    );
    let config: Value = serde_json::from_slice(&fs::read(folder.join("config.json")).unwrap()).unwrap();
    assert_eq!((&config["vocab_size"], &config["pad_token_id"]), (&json!(900), &json!(0)));
    assert_eq!(tokens(&folder)[..5], ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]);

    let encoded =
        succeed(bert_train().args(["tokenize", "--json", "--model"]).arg(&folder).arg("The [MASK]"));
    let encoded: Value = serde_json::from_str(&encoded).unwrap();
    assert_eq!((&encoded["tokens"][1], &encoded["input_ids"][2]), (&json!("the"), &json!(4)));

    let mut train = bert_train();
    train.args(["train", "--dataset", "sample", "--train-samples", "64", "--eval-samples", "16"]);
    train.args(["--epochs", "1", "--max-length", "32", "--model"]).arg(&folder);
    // Without weights there is nothing to start from but random ones.
    let error = fail(train.arg("--output").arg(&run));
    assert!(error.contains("vocabulary") && error.contains("model.safetensors"), "{error}");
    succeed(train.args(["--set", "from_scratch=true"]));
    let predicted = succeed(bert_train().args(["predict", "Lovely soup", "--model"]).arg(run.join("model")));
    assert_says(&predicted, &["\"label\"", "Lovely soup"]);
    assert_eq!(fs::read(run.join("model/vocab.txt")).unwrap(), fs::read(folder.join("vocab.txt")).unwrap());
}

#[test]
fn the_same_texts_give_the_same_bytes_in_any_format_and_with_any_number_of_threads() {
    let dir = tempfile::tempdir().unwrap();
    let lines = TEXTS.join("\n") + "\n";
    let objects = |column: &str, texts: &[&str]| -> String {
        texts.iter().map(|text| json!({column: text, "n": 1}).to_string() + "\n").collect()
    };
    let words: String = TEXTS
        .iter()
        .map(|text| json!({"tokens": text.split(' ').collect::<Vec<_>>()}).to_string() + "\n")
        .collect();
    let csv = TEXTS.map(|text| format!("1,\"{text}\"")).join("\n");
    for (name, content) in [
        ("a.txt", lines.clone()),
        ("a.jsonl", objects("text", &TEXTS)),
        ("b.jsonl", objects("review", &TEXTS)),
        ("words.jsonl", words),
        ("one.jsonl", objects("text", &TEXTS[3..])),
        ("two.jsonl", objects("text", &TEXTS[..3])),
        ("a.csv", format!("n,text\n{csv}")),
    ] {
        fs::write(dir.path().join(name), content).unwrap();
    }
    let of = |number: usize, threads: &str, arguments: &[&str]| {
        let folder = dir.path().join(format!("v{number}"));
        let mut command = vocabulary(&folder);
        command.current_dir(dir.path()).env("RAYON_NUM_THREADS", threads);
        succeed(command.args(arguments));
        files(&folder)
    };
    let first = of(0, "1", &["--input", "a.txt"]);
    for (number, (threads, arguments)) in [
        ("4", &["--input", "a.txt"][..]),
        ("3", &["--input", "a.jsonl"]),
        ("2", &["--input", "b.jsonl", "--text-column", "review"]),
        ("2", &["--input", "words.jsonl", "--text-column", "tokens"]),
        ("1", &["--input", "one.jsonl", "two.jsonl"]),
        ("8", &["--input", "a.csv"]),
        ("8", &["--dataset", "a.csv"]),
    ]
    .into_iter()
    .enumerate()
    {
        assert!(of(number + 1, threads, arguments) == first, "{arguments:?} gives other files");
    }
    let folder = dir.path().join("piped");
    let mut piped = vocabulary(&folder)
        .args(["--input", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    piped.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    assert!(piped.wait().unwrap().success());
    assert!(files(&folder) == first);
}

#[test]
fn what_a_vocabulary_lacks_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let texts = dir.path().join("texts.txt");
    let long = "x".repeat(101);
    fs::write(&texts, TEXTS.join("\n") + "\nThis is a [MASK] text.\n" + &long + "\n").unwrap();
    let of = |name: &str, arguments: &[&str]| {
        let folder = dir.path().join(name);
        let mut command = vocabulary(&folder);
        let said = said(command.arg("--input").arg(&texts).args(arguments));
        (tokens(&folder), said)
    };
    let (small, said) = of("uncased", &[]);
    assert_says(
        &said,
        &[
            "1 text(s) have a special token",
            "1 word(s) have more than 100",
            "tokens instead of 30,522",
            "at least 2",
        ],
    );
    assert!(!said.contains("left out"), "{said}");
    for token in ["the", "laufen", "мягкие", "булки", "中", "##ه", "x", "किताब"] {
        assert!(small.iter().any(|found| found == token), "no {token} in {small:?}");
    }
    assert!(!small.iter().any(|token| token == "mask" || token == "Мягкие"), "{small:?}");
    let (cased, _) = of("cased", &["--cased"]);
    let has = |token: &str| cased.iter().any(|found| found == token);
    assert!(has("T") && has("M") && has("ä") && has("##ö"), "{cased:?}");
    let (few, said) = of("few", &["--limit-alphabet", "40", "--vocab-size", "90", "--json"]);
    assert_eq!(few.len(), 90);
    assert_says(&said, &["characters are left out", "--limit-alphabet keeps more than 40"]);
    let mut like = vocabulary(&dir.path().join("like"));
    let shown = succeed(like.args(["--like", "datasets/sample/bert", "--json", "--input"]).arg(&texts));
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let config = &shown["config"];
    assert_eq!((&config["hidden_size"], &config["max_position_embeddings"]), (&json!(128), &json!(128)));
    assert_eq!((&config["num_attention_heads"], &config["vocab_size"]), (&json!(4), &json!(small.len())));
    assert_eq!(shown["tokenizer"]["model_max_length"], 128);
    assert_eq!((&shown["facts"]["texts"], &shown["facts"]["long_words"]), (&json!(8), &json!(1)));
    assert!(shown["facts"]["unknown"].as_f64().is_some_and(|share| share > 0.0 && share < 0.1), "{shown}");
}

#[test]
fn what_can_not_be_used_is_refused_before_the_work_and_with_a_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    for (name, content) in [
        ("empty.txt", &b""[..]),
        ("blank.txt", b"\n \n"),
        ("marks.txt", b"[MASK] [SEP]\n\xe2\x80\x8b\n"),
        ("latin.txt", b"caf\xe9 caf\xe9\n"),
        ("good.txt", b"a good film, a good book\n"),
        ("pairs.csv", b"premise,hypothesis\na,b\n"),
        ("other.csv", b"review,stars\ngood,3\n"),
        ("numbers.jsonl", b"{\"text\": \"good\"}\n{\"text\": 7}\n"),
        ("film.bin", b"\x00\x01\x02"),
    ] {
        fs::write(path(name), content).unwrap();
    }
    let refused = |arguments: &[&str], parts: &[&str]| {
        let folder = path("refused");
        let error = fail(vocabulary(&folder).current_dir(dir.path()).args(arguments));
        assert_says(&error, parts);
        assert!(!folder.exists(), "{arguments:?} leaves a folder");
    };
    refused(&["--input", "empty.txt"], &["empty.txt", "no rows"]);
    refused(&["--input", "blank.txt"], &["2 text(s) without a single word"]);
    refused(&["--input", "marks.txt"], &["without a single word", "2 text(s)"]);
    refused(&["--input", "latin.txt"], &["latin.txt", "line 1", "UTF-8"]);
    refused(&["--input", "gone.txt"], &["gone.txt"]);
    refused(&["--input", "good.txt", "gone.txt"], &["gone.txt"]);
    refused(&["--input", "film.bin"], &["film.bin"]);
    refused(&["--input", "other.csv"], &["other.csv", "\"text\"", "review, stars", "--text-column"]);
    refused(&["--input", "other.csv", "--text-column", "title"], &["\"title\"", "review, stars"]);
    refused(&["--input", "numbers.jsonl"], &["numbers.jsonl", "line 2", "text"]);
    refused(
        &["--input", "good.txt", "--vocab-size", "12"],
        &["vocab_size is 12", "characters", "expected at least"],
    );
    refused(&["--input", "good.txt", "--vocab-size", "0"], &["vocab_size is 0"]);
    refused(&["--input", "good.txt", "--min-frequency", "0"], &["min_frequency is 0"]);
    refused(&["--input", "good.txt", "--limit-alphabet", "0"], &["limit_alphabet is 0"]);
    refused(&["--input", "good.txt", "--like", "elsewhere/"], &["elsewhere"]);
    refused(&["--input", "good.txt", "--shape", "base", "--vocab-size", "99999999"], &["16777216"]);
    refused(&["--dataset", "no-such-data-set"], &["no-such-data-set"]);

    let skipped = said(vocabulary(&path("skipped")).current_dir(dir.path()).args([
        "--input",
        "numbers.jsonl",
        "--skip-bad-rows",
    ]));
    assert_says(&skipped, &["skipped 1 row(s)"]);
    let pairs = said(vocabulary(&path("pairs")).current_dir(dir.path()).args(["--input", "pairs.csv"]));
    assert_says(&pairs, &["\"premise\" and \"hypothesis\"", "--text-column"]);
    assert!(tokens(&path("pairs")).ends_with(&["a".to_owned(), "b".to_owned()]));
}

#[test]
fn an_output_that_is_there_is_replaced_only_where_it_is_a_vocabulary_and_that_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("v");
    let texts = dir.path().join("texts.txt");
    fs::write(&texts, TEXTS.join("\n")).unwrap();
    let command = |arguments: &[&str]| {
        let mut command = vocabulary(&folder);
        command.arg("--input").arg(&texts).args(arguments);
        command
    };
    succeed(&mut command(&[]));
    let before = files(&folder);
    assert_says(&fail(&mut command(&["--cased"])), &["has a vocabulary", "--overwrite"]);
    assert!(files(&folder) == before);
    succeed(&mut command(&["--cased", "--overwrite"]));
    assert!(files(&folder) != before);

    let before = files(&folder);
    let mut of_itself = vocabulary(&folder);
    of_itself.arg("--overwrite").arg("--input").arg(folder.join("vocab.txt"));
    assert_says(&fail(&mut of_itself), &["vocab.txt", "which is read"]);
    fs::write(folder.join("notes.md"), "mine").unwrap();
    assert_says(&fail(&mut command(&["--overwrite"])), &["notes.md", "another output"]);
    fs::remove_file(folder.join("notes.md")).unwrap();
    assert!(files(&folder) == before);
    let mut into_file = vocabulary(&texts);
    assert_says(&fail(into_file.arg("--input").arg(&texts)), &["is a file, expected a folder"]);
    // Nothing half-written is left.
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}
