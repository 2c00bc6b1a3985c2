//! Windows of words and of raw texts, and the rule by which each word's tag comes from one of them.

use embert_data::tokenize::Encoding;
use embert_task::{Aggregation, FoundEntity, Task as _, TokenExample, TokenTarget};

use crate::alignment::of_all_tokens;
use crate::reference::{Cut, WHOLE, encode, entities, logits, of_words, reference, tokenizer, windows};

/// Each window has the tokens of its range between special tokens.
fn check(whole: &Encoding, found: &[Encoding], ranges: &[(usize, usize)], what: &str) {
    assert_eq!(found.len(), ranges.len(), "windows of {what}");
    for (window, &(start, end)) in found.iter().zip(ranges) {
        let (range, last) = (1 + start..1 + end, whole.len() - 1);
        let ids = [&whole.ids[..1], &whole.ids[range.clone()], &whole.ids[last..]].concat();
        assert_eq!(window.ids, ids, "ids of {start}..{end} of {what}");
        let offsets = [&[(0, 0)][..], &whole.offsets[range.clone()], &[(0, 0)]].concat();
        assert_eq!(window.offsets, offsets, "offsets of {start}..{end} of {what}");
        let words = [&[None][..], &whole.word_ids[range], &[None]].concat();
        assert_eq!(window.word_ids, words, "words of {start}..{end} of {what}");
    }
}

#[test]
fn windows_of_words_and_texts_are_those_of_transformers() {
    for (number, case) in reference().examples.iter().enumerate() {
        let tokenizer = tokenizer(case.vocabulary);
        let of_cut = |example: &TokenExample, (max_length, stride, ranges): &Cut, what: &str| {
            let found = windows(example, tokenizer, *max_length, *stride);
            check(&encode(example, tokenizer, WHOLE), &found, ranges, what);
        };
        of_cut(&of_words(case), &case.windows, &format!("the words of example {number}"));
        let text = TokenExample::of_text(0, case.text.clone());
        of_cut(&text, &case.text_windows, &format!("the text of example {number}"));
    }
    for (number, case) in reference().strides.iter().enumerate() {
        let tokenizer = tokenizer(case.vocabulary);
        let text = TokenExample::of_text(0, case.text.clone());
        let found = windows(&text, tokenizer, case.max_length, case.shared);
        check(
            &encode(&text, tokenizer, WHOLE),
            &found,
            &case.windows,
            &format!("the text of stride {number}"),
        );
    }
}

/// The window of each token, by the rule: of the windows that hold the whole word the one in which the word has
/// most context on its lesser side, of several the first; for a word that no window holds, token by token.
fn chosen(words: &[Option<u32>], ranges: &[(usize, usize)]) -> Vec<usize> {
    let best = |first: usize, last: usize| {
        let mut best: Option<(usize, usize)> = None;
        for (window, &(start, end)) in ranges.iter().enumerate() {
            if start <= first && last < end {
                let context = (first - start).min(end - 1 - last);
                if best.is_none_or(|(_, most)| context > most) {
                    best = Some((window, context));
                }
            }
        }
        best.map(|(window, _)| window)
    };
    (0..words.len())
        .map(|token| {
            let first = words.iter().position(|word| *word == words[token]).unwrap();
            let last = words.iter().rposition(|word| *word == words[token]).unwrap();
            best(first, last).or_else(|| best(token, token)).unwrap()
        })
        .collect()
}

/// The entities of the windows, and of one window of the whole text with the logits that the rule chooses.
fn both(
    example: &TokenExample,
    vocabulary: usize,
    cut: (usize, usize, &[(usize, usize)]),
    logits: &[Vec<f32>],
    aggregation: Aggregation,
) -> [Vec<FoundEntity>; 2] {
    let (max_length, stride, ranges) = cut;
    let tokenizer = tokenizer(vocabulary);
    let labels = reference().tags.len();
    let whole = encode(example, tokenizer, WHOLE);
    let inner = &whole.word_ids[1..whole.len() - 1];
    let mut outputs = vec![0.0; labels];
    for (token, window) in chosen(inner, ranges).into_iter().enumerate() {
        let row = 1 + token - ranges[window].0;
        outputs.extend_from_slice(&logits[window][row * labels..][..labels]);
    }
    outputs.extend(vec![0.0; labels]);
    let parts = windows(example, tokenizer, max_length, stride).into_iter().zip(logits.iter().cloned());
    let parts: Vec<(Encoding, Vec<f32>)> = parts.collect();
    [
        entities(example, tokenizer, &parts, aggregation),
        entities(example, tokenizer, &[(whole, outputs)], aggregation),
    ]
}

const ALL: [Aggregation; 5] =
    [Aggregation::None, Aggregation::Simple, Aggregation::First, Aggregation::Average, Aggregation::Max];

/// The pipeline of `transformers` joins entities of overlapping windows; we choose a window for each word.
#[test]
fn each_word_comes_from_the_window_with_most_context() {
    for (number, case) in reference().strides.iter().enumerate() {
        let example = TokenExample::of_text(0, case.text.clone());
        let logits: Vec<Vec<f32>> = case.logits.iter().map(|digits| logits(digits)).collect();
        let cut = (case.max_length, case.shared, case.windows.as_slice());
        for aggregation in ALL {
            let [found, expected] = both(&example, case.vocabulary, cut, &logits, aggregation);
            assert_eq!(found, expected, "{aggregation} of stride {number}");
        }
    }
}

/// Hostile texts: no token is lost or comes twice, whatever the windows.
#[test]
fn windows_lose_no_token_and_repeat_none() {
    let labels = reference().tags.len();
    for (number, case) in reference().examples.iter().enumerate() {
        for (example, (max_length, stride, ranges)) in [
            (of_words(case), &case.windows),
            (TokenExample::of_text(0, case.text.clone()), &case.text_windows),
        ] {
            // Each token of each window has logits of its own, none of them for `O`.
            let window = |(window, (start, end)): (usize, &(usize, usize))| -> Vec<f32> {
                let row = |token: usize| {
                    (0..labels).map(move |label| ((window * 7 + token * 5 + label * 3) % 11) as f32)
                };
                let mut rows: Vec<f32> = (0..end - start + 2).flat_map(row).collect();
                rows.chunks_mut(labels).for_each(|row| row[0] = -1.0);
                rows
            };
            let logits: Vec<Vec<f32>> = ranges.iter().enumerate().map(window).collect();
            let cut = (*max_length, *stride, ranges.as_slice());
            for aggregation in ALL {
                let [found, expected] = both(&example, case.vocabulary, cut, &logits, aggregation);
                assert_eq!(found, expected, "{aggregation} of example {number}");
            }
        }
    }
}

/// In training a word's label stands in the window alone from which its tag comes, and nowhere else.
#[test]
fn each_word_is_learnt_once_where_its_tag_comes_from() {
    let mut shared = 0;
    for (number, case) in reference().examples.iter().enumerate() {
        for task in [reference().task(), of_all_tokens()] {
            let (max_length, stride, ranges) = &case.windows;
            let (example, tokenizer) = (of_words(case), tokenizer(case.vocabulary));
            let whole = encode(&example, tokenizer, WHOLE);
            let found = windows(&example, tokenizer, *max_length, *stride);
            let targets = task.targets(&example, &found).unwrap();
            let alone: Vec<_> = found.iter().map(|window| task.target(&example, window).unwrap()).collect();
            let labels =
                |targets: &[TokenTarget]| targets.iter().flat_map(|target| target.0.iter().flatten()).count();
            shared += labels(&alone) - labels(&targets);

            let inner = &whole.word_ids[1..whole.len() - 1];
            let mut expected: Vec<Vec<Option<usize>>> =
                found.iter().map(|window| vec![None; window.len()]).collect();
            let of_whole = task.target(&example, &whole).unwrap();
            for (token, window) in chosen(inner, ranges).into_iter().enumerate() {
                expected[window][1 + token - ranges[window].0] = of_whole.0[1 + token];
            }
            let targets: Vec<_> = targets.into_iter().map(|target| target.0).collect();
            assert_eq!(targets, expected, "example {number}");
        }
    }
    assert!(shared > 1000, "{shared} labels more where each window has all of its own");
}
