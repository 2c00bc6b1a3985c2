//! [`VocabularyTrainer`]: a WordPiece vocabulary from texts.

mod alphabet;
mod coverage;
mod merges;
mod options;
mod words;

use std::path::Path;

use serde::Serialize;

use self::alphabet::Alphabet;
use self::coverage::Coverage;
pub use self::options::VocabularyOptions;
use self::words::WordCounts;
use crate::error::TokenizeError;
use crate::load::build;
use crate::tokenizer::Tokenizer;

/// The special tokens of a new vocabulary, in the order of their ids, from 0: BERT's names for them.
const SPECIAL: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/// Counts the words of texts and trains a WordPiece vocabulary on them.
///
/// Texts are added a part at a time, and each distinct word is held in memory once, so the texts may be larger
/// than the memory. They are split into words as the tokenizer of the vocabulary splits them: a special token
/// that is written in a text is no word.
///
/// The vocabulary begins with `[PAD]`, `[UNK]`, `[CLS]`, `[SEP]` and `[MASK]`, with the ids 0 to 4. The
/// characters follow, each as it begins a word and, with `##`, as it goes on, then the pieces that the
/// `tokenizers` library learns of them by byte-pair encoding, as its own trainer of WordPiece does. The same
/// texts, in any order, give the same vocabulary, with any number of threads.
///
/// ```
/// use embert_tokenize::{VocabularyOptions, VocabularyTrainer};
///
/// let options = VocabularyOptions { vocab_size: 60, ..VocabularyOptions::default() };
/// let mut trainer = VocabularyTrainer::new(options)?;
/// trainer.add(&["The film was good, the actors were good too.", "A good film."])?;
/// let vocabulary = trainer.train()?;
/// assert_eq!(vocabulary.tokenizer.token(4).as_deref(), Some("[MASK]"));
/// assert_eq!(vocabulary.facts.words, 15);
/// # Ok::<(), embert_tokenize::TokenizeError>(())
/// ```
#[derive(Debug)]
pub struct VocabularyTrainer {
    options: VocabularyOptions,
    /// A tokenizer of the special tokens alone, which splits texts into words.
    splitter: Tokenizer,
    counts: WordCounts,
}

/// A vocabulary from [`VocabularyTrainer::train`].
#[derive(Clone, Debug)]
pub struct Vocabulary {
    /// The tokenizer of the vocabulary; [`Tokenizer::save`] writes its files.
    pub tokenizer: Tokenizer,
    /// The texts that the vocabulary was trained on, and how it covers them.
    pub facts: VocabularyFacts,
}

/// The texts that a vocabulary was trained on, and how it covers their words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VocabularyFacts {
    /// Texts.
    pub texts: u64,
    /// Texts in which a special token is written, such as `[MASK]`. A tokenizer reads it as the token, so it
    /// counts as no word.
    pub texts_with_special_tokens: u64,
    /// Words of the texts, each time that they occur.
    pub words: u64,
    /// Words of more than 100 characters, which a tokenizer never splits: `[UNK]`.
    pub long_words: u64,
    /// Different words, without the long ones.
    pub distinct_words: usize,
    /// Different characters of the words.
    pub characters: usize,
    /// The rarest of the characters, which the limit of the alphabet has left out: a word with one of them is
    /// `[UNK]`.
    pub left_out_characters: usize,
    /// Tokens of the vocabulary. Fewer than the options ask for where the texts have no more pieces that occur
    /// often enough.
    pub vocab_size: usize,
    /// The share of the words that are one token of the vocabulary, in `0..=1`.
    pub whole_words: f64,
    /// The mean number of pieces of the words that are not `[UNK]`.
    pub pieces_per_word: f64,
    /// The share of the words that are `[UNK]`, in `0..=1`.
    pub unknown: f64,
}

impl VocabularyTrainer {
    /// A trainer without texts.
    ///
    /// # Errors
    /// An option is out of its range.
    pub fn new(options: VocabularyOptions) -> Result<Self, TokenizeError> {
        options.check()?;
        let splitter = tokenizer(&SPECIAL.map(str::to_owned), &options)?;
        Ok(Self { options, splitter, counts: WordCounts::default() })
    }

    /// Counts the words of some texts, on all cores.
    ///
    /// # Errors
    /// The tokenizer library fails on a text.
    pub fn add<T: AsRef<str> + Sync>(&mut self, texts: &[T]) -> Result<(), TokenizeError> {
        self.counts.add(&self.splitter.inner, texts)
    }

    /// Trains the vocabulary.
    ///
    /// # Errors
    /// The texts have no word, more of one pair of characters than the library can count, or more characters
    /// than the vocabulary has room for.
    pub fn train(self) -> Result<Vocabulary, TokenizeError> {
        let Self { options, counts, .. } = self;
        if counts.words == 0 {
            return Err(TokenizeError::NoWords { texts: counts.texts });
        }
        counts.check()?;
        let alphabet = Alphabet::of(&counts.distinct, options.limit_alphabet);
        let first: Vec<String> =
            SPECIAL.iter().map(|&token| token.to_owned()).chain(alphabet.tokens()).collect();
        if first.len() > options.vocab_size {
            return Err(TokenizeError::SmallVocabulary {
                vocab_size: options.vocab_size,
                characters: alphabet.len(),
                needed: first.len(),
            });
        }
        let words = counts.distinct.iter().filter(|(word, _)| alphabet.has_all_of(word));
        let tokens = merges::learn(words.map(|(word, count)| (word.as_str(), *count)), first, &options)?;
        let tokenizer = tokenizer(&tokens, &options)?;
        let Coverage { whole, known, pieces } = Coverage::of(&tokenizer.inner, &counts.distinct)?;
        let words = counts.words as f64;
        let facts = VocabularyFacts {
            texts: counts.texts,
            texts_with_special_tokens: counts.texts_with_special_tokens,
            words: counts.words,
            long_words: counts.long_words,
            distinct_words: counts.distinct.len(),
            characters: alphabet.len() + alphabet.left_out(),
            left_out_characters: alphabet.left_out(),
            vocab_size: tokens.len(),
            whole_words: whole as f64 / words,
            pieces_per_word: if known == 0 { 0.0 } else { pieces as f64 / known as f64 },
            unknown: (counts.words - known) as f64 / words,
        };
        Ok(Vocabulary { tokenizer, facts })
    }
}

/// The tokenizer of a vocabulary whose tokens have their places as ids.
fn tokenizer(tokens: &[String], options: &VocabularyOptions) -> Result<Tokenizer, TokenizeError> {
    let built = build::from_tokens(tokens, options.lowercase)?;
    Ok(Tokenizer::new(built, Path::new(build::UNWRITTEN)))
}
