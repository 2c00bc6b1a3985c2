//! From texts to BERT's input: token ids, token types and an attention mask.
//!
//! [`Tokenizer`] reads a checkpoint's `tokenizer.json`, or builds the tokenizer from its `vocab.txt`. It cuts
//! texts and pairs to a length as `transformers` does, encodes batches on all cores, and writes its files
//! back. Padding is a matter of the batch: [`Padding`] says to which length, and the code that builds the
//! tensors pads. [`VocabularyTrainer`] trains the vocabulary of a new tokenizer on texts.
//!
//! Not here: other tokenizers than BERT's, cleaning of texts, tensors.
//!
//! ```
//! use embert_tokenize::{EncodeOptions, Tokenizer, Truncation};
//!
//! # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/tokenizer");
//! # let folder = std::path::Path::new(folder);
//! let tokenizer = Tokenizer::from_folder(folder)?;
//! let options = EncodeOptions { max_length: 16, truncation: Truncation::LongestFirst };
//! let encoding = tokenizer.encode("A short review", None, &options)?;
//! assert_eq!(encoding.ids.len(), encoding.attention_mask.len());
//! assert_eq!(tokenizer.token(encoding.ids[0]).as_deref(), Some("[CLS]"));
//! # Ok::<(), embert_tokenize::TokenizeError>(())
//! ```

mod cut;
mod encode;
mod encoding;
mod error;
mod input;
mod limits;
mod load;
mod padding;
mod pieces;
mod save;
mod sentences;
mod tokenizer;
mod truncation;
mod types;
mod vocabulary;
mod words;

pub use cut::windows::Windows;
pub use encoding::{EncodeOptions, Encoding, PackedSentence, TruncationCount};
pub use error::TokenizeError;
pub use input::{Input, Sequence};
pub use limits::MOST_WINDOWS;
pub use padding::Padding;
pub use pieces::join_pieces;
pub use sentences::{Sentence, sentences};
pub use tokenizer::{Tokenizer, TokenizerFacts};
pub use truncation::{Truncation, UnknownTruncation};
pub use vocabulary::{Vocabulary, VocabularyFacts, VocabularyOptions, VocabularyTrainer};
pub use words::words;

/// Compiles the README's example as a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
