//! Compares the encodings of 3,000 texts, film reviews and hostile ones, alone and in pairs, cut in each way,
//! with those of transformers, by hash.
//!
//! `tests/reference/tokens.py` wrote texts, vocabularies and hashes, and says how they are made. There is no
//! tolerance: tokens are equal or differ.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use embert_tokenize::{EncodeOptions, Encoding, TokenizeError, Tokenizer, Truncation};
use rayon::prelude::*;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

#[derive(Deserialize)]
struct Expected {
    /// Text i is cut to entry i modulo the number of entries.
    max_lengths: Vec<usize>,
    settings: Vec<Setting>,
    /// A line for each text, with a hash for each setting.
    hashes: Vec<String>,
}

/// The settings of a column of hashes.
#[derive(Debug, Deserialize)]
struct Setting {
    vocabulary: String,
    paired: bool,
    truncation: Truncation,
    /// Texts that lost tokens.
    cut: usize,
    /// Texts that are an error.
    refused: usize,
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/tokens").join(name)
}

fn json<T: DeserializeOwned>(name: &str) -> T {
    serde_json::from_str(&fs::read_to_string(path(name)).unwrap()).unwrap()
}

fn texts() -> Vec<String> {
    json("texts.json")
}

/// The tokenizer built from the vocabulary in a folder, whatever else is there.
fn from_vocab(folder: &Path) -> Tokenizer {
    Tokenizer::from_vocab(&folder.join("vocab.txt"), Some(&folder.join("tokenizer_config.json"))).unwrap()
}

/// The text that is hashed: ids, types and mask as a line of decimals each, or the message with which
/// transformers refuses the text.
fn outcome(found: &Result<Encoding, TokenizeError>) -> String {
    match found {
        Ok(Encoding { ids, type_ids, attention_mask, .. }) => {
            let line = |row: &[u32]| row.iter().map(u32::to_string).collect::<Vec<_>>().join(",") + "\n";
            [ids, type_ids, attention_mask].map(|row| line(row)).concat()
        }
        Err(TokenizeError::NoPair { .. }) => "refused: Second sequence not provided".to_owned(),
        Err(TokenizeError::Truncation { .. }) => {
            "refused: Sequence to truncate too short to respect the provided max_length".to_owned()
        }
        Err(other) => panic!("{other:?}"),
    }
}

/// The first 8 hexadecimal digits of SHA-256.
fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest[..4].iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

/// Compares the encodings of all texts with the hashes of each tokenizer's vocabulary, and reports
/// differences.
#[track_caller]
fn check(expected: &Expected, tokenizers: &BTreeMap<&str, Tokenizer>) {
    let texts = texts();
    assert_eq!((texts.len(), expected.hashes.len()), (3000, 3000));
    let (mut differing, mut compared, mut report) = (0, 0, String::new());
    for (column, setting) in expected.settings.iter().enumerate() {
        let Some(tokenizer) = tokenizers.get(setting.vocabulary.as_str()) else { continue };
        compared += 1;
        let found: Vec<Result<Encoding, TokenizeError>> = (0..texts.len())
            .into_par_iter()
            .map(|index| {
                let pair = setting.paired.then(|| texts[(index + 1) % texts.len()].as_str());
                let max_length = expected.max_lengths[index % expected.max_lengths.len()];
                let options = EncodeOptions { max_length, truncation: setting.truncation };
                tokenizer.encode(&texts[index], pair, &options)
            })
            .collect();
        for (index, found) in found.iter().enumerate() {
            let (ours, theirs) =
                (hash(&outcome(found)), expected.hashes[index].split(' ').nth(column).unwrap());
            if ours == theirs {
                continue;
            }
            differing += 1;
            // Three are enough to act on: a broken vocabulary breaks all encodings.
            if differing <= 3 {
                let pair = setting.paired.then(|| &texts[(index + 1) % texts.len()]);
                let max_length = expected.max_lengths[index % expected.max_lengths.len()];
                let tokens = found.as_ref().map(|encoding| {
                    let token = |id: &u32| tokenizer.token(*id).unwrap_or_default();
                    encoding.ids.iter().map(token).collect::<Vec<_>>()
                });
                write!(
                    report,
                    "\n\ntext {index}, {} vocabulary, {}, max_length {max_length}: {ours} is not {theirs}\n  \
                     text {:?}\n  pair {pair:?}\n  our tokens {tokens:?}\n  our encoding {found:?}",
                    setting.vocabulary, setting.truncation, texts[index],
                )
                .unwrap();
            }
        }
        let cut = found.iter().flatten().filter(|encoding| encoding.truncated()).count();
        let refused = found.iter().filter(|found| found.is_err()).count();
        if (cut, refused) != (setting.cut, setting.refused) {
            write!(report, "\n\n{setting:?}, but {cut} are cut and {refused} refused").unwrap();
        }
    }
    assert_eq!(compared, 6 * tokenizers.len(), "each vocabulary has six settings");
    assert!(
        report.is_empty(),
        "{differing} encodings differ from the reference's, the first of them:{report}"
    );
}

/// The comparison is worth as much as the texts that it is made on.
#[test]
fn the_texts_are_many_hostile_and_often_too_long() {
    let texts = texts();
    let with = |characters: &[char]| texts.iter().filter(|text| text.contains(characters)).count();
    let reviews = texts.iter().filter(|text| text.contains("<br />")).count();
    assert!(reviews > 500, "{reviews} reviews");
    for (what, characters) in [
        ("U+0000", &['\0'][..]),
        ("BOM", &['\u{feff}']),
        ("U+FFFD", &['\u{fffd}']),
        ("joiner", &['\u{200d}']),
        ("soft hyphen", &['\u{ad}']),
        ("override", &['\u{202e}', '\u{202d}']),
        ("private use", &['\u{e000}', '\u{f8ff}', '\u{10fffd}', '\u{f0000}']),
        ("noncharacter", &['\u{ffff}', '\u{fdd0}', '\u{1fffe}', '\u{10ffff}']),
        ("no-break space", &['\u{a0}', '\u{202f}']),
        ("decomposed accent", &['\u{301}', '\u{308}']),
    ] {
        let count = with(characters);
        assert!(count >= 10, "{count} texts with {what}");
    }
    let long = |text: &String| text.split(' ').any(|word| word.chars().count() > 100);
    assert!(texts.iter().filter(|text| long(text)).count() >= 20);
    assert!(texts.iter().any(String::is_empty) && texts.iter().any(|text| text == "[MASK]"));
    assert!(texts.iter().any(|text| !text.is_empty() && text.trim().is_empty()));

    let expected: Expected = json("expected.json");
    assert_eq!(expected.settings.len(), 12);
    for Setting { paired, truncation, cut, refused, .. } in expected.settings {
        // Only a text that may be cut loses tokens; where the other text is too long, there is an error.
        let [cuts, refuses] = match (paired, truncation) {
            (_, Truncation::LongestFirst) | (false, Truncation::OnlyFirst) => [true, false],
            (false, Truncation::OnlySecond) => [false, true],
            (true, _) => [true, true],
            (false, other) => panic!("{other}"),
        };
        assert!(cut + refused > 3000 * 3 / 10, "{cut} cut, {refused} refused");
        assert_eq!([cut > 300, refused > 300], [cuts, refuses], "{cut} cut, {refused} refused");
    }
}

#[test]
fn vocabularies_give_the_tokens_of_transformers() {
    let tokenizers = ["uncased", "cased"].map(|name| (name, from_vocab(&path(name))));
    check(&json("expected.json"), &tokenizers.into());
}

/// The files were saved with a truncation to 24 tokens, and a padding to 24.
#[test]
fn what_transformers_saves_gives_the_same_tokens() {
    let file: serde_json::Value = json("cased-saved/tokenizer.json");
    assert_eq!(
        (&file["truncation"]["max_length"], &file["padding"]["strategy"]["Fixed"]),
        (&24.into(), &24.into())
    );
    let tokenizer = Tokenizer::from_folder(&path("cased-saved")).unwrap();
    check(&json("expected.json"), &[("cased", tokenizer)].into());
}

/// The vocabulary of bert-base-uncased, and a `tokenizer.json` with a truncation and a padding to 128.
#[test]
#[ignore = "runs where EMBERT_MINILM names the folder of sentence-transformers/all-MiniLM-L6-v2"]
fn a_published_tokenizer_gives_the_tokens_of_transformers() {
    let Some(folder) = std::env::var_os("EMBERT_MINILM").map(PathBuf::from) else {
        panic!("EMBERT_MINILM names no folder")
    };
    let expected = json("expected-minilm.json");
    check(&expected, &[("minilm", Tokenizer::from_folder(&folder).unwrap())].into());
    check(&expected, &[("minilm", from_vocab(&folder))].into());
}
