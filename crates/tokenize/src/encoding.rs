//! [`Encoding`], how texts are cut to a length, and how batches are padded to one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::TokenizeError;

/// A text, or a pair of texts, as BERT reads it: `[CLS] text [SEP]`, or `[CLS] text [SEP] text_pair [SEP]`. The four
/// vectors have one entry a token and no padding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encoding {
    /// Token ids.
    pub ids: Vec<u32>,
    /// 0 in the first text, 1 in the second.
    pub type_ids: Vec<u32>,
    /// 1 at every token: padding is added to batches.
    pub attention_mask: Vec<u32>,
    /// Bytes of the text that each token stands for, from and to; (0, 0) for special tokens.
    pub offsets: Vec<(usize, usize)>,
    /// The tokens that there would be if nothing were cut off, the special ones included.
    pub uncut: usize,
}

impl Encoding {
    /// Tokens, the special ones included.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no token at all.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Whether something was cut off.
    pub fn truncated(&self) -> bool {
        self.uncut > self.len()
    }
}

/// How a text becomes an [`Encoding`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeOptions {
    /// The most tokens, the special ones included.
    pub max_length: usize,
    /// What is cut off where there are more.
    pub truncation: Truncation,
}

/// Which tokens go where a text, or a pair together, is too long: with the first four the longer text of a pair loses tokens
/// until both are of a length, then both do.
///
/// Written as `longest_first`, `head`, `tail`, `head_tail:N`, `only_first` or `only_second`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Truncation {
    /// The last ones, as in `transformers`.
    #[default]
    LongestFirst,
    /// The last ones: another name for [`LongestFirst`](Self::LongestFirst), by what stays.
    Head,
    /// The first ones, as in `transformers` with `truncation_side="left"`.
    Tail,
    /// Those in the middle: the first `N` stay, special tokens not counted, and as many of the last as there is room for (Sun
    /// et al. 2019, "How to Fine-Tune BERT for Text Classification?", with `N` = 128 of 510).
    ///
    /// Of a pair, each text that is too long is cut so, its first tokens being `N` in the proportion of its room to the whole.
    HeadTail(usize),
    /// The last ones of the first text, as in `transformers`.
    OnlyFirst,
    /// The last ones of the second text, as in `transformers`. A single text can't be cut.
    OnlySecond,
}

impl fmt::Display for Truncation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LongestFirst => f.write_str("longest_first"),
            Self::Head => f.write_str("head"),
            Self::Tail => f.write_str("tail"),
            Self::HeadTail(head) => write!(f, "head_tail:{head}"),
            Self::OnlyFirst => f.write_str("only_first"),
            Self::OnlySecond => f.write_str("only_second"),
        }
    }
}

impl FromStr for Truncation {
    type Err = TokenizeError;

    fn from_str(text: &str) -> Result<Self, TokenizeError> {
        let unknown = || TokenizeError::UnknownTruncation { found: text.to_owned() };
        if let Some(head) = text.strip_prefix("head_tail:") {
            // With none at the front it would be `tail`.
            return head.parse().ok().filter(|head| *head > 0).map(Self::HeadTail).ok_or_else(unknown);
        }
        [Self::LongestFirst, Self::Head, Self::Tail, Self::OnlyFirst, Self::OnlySecond]
            .into_iter()
            .find(|truncation| truncation.to_string() == text)
            .ok_or_else(unknown)
    }
}

impl Serialize for Truncation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Truncation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// To which length the texts of a batch are padded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Padding {
    /// To the longest of the batch.
    #[default]
    Longest,
    /// To the next multiple of this number (at least 1) from the longest on.
    MultipleOf(usize),
    /// To this length, or to the longest if that is more.
    MaxLength(usize),
}

impl Padding {
    /// The length of a batch whose longest text has `longest` tokens.
    pub fn length(self, longest: usize) -> usize {
        match self {
            Self::Longest => longest,
            Self::MultipleOf(step) => longest.next_multiple_of(step.max(1)),
            Self::MaxLength(length) => length.max(longest),
        }
    }
}

/// How many texts were cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TruncationCount {
    /// Texts that lost tokens.
    pub truncated: usize,
    /// Texts in all.
    pub total: usize,
}

impl TruncationCount {
    /// Counts the encodings of a batch.
    pub fn of(encodings: &[Encoding]) -> Self {
        Self {
            truncated: encodings.iter().filter(|encoding| encoding.truncated()).count(),
            total: encodings.len(),
        }
    }

    /// The share that was cut, in [0, 1]; 0 where there is none.
    pub fn share(self) -> f64 {
        if self.total == 0 { 0.0 } else { self.truncated as f64 / self.total as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_never_cuts() {
        assert_eq!(Padding::Longest.length(7), 7);
        assert_eq!([Padding::MultipleOf(8).length(7), Padding::MultipleOf(8).length(8)], [8, 8]);
        assert_eq!([Padding::MaxLength(16).length(7), Padding::MaxLength(4).length(7)], [16, 7]);
    }

    #[test]
    fn a_truncation_reads_back_as_it_is_written_and_others_are_refused() {
        for text in ["longest_first", "head", "tail", "head_tail:128", "only_first", "only_second"] {
            assert_eq!(text.parse::<Truncation>().unwrap().to_string(), text);
        }
        for text in ["", "middle", "head_tail", "head_tail:", "head_tail:0", "head_tail:-1", "tail:3", "Head"]
        {
            let error = text.parse::<Truncation>().unwrap_err().to_string();
            assert!(error.contains(&format!("\"{text}\"")) && error.contains("head_tail:N"), "{error}");
        }
    }

    #[test]
    fn the_share_of_nothing_is_zero() {
        let share = |truncated, total| TruncationCount { truncated, total }.share();
        assert_eq!(
            [share(0, 0), share(1, 4), share(3, 3)].map(f64::to_bits),
            [0.0, 0.25, 1.0].map(f64::to_bits)
        );
    }
}
