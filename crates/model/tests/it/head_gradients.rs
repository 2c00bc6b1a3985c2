//! Heads for several labels, a number, tags, answers and masked words against `transformers`: outputs, loss, and the gradient
//! of every parameter (`tests/reference/head_gradients.py`).

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::activation::{log_sigmoid, log_softmax};
use burn::tensor::{Device, Gradients, Int, Tensor, TensorData};
use embert_model::{
    Backend, BertConfig, Head, MaskedLmHead, ModelFor, ProblemType, QuestionAnsweringHead,
    SequenceClassificationHead, TokenClassificationHead, load_state_dict, state_dict,
};

use crate::support::{Expected, assert_close, fixture, tiny_config};

/// Absolute; the logits are of size 2 and the largest gradients of size 0.3 to 1.1. The reference was
/// computed in f64; f32 keeps seven digits of sums of some dozens of products, through three layers.
const TOLERANCE: f32 = 1e-5;

/// Puts each gradient in its parameter's place, so that it has the checkpoint's name and layout.
struct IntoGradients(Gradients);

impl ModuleMapper for IntoGradients {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let gradient = param.val().grad(&self.0).unwrap();
        Param::initialized(param.id, gradient)
    }
}

struct Reference(Expected);

impl Reference {
    fn read() -> Self {
        Self(Expected::read(&fixture("heads").join("gradients.safetensors")))
    }

    /// The reference's weights in a model for the config; the head has the first rows of the classifier.
    fn model<H: Head>(&self, config: &BertConfig, device: &Device) -> ModelFor<H> {
        let model = ModelFor::<H>::from_config(config, 0, device).unwrap();
        let state = state_dict(&model).into_iter().map(|(name, data)| {
            let mut values = self.0.floats(&format!("model.{}", name.replace("qa_outputs", "classifier")));
            values.truncate(data.num_elements());
            (name, TensorData::new(values, data.shape().clone()))
        });
        load_state_dict(model, state).unwrap()
    }

    fn tensor(&self, name: &str, shape: [usize; 2], device: &Device) -> Tensor<2> {
        Tensor::from_data(TensorData::new(self.0.floats(name), shape), device)
    }

    /// Compares the outputs, the loss that `loss` computes of them, and all gradients.
    fn assert_agrees<H: Head>(
        &self,
        case: &str,
        config: &BertConfig,
        device: &Device,
        loss: impl Fn(Tensor<2>) -> Tensor<1>,
    ) {
        let model = self.model::<H>(config, device);
        let logits = model.forward(self.0.input(device));
        assert_close(
            logits.clone().inner(),
            &self.0.floats(&format!("{case}.logits")),
            TOLERANCE,
            &format!("{case}: logits"),
        );
        let loss = loss(logits);
        let gradients = loss.backward();
        assert_close(
            loss.inner(),
            &self.0.floats(&format!("{case}.loss")),
            TOLERANCE,
            &format!("{case}: loss"),
        );

        let found = state_dict(&model.map(&mut IntoGradients(gradients)));
        let prefix = format!("{case}.gradient.");
        assert_eq!(
            found.len(),
            self.0.names().iter().filter(|name| name.starts_with(&prefix)).count(),
            "{case}: every gradient and no other"
        );
        let (mut worst, mut largest) = (0.0_f32, 0.0_f32);
        for (name, found) in found {
            let expected = self.0.floats(&format!("{prefix}{name}"));
            assert_eq!(found.num_elements(), expected.len(), "{case}: {name}");
            let differences = found.iter::<f32>().zip(&expected).map(|(a, b)| (a - b).abs());
            let difference = differences.fold(0.0, f32::max);
            assert!(difference <= TOLERANCE, "{case}: the gradient of {name} differs by {difference}");
            worst = worst.max(difference);
            largest = expected.iter().fold(largest, |largest, value| largest.max(value.abs()));
        }
        assert!(largest > 0.1, "{case}: the gradients are too small to compare with");
        println!("{case}: gradients up to {largest:.1} differ by at most {worst:.1e}");
    }
}

/// The CPU backends of this build.
fn devices() -> impl Iterator<Item = Device> {
    [Backend::Flex, Backend::NdArray]
        .into_iter()
        .flat_map(|backend| backend.devices().into_iter().map(Device::autodiff))
}

fn config(problem: ProblemType, labels: Option<&[&str]>) -> BertConfig {
    let labels = labels.map(|labels| labels.iter().map(|label| (*label).to_owned()).collect::<Vec<_>>());
    let config = BertConfig {
        hidden_dropout_prob: 0.0,
        attention_probs_dropout_prob: 0.0,
        ..tiny_config().with_problem(problem, labels.as_deref())
    };
    assert_eq!(config.problem_type, Some(problem));
    config
}

/// Binary cross-entropy of logits, with a weight of the positives a label: the mean over all entries.
#[test]
fn several_labels_agree_with_and_without_a_weight_of_the_positives() {
    let reference = Reference::read();
    let config = config(ProblemType::MultiLabelClassification, Some(&["a", "b", "c"]));
    for device in devices() {
        for case in ["multi_label", "weighted"] {
            let targets = reference.tensor(&format!("{case}.targets"), [4, 3], &device);
            let weight = match case {
                "weighted" => reference.tensor("weighted.pos_weight", [1, 3], &device),
                _ => Tensor::ones([1, 3], &device),
            };
            reference.assert_agrees::<SequenceClassificationHead>(case, &config, &device, |logits| {
                let there = targets.clone() * weight.clone() * log_sigmoid(logits.clone());
                let absent = (targets.clone().neg() + 1.0) * log_sigmoid(logits.neg());
                (there + absent).neg().mean()
            });
        }
    }
}

#[test]
fn a_number_agrees() {
    let reference = Reference::read();
    let config = config(ProblemType::Regression, None);
    assert_eq!(config.id2label, ["LABEL_0"]);
    for device in devices() {
        let targets = reference.tensor("regression.targets", [4, 1], &device);
        reference.assert_agrees::<SequenceClassificationHead>("regression", &config, &device, |logits| {
            (logits - targets.clone()).square().mean()
        });
    }
}

/// Cross-entropy over the tokens that have a target; the others, padding included, get no gradient.
#[test]
fn tags_agree() {
    let reference = Reference::read();
    let config = config(ProblemType::SingleLabelClassification, Some(&["O", "B-X", "I-X"]));
    let targets = reference.0.integers("tokens.targets");
    let rows: Vec<i64> = (0..).zip(&targets).filter(|(_, tag)| **tag >= 0).map(|(row, _)| row).collect();
    let tags: Vec<i64> = targets.into_iter().filter(|tag| *tag >= 0).collect();
    assert_eq!((rows.len(), rows[0]), (9, 1));
    for device in devices() {
        reference.assert_agrees::<TokenClassificationHead>("tokens", &config, &device, |logits| {
            let rows = Tensor::<1, Int>::from_ints(rows.as_slice(), &device);
            let tags = Tensor::<1, Int>::from_ints(tags.as_slice(), &device).reshape([rows.dims()[0], 1]);
            log_softmax(logits.select(0, rows), 1).gather(1, tags).mean().neg()
        });
    }
}

/// Cross-entropy over the masked tokens. The word embeddings have the sum of the gradients of both of their uses.
/// The gradients are the same if the outputs of the masked tokens alone are computed.
#[test]
fn masked_words_agree() {
    let reference = Reference::read();
    let no_dropout = BertConfig { hidden_dropout_prob: 0.0, ..tiny_config() };
    let config = BertConfig { attention_probs_dropout_prob: 0.0, ..no_dropout };
    let targets = reference.0.integers("masked.targets");
    let rows: Vec<i64> = (0..).zip(&targets).filter(|(_, word)| **word >= 0).map(|(row, _)| row).collect();
    let words: Vec<i64> = targets.into_iter().filter(|word| *word >= 0).collect();
    assert_eq!((&*rows, &*words), (&[2, 4, 7, 13, 16][..], &[7, 18, 9, 0, 0][..]));
    for device in devices() {
        let rows = Tensor::<1, Int>::from_ints(rows.as_slice(), &device);
        let words = Tensor::<1, Int>::from_ints(words.as_slice(), &device).reshape([5, 1]);
        let loss = |logits: Tensor<2>| log_softmax(logits, 1).gather(1, words.clone()).mean().neg();
        reference.assert_agrees::<MaskedLmHead>("masked", &config, &device, |logits| {
            loss(logits.select(0, rows.clone()))
        });

        let model = reference.model::<MaskedLmHead>(&config, &device);
        let found = loss(model.forward_rows(reference.0.input(&device), rows)).backward();
        for (name, found) in state_dict(&model.map(&mut IntoGradients(found))) {
            let expected = reference.0.floats(&format!("masked.gradient.{name}"));
            let differences = found.iter::<f32>().zip(&expected).map(|(a, b)| (a - b).abs());
            assert!(differences.fold(0.0, f32::max) <= TOLERANCE, "{name}, of some rows");
        }
    }
}

/// The mean of the cross-entropies of start and end, over the tokens of each feature: padding has no share and
/// gets no gradient.
#[test]
fn answers_agree() {
    let reference = Reference::read();
    let no_dropout = BertConfig { hidden_dropout_prob: 0.0, ..tiny_config() };
    let config = BertConfig { attention_probs_dropout_prob: 0.0, ..no_dropout };
    let ends = reference.0.integers("answers.targets");
    assert_eq!(ends[..2], [0, 0], "one row has no answer");
    for device in devices() {
        let padding =
            reference.0.attention_mask(&device).equal_elem(0).unsqueeze_dim::<3>(2).repeat_dim(2, 2);
        let ends = Tensor::<1, Int>::from_ints(ends.as_slice(), &device).reshape([4, 1, 2]);
        reference.assert_agrees::<QuestionAnsweringHead>("answers", &config, &device, |logits| {
            let logits = logits.reshape([4, 6, 2]).mask_fill(padding.clone(), f32::NEG_INFINITY);
            log_softmax(logits, 1).gather(1, ends.clone()).mean().neg()
        });
    }
}
