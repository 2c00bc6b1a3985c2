//! Compares the effect on the tokenizer of each file and key of a checkpoint's folder with that in
//! transformers.

use std::fs;
use std::path::Path;

use embert_tokenize::{EncodeOptions, Tokenizer, Truncation};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::support::{chain, fixture, options};

#[derive(Deserialize)]
struct Reference {
    text: String,
    pair: String,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    name: String,
    files: Map<String, Value>,
    here: Here,
    says: Vec<String>,
    transformers: Made,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Here {
    Same,
    Refused,
    Accepted,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Made {
    Tokenizer(Encoded),
    #[allow(dead_code, reason = "for the one who reads a failure")]
    Refused {
        error: String,
    },
}

#[derive(Debug, Deserialize, PartialEq)]
struct Encoded {
    ids: Vec<u32>,
    pair_ids: Vec<u32>,
    pair_types: Vec<u32>,
    pad: Option<u32>,
    max_length: Option<usize>,
    truncation_side: String,
}

const WHOLE: EncodeOptions = EncodeOptions { max_length: 512, truncation: Truncation::LongestFirst };

fn reference() -> Reference {
    serde_json::from_str(&fs::read_to_string(fixture("checkpoints.json")).unwrap()).unwrap()
}

fn write(folder: &Path, files: &Map<String, Value>) {
    for (name, content) in files {
        let text = match (content, content.get("=")) {
            (_, Some(Value::Object(patch))) => {
                let mut file: Map<String, Value> =
                    serde_json::from_str(&fs::read_to_string(fixture("tokenizer.json")).unwrap()).unwrap();
                file.extend(patch.clone());
                Value::Object(file).to_string()
            }
            (Value::String(text), _) => text.clone(),
            _ => content.to_string(),
        };
        fs::write(folder.join(name), text).unwrap();
    }
}

fn encoded(tokenizer: &Tokenizer, text: &str, pair: &str) -> Encoded {
    let single = tokenizer.encode(text, None, &WHOLE).unwrap();
    let pair = tokenizer.encode(text, Some(pair), &WHOLE).unwrap();
    let side = if tokenizer.truncation() == Truncation::Tail { "left" } else { "right" };
    assert!(single.type_ids.iter().all(|id| *id == 0));
    Encoded {
        ids: single.ids,
        pair_ids: pair.ids,
        pair_types: pair.type_ids,
        pad: Some(tokenizer.pad_id()),
        max_length: tokenizer.model_max_length(),
        truncation_side: side.to_owned(),
    }
}

#[test]
fn each_file_and_key_counts_as_for_transformers_or_is_refused_by_name() {
    let Reference { text, pair, rows } = reference();
    assert!(rows.len() > 150, "the reference is too small to compare with");
    let mut failures = Vec::new();
    for row in &rows {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &row.files);
        let loaded = Tokenizer::from_folder(folder.path());
        let problem = match (row.here, &row.transformers, loaded) {
            (Here::Same, Made::Tokenizer(expected), Ok(tokenizer)) => {
                let (found, notes) = (encoded(&tokenizer, &text, &pair), tokenizer.notes().join("; "));
                let unsaid = row.says.iter().find(|part| !notes.contains(*part));
                if found != *expected {
                    Some(format!("{found:?} instead of {expected:?}"))
                } else if let Some(part) = unsaid {
                    Some(format!("the notes `{notes}` don't say `{part}`"))
                } else {
                    // A few words of this vocabulary have capitals, and a file that counts as it is has no
                    // token types: both get a note.
                    let common =
                        |note: &&String| note.contains("have capitals") || note.contains("token type 0");
                    let other = tokenizer.notes().iter().find(|note| row.says.is_empty() && !common(note));
                    other.map(|note| format!("it says `{note}`"))
                }
            }
            (Here::Refused, _, Err(error)) => {
                let message = chain(&error);
                let unsaid = row.says.iter().find(|part| !message.contains(*part));
                unsaid.map(|part| format!("`{message}` does not say `{part}`"))
            }
            (Here::Accepted, _, Ok(tokenizer)) => {
                encoded(&tokenizer, &text, &pair);
                None
            }
            (here, made, loaded) => Some(format!(
                "{:?}, expected {here:?}; transformers: {made:?}",
                loaded.map_err(|error| chain(&error))
            )),
        };
        failures.extend(problem.map(|problem| format!("{}: {problem}", row.name)));
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), rows.len(), failures.join("\n"));
}

/// A saved tokenizer is read as the same tokenizer, and saving it again changes no file.
#[test]
fn what_is_saved_of_each_folder_reads_back_as_the_same_tokenizer() {
    let Reference { text, pair, rows } = reference();
    for row in rows.iter().filter(|row| row.here != Here::Refused) {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &row.files);
        let original = Tokenizer::from_folder(folder.path()).unwrap();
        let saved = tempfile::tempdir().unwrap();
        original.save(saved.path(), None).unwrap();
        // A run folder's model has a config.json too.
        let config = row.files.get("config.json").and_then(|config| config.get("vocab_size"));
        let config = json!({"model_type": "bert", "vocab_size": config});
        fs::write(saved.path().join("config.json"), config.to_string()).unwrap();
        let back = Tokenizer::from_folder(saved.path()).unwrap();
        assert_eq!(encoded(&back, &text, &pair), encoded(&original, &text, &pair), "{}", row.name);
        assert_eq!(back.facts().special_tokens, original.facts().special_tokens, "{}", row.name);
        let again = tempfile::tempdir().unwrap();
        back.save(again.path(), None).unwrap();
        for name in ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"] {
            let read = |folder: &Path| fs::read_to_string(folder.join(name)).unwrap();
            assert_eq!(read(again.path()), read(saved.path()), "{name} of {}", row.name);
        }
    }
}

/// Saves tokenizers where `checkpoints.py --check` looks for them, to load them with `transformers`.
#[test]
fn saved_folders_can_be_given_to_transformers() {
    let Some(target) = std::env::var_os("EMBERT_SAVED_TOKENIZERS") else { return };
    let Reference { rows, .. } = reference();
    for (number, row) in rows.iter().enumerate().filter(|(_, row)| row.here == Here::Same) {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &row.files);
        let saved = Path::new(&target).join(format!("x{number}"));
        fs::create_dir_all(&saved).unwrap();
        fs::write(saved.join("config.json"), r#"{"model_type": "bert"}"#).unwrap();
        Tokenizer::from_folder(folder.path()).unwrap().save(&saved, None).unwrap();
    }
}

#[test]
fn a_text_with_an_added_token_that_the_model_has_no_row_for_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(fixture("vocab.txt"), folder.path().join("vocab.txt")).unwrap();
    fs::write(folder.path().join("added_tokens.json"), r#"{"[E1]": 61}"#).unwrap();
    fs::write(folder.path().join("config.json"), r#"{"model_type": "bert", "vocab_size": 61}"#).unwrap();
    let tokenizer = Tokenizer::from_folder(folder.path()).unwrap();
    tokenizer.check_vocab(61).unwrap();
    assert!(tokenizer.check_vocab(60).is_err());
    tokenizer.encode("the film", None, &WHOLE).unwrap();
    let message = tokenizer
        .encode("the [E1] film", None, &options(16, Truncation::LongestFirst))
        .unwrap_err()
        .to_string();
    assert!(message.contains("[E1]") && message.contains("61"), "{message}");
    // A token that is cut off does no harm.
    tokenizer.encode("the film [E1]", None, &options(4, Truncation::LongestFirst)).unwrap();
    // The vocabulary's own tokens need a row in any case.
    fs::write(folder.path().join("config.json"), r#"{"model_type": "bert", "vocab_size": 60}"#).unwrap();
    assert!(Tokenizer::from_folder(folder.path()).unwrap().check_vocab(60).is_err());
}

#[test]
fn a_vocabulary_in_another_encoding_is_refused_with_its_line() {
    let text = fs::read_to_string(fixture("vocab.txt")).unwrap();
    let latin: Vec<u8> = text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?')).collect();
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, line) in [(latin, "line 28"), ([b"\xff\xfe".as_slice(), &utf16].concat(), "line 1")] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("vocab.txt"), bytes).unwrap();
        let message = chain(&Tokenizer::from_folder(folder.path()).unwrap_err());
        for part in ["vocab.txt", "UTF-8", line] {
            assert!(message.contains(part), "`{message}` does not say `{part}`");
        }
    }
}

#[test]
fn a_vocabulary_and_what_is_done_to_case_that_do_not_fit_are_said() {
    let note = |words: &str, config: Value| {
        let folder = tempfile::tempdir().unwrap();
        let vocab = format!("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n[unused1]\n{words}");
        fs::write(folder.path().join("vocab.txt"), vocab).unwrap();
        fs::write(folder.path().join("tokenizer_config.json"), config.to_string()).unwrap();
        Tokenizer::from_folder(folder.path()).unwrap().notes().join("; ")
    };
    let (cased, uncased) = (json!({"do_lower_case": false}), json!({}));
    let lowercased = note("Left\nABC\nlobe\n##AB\n", uncased.clone());
    assert!(lowercased.contains("3 of 4 words") && lowercased.contains("\"Left\""), "{lowercased}");
    assert!(lowercased.contains("\"do_lower_case\": false"), "{lowercased}");
    assert_eq!(note("Left\nlobe\n", cased.clone()), "");
    assert_eq!(note("left\nlobe\n", uncased.clone()), "");
    let kept = note("left\nlobe\n", cased.clone());
    assert!(kept.contains("no word") && kept.contains("\"do_lower_case\": true"), "{kept}");
    // A vocabulary of a script without case gets no note.
    assert_eq!(note("中\n文\n", cased), "");
    // One stray capital in hundreds of words doesn't make a vocabulary cased.
    let many: String =
        (0..200).map(|number| format!("word{number}\n")).chain(["Stray\n".to_owned()]).collect();
    assert_eq!(note(&many, uncased), "");
}

/// The tokenizer of a patched copy of the fixture's `tokenizer.json`, in the folder of a model of 61 rows.
#[allow(clippy::needless_pass_by_value, reason = "`json!` makes one for each call")]
fn patched(patch: Value, config: &str) -> (tempfile::TempDir, Result<Tokenizer, String>) {
    let folder = tempfile::tempdir().unwrap();
    let Value::Object(files) = json!({
        "tokenizer.json": {"=": patch},
        "tokenizer_config.json": config,
        "config.json": {"model_type": "bert", "vocab_size": 61},
    }) else {
        unreachable!()
    };
    write(folder.path(), &files);
    let tokenizer = Tokenizer::from_folder(folder.path()).map_err(|error| chain(&error));
    (folder, tokenizer)
}

#[test]
fn ids_that_two_tokens_share_or_that_no_model_has_are_refused() {
    let file: Value = serde_json::from_str(&fs::read_to_string(fixture("tokenizer.json")).unwrap()).unwrap();
    let with_id = |id: u64| {
        let mut model = file["model"].clone();
        model["vocab"]["film"] = json!(id);
        json!({ "model": model })
    };
    for (id, parts) in
        [(17, ["\"film\"", "17", "movie"]), (4_000_000_000, ["film", "4000000000", "16777216"])]
    {
        for config in ["{}", r#"{"tokenizer_class": "PreTrainedTokenizerFast"}"#] {
            let message = patched(with_id(id), config).1.unwrap_err();
            for part in parts {
                assert!(message.contains(part), "`{message}` does not say `{part}`");
            }
        }
    }
    // A post-processor states ids of its own.
    let post_processor =
        json!({"post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 99]}});
    let as_file =
        patched(post_processor.clone(), r#"{"tokenizer_class": "PreTrainedTokenizerFast"}"#).1.unwrap();
    assert!(as_file.check_vocab(61).unwrap_err().to_string().contains("99"));
    patched(post_processor, "{}").1.unwrap().check_vocab(61).unwrap();
}
