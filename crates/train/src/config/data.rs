//! [`DataConfig`]: how files are read, and how texts become batches.

use embert_data::tokenize::{Padding, Truncation};
use embert_data::{Delimiter, Format, Header, Order, Quoting, ReadOptions, TextEncoding};
use embert_task::Scheme;
use serde::{Deserialize, Serialize};
use strum::VariantNames;

use super::as_text;
use super::skip::is_default;

/// The `[data]` table of a [`TrainConfig`](crate::TrainConfig).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a key of its own, set and swept by its name")]
pub struct DataConfig {
    /// Tokens in a sequence, the special ones included; longer texts are cut. From 3 (`[CLS]`, a token,
    /// `[SEP]`) to the model's `max_position_embeddings`, which in turn may be at most 65,536: attention's
    /// memory grows with the square of the length.
    pub max_length: usize,
    /// What is cut off: `longest_first` or `head` (keeps the start of a text), `tail` (its end),
    /// `head_tail:N` (its first N tokens and as many of the last as fit), or for pairs `only_first`,
    /// `only_second`. Question answering reads a question whole and its context in windows, and refuses others.
    #[serde(with = "as_text")]
    pub truncation: Truncation,
    /// Evaluate and predict longer texts whole, in windows that overlap by this many tokens: the prediction
    /// is the mean of the windows' probabilities, or each word's tag from the window in which the word has
    /// most context. Less than `max_length` without the special tokens, so that each window advances; a text
    /// has at most 4,096 windows, which take some hundred MiB. Training cuts longer texts, unless `train_stride`
    /// is set, but for token classification and question answering, which train on the windows too. Unset:
    /// `train_stride`; if that is unset too, longer texts are cut, but these two tasks read windows that overlap
    /// by a quarter and by a third of `max_length`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stride: Option<usize>,
    /// Train on longer texts in windows that overlap by this many tokens, a text's windows as one example: their
    /// probabilities or numbers are averaged before the loss. In range as `stride`. Unset: training cuts longer
    /// texts. Token classification and question answering refuse this key, since the windows there have targets
    /// of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_stride: Option<usize>,
    /// With `train_stride`, the most windows of a text that are trained on, from 2 to 4,096: spread evenly over
    /// the text, with its first and its last one. Unset: 16.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_windows: Option<usize>,
    /// With `train_stride`, the most tokens of a micro-batch, padding included, up to 2^30: the windows of a text
    /// stay in one micro-batch, and a text with more tokens is a micro-batch alone. Unset: `batch_size` times
    /// `max_length`, as many as a micro-batch of cut texts has at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_tokens: Option<usize>,
    /// Pad each batch to its longest member, or to `max_length`.
    pub padding: PaddingConfig,
    /// The order of the training examples.
    pub order: Order,
    /// Train on a stratified, seeded part of this many examples, at most 1,000,000,000: no memory holds more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_samples: Option<usize>,
    /// Evaluate on a stratified, seeded part of this many examples, at most 1,000,000,000 likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eval_samples: Option<usize>,
    /// Cut train/validation/test from the training split in these shares.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_ratios: Option<[f64; 3]>,
    /// The seed of the splits and of the samples that are taken from them, below 2^63. Unset: `seed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_seed: Option<u64>,
    /// Count rows that can't be read, or have no label, instead of stopping at the first.
    pub skip_bad_rows: bool,
    /// The scheme of the tags of token classification, in place of the card's and of what the tags tell:
    /// `iob1`, `iob2`, `iobes` or `bilou`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<Scheme>,
    /// In token classification, train on all tokens of a word, not on the first alone.
    #[serde(skip_serializing_if = "is_default")]
    pub label_all_tokens: bool,
    /// In token classification, widen a span of characters that begins or ends within a token to the whole
    /// token; otherwise such a span is an error.
    #[serde(skip_serializing_if = "is_default")]
    pub widen_spans: bool,
    /// Masked words: mask all tokens of a word together (those with `##` belong to the word of the token before
    /// them), not token by token. Other tasks refuse `true`.
    #[serde(skip_serializing_if = "is_default")]
    pub whole_word_mask: bool,
    /// Masked words: each text is an example of its own, not a part of a block of `max_length` tokens that texts
    /// fill. Other tasks refuse `true`.
    #[serde(skip_serializing_if = "is_default")]
    pub line_by_line: bool,
    /// The files' format, in place of the one that their names tell: `parquet`, `csv`, `tsv`, `jsonl`,
    /// `json`, `conll` or `lines`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// What separates the fields of CSV: one character, or `tab`. Unset: a comma in `.csv`, a tab in `.tsv`,
    /// or the character that certainly separates the heading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<Delimiter>,
    /// `csv` if quotes enclose fields of CSV, `none` if quotes are text. Unset: `csv`, but a quoted field
    /// with a tab or a line end is an error in a tab-separated file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quoting: Option<Quoting>,
    /// The encoding of text files: `windows-1252`, `utf-16le`, ... Unset: UTF-8, or what a byte order mark
    /// says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<TextEncoding>,
    /// Whether CSV has a heading, or the names of the columns if it has none. Unset: CSV has a heading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<Header>,
}

/// The most windows of a text that are trained on, where `max_windows` is unset: 4,096 tokens in windows of 256
/// that share none.
const MAX_WINDOWS: usize = 16;

/// The length to which a batch is padded. Together with `max_length`, this setting becomes a [`Padding`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PaddingConfig {
    /// To the longest text of the batch.
    #[default]
    Longest,
    /// To `max_length`.
    MaxLength,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            max_length: 256,
            truncation: Truncation::LongestFirst,
            stride: None,
            train_stride: None,
            max_windows: None,
            batch_tokens: None,
            padding: PaddingConfig::Longest,
            order: Order::GroupedByLength,
            train_samples: None,
            eval_samples: None,
            split_ratios: None,
            split_seed: None,
            skip_bad_rows: false,
            scheme: None,
            label_all_tokens: false,
            widen_spans: false,
            whole_word_mask: false,
            line_by_line: false,
            format: None,
            delimiter: None,
            quoting: None,
            encoding: None,
            header: None,
        }
    }
}

impl DataConfig {
    /// The tokens that two windows share in evaluation and prediction: `stride`, else `train_stride`, so that an
    /// evaluation reads texts as training does; `None` where neither is set.
    pub fn evaluated_stride(&self) -> Option<usize> {
        self.stride.or(self.train_stride)
    }

    /// The most windows of a text that are trained on, where `train_stride` is set.
    pub fn most_windows(&self) -> usize {
        self.max_windows.unwrap_or(MAX_WINDOWS)
    }

    /// How files are read; an option whose key is unset is `None`.
    pub fn reading(&self) -> ReadOptions {
        ReadOptions {
            format: self.format,
            delimiter: self.delimiter,
            quoting: self.quoting,
            encoding: self.encoding,
            header: self.header.clone(),
        }
    }

    /// Sets the keys that say how files are read.
    pub fn set_reading(&mut self, options: ReadOptions) {
        let ReadOptions { format, delimiter, quoting, encoding, header } = options;
        (self.format, self.delimiter, self.quoting) = (format, delimiter, quoting);
        (self.encoding, self.header) = (encoding, header);
    }

    /// To which length batches are padded.
    pub fn batch_padding(&self) -> Padding {
        match self.padding {
            PaddingConfig::Longest => Padding::Longest,
            PaddingConfig::MaxLength => Padding::MaxLength(self.max_length),
        }
    }
}
