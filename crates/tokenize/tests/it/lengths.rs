//! Cutting, counting, batches.

use embert_tokenize::{Encoding, Input, Sequence, TokenizeError, Truncation, TruncationCount};
use proptest::prelude::*;

use crate::support::{options, tokenizer};

#[test]
fn a_pair_has_two_types_and_three_special_tokens() {
    let tokenizer = tokenizer();
    let encoding =
        tokenizer.encode("good film", Some("bad"), &options(16, Truncation::LongestFirst)).unwrap();
    let tokens: Vec<String> = encoding.ids.iter().map(|id| tokenizer.token(*id).unwrap()).collect();
    assert_eq!(tokens, ["[CLS]", "good", "film", "[SEP]", "bad", "[SEP]"]);
    assert_eq!(encoding.type_ids, [0, 0, 0, 0, 1, 1]);
    assert_eq!([tokenizer.special_tokens_added(false), tokenizer.special_tokens_added(true)], [2, 3]);
    assert_eq!((encoding.len(), encoding.is_empty(), encoding.truncated()), (6, false, false));
}

#[test]
fn the_longest_is_cut_until_both_are_of_a_length() {
    let tokenizer = tokenizer();
    let lengths = |truncation, max_length| {
        let encoding =
            tokenizer.encode("a b c a b c a b", Some("good bad good bad"), &options(max_length, truncation));
        let encoding = encoding.unwrap();
        assert_eq!((encoding.len(), encoding.truncated()), (max_length, true));
        let second = encoding.type_ids.iter().sum::<u32>() as usize - 1;
        [max_length - 3 - second, second]
    };
    assert_eq!(lengths(Truncation::LongestFirst, 14), [7, 4]);
    assert_eq!(lengths(Truncation::LongestFirst, 11), [4, 4]);
    assert_eq!(lengths(Truncation::LongestFirst, 9), [3, 3]);
    assert_eq!(lengths(Truncation::OnlyFirst, 9), [2, 4]);
    assert_eq!(lengths(Truncation::OnlySecond, 13), [8, 2]);
}

#[test]
fn what_cannot_be_cut_to_the_length_is_an_error() {
    let tokenizer = tokenizer();
    let cut = |text, pair, max_length, truncation| {
        tokenizer.encode(text, pair, &options(max_length, truncation)).unwrap_err()
    };
    for (max_length, pair, least) in [(0, None, "3"), (2, None, "3"), (3, Some("b"), "4")] {
        let error = cut("a", pair, max_length, Truncation::LongestFirst);
        assert!(matches!(error, TokenizeError::MaxLength { .. }), "{error}");
        assert!(error.to_string().contains(&format!("at least {least}")), "{error}");
    }
    let error = cut("a", Some("b c a b c"), 7, Truncation::OnlyFirst);
    assert!(
        matches!(
            error,
            TokenizeError::Truncation {
                max_length: 7,
                truncation: Truncation::OnlyFirst,
                tokens: 5,
                special: 3
            }
        ),
        "{error:?}"
    );
    let error = cut("b c a b c", Some("a"), 7, Truncation::OnlySecond);
    assert!(
        error.to_string().contains("only_second\": its other text has 5 tokens and 3 are special"),
        "{error}"
    );
    let error = cut("a b c", None, 4, Truncation::OnlySecond);
    assert!(matches!(error, TokenizeError::NoPair { max_length: 4 }), "{error:?}");
    // A text that fits is no error, whichever text may be cut.
    assert!(tokenizer.encode("a b", None, &options(4, Truncation::OnlySecond)).is_ok());
}

#[test]
fn a_head_without_a_tail_and_windows_that_do_not_get_on_are_errors_even_for_short_texts() {
    let tokenizer = tokenizer();
    let error = tokenizer.encode("a", None, &options(10, Truncation::HeadTail(8))).unwrap_err();
    assert!(error.to_string().contains("head_tail:8") && error.to_string().contains("N below 8"), "{error}");
    assert!(tokenizer.encode("a", None, &options(10, Truncation::HeadTail(7))).is_ok());
    for (pair, room) in [(None, 8), (Some("b"), 7)] {
        let windows = |stride| tokenizer.windows("a", pair, &options(10, Truncation::LongestFirst), stride);
        let error = windows(room).unwrap_err();
        assert!(matches!(error, TokenizeError::Stride { room: found, .. } if found == room), "{error:?}");
        assert!(windows(room - 1).is_ok());
    }
}

#[test]
fn cut_texts_are_counted() {
    let texts = [("a b c", None), ("a b", None), ("a b", Some("c")), ("", None)];
    let encodings = tokenizer().encode_batch(&texts, &options(4, Truncation::LongestFirst)).unwrap();
    let cut: Vec<bool> = encodings.iter().map(Encoding::truncated).collect();
    assert_eq!(cut, [true, false, true, false]);
    let count = TruncationCount::of(&encodings);
    assert_eq!(count, TruncationCount { truncated: 2, total: 4 });
    assert!((count.share() - 0.5).abs() < f64::EPSILON);
}

#[test]
fn the_first_error_of_a_batch_is_the_batchs() {
    let texts = [("a", Some("b")), ("a", Some("b c a b")), ("a", Some("b c"))];
    let error = tokenizer().encode_batch(&texts, &options(5, Truncation::OnlyFirst)).unwrap_err();
    assert!(matches!(error, TokenizeError::Truncation { .. }), "{error}");
}

#[test]
fn a_megabyte_is_a_text() {
    let text = "the film was great ".repeat(60_000);
    let encoding = tokenizer().encode(&text, None, &options(512, Truncation::LongestFirst)).unwrap();
    assert_eq!((encoding.len(), encoding.truncated()), (512, true));
}

proptest! {
    #[test]
    fn a_batch_on_all_cores_is_each_text_alone(
        texts in prop::collection::vec((".{0,40}", prop::option::of("[a-c ]{0,20}")), 0..40), max_length in 4_usize..30,
    ) {
        let tokenizer = tokenizer();
        let options = options(max_length, Truncation::LongestFirst);
        let texts: Vec<(&str, Option<&str>)> = texts.iter().map(|(text, pair)| (text.as_str(), pair.as_deref())).collect();
        let batch = tokenizer.encode_batch(&texts, &options).unwrap();
        let alone: Vec<Encoding> =
            texts.iter().map(|(text, pair)| tokenizer.encode(text, *pair, &options).unwrap()).collect();
        prop_assert_eq!(&batch, &alone);
        for (encoding, (text, pair)) in batch.iter().zip(texts) {
            prop_assert!(encoding.len() <= max_length && encoding.attention_mask.iter().all(|&mask| mask == 1));
            prop_assert_eq!(encoding.type_ids.contains(&1), pair.is_some());
            prop_assert_eq!(encoding.ids.len(), encoding.offsets.len());
            for (&(from, to), &kind) in encoding.offsets.iter().zip(&encoding.type_ids) {
                let text = if kind == 0 { text } else { pair.unwrap_or_default() };
                prop_assert!(from <= to && to <= text.chars().count(), "{from}..{to} of {text:?}");
            }
        }
    }
}

/// A window may begin within a word, and the end of a text that `head_tail` keeps.
#[test]
fn pieces_are_counted_before_the_text_is_cut() {
    let tokenizer = tokenizer();
    let input = Input { first: Sequence::Words(&["a b c a b", "good", "film bad"]), second: None };
    let whole = [0, 1, 2, 3, 4, 0, 0, 1];
    let encode = |max_length, truncation| {
        tokenizer.encode_input(&input, &options(max_length, truncation)).unwrap().pieces
    };
    assert_eq!(encode(16, Truncation::LongestFirst), [&[0][..], &whole[..], &[0]].concat());
    assert_eq!(encode(7, Truncation::Tail), [0, 3, 4, 0, 0, 1, 0]);
    assert_eq!(encode(7, Truncation::HeadTail(2)), [0, 0, 1, 0, 0, 1, 0]);
    let windows = tokenizer.input_windows(&input, &options(5, Truncation::LongestFirst), 1).unwrap();
    for (window, first) in windows.iter().zip((0..).step_by(2)) {
        let last = whole.len().min(first + 3);
        assert_eq!(window.pieces, [&[0][..], &whole[first..last], &[0]].concat());
    }
    let pair = Input { second: Some(Sequence::Words(&["b c"])), ..input };
    let encoding = tokenizer.encode_input(&pair, &options(16, Truncation::LongestFirst)).unwrap();
    assert_eq!(encoding.pieces, [&[0][..], &whole[..], &[0, 0, 1, 0]].concat());
}
