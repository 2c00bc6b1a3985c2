//! [`TokenizeError`].

use std::path::PathBuf;

use crate::Truncation;

/// Why a tokenizer can't be loaded or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenizeError {
    /// A file can't be read or written.
    #[error("can't {action} {}", path.display())]
    Io {
        /// What was tried, as in "read".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// Neither a `tokenizer.json` nor a `vocab.txt`.
    #[error("{} has neither a tokenizer.json nor a vocab.txt", path.display())]
    NotFound {
        /// The folder.
        path: PathBuf,
    },
    /// A file that isn't JSON, or doesn't describe a tokenizer.
    #[error("{} does not describe a tokenizer", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// The cause, with line and column.
        source: serde_json::Error,
    },
    /// The tokenizer library refuses a file.
    #[error("{} is not a tokenizer that can be used", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A tokenizer of another family.
    #[error("{} holds a {found} tokenizer, expected WordPiece, which is what BERT has", path.display())]
    NotWordPiece {
        /// The file.
        path: PathBuf,
        /// The family.
        found: &'static str,
    },
    /// A vocabulary without a token that BERT can't be without.
    #[error("{} has no {token} among its {size} tokens", path.display())]
    MissingToken {
        /// The file.
        path: PathBuf,
        /// The token.
        token: String,
        /// Tokens in the vocabulary.
        size: usize,
    },
    /// More tokens than the model has embeddings for.
    #[error(
        "the tokenizer has token ids up to {largest_id}, but the model has embeddings for {vocab_size} tokens: they do not belong together"
    )]
    Vocab {
        /// The largest id that the tokenizer gives out.
        largest_id: u32,
        /// Rows of the model's word embedding.
        vocab_size: usize,
    },
    /// No room for a text beside the special tokens.
    #[error("max_length {max_length} leaves no room beside {special} special tokens; expected at least {}", special + 1)]
    MaxLength {
        /// What was asked for.
        max_length: usize,
        /// Special tokens that are added.
        special: usize,
    },
    /// The name of no truncation.
    #[error(
        "\"{found}\" is no truncation: expected longest_first, head, tail, head_tail:N (as in head_tail:128), only_first or only_second"
    )]
    UnknownTruncation {
        /// What was asked for.
        found: String,
    },
    /// More of the first tokens than there is room for.
    #[error(
        "truncation = \"head_tail:{head}\" leaves no room for the end of a text: of max_length {max_length}, {special} are special tokens; expected head_tail:N with N below {}, or a larger max_length",
        max_length.saturating_sub(*special)
    )]
    HeadTail {
        /// First tokens that should stay.
        head: usize,
        /// The longest that a text may be.
        max_length: usize,
        /// Special tokens that are added to a text.
        special: usize,
    },
    /// Windows that would not get on.
    #[error(
        "windows can't overlap by stride = {stride} tokens: of max_length {max_length}, the text that they run over has {room}; take a smaller stride or a larger max_length"
    )]
    Stride {
        /// Tokens that neighbours should share.
        stride: usize,
        /// Tokens in a window, the special ones and the other text included.
        max_length: usize,
        /// Tokens of the text in a window.
        room: usize,
    },
    /// The text that may be cut is too short to make the pair fit.
    #[error(
        "the pair can't be cut to {max_length} tokens with truncation = \"{truncation}\": the other text alone is too long; use longest_first"
    )]
    Truncation {
        /// The longest that it may be.
        max_length: usize,
        /// Which text may be cut.
        truncation: Truncation,
    },
    /// Only the second text may be cut, and there is none.
    #[error(
        "the text can't be cut to {max_length} tokens with truncation = \"only_second\": it is not a pair; use longest_first"
    )]
    NoPair {
        /// The longest that it may be.
        max_length: usize,
    },
    /// The tokenizer library fails on a text.
    #[error("a text of {bytes} bytes can't be tokenized")]
    Encode {
        /// The text's length.
        bytes: usize,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
