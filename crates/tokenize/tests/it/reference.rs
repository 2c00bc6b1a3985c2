//! Compares ids, token types, masks, offsets, word ids and sequence ids with those of transformers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use embert_tokenize::{Encoding, Input, Sequence, TokenizeError, Tokenizer, Truncation};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::support::{self, fixture, options, tokens, vocab_folder};

#[derive(Deserialize)]
struct Expected {
    configs: BTreeMap<String, Value>,
    cases: Vec<Case>,
    folders: Vec<Folder>,
}

/// A folder whose files contradict each other, and what `AutoTokenizer` makes of it.
#[derive(Debug, Deserialize)]
struct Folder {
    /// The keys of the normalizer that differ from the fixture's `tokenizer.json`.
    normalizer: Map<String, Value>,
    tokenizer_config: Option<Value>,
    config: Option<Value>,
    text: String,
    tokens: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Case {
    config: String,
    text: String,
    text_pair: Option<String>,
    truncation: Truncation,
    max_length: usize,
    #[serde(flatten)]
    result: Outcome,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Outcome {
    Encoded {
        attention_mask: Vec<u32>,
        #[serde(flatten)]
        row: Row,
    },
    Refused {
        error: String,
    },
}

fn expected() -> Expected {
    serde_json::from_str(&fs::read_to_string(fixture("expected.json")).unwrap()).unwrap()
}

#[track_caller]
fn check(tokenizer: &Tokenizer, case: &Case) {
    let options = options(case.max_length, case.truncation);
    let found = tokenizer.encode(&case.text, case.text_pair.as_deref(), &options);
    match (&case.result, found) {
        (Outcome::Encoded { attention_mask, row }, Ok(found)) => {
            assert_eq!(&found.attention_mask, attention_mask, "mask of {case:?}");
            assert_eq!(&Row::from(found), row, "{case:?}");
        }
        (Outcome::Refused { error }, Err(TokenizeError::Truncation { .. }))
            if error.contains("too short") => {}
        (_, found) => panic!("{case:?} gives {found:?}"),
    }
}

#[test]
fn a_vocabulary_with_each_config_gives_what_transformers_gives() {
    let Expected { configs, cases, .. } = expected();
    let refused = cases.iter().filter(|case| matches!(case.result, Outcome::Refused { .. })).count();
    assert!(cases.len() > 200 && refused > 10, "the reference is too small to compare with");
    for (name, config) in configs {
        let folder = vocab_folder(&config.to_string());
        let tokenizer = Tokenizer::from_folder(folder.path()).unwrap();
        for case in cases.iter().filter(|case| case.config == name) {
            check(&tokenizer, case);
        }
    }
}

/// The file has a truncation to 7 tokens and a padding to 9.
#[test]
fn a_tokenizer_json_gives_the_same_whatever_length_it_states() {
    let text = fs::read_to_string(fixture("tokenizer.json")).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&file["truncation"]["max_length"], &file["padding"]["strategy"]["Fixed"]),
        (&7.into(), &9.into())
    );
    let tokenizer = Tokenizer::from_tokenizer_json(&fixture("tokenizer.json"), None).unwrap();
    for case in expected().cases.iter().filter(|case| case.config == "uncased") {
        check(&tokenizer, case);
    }
}

#[test]
fn files_that_contradict_each_other_are_read_as_transformers_reads_them() {
    let Expected { folders, .. } = expected();
    let mut seen = BTreeSet::new();
    for folder in &folders {
        let dir = tempfile::tempdir().unwrap();
        let mut file: Value =
            serde_json::from_str(&fs::read_to_string(fixture("tokenizer.json")).unwrap()).unwrap();
        file["normalizer"].as_object_mut().unwrap().extend(folder.normalizer.clone());
        fs::write(dir.path().join("tokenizer.json"), file.to_string()).unwrap();
        for (name, value) in
            [("tokenizer_config.json", &folder.tokenizer_config), ("config.json", &folder.config)]
        {
            if let Some(value) = value {
                fs::write(dir.path().join(name), value.to_string()).unwrap();
            }
        }
        let tokenizer = Tokenizer::from_folder(dir.path()).unwrap();
        assert_eq!(tokens(&tokenizer, &folder.text), folder.tokens, "{folder:?}");
        // All files that are saved agree on the tokens.
        let saved = tempfile::tempdir().unwrap();
        tokenizer.save(saved.path(), None).unwrap();
        for file in ["tokenizer.json", "vocab.txt"] {
            if !saved.path().join(file).exists() {
                // The tokenizer of a file that counts as it is can't be saved as a vocabulary.
                assert!(tokenizer.facts().source.ends_with("tokenizer.json"), "{folder:?}");
                continue;
            }
            assert_eq!(
                tokens(&Tokenizer::from_folder(saved.path()).unwrap(), &folder.text),
                folder.tokens,
                "saved {file} of {folder:?}"
            );
            fs::remove_file(saved.path().join(file)).unwrap();
        }
        seen.insert(&folder.tokens);
    }
    assert!(folders.len() >= 40 && seen.len() >= 5, "{} folders, {seen:?}", folders.len());
}

/// Long texts and their encodings by `tests/reference/tokenizer.py`.
#[derive(Deserialize)]
struct Long {
    cut: Vec<Cut>,
    #[serde(rename = "windows")]
    windowed: Vec<Windowed>,
}

#[derive(Debug, Deserialize)]
struct Cut {
    text: String,
    text_pair: Option<String>,
    truncation: Truncation,
    max_length: usize,
    #[serde(flatten)]
    row: Row,
}

#[derive(Debug, Deserialize)]
struct Windowed {
    text: String,
    text_pair: Option<String>,
    truncation: Truncation,
    max_length: usize,
    stride: usize,
    #[serde(default)]
    windows: Vec<Row>,
    error: Option<String>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct Row {
    ids: Vec<u32>,
    type_ids: Vec<u32>,
    /// Start and end, in characters.
    offsets: Vec<(usize, usize)>,
    word_ids: Vec<Option<u32>>,
    sequence_ids: Vec<Option<usize>>,
}

impl From<Encoding> for Row {
    fn from(encoding: Encoding) -> Self {
        let Encoding { ids, type_ids, offsets, word_ids, sequence_ids, .. } = encoding;
        Self { ids, type_ids, offsets, word_ids, sequence_ids }
    }
}

fn long() -> Long {
    serde_json::from_str(&fs::read_to_string(fixture("long.json")).unwrap()).unwrap()
}

#[test]
fn the_end_and_both_ends_of_a_text_are_kept_as_the_reference_keeps_them() {
    let tokenizer = support::tokenizer();
    let cases = long().cut;
    let mut kept = BTreeMap::<String, BTreeSet<Vec<u32>>>::new();
    for case in cases {
        let options = options(case.max_length, case.truncation);
        let found = tokenizer.encode(&case.text, case.text_pair.as_deref(), &options).unwrap();
        let whole =
            tokenizer.encode(&case.text, case.text_pair.as_deref(), &support::options(512, case.truncation));
        assert_eq!(found.untruncated_length, whole.unwrap().len(), "{case:?}");
        if found.truncated() {
            kept.entry(case.truncation.to_string()).or_default().insert(found.ids.clone());
        }
        assert_eq!(
            Row::from(found),
            case.row,
            "{} at {} of {:?}",
            case.truncation,
            case.max_length,
            case.text
        );
    }
    let counts: Vec<usize> = kept.values().map(BTreeSet::len).collect();
    assert!(counts.len() == 6 && counts.iter().sum::<usize>() >= 45, "{counts:?} of {:?}", kept.keys());
}

#[test]
fn windows_are_those_of_transformers_and_what_it_refuses_is_refused() {
    let tokenizer = support::tokenizer();
    let cases = long().windowed;
    let mut refused = [0; 3];
    for case in &cases {
        let options = options(case.max_length, case.truncation);
        let found = tokenizer.windows(&case.text, case.text_pair.as_deref(), &options, case.stride);
        match (&case.error, found) {
            (None, Ok(found)) => {
                // transformers has another order of windows where both texts of a pair have several.
                let mut found: Vec<Row> = found.into_iter().map(Row::from).collect();
                let mut expected: Vec<&Row> = case.windows.iter().collect();
                if case.text_pair.is_some() {
                    found.sort();
                    expected.sort();
                }
                assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{case:?}");
            }
            (Some(_), Err(TokenizeError::NoPair { .. })) => {
                refused[0] += 1;
            }
            (Some(error), Err(TokenizeError::Truncation { .. })) if error.contains("too short") => {
                refused[1] += 1;
            }
            (Some(error), Err(TokenizeError::Stride { .. }))
                if error.contains("`stride`") || error.contains("longer than max_length") =>
            {
                refused[2] += 1;
            }
            (_, found) => panic!("{case:?} gives {found:?}"),
        }
    }
    let windows: usize = cases.iter().map(|case| case.windows.len()).sum();
    assert!(
        windows > 300 && refused.iter().all(|count| *count > 3),
        "{windows} windows, {refused:?} refused"
    );
}

#[test]
fn a_text_that_fits_has_the_window_that_it_has_without_a_stride() {
    let tokenizer = support::tokenizer();
    for truncation in ["longest_first", "head", "tail", "head_tail:3", "only_first", "only_second"] {
        let options = options(16, truncation.parse().unwrap());
        let texts = [("the film was great", Some("not bad")), ("", None)];
        let windows = tokenizer.windows_batch(&texts, &options, Some(4)).unwrap();
        assert_eq!(windows, tokenizer.windows_batch(&texts, &options, None).unwrap());
        assert_eq!(windows.concat(), tokenizer.encode_batch(&texts, &options).unwrap());
    }
}

/// Words that are given in place of texts, and their encodings by `tests/reference/tokenizer.py`.
#[derive(Deserialize)]
struct Words {
    added: Vec<String>,
    cases: Vec<WordsCase>,
}

#[derive(Debug, Deserialize)]
struct WordsCase {
    words: Vec<String>,
    pair: Option<Vec<String>>,
    truncation: Truncation,
    max_length: usize,
    stride: Option<usize>,
    windows: Vec<Row>,
}

#[test]
fn words_that_are_given_are_encoded_as_transformers_encodes_them() {
    let Words { added, cases } = serde_json::from_slice(&fs::read(fixture("words.json")).unwrap()).unwrap();
    let folder = vocab_folder("{}");
    let vocab = fs::read_to_string(folder.path().join("vocab.txt")).unwrap().lines().count();
    let added: Map<String, Value> = added.into_iter().zip((vocab..).map(Value::from)).collect();
    fs::write(folder.path().join("added_tokens.json"), Value::Object(added).to_string()).unwrap();
    let tokenizer = Tokenizer::from_folder(folder.path()).unwrap();
    let (mut windows, mut pairs) = (0, 0);
    for case in cases {
        let first: Vec<&str> = case.words.iter().map(String::as_str).collect();
        let second: Option<Vec<&str>> =
            case.pair.as_ref().map(|pair| pair.iter().map(String::as_str).collect());
        let input = Input { first: Sequence::Words(&first), second: second.as_deref().map(Sequence::Words) };
        let options = options(case.max_length, case.truncation);
        let [found] = tokenizer.windows_batch(&[input], &options, case.stride).unwrap().try_into().unwrap();
        let found: Vec<Row> = found.into_iter().map(Row::from).collect();
        assert_eq!(found, case.windows, "{case:?}");
        if let Some(stride) = case.stride {
            let iterated = tokenizer.input_window_iter(&input, &options, stride).unwrap();
            let iterated: Vec<Row> = iterated.map(|window| window.unwrap().into()).collect();
            assert_eq!(iterated, case.windows, "one at a time: {case:?}");
        }
        windows += found.len();
        pairs += usize::from(case.pair.is_some());
    }
    assert!(windows > 150 && pairs > 80, "{windows} windows, {pairs} pairs");
}
