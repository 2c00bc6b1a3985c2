//! Words that the model has not read: no entity of theirs is lost to the scores.

use embert_data::tokenize::{EncodeOptions, Tokenizer, Truncation};
use embert_run::TaggedExample;
use embert_task::{Aggregation, Scorer as _, TagSpan, Tags, Task as _, TokenClassification, TokenExample};

use crate::reference::{self, encode, windows};

const LABELS: [&str; 5] = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"];

fn task() -> TokenClassification {
    TokenClassification::new(LABELS.map(str::to_owned).to_vec())
}

fn tokenizer() -> &'static Tokenizer {
    reference::tokenizer(0)
}

/// Logits that are sure of each token's true tag, `O` at further tokens of a word.
fn oracle(
    task: &TokenClassification,
    example: &TokenExample,
    encoding: &embert_data::tokenize::Encoding,
) -> Vec<f32> {
    let target = task.target(example, encoding).unwrap();
    let row = |label: &Option<usize>| {
        let label = label.unwrap_or(0);
        (0..LABELS.len()).map(move |index| if index == label { 5.0 } else { 0.0 })
    };
    target.0.iter().flat_map(row).collect()
}

/// The record and the recall of a model that is right about all that it reads.
fn judged(
    example: &TokenExample,
    encodings: &[embert_data::tokenize::Encoding],
) -> (TaggedExample, f64, f64) {
    let task = task().with_aggregation(Aggregation::First);
    let part = |encoding| {
        let outputs = oracle(&task, example, encoding);
        task.decode(&task.alignment(example, encoding, tokenizer()), &outputs)
    };
    let prediction = task.join(example, encodings.iter().map(part).collect());
    let mut scorer = task.scorer().unwrap();
    scorer.add(example, &prediction).unwrap();
    let metrics = task.logged(&scorer.finish());
    let tokens = encodings[0].untruncated_length;
    let record = task.record("test", example, &prediction, tokens);
    (record, metrics.get("recall").unwrap(), metrics.get("accuracy").unwrap())
}

fn of_words(words: &[(&str, usize)]) -> TokenExample {
    let texts: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let tags = Tags::OfWords(words.iter().map(|(_, tag)| *tag).collect());
    TokenExample { tags, ..TokenExample::of_words(0, &texts) }
}

fn of_spans(text: &str, spans: &[(usize, usize, usize)]) -> TokenExample {
    let span =
        |&(start, end, begin): &(usize, usize, usize)| TagSpan { start, end, begin, inside: begin + 1 };
    TokenExample {
        tags: Tags::Spans { spans: spans.iter().map(span).collect(), outside: 0 },
        ..TokenExample::of_text(0, text.into())
    }
}

fn cut(example: &TokenExample, max_length: usize, truncation: Truncation) -> embert_data::tokenize::Encoding {
    let options = EncodeOptions { max_length, truncation };
    let words = embert_data::Texts::words(example);
    match &words {
        Some(words) => {
            let first = embert_data::tokenize::Sequence::Words(words);
            tokenizer().encode_input(&embert_data::tokenize::Input { first, second: None }, &options).unwrap()
        }
        None => tokenizer().encode(&example.text, None, &options).unwrap(),
    }
}

/// The words read, of `the film in London and a story`, at either end: the others have no prediction.
#[test]
fn words_and_texts_that_are_cut_lose_the_entities_beyond_the_cut() {
    let text = "London and a story in Paris";
    let words = of_words(&[("London", 3), ("and", 0), ("a", 0), ("story", 0), ("in", 0), ("Paris", 3)]);
    let spans = of_spans(text, &[(0, 6, 3), (22, 27, 3)]);
    for (name, example) in [("words", &words), ("spans", &spans)] {
        let whole = encode(example, tokenizer(), 64);
        let (record, recall, accuracy) = judged(example, std::slice::from_ref(&whole));
        assert_eq!((record.words, recall, accuracy), (6, 1.0, 1.0), "{name}");
        assert_eq!(record.predicted.len(), 2, "{name}");
        // As many tokens as are there, but for the last one, or the first one.
        for truncation in [Truncation::LongestFirst, Truncation::Tail, Truncation::HeadTail(1)] {
            let encoding = cut(example, 5, truncation);
            assert!(encoding.truncated());
            let (record, recall, _) = judged(example, &[encoding]);
            assert_eq!((record.words, record.entities.len()), (6, 2), "{name} {truncation:?}");
            let of_record: Vec<_> = record.entities.iter().map(|entity| (entity.start, entity.end)).collect();
            // Of London the first piece alone may be read.
            assert_eq!(of_record, [(0, 6), (22, 27)], "{name} {truncation:?}");
            assert!(recall < 1.0 || truncation == Truncation::HeadTail(1), "{name} {truncation:?}: {recall}");
        }
    }
}

/// The true entities are the data's, and a word is whole with the accent that the tokenizer removes.
#[test]
fn spans_and_words_keep_what_the_tokenizer_removes() {
    let text = "Cafe\u{301} rocks in Cafe\u{301}";
    let example = of_spans(text, &[(0, 5, 3), (15, 20, 3)]);
    let whole = encode(&example, tokenizer(), 64);
    assert_eq!(whole.offsets[whole.word_ids.iter().rposition(|word| *word == Some(0)).unwrap()].1, 4);
    let (record, recall, _) = judged(&example, std::slice::from_ref(&whole));
    let ends = |found: Vec<(usize, usize)>| assert_eq!(found, [(0, 5), (15, 20)]);
    ends(record.entities.iter().map(|entity| (entity.start, entity.end)).collect());
    ends(record.predicted.iter().map(|entity| (entity.start, entity.end)).collect());
    assert!((recall - 1.0).abs() < 1e-12);
    let task = task();
    let outputs = oracle(&task, &example, &whole);
    let part = task.decode(&task.alignment(&example, &whole, tokenizer()), &outputs);
    let prediction = task.join(&example, vec![part]);
    let words: Vec<String> =
        task.answer(example, prediction).words.into_iter().map(|(word, _)| word).collect();
    assert_eq!(words, ["Cafe\u{301}", "rocks", "in", "Cafe\u{301}"]);
}

/// Each character is a word, read or not.
#[test]
fn chinese_entities_beyond_the_cut_are_not_found() {
    let text = "李明在北京工作".repeat(5);
    let spans: Vec<_> = (0..5).flat_map(|n| [(7 * n, 7 * n + 2, 1), (7 * n + 3, 7 * n + 5, 3)]).collect();
    let example = of_spans(&text, &spans);
    let (record, recall, _) = judged(&example, &[cut(&example, 16, Truncation::LongestFirst)]);
    assert_eq!((record.words, record.entities.len()), (35, 10));
    // Fourteen characters are read, with four entities.
    assert!((recall - 0.4).abs() < 1e-12, "{recall}");
}

/// A checkpoint that makes one word of what the data set takes for two.
#[test]
fn spans_of_a_part_of_a_checkpoints_words_are_refused() {
    let example = of_spans("London-Paris", &[(0, 6, 3), (7, 12, 3)]);
    let whole = encode(&example, tokenizer(), 64);
    assert!(task().target(&example, &whole).is_ok());
    let mut joined = whole;
    joined.word_ids.iter_mut().flatten().for_each(|word| *word = 0);
    let error = task().target(&example, &joined).unwrap_err().to_string();
    assert!(error.starts_with("row 0 ") && error.contains("has the span 0..6 \"London\","), "{error}");
}

/// What the tokenizer drops is no word that was cut off.
#[test]
fn characters_without_a_token_are_no_words() {
    let example = of_spans("London \u{200d} \u{200b}", &[(0, 6, 3)]);
    let (record, recall, accuracy) = judged(&example, &[encode(&example, tokenizer(), 64)]);
    assert_eq!((record.words, recall, accuracy), (1, 1.0, 1.0));
}

/// A word of more tokens than a window has: its tag is its first token's, in training and in evaluation.
#[test]
fn words_longer_than_the_window_are_read_whole() {
    let long = "qzxjkvqzxjkvqzxjkv";
    let words = of_words(&[("in", 0), (long, 3), ("Paris", 3)]);
    let spans = of_spans(&format!("in {long} Paris"), &[(3, 21, 3), (22, 27, 3)]);
    for (name, example) in [("words", &words), ("spans", &spans)] {
        let whole = encode(example, tokenizer(), 64);
        let pieces = whole.word_ids.iter().filter(|word| **word == Some(1)).count();
        let unknown = tokenizer().unk_id().unwrap();
        assert!(pieces > 4 && !whole.ids.contains(&unknown), "{name}: {pieces} pieces");
        for (max_length, stride) in [(5, 0), (6, 2), (6, 3)] {
            let found = windows(example, tokenizer(), max_length, stride);
            let targets = task().targets(example, &found).unwrap();
            let labelled = targets.iter().flat_map(|target| target.0.iter().flatten());
            assert_eq!(labelled.filter(|tag| **tag == 3).count(), 2, "{name} {max_length} {stride}");
            let (record, recall, accuracy) = judged(example, &found);
            assert_eq!((record.words, recall, accuracy), (3, 1.0, 1.0), "{name} {max_length} {stride}");
            let ends: Vec<_> = record.predicted.iter().map(|entity| (entity.start, entity.end)).collect();
            assert_eq!(ends, [(3, 21), (22, 27)], "{name}");
        }
    }
}
