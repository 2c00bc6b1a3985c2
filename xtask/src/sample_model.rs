//! `cargo xtask sample-model`: the small BERT that ships with the sample, without weights.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::json;
use tokenizers::models::wordpiece::{WordPiece, WordPieceTrainer};
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::{AddedToken, Model as _, NormalizerWrapper, PreTokenizerWrapper, Tokenizer};

use crate::{TaskResult, root};

/// The size of the vocabulary: small enough to train in a minute, large enough that most words of the sample
/// are one token.
const VOCAB_SIZE: usize = 2000;

/// The special tokens in BERT's order: `[PAD]` is 0.
const SPECIAL_TOKENS: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

#[derive(Deserialize)]
struct Review {
    text: String,
}

/// Trains a WordPiece vocabulary on the sample's training split and writes the model's folder: `vocab.txt`,
/// `tokenizer_config.json` and `config.json`.
pub(crate) fn run() -> TaskResult {
    let sample = root().join("datasets/sample");
    let train = sample.join("train.jsonl");
    let texts = fs::read_to_string(&train)
        .map_err(|error| format!("can't read {}: {error}", train.display()))?
        .lines()
        .map(|line| serde_json::from_str::<Review>(line).map(|review| review.text))
        .collect::<Result<Vec<_>, _>>()?;
    let vocab = vocabulary(&texts)?;
    let folder = sample.join("bert");
    embert_files::create_dir_all(&folder)?;
    embert_files::write(&folder.join("vocab.txt"), (vocab.join("\n") + "\n").as_bytes())?;
    let tokenizer = json!({
        "do_lower_case": true,
        "strip_accents": null,
        "tokenize_chinese_chars": true,
        "tokenizer_class": "BertTokenizer",
        "model_max_length": 128,
        "unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]", "mask_token": "[MASK]",
    });
    write_json(&folder.join("tokenizer_config.json"), &tokenizer)?;
    let config = json!({
        "architectures": ["BertModel"],
        "model_type": "bert",
        "vocab_size": vocab.len(),
        "hidden_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 512,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "max_position_embeddings": 128,
        "type_vocab_size": 2,
        "initializer_range": 0.02,
        "layer_norm_eps": 1e-12,
        "pad_token_id": 0,
        "position_embedding_type": "absolute",
    });
    write_json(&folder.join("config.json"), &config)?;
    println!("{}: {} tokens from {} reviews", folder.display(), vocab.len(), texts.len());
    Ok(())
}

/// The tokens, in the order of their ids.
fn vocabulary(texts: &[String]) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let mut tokenizer = Tokenizer::new(WordPiece::default());
    tokenizer
        .with_normalizer(Some(NormalizerWrapper::from(BertNormalizer::new(true, true, None, true))))
        .map_err(|error| error.to_string())?
        .with_pre_tokenizer(Some(PreTokenizerWrapper::from(BertPreTokenizer)));
    let mut trainer = tokenizers::models::TrainerWrapper::from(
        WordPieceTrainer::builder()
            .vocab_size(VOCAB_SIZE)
            .min_frequency(2)
            .show_progress(false)
            .special_tokens(SPECIAL_TOKENS.map(|token| AddedToken::from(token, true)).to_vec())
            .build(),
    );
    tokenizer.train(&mut trainer, texts.iter().map(String::as_str)).map_err(|error| error.to_string())?;
    let model = tokenizer.get_model();
    Ok((0..model.get_vocab_size() as u32).filter_map(|id| model.id_to_token(id)).collect())
}

fn write_json(path: &Path, value: &serde_json::Value) -> TaskResult {
    Ok(embert_files::write(path, (serde_json::to_string_pretty(value)? + "\n").as_bytes())?)
}
