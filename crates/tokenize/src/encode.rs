//! Encoding of texts, words and pairs of them.

use rayon::prelude::*;

use crate::cut::sentences::Packed;
use crate::cut::sequence::{Part, SequenceTokens, Size, Tokens, Untruncated};
use crate::cut::truncation::shares;
use crate::encoding::{EncodeOptions, Encoding};
use crate::error::TokenizeError;
use crate::input::{Input, Sequence};
use crate::tokenizer::Tokenizer;
use crate::truncation::Truncation;

impl Tokenizer {
    /// Encodes a text, or a pair of texts, cut to `max_length`.
    ///
    /// # Errors
    /// `max_length` leaves no room for a token, `head_tail:N` leaves none for the end of a text, or the text
    /// that may be cut is missing or would lose all its tokens.
    pub fn encode(
        &self,
        text: &str,
        text_pair: Option<&str>,
        options: &EncodeOptions,
    ) -> Result<Encoding, TokenizeError> {
        self.encode_input(&(text, text_pair).into(), options)
    }

    /// Encodes a text or a pair, or words or sentences in place of texts, as [`encode`](Self::encode) does.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn encode_input(
        &self,
        input: &Input<'_>,
        options: &EncodeOptions,
    ) -> Result<Encoding, TokenizeError> {
        if let Sequence::Sentences(sentences) = input.alone()? {
            return Packed::new(self, sentences, options, None)?.window(self, 0);
        }
        let Untruncated { first, second, size } = self.untruncated(input, options)?;
        let second = second.map(|second| second.cut(options.truncation));
        self.with_special_tokens(first.cut(options.truncation), second, size)
    }

    /// Encodes many texts or pairs, or words in place of texts, on all cores. Encodings are in the order of
    /// the inputs.
    ///
    /// # Errors
    /// As [`encode`](Self::encode); the first error in the order of the inputs.
    pub fn encode_batch<'a, I: Into<Input<'a>> + Copy + Sync>(
        &self,
        inputs: &[I],
        options: &EncodeOptions,
    ) -> Result<Vec<Encoding>, TokenizeError> {
        inputs.par_iter().map(|&input| self.encode_input(&input.into(), options)).collect()
    }

    /// The tokens of a text or a pair without special tokens, and how many of each text may be kept.
    pub(crate) fn untruncated(
        &self,
        input: &Input<'_>,
        options: &EncodeOptions,
    ) -> Result<Untruncated, TokenizeError> {
        let EncodeOptions { max_length, truncation } = *options;
        let special = self.special_tokens_added(input.second.is_some());
        if max_length <= special {
            return Err(TokenizeError::MaxLength { max_length, special });
        }
        if let Truncation::HeadTail(head) = truncation {
            let special = self.special_tokens_added(false);
            if head.saturating_add(special) >= max_length {
                return Err(TokenizeError::HeadTail { head, max_length, special });
            }
        }
        let encode = |sequence| self.tokens(sequence);
        let (first, second) = (encode(input.first)?, input.second.map(encode).transpose()?);
        let room = max_length - special;
        let lengths = (first.len(), second.as_ref().map(Tokens::len));
        let (share, second_share) = shares(lengths.0, lengths.1, room, options)?;
        Ok(Untruncated {
            first: SequenceTokens { tokens: first, share, room },
            second: second.map(|tokens| SequenceTokens { tokens, share: second_share, room }),
            size: Size {
                tokens: lengths.0 + lengths.1.unwrap_or(0) + special,
                bytes: input.first.bytes() + input.second.map_or(0, |second| second.bytes()),
            },
        })
    }

    /// The tokens of a text, or of words, without special tokens.
    pub(crate) fn tokens(&self, sequence: Sequence<'_>) -> Result<Tokens, TokenizeError> {
        self.inner
            .encode_char_offsets(sequence, false)
            .map(Tokens::from)
            .map_err(|source| TokenizeError::Encode { bytes: sequence.bytes(), source })
    }

    /// Puts `[CLS]` and `[SEP]` around the kept tokens of a text or a pair. `size` is the size before the
    /// cut.
    pub(crate) fn with_special_tokens(
        &self,
        first: Part,
        second: Option<Part>,
        size: Size,
    ) -> Result<Encoding, TokenizeError> {
        let (second, second_pieces) = second.map(|part| (part.encoding, part.pieces)).unzip();
        let mut pieces = [first.pieces, second_pieces.unwrap_or_default()].map(Vec::into_iter);
        let encoding = self
            .inner
            .post_process(first.encoding, second, true)
            .map_err(|source| TokenizeError::Encode { bytes: size.bytes, source })?;
        let mut type_ids = encoding.get_type_ids().to_vec();
        if !self.token_types {
            type_ids.fill(0);
        }
        if let Some(vocab_size) = self.rows
            && let Some(&id) = encoding.get_ids().iter().find(|id| **id as usize >= vocab_size)
        {
            // The error has the token as its file writes it, not its normalised form.
            let token = self
                .inner
                .get_added_tokens_decoder()
                .remove(&id)
                .map_or_else(String::new, |token| token.content);
            return Err(TokenizeError::NoEmbedding { token, id, vocab_size });
        }
        let sequence_ids = encoding.get_sequence_ids();
        let piece = |sequence: &Option<usize>| sequence.and_then(|at| pieces.get_mut(at)?.next());
        let pieces = sequence_ids.iter().map(piece).map(Option::unwrap_or_default).collect();
        Ok(Encoding {
            pieces,
            ids: encoding.get_ids().to_vec(),
            type_ids,
            attention_mask: encoding.get_attention_mask().to_vec(),
            offsets: encoding.get_offsets().to_vec(),
            word_ids: encoding.get_word_ids().to_vec(),
            sequence_ids,
            sentences: Vec::new(),
            untruncated_length: size.tokens,
        })
    }
}
