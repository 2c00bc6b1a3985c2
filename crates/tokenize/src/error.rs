//! [`TokenizeError`].

use std::path::PathBuf;

use embert_files::FileError;

use crate::limits::MOST_WINDOWS;
use crate::truncation::Truncation;

/// Why a tokenizer can't be loaded or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenizeError {
    /// A file can't be read or written.
    #[error("can't {action} {}", path.display())]
    Io {
        /// The operation that failed, as in "read".
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
    /// A tokenizer whose model is not WordPiece.
    #[error("{} holds a {found} tokenizer, expected WordPiece, which is what BERT has", path.display())]
    NotWordPiece {
        /// The file.
        path: PathBuf,
        /// The model's type, as in "BPE".
        found: &'static str,
    },
    /// A `tokenizer.json` that puts no special tokens around a text: BERT's classifier reads the first of
    /// them, `[CLS]`.
    #[error(
        "{} has no post_processor, so a text would get no special tokens; write \"tokenizer_class\": \"BertTokenizer\" into tokenizer_config.json for those of BERT",
        path.display()
    )]
    NoPostProcessor {
        /// The file.
        path: PathBuf,
    },
    /// A `tokenizer_class` that is not BERT's, or that needs a `tokenizer.json` where there is none.
    #[error("{} says tokenizer_class = {found:?}, {problem}", path.display())]
    Class {
        /// The file.
        path: PathBuf,
        /// The value of `tokenizer_class`.
        found: String,
        /// Why the class can't be used, and what to write instead.
        problem: &'static str,
    },
    /// A model whose tokenizer is not BERT's.
    #[error(
        "{} says model_type = {found:?}, whose tokenizer is not BERT's; if it is, write \"tokenizer_class\": \"BertTokenizer\" into tokenizer_config.json",
        path.display()
    )]
    ModelType {
        /// The file.
        path: PathBuf,
        /// The value of `model_type`.
        found: String,
    },
    /// A key whose value has no meaning.
    #[error("{} says {key} = {found}; expected {expected}", path.display())]
    Setting {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// The key's value, as JSON.
        found: String,
        /// The values that the key may have.
        expected: &'static str,
    },
    /// A key that is not supported.
    #[error("{} has {key}, which {why}; take it out if the folder's other files say all of the tokenizer", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// Why the key is not supported.
        why: &'static str,
    },
    /// The vocabulary of another family of tokenizers, which `transformers` would read before `vocab.txt`.
    #[error(
        "{} is a vocabulary of another family than BERT's, and without a tokenizer.json transformers reads it before vocab.txt; move it elsewhere, or put the tokenizer.json there",
        path.display()
    )]
    ForeignVocabulary {
        /// The file.
        path: PathBuf,
    },
    /// A file that is not UTF-8.
    #[error("{} is not UTF-8 in line {line}; save it as UTF-8", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The first line that is not UTF-8, from 1.
        line: usize,
    },
    /// A vocabulary that begins with a byte-order mark, which would become part of the first token.
    #[error("{} begins with a byte-order mark, which transformers takes for part of the first token; save it without one", path.display())]
    ByteOrderMark {
        /// The file.
        path: PathBuf,
    },
    /// A vocabulary with fewer tokens than the model was trained with.
    #[error(
        "{} has {found} tokens, but the model was trained with {vocab_size} (vocab_size in config.json): the file is not complete; if it is, and the other rows were never used, fill it up with lines [unused1], [unused2] and so on",
        path.display()
    )]
    ShortVocabulary {
        /// The file.
        path: PathBuf,
        /// Tokens of the tokenizer, the added ones included.
        found: usize,
        /// Rows of the model's word embedding.
        vocab_size: usize,
    },
    /// An added token that gets another id than its file states.
    #[error(
        "the added token {token:?} should have the id {stated}, but with the vocabulary of {} it gets {id}: these files do not belong together",
        path.display()
    )]
    AddedId {
        /// The vocabulary's file.
        path: PathBuf,
        /// The token.
        token: String,
        /// The id that the file states.
        stated: u32,
        /// The id that the token gets.
        id: u32,
    },
    /// Two tokens with one id: in the file, or because its ids have gaps and an added token gets the id of
    /// another token.
    #[error(
        "the tokens {token:?} and {other:?} would share the id {id} in {}; give each an id of its own (an added token gets as its id the number of different lines in the vocabulary, so no line may occur twice)",
        path.display()
    )]
    SharedId {
        /// The vocabulary's file.
        path: PathBuf,
        /// One of the two tokens.
        token: String,
        /// The id of both tokens.
        id: u32,
        /// The other token.
        other: String,
    },
    /// A text with an added token that the model has no embedding for.
    #[error(
        "a text holds the added token {token:?} with the id {id}, but the model has embeddings for {vocab_size} tokens; take the token out of the text or of the tokenizer's files"
    )]
    NoEmbedding {
        /// The token.
        token: String,
        /// The token's id.
        id: u32,
        /// Rows of the model's word embedding.
        vocab_size: usize,
    },
    /// A vocabulary without a special token that BERT needs.
    #[error("{} has no {token} among its {size} tokens; name the token that stands for it as {key} in tokenizer_config.json", path.display())]
    MissingToken {
        /// The file.
        path: PathBuf,
        /// The key of `tokenizer_config.json` that may name another token in its place.
        key: &'static str,
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
        /// The largest number of tokens, the special ones included.
        max_length: usize,
        /// Special tokens that are added.
        special: usize,
    },
    /// Sentences as a text of a pair.
    #[error("sentences are no part of a pair: expected a text or words beside the other text")]
    SentencesInPair,
    /// A `head_tail:N` whose `N` leaves no room for the end of a text.
    #[error(
        "truncation = \"head_tail:{head}\" leaves no room for the end of a text: of max_length {max_length}, {special} are special tokens; expected head_tail:N with N below {}, or a larger max_length",
        max_length.saturating_sub(*special)
    )]
    HeadTail {
        /// `N`, the number of first tokens to keep.
        head: usize,
        /// The largest number of tokens, the special ones included.
        max_length: usize,
        /// Special tokens that are added to a text.
        special: usize,
    },
    /// A stride that leaves a window no new tokens.
    #[error(
        "windows can't overlap by stride = {stride} tokens: of max_length {max_length}, the text that they run over has {room}; take a smaller stride or a larger max_length"
    )]
    Stride {
        /// Tokens that neighbouring windows should share.
        stride: usize,
        /// Tokens in a window, the special ones and the other text included.
        max_length: usize,
        /// Tokens of the text in a window.
        room: usize,
    },
    /// More windows of a text than are held in memory at once.
    #[error(
        "a text of {tokens} tokens has {windows} windows that overlap by stride = {stride} tokens, more than the {most} that are held in memory: take a smaller stride, split the text, or cut it (stride none)",
        most = MOST_WINDOWS
    )]
    Windows {
        /// Tokens of the text or pair, the special ones included.
        tokens: usize,
        /// The number of windows.
        windows: usize,
        /// Tokens that neighbouring windows share.
        stride: usize,
    },
    /// The text that may be cut is too short to make the pair fit.
    #[error(
        "the pair can't be cut to {max_length} tokens with truncation = \"{truncation}\": its other text has {tokens} tokens and {special} are special, which leaves no token of the text that may be cut; take a larger max_length, a shorter text, or longest_first"
    )]
    Truncation {
        /// The largest number of tokens.
        max_length: usize,
        /// Which text may be cut.
        truncation: Truncation,
        /// Tokens of the other text, which may not be cut.
        tokens: usize,
        /// Special tokens that are added.
        special: usize,
    },
    /// Only the second text may be cut, and there is none.
    #[error(
        "the text can't be cut to {max_length} tokens with truncation = \"only_second\": it is not a pair; use longest_first"
    )]
    NoPair {
        /// The largest number of tokens.
        max_length: usize,
    },
    /// An option of training a vocabulary that is out of its range.
    #[error("{key} is {found}: expected {expected}")]
    VocabularyOption {
        /// The option.
        key: &'static str,
        /// Its value.
        found: String,
        /// The values that it may have.
        expected: &'static str,
    },
    /// Texts without a word, of which no vocabulary can be trained.
    #[error("{texts} text(s) without a single word: there is nothing to train a vocabulary on")]
    NoWords {
        /// The number of texts.
        texts: u64,
    },
    /// Texts that are too long for the library, which counts pairs of characters in 32 bits.
    #[error(
        "the characters {pair:?} follow each other {count} times in the texts, more than the {most} that can be counted: train the vocabulary on a sample of the texts"
    )]
    TooMuchText {
        /// The most frequent pair of characters.
        pair: String,
        /// How often it occurs.
        count: u64,
        /// How often it may occur.
        most: u64,
    },
    /// A vocabulary that is too small for the characters of the texts.
    #[error(
        "vocab_size is {vocab_size}, but the special tokens and the {characters} characters of the texts, which stand at the start of words and within them, take {needed} tokens: expected at least {needed}, and more for pieces of words; or a limit_alphabet below {characters}"
    )]
    SmallVocabulary {
        /// The most tokens that were asked for.
        vocab_size: usize,
        /// Different characters, without those that are left out.
        characters: usize,
        /// The special tokens and the tokens of the characters.
        needed: usize,
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

impl From<FileError> for TokenizeError {
    fn from(FileError { action, path, source }: FileError) -> Self {
        Self::Io { action, path, source }
    }
}
