//! [`Tokenizer`].

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};
use tokenizers::normalizers::{self, Lowercase};
use tokenizers::{ModelWrapper, NormalizerWrapper, PostProcessor as _};

use crate::error::TokenizeError;
use crate::load::build::{self, Built};
use crate::load::class::Class;
use crate::load::files::Files;
use crate::load::settings::Settings;
use crate::truncation::Truncation;

/// BERT's tokenizer: normalisation, splitting at white space and punctuation, WordPiece, special tokens.
///
/// Cheap to clone: clones share the vocabulary.
#[derive(Clone)]
pub struct Tokenizer {
    pub(crate) inner: Arc<tokenizers::Tokenizer>,
    /// `tokenizer_config.json`, overlaid with `special_tokens_map.json`.
    pub(crate) config: Arc<Map<String, Value>>,
    /// The special tokens by their keys.
    pub(crate) named: Arc<[(String, String)]>,
    pub(crate) class: Class,
    /// Whether the second text of a pair gets the token type 1.
    pub(crate) token_types: bool,
    /// Rows of the model's word embedding; `None` if unknown, or if every id has a row.
    pub(crate) rows: Option<usize>,
    notes: Arc<[String]>,
    pad_id: u32,
    source: PathBuf,
}

/// Facts about a tokenizer, from [`Tokenizer::facts`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenizerFacts {
    /// The file that the tokenizer was read from.
    pub source: PathBuf,
    /// Tokens in the vocabulary, added ones included.
    pub vocab_size: usize,
    /// Whether texts are lowercased; `None` where the normaliser isn't BERT's.
    pub lowercase: Option<bool>,
    /// The longest sequence that `tokenizer_config.json` allows, in tokens.
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

impl Tokenizer {
    /// Reads the tokenizer of a checkpoint's folder as `transformers`' `AutoTokenizer` does: its
    /// `tokenizer.json`, else its `vocab.txt`, with what `tokenizer_config.json`, `special_tokens_map.json`,
    /// `added_tokens.json` and `config.json` say of it. The [`notes`](Self::notes) name the settings that are
    /// passed over.
    ///
    /// # Errors
    /// The folder has neither file, a file can't be read or lacks what BERT needs, or a file asks for another
    /// tokenizer than BERT's.
    pub fn from_folder(folder: &Path) -> Result<Self, TokenizeError> {
        let files = Files::of_folder(folder)?;
        match (&files.tokenizer_json, &files.vocab) {
            (Some(path), _) => Ok(Self::new(build::from_tokenizer_json(path, &files)?, path)),
            (None, Some(path)) => Ok(Self::new(build::from_vocab(path, &files)?, path)),
            (None, None) => Err(TokenizeError::NotFound { path: folder.to_owned() }),
        }
    }

    /// Reads a `tokenizer.json`. The file's truncation and padding are dropped: the caller chooses them.
    ///
    /// For a BERT tokenizer only the file's vocabulary and added tokens count, and the rest is BERT's, as in
    /// [`from_vocab`](Self::from_vocab). The file is one, as for `transformers`, where `config`, the
    /// `tokenizer_config.json`, states `BertTokenizer` as its `tokenizer_class`, or states none and the
    /// `config.json` beside `path` is of a BERT. Otherwise the whole file counts.
    ///
    /// # Errors
    /// A file can't be read, isn't a tokenizer, isn't WordPiece, or lacks a special token.
    pub fn from_tokenizer_json(path: &Path, config: Option<&Path>) -> Result<Self, TokenizeError> {
        let files = Files {
            tokenizer_json: Some(path.to_owned()),
            tokenizer_config: config.map(Path::to_owned),
            config: Some(path.with_file_name("config.json")).filter(|path| path.is_file()),
            ..Files::default()
        };
        Ok(Self::new(build::from_tokenizer_json(path, &files)?, path))
    }

    /// Builds the tokenizer that `transformers`' `BertTokenizer` builds from a `vocab.txt`, with
    /// `do_lower_case` (true), `strip_accents` (as the case), `tokenize_chinese_chars` (true) and the special
    /// tokens of a `tokenizer_config.json`.
    ///
    /// # Errors
    /// A file can't be read, or the vocabulary lacks a special token.
    pub fn from_vocab(vocab: &Path, config: Option<&Path>) -> Result<Self, TokenizeError> {
        let files = Files {
            vocab: Some(vocab.to_owned()),
            tokenizer_config: config.map(Path::to_owned),
            ..Files::default()
        };
        Ok(Self::new(build::from_vocab(vocab, &files)?, vocab))
    }

    pub(crate) fn new(built: Built, source: &Path) -> Self {
        let Built { inner, settings, pad_id } = built;
        let highest = |tokens: HashMap<String, u32>| tokens.into_values().max().unwrap_or(0) as usize;
        let is_beyond = |rows: &usize| highest(inner.get_vocab(true)) >= *rows;
        Self {
            rows: settings.embeddings.filter(is_beyond),
            config: Arc::new(settings.values),
            named: settings.named.into_iter().map(|named| (named.key, named.token.content)).collect(),
            class: settings.class,
            token_types: settings.token_types,
            notes: settings.notes.into(),
            inner: Arc::new(inner),
            pad_id,
            source: source.to_owned(),
        }
    }

    /// The tokenizer that lowercases texts before all else, as sentence-transformers' `do_lower_case` makes it.
    /// Tokens that are added as they are, such as `[SEP]`, keep their case. It is for encoding: files that
    /// [`save`](Self::save) writes of it do not state the lowercasing for `transformers`.
    ///
    /// # Errors
    /// The library refuses the normaliser.
    pub fn with_lower_case(mut self) -> Result<Self, TokenizeError> {
        let own = self.inner.get_normalizer().cloned();
        let lowercases =
            |normalizer: &NormalizerWrapper| matches!(normalizer, NormalizerWrapper::Lowercase(_));
        let mut parts: Vec<NormalizerWrapper> = match own {
            Some(NormalizerWrapper::Sequence(sequence)) => sequence.into_iter().collect(),
            own => own.into_iter().collect(),
        };
        if !parts.iter().any(lowercases) {
            parts.insert(0, NormalizerWrapper::Lowercase(Lowercase));
            Arc::make_mut(&mut self.inner)
                .with_normalizer(Some(normalizers::Sequence::new(parts)))
                .map_err(|source| TokenizeError::Refused { path: self.source.clone(), source })?;
        }
        Ok(self)
    }

    /// Notes for the user, one line each: settings that change nothing, tokens that don't count, a vocabulary
    /// that doesn't fit the treatment of case.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Tokens in the vocabulary, added ones included.
    pub fn vocab_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// The id that stands for padding.
    pub fn pad_id(&self) -> u32 {
        self.pad_id
    }

    /// The id of the token that stands for unknown words; `None` if the vocabulary has none.
    pub fn unk_id(&self) -> Option<u32> {
        let ModelWrapper::WordPiece(model) = self.inner.get_model() else { return None };
        self.inner.token_to_id(&model.unk_token)
    }

    /// The id of the token that stands for a masked word; `None` if the vocabulary, or the model's embedding,
    /// has none.
    pub fn mask_id(&self) -> Option<u32> {
        let id = self.inner.token_to_id(self.named_token("mask_token")?)?;
        self.rows.is_none_or(|rows| (id as usize) < rows).then_some(id)
    }

    /// The token that ends a text, as a text spells it out.
    pub fn sep_token(&self) -> Option<&str> {
        self.named_token("sep_token")
    }

    fn named_token(&self, key: &str) -> Option<&str> {
        self.named.iter().find(|(named, _)| named == key).map(|(_, token)| token.as_str())
    }

    /// The ids of the special tokens, the one for unknown words among them, ascending.
    pub fn special_ids(&self) -> Vec<u32> {
        let added = self.inner.get_added_tokens_decoder().into_iter();
        let mut ids: Vec<u32> = added.filter(|(_, token)| token.special).map(|(id, _)| id).collect();
        ids.extend(self.unk_id());
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// The text of tokens, as `decode` of `transformers` makes it; special tokens are left out if
    /// `skip_special_tokens` is set, and so is an id that stands for no token.
    pub fn decode(&self, ids: &[u32], skip_special_tokens: bool) -> String {
        // The decoder of WordPiece has no case that fails.
        self.inner.decode(ids, skip_special_tokens).unwrap_or_default()
    }

    /// The token with this id.
    pub fn token(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// The special tokens that an encoding gets: 2 for a text, 3 for a pair.
    pub fn special_tokens_added(&self, is_pair: bool) -> usize {
        self.inner.get_post_processor().map_or(0, |processor| processor.added_tokens(is_pair))
    }

    /// The longest sequence that `tokenizer_config.json` allows, in tokens; `None` if it has no limit, or one
    /// beyond any model's.
    pub fn model_max_length(&self) -> Option<usize> {
        Settings::max_length(&self.config)
    }

    /// How the folder's files say that texts are cut: `tail` for a `truncation_side` of `left`, the start of
    /// a text.
    pub fn truncation(&self) -> Truncation {
        Settings::truncation(&self.config)
    }

    /// Checks that each id of this tokenizer has a row in a word embedding of `vocab_size` rows. An added
    /// token may lack a row if `config.json` was beside the vocabulary: a text that holds the token is then
    /// an error.
    ///
    /// # Errors
    /// An id has no row: tokenizer and model don't belong together.
    pub fn check_vocab(&self, vocab_size: usize) -> Result<(), TokenizeError> {
        let with_added = self.rows != Some(vocab_size);
        // A post-processor states ids of its own.
        let framed = self.inner.encode(("", ""), true).map(|pair| pair.get_ids().iter().max().copied());
        let in_vocab = self.inner.get_vocab(with_added).into_values().max();
        let largest_id = in_vocab.max(framed.unwrap_or_default()).unwrap_or(0);
        if (largest_id as usize) < vocab_size {
            Ok(())
        } else {
            Err(TokenizeError::Vocab { largest_id, vocab_size })
        }
    }

    /// The vocabulary's size, the treatment of case and the special tokens.
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
}

impl fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokenizer")
            .field("source", &self.source)
            .field("vocab_size", &self.vocab_size())
            .finish_non_exhaustive()
    }
}
