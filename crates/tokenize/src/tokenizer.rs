//! [`Tokenizer`].

mod types;
mod windows;

use std::fmt;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value};
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::utils::truncation::TruncationDirection;
use tokenizers::{
    AddedToken, DecoderWrapper, Model as _, ModelWrapper, NormalizerWrapper, PostProcessor as _,
    PreTokenizerWrapper,
};

pub use self::windows::Windows;
use crate::{EncodeOptions, Encoding, TokenizeError, Truncation};

/// BERT's tokenizer: normalisation, splitting at white space and punctuation, WordPiece, special tokens.
///
/// Cheap to clone: clones share the vocabulary.
#[derive(Clone)]
pub struct Tokenizer {
    inner: Arc<tokenizers::Tokenizer>,
    config: Arc<Map<String, Value>>,
    pad_id: u32,
    source: PathBuf,
}

/// What [`Tokenizer::facts`] knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenizerFacts {
    /// The file that the tokenizer was read from.
    pub source: PathBuf,
    /// Tokens in the vocabulary, added ones included.
    pub vocab_size: usize,
    /// Whether texts are lowercased; `None` where the file has a normaliser that doesn't say.
    pub lowercase: Option<bool>,
    /// The longest sequence that its configuration speaks of, in tokens.
    pub model_max_length: Option<usize>,
    /// The special tokens and their ids, by id.
    pub special_tokens: Vec<(String, u32)>,
}

impl fmt::Display for TokenizerFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let case = match self.lowercase {
            Some(true) => "lowercases",
            Some(false) => "keeps case",
            None => "own normaliser",
        };
        write!(f, "WordPiece, {} tokens, {case}", self.vocab_size)?;
        if let Some(length) = self.model_max_length {
            write!(f, ", for up to {length} tokens")?;
        }
        for (token, id) in &self.special_tokens {
            write!(f, ", {token} {id}")?;
        }
        Ok(())
    }
}

/// The tokens that BERT can't be without, and the keys of `tokenizer_config.json` that may rename them.
const SPECIAL: [(&str, &str); 4] =
    [("pad_token", "[PAD]"), ("unk_token", "[UNK]"), ("cls_token", "[CLS]"), ("sep_token", "[SEP]")];

impl Tokenizer {
    /// Reads the tokenizer of a checkpoint's folder: its `tokenizer.json`, else its `vocab.txt`, each with the
    /// `tokenizer_config.json` beside it, as `transformers`' `AutoTokenizer` does.
    ///
    /// # Errors
    /// There is neither, or [`from_tokenizer_json`](Self::from_tokenizer_json) or [`from_vocab`](Self::from_vocab) fails.
    pub fn from_folder(folder: &Path) -> Result<Self, TokenizeError> {
        let beside = folder.join("tokenizer_config.json");
        let config = beside.is_file().then_some(beside.as_path());
        let json = folder.join("tokenizer.json");
        let vocab = folder.join("vocab.txt");
        if json.is_file() {
            Self::from_tokenizer_json(&json, config)
        } else if vocab.is_file() {
            Self::from_vocab(&vocab, config)
        } else {
            Err(TokenizeError::NotFound { path: folder.to_owned() })
        }
    }

    /// Reads a `tokenizer.json`. Truncation and padding that it states are dropped: they are the caller's to choose.
    ///
    /// What it says of case, accents and Chinese counts only where `transformers` doesn't take it for a BERT tokenizer: where
    /// `config`, the `tokenizer_config.json`, states `BertTokenizer` or `BertTokenizerFast` as its `tokenizer_class`, or states
    /// none and the `config.json` beside `path` is of a BERT, `config` decides as in [`from_vocab`](Self::from_vocab).
    ///
    /// # Errors
    /// A file can't be read, isn't a tokenizer, isn't WordPiece, or lacks a special token.
    pub fn from_tokenizer_json(path: &Path, config: Option<&Path>) -> Result<Self, TokenizeError> {
        let text = read(path)?;
        // Parsed as JSON first, for an error with a line.
        serde_json::from_str::<Value>(&text)
            .map_err(|source| TokenizeError::Json { path: path.to_owned(), source })?;
        let mut inner = tokenizers::Tokenizer::from_bytes(text)
            .map_err(|source| TokenizeError::Refused { path: path.to_owned(), source })?;
        let found = match inner.get_model() {
            ModelWrapper::WordPiece(_) => None,
            ModelWrapper::BPE(_) => Some("BPE"),
            ModelWrapper::WordLevel(_) => Some("WordLevel"),
            ModelWrapper::Unigram(_) => Some("Unigram"),
        };
        if let Some(found) = found {
            return Err(TokenizeError::NotWordPiece { path: path.to_owned(), found });
        }
        inner.with_padding(None);
        inner
            .with_truncation(None)
            .map_err(|source| TokenizeError::Refused { path: path.to_owned(), source })?;
        let config = read_config(config)?;
        if let Some(NormalizerWrapper::BertNormalizer(found)) = inner.get_normalizer()
            && is_bert(&config, path)?
        {
            let normalizer = bert_normalizer(&config, found.clean_text);
            inner
                .with_normalizer(Some(NormalizerWrapper::from(normalizer)))
                .map_err(|source| TokenizeError::Refused { path: path.to_owned(), source })?;
        }
        Self::new(inner, config, path)
    }

    /// Builds the tokenizer that `transformers`' `BertTokenizerFast` builds from a `vocab.txt`, with `do_lower_case` (true),
    /// `strip_accents` (as the case) and `tokenize_chinese_chars` (true) from a `tokenizer_config.json`.
    ///
    /// # Errors
    /// A file can't be read, or the vocabulary lacks a special token.
    pub fn from_vocab(vocab: &Path, config: Option<&Path>) -> Result<Self, TokenizeError> {
        let config = read_config(config)?;
        let refused = |source| TokenizeError::Refused { path: vocab.to_owned(), source };
        let [pad, unk, cls, sep] = SPECIAL.map(|(key, default)| special_token(&config, key, default));
        let tokens = WordPiece::read_bytes(read(vocab)?.as_bytes()).map_err(refused)?;
        let model = WordPiece::builder().vocab(tokens).unk_token(unk.clone()).build().map_err(refused)?;
        let id = |token: &str| {
            model.token_to_id(token).ok_or_else(|| TokenizeError::MissingToken {
                path: vocab.to_owned(),
                token: token.to_owned(),
                size: model.get_vocab_size(),
            })
        };
        let template = TemplateProcessing::builder()
            .try_single(format!("{cls}:0 $A:0 {sep}:0"))
            .and_then(|builder| builder.try_pair(format!("{cls}:0 $A:0 {sep}:0 $B:1 {sep}:1")))
            .map_err(|error| refused(error.into()))?
            .special_tokens(vec![(cls.clone(), id(&cls)?), (sep.clone(), id(&sep)?)])
            .build()
            .map_err(|error| refused(error.into()))?;
        let special: Vec<AddedToken> = [pad, unk, cls, sep, special_token(&config, "mask_token", "[MASK]")]
            .into_iter()
            .filter(|token| model.token_to_id(token).is_some())
            .map(|token| AddedToken::from(token, true))
            .collect();
        let mut inner = tokenizers::Tokenizer::new(model);
        inner
            .with_normalizer(Some(NormalizerWrapper::from(bert_normalizer(&config, true))))
            .map_err(refused)?
            .with_pre_tokenizer(Some(PreTokenizerWrapper::from(BertPreTokenizer)))
            .with_post_processor(Some(template))
            .with_decoder(Some(DecoderWrapper::from(tokenizers::decoders::wordpiece::WordPiece::default())));
        inner.add_special_tokens(special).map_err(refused)?;
        Self::new(inner, config, vocab)
    }

    fn new(
        inner: tokenizers::Tokenizer,
        config: Map<String, Value>,
        source: &Path,
    ) -> Result<Self, TokenizeError> {
        let mut pad_id = 0;
        for (key, default) in SPECIAL {
            let token = special_token(&config, key, default);
            let Some(id) = inner.token_to_id(&token) else {
                let size = inner.get_vocab_size(true);
                return Err(TokenizeError::MissingToken { path: source.to_owned(), token, size });
            };
            if key == "pad_token" {
                pad_id = id;
            }
        }
        Ok(Self { inner: Arc::new(inner), config: Arc::new(config), pad_id, source: source.to_owned() })
    }

    /// Encodes a text, or a pair of texts, cut to `max_length`.
    ///
    /// # Errors
    /// `max_length` leaves no room for a token, `head_tail:N` none for the end of a text, or the text that may be cut is missing
    /// or would have to go altogether.
    pub fn encode(
        &self,
        text: &str,
        text_pair: Option<&str>,
        options: &EncodeOptions,
    ) -> Result<Encoding, TokenizeError> {
        let Bare { first, second, uncut } = self.bare(text, text_pair, options)?;
        let second = second.map(|second| second.cut(options.truncation));
        self.with_special_tokens(first.cut(options.truncation), second, uncut)
    }

    /// Encodes a text, or a pair of texts, in as many windows of `max_length` tokens as it takes for nothing to be lost; the last
    /// may be shorter. Neighbours share `stride` tokens: what `transformers` gives with `return_overflowing_tokens=True`.
    ///
    /// Windows run over what [`Truncation`] would cut, from the start, with [`Truncation::Tail`] from the end backwards, and of a
    /// pair whose texts are both too long over both: each window of the first with each of the second.
    ///
    /// # Errors
    /// As [`encode`](Self::encode), or a text's windows would have no more than `stride` of its tokens. (`transformers` panics
    /// there or, where no token of a text fits, has windows longer than `max_length`.)
    pub fn windows(
        &self,
        text: &str,
        text_pair: Option<&str>,
        options: &EncodeOptions,
        stride: usize,
    ) -> Result<Vec<Encoding>, TokenizeError> {
        let Bare { first, second, uncut } = self.bare(text, text_pair, options)?;
        let room = options.max_length - self.special_tokens_added(second.is_some());
        if stride >= room {
            return Err(TokenizeError::Stride { stride, max_length: options.max_length, room });
        }
        let firsts = first.windows(options, stride)?;
        let seconds = match second {
            Some(second) => second.windows(options, stride)?.into_iter().map(Some).collect(),
            None => vec![None],
        };
        let mut windows = Vec::with_capacity(firsts.len() * seconds.len());
        for first in firsts {
            for second in &seconds {
                windows.push(self.with_special_tokens(first.clone(), second.clone(), uncut)?);
            }
        }
        Ok(windows)
    }

    /// The tokens of a text or a pair, the special ones not yet there, and how many of each text may stay.
    fn bare(
        &self,
        text: &str,
        text_pair: Option<&str>,
        options: &EncodeOptions,
    ) -> Result<Bare, TokenizeError> {
        let EncodeOptions { max_length, truncation } = *options;
        let special = self.special_tokens_added(text_pair.is_some());
        if max_length <= special {
            return Err(TokenizeError::MaxLength { max_length, special });
        }
        if let Truncation::HeadTail(head) = truncation {
            let special = self.special_tokens_added(false);
            if head.saturating_add(special) >= max_length {
                return Err(TokenizeError::HeadTail { head, max_length, special });
            }
        }
        let encode = |text: &str| {
            self.inner
                .encode(text, false)
                .map_err(|source| TokenizeError::Encode { bytes: text.len(), source })
        };
        let (first, second) = (encode(text)?, text_pair.map(encode).transpose()?);
        let room = max_length - special;
        let lengths = (first.len(), second.as_ref().map(tokenizers::Encoding::len));
        let (share, second_share) = shares(lengths.0, lengths.1, room, options)?;
        Ok(Bare {
            first: Part { tokens: first, share, room },
            second: second.map(|tokens| Part { tokens, share: second_share, room }),
            uncut: lengths.0 + lengths.1.unwrap_or(0) + special,
        })
    }

    /// `[CLS]` and `[SEP]` around what was cut.
    fn with_special_tokens(
        &self,
        first: tokenizers::Encoding,
        second: Option<tokenizers::Encoding>,
        uncut: usize,
    ) -> Result<Encoding, TokenizeError> {
        let end = first.get_offsets().last().map_or(0, |(_, end)| *end);
        let encoding = self
            .inner
            .post_process(first, second, true)
            .map_err(|source| TokenizeError::Encode { bytes: end, source })?;
        Ok(Encoding {
            ids: encoding.get_ids().to_vec(),
            type_ids: encoding.get_type_ids().to_vec(),
            attention_mask: encoding.get_attention_mask().to_vec(),
            offsets: encoding.get_offsets().to_vec(),
            uncut,
        })
    }

    /// Encodes many, on all cores, in their order.
    ///
    /// # Errors
    /// As [`encode`](Self::encode); the first in order.
    pub fn encode_batch(
        &self,
        texts: &[(&str, Option<&str>)],
        options: &EncodeOptions,
    ) -> Result<Vec<Encoding>, TokenizeError> {
        texts.par_iter().map(|(text, text_pair)| self.encode(text, *text_pair, options)).collect()
    }

    /// The [`windows`](Self::windows) of many, on all cores, in their order. Without a stride each text has one, cut as
    /// [`encode`](Self::encode) does.
    ///
    /// # Errors
    /// As [`windows`](Self::windows); the first in order.
    pub fn windows_batch(
        &self,
        texts: &[(&str, Option<&str>)],
        options: &EncodeOptions,
        stride: Option<usize>,
    ) -> Result<Vec<Vec<Encoding>>, TokenizeError> {
        let windows = |&(text, text_pair): &(&str, Option<&str>)| match stride {
            Some(stride) => self.windows(text, text_pair, options, stride),
            None => Ok(vec![self.encode(text, text_pair, options)?]),
        };
        texts.par_iter().map(windows).collect()
    }

    /// Tokens in the vocabulary, added ones included.
    pub fn vocab_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// The id that stands for padding.
    pub fn pad_id(&self) -> u32 {
        self.pad_id
    }

    /// The token with this id.
    pub fn token(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// The special tokens that an encoding gets: 2 for a text, 3 for a pair.
    pub fn special_tokens_added(&self, is_pair: bool) -> usize {
        self.inner.get_post_processor().map_or(0, |processor| processor.added_tokens(is_pair))
    }

    /// The longest sequence that `tokenizer_config.json` speaks of, in tokens. Larger than any model's means none.
    pub fn model_max_length(&self) -> Option<usize> {
        let length = self.config.get("model_max_length")?.as_u64()?;
        // transformers writes 10^30 for "none", which is no u64; older versions wrote 10^12.
        usize::try_from(length).ok().filter(|length| *length < 1_000_000)
    }

    /// Where `tokenizer_config.json` says that texts are cut: `tail` if on the left, which is `transformers`' name for the start.
    pub fn truncation(&self) -> Truncation {
        match self.config.get("truncation_side").and_then(Value::as_str) {
            Some("left") => Truncation::Tail,
            _ => Truncation::LongestFirst,
        }
    }

    /// Whether all ids of this tokenizer have a row in a word embedding of `vocab_size` rows.
    ///
    /// # Errors
    /// They have not: tokenizer and model don't belong together.
    pub fn check_vocab(&self, vocab_size: usize) -> Result<(), TokenizeError> {
        let largest_id = self.inner.get_vocab(true).into_values().max().unwrap_or(0);
        if (largest_id as usize) < vocab_size {
            Ok(())
        } else {
            Err(TokenizeError::Vocab { largest_id, vocab_size })
        }
    }

    /// What there is to know about it.
    pub fn facts(&self) -> TokenizerFacts {
        let lowercase = match self.inner.get_normalizer() {
            Some(NormalizerWrapper::BertNormalizer(normalizer)) => Some(normalizer.lowercase),
            _ => None,
        };
        let mut special_tokens: Vec<(String, u32)> = self
            .inner
            .get_added_tokens_decoder()
            .into_iter()
            .filter(|(_, token)| token.special)
            .map(|(id, token)| (token.content, id))
            .collect();
        special_tokens.sort_unstable_by_key(|(_, id)| *id);
        TokenizerFacts {
            source: self.source.clone(),
            vocab_size: self.vocab_size(),
            lowercase,
            model_max_length: self.model_max_length(),
            special_tokens,
        }
    }

    /// Writes the files that `transformers`' `AutoTokenizer` loads: `tokenizer.json`, `tokenizer_config.json`,
    /// `special_tokens_map.json`, and `vocab.txt` where the ids have no gaps. How a model's texts were cut, if given, becomes
    /// `model_max_length` and `truncation_side`, so that whoever loads it then cuts there too; `head_tail:N`, for which there are
    /// no words, as `head`.
    ///
    /// # Errors
    /// A file can't be written.
    pub fn save(&self, folder: &Path, cut: Option<&EncodeOptions>) -> Result<(), TokenizeError> {
        let path = folder.join("tokenizer.json");
        let json = self
            .inner
            .to_string(true)
            .map_err(|source| TokenizeError::Refused { path: path.clone(), source })?;
        write_atomically(&path, &json)?;

        let mut config = Map::clone(&self.config);
        let mut special = Map::new();
        for (key, default) in SPECIAL.into_iter().chain([("mask_token", "[MASK]")]) {
            let token = special_token(&config, key, default);
            if self.inner.token_to_id(&token).is_some() {
                special.insert(key.to_owned(), token.clone().into());
                config.entry(key).or_insert_with(|| token.into());
            }
        }
        config.entry("tokenizer_class").or_insert_with(|| "BertTokenizer".into());
        if let Some(NormalizerWrapper::BertNormalizer(normalizer)) = self.inner.get_normalizer() {
            // What transformers builds the tokenizer from, whatever tokenizer.json says; and the config that was read may
            // have been overruled.
            for (key, value) in [
                ("do_lower_case", normalizer.lowercase.into()),
                ("strip_accents", normalizer.strip_accents.into()),
                ("tokenize_chinese_chars", normalizer.handle_chinese_chars.into()),
            ] {
                config.insert(key.to_owned(), value);
            }
        }
        if let Some(EncodeOptions { max_length, truncation }) = cut {
            config.insert("model_max_length".to_owned(), (*max_length).into());
            let side = if *truncation == Truncation::Tail { "left" } else { "right" };
            config.insert("truncation_side".to_owned(), side.into());
        }
        write_json(&folder.join("tokenizer_config.json"), &Value::Object(config))?;
        write_json(&folder.join("special_tokens_map.json"), &Value::Object(special))?;

        let mut vocab: Vec<(String, u32)> = self.inner.get_vocab(false).into_iter().collect();
        vocab.sort_unstable_by_key(|(_, id)| *id);
        if vocab.iter().zip(0..).any(|((_, id), line)| *id != line) {
            return Ok(());
        }
        let lines: String = vocab.into_iter().map(|(token, _)| token + "\n").collect();
        write_atomically(&folder.join("vocab.txt"), &lines)
    }
}

impl fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokenizer")
            .field("source", &self.source)
            .field("vocab_size", &self.vocab_size())
            .finish_non_exhaustive()
    }
}

/// A text or a pair before it is cut.
struct Bare {
    first: Part,
    second: Option<Part>,
    /// All tokens, the special ones included.
    uncut: usize,
}

/// One text.
struct Part {
    tokens: tokenizers::Encoding,
    /// How many of them may stay.
    share: usize,
    /// How many may stay of it and of the other text together.
    room: usize,
}

impl Part {
    fn cut(self, truncation: Truncation) -> tokenizers::Encoding {
        let Self { mut tokens, share, room } = self;
        match truncation {
            Truncation::HeadTail(head) if share < tokens.len() => {
                let head = head * share / room;
                let tail = cut_at(tokens.clone(), share - head, TruncationDirection::Left);
                tokens = cut_at(tokens, head, TruncationDirection::Right);
                tokens.merge_with(tail, false);
                tokens
            }
            _ => cut_at(tokens, share, direction(truncation)),
        }
    }

    fn windows(
        self,
        options: &EncodeOptions,
        stride: usize,
    ) -> Result<Vec<tokenizers::Encoding>, TokenizeError> {
        let Self { mut tokens, share: room, .. } = self;
        // What fits has one window, whatever the stride.
        if room < tokens.len() {
            if stride >= room {
                return Err(TokenizeError::Stride { stride, max_length: options.max_length, room });
            }
            tokens.truncate(room, stride, direction(options.truncation));
        }
        let others = tokens.take_overflowing();
        Ok(std::iter::once(tokens).chain(others).collect())
    }
}

/// The first tokens, or the last ones.
fn cut_at(
    mut tokens: tokenizers::Encoding,
    length: usize,
    from: TruncationDirection,
) -> tokenizers::Encoding {
    tokens.truncate(length, 0, from);
    // What was cut off isn't needed, and would be post-processed piece by piece.
    tokens.take_overflowing();
    tokens
}

/// The side of a text that stays when it is cut, and where its first window lies, in the words of the library.
fn direction(truncation: Truncation) -> TruncationDirection {
    match truncation {
        Truncation::Tail => TruncationDirection::Left,
        _ => TruncationDirection::Right,
    }
}

/// How many tokens of each text may stay of `room`: 0 for a second text that isn't there.
fn shares(
    first: usize,
    second: Option<usize>,
    room: usize,
    options: &EncodeOptions,
) -> Result<(usize, usize), TokenizeError> {
    let EncodeOptions { max_length, truncation } = *options;
    let excess = (first + second.unwrap_or(0)).saturating_sub(room);
    if excess == 0 {
        return Ok((first, second.unwrap_or(0)));
    }
    let less = |length: usize| {
        let left = length.checked_sub(excess).filter(|left| *left > 0);
        left.ok_or(TokenizeError::Truncation { max_length, truncation })
    };
    match (truncation, second) {
        (Truncation::OnlySecond, None) => Err(TokenizeError::NoPair { max_length }),
        (_, None) => Ok((room, 0)),
        (Truncation::OnlyFirst, Some(second)) => Ok((less(first)?, second)),
        (Truncation::OnlySecond, Some(second)) => Ok((first, less(second)?)),
        (_, Some(second)) => {
            let shorter = first.min(second).min(room / 2);
            Ok(if first > second { (room - shorter, shorter) } else { (shorter, room - shorter) })
        }
    }
}

/// A special token, which `tokenizer_config.json` gives as a string or as an object with its `content`.
fn special_token(config: &Map<String, Value>, key: &str, default: &str) -> String {
    let value = config.get(key).map(|value| value.get("content").unwrap_or(value));
    value.and_then(Value::as_str).unwrap_or(default).to_owned()
}

/// Normalises as a `tokenizer_config.json` says, and with BERT's defaults where it doesn't.
fn bert_normalizer(config: &Map<String, Value>, clean_text: bool) -> BertNormalizer {
    let flag = |key: &str| config.get(key).and_then(Value::as_bool);
    BertNormalizer::new(
        clean_text,
        flag("tokenize_chinese_chars").unwrap_or(true),
        flag("strip_accents"),
        flag("do_lower_case").unwrap_or(true),
    )
}

/// Whether `transformers` builds its BERT tokenizer from this `tokenizer.json`, which takes the vocabulary from the file and
/// the flags of normalisation from the config. Else it takes the file as it is.
fn is_bert(config: &Map<String, Value>, tokenizer_json: &Path) -> Result<bool, TokenizeError> {
    if let Some(class) = config.get("tokenizer_class").and_then(Value::as_str) {
        return Ok(matches!(class, "BertTokenizer" | "BertTokenizerFast"));
    }
    let model = tokenizer_json.with_file_name("config.json");
    let model = read_config(model.is_file().then_some(&model))?;
    Ok(model.get("model_type").and_then(Value::as_str) == Some("bert"))
}

fn read(path: &Path) -> Result<String, TokenizeError> {
    fs::read_to_string(path).map_err(|source| TokenizeError::Io {
        action: "read",
        path: path.to_owned(),
        source,
    })
}

fn read_config(path: Option<&Path>) -> Result<Map<String, Value>, TokenizeError> {
    let Some(path) = path else { return Ok(Map::new()) };
    serde_json::from_str(&read(path)?).map_err(|source| TokenizeError::Json { path: path.to_owned(), source })
}

fn write_json(path: &Path, value: &Value) -> Result<(), TokenizeError> {
    write_atomically(path, &format!("{value:#}\n"))
}

/// Writes a file under a temporary name in its folder and renames it.
fn write_atomically(path: &Path, text: &str) -> Result<(), TokenizeError> {
    let write = |source| TokenizeError::Io { action: "write", path: path.to_owned(), source };
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // Less the user's mask, as for any new file; the default is for the owner alone.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(path.parent().unwrap_or(Path::new("."))).map_err(write)?;
    file.write_all(text.as_bytes()).map_err(write)?;
    file.persist(path).map_err(|error| write(error.error))?;
    Ok(())
}
