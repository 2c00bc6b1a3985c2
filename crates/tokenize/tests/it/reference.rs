//! The same ids, token types, masks and offsets as transformers has.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use embert_tokenize::{Encoding, TokenizeError, Tokenizer, Truncation};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::support::{fixture, options, tokens, vocab_folder};

#[derive(Deserialize)]
struct Expected {
    configs: BTreeMap<String, Value>,
    cases: Vec<Case>,
    folders: Vec<Folder>,
}

/// A folder whose files contradict each other, and what `AutoTokenizer` makes of it.
#[derive(Debug, Deserialize)]
struct Folder {
    /// What its `tokenizer.json` says in place of the fixture's.
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
    Encoded { ids: Vec<u32>, type_ids: Vec<u32>, attention_mask: Vec<u32>, offsets: Vec<(usize, usize)> },
    Refused { error: String },
}

fn expected() -> Expected {
    serde_json::from_str(&fs::read_to_string(fixture("expected.json")).unwrap()).unwrap()
}

#[track_caller]
fn check(tokenizer: &Tokenizer, case: &Case) {
    let options = options(case.max_length, case.truncation);
    let found = tokenizer.encode(&case.text, case.text_pair.as_deref(), &options);
    match (&case.result, found) {
        (Outcome::Encoded { ids, type_ids, attention_mask, offsets }, Ok(found)) => {
            let Encoding {
                ids: found_ids,
                type_ids: found_types,
                attention_mask: found_mask,
                offsets: found_offsets,
                ..
            } = found;
            assert_eq!(&found_ids, ids, "ids of {case:?}");
            assert_eq!(&found_types, type_ids, "token types of {case:?}");
            assert_eq!(&found_mask, attention_mask, "mask of {case:?}");
            assert_eq!(&found_offsets, offsets, "offsets of {case:?}");
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
        // Whichever was right, what is saved says so in all its files.
        let saved = tempfile::tempdir().unwrap();
        tokenizer.save(saved.path(), None).unwrap();
        for file in ["tokenizer.json", "vocab.txt"] {
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
