//! [`Settings`]: the settings in the files beside a vocabulary, merged as `transformers` merges them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use tokenizers::AddedToken;

use super::added;
use super::class::{Choice, Class};
use super::files::{Files, read_object};
use crate::error::TokenizeError;
use crate::truncation::Truncation;

/// The keys of the special tokens, in `transformers`' order, and BERT's names for them.
const NAMED: [(&str, Option<&str>); 7] = [
    ("bos_token", None),
    ("eos_token", None),
    ("unk_token", Some("[UNK]")),
    ("sep_token", Some("[SEP]")),
    ("pad_token", Some("[PAD]")),
    ("cls_token", Some("[CLS]")),
    ("mask_token", Some("[MASK]")),
];

/// The special tokens that BERT can't be without.
pub(crate) const NEEDED: [&str; 4] = ["pad_token", "unk_token", "cls_token", "sep_token"];

/// Keys of `tokenizer_config.json` that would replace what the folder's other files say, with the reason.
const REFUSED: &[(&str, &str)] = &[
    ("auto_map", "names a tokenizer in code of the checkpoint's own, which is not run here"),
    ("vocab", "would replace the vocabulary's file"),
    ("merges", "belongs to a BPE tokenizer"),
    ("tokenizer_object", "would replace the vocabulary's file"),
    ("gguf_file", "would replace the vocabulary's file"),
    ("post_processor", "would replace the one of tokenizer.json"),
    ("tokenizer_truncation", "would replace the one of tokenizer.json"),
    ("tokenizer_padding", "would replace the one of tokenizer.json"),
    ("init_inputs", "holds arguments of a class in Python"),
];

/// A special token and the key that names it.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) key: String,
    pub(crate) token: AddedToken,
    /// True for a token that no file names: the class's default.
    pub(crate) implied: bool,
}

/// The settings of all files.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) class: Class,
    /// Whether a file names the class or the model's type.
    pub(crate) class_is_stated: bool,
    /// `tokenizer_config.json`, overlaid with `special_tokens_map.json` where the map counts. These values
    /// are written back.
    pub(crate) values: Map<String, Value>,
    pub(crate) named: Vec<Named>,
    /// Special tokens without a key of their own.
    pub(crate) extra: Vec<AddedToken>,
    /// Added tokens by the ids that their file states.
    pub(crate) added: BTreeMap<u32, AddedToken>,
    /// Whether `tokenizer_config.json` lists the added tokens, so that no other file's list counts.
    pub(crate) has_decoder: bool,
    /// Whether the second text of a pair gets the token type 1.
    pub(crate) token_types: bool,
    /// `vocab_size` of `config.json`: rows of the model's word embedding.
    pub(crate) embeddings: Option<usize>,
    pub(crate) notes: Vec<String>,
    /// The file that an error about a value names.
    path: PathBuf,
}

impl Settings {
    /// Reads the files. `tokenizer_json` is the content of `tokenizer.json`. `bert`, if given, holds settings
    /// of normalisation and makes the class BERT's, whatever the files say.
    ///
    /// # Errors
    /// A file can't be read, or states something that `transformers` refuses or that is not supported here.
    pub(crate) fn read(
        files: &Files,
        tokenizer_json: Option<&Map<String, Value>>,
        bert: Option<Map<String, Value>>,
    ) -> Result<Self, TokenizeError> {
        let config = read_object(files.config.as_deref())?;
        let mut stated = read_object(files.tokenizer_config.as_deref())?;
        let mut choice = Choice::of(files, &stated, &config)?;
        if let Some(normalization) = bert {
            choice.class = Class::Bert;
            stated.extend(normalization);
        }
        let path =
            [&files.tokenizer_config, &files.tokenizer_json, &files.vocab].into_iter().flatten().next();
        let mut settings = Self {
            class: choice.class,
            class_is_stated: choice.stated,
            values: stated,
            named: Vec::new(),
            extra: Vec::new(),
            added: BTreeMap::new(),
            has_decoder: false,
            token_types: choice.token_types,
            embeddings: config
                .get("vocab_size")
                .and_then(Value::as_u64)
                .and_then(|size| usize::try_from(size).ok()),
            notes: Vec::new(),
            path: path.cloned().unwrap_or_default(),
        };
        settings.refuse_keys()?;
        settings.read_tokens(files, tokenizer_json)?;
        settings.read_lengths(tokenizer_json)?;
        settings.read_names()?;
        settings.pass_over();
        Ok(settings)
    }

    /// The flag under `key`; `None` where no file states it.
    ///
    /// # Errors
    /// The value is neither `true` nor `false`.
    pub(crate) fn flag(&self, key: &str) -> Result<Option<bool>, TokenizeError> {
        match self.values.get(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(found) => Err(self.wrong(key, found, "true or false")),
        }
    }

    /// The flag under `key`; `None` where no file states it or its value is `null`.
    ///
    /// # Errors
    /// As [`flag`](Self::flag).
    pub(crate) fn optional_flag(&self, key: &str) -> Result<Option<bool>, TokenizeError> {
        if self.values.get(key).is_some_and(Value::is_null) { Ok(None) } else { self.flag(key) }
    }

    /// The special token under `key`: a file's, or the default of BERT's class.
    pub(crate) fn token(&self, key: &str) -> Option<&AddedToken> {
        self.named.iter().find(|named| named.key == key).map(|named| &named.token)
    }

    /// BERT's name for the special token under `key`.
    pub(crate) fn default_token(key: &str) -> Option<&'static str> {
        NAMED.iter().find(|(name, _)| *name == key).and_then(|(_, default)| *default)
    }

    fn wrong(&self, key: &str, found: &Value, expected: &'static str) -> TokenizeError {
        TokenizeError::Setting {
            path: self.path.clone(),
            key: key.to_owned(),
            found: found.to_string(),
            expected,
        }
    }

    fn refuse_keys(&self) -> Result<(), TokenizeError> {
        let refused =
            |key: &str, why| Err(TokenizeError::Key { path: self.path.clone(), key: key.to_owned(), why });
        for (key, why) in REFUSED {
            if self.values.get(*key).is_some_and(|value| !is_nothing(value)) {
                return refused(key, why);
            }
        }
        // transformers takes the newest of these files that its own version may read.
        let versioned = |name: &Value| name.as_str().is_some_and(|name| name != "tokenizer.json");
        let files = self.values.get("fast_tokenizer_files").and_then(Value::as_array);
        if files.is_some_and(|files| files.iter().any(versioned)) {
            return refused("fast_tokenizer_files", "names a tokenizer.json for a version of transformers");
        }
        Ok(())
    }

    /// Reads the special tokens and the added ones of all files.
    fn read_tokens(
        &mut self,
        files: &Files,
        tokenizer_json: Option<&Map<String, Value>>,
    ) -> Result<(), TokenizeError> {
        let mut explicit = self.explicit_tokens();
        let mut extra = self.extra_value();
        if let Some(value) = self.values.get("added_tokens_decoder") {
            self.added = added::parse_decoder(&self.path, value)?;
            self.has_decoder = true;
        } else if let Some(path) = &files.special_tokens_map {
            self.overlay(read_object(Some(path))?, &mut extra);
        }
        if let Some(Value::Object(tokens)) = &extra {
            explicit.extend(tokens.clone());
            extra = None;
        }
        if let Some(extra) = extra.filter(|extra| !extra.is_null()) {
            self.extra = added::parse_list(&self.path, "extra_special_tokens", &extra)?;
        }
        self.read_named(explicit)?;
        if self.has_decoder {
            self.note_unread_tokens(files, tokenizer_json)?;
        } else {
            if let Some(path) = &files.added_tokens {
                let tokens = read_object(Some(path))?;
                let special = |token: &str| {
                    self.named.iter().any(|named| named.token.content == token && !named.implied)
                        || self.extra.iter().any(|extra| extra.content == token)
                };
                self.added = added::parse_file(path, &tokens, special)?;
            }
            if let (Some(file), Some(path)) = (tokenizer_json, &files.tokenizer_json) {
                self.added.extend(added::parse_json(path, file)?);
            }
        }
        Ok(())
    }

    /// The keys that end in `_token`, are not in `NAMED` and have a string.
    fn explicit_tokens(&self) -> Map<String, Value> {
        let is_own = |key: &str| key.ends_with("_token") && NAMED.iter().all(|(named, _)| *named != key);
        let own = self.values.iter().filter(|(key, value)| is_own(key) && value.is_string());
        own.map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// The value of `extra_special_tokens`, or of its former name `additional_special_tokens`.
    fn extra_value(&self) -> Option<Value> {
        let extra = self.values.get("extra_special_tokens");
        match self.values.get("additional_special_tokens") {
            Some(additional) if extra.is_none_or(is_nothing) => Some(additional.clone()),
            _ => extra.cloned(),
        }
    }

    /// Lays `special_tokens_map.json` over `tokenizer_config.json`: its values win.
    fn overlay(&mut self, map: Map<String, Value>, extra: &mut Option<Value>) {
        for (key, mut value) in map {
            match (key.as_str(), &mut value) {
                ("extra_special_tokens", Value::Array(tokens)) => {
                    let mut all = match extra.take() {
                        Some(Value::Array(all)) => all,
                        _ => Vec::new(),
                    };
                    for token in tokens.drain(..) {
                        if !all.contains(&token) {
                            all.push(token);
                        }
                    }
                    value = Value::Array(all);
                    *extra = Some(value.clone());
                }
                ("additional_special_tokens", _) if extra.is_some() => continue,
                ("extra_special_tokens" | "additional_special_tokens", _) => *extra = Some(value.clone()),
                (_, Value::Object(token)) => {
                    token.insert("special".to_owned(), true.into());
                }
                _ => {}
            }
            self.values.insert(key, value);
        }
    }

    fn read_named(&mut self, explicit: Map<String, Value>) -> Result<(), TokenizeError> {
        let is_bert = self.class == Class::Bert;
        for (key, default) in NAMED {
            let (token, implied) = match (self.values.get(key), default) {
                (Some(Value::Null), _) if is_bert && NEEDED.contains(&key) => {
                    return Err(self.wrong(key, &Value::Null, "a token, as BERT needs it"));
                }
                (Some(Value::Null), _) => continue,
                (Some(value), _) => (added::parse(&self.path, key, value)?, false),
                (None, Some(default)) if is_bert => (AddedToken::from(default, true), true),
                (None, _) => continue,
            };
            self.named.push(Named { key: key.to_owned(), token, implied });
        }
        let is_own = |key: &str| key.ends_with("_token") && NAMED.iter().all(|(named, _)| *named != key);
        let own = self.values.iter().filter(|(key, value)| {
            is_own(key)
                && !explicit.contains_key(*key)
                && (value.is_string() || value.get("content").is_some())
        });
        let own: Vec<_> = own.map(|(key, value)| (key.clone(), value.clone())).collect();
        for (key, value) in own.into_iter().chain(explicit) {
            let token = added::parse(&self.path, &key, &value)?;
            self.named.push(Named { key, token, implied: false });
        }
        Ok(())
    }

    /// Notes the tokens of other files that don't count because `tokenizer_config.json` has
    /// `added_tokens_decoder`.
    fn note_unread_tokens(
        &mut self,
        files: &Files,
        tokenizer_json: Option<&Map<String, Value>>,
    ) -> Result<(), TokenizeError> {
        let known = |token: &str| {
            let mut tokens =
                self.added.values().chain(&self.extra).chain(self.named.iter().map(|named| &named.token));
            tokens.any(|known| known.content == token)
        };
        let mut unread = Vec::new();
        if let Some(path) = &files.added_tokens {
            unread.extend(read_object(Some(path))?.into_iter().map(|(token, _)| (path, token)));
        }
        if let Some(path) = &files.special_tokens_map {
            let map = read_object(Some(path))?;
            let tokens = map
                .values()
                .flat_map(|value| value.as_array().map_or(std::slice::from_ref(value), |all| all));
            let content = |token: &Value| token.get("content").unwrap_or(token).as_str().map(str::to_owned);
            unread.extend(tokens.filter_map(content).map(|token| (path, token)));
        }
        if let (Class::Bert, Some(file), Some(path)) = (self.class, tokenizer_json, &files.tokenizer_json) {
            let tokens = added::parse_json(path, file)?.into_values().map(|token| token.content);
            unread.extend(tokens.map(|token| (path, token)));
        }
        let notes: Vec<String> = unread
            .into_iter()
            .filter(|(_, token)| !known(token))
            .map(|(path, token)| {
                let file = path.file_name().unwrap_or_default().display();
                format!("the token {token:?} of {file} does not count, as in transformers: tokenizer_config.json has added_tokens_decoder")
            })
            .collect();
        self.notes.extend(notes);
        Ok(())
    }

    /// Checks the lengths and the sides of truncation and padding. The sides in `tokenizer.json` count where
    /// no config states them.
    fn read_lengths(&mut self, tokenizer_json: Option<&Map<String, Value>>) -> Result<(), TokenizeError> {
        let of_file =
            |part: &str| tokenizer_json?.get(part)?.get("direction")?.as_str().map(str::to_lowercase);
        for (key, part) in [("truncation_side", "truncation"), ("padding_side", "padding")] {
            if let (None, Some(side)) = (self.values.get(key), of_file(part))
                && side == "left"
            {
                self.values.insert(key.to_owned(), side.into());
            }
            match self.values.get(key) {
                None => {}
                Some(Value::String(side)) if side == "left" || side == "right" => {}
                Some(found) => return Err(self.wrong(key, found, "\"right\" or \"left\"")),
            }
        }
        if self.values.get("padding_side").is_some_and(|side| side == "left") {
            self.notes.push(
                "padding_side = \"left\" changes nothing here: positions count from a text's first token"
                    .to_owned(),
            );
        }
        let key = if self.values.contains_key("model_max_length") { "model_max_length" } else { "max_len" };
        match self.values.get(key) {
            None | Some(Value::Null) => Ok(()),
            Some(Value::Number(number))
                if number.as_f64().is_some_and(|length| length >= 1.0 && length.fract() == 0.0) =>
            {
                Ok(())
            }
            Some(found) => Err(self.wrong(key, found, "a whole number of tokens, at least 1")),
        }
    }

    /// `model_max_length`, formerly `max_len`, in tokens. A length beyond any model's means none.
    pub(crate) fn max_length(values: &Map<String, Value>) -> Option<usize> {
        let length = match values.get("model_max_length") {
            Some(length) => length,
            None => values.get("max_len")?,
        };
        // transformers writes 10^30 for "none"; older versions wrote 10^12.
        let length = length.as_f64().filter(|length| *length < 1e6)?;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number from 1 to 10^6"
        )]
        Some(length as usize)
    }

    /// The truncation that `truncation_side` stands for.
    pub(crate) fn truncation(values: &Map<String, Value>) -> Truncation {
        match values.get("truncation_side").and_then(Value::as_str) {
            Some("left") => Truncation::Tail,
            _ => Truncation::LongestFirst,
        }
    }

    /// Reads `model_input_names`, which says whether the model gets token types.
    fn read_names(&mut self) -> Result<(), TokenizeError> {
        const KEY: &str = "model_input_names";
        let Some(value) = self.values.get(KEY) else { return Ok(()) };
        let names = value.as_array().map(|names| names.iter().filter_map(Value::as_str).collect::<Vec<_>>());
        match names {
            Some(names) if names.contains(&"input_ids") && names.contains(&"attention_mask") => {
                self.token_types = names.contains(&"token_type_ids");
                Ok(())
            }
            _ => Err(self.wrong(
                KEY,
                value,
                "a list with input_ids and attention_mask, and token_type_ids or not",
            )),
        }
    }

    /// Notes the settings of former tokenizers that `transformers` ignores too.
    fn pass_over(&mut self) {
        let is_set = |key: &str| self.values.get(key).is_some_and(|value| !is_nothing(value));
        let basic = self.values.get("do_basic_tokenize").is_some_and(|value| value == false);
        let mut keys = Vec::new();
        if basic {
            keys.push("do_basic_tokenize = false");
        }
        if is_set("never_split") {
            keys.push("never_split");
        }
        for key in keys {
            self.notes.push(format!(
                "{key} changes nothing, as in transformers: it belongs to a tokenizer in Python"
            ));
        }
    }
}

/// True for values that Python takes for false, the number 0 excepted: `null`, `false` and empty ones.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.is_empty(),
        Value::Object(values) => values.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Bool(flag) => !flag,
        Value::Number(_) => false,
    }
}

/// The file's name alone, for notes.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
