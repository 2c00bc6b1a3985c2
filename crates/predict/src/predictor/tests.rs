//! Predictions of a small random checkpoint.

use std::cell::Cell;
use std::fs;

use embert_data::DataError;
use embert_model::{BertConfig, SaveDtype, save_pretrained};
use embert_task::{TokenClassification, TokenExample};

use super::*;
use crate::ahead::BYTES_AHEAD;

/// A random checkpoint of two small layers, whose probabilities differ from text to text. The folder is
/// not needed once the checkpoint is open.
fn predictor() -> Predictor {
    opened::<TextClassification>(&["neg", "pos", "mixed"])
}

fn opened<T: Task>(labels: &[&str]) -> Predictor<T> {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/sample/bert");
    let dir = tempfile::tempdir().unwrap();
    let mut config = BertConfig::from_file(&shipped.join("config.json")).unwrap();
    (config.hidden_size, config.num_attention_heads, config.intermediate_size) = (16, 2, 32);
    config.initializer_range = 0.5;
    let config = config.with_labels(labels.iter().copied());
    let device = Device::flex();
    let model = ModelFor::<T::Head>::from_config(&config, 5, &device).unwrap();
    save_pretrained(&model, &config, dir.path(), SaveDtype::F32).unwrap();
    for file in ["vocab.txt", "tokenizer_config.json"] {
        fs::copy(shipped.join(file), dir.path().join(file)).unwrap();
    }
    Predictor::open(dir.path(), &device).unwrap()
}

fn example(text: impl Into<String>) -> TextExample {
    TextExample { id: 0, text: text.into(), text_pair: None, label: None, document: None }
}

/// Texts of many lengths, all different.
fn texts(count: usize) -> Vec<String> {
    let words = ["good", "bad", "a", "film", "never", "again", "lovely", "the", "story", "long"];
    let text = |n: usize| (0..=n * 7 % 40).map(|i| words[(i * i + n) % 10]).collect::<Vec<_>>().join(" ");
    (0..count).map(|n| format!("{} {n}", text(n))).collect()
}

/// The tolerance is that of padding, which changes the order of sums in f32.
#[track_caller]
fn assert_same(one: &LabelledText, other: &LabelledText) {
    assert_eq!(one.text(), other.text());
    for (a, b) in one.scores().iter().zip(other.scores()) {
        assert!((a - b).abs() < 1e-6, "{}: {a} against {b}", one.text());
    }
}

#[test]
fn batches_of_any_size_give_what_one_by_one_gives_in_the_order_of_the_texts() {
    let texts = texts(50);
    let one_by_one: Vec<LabelledText> = {
        let predictor = predictor().with_batch_size(1);
        texts.iter().flat_map(|text| predictor.predict(&[text]).unwrap()).collect()
    };
    // The predictions differ, or the comparison would show nothing.
    let scores: Vec<f64> = one_by_one.iter().map(|prediction| prediction.scores()[0]).collect();
    assert!(scores.iter().any(|score| (score - scores[0]).abs() > 0.05), "{scores:?}");
    for batch_size in [1, 2, 7, 64] {
        let predictions = predictor().with_batch_size(batch_size).predict(&texts).unwrap();
        assert_eq!(predictions.len(), texts.len());
        for (one, (other, text)) in one_by_one.iter().zip(predictions.iter().zip(&texts)) {
            assert_eq!(other.text(), text);
            assert_same(one, other);
        }
    }
}

#[test]
fn a_stream_reads_a_bounded_number_of_rows_ahead() {
    let pulled = Cell::new(0);
    let endless = (0..).map(|n| {
        pulled.set(pulled.get() + 1);
        Ok::<_, PredictError>(example(format!("film {n}")))
    });
    let predictor = predictor().with_batch_size(2);
    for (n, prediction) in predictor.stream(endless).take(100).enumerate() {
        assert_eq!(prediction.unwrap().text(), format!("film {n}"));
        assert!(pulled.get() <= n + 2 * BATCHES_AHEAD, "{} rows read for {n}", pulled.get());
    }
}

#[test]
fn long_texts_are_read_ahead_by_their_size() {
    let pulled = Cell::new(0);
    let megabytes = (0..).map(|_| {
        pulled.set(pulled.get() + 1);
        Ok::<_, PredictError>(example("good film ".repeat(100_000)))
    });
    let prediction = predictor().stream(megabytes).next().unwrap().unwrap();
    assert_eq!(prediction.text().len(), 1_000_000);
    assert_eq!(pulled.get(), BYTES_AHEAD.div_ceil(1_000_000));
}

#[test]
fn a_long_text_counts_up_to_where_it_is_cut() {
    let predictor = predictor();
    assert_eq!(predictor.max_length(), 128);
    let [long, longer] = [200, 100_000].map(|count| "good film ".repeat(count));
    let predictions = predictor.predict(&[&long, &longer]).unwrap();
    assert_eq!(predictions[0].scores(), predictions[1].scores());
    let shorter = predictor.with_max_length(64).unwrap().predict(&[&long]).unwrap();
    assert_ne!(shorter[0].scores(), predictions[0].scores());
}

/// The sample's words are one token each: windows cut by hand are texts of their own.
#[test]
fn with_a_stride_a_long_text_has_the_mean_of_its_windows() {
    let words = ["good", "bad", "a", "film", "never", "again", "lovely", "the", "story", "soup"];
    let words: Vec<&str> = (0..40).map(|n| words[(n * n + n / 3) % 10]).collect();
    let predictor = predictor().with_max_length(12).unwrap().with_batch_size(2);
    // 10 words fit, of which 4 are shared: from 0, 6, ..., 30 on.
    let windows: Vec<String> = (0..6).map(|n| words[6 * n..6 * n + 10].join(" ")).collect();
    let separate = predictor.predict(&windows).unwrap();
    let texts = [words.join(" "), "good film".to_owned(), words.join(" ")];
    let alone = predictor.predict(&texts[1..2]).unwrap();
    let cut = predictor.predict(&texts).unwrap();
    let tail = words[30..].join(" ");
    let [tail, as_tail] = [Truncation::LongestFirst, Truncation::Tail].map(|truncation| {
        let predictor = self::predictor().with_max_length(12).unwrap().with_truncation(truncation);
        let text = if truncation == Truncation::Tail { &texts[0] } else { &tail };
        predictor.predict(&[text]).unwrap().remove(0).scores().to_vec()
    });
    assert_eq!(tail, as_tail);

    let predictor = predictor.with_stride(Some(4));
    let pooled = predictor.predict(&texts).unwrap();
    let label = |label: usize| {
        let of_windows = separate.iter().map(|window| window.scores()[label]);
        (of_windows.sum::<f64>() / 6.0, pooled[0].scores()[label])
    };
    for (expected, found) in [label(0), label(1), label(2)] {
        assert!((expected - found).abs() < 1e-6, "{found}, but the mean is {expected}");
    }
    assert!((label(0).1 - cut[0].scores()[0]).abs() > 1e-3, "the mean is that of the first");
    assert_same(&pooled[0], &pooled[2]);
    assert_same(&pooled[1], &alone[0]);
    let error = predictor.with_stride(Some(10)).predict(&["good"]).unwrap_err();
    assert!(error.to_string().contains("stride = 10"), "{error}");
}

/// Every word has a tag, unless the caller asks for a cut.
#[test]
fn tags_of_long_texts_come_from_windows_by_default() {
    let words: Vec<String> =
        ["good", "bad", "a", "film", "never"].repeat(8).iter().map(ToString::to_string).collect();
    let tagged = |predictor: Predictor<TokenClassification>| {
        let examples = [TokenExample::of_words(0, &words), TokenExample::of_text(1, words.join(" "))];
        let answers = predictor.stream(examples.map(Ok::<_, PredictError>));
        answers.collect::<Result<Vec<_>, _>>().unwrap()
    };
    let predictor = || opened::<TokenClassification>(&["O", "B-X", "I-X"]).with_max_length(12).unwrap();
    let whole = tagged(predictor());
    for answer in &whole {
        assert!(!answer.is_cut && answer.words.len() == 40);
        assert!(answer.words.iter().all(|(_, tag)| tag.is_some()), "{:?}", answer.words);
    }
    assert_eq!(whole, tagged(predictor().with_stride(Some(3))));
    for answer in tagged(predictor().with_stride(None)) {
        assert!(answer.is_cut && answer.words.len() == 40);
        assert_eq!(answer.words.iter().filter(|(_, tag)| tag.is_some()).count(), 10);
    }
}

#[test]
fn no_text_and_an_empty_text() {
    let predictor = predictor();
    assert!(predictor.predict::<&str>(&[]).unwrap().is_empty());
    let predictions = predictor.predict(&["", " \n"]).unwrap();
    let sum: f64 = predictions[0].scores().iter().sum();
    assert!((sum - 1.0).abs() < 1e-12, "{sum}");
    assert_eq!(predictions[0].scores(), predictions[1].scores());
}

#[test]
fn the_second_text_of_a_pair_counts() {
    let predictor = predictor();
    let pair = |second: &str| TextExample { text_pair: Some(second.into()), ..example("a good film") };
    let rows: [Result<_, PredictError>; 3] =
        [Ok(example("a good film")), Ok(pair("never again")), Ok(pair("lovely"))];
    let predictions: Vec<LabelledText> = predictor.stream(rows).map(Result::unwrap).collect();
    assert_eq!(predictions[1].text_pair(), Some("never again"));
    let scores: Vec<f64> = predictions.iter().map(LabelledText::score).collect();
    assert!(scores.windows(2).all(|pair| (pair[0] - pair[1]).abs() > 1e-3), "{scores:?}");
}

#[test]
fn the_first_error_comes_after_the_rows_before_it_and_is_the_last() {
    let rows = [Ok(example("good")), Err(DataError::Loader), Ok(example("bad"))];
    let predictor = predictor();
    let mut predictions = predictor.stream(rows);
    assert_eq!(predictions.next().unwrap().unwrap().text(), "good");
    assert!(matches!(predictions.next(), Some(Err(PredictError::Data(_)))));
    assert!(predictions.next().is_none());
}

#[test]
fn more_positions_than_the_model_has_are_refused() {
    let error = predictor().with_max_length(129).unwrap_err();
    assert!(error.to_string().contains("129 is more than the 128 positions"), "{error}");
}
