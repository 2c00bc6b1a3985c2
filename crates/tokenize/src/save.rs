//! Writing a tokenizer as a folder that `AutoTokenizer` loads.

use std::path::Path;

use serde_json::{Map, Value};
use tokenizers::NormalizerWrapper;

use crate::encoding::EncodeOptions;
use crate::error::TokenizeError;
use crate::load::build::normalization;
use crate::load::class::Class;
use crate::load::settings::NEEDED;
use crate::tokenizer::Tokenizer;
use crate::truncation::Truncation;

impl Tokenizer {
    /// Writes the files that `transformers`' `AutoTokenizer` loads: `tokenizer.json`,
    /// `tokenizer_config.json`, `special_tokens_map.json`, and `vocab.txt` where BERT's tokenizer of that
    /// vocabulary is this tokenizer. `cut`, if given, says how a model's texts were cut. It becomes
    /// `model_max_length` and `truncation_side`, so that a program that loads the folder cuts texts there
    /// too; `head_tail:N`, for which `transformers` has no name, is written as `head` is.
    ///
    /// # Errors
    /// A file can't be written.
    pub fn save(&self, folder: &Path, cut: Option<&EncodeOptions>) -> Result<(), TokenizeError> {
        let path = folder.join("tokenizer.json");
        let json = self
            .inner
            .to_string(true)
            .map_err(|source| TokenizeError::Refused { path: path.clone(), source })?;
        embert_files::write(&path, json.as_bytes())?;

        let mut config = Map::clone(&self.config);
        // tokenizer.json lists all added tokens, and they would not count beside an added_tokens_decoder.
        config.shift_remove("added_tokens_decoder");
        let mut special = Map::new();
        for key in NEEDED.into_iter().chain(["mask_token"]) {
            if let Some((_, token)) = self.named.iter().find(|(name, _)| name == key)
                && self.inner.token_to_id(token).is_some()
            {
                special.insert(key.to_owned(), token.clone().into());
                config.insert(key.to_owned(), token.clone().into());
            }
        }
        let class = match self.class {
            Class::Bert => "BertTokenizer",
            Class::File => "PreTrainedTokenizerFast",
        };
        if config.get("tokenizer_class").and_then(Value::as_str).is_none_or(str::is_empty) {
            config.insert("tokenizer_class".to_owned(), class.into());
        }
        // transformers goes by the class where model_input_names is missing.
        if self.token_types != (self.class == Class::Bert) {
            let types = self.token_types.then_some("token_type_ids");
            let names: Vec<_> = ["input_ids"].into_iter().chain(types).chain(["attention_mask"]).collect();
            config.entry("model_input_names").or_insert_with(|| names.into());
        }
        if let (Class::Bert, Some(NormalizerWrapper::BertNormalizer(normalizer))) =
            (self.class, self.inner.get_normalizer())
        {
            // transformers builds the normalizer from these keys, whatever tokenizer.json says.
            config.extend(normalization(*normalizer));
        }
        if let Some(EncodeOptions { max_length, truncation }) = cut {
            config.insert("model_max_length".to_owned(), (*max_length).into());
            let side = if *truncation == Truncation::Tail { "left" } else { "right" };
            config.insert("truncation_side".to_owned(), side.into());
        }
        write_json(&folder.join("tokenizer_config.json"), &Value::Object(config))?;
        write_json(&folder.join("special_tokens_map.json"), &Value::Object(special))?;

        // No program would build this tokenizer from the vocabulary alone.
        if self.class == Class::File {
            return Ok(());
        }
        let mut vocab: Vec<(String, u32)> = self.inner.get_vocab(false).into_iter().collect();
        vocab.sort_unstable_by_key(|(_, id)| *id);
        let is_line = |token: &str| token.trim_end() == token && !token.contains('\n');
        if vocab.iter().zip(0..).any(|((token, id), line)| *id != line || !is_line(token)) {
            return Ok(());
        }
        let lines: String = vocab.into_iter().map(|(token, _)| token + "\n").collect();
        Ok(embert_files::write(&folder.join("vocab.txt"), lines.as_bytes())?)
    }
}

fn write_json(path: &Path, value: &Value) -> Result<(), TokenizeError> {
    Ok(embert_files::write(path, format!("{value:#}\n").as_bytes())?)
}
