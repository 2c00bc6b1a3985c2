//! Encoding of texts and pairs: cutting, windows, batches.

use rayon::prelude::*;
use tokenizers::utils::truncation::TruncationDirection;

use crate::{EncodeOptions, Encoding, TokenizeError, Tokenizer, Truncation};

impl Tokenizer {
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
    /// there or, where no token of a text fits, has windows longer than `max_length`.) Or there are more than [`MOST_WINDOWS`];
    /// [`window_iter`](Self::window_iter) has no such limit, as it never holds them all.
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
        let windows =
            first.count(stride).saturating_mul(second.as_ref().map_or(1, |second| second.count(stride)));
        if windows > MOST_WINDOWS {
            return Err(TokenizeError::Windows { tokens: uncut, windows, stride });
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
    pub(crate) fn bare(
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
    pub(crate) fn with_special_tokens(
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
        let mut type_ids = encoding.get_type_ids().to_vec();
        if !self.token_types {
            type_ids.fill(0);
        }
        if let Some(vocab_size) = self.rows
            && let Some(&id) = encoding.get_ids().iter().find(|id| **id as usize >= vocab_size)
        {
            // As it is written, not as it is found in a normalised text.
            let token = self
                .inner
                .get_added_tokens_decoder()
                .remove(&id)
                .map_or_else(String::new, |token| token.content);
            return Err(TokenizeError::NoEmbedding { token, id, vocab_size });
        }
        Ok(Encoding {
            ids: encoding.get_ids().to_vec(),
            type_ids,
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
}

/// The most windows of a text or a pair that are held at a time: of 512 tokens each, as much as a thick book, and some hundred MiB.
pub const MOST_WINDOWS: usize = 4096;

/// A text or a pair before it is cut.
pub(crate) struct Bare {
    pub(crate) first: Part,
    pub(crate) second: Option<Part>,
    /// All tokens, the special ones included.
    pub(crate) uncut: usize,
}

/// One text.
pub(crate) struct Part {
    pub(crate) tokens: tokenizers::Encoding,
    /// How many of them may stay.
    pub(crate) share: usize,
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

    /// How many windows it has.
    fn count(&self, stride: usize) -> usize {
        let beyond = self.tokens.len().saturating_sub(self.share);
        1 + beyond.div_ceil(self.share.saturating_sub(stride).max(1))
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
pub(crate) fn direction(truncation: Truncation) -> TruncationDirection {
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
