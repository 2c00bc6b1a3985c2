//! [`SpanTarget`]: the tokens that training wants of a window.

use std::ops::Range;

use super::alignment::{CLS, SpanAlignment};
use crate::Target;

/// The first and the last token of the answer, by their indexes in the feature, special tokens counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanTarget {
    /// The token with the answer's first character.
    pub start: usize,
    /// The token with the answer's last character.
    pub end: usize,
}

impl SpanTarget {
    /// The target of a window that does not hold the whole answer, and of a question without an answer.
    pub const NONE: Self = Self { start: CLS, end: CLS };

    /// The target of a window, where `answer` has the answer's characters in the context; `None` and an empty
    /// answer are no answer.
    ///
    /// These are the positions of `prepare_train_features` in `run_qa.py`, but for one: where the answer
    /// begins in the window's last token of the context, its search for the start runs on to the last
    /// position of the feature, `[SEP]` or padding. Here the start is that last token of the context.
    pub fn new(alignment: &SpanAlignment, answer: Option<&Range<usize>>) -> Self {
        Self::of_answer(alignment.tokens(), answer).unwrap_or(Self::NONE)
    }

    fn of_answer(tokens: &[Option<Range<usize>>], answer: Option<&Range<usize>>) -> Option<Self> {
        let answer = answer.filter(|answer| !answer.is_empty())?;
        let first = tokens.iter().position(Option::is_some)?;
        let context: Vec<&Range<usize>> = tokens[first..].iter().map_while(Option::as_ref).collect();
        // Tokens that do not begin behind the answer's start and, from the end, that do not end before its
        // end. A character that no token has, as white space, counts to the token before it, or behind it.
        let before = context.iter().take_while(|token| token.start <= answer.start).count();
        let behind = context.iter().rev().take_while(|token| token.end >= answer.end).count();
        let end = first + context.len() - behind;
        (before > 0 && behind > 0).then_some(Self { start: first + before - 1, end })
    }
}

impl Target for SpanTarget {
    fn to_bytes(&self) -> Vec<u8> {
        [self.start, self.end].iter().flat_map(|token| (*token as u64).to_le_bytes()).collect()
    }
}

#[cfg(test)]
mod tests {
    use embert_data::tokenize::Encoding;

    use super::*;

    /// `[CLS] question [SEP]`, tokens with these characters of the context, `[SEP]`.
    fn window(context: &[(usize, usize)]) -> SpanAlignment {
        let special = |sequence: Option<usize>, offsets| (sequence, offsets);
        let mut tokens = vec![special(None, (0, 0)), special(Some(0), (0, 8)), special(None, (0, 0))];
        tokens.extend(context.iter().map(|offsets| special(Some(1), *offsets)));
        tokens.push(special(None, (0, 0)));
        let (sequence_ids, offsets) = tokens.into_iter().unzip();
        SpanAlignment::new(&Encoding { sequence_ids, offsets, ..Encoding::default() })
    }

    fn target(context: &[(usize, usize)], answer: Range<usize>) -> (usize, usize) {
        let SpanTarget { start, end } = SpanTarget::new(&window(context), Some(&answer));
        (start, end)
    }

    #[test]
    fn the_ends_are_the_tokens_that_hold_the_first_and_the_last_character() {
        let context = [(10, 14), (15, 18), (18, 20), (22, 23)];
        assert_eq!(target(&context, 15..20), (4, 5));
        // Within tokens; the whole window.
        assert_eq!(target(&context, 12..16), (3, 4));
        assert_eq!(target(&context, 10..23), (3, 6));
        // White space at an end belongs to the token before the start and behind the end.
        assert_eq!(target(&context, 14..21), (3, 6));
        assert_eq!(target(&context, 20..22), (5, 6));
        assert_eq!(target(&context, 19..22), (5, 6));
    }

    #[test]
    fn an_answer_that_the_window_does_not_hold_is_none() {
        let context = [(10, 14), (15, 18)];
        for answer in [9..14, 15..19, 2..5, 30..40, 0..50] {
            assert_eq!(target(&context, answer), (CLS, CLS));
        }
        assert_eq!(SpanTarget::new(&window(&context), None), SpanTarget::NONE);
        // No characters, and no token of the context.
        assert_eq!([target(&context, 12..12), target(&[], 0..1)], [(CLS, CLS); 2]);
    }

    /// `run_qa.py` finds the `[SEP]` behind it.
    #[test]
    fn an_answer_in_the_last_token_begins_there() {
        assert_eq!(target(&[(0, 4), (5, 9)], 5..9), (4, 4));
        assert_eq!(target(&[(0, 4)], 0..4), (3, 3));
    }

    #[test]
    fn the_bytes_are_the_two_tokens() {
        let bytes = SpanTarget { start: 258, end: 3 }.to_bytes();
        assert_eq!(bytes, [2, 1, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]);
    }
}
