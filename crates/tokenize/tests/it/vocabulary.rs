//! Training vocabularies: the tokens, the counts and the ids of `tests/reference/vocabulary.py`, whatever the order and
//! the threads.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use embert_tokenize::{
    EncodeOptions, TokenizeError, Tokenizer, Truncation, Vocabulary, VocabularyFacts, VocabularyOptions,
    VocabularyTrainer,
};
use proptest::prelude::*;
use serde::Deserialize;

use crate::support::{chain, options};

#[derive(Deserialize)]
struct Reference {
    texts: BTreeMap<String, Vec<String>>,
    hostile: Vec<String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    texts: String,
    options: Options,
    tokens: Vec<String>,
    words: u64,
    long: u64,
    distinct: usize,
    whole: u64,
    known: u64,
    pieces: u64,
    ids: Vec<Vec<u32>>,
}

#[derive(Deserialize)]
#[serde(remote = "VocabularyOptions")]
struct RemoteOptions {
    vocab_size: usize,
    min_frequency: u64,
    limit_alphabet: usize,
    lowercase: bool,
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Options(#[serde(with = "RemoteOptions")] VocabularyOptions);

#[derive(Deserialize)]
struct Review {
    text: String,
}

fn reference() -> Reference {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/vocabulary.json");
    let mut reference: Reference = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/sample/train.jsonl");
    let reviews = fs::read_to_string(sample).unwrap();
    let reviews = reviews.lines().map(|line| serde_json::from_str::<Review>(line).unwrap().text).collect();
    reference.texts.insert("sample".to_owned(), reviews);
    reference
}

fn train(options: &VocabularyOptions, texts: &[String]) -> Result<Vocabulary, TokenizeError> {
    let mut trainer = VocabularyTrainer::new(options.clone())?;
    trainer.add(texts)?;
    trainer.train()
}

fn tokens(tokenizer: &Tokenizer) -> Vec<String> {
    (0..tokenizer.vocab_size() as u32).map(|id| tokenizer.token(id).unwrap()).collect()
}

fn ids(tokenizer: &Tokenizer, texts: &[String]) -> Vec<Vec<u32>> {
    let options = options(512, Truncation::LongestFirst);
    texts.iter().map(|text| tokenizer.encode(text, None, &options).unwrap().ids).collect()
}

#[test]
fn vocabularies_are_those_of_the_reference() {
    let Reference { texts, hostile, cases } = reference();
    for case in &cases {
        let name = &case.name;
        let Vocabulary { tokenizer, facts } = train(&case.options.0, &texts[&case.texts]).unwrap();
        assert_eq!(tokens(&tokenizer), case.tokens, "{name}");
        assert_eq!(ids(&tokenizer, &hostile), case.ids, "{name}");
        assert_eq!((facts.words, facts.long_words), (case.words, case.long), "{name}");
        assert_eq!((facts.distinct_words, facts.vocab_size), (case.distinct, case.tokens.len()), "{name}");
        assert_eq!(facts.texts as usize, texts[&case.texts].len(), "{name}");
        // One division each, as here: the same bits.
        let found = [facts.whole_words, facts.pieces_per_word, facts.unknown].map(f64::to_bits);
        let shares =
            [(case.whole, case.words), (case.pieces, case.known), (case.words - case.known, case.words)];
        assert_eq!(found, shares.map(|(part, whole)| (part as f64 / whole as f64).to_bits()), "{name}");
    }
    // What the cases are for.
    let [few, end, odd] = ["languages, few characters", "languages, to the end", "odd, uncased"]
        .map(|name| cases.iter().find(|case| case.name == name).unwrap());
    let facts = |case: &Case| train(&case.options.0, &texts[&case.texts]).unwrap().facts;
    assert!(facts(few).left_out_characters > 100 && facts(few).unknown > 0.2);
    assert!(facts(end).left_out_characters == 0 && end.known == end.words && end.whole == end.words);
    assert!(facts(odd).texts_with_special_tokens == 1 && facts(odd).long_words == 2);
}

/// The library draws a new seed for each hash map, so that a second training in one process differs from the
/// first as one in another process does.
#[test]
fn the_same_texts_give_the_same_vocabulary_in_any_order_with_any_number_of_threads() {
    let Reference { texts, cases, .. } = reference();
    for case in &cases {
        let mut texts = texts[&case.texts].clone();
        for threads in [1, 2, 3, 8] {
            texts.reverse();
            texts.rotate_left(threads);
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let found = pool.install(|| {
                let mut trainer = VocabularyTrainer::new(case.options.0.clone()).unwrap();
                texts.chunks(threads).for_each(|part| trainer.add(part).unwrap());
                trainer.train().unwrap()
            });
            assert_eq!(tokens(&found.tokenizer), case.tokens, "{}, {threads} threads", case.name);
        }
    }
}

/// The files of a vocabulary, which `tests/reference/vocabulary.py --check` opens with transformers where the
/// environment names a folder for them.
#[test]
fn saved_vocabularies_are_the_same_from_each_of_their_files() {
    let Reference { texts, hostile, cases } = reference();
    let temporary = tempfile::tempdir().unwrap();
    let kept = std::env::var_os("EMBERT_SAVED_VOCABULARIES").map(PathBuf::from);
    let place = kept.as_deref().unwrap_or(temporary.path());
    for (number, case) in cases.iter().enumerate() {
        let vocabulary = train(&case.options.0, &texts[&case.texts]).unwrap();
        let folder = place.join(format!("x{number}"));
        fs::create_dir_all(&folder).unwrap();
        let cut = EncodeOptions { max_length: 512, truncation: Truncation::LongestFirst };
        vocabulary.tokenizer.save(&folder, Some(&cut)).unwrap();
        let lines: String = case.tokens.iter().map(|token| token.clone() + "\n").collect();
        assert_eq!(fs::read_to_string(folder.join("vocab.txt")).unwrap(), lines, "{}", case.name);

        let whole = Tokenizer::from_folder(&folder).unwrap();
        assert_eq!(ids(&whole, &hostile), case.ids, "{}", case.name);
        assert_eq!((whole.notes(), whole.model_max_length()), (&[][..], Some(512)), "{}", case.name);
        let special: Vec<String> = whole.facts().special_tokens.into_iter().map(|(token, _)| token).collect();
        assert_eq!(special, ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]);
        let config = folder.join("tokenizer_config.json");
        let vocab = Tokenizer::from_vocab(&folder.join("vocab.txt"), Some(&config)).unwrap();
        assert_eq!(ids(&vocab, &hostile), case.ids, "{}", case.name);
        if case.options.0.lowercase {
            let alone = Tokenizer::from_vocab(&folder.join("vocab.txt"), None).unwrap();
            assert_eq!(ids(&alone, &hostile), case.ids, "{}", case.name);
        }
        let text = serde_json::to_string(&case.ids).unwrap();
        fs::write(folder.join("ids.json"), text).unwrap();
    }
}

#[test]
fn what_no_vocabulary_can_be_trained_with_is_refused() {
    let with = |change: &dyn Fn(&mut VocabularyOptions), texts: &[&str]| {
        let mut options = VocabularyOptions::default();
        change(&mut options);
        let texts: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
        train(&options, &texts)
    };
    let refused = |change: &dyn Fn(&mut VocabularyOptions), texts: &[&str], parts: &[&str]| {
        let error = chain(&with(change, texts).unwrap_err());
        for part in parts {
            assert!(error.contains(part), "{part} is not in: {error}");
        }
    };
    refused(&|_| {}, &[], &["0 text(s)", "nothing to train"]);
    refused(&|_| {}, &["", " \n", "[MASK]", "\u{200b}"], &["4 text(s)", "nothing to train"]);
    // a, b, c, ##b and ##c after the five special tokens.
    let texts = ["abc", "ab"];
    refused(&|options| options.vocab_size = 9, &texts, &["vocab_size is 9", "3 characters", "at least 10"]);
    assert_eq!(with(&|options| options.vocab_size = 10, &texts).unwrap().tokenizer.vocab_size(), 10);
    assert_eq!(with(&|options| options.vocab_size = 11, &texts).unwrap().tokenizer.vocab_size(), 11);
    // "ab" occurs twice, and "abc" once.
    assert_eq!(with(&|_| {}, &texts).unwrap().tokenizer.vocab_size(), 11);
    refused(&|options| options.vocab_size = 0, &texts, &["vocab_size is 0", "16777216"]);
    refused(&|options| options.vocab_size = (1 << 24) + 1, &texts, &["vocab_size", "16777216"]);
    refused(&|options| options.min_frequency = 0, &texts, &["min_frequency is 0", "at least 1"]);
    refused(&|options| options.limit_alphabet = 0, &texts, &["limit_alphabet is 0", "at least 1"]);
    // Words that are all too long are words, and unknown.
    let long = "x".repeat(101);
    let VocabularyFacts { words, unknown, vocab_size, .. } = with(&|_| {}, &[&long]).unwrap().facts;
    assert_eq!((words, unknown.to_bits(), vocab_size), (1, 1.0_f64.to_bits(), 5));
}

proptest! {
    /// Few letters make many ties.
    #[test]
    fn ties_have_one_answer(texts in prop::collection::vec("[abc ]{0,20}", 1..20), lowercase: bool) {
        let options =
            VocabularyOptions { vocab_size: 60, min_frequency: 1, lowercase, ..VocabularyOptions::default() };
        let of = |texts: &[String]| {
            train(&options, texts).map(|found| tokens(&found.tokenizer)).map_err(|error| error.to_string())
        };
        let reversed: Vec<String> = texts.iter().rev().cloned().collect();
        prop_assert_eq!(of(&texts), of(&reversed));
    }
}
