//! Targets for tokenizers, as a checkpoint's folder has them.

use embert_tokenize::{EncodeOptions, Tokenizer, Truncation, VocabularyOptions, VocabularyTrainer};

use crate::target::{chain, join, parts};
use crate::{Folder, Target, seeds};

/// The text that is encoded where an input has none.
const TEXT: &str = "Héllo, WORLD! 你好 don't [MASK] unaffable\u{301} \u{1f3ac}\t\u{0}x";

pub(super) static TOKENIZER_JSON: Target = Target {
    name: "tokenizer-json",
    about: "tokenizer.json with the files beside it, then a text",
    seeds: || {
        let json = seeds::whole("tests/fixtures/tokenizer/tokenizer.json");
        let settings: [&[u8]; 4] = [
            b"",
            b"{\"tokenizer_class\": \"BertTokenizer\", \"do_lower_case\": false}",
            b"{\"do_lower_case\": true, \"strip_accents\": null, \"model_max_length\": 1e30}",
            b"{\"cls_token\": {\"content\": \"[CLS]\", \"lstrip\": false}, \"added_tokens_decoder\": {\"0\": {\"content\": \"[PAD]\"}}}",
        ];
        settings
            .map(|settings| {
                join(&[&json, settings, b"{\"model_type\": \"bert\"}", b"", b"", TEXT.as_bytes()])
            })
            .into()
    },
    words: &[
        "\"version\"",
        "\"truncation\"",
        "\"padding\"",
        "\"added_tokens\"",
        "\"normalizer\"",
        "\"pre_tokenizer\"",
        "\"post_processor\"",
        "\"decoder\"",
        "\"model\"",
        "\"type\"",
        "\"WordPiece\"",
        "\"BertNormalizer\"",
        "\"BertPreTokenizer\"",
        "\"TemplateProcessing\"",
        "\"Sequence\"",
        "\"Replace\"",
        "\"Regex\"",
        "\"vocab\"",
        "\"unk_token\"",
        "\"continuing_subword_prefix\"",
        "\"max_input_chars_per_word\"",
        "\"special_tokens\"",
        "\"lowercase\"",
        "\"id\"",
        "\"content\"",
        "\"normalized\"",
        "\"single_word\"",
        "null",
        "true",
        "false",
    ],
    run: |folder, input| {
        let [json, settings, config, map, added, text] = parts(input);
        folder.with(&[
            ("tokenizer.json", json),
            ("tokenizer_config.json", settings),
            ("config.json", config),
            ("special_tokens_map.json", map),
            ("added_tokens.json", added),
        ]);
        tokenize(folder, text);
        input.len()
    },
};

pub(super) static VOCAB: Target = Target {
    name: "vocab",
    about: "vocab.txt with the files beside it, then a text",
    seeds: || {
        let vocab = seeds::whole("tests/fixtures/tokenizer/vocab.txt");
        let settings = seeds::whole("datasets/sample/bert/tokenizer_config.json");
        vec![
            join(&[&vocab, &settings, &b""[..], b"", TEXT.as_bytes()]),
            join(&[
                &vocab[..],
                b"{\"do_lower_case\": false, \"unk_token\": {\"content\": \"[UNK]\"}}",
                b"{\"mask_token\": \"[MASK]\"}",
                b"{\"[NEW]\": 5}",
                b"a text",
            ]),
            join(&[&b"[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\na\r\n##b\r\n\r\n"[..], b"{}"]),
            join(&[&b"[PAD]\n[UNK]\n[CLS]\n[SEP]\na\na\n"[..]]),
        ]
    },
    words: &[
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        "##",
        "\"do_lower_case\"",
        "\"strip_accents\"",
        "\"tokenize_chinese_chars\"",
        "\"never_split\"",
        "\"do_basic_tokenize\"",
        "\"unk_token\"",
        "\"pad_token\"",
        "\"cls_token\"",
        "\"sep_token\"",
        "\"mask_token\"",
        "\"model_max_length\"",
        "\"tokenizer_class\"",
        "\"BertTokenizer\"",
        "\"truncation_side\"",
        "\"padding_side\"",
        "\"added_tokens_decoder\"",
        "\"content\"",
        "\"additional_special_tokens\"",
        "\"extra_special_tokens\"",
        "null",
        "true",
        "false",
        "\r\n",
    ],
    run: |folder, input| {
        let [vocab, settings, map, added, text] = parts(input);
        folder.with(&[
            ("vocab.txt", vocab),
            ("tokenizer_config.json", settings),
            ("special_tokens_map.json", map),
            ("added_tokens.json", added),
        ]);
        tokenize(folder, text);
        input.len()
    },
};

pub(super) static VOCABULARY: Target = Target {
    name: "vocabulary",
    about: "options in a byte, then texts, a line each: a vocabulary is trained on them, written and read",
    seeds: || {
        let texts = [
            TEXT,
            "aaaa aaaaa ababab bababa\nabab aaa",
            "Stra\u{df}e [SEP] \u{130} e\u{301}\n##a ## [UNK]\n",
        ];
        (0..4_u8).flat_map(|options| texts.map(|text| [&[options][..], text.as_bytes()].concat())).collect()
    },
    words: &["[PAD]", "[MASK]", "##", "aaaa", "abab", "\u{301}", "\u{4e2d}", "\u{200b}", "\u{1f3ac}"],
    run: |folder, input| {
        let (options, texts) = input.split_first().unwrap_or((&0, &[]));
        let options = VocabularyOptions {
            vocab_size: 40 + 8 * usize::from(*options),
            min_frequency: u64::from(options % 2) + 1,
            limit_alphabet: if options % 8 < 4 { 1000 } else { 12 },
            lowercase: options % 4 < 2,
        };
        let texts = String::from_utf8_lossy(texts);
        let mut lines: Vec<&str> = texts.lines().collect();
        let train = |lines: &[&str]| {
            let mut trainer = VocabularyTrainer::new(options.clone())?;
            trainer.add(lines)?;
            trainer.train()
        };
        let vocabulary = match train(&lines) {
            Ok(vocabulary) => vocabulary,
            Err(error) => {
                drop(chain(&error));
                return input.len();
            }
        };
        let tokens = |tokenizer: &Tokenizer| -> Vec<_> {
            (0..tokenizer.vocab_size() as u32).map(|id| tokenizer.token(id)).collect()
        };
        assert!(vocabulary.tokenizer.vocab_size() <= options.vocab_size);
        lines.reverse();
        let again = train(&lines).unwrap_or_else(|error| panic!("{}, in another order", chain(&error)));
        assert_eq!(tokens(&again.tokenizer), tokens(&vocabulary.tokenizer), "in another order");
        assert_eq!(again.facts, vocabulary.facts);
        folder.clear();
        let cut = EncodeOptions { max_length: 512, truncation: Truncation::LongestFirst };
        if let Err(error) = vocabulary.tokenizer.save(folder.path(), Some(&cut)) {
            drop(chain(&error));
            return input.len();
        }
        let read = Tokenizer::from_folder(folder.path())
            .unwrap_or_else(|error| panic!("{}, of what it wrote", chain(&error)));
        assert_eq!(tokens(&read), tokens(&vocabulary.tokenizer), "what it wrote");
        let ids =
            |tokenizer: &Tokenizer| tokenizer.encode(&texts, None, &cut).map(|encoding| encoding.ids).ok();
        assert_eq!(ids(&read), ids(&vocabulary.tokenizer), "what it wrote");
        input.len()
    },
};

fn tokenize(folder: &Folder, text: &[u8]) {
    let tokenizer = match Tokenizer::from_folder(folder.path()) {
        Ok(tokenizer) => tokenizer,
        Err(error) => return drop(chain(&error)),
    };
    drop((
        tokenizer.facts().to_string(),
        tokenizer.notes().join("\n"),
        tokenizer.token_types(true).is_ok(),
        tokenizer.check_vocab(100).is_ok(),
    ));
    let text = if text.is_empty() { TEXT.into() } else { String::from_utf8_lossy(text) };
    let encode = |tokenizer: &Tokenizer, pair: Option<&str>, truncation| {
        let options = EncodeOptions { max_length: 12, truncation };
        tokenizer.encode(&text, pair, &options).map_err(|error| chain(&error))
    };
    for (pair, truncation) in [
        (None, Truncation::LongestFirst),
        (Some("a pair"), Truncation::HeadTail(2)),
        (Some(&*text), Truncation::Tail),
    ] {
        let Ok(encoding) = encode(&tokenizer, pair, truncation) else { continue };
        assert!(encoding.ids.len() <= 12, "{} tokens", encoding.ids.len());
        let size = [encoding.type_ids.len(), encoding.attention_mask.len(), encoding.offsets.len()];
        assert_eq!(size, [encoding.ids.len(); 3]);
    }
    let options = EncodeOptions { max_length: 12, truncation: Truncation::LongestFirst };
    let (few, windows) =
        (tokenizer.windows(&text, None, &options, 3), tokenizer.window_iter(&text, None, &options, 3));
    if let (Ok(few), Ok(windows)) = (few, windows) {
        assert!(few.iter().all(|window| window.ids.len() <= 12));
        assert_eq!(few.len(), windows.len());
    }
    let copy = folder.path().join("copy");
    std::fs::create_dir_all(&copy).unwrap();
    if let Err(error) = tokenizer.save(&copy, Some(&options)) {
        return drop(chain(&error));
    }
    let again =
        Tokenizer::from_folder(&copy).unwrap_or_else(|error| panic!("{}, of what it wrote", chain(&error)));
    let ids = |tokenizer| encode(tokenizer, None, Truncation::LongestFirst).map(|encoding| encoding.ids);
    assert_eq!(ids(&again), ids(&tokenizer), "what it wrote");
}
