//! [`Packed`]: sentences, each between special tokens of its own, packed into windows.

use std::ops::Range;

use super::sequence::{Part, Size, Tokens};
use crate::encoding::{EncodeOptions, Encoding, PackedSentence};
use crate::error::TokenizeError;
use crate::input::Sequence;
use crate::tokenizer::Tokenizer;

/// Sentences in the windows in which they are read.
#[derive(Clone, Debug)]
pub(crate) struct Packed {
    sentences: Vec<Tokens>,
    pieces: Vec<Piece>,
    /// The pieces of each window.
    windows: Vec<Range<usize>>,
    size: Size,
}

/// A sentence, or a part of one that is longer than a window.
#[derive(Clone, Debug)]
struct Piece {
    sentence: usize,
    part: usize,
    tokens: Range<usize>,
}

impl Packed {
    /// Packs sentences. With a stride, nothing is cut off: a sentence that is longer than a window is read in
    /// parts, and neighbouring windows share whole sentences, or parts, of at most `stride` tokens, the special
    /// ones included. Without a stride there is one window: the last sentence that fits at all is cut, and those
    /// after it are left out. A sentence without tokens is in no window.
    pub(crate) fn new(
        tokenizer: &Tokenizer,
        sentences: &[&str],
        options: &EncodeOptions,
        stride: Option<usize>,
    ) -> Result<Self, TokenizeError> {
        let EncodeOptions { max_length, .. } = *options;
        let special = tokenizer.special_tokens_added(false);
        let Some(room) = max_length.checked_sub(special).filter(|room| *room > 0) else {
            return Err(TokenizeError::MaxLength { max_length, special });
        };
        if let Some(stride) = stride.filter(|stride| *stride >= room) {
            return Err(TokenizeError::Stride { stride, max_length, room });
        }
        let bytes = Sequence::Sentences(sentences).bytes();
        let tokens = sentences.iter().map(|sentence| tokenizer.tokens(Sequence::Text(sentence)));
        let sentences = tokens.collect::<Result<Vec<Tokens>, _>>()?;
        let mut pieces: Vec<Piece> = Vec::new();
        let mut left = max_length;
        for (sentence, tokens) in sentences.iter().enumerate() {
            let most = if stride.is_some() { usize::MAX } else { 1 };
            for (part, start) in (0..tokens.len()).step_by(room).enumerate().take(most) {
                let end = (start + room).min(tokens.len());
                let end = if stride.is_some() { end } else { end.min(start + left.saturating_sub(special)) };
                if end > start {
                    pieces.push(Piece { sentence, part, tokens: start..end });
                    left = left.saturating_sub(end - start + special);
                }
            }
        }
        // A window has tokens, even of a text without any.
        if pieces.is_empty() {
            pieces.push(Piece { sentence: 0, part: 0, tokens: 0..0 });
        }
        let sizes: Vec<usize> = pieces.iter().map(|piece| piece.tokens.len() + special).collect();
        let windows = match stride {
            Some(stride) => windows(&sizes, max_length, stride),
            None => std::iter::once(0..pieces.len()).collect(),
        };
        let of_sentence = |tokens: &Tokens| match stride {
            // Each part has special tokens of its own.
            Some(_) => tokens.len() + special * tokens.len().div_ceil(room),
            None => tokens.len() + if tokens.len() > 0 { special } else { 0 },
        };
        let size = Size { tokens: sentences.iter().map(of_sentence).sum::<usize>().max(special), bytes };
        Ok(Self { sentences, pieces, windows, size })
    }

    /// The number of windows.
    pub(crate) fn count(&self) -> usize {
        self.windows.len()
    }

    /// The number of tokens before a cut.
    pub(crate) fn size(&self) -> Size {
        self.size
    }

    /// The tokens of a window: each sentence as a text of its own, with the token types 0 and 1 in turn.
    pub(crate) fn window(&self, tokenizer: &Tokenizer, index: usize) -> Result<Encoding, TokenizeError> {
        let mut window = Encoding { untruncated_length: self.size.tokens, ..Encoding::default() };
        for (place, piece) in self.pieces[self.windows[index].clone()].iter().enumerate() {
            let slice = match self.sentences.get(piece.sentence) {
                Some(tokens) => tokens.slice(piece.tokens.clone()),
                None => Part::default(),
            };
            let one = tokenizer.with_special_tokens(slice, None, self.size)?;
            let token_type = if tokenizer.token_types { place as u32 % 2 } else { 0 };
            if !piece.tokens.is_empty() {
                let (index, token) = (piece.sentence, window.ids.len());
                window.sentences.push(PackedSentence { index, part: piece.part, token });
            }
            window.type_ids.extend(one.ids.iter().map(|_| token_type));
            let sentence = one.sequence_ids.iter().map(|id| id.map(|_| piece.sentence));
            window.sequence_ids.extend(sentence);
            window.ids.extend(one.ids);
            window.attention_mask.extend(one.attention_mask);
            window.offsets.extend(one.offsets);
            window.word_ids.extend(one.word_ids);
            window.pieces.extend(one.pieces);
        }
        Ok(window)
    }
}

/// The pieces of each window, of pieces with these sizes, none of which is above `max_length`.
fn windows(sizes: &[usize], max_length: usize, stride: usize) -> Vec<Range<usize>> {
    let (mut windows, mut start) = (Vec::new(), 0);
    loop {
        let (mut end, mut used) = (start, 0);
        while end < sizes.len() && used + sizes[end] <= max_length {
            used += sizes[end];
            end += 1;
        }
        windows.push(start..end);
        if end == sizes.len() {
            return windows;
        }
        let (mut next, mut shared) = (end, 0);
        // The next window has room for a new piece.
        let most = stride.min(max_length - sizes[end]);
        while next > start + 1 && shared + sizes[next - 1] <= most {
            next -= 1;
            shared += sizes[next];
        }
        start = next;
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::{Input, Truncation};

    fn tokenizer() -> Tokenizer {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/tokenizer");
        Tokenizer::from_folder(&folder).unwrap()
    }

    fn options(max_length: usize) -> EncodeOptions {
        EncodeOptions { max_length, truncation: Truncation::LongestFirst }
    }

    fn input<'a>(sentences: &'a [&'a str]) -> Input<'a> {
        Input { first: Sequence::Sentences(sentences), second: None }
    }

    /// The tokens of a window, with its token types below.
    fn shown(tokenizer: &Tokenizer, window: &Encoding) -> (String, String) {
        let tokens: Vec<String> = window.ids.iter().map(|id| tokenizer.token(*id).unwrap()).collect();
        let types: Vec<String> = window.type_ids.iter().map(ToString::to_string).collect();
        (tokens.join(" "), types.concat())
    }

    #[test]
    fn each_sentence_has_special_tokens_and_segments_alternate() {
        let tokenizer = tokenizer();
        let sentences = ["a b", "", "c", "a a"];
        let window = tokenizer.encode_input(&input(&sentences), &options(16)).unwrap();
        let (tokens, types) = shown(&tokenizer, &window);
        assert_eq!(tokens, "[CLS] a b [SEP] [CLS] c [SEP] [CLS] a a [SEP]");
        assert_eq!(types, "00001110000");
        let places: Vec<_> = window.sentences.iter().map(|one| (one.index, one.part, one.token)).collect();
        assert_eq!(places, [(0, 0, 0), (2, 0, 4), (3, 0, 7)]);
        assert_eq!(window.sequence_ids[5], Some(2));
        assert_eq!((window.len(), window.truncated()), (11, false));
    }

    #[test]
    fn without_a_stride_the_rest_is_cut_off() {
        let tokenizer = tokenizer();
        for (max_length, expected) in [
            (11, "[CLS] a b [SEP] [CLS] c [SEP] [CLS] a a [SEP]"),
            (10, "[CLS] a b [SEP] [CLS] c [SEP] [CLS] a [SEP]"),
            // Special tokens alone are no sentence.
            (9, "[CLS] a b [SEP] [CLS] c [SEP]"),
            (3, "[CLS] a [SEP]"),
        ] {
            let window = tokenizer.encode_input(&input(&["a b", "c", "a a"]), &options(max_length)).unwrap();
            assert_eq!(shown(&tokenizer, &window).0, expected);
            assert_eq!((window.untruncated_length, window.truncated()), (11, max_length < 11));
        }
        let error = tokenizer.encode_input(&input(&["a"]), &options(2)).unwrap_err().to_string();
        assert!(error.starts_with("max_length 2 leaves no room"), "{error}");
    }

    #[test]
    fn windows_share_whole_sentences() {
        let tokenizer = tokenizer();
        let windows = |max_length, stride| {
            let sentences = ["a a a", "b", "c c", "a", "b b"];
            let windows = tokenizer.input_windows(&input(&sentences), &options(max_length), stride).unwrap();
            windows.iter().map(|window| shown(&tokenizer, window)).collect::<Vec<_>>()
        };
        let texts = |windows: Vec<(String, String)>| windows.into_iter().unzip::<_, _, Vec<_>, Vec<_>>();
        let (tokens, types) = texts(windows(9, 3));
        let of = |words: &[&str]| {
            words.iter().map(|words| format!("[CLS] {words} [SEP]")).collect::<Vec<_>>().join(" ")
        };
        // The second window shares 3 tokens with the first. Its last sentence has 4, and is not shared.
        assert_eq!(tokens, [of(&["a a a", "b"]), of(&["b", "c c"]), of(&["a", "b b"])]);
        // The first sentence of a window has the type 0, whatever its place in the text.
        assert_eq!(types[1], "0001111");
        assert_eq!(texts(windows(9, 0)).0, [of(&["a a a", "b"]), of(&["c c", "a"]), of(&["b b"])]);
    }

    #[test]
    fn a_sentence_that_is_longer_than_a_window_is_read_in_parts() {
        let tokenizer = tokenizer();
        let windows = tokenizer.input_windows(&input(&["a b", "a b c a b c a"]), &options(5), 0).unwrap();
        let places = |window: &Encoding| {
            window.sentences.iter().map(|one| (one.index, one.part, one.token)).collect::<Vec<_>>()
        };
        assert_eq!(
            windows.iter().map(places).collect::<Vec<_>>(),
            [[(0, 0, 0)], [(1, 0, 0)], [(1, 1, 0)], [(1, 2, 0)]]
        );
        assert_eq!(windows[2].offsets[1], (6, 7), "offsets are of the sentence");
        assert_eq!(windows[0].untruncated_length, 4 + 7 + 3 * 2);
    }

    #[test]
    fn a_text_without_tokens_has_a_window() {
        let tokenizer = tokenizer();
        for sentences in [&[][..], &["", "\u{7}"]] {
            let windows = tokenizer.input_windows(&input(sentences), &options(8), 2).unwrap();
            assert_eq!(windows.len(), 1);
            assert_eq!(shown(&tokenizer, &windows[0]).0, "[CLS] [SEP]");
            assert!(windows[0].sentences.is_empty());
        }
    }

    #[test]
    fn sentences_are_no_pair_and_too_many_windows_are_refused() {
        let tokenizer = tokenizer();
        let pair = Input { first: Sequence::Text("a"), second: Some(Sequence::Sentences(&["b"])) };
        let error = tokenizer.encode_input(&pair, &options(8)).unwrap_err().to_string();
        assert!(error.contains("sentences are no part of a pair"), "{error}");
        let sentences = vec!["a"; 4097];
        let error = tokenizer.input_windows(&input(&sentences), &options(3), 0).unwrap_err().to_string();
        assert!(error.contains("has 4097 windows"), "{error}");
        let error = tokenizer.input_windows(&input(&["a"]), &options(8), 6).unwrap_err().to_string();
        assert!(error.contains("stride = 6"), "{error}");
    }

    proptest! {
        #[test]
        fn windows_have_all_pieces_in_order(
            sizes in prop::collection::vec(3_usize..=12, 1..20), max_length in 12_usize..30, stride in 0_usize..28,
        ) {
            let found = windows(&sizes, max_length, stride);
            prop_assert_eq!((found[0].start, found[found.len() - 1].end), (0, sizes.len()));
            for window in &found {
                prop_assert!(!window.is_empty());
                prop_assert!(sizes[window.clone()].iter().sum::<usize>() <= max_length);
            }
            for pair in found.windows(2) {
                let (one, next) = (&pair[0], &pair[1]);
                prop_assert!(one.start < next.start && next.start <= one.end && one.end < next.end);
                prop_assert!(sizes[next.start..one.end].iter().sum::<usize>() <= stride);
            }
        }
    }
}
