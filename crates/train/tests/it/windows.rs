//! Texts that are longer than the model's input.

use embert_data::WindowOptions;
use embert_data::tokenize::{EncodeOptions, Tokenizer, Truncation};
use embert_model::{BertConfig, BertForSequenceClassification, SaveDtype, save_pretrained};
use embert_task::{LabelSet, Labels, TextClassification, TextExample};
use embert_train::{DropoutConfig, Evaluation, evaluate_checkpoint};
use serde_json::Value;

use super::*;

/// Words that are one token each.
const WORDS: [&str; 10] = ["good", "bad", "a", "film", "never", "again", "lovely", "the", "story", "soup"];

/// A text of `count` words, whose order depends on `seed`.
fn words(seed: usize, count: usize) -> Vec<&'static str> {
    (0..count).map(|n| WORDS[(n * n * (seed + 3) + n / 7 + seed) % 10]).collect()
}

fn example(id: usize, words: &[&str]) -> TextExample {
    TextExample { id: id as u64, text: words.join(" "), text_pair: None, label: Some(id % 2), document: None }
}

/// A random checkpoint whose probabilities differ from text to text.
fn model(place: &Place) -> PathBuf {
    let folder = place.path("random");
    fs::create_dir(&folder).unwrap();
    let mut config = BertConfig::from_file(&place.path("tiny/config.json")).unwrap();
    config.initializer_range = 0.5;
    let config = config.with_labels(["neg", "pos"]);
    let model = BertForSequenceClassification::from_config(&config, 5, &Device::flex()).unwrap();
    save_pretrained(&model, &config, &folder, SaveDtype::F32).unwrap();
    for file in ["vocab.txt", "tokenizer_config.json"] {
        fs::copy(place.path("tiny").join(file), folder.join(file)).unwrap();
    }
    folder
}

fn options(stride: Option<usize>, truncation: Truncation) -> WindowOptions {
    WindowOptions { encoding: EncodeOptions { max_length: 10, truncation }, stride }
}

fn evaluate(
    model: &Path,
    examples: &[TextExample],
    options: &WindowOptions,
    batch_size: usize,
) -> Evaluation<TextClassification> {
    let labels = Labels::from(LabelSet::new(vec!["neg".to_owned(), "pos".to_owned()], None));
    let mut done = Vec::new();
    let (examples, count) = (examples.to_vec(), examples.len());
    let evaluation = evaluate_checkpoint::<TextClassification>(
        model,
        examples,
        &labels,
        options,
        batch_size,
        &Device::flex(),
        |n| done.push(n),
    );
    assert!(done.is_sorted() && done.last() == Some(&count), "{done:?} of {count}");
    evaluation.unwrap()
}

fn probabilities(evaluation: &Evaluation<TextClassification>) -> Vec<&[f64]> {
    evaluation.examples.iter().map(|(_, scored)| scored.scores()).collect()
}

#[test]
fn texts_that_fit_are_evaluated_as_without_a_stride() {
    let place = Place::new();
    let model = model(&place);
    let examples: Vec<TextExample> = (0..30).map(|id| example(id, &words(id, 1 + id % 8))).collect();
    let [without, with] =
        [None, Some(3)].map(|stride| evaluate(&model, &examples, &options(stride, Truncation::Head), 4));
    assert_eq!(with.report, without.report);
    assert_eq!(with.examples, without.examples);
}

/// The windows are cut out of the words here, each evaluated as a text of its own.
#[test]
fn a_long_texts_prediction_is_the_mean_of_its_windows() {
    let place = Place::new();
    let model = model(&place);
    // 8 words fit beside [CLS] and [SEP]; 3 of them overlap with the previous window.
    let (room, stride) = (8, 3);
    let texts: Vec<Vec<&str>> = (0..12).map(|id| words(id, [5, 8, 9, 30, 101][id % 5])).collect();
    let examples: Vec<TextExample> = texts.iter().enumerate().map(|(id, words)| example(id, words)).collect();
    for truncation in [Truncation::Head, Truncation::Tail] {
        let pieces: Vec<Vec<Vec<&str>>> = texts
            .iter()
            .map(|words| {
                let mut words = words.clone();
                let from_the_end = truncation == Truncation::Tail;
                if from_the_end {
                    words.reverse();
                }
                let count = words.len().saturating_sub(room).div_ceil(room - stride) + 1;
                let piece = |n: usize| {
                    let from = n * (room - stride);
                    let mut piece = words[from..words.len().min(from + room)].to_vec();
                    if from_the_end {
                        piece.reverse();
                    }
                    piece
                };
                (0..count).map(piece).collect()
            })
            .collect();
        assert!(pieces[4].len() == 20 && pieces[2].len() == 2 && pieces[1].len() == 1, "{pieces:?}");
        let separate: Vec<TextExample> =
            pieces.iter().flatten().enumerate().map(|(id, words)| example(id, words)).collect();
        let separate = evaluate(&model, &separate, &options(None, truncation), 1);
        let mut separate = probabilities(&separate).into_iter();
        let mut spread: f64 = 0.0;
        let expected: Vec<f64> = pieces
            .iter()
            .map(|pieces| {
                let of_pieces: Vec<f64> = separate.by_ref().take(pieces.len()).map(|p| p[1]).collect();
                let mean = of_pieces.iter().sum::<f64>() / pieces.len() as f64;
                spread = of_pieces.iter().fold(spread, |spread, p| spread.max((p - mean).abs()));
                mean
            })
            .collect();
        // Otherwise any window would have the mean.
        assert!(spread > 0.02, "{spread}");

        let mut largest: f64 = 0.0;
        // The windows of a text lie in one batch, in several, or each in its own.
        for batch_size in [1, 3, 64] {
            let found = evaluate(&model, &examples, &options(Some(stride), truncation), batch_size);
            assert_eq!(found.report.examples, 12);
            for (scored, expected) in probabilities(&found).into_iter().zip(&expected) {
                largest = largest.max((scored[1] - expected).abs()).max((scored[0] - 1.0 + expected).abs());
            }
            let loss = (0..12).map(|id| if id % 2 == 1 { expected[id] } else { 1.0 - expected[id] });
            let loss = -loss.map(f64::ln).sum::<f64>() / 12.0;
            assert!((found.report.loss - loss).abs() < 1e-5, "{} against {loss}", found.report.loss);
            let right = (0..12).filter(|&id| (expected[id] > 0.5) == (id % 2 == 1)).count();
            assert!((found.report.accuracy - right as f64 / 12.0).abs() < 1e-12);
        }
        // The same f32 sums in another order where batches are padded.
        assert!(largest < 1e-6, "{largest}");
        println!("{truncation}: pooled and by hand differ by {largest:e} at most");
    }
}

#[test]
fn a_run_evaluates_whole_texts_and_trains_on_cut_ones() {
    let place = Place::new();
    let line = |id: usize| {
        let label = ["neg", "pos"][id % 2];
        serde_json::json!({"text": words(id, 20 + 40 * (id % 3)).join(" "), "label": label}).to_string()
            + "\n"
    };
    for split in ["train", "validation", "test"] {
        fs::write(
            place.path("reviews").join(format!("{split}.jsonl")),
            (0..24).map(line).collect::<String>(),
        )
        .unwrap();
    }
    let mut config = place.config();
    config.data.max_length = 26;
    config.data.stride = Some(6);
    config.data.truncation = Truncation::HeadTail(8);
    config.evaluate_test = true;
    let (outcome, events) = place.train("run", &config).unwrap();
    complete(outcome);
    for event in events {
        match event {
            Event::Start(start) => assert_eq!((start.train_examples, start.validation_examples), (24, 24)),
            Event::Eval(eval) => assert_eq!(eval.examples, 24),
            Event::EvalProgress { done, total, .. } => assert!(done <= total && total == 24),
            Event::TrainStep(step) => assert!(step.tokens <= step.examples * 26),
            _ => {}
        }
    }
    let lines = String::from_utf8(place.bytes("run/examples.jsonl")).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 48);
    for (n, line) in lines.iter().enumerate() {
        // Rows are numbered on from the training split's.
        assert_eq!((&line["id"], &line["tokens"]), (&(24 + n).into(), &(22 + 40 * (n % 3)).into()));
    }
    let facts: Value = serde_json::from_slice(&place.bytes("run/facts.json")).unwrap();
    let lengths = &facts["lengths"];
    assert_eq!((&lengths["truncated"], &lengths["uncut"]["longest"]), (&16.into(), &102.into()));
    // Bins of width 2 up to 102; the texts have 22, 62 and 102 tokens.
    assert_eq!(lengths["uncut"]["bin_width"], 2);
    let bins: Vec<u64> =
        lengths["uncut"]["counts"].as_array().unwrap().iter().filter_map(Value::as_u64).collect();
    assert_eq!((bins.len(), bins[10], bins[30], bins[50], bins.iter().sum::<u64>()), (51, 8, 8, 8, 24));
}

/// The cache holds windows, not texts.
#[test]
fn windows_are_pooled_the_same_from_the_cache_of_what_is_frozen() {
    let place = Place::new();
    let mut config = TrainConfig { freeze: "all_but_head".parse().unwrap(), ..place.config() };
    config.dropout = DropoutConfig { hidden: Some(0.0), attention: Some(0.0), classifier: Some(0.0) };
    (config.data.max_length, config.data.stride) = (12, Some(4));
    let said = |run: &str, cache_frozen| -> Vec<Value> {
        place.train(run, &TrainConfig { cache_frozen, ..config.clone() }).unwrap();
        let lines = String::from_utf8(place.bytes(&format!("{run}/examples.jsonl"))).unwrap();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let (plain, cached) = (said("plain", false), said("cached", true));
    assert!(plain.len() == 20 && plain.iter().filter(|line| line["tokens"].as_u64() > Some(12)).count() > 10);
    for (one, other) in plain.iter().zip(&cached) {
        assert_eq!((&one["id"], &one["tokens"]), (&other["id"], &other["tokens"]));
        // The same f32 sums, of batches that are composed and padded differently.
        let [a, b] = [one, other].map(|line| line["probabilities"][0].as_f64().unwrap());
        assert!((a - b).abs() < 1e-6, "{a} and {b}");
    }
}

/// Truncation at another place changes both evaluation and training.
#[test]
fn what_is_kept_of_a_text_decides_what_is_learnt() {
    let place = Place::new();
    let model = model(&place);
    let tokenizer = Tokenizer::from_folder(&model).unwrap();
    let long: Vec<TextExample> = (0..6).map(|id| example(id, &words(id, 40))).collect();
    let of = |truncation| evaluate(&model, &long, &options(None, truncation), 4);
    let kept = |id: usize, first: usize, last: usize| {
        let words = words(id, 40);
        example(id, &[&words[..first], &words[40 - last..]].concat())
    };
    for (truncation, (first, last)) in
        [(Truncation::Head, (8, 0)), (Truncation::Tail, (0, 8)), (Truncation::HeadTail(3), (3, 5))]
    {
        let short: Vec<TextExample> = (0..6).map(|id| kept(id, first, last)).collect();
        assert_eq!(
            tokenizer
                .encode(&short[0].text, None, &options(None, truncation).encoding)
                .unwrap()
                .untruncated_length,
            10
        );
        let short = evaluate(&model, &short, &options(None, Truncation::Head), 4);
        assert_eq!(probabilities(&of(truncation)), probabilities(&short), "{truncation}");
    }

    let mut config = place.config();
    config.data.max_length = 12;
    let weights = |run: &str, truncation| {
        let mut config = config.clone();
        config.data.truncation = truncation;
        place.train(run, &config).unwrap();
        place.bytes(&format!("{run}/model/model.safetensors"))
    };
    let head = weights("head", Truncation::Head);
    assert!(head == weights("longest", Truncation::LongestFirst), "head is another name for longest_first");
    assert!(head != weights("tail", Truncation::Tail), "training doesn't cut as it was told");
}
