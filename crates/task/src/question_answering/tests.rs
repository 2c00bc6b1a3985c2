use std::path::Path;

use embert_data::tokenize::{EncodeOptions, Encoding, Tokenizer, Truncation};
use embert_data::{AnswerSpan, EncodedDataset, Question, Strata, Texts as _, WindowOptions};
use embert_model::BertConfig;
use embert_run::Thresholds;

use super::*;
use crate::tests::DataFolder;
use crate::{
    ClassWeightRule, ClassWeights, Inputs, LabelOptions, LossSettings, Scorer as _, Task, TaskData,
    TaskError, encode_aligned,
};

type Data = TaskData<QuestionAnswering>;

const CONTEXT: &str = "Ms Okafor flew from Lagos to Kyoto.";

/// A line of JSON with a question about [`CONTEXT`]; `answers` are texts with their places.
fn line(id: &str, question: &str, answers: &[(&str, usize)]) -> String {
    let texts: Vec<&str> = answers.iter().map(|(text, _)| *text).collect();
    let starts: Vec<usize> = answers.iter().map(|(_, start)| *start).collect();
    let answers = serde_json::json!({"text": texts, "answer_start": starts});
    let row = serde_json::json!({"id": id, "question": question, "context": CONTEXT, "answers": answers});
    format!("{row}\n")
}

fn load(files: &[(&str, &str)]) -> Result<Data, String> {
    DataFolder::new(files).load("")
}

fn example(id: u64, answers: Option<&[(&str, usize)]>) -> QuestionExample {
    let of = |(text, start): &(&str, usize)| AnswerSpan { text: (*text).to_owned(), start: *start };
    let question = Question {
        id: Some(format!("q{id}")),
        question: "Who flew?".to_owned(),
        context: CONTEXT.to_owned(),
        answers: answers.map(|answers| answers.iter().map(of).collect()),
    };
    QuestionExample { id, question, document: None }
}

#[test]
fn questions_of_json_lines_load() {
    let train = line("a", "Who flew?", &[("Okafor", 3), ("Ms Okafor", 0)])
        + &line("b", "Where to?", &[("Kyoto", 29)]);
    let data = load(&[("train.jsonl", &train)]).unwrap();
    let [first, second] = data.splits.train.as_slice() else { panic!("{:?}", data.splits.train) };
    assert_eq!((first.key().as_str(), first.text(), first.text_pair()), ("a", "Who flew?", Some(CONTEXT)));
    assert_eq!(first.first_answer().unwrap().characters(), 3..9);
    assert_eq!(second.name().as_deref(), Some("question \"b\""));
    assert!(!data.labels.has_unanswerable());
    let note = "1 of 2 training questions have several answers: training wants the first one";
    assert!(data.notes.iter().any(|found| found == note), "{:?}", data.notes);
    assert_eq!(QuestionAnswering::inputs(&data.splits.train), Inputs::Questions);
}

#[test]
fn questions_of_a_context_stay_in_one_split_and_those_without_an_answer_are_spread() {
    let data =
        load(&[("train.jsonl", &(line("a", "Who?", &[]) + &line("b", "Where?", &[("Lagos", 20)])))]).unwrap();
    assert!(data.labels.has_unanswerable());
    let [none, one] = data.splits.train.as_slice() else { panic!("{:?}", data.splits.train) };
    assert_eq!(QuestionAnswering::keys(none), QuestionAnswering::keys(one));
    let strata = [none, one].map(|example| QuestionAnswering::strata(&data.labels, example));
    assert_eq!(strata, [Strata::One(1), Strata::One(0)]);
    let note = "1 of 2 questions of the training split have no answer";
    assert!(data.notes.iter().any(|found| found == note), "{:?}", data.notes);
    let of_document = QuestionExample { document: Some("book".to_owned()), ..none.clone() };
    assert!(QuestionAnswering::keys(&of_document).contains(&"book".into()));
}

#[test]
fn an_id_that_another_question_of_the_split_has_is_refused() {
    let (one, other) = (line("a", "Who?", &[("Okafor", 3)]), line("a", "Where to?", &[("Kyoto", 29)]));
    let third = line("c", "Where from?", &[("Lagos", 20)]);
    let error = load(&[("train.jsonl", &(one.clone() + &other))]).unwrap_err();
    let expected =
        "train.jsonl, line 2: question \"a\": the question at train.jsonl, line 1 has the same identifier";
    assert!(error.starts_with(expected), "{error}");
    // Another split has files of predictions of its own.
    assert_eq!(load(&[("train.jsonl", &one), ("test.jsonl", &other)]).unwrap().splits.test.len(), 1);
    let folder = DataFolder::new(&[("train.jsonl", &(one + &other + &third))]);
    let data = folder.load_with::<QuestionAnswering>("", true, LabelOptions::default()).unwrap();
    assert_eq!((data.splits.train.len(), data.facts.skipped), (2, 1));
}

#[test]
fn an_answer_that_is_not_where_it_says_is_named_with_file_and_question() {
    let good = line("a", "Who?", &[("Okafor", 3)]);
    let error =
        load(&[("train.jsonl", &(good.clone() + &line("b9", "Who?", &[("Okafor", 4)])))]).unwrap_err();
    assert!(error.starts_with("train.jsonl, line 2: ") && error.contains("b9"), "{error}");
    let folder = DataFolder::new(&[("train.jsonl", &(good + &line("b9", "Who?", &[("Okafor", 4)])))]);
    let data = folder.load_with::<QuestionAnswering>("", true, LabelOptions::default()).unwrap();
    assert_eq!((data.splits.train.len(), data.facts.skipped), (1, 1));
}

#[test]
fn questions_without_answers_are_to_be_predicted() {
    let row = "{\"question\": \"Who?\", \"context\": \"Ann.\"}\n";
    let error = load(&[("train.jsonl", row)]).unwrap_err();
    assert!(error.contains("answers"), "{error}");
    let data = load(&[("train.jsonl", &line("a", "Who?", &[("Okafor", 3)])), ("test.jsonl", row)]).unwrap();
    assert!(data.splits.test.is_empty() && data.unlabelled.len() == 1, "{:?}", data.unlabelled);
}

#[test]
fn settings_of_classes_are_refused() {
    let train = EncodedDataset::default();
    let plain = LossSettings::default();
    for (settings, part) in [
        (
            LossSettings { class_weights: ClassWeights::Rule(ClassWeightRule::Balanced), ..plain.clone() },
            "class_weights",
        ),
        (LossSettings { label_smoothing: 0.1, ..plain.clone() }, "label_smoothing"),
    ] {
        let error = QuestionAnswering::new(false).with_loss(&settings, &train).unwrap_err().to_string();
        assert!(error.starts_with(part) && error.contains("tokens"), "{error}");
    }
    assert!(QuestionAnswering::new(false).with_loss(&plain, &train).is_ok());
    let options = LabelOptions { widen_spans: true, ..LabelOptions::default() };
    let folder = DataFolder::new(&[("train.jsonl", &line("a", "Who?", &[("Okafor", 3)]))]);
    let error = folder.load_with::<QuestionAnswering>("", false, options).unwrap_err();
    assert!(error.starts_with("data.widen_spans"), "{error}");
}

fn tokenizer() -> Tokenizer {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/tokenizer");
    Tokenizer::from_folder(Path::new(folder)).unwrap()
}

/// Windows with their targets: the answer is in one of them, `[CLS]` is wanted in the other.
#[test]
fn each_window_has_its_own_target_and_the_loss_is_their_mean() {
    let context = "the film was not bad";
    let question = Question {
        id: None,
        question: " is it good".to_owned(),
        context: context.to_owned(),
        answers: Some(vec![AnswerSpan { text: "not bad".to_owned(), start: 13 }]),
    };
    let example = QuestionExample { id: 5, question, document: None };
    let task = QuestionAnswering::new(false);
    let encoding = EncodeOptions { max_length: 9, truncation: QuestionAnswering::TRUNCATION.unwrap() };
    let options = WindowOptions { encoding, stride: Some(1) };
    let examples = std::slice::from_ref(&example);
    let (encoded, alignments) = encode_aligned(&task, examples, &tokenizer(), &options).unwrap();
    let targets: Vec<SpanTarget> = encoded.features().iter().map(|feature| feature.target).collect();
    assert_eq!(targets, [SpanTarget::NONE, SpanTarget { start: 6, end: 7 }]);
    assert!(alignments.iter().map(|alignment| alignment.target).eq(targets.iter().copied().map(Some)));
    let mut logits = vec![[0.0_f32; 18], [0.0; 18]];
    (logits[1][12], logits[1][15]) = (4.0, 3.0);
    let lengths: Vec<usize> = encoded.features().iter().map(|feature| feature.ids.len()).collect();
    let parts = alignments.iter().zip(&logits).zip(&lengths);
    let parts: Vec<_> =
        parts.map(|((alignment, logits), length)| task.decode(alignment, &logits[..2 * length])).collect();
    let prediction = task.join(&example, parts);
    assert_eq!(prediction.answers.answer().text, "not bad");
    // A uniform window of 9 tokens; one of which a logit stands out at each end.
    let end = |tokens: usize, logit: f64| ((tokens - 1) as f64 + logit.exp()).ln() - logit;
    let other = f64::midpoint(end(lengths[1], 4.0), end(lengths[1], 3.0));
    let expected = f64::midpoint(end(lengths[0], 0.0), other);
    assert!((prediction.loss.unwrap() - expected).abs() < 1e-6, "{prediction:?} against {expected}");
    assert_eq!(task.weight(&targets).to_bits(), 2.0_f64.to_bits());
}

#[test]
fn an_example_to_predict_has_answers_but_no_loss() {
    let (task, unknown) = (QuestionAnswering::new(false), example(3, None));
    let options = EncodeOptions { max_length: 64, truncation: Truncation::OnlySecond };
    let encoding = tokenizer().encode(unknown.text(), unknown.text_pair(), &options).unwrap();
    let error = task.target(&unknown, &encoding).unwrap_err();
    assert!(matches!(error, TaskError::Unlabelled { id: 3 }), "{error}");
    let alignment = task.alignment(&unknown, &encoding, &tokenizer());
    let part = task.decode(&alignment, &vec![0.5; 2 * encoding.len()]);
    let prediction = task.join(&unknown, vec![part]);
    assert_eq!((prediction.loss, prediction.answers.null_odds()), (None, None));
    let error = task.scorer().unwrap().add(&unknown, &prediction).unwrap_err();
    assert!(matches!(error, TaskError::Unlabelled { id: 3 }), "{error}");
    assert!(!QuestionAnswering::is_labelled(&unknown));
}

/// `[CLS] who [SEP] Okafor Lagos [SEP]`, the two words being at their places in [`CONTEXT`].
fn encoding() -> Encoding {
    let none = (None, (0, 0));
    let tokens = [none, (Some(0), (0, 3)), none, (Some(1), (3, 9)), (Some(1), (20, 25)), none];
    let (sequence_ids, offsets) = tokens.into_iter().unzip();
    Encoding { sequence_ids, offsets, ..Encoding::default() }
}

/// The prediction of `example` where both ends of `Okafor` have the logit `okafor`, both of `[CLS]` `none`.
fn predicted(
    task: &QuestionAnswering,
    example: &QuestionExample,
    none: f32,
    okafor: f32,
) -> QuestionPrediction {
    let logits = [none, none, -9.0, -9.0, -9.0, -9.0, okafor, okafor, -5.0, -5.0, -9.0, -9.0];
    let alignment = task.alignment(example, &encoding(), &tokenizer());
    task.join(example, vec![task.decode(&alignment, &logits)])
}

/// The null odds are twice the difference of the logits: 4, -2 and 2.
fn with_unanswerable(task: &QuestionAnswering) -> (Vec<QuestionExample>, Vec<QuestionPrediction>) {
    let examples =
        vec![example(0, Some(&[])), example(1, Some(&[("Okafor", 3)])), example(2, Some(&[("Okafor", 3)]))];
    let logits = [(3.0, 1.0), (1.0, 2.0), (2.0, 1.0)];
    let predictions =
        examples.iter().zip(logits).map(|(example, (none, okafor))| predicted(task, example, none, okafor));
    let predictions = predictions.collect();
    (examples, predictions)
}

#[test]
fn the_null_threshold_is_fitted_kept_and_used() {
    let task = QuestionAnswering::new(true);
    let (examples, predictions) = with_unanswerable(&task);
    let scored = |task: &QuestionAnswering| {
        let mut scorer = task.scorer().unwrap();
        examples.iter().zip(&predictions).for_each(|(example, one)| scorer.add(example, one).unwrap());
        scorer.finish()
    };
    let outcome = scored(&task);
    // The third question is not answered at the threshold 0.
    assert_eq!((outcome.report.f1, outcome.at_threshold), (2.0 / 3.0, None));
    let fitted = task.fit_thresholds(&examples, &predictions).unwrap();
    let threshold = fitted.null_threshold();
    assert!((threshold - 2.0).abs() < 1e-6, "{threshold}");
    let outcome = scored(&fitted);
    let at_threshold = outcome.at_threshold.unwrap();
    assert_eq!((outcome.report.f1, at_threshold.f1, at_threshold.no_ans_f1), (2.0 / 3.0, 1.0, Some(1.0)));
    let (metrics, detail) = fitted.scores(&scored(&fitted));
    assert_eq!((metrics.get("f1"), detail.at_thresholds.get("f1")), (Some(2.0 / 3.0), Some(1.0)));
    assert_eq!((detail.thresholds, detail.at_thresholds.get("best_f1")), (vec![threshold], None));

    // In the folder, and from there.
    let folder = tempfile::tempdir().unwrap();
    let config = BertConfig::default();
    assert!(!QuestionAnswering::of_checkpoint(&config, folder.path()).unwrap().with_null());
    let text = serde_json::to_string(&fitted.thresholds().unwrap()).unwrap();
    std::fs::write(folder.path().join(Thresholds::FILE), text).unwrap();
    let read = QuestionAnswering::of_checkpoint(&config, folder.path()).unwrap();
    assert_eq!((read.with_null(), read.null_threshold()), (true, threshold));
    let answer = |task: &QuestionAnswering, at: usize| {
        task.answer(examples[at].clone(), predictions[at].clone()).answer
    };
    assert_eq!([0, 1, 2].map(|at| answer(&read, at)), ["", "Okafor", "Okafor"]);
    assert_eq!([0, 1, 2].map(|at| answer(&task, at)), ["", "Okafor", ""]);
}

#[test]
fn nothing_is_fitted_where_each_question_has_an_answer() {
    let task = QuestionAnswering::new(true);
    let (examples, predictions) = with_unanswerable(&task);
    assert!(task.fit_thresholds(&examples[1..], &predictions[1..]).is_none());
    assert!(QuestionAnswering::new(false).fit_thresholds(&examples, &predictions).is_none());
    assert_eq!(task.thresholds(), None);
}

#[test]
fn thresholds_of_another_task_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(Thresholds::FILE), r#"{"format": 2, "labels": {"joy": 0.5}}"#).unwrap();
    let error = QuestionAnswering::new(false).with_thresholds_of(folder.path()).unwrap_err().to_string();
    assert!(error.contains("thresholds.json has no finite null_score_diff_threshold"), "{error}");
}

#[test]
fn version_1_has_its_two_numbers_alone() {
    let task = QuestionAnswering::new(false);
    let (examples, predictions) = with_unanswerable(&task);
    let mut scorer = task.scorer().unwrap();
    scorer.add(&examples[1], &predictions[1]).unwrap();
    let mut other = task.scorer().unwrap();
    other.add(&examples[2], &predictions[2]).unwrap();
    scorer.merge(other).unwrap();
    let report = scorer.finish();
    let (metrics, detail) = task.scores(&report);
    assert_eq!(
        metrics.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>(),
        ["f1", "exact_match", "loss"]
    );
    assert!(
        detail.at_thresholds.is_empty() && task.chooses_by("exact_match") && !task.chooses_by("HasAns_f1")
    );
    let task = QuestionAnswering::new(true);
    assert!(task.chooses_by("HasAns_f1") && task.chooses_by("loss") && !task.chooses_by("best_f1_thresh"));
}

#[test]
fn the_rules_without_a_model_are_scored() {
    let (examples, _) = with_unanswerable(&QuestionAnswering::new(true));
    let names = |task: QuestionAnswering| {
        let rules = task.baselines(&examples).unwrap();
        rules
            .into_iter()
            .map(|rule| (rule.metrics.get("f1").unwrap(), rule.metrics.get("loss")))
            .collect::<Vec<_>>()
    };
    // The whole sentence, of which one of 7 words is right, twice.
    let f1 = 2.0 * (1.0 / 7.0) / (1.0 + 1.0 / 7.0) * 2.0 / 3.0;
    let [sentence, nothing] = names(QuestionAnswering::new(true))[..] else { panic!() };
    assert!((sentence.0 - f1).abs() < 1e-12 && sentence.1.is_none(), "{sentence:?}");
    assert_eq!(nothing, (1.0 / 3.0, None));
    assert_eq!(names(QuestionAnswering::new(false)).len(), 1);
}

#[test]
fn answers_and_records_are_written_by_their_names() {
    let task = QuestionAnswering::new(true).with_n_best(1);
    let (examples, predictions) = with_unanswerable(&task);
    let answer = task.answer(examples[1].clone(), predictions[1].clone());
    let json = serde_json::to_value(&answer).unwrap();
    let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["id", "answer", "score", "start", "end", "nbest"]);
    assert_eq!((json["id"].as_str(), json["answer"].as_str()), (Some("q1"), Some("Okafor")));
    assert_eq!((json["start"].as_u64(), json["end"].as_u64()), (Some(3), Some(9)));
    assert_eq!(json["nbest"].as_array().unwrap().len(), 1);
    assert_eq!(json["nbest"][0]["end_logit"].as_f64(), Some(2.0));
    let record = task.record("test", &examples[1], &predictions[1], 6);
    let json = serde_json::to_value(&record).unwrap();
    assert_eq!(
        (json["predicted"]["text"].as_str(), json["null_odds"].as_f64()),
        (Some("Okafor"), Some(-2.0))
    );
    assert_eq!((json["answers"][0]["start"].as_u64(), json["question_id"].as_str()), (Some(3), Some("q1")));
    // More answers than the usual 20 need as many logits of each window.
    assert!(!QuestionAnswering::new(false).with_n_best(300).with_n_best(2).with_null());
}

/// Logits that are no numbers are refused by the metrics, not counted.
#[test]
fn a_prediction_that_is_no_number_is_refused() {
    for with_null in [true, false] {
        let task = QuestionAnswering::new(with_null);
        let example = example(1, Some(&[("Okafor", 3)]));
        let prediction = predicted(&task, &example, f32::NAN, 1.0);
        let error = task.scorer().unwrap().add(&example, &prediction).unwrap_err();
        assert!(matches!(error, TaskError::Metrics(_)), "{error}");
    }
}
