//! [`Windows`]: a text that is too long, in windows that overlap.

use rayon::prelude::*;
use tokenizers::utils::truncation::TruncationDirection;

use super::sentences::Packed;
use super::sequence::{Part, SequenceTokens, Size, Tokens, Untruncated};
use super::truncation::direction;
use crate::encoding::{EncodeOptions, Encoding};
use crate::error::TokenizeError;
use crate::input::{Input, Sequence};
use crate::limits::MOST_WINDOWS;
use crate::tokenizer::Tokenizer;

/// The windows of a text or a pair one at a time, from [`Tokenizer::window_iter`]. The iterator holds 28
/// bytes for each token of the text, however many windows there are.
#[derive(Clone, Debug)]
pub struct Windows<'a> {
    tokenizer: &'a Tokenizer,
    of: Of,
    next: usize,
}

/// What windows are of.
#[derive(Clone, Debug)]
enum Of {
    Texts { first: Slices, second: Option<Slices>, size: Size },
    Sentences(Packed),
}

impl Tokenizer {
    /// Encodes a text, or a pair of texts, without cutting it: in as many windows of `max_length` tokens as
    /// are needed; the last may be shorter. Neighbours share `stride` tokens. `transformers` gives the same
    /// windows with `return_overflowing_tokens=True`.
    ///
    /// Windows cover the text that [`Truncation`](crate::Truncation) would cut: from the start or, with
    /// [`Truncation::Tail`](crate::Truncation::Tail), from the end backwards. Of a pair whose texts are both
    /// too long, windows cover both: each window of the first text is paired with each window of the second.
    ///
    /// # Errors
    /// As [`encode`](Self::encode); a window would have no more than `stride` of a text's tokens
    /// (`transformers` panics there or, where no token of a text fits, has windows longer than `max_length`);
    /// or there are more than [`MOST_WINDOWS`] windows. [`window_iter`](Self::window_iter) has no such limit,
    /// as it never holds all windows.
    pub fn windows(
        &self,
        text: &str,
        text_pair: Option<&str>,
        options: &EncodeOptions,
        stride: usize,
    ) -> Result<Vec<Encoding>, TokenizeError> {
        self.input_windows(&(text, text_pair).into(), options, stride)
    }

    /// The [`windows`](Self::windows) of a text or a pair, or of words in place of texts.
    ///
    /// # Errors
    /// As [`windows`](Self::windows).
    pub fn input_windows(
        &self,
        input: &Input<'_>,
        options: &EncodeOptions,
        stride: usize,
    ) -> Result<Vec<Encoding>, TokenizeError> {
        if let Sequence::Sentences(sentences) = input.alone()? {
            let packed = Packed::new(self, sentences, options, Some(stride))?;
            let (windows, tokens) = (packed.count(), packed.size().tokens);
            if windows > MOST_WINDOWS {
                return Err(TokenizeError::Windows { tokens, windows, stride });
            }
            return (0..windows).map(|index| packed.window(self, index)).collect();
        }
        let Untruncated { first, second, size } = self.untruncated(input, options)?;
        let room = options.max_length - self.special_tokens_added(second.is_some());
        if stride >= room {
            return Err(TokenizeError::Stride { stride, max_length: options.max_length, room });
        }
        let seconds = second.as_ref().map_or(1, |second| second.window_count(stride));
        let windows = first.window_count(stride).saturating_mul(seconds);
        if windows > MOST_WINDOWS {
            return Err(TokenizeError::Windows { tokens: size.tokens, windows, stride });
        }
        self.iterator(Untruncated { first, second, size }, options, stride)?.collect()
    }

    /// The [`windows`](Self::windows) of many texts or pairs, or of words in place of texts, on all cores, in
    /// their order. Without a stride each text has one window, cut as [`encode`](Self::encode) cuts it.
    ///
    /// # Errors
    /// As [`windows`](Self::windows); the first error in the order of the inputs.
    pub fn windows_batch<'a, I: Into<Input<'a>> + Copy + Sync>(
        &self,
        inputs: &[I],
        options: &EncodeOptions,
        stride: Option<usize>,
    ) -> Result<Vec<Vec<Encoding>>, TokenizeError> {
        let windows = |&input: &I| match stride {
            Some(stride) => self.input_windows(&input.into(), options, stride),
            None => Ok(vec![self.encode_input(&input.into(), options)?]),
        };
        inputs.par_iter().map(windows).collect()
    }

    /// The [`windows`](Self::windows) one at a time, for long texts: with a large stride they may have as
    /// many windows as tokens.
    ///
    /// # Errors
    /// As [`windows`](Self::windows).
    pub fn window_iter(
        &self,
        text: &str,
        text_pair: Option<&str>,
        options: &EncodeOptions,
        stride: usize,
    ) -> Result<Windows<'_>, TokenizeError> {
        self.input_window_iter(&(text, text_pair).into(), options, stride)
    }

    /// The [`window_iter`](Self::window_iter) of a text or a pair, or of words in place of texts.
    ///
    /// # Errors
    /// As [`windows`](Self::windows).
    pub fn input_window_iter(
        &self,
        input: &Input<'_>,
        options: &EncodeOptions,
        stride: usize,
    ) -> Result<Windows<'_>, TokenizeError> {
        if let Sequence::Sentences(sentences) = input.alone()? {
            let packed = Packed::new(self, sentences, options, Some(stride))?;
            return Ok(Windows { tokenizer: self, of: Of::Sentences(packed), next: 0 });
        }
        self.iterator(self.untruncated(input, options)?, options, stride)
    }

    fn iterator(
        &self,
        input: Untruncated,
        options: &EncodeOptions,
        stride: usize,
    ) -> Result<Windows<'_>, TokenizeError> {
        let Untruncated { first, second, size } = input;
        let room = options.max_length - self.special_tokens_added(second.is_some());
        if stride >= room {
            return Err(TokenizeError::Stride { stride, max_length: options.max_length, room });
        }
        let slices = |sequence| Slices::new(sequence, options, stride);
        let (first, second) = (slices(first)?, second.map(slices).transpose()?);
        Ok(Windows { tokenizer: self, of: Of::Texts { first, second, size }, next: 0 })
    }
}

impl Iterator for Windows<'_> {
    type Item = Result<Encoding, TokenizeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next == self.of.count() {
            return None;
        }
        let index = self.next;
        self.next += 1;
        Some(match &self.of {
            Of::Texts { first, second, size } => {
                let seconds = second.as_ref().map_or(1, |slices| slices.count);
                let second = second.as_ref().map(|slices| slices.get(index % seconds));
                self.tokenizer.with_special_tokens(first.get(index / seconds), second, *size)
            }
            Of::Sentences(packed) => packed.window(self.tokenizer, index),
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.of.count() - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Windows<'_> {}

impl Of {
    /// The number of windows.
    fn count(&self) -> usize {
        match self {
            Self::Texts { first, second, .. } => {
                first.count.saturating_mul(second.as_ref().map_or(1, |slices| slices.count))
            }
            Self::Sentences(packed) => packed.count(),
        }
    }
}

/// The windows over one text, special tokens not included.
#[derive(Clone, Debug)]
struct Slices {
    tokens: Tokens,
    /// Tokens in a window.
    room: usize,
    /// Tokens from the start of a window to the start of the next one.
    step: usize,
    from: TruncationDirection,
    count: usize,
}

impl Slices {
    /// The windows over `sequence`, neighbours with `stride` tokens in common.
    ///
    /// # Errors
    /// A window has no more than `stride` tokens.
    fn new(sequence: SequenceTokens, options: &EncodeOptions, stride: usize) -> Result<Self, TokenizeError> {
        let count = sequence.window_count(stride);
        let SequenceTokens { tokens, share: room, .. } = sequence;
        // A text that fits has one window, whatever the stride.
        if room < tokens.len() && stride >= room {
            return Err(TokenizeError::Stride { stride, max_length: options.max_length, room });
        }
        let step = room.saturating_sub(stride).max(1);
        Ok(Self { tokens, room, step, from: direction(options.truncation), count })
    }

    fn get(&self, index: usize) -> Part {
        let (length, skipped) = (self.tokens.len(), index * self.step);
        self.tokens.slice(match self.from {
            TruncationDirection::Right => skipped..length.min(skipped + self.room),
            TruncationDirection::Left => (length - skipped).saturating_sub(self.room)..length - skipped,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::Truncation;

    #[test]
    fn they_are_the_windows_that_are_made_all_at_once() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/tokenizer");
        let tokenizer = Tokenizer::from_folder(&folder).unwrap();
        let texts = ["", "a", "a b c d", "a short review, and then a longer one that goes on and on and on"];
        let mut compared = 0;
        for truncation in [
            Truncation::LongestFirst,
            Truncation::Tail,
            Truncation::OnlyFirst,
            Truncation::OnlySecond,
            Truncation::HeadTail(2),
        ] {
            for (max_length, stride) in [(5, 0), (6, 1), (7, 2), (12, 3), (12, 8), (64, 4), (5, 9)] {
                let options = EncodeOptions { max_length, truncation };
                for text in texts {
                    for pair in [None, Some(texts[0]), Some(texts[2]), Some(texts[3])] {
                        let all = tokenizer.windows(text, pair, &options, stride);
                        match (all, tokenizer.window_iter(text, pair, &options, stride)) {
                            (Ok(all), Ok(windows)) => {
                                assert_eq!(windows.len(), all.len());
                                assert_eq!(windows.collect::<Result<Vec<_>, _>>().unwrap(), all);
                                compared += all.len();
                            }
                            (Err(one), Err(other)) => assert_eq!(one.to_string(), other.to_string()),
                            (one, other) => panic!("{options:?}, {text}: {one:?}, {other:?}"),
                        }
                    }
                }
            }
        }
        assert!(compared > 500, "{compared}");
    }
}
