//! [`Windows`].

use tokenizers::utils::truncation::TruncationDirection;

use crate::encode::{Bare, Part, direction};
use crate::{EncodeOptions, Encoding, TokenizeError, Tokenizer};

/// The windows of a text or a pair one at a time, from [`Tokenizer::window_iter`]. It holds 20 bytes for each token of the text,
/// however many windows there are.
#[derive(Clone, Debug)]
pub struct Windows<'a> {
    tokenizer: &'a Tokenizer,
    first: Slices,
    second: Option<Slices>,
    /// All tokens, the special ones included.
    uncut: usize,
    next: usize,
}

impl Tokenizer {
    /// What [`windows`](Self::windows) gives, one at a time: a long text may have as many windows as tokens.
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
        let Bare { first, second, uncut } = self.bare(text, text_pair, options)?;
        let room = options.max_length - self.special_tokens_added(second.is_some());
        if stride >= room {
            return Err(TokenizeError::Stride { stride, max_length: options.max_length, room });
        }
        let slices = |part| Slices::new(part, options, stride);
        Ok(Windows {
            tokenizer: self,
            first: slices(first)?,
            second: second.map(slices).transpose()?,
            uncut,
            next: 0,
        })
    }
}

impl Iterator for Windows<'_> {
    type Item = Result<Encoding, TokenizeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next == self.first.count.saturating_mul(self.seconds()) {
            return None;
        }
        let (first, second) = (self.next / self.seconds(), self.next % self.seconds());
        self.next += 1;
        let second = self.second.as_ref().map(|slices| slices.get(second));
        Some(self.tokenizer.with_special_tokens(self.first.get(first), second, self.uncut))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.first.count.saturating_mul(self.seconds()) - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Windows<'_> {}

impl Windows<'_> {
    fn seconds(&self) -> usize {
        self.second.as_ref().map_or(1, |slices| slices.count)
    }
}

/// The windows over one text, special tokens not included.
#[derive(Clone, Debug)]
struct Slices {
    ids: Vec<u32>,
    offsets: Vec<(usize, usize)>,
    /// Tokens in a window.
    room: usize,
    /// Tokens from a window's start to the next one's.
    step: usize,
    from: TruncationDirection,
    count: usize,
}

impl Slices {
    fn new(part: Part, options: &EncodeOptions, stride: usize) -> Result<Self, TokenizeError> {
        let Part { tokens, share: room, .. } = part;
        let (ids, offsets) = (tokens.get_ids().to_vec(), tokens.get_offsets().to_vec());
        let beyond = ids.len().saturating_sub(room);
        // What fits has one window, whatever the stride.
        if beyond > 0 && stride >= room {
            return Err(TokenizeError::Stride { stride, max_length: options.max_length, room });
        }
        let step = room.saturating_sub(stride).max(1);
        let from = direction(options.truncation);
        Ok(Self { ids, offsets, room, step, from, count: 1 + beyond.div_ceil(step) })
    }

    fn get(&self, index: usize) -> tokenizers::Encoding {
        let (length, skipped) = (self.ids.len(), index * self.step);
        let range = match self.from {
            TruncationDirection::Right => skipped..length.min(skipped + self.room),
            TruncationDirection::Left => (length - skipped).saturating_sub(self.room)..length - skipped,
        };
        let tokens = range.len();
        tokenizers::Encoding::new(
            self.ids[range.clone()].to_vec(),
            vec![0; tokens],
            // Nobody reads the tokens' text.
            vec![String::new(); tokens],
            vec![None; tokens],
            self.offsets[range].to_vec(),
            vec![0; tokens],
            vec![1; tokens],
            Vec::new(),
            std::iter::empty().collect(),
        )
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
