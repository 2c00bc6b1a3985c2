use std::path::Path;

use burn::tensor::Device;
use embert_data::tokenize::EncodeOptions;
use embert_data::{Summarized, WindowOptions};

use super::*;
use crate::encode_aligned;

fn tokenizer() -> Tokenizer {
    Tokenizer::from_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/tokenizer"))
        .unwrap()
}

fn example(id: u64, sentences: &[&str], labels: &[u8]) -> SummaryExample {
    let labels = Some(labels.iter().map(|label| *label == 1).collect());
    SummaryExample {
        id,
        summarized: Summarized { labels, ..Summarized::of_sentences(sentences) },
        document: None,
    }
}

fn options(max_length: usize, stride: Option<usize>) -> WindowOptions {
    WindowOptions { encoding: EncodeOptions { max_length, truncation: Truncation::LongestFirst }, stride }
}

#[test]
fn each_sentence_is_a_target_in_one_window() {
    let task = Summarization::default();
    let examples = [example(0, &["a b", "c", "a a", "b"], &[0, 1, 0, 1]), example(1, &["a"], &[1])];
    let (data, alignments) = encode_aligned(&task, &examples, &tokenizer(), &options(8, Some(4))).unwrap();
    // [CLS] a b [SEP] [CLS] c [SEP], [CLS] c [SEP] [CLS] a a [SEP], [CLS] a a [SEP] [CLS] b [SEP]
    let targets: Vec<_> = data.features().iter().map(|feature| feature.target.0.clone()).collect();
    assert_eq!(targets, [vec![(0, false), (4, true)], vec![(3, false)], vec![(4, true)], vec![(0, true)]]);
    assert_eq!((data.examples(), alignments.len()), (2, 4));
    assert_eq!(task.weight(&data.features().iter().map(|one| one.target.clone()).collect::<Vec<_>>()), 5.0);
    // A cut leaves the last sentences out.
    let (cut, _) = encode_aligned(&task, &examples, &tokenizer(), &options(8, None)).unwrap();
    assert_eq!(cut.features()[0].target.0, [(0, false), (4, true)]);
}

#[test]
fn the_loss_is_the_mean_over_the_sentences_of_a_step() {
    let task = Summarization::default();
    let device = Device::default();
    let mask = Tensor::<2, Int>::from_ints([[1, 1, 1, 1], [1, 1, 0, 0]], &device);
    let layout = Layout::from_attention_mask(mask);
    let outputs: Vec<f32> = vec![0.5, 9.0, -1.0, 9.0, 2.0, 9.0, 9.0, 9.0];
    let outputs = Tensor::<1>::from_floats(outputs.as_slice(), &device).reshape([8, 1]);
    let targets = [SummaryTarget(vec![(0, true), (2, false)]), SummaryTarget(vec![(0, false)])];
    let loss = |targets: &[SummaryTarget], divisor| {
        task.loss(outputs.clone(), &layout, targets, divisor).into_scalar::<f32>()
    };
    let expected = [(-0.5_f64).exp().ln_1p(), (-1.0_f64).exp().ln_1p(), 2.0_f64.exp().ln_1p()];
    let mean = expected.iter().sum::<f64>() / 3.0;
    assert!((f64::from(loss(&targets, task.weight(&targets))) - mean).abs() < 1e-6);
    let none = [SummaryTarget::default(), SummaryTarget::default()];
    assert_eq!(loss(&none, 0.0).to_bits(), 0.0_f32.to_bits());
}

#[test]
fn rules_without_a_model_are_scored() {
    let task = Summarization::default();
    let summarized = Summarized {
        references: vec!["a bear woke in may".to_owned()],
        ..Summarized::of_sentences(["it rained .", "a bear woke .", "in may .", "nobody knew ."])
    };
    let example = SummaryExample { id: 0, summarized, document: None }.with_oracle(3);
    let baselines = task.baselines(std::slice::from_ref(&example)).unwrap();
    let rouge1: Vec<f64> =
        baselines.iter().map(|one| one.metrics.get(SummaryMetric::DEFAULT).unwrap()).collect();
    // 0 of 2 and 5; 5 of 7 and 5; 5 of 5 and 5.
    assert_eq!(rouge1, [0.0, 2.0 * (5.0 / 7.0) / (5.0 / 7.0 + 1.0), 1.0]);
    assert!(baselines[0].name.contains("lead-1") && baselines[2].name.contains("oracle"));
}

#[test]
fn a_model_of_one_segment_and_settings_of_classes_are_refused() {
    let config = BertConfig { type_vocab_size: 1, ..BertConfig::default() };
    let error = Summarization::of_checkpoint(&config, Path::new("m")).unwrap_err().to_string();
    assert!(error.contains("has one token type (type_vocab_size = 1)"), "{error}");
    let settings = LossSettings { label_smoothing: 0.1, ..LossSettings::default() };
    let error = Summarization::default().with_loss(&settings, &EncodedDataset::default()).unwrap_err();
    assert!(error.to_string().contains("each counts alike"), "{error}");
}

#[test]
fn records_and_answers_have_the_places_of_sentences() {
    let task = Summarization::default().with_sentences(1);
    let example = example(7, &["Ünï.", "b.", "c."], &[1, 0, 0]);
    let (data, alignments) =
        encode_aligned(&task, std::slice::from_ref(&example), &tokenizer(), &options(32, Some(8))).unwrap();
    let tokens = data.features()[0].ids.len();
    let mut outputs = vec![-1.0; tokens];
    outputs[data.features()[0].target.0[1].0] = 2.0;
    let prediction = task.join(&example, vec![task.decode(&alignments[0], &outputs)]);
    let record = task.record("test", &example, &prediction, tokens);
    assert_eq!((record.sentences[1].start, record.sentences[1].end), (5, 7));
    assert!(record.sentences[1].is_chosen && !record.sentences[1].is_oracle && record.sentences[0].is_oracle);
    assert_eq!(record.references, ["Ünï."]);
    let json = serde_json::to_value(task.answer(example, prediction)).unwrap();
    assert_eq!(json["summary_text"], "b.");
    let sentence = &json["sentences"][0];
    assert_eq!(
        (sentence["index"].as_u64(), sentence["start"].as_u64(), sentence["end"].as_u64()),
        (Some(1), Some(5), Some(7))
    );
    assert_eq!((json.as_object().unwrap().len(), sentence.as_object().unwrap().len()), (2, 5));
}
