use std::ops::Range;

use embert_data::tokenize::Encoding;

use super::super::*;
use super::{load, strings};
use crate::{ClassWeightRule, ClassWeights, Target as _};

const LABELS: [&str; 5] = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"];

fn task() -> TokenClassification {
    TokenClassification::new(strings(&LABELS))
}

fn example(id: u64, words: &[(&str, usize)]) -> TokenExample {
    let texts: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let tags = Tags::OfWords(words.iter().map(|(_, tag)| *tag).collect());
    TokenExample { tags, ..TokenExample::of_words(id, &texts) }
}

/// A prediction of one token a word: `probabilities` of each.
fn prediction(example: &TokenExample, probabilities: &[[f32; 5]]) -> TokenPrediction {
    let words = example.word_characters().unwrap();
    let token = |(index, word): (usize, Range<usize>)| alignment::AlignedToken {
        index: index + 1,
        word: u32::try_from(index).unwrap(),
        number: 0,
        piece: example.text[example.words.as_ref().unwrap()[index].clone()].into(),
        characters: word,
        is_subword: false,
    };
    let tokens: Arc<[_]> = words.into_iter().enumerate().take(probabilities.len()).map(token).collect();
    let part = TokenPart {
        alignment: TokenAlignment { is_part: tokens.len() < example.words.as_ref().unwrap().len(), tokens },
        probabilities: probabilities.iter().flatten().map(|value| f64::from(*value)).collect(),
    };
    TokenPrediction::join(&[part], LABELS.len())
}

/// Sure of one label: half of the probability, the rest on all.
fn sure(label: usize) -> [f32; 5] {
    std::array::from_fn(|index| if index == label { 0.6 } else { 0.1 })
}

#[test]
fn labels_are_counted_by_words_also_those_of_spans() {
    let span = |start, end, begin| TagSpan { start, end, begin, inside: begin + 1 };
    let text = TokenExample::of_text(2, "Ms Okafor in Lagos".into());
    let examples = [
        example(0, &[("Ms", 1), ("Okafor", 2), ("flew", 0)]),
        TokenExample {
            tags: Tags::Spans { spans: vec![span(0, 9, 1), span(13, 18, 3)], outside: 0 },
            ..text.clone()
        },
        text,
    ];
    assert_eq!(TokenClassification::count_labels(5, &examples), [2, 2, 2, 1, 0]);
    let labelled = examples.each_ref().map(TokenClassification::is_labelled);
    assert_eq!(labelled, [true, true, false]);
    let tags = load(&[("train.conll", "a O\nb B-X\n")], "").unwrap().labels;
    let strata = examples.each_ref().map(|example| TokenClassification::strata(&tags, example));
    assert_eq!(strata, [vec![0, 1, 2], vec![1, 3], vec![]].map(Strata::Many));
}

#[test]
fn class_weights_are_of_labelled_tokens_and_other_weights_are_refused() {
    let target = |labels: &[Option<usize>]| TokenTarget(labels.to_vec());
    let feature = |target| embert_data::EncodedFeature::new(0, Encoding::default(), target);
    let train = EncodedDataset::new(vec![
        feature(target(&[None, Some(0), Some(0), None])),
        feature(target(&[None, Some(0), Some(1), Some(3), None])),
    ]);
    let balanced = LossSettings {
        class_weights: ClassWeights::Rule(ClassWeightRule::Balanced),
        ..LossSettings::default()
    };
    let task = task().with_loss(&balanced, &train).unwrap();
    // 5 tokens over 5 labels and the label's tokens.
    assert_eq!(task.loss.class_weights(), [1.0 / 3.0, 1.0, 1.0, 1.0, 1.0]);
    let targets: Vec<TokenTarget> = train.features().iter().map(|feature| feature.target.clone()).collect();
    assert!((task.weight(&targets) - 3.0).abs() < 1e-6);
    let positive = LossSettings { pos_weight: ClassWeights::Given(vec![2.0]), ..LossSettings::default() };
    let message = task.with_loss(&positive, &train).unwrap_err().to_string();
    assert!(
        message.starts_with("pos_weight = [2.0]: expected none") && message.contains("class_weights"),
        "{message}"
    );
}

/// `I-` after `B-` where all tokens of a word are labelled, and no target without tags.
#[test]
fn an_example_without_tags_has_no_target() {
    let example = TokenExample::of_words(3, &["a"]);
    let error = task().target(&example, &Encoding::default()).unwrap_err();
    assert!(matches!(error, TaskError::Unlabelled { id: 3 }));
    let mut scorer = task().scorer().unwrap();
    let error = scorer.add(&example, &prediction(&example, &[sure(1)])).unwrap_err();
    assert!(matches!(error, TaskError::Unlabelled { id: 3 }));
    let bytes = TokenTarget(vec![None, Some(2)]).to_bytes();
    assert_eq!(bytes, [[255; 8], [2, 0, 0, 0, 0, 0, 0, 0]].concat());
}

#[test]
fn words_beyond_the_cut_count_as_outside_of_entities() {
    let task = task();
    let example = example(0, &[("Ms", 1), ("Okafor", 2), ("saw", 0), ("Lagos", 3)]);
    // The model has read two words.
    let prediction = prediction(&example, &[sure(1), sure(2)]);
    let mut scorer = task.scorer().unwrap();
    scorer.add(&example, &prediction).unwrap();
    let metrics = task.logged(&scorer.finish());
    assert_eq!([metrics.get("precision"), metrics.get("recall")], [Some(1.0), Some(0.5)]);
    assert_eq!(metrics.get("accuracy"), Some(0.75));
    let record = task.record("test", &example, &prediction, 4);
    assert_eq!((record.words, record.tokens, record.text.as_str()), (4, 4, "Ms Okafor saw Lagos"));
    let spans: Vec<_> = record
        .entities
        .iter()
        .map(|entity| (entity.entity_group.as_str(), entity.start, entity.end))
        .collect();
    assert_eq!(spans, [("PER", 0, 9), ("LOC", 14, 19)]);
    let found: Vec<_> = record
        .predicted
        .iter()
        .map(|entity| (entity.entity_group.as_str(), entity.start, entity.end))
        .collect();
    assert_eq!(found, [("PER", 0, 9)]);
    assert!((record.predicted[0].score - 0.6).abs() < 1e-6);
    let answer = task.answer(example, prediction);
    assert!(answer.is_cut);
    // No model gave the others a tag.
    let words: Vec<_> = answer.words.iter().map(|(word, tag)| (word.as_str(), tag.as_deref())).collect();
    assert_eq!(words, [("Ms", Some("B-PER")), ("Okafor", Some("I-PER")), ("saw", None), ("Lagos", None)]);
}

/// The loss is that of the words which have been read.
#[test]
fn words_beyond_the_cut_make_the_loss_no_smaller() {
    let task = task();
    let words = [("Ms", 1), ("Okafor", 2), ("saw", 0), ("Lagos", 3)];
    let loss = |rows: &[[f32; 5]]| {
        let example = example(0, &words);
        let mut scorer = task.scorer().unwrap();
        scorer.add(&example, &prediction(&example, rows)).unwrap();
        task.logged(&scorer.finish()).get("loss").unwrap()
    };
    let of_two = loss(&[sure(1), sure(2)]);
    assert!((of_two - loss(&[sure(1), sure(2), sure(0), sure(3)])).abs() < 1e-12, "{of_two}");
    assert!((of_two + f64::from(0.6_f32).ln()).abs() < 1e-12, "{of_two}");
}

/// Label 0 of a head without `O` is no tag for words that were cut off.
#[test]
fn a_head_without_outside_says_nothing_of_words_beyond_the_cut() {
    let task = TokenClassification::new(strings(&["B-PER", "I-PER", "B-LOC", "I-LOC", "B-ORG"]));
    let example = example(7, &[("Ms", 0), ("Okafor", 1), ("Lagos", 2)]);
    let cut = prediction(&example, &[sure(0), sure(1)]);
    let error = task.scorer().unwrap().add(&example, &cut).unwrap_err().to_string();
    assert!(error.starts_with("row 7 ") && error.contains("none of the model's labels is O"), "{error}");
    let answer = task.answer(example.clone(), cut);
    assert_eq!(answer.words.last().unwrap(), &("Lagos".to_owned(), None));
    let whole = prediction(&example, &[sure(0), sure(1), sure(2)]);
    let mut scorer = task.scorer().unwrap();
    scorer.add(&example, &whole).unwrap();
    assert_eq!(task.logged(&scorer.finish()).get("f1"), Some(1.0));
}

#[test]
fn scorers_of_parts_add_up_to_one_of_all() {
    let task = task();
    let cases = [
        (example(0, &[("Ms", 1), ("Okafor", 2), ("flew", 0)]), vec![sure(1), sure(2), sure(3)]),
        (example(1, &[("Lagos", 3), ("Kyoto", 3)]), vec![sure(3), sure(1)]),
        (example(2, &[("a", 0)]), vec![sure(0)]),
    ];
    let mut all = task.scorer().unwrap();
    let mut parts: Vec<TokenScorer> = Vec::new();
    for (example, rows) in &cases {
        let prediction = prediction(example, rows);
        all.add(example, &prediction).unwrap();
        let mut part = task.scorer().unwrap();
        part.add(example, &prediction).unwrap();
        parts.push(part);
    }
    let mut merged = parts.remove(1);
    for part in parts {
        merged.merge(part).unwrap();
    }
    // The loss is a sum of floats: in another order it differs in the last places.
    for (one, other) in task.scores(&all.finish()).0.iter().zip(task.scores(&merged.finish()).0.iter()) {
        assert!(one.0 == other.0 && (one.1 - other.1).abs() < 1e-12, "{one:?} {other:?}");
    }
    assert_eq!(task.scores(&all.finish()).1, task.scores(&merged.finish()).1);
    let metrics = task.logged(&all.finish());
    // Two of four found entities are right, and two of three true ones are found.
    assert!((metrics.get("f1").unwrap() - 4.0 / 7.0).abs() < 1e-12);
}

#[test]
fn the_baseline_gives_each_word_its_most_frequent_tag() {
    let train = [
        example(0, &[("Ann", 1), ("saw", 0), ("Lagos", 3)]),
        example(1, &[("Ann", 1), ("in", 0), ("Lagos", 0)]),
        example(2, &[("Lagos", 3)]),
    ];
    let test = [example(3, &[("Ann", 1), ("loves", 0), ("Lagos", 3), ("Kyoto", 3)])];
    assert!(task().baselines(&test).unwrap().is_empty());
    let found = task().with_baselines(&train).baselines(&test).unwrap();
    assert_eq!(found.len(), 1);
    let metrics = &found[0].metrics;
    assert_eq!([metrics.get("precision"), metrics.get("recall")], [Some(1.0), Some(2.0 / 3.0)]);
    assert_eq!((metrics.get("accuracy"), metrics.get("loss")), (Some(0.75), None));
}
