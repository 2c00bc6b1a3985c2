//! Loading and saving.

use std::fs;
use std::path::Path;

use embert_tokenize::{TokenizeError, Tokenizer, Truncation};
use serde_json::{Value, json};

use crate::support::{chain, fixture, options, tokenizer, tokens, vocab_folder};

const TEXT: &str = "Café 中文 THE film";

#[test]
fn the_config_beside_a_vocabulary_decides_case_accents_and_chinese() {
    let tokens_with = |config: Value| {
        let folder = vocab_folder(&config.to_string());
        tokens(&Tokenizer::from_folder(folder.path()).unwrap(), TEXT)
    };
    let uncased = ["cafe", "中", "文", "the", "film"];
    assert_eq!(tokens_with(json!({})), uncased);
    assert_eq!(tokens_with(json!({"do_lower_case": true, "strip_accents": null})), uncased);
    assert_eq!(tokens_with(json!({"do_lower_case": false})), ["Café", "中", "文", "[UNK]", "film"]);
    assert_eq!(tokens_with(json!({"strip_accents": false})), ["café", "中", "文", "the", "film"]);
    assert_eq!(tokens_with(json!({"tokenize_chinese_chars": false})), ["cafe", "中文", "the", "film"]);
}

#[test]
fn a_tokenizer_json_goes_before_a_vocabulary() {
    let folder = vocab_folder("{}");
    assert!(Tokenizer::from_folder(folder.path()).unwrap().facts().source.ends_with("vocab.txt"));
    fs::copy(fixture("tokenizer.json"), folder.path().join("tokenizer.json")).unwrap();
    assert!(Tokenizer::from_folder(folder.path()).unwrap().facts().source.ends_with("tokenizer.json"));
}

#[test]
fn what_was_saved_loads_and_gives_the_same_ids() {
    let encode = |tokenizer: &Tokenizer| {
        tokenizer.encode(TEXT, Some("naïve [MASK] 🎬"), &options(512, Truncation::LongestFirst)).unwrap()
    };
    for config in [
        json!({}),
        json!({"do_lower_case": false}),
        json!({"strip_accents": false, "tokenize_chinese_chars": false}),
    ] {
        let folder = vocab_folder(&config.to_string());
        let original = Tokenizer::from_folder(folder.path()).unwrap();
        let saved = tempfile::tempdir().unwrap();
        original.save(saved.path(), Some(&options(64, Truncation::Tail))).unwrap();

        let back = Tokenizer::from_folder(saved.path()).unwrap();
        assert_eq!(encode(&back), encode(&original));
        assert_eq!(back.model_max_length(), Some(64));
        assert_eq!(original.model_max_length(), None);
        assert_eq!([back.truncation(), original.truncation()], [Truncation::Tail, Truncation::LongestFirst]);

        // `vocab.txt` and `tokenizer.json` each load alone, as older programs need.
        let vocab = saved.path().join("vocab.txt");
        assert_eq!(fs::read(&vocab).unwrap(), fs::read(fixture("vocab.txt")).unwrap());
        let config = saved.path().join("tokenizer_config.json");
        assert_eq!(encode(&Tokenizer::from_vocab(&vocab, Some(&config)).unwrap()), encode(&original));
        let json = saved.path().join("tokenizer.json");
        assert_eq!(encode(&Tokenizer::from_tokenizer_json(&json, None).unwrap()), encode(&original));

        // Saving what was loaded changes nothing.
        let again = tempfile::tempdir().unwrap();
        back.save(again.path(), None).unwrap();
        let mut names: Vec<_> =
            fs::read_dir(again.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(
            names,
            ["special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt"]
        );
        for name in names {
            let read = |folder: &Path| fs::read_to_string(folder.join(&name)).unwrap();
            assert_eq!(read(again.path()), read(saved.path()), "{}", name.display());
        }
    }
}

/// The normalizer of a tokenizer.json without a config goes into the config that is saved.
#[test]
fn a_saved_config_says_what_the_normalizer_does() {
    let dir = tempfile::tempdir().unwrap();
    let mut file: Value =
        serde_json::from_str(&fs::read_to_string(fixture("tokenizer.json")).unwrap()).unwrap();
    file["normalizer"]["strip_accents"] = json!(false);
    file["normalizer"]["handle_chinese_chars"] = json!(false);
    let path = dir.path().join("tokenizer.json");
    fs::write(&path, file.to_string()).unwrap();
    let tokenizer = Tokenizer::from_tokenizer_json(&path, None).unwrap();
    tokenizer.save(dir.path(), None).unwrap();
    let (vocab, config) = (dir.path().join("vocab.txt"), dir.path().join("tokenizer_config.json"));
    let from_vocab = Tokenizer::from_vocab(&vocab, Some(&config)).unwrap();
    assert_eq!(tokens(&from_vocab, TEXT), ["café", "中文", "the", "film"]);
    // Nor does the file keep the truncation and padding that were dropped.
    let saved: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert!(saved["truncation"].is_null() && saved["padding"].is_null());
}

#[test]
fn a_config_may_rename_special_tokens() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("vocab.txt"), "<s>\n</s>\n<unk>\nfilm\n<pad>\n").unwrap();
    let config = json!({"cls_token": "<s>", "sep_token": {"content": "</s>", "lstrip": false}, "unk_token": "<unk>", "pad_token": "<pad>"});
    fs::write(dir.path().join("tokenizer_config.json"), config.to_string()).unwrap();
    let tokenizer = Tokenizer::from_folder(dir.path()).unwrap();
    let encoding = tokenizer.encode("film zzz", None, &options(8, Truncation::LongestFirst)).unwrap();
    assert_eq!((encoding.ids, tokenizer.pad_id()), (vec![0, 3, 2, 1], 4));
}

#[test]
fn broken_files_are_errors_that_name_them() {
    let whole = fs::read_to_string(fixture("tokenizer.json")).unwrap();
    let cut = &whole[..whole.len() / 2];
    let other = whole
        .replace("\"type\": \"WordPiece\",\n  \"unk_token\"", "\"type\": \"WordLevel\",\n  \"unk_token\"");
    assert_ne!(other, whole);
    let no_unk = whole.replace("\"[UNK]\": 1", "\"[unk]\": 1");
    assert_ne!(no_unk, whole);
    let cases: [(&str, &[u8], &[&str]); 10] = [
        ("tokenizer.json", cut.as_bytes(), &["does not describe a tokenizer", "line", "column"]),
        ("tokenizer.json", b"", &["line 1"]),
        ("tokenizer.json", b"{\"version\": \"1.0\"}", &["can be used", "Model"]),
        ("tokenizer.json", b"[]", &["can be used"]),
        ("tokenizer.json", b"\xff\xfe", &["UTF-8"]),
        ("tokenizer.json", other.as_bytes(), &["WordLevel", "WordPiece"]),
        ("tokenizer.json", no_unk.as_bytes(), &["[UNK]", "unk_token"]),
        ("vocab.txt", b"", &["[PAD]", "0 tokens"]),
        ("vocab.txt", b"[PAD]\n[CLS]\n[UNK]\n", &["[SEP]", "3 tokens"]),
        ("vocab.txt", b"\xff\n", &["UTF-8"]),
    ];
    for (name, bytes, parts) in cases {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(name), bytes).unwrap();
        let message = chain(&Tokenizer::from_folder(dir.path()).unwrap_err());
        for part in parts.iter().chain([&name]) {
            assert!(message.contains(part), "`{message}` does not say `{part}`");
        }
    }
    let message = chain(&Tokenizer::from_folder(vocab_folder("{\"do_lower_case\": tru").path()).unwrap_err());
    assert!(message.contains("tokenizer_config.json") && message.contains("line 1"), "{message}");
    let dir = tempfile::tempdir().unwrap();
    let error = Tokenizer::from_folder(dir.path()).unwrap_err();
    assert!(matches!(&error, TokenizeError::NotFound { path } if path == dir.path()), "{error}");
    let error = tokenizer().save(&dir.path().join("none"), None).unwrap_err();
    assert!(chain(&error).contains("can't write"), "{error}");
}

#[test]
fn a_tokenizer_with_more_ids_than_the_model_has_rows_does_not_belong_to_it() {
    let tokenizer = tokenizer();
    let size = tokenizer.vocab_size();
    assert_eq!(size, 61);
    assert!(tokenizer.check_vocab(size).is_ok() && tokenizer.check_vocab(size + 3).is_ok());
    let message = tokenizer.check_vocab(size - 1).unwrap_err().to_string();
    assert!(message.contains("60"), "{message}");
}

#[test]
fn facts_say_what_there_is_to_know() {
    let folder = vocab_folder(r#"{"do_lower_case": false, "model_max_length": 128}"#);
    let facts = Tokenizer::from_folder(folder.path()).unwrap().facts();
    let text = facts.to_string();
    assert_eq!(
        text,
        "WordPiece, 61 tokens, keeps case, for up to 128 tokens, [PAD] 0, [UNK] 1, [CLS] 2, [SEP] 3, [MASK] 4"
    );
    assert_eq!(serde_json::to_value(&facts).unwrap()["special_tokens"][2], json!(["[CLS]", 2]));
    // transformers' words for "no limit".
    for none in ["1000000000000000019884624838656", "1000000000000", "1e30"] {
        let folder = vocab_folder(&format!("{{\"model_max_length\": {none}}}"));
        assert_eq!(Tokenizer::from_folder(folder.path()).unwrap().model_max_length(), None);
    }
    assert!(format!("{:?}", tokenizer()).len() < 200);
}
