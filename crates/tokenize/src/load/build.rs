//! The library's tokenizer, built from a vocabulary or a `tokenizer.json` and the [`Settings`] beside it.

use std::path::Path;

use serde_json::{Map, Value};
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{
    AddedToken, DecoderWrapper, Model as _, ModelWrapper, NormalizerWrapper, PostProcessor as _,
    PreTokenizerWrapper,
};

use super::added;
use super::class::Class;
use super::files::{Files, read};
use super::notes;
use super::settings::{NEEDED, Named, Settings, file_name};
use super::template;
use super::vocab::{check_ids, read_vocab};
use crate::error::TokenizeError;

/// A tokenizer and its [`Settings`].
pub(crate) struct Built {
    pub(crate) inner: tokenizers::Tokenizer,
    pub(crate) settings: Settings,
    pub(crate) pad_id: u32,
}

/// Builds the tokenizer of a `tokenizer.json`.
///
/// # Errors
/// The file is no tokenizer or another family's, lacks a token or a post-processor, or the settings are
/// refused.
pub(crate) fn from_tokenizer_json(path: &Path, files: &Files) -> Result<Built, TokenizeError> {
    let refused = |source| TokenizeError::Refused { path: path.to_owned(), source };
    let text = read(path)?;
    // Parsed as JSON first, for an error with a line.
    let value: Value = serde_json::from_str(&text)
        .map_err(|source| TokenizeError::Json { path: path.to_owned(), source })?;
    let mut inner = tokenizers::Tokenizer::from_bytes(text).map_err(refused)?;
    if let Some(problem) = template::problem(&value["post_processor"]) {
        return Err(refused(problem.into()));
    }
    let no_object = Map::new();
    let object = value.as_object().unwrap_or(&no_object);
    let mut settings = Settings::read(files, Some(object), None)?;
    let found = match inner.get_model() {
        ModelWrapper::WordPiece(_) => None,
        ModelWrapper::BPE(_) => Some("BPE"),
        ModelWrapper::WordLevel(_) => Some("WordLevel"),
        ModelWrapper::Unigram(_) => Some("Unigram"),
    };
    if let Some(found) = found {
        return Err(TokenizeError::NotWordPiece { path: path.to_owned(), found });
    }
    check_ids(path, &wordpiece(&inner))?;
    if let (ModelWrapper::WordPiece(model), Some(vocab)) = (inner.get_model(), &files.vocab) {
        settings.notes.extend(notes::other_vocabulary(vocab, model));
    }
    if settings.class == Class::Bert {
        let mut built = bert(wordpiece(&inner), settings, path)?;
        built.settings.notes.extend(notes::passed_over(&inner, &built.inner));
        return Ok(built);
    }
    // Where no file names a class, tokenizer.json counts as it is. Most such files describe BERT's tokenizer:
    // it is then written back as BertTokenizer.
    if !settings.class_is_stated
        && let Some(NormalizerWrapper::BertNormalizer(normalizer)) = inner.get_normalizer()
    {
        let settings = Settings::read(files, Some(object), Some(normalization(*normalizer)))?;
        if let Ok(built) = bert(wordpiece(&inner), settings, path)
            && notes::passed_over(&inner, &built.inner).is_empty()
        {
            return Ok(built);
        }
    }
    inner.with_padding(None);
    inner.with_truncation(None).map_err(refused)?;
    if inner.get_post_processor().is_none_or(|processor| processor.added_tokens(false) == 0) {
        return Err(TokenizeError::NoPostProcessor { path: path.to_owned() });
    }
    let unk = wordpiece(&inner).unk_token;
    if inner.get_model().token_to_id(&unk).is_none() {
        return Err(missing(path, &inner, "unk_token", unk));
    }
    // The pad token of tokenizer.json is a special token where no config names another.
    let of_padding = || object.get("padding")?.get("pad_token")?.as_str();
    if let (None, Some(token)) = (settings.token("pad_token"), of_padding()) {
        let token = AddedToken::from(token, true);
        settings.named.push(Named { key: "pad_token".to_owned(), token, implied: false });
    }
    add_tokens(&mut inner, &mut settings, path)?;
    if settings.has_decoder {
        check_added(&inner, &added::parse_json(path, object)?, &mut settings.notes, path)?;
    }
    let pad = settings.token("pad_token").map(|token| token.content.clone());
    finish(inner, settings, pad, path)
}

/// The model of a tokenizer, which the caller has found to be WordPiece.
fn wordpiece(inner: &tokenizers::Tokenizer) -> WordPiece {
    match inner.get_model() {
        ModelWrapper::WordPiece(model) => model.clone(),
        _ => WordPiece::default(),
    }
}

/// The keys of `tokenizer_config.json` that describe a normalizer.
pub(crate) fn normalization(normalizer: BertNormalizer) -> Map<String, Value> {
    let settings = [
        ("do_lower_case", normalizer.lowercase.into()),
        ("strip_accents", normalizer.strip_accents.into()),
        ("tokenize_chinese_chars", normalizer.handle_chinese_chars.into()),
    ];
    settings.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// The file that a vocabulary without one is called by in messages.
pub(crate) const UNWRITTEN: &str = "vocab.txt";

/// What a piece that goes on with a word begins with.
pub(crate) const PREFIX: &str = "##";

/// Builds the tokenizer of a vocabulary that is in no file yet, as [`from_vocab`] does of its file: each token has
/// its place as its id.
///
/// # Errors
/// A special token is missing.
pub(crate) fn from_tokens(tokens: &[String], lowercase: bool) -> Result<Built, TokenizeError> {
    let path = Path::new(UNWRITTEN);
    let refused = |source| TokenizeError::Refused { path: path.to_owned(), source };
    let settings = Settings::read(
        &Files::default(),
        None,
        Some(normalization(BertNormalizer::new(true, true, None, lowercase))),
    )?;
    let lines = tokens.join("\n");
    let vocab = WordPiece::read_bytes(lines.as_bytes()).map_err(refused)?;
    bert(WordPiece::builder().vocab(vocab).build().map_err(refused)?, settings, path)
}

/// Builds the tokenizer of a `vocab.txt`.
///
/// # Errors
/// The file can't be read, lacks a token, is shorter than the model's embedding, or the settings are refused.
pub(crate) fn from_vocab(path: &Path, files: &Files) -> Result<Built, TokenizeError> {
    let mut settings = Settings::read(files, None, None)?;
    let mut notes = Vec::new();
    let model = read_vocab(path, &mut notes)?;
    settings.notes.extend(notes);
    let built = bert(model, settings, path)?;
    if let Some(vocab_size) = built.settings.embeddings {
        let found = built.inner.get_vocab(true).into_values().max().map_or(0, |id| id as usize + 1);
        // The embedding may have been padded to a multiple of 64, or of a smaller power of two.
        let multiple = 1 << vocab_size.trailing_zeros().min(6);
        if found + multiple <= vocab_size {
            return Err(TokenizeError::ShortVocabulary { path: path.to_owned(), found, vocab_size });
        }
    }
    Ok(built)
}

/// The tokenizer that `transformers`' `BertTokenizer` builds from a vocabulary. Of a `tokenizer.json`, too,
/// it takes the vocabulary only.
fn bert(mut model: WordPiece, mut settings: Settings, source: &Path) -> Result<Built, TokenizeError> {
    let refused = |error| TokenizeError::Refused { path: source.to_owned(), source: error };
    let content = |settings: &Settings, key: &str| {
        let token = settings.token(key).map(|token| token.content.clone());
        token.or_else(|| Settings::default_token(key).map(str::to_owned)).unwrap_or_default()
    };
    let defaults = WordPiece::default();
    model.unk_token = content(&settings, "unk_token");
    model.continuing_subword_prefix = defaults.continuing_subword_prefix;
    model.max_input_chars_per_word = defaults.max_input_chars_per_word;
    let normalizer = BertNormalizer::new(
        true,
        settings.flag("tokenize_chinese_chars")?.unwrap_or(true),
        settings.optional_flag("strip_accents")?,
        settings.flag("do_lower_case")?.unwrap_or(true),
    );
    let mut inner = tokenizers::Tokenizer::new(model);
    inner
        .with_normalizer(Some(NormalizerWrapper::from(normalizer)))
        .map_err(refused)?
        .with_pre_tokenizer(Some(PreTokenizerWrapper::from(BertPreTokenizer)))
        .with_decoder(Some(DecoderWrapper::from(tokenizers::decoders::wordpiece::WordPiece::default())));
    for key in NEEDED {
        let token = content(&settings, key);
        let is_added = settings.added.values().any(|added| added.content == token);
        if inner.token_to_id(&token).is_none() && !is_added {
            return Err(missing(source, &inner, key, token));
        }
    }
    add_tokens(&mut inner, &mut settings, source)?;
    let [cls, sep] = ["cls_token", "sep_token"].map(|key| content(&settings, key));
    let ids = [&cls, &sep].map(|token| inner.token_to_id(token).unwrap_or_default());
    let template = TemplateProcessing::builder()
        .try_single(format!("{cls}:0 $A:0 {sep}:0"))
        .and_then(|builder| builder.try_pair(format!("{cls}:0 $A:0 {sep}:0 $B:1 {sep}:1")))
        .map_err(|error| refused(error.into()))?
        .special_tokens(vec![(cls, ids[0]), (sep, ids[1])])
        .build()
        .map_err(|error| refused(error.into()))?;
    inner.with_post_processor(Some(template));
    let pad = content(&settings, "pad_token");
    finish(inner, settings, Some(pad), source)
}

/// Adds the added tokens and the special ones, in `transformers`' order, which decides their ids.
fn add_tokens(
    inner: &mut tokenizers::Tokenizer,
    settings: &mut Settings,
    source: &Path,
) -> Result<(), TokenizeError> {
    let in_file: Vec<String> =
        inner.get_added_tokens_decoder().into_values().map(|token| token.content).collect();
    let mut tokens: Vec<AddedToken> = settings.added.values().cloned().collect();
    let listed = |token: &AddedToken| {
        in_file.contains(&token.content)
            || settings.added.values().any(|added| added.content == token.content)
    };
    for named in &settings.named {
        let is_new = inner.token_to_id(&named.token.content).is_none();
        if listed(&named.token) {
            continue;
        }
        // The model doesn't know a default token that the vocabulary lacks and the embedding has no row for.
        if named.implied && is_new && settings.extra.is_empty() {
            let new = tokens.iter().filter(|token| inner.token_to_id(&token.content).is_none()).count();
            let id = inner.get_vocab_size(false) + new;
            if settings.embeddings.is_none_or(|rows| id >= rows) {
                continue;
            }
        }
        tokens.push(named.token.clone());
    }
    tokens.extend(settings.extra.iter().filter(|token| !listed(token)).cloned());
    for token in &mut tokens {
        token.special |= settings.named.iter().any(|named| named.token.content == token.content);
    }
    inner
        .add_tokens(tokens)
        .map_err(|error| TokenizeError::Refused { path: source.to_owned(), source: error })?;
    check_added(inner, &settings.added, &mut settings.notes, source)?;
    // An id that two tokens share would be ambiguous.
    for (id, token) in inner.get_added_tokens_decoder() {
        let model = inner.get_model();
        if model.token_to_id(&token.content).is_none()
            && let Some(other) = model.id_to_token(id)
        {
            return Err(TokenizeError::SharedId { path: source.to_owned(), token: token.content, id, other });
        }
    }
    Ok(())
}

/// Compares the ids that a file states for its added tokens with the ids that the tokens have: the
/// vocabulary's, or the next free ones.
fn check_added(
    inner: &tokenizers::Tokenizer,
    added: &std::collections::BTreeMap<u32, AddedToken>,
    notes: &mut Vec<String>,
    source: &Path,
) -> Result<(), TokenizeError> {
    for (&stated, token) in added {
        let Some(id) = inner.token_to_id(&token.content) else { continue };
        if id == stated {
            continue;
        }
        let token = token.content.clone();
        if inner.get_model().token_to_id(&token).is_none() {
            return Err(TokenizeError::AddedId { path: source.to_owned(), token, stated, id });
        }
        notes.push(format!(
            "the added token {token:?} has the id {id} of {}, not the stated {stated}, as in transformers",
            file_name(source)
        ));
    }
    Ok(())
}

fn finish(
    mut inner: tokenizers::Tokenizer,
    mut settings: Settings,
    pad: Option<String>,
    source: &Path,
) -> Result<Built, TokenizeError> {
    inner.set_encode_special_tokens(settings.flag("split_special_tokens")?.unwrap_or(false));
    let pad = pad.unwrap_or_else(|| "[PAD]".to_owned());
    let Some(pad_id) = inner.token_to_id(&pad) else {
        return Err(missing(source, &inner, "pad_token", pad));
    };
    settings.notes.extend(notes::case(&inner));
    settings.notes.extend(notes::beyond(&inner, settings.embeddings));
    settings.notes.extend(notes::token_types(&inner, settings.token_types));
    Ok(Built { inner, settings, pad_id })
}

fn missing(source: &Path, inner: &tokenizers::Tokenizer, key: &'static str, token: String) -> TokenizeError {
    TokenizeError::MissingToken { path: source.to_owned(), key, token, size: inner.get_vocab_size(true) }
}
