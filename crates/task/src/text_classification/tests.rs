use embert_model::BertConfig;

use super::*;
use crate::{ClassWeights, LabelSet};

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn example(id: u64, label: Option<usize>) -> TextExample {
    TextExample { id, text: "a text".into(), text_pair: None, label, document: None }
}

fn fit(
    labels: &[&str],
    positive: Option<&str>,
    checkpoint: &[&str],
) -> Result<TextClassification, TaskError> {
    let config = BertConfig::default().with_labels(checkpoint.iter().copied());
    TextClassification::fit(
        &Labels::from(LabelSet::new(strings(labels), positive)),
        &config,
        Path::new("model"),
    )
}

#[test]
fn labels_have_the_numbers_of_the_heads_outputs() {
    let task = fit(&["neg", "pos"], Some("neg"), &["pos", "neg"]).unwrap();
    assert_eq!(task.labels(), ["pos", "neg"]);
    assert_eq!(task.positive(), Some("neg"));
    assert_eq!(
        [Some(0), Some(1), None].map(|label| task.align_label(example(0, label)).label),
        [Some(1), Some(0), None]
    );
    assert_eq!(task.pairing(), None);
    assert!(fit(&["neg", "pos"], None, &["no", "yes"]).is_err());
}

#[test]
fn labels_without_names_get_the_data_sets_and_the_pairing_is_said() {
    let task = fit(&["neg", "pos"], None, &["LABEL_0", "LABEL_1"]).unwrap();
    assert_eq!(task.labels(), ["neg", "pos"]);
    assert!(task.pairing().unwrap().contains("LABEL_0 = neg"));
    assert_eq!(task.align_label(example(0, Some(1))).label, Some(1));
}

#[test]
fn an_examples_prediction_is_the_mean_over_its_windows() {
    let task = TextClassification::new(strings(&["neg", "pos", "mixed"]));
    let parts: Vec<ClassScores> =
        [[0.0, 0.0, 0.0], [0.0, 1e9, 0.0]].iter().map(|row| task.decode(&(), row)).collect();
    let prediction = task.join(&example(0, None), parts);
    assert_eq!(prediction.scores(), [1.0 / 6.0, 4.0 / 6.0, 1.0 / 6.0]);
    assert_eq!(prediction.label_id(), 1);
}

/// An example's loss is the joined prediction's: -ln 0.75 and -ln 0.25 here.
#[test]
fn a_scorer_counts_each_example_once_and_refuses_what_has_no_label() {
    let task = TextClassification::new(strings(&["neg", "pos"]));
    let mut scorer = task.scorer().unwrap();
    let prediction = ClassScores::new(vec![0.25, 0.75]);
    scorer.add(&example(0, Some(1)), &prediction).unwrap();
    let mut other = task.scorer().unwrap();
    other.add(&example(1, Some(0)), &prediction).unwrap();
    scorer.merge(other).unwrap();
    let report = scorer.finish();
    let logged = task.logged(&report);
    assert_eq!(logged.get(Metric::Accuracy.name()), Some(0.5));
    assert!((logged.get(Metric::Loss.name()).unwrap() - 0.836_988).abs() < 1e-6);
    let names: Vec<&str> = logged.iter().map(|(name, _)| name).collect();
    assert_eq!(names, task.logged_metrics());
    let (metrics, detail) = task.scores(&report);
    assert_eq!(metrics.iter().len(), task.metrics().len());
    assert_eq!(detail.confusion_matrix, [[0, 1], [0, 1]]);
    assert!(scorer.add(&example(7, None), &prediction).unwrap_err().to_string().contains('7'));
}

#[test]
fn class_weights_are_one_a_label() {
    let features = EncodedDataset::new(Vec::new());
    let with = |weights: &[f64]| {
        let class_weights = ClassWeights::Given(weights.to_vec());
        let settings = LossSettings { class_weights, ..LossSettings::default() };
        TextClassification::new(strings(&["neg", "pos"])).with_loss(&settings, &features)
    };
    assert_eq!(with(&[0.5, 2.0]).unwrap().class_weights(), [0.5, 2.0]);
    assert!((with(&[0.5, 2.0]).unwrap().weight(&[0, 1, 1]) - 4.5).abs() < 1e-12);
    let error = with(&[1.0, 2.0, 3.0]).unwrap_err().to_string();
    assert_eq!(error, "class_weights = [1.0, 2.0, 3.0]: expected 2 numbers, one for each of neg, pos");
}

#[test]
fn the_names_are_those_of_cards_and_of_the_metrics() {
    assert_eq!(TextClassification::NAME, embert_data::TaskName::TextClassification.to_string());
    let task = TextClassification::new(strings(&["neg", "pos"]));
    assert!(task.metrics().iter().any(|metric| metric.name == TextClassification::METRIC));
}
