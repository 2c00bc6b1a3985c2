//! The gradient of every parameter against PyTorch's (`tests/reference/model.py`).

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use embert_model::{Backend, BertForSequenceClassification, BertInput, BertModel, LoadOptions, state_dict};
use embert_task::CrossEntropy;
use embert_train::optim::GradientsParams;
use safetensors::SafeTensors;

use super::*;

/// Relative to the largest gradient in the model. Each gradient is a sum over up to 200 tokens of products
/// along a path through three layers; f32 keeps seven digits of the terms.
const TOLERANCE: f32 = 1e-5;

/// The expected values that `tests/reference/model.py` wrote for a checkpoint.
struct Expected {
    folder: PathBuf,
    file: Vec<u8>,
}

impl Expected {
    fn of(name: &str) -> Self {
        let folder = fixture(name);
        Self { file: fs::read(folder.join("expected.safetensors")).unwrap(), folder }
    }

    fn data(&self, name: &str) -> TensorData {
        let file = SafeTensors::deserialize(&self.file).unwrap();
        let tensor = file.tensor(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        let dtype = match tensor.dtype() {
            safetensors::Dtype::I64 => DType::I64,
            safetensors::Dtype::F32 => DType::F32,
            other => panic!("{name} is {other:?}"),
        };
        TensorData::from_bytes_vec(tensor.data().to_vec(), tensor.shape().to_vec(), dtype)
    }

    fn floats(&self, name: &str) -> Vec<f32> {
        self.data(name).iter().collect()
    }

    fn input(&self, device: &Device) -> BertInput {
        let ints = |name: &str| Tensor::<2, Int>::from_data(self.data(name), device);
        BertInput::new(ints("input_ids"), ints("token_type_ids"), ints("attention_mask"))
    }

    /// Compares the loss, and the gradient of each of the model's parameters, with the reference.
    fn assert_agrees<M: Module>(&self, model: M, loss: Tensor<1>, backend: Backend) {
        let tolerance = if backend == Backend::NdArray { 10.0 * TOLERANCE } else { TOLERANCE };
        let name = format!("{} on {backend}", self.folder.display());
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        let (found, expected) = (loss.into_scalar::<f32>(), self.floats("loss")[0]);
        assert!(
            (found - expected).abs() <= tolerance * expected.abs().max(1.0),
            "{name}: {found} {expected}"
        );

        let gradients = state_dict(&model.map(&mut IntoGradients(gradients)));
        let expected: Vec<Vec<f32>> = gradients
            .iter()
            .map(|(name, _)| self.floats(&format!("gradient.{}", self.their_name(name))))
            .collect();
        let largest = expected.iter().flatten().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        assert!(largest > 0.1, "{name}: the gradients are too small to compare with");
        let mut worst = 0.0_f32;
        for ((parameter, found), expected) in gradients.iter().zip(&expected) {
            assert_eq!(found.num_elements(), expected.len(), "{name}: {parameter}");
            let difference =
                found.iter::<f32>().zip(expected).fold(0.0, |most: f32, (a, b)| most.max((a - b).abs()));
            assert!(
                difference <= tolerance * largest,
                "{name}: {parameter} differs by {difference} of {largest}"
            );
            worst = worst.max(difference / largest);
        }
        println!("{name}: {} parameters, at most {worst:.1e} of the largest gradient", gradients.len());
    }

    /// The parameter's name in the reference, in which the encoder of a model for another task has a prefix.
    fn their_name(&self, name: &str) -> String {
        let file = SafeTensors::deserialize(&self.file).unwrap();
        let prefixed = format!("bert.{name}");
        if file.tensor(&format!("gradient.{prefixed}")).is_ok() { prefixed } else { name.to_owned() }
    }
}

/// Puts each gradient in its parameter's place, so that the gradient has the checkpoint's name and layout.
struct IntoGradients(GradientsParams);

impl ModuleMapper for IntoGradients {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let gradient = self.0.remove::<D>(param.id).unwrap();
        Param::initialized(param.id, gradient)
    }
}

fn without_dropout() -> LoadOptions {
    LoadOptions {
        hidden_dropout: Some(0.0),
        attention_dropout: Some(0.0),
        classifier_dropout: Some(0.0),
        ..LoadOptions::default()
    }
}

/// The CPU backends of this build.
fn devices() -> impl Iterator<Item = (Backend, Device)> {
    [Backend::Flex, Backend::NdArray]
        .into_iter()
        .flat_map(|backend| backend.devices().into_iter().map(move |device| (backend, device.autodiff())))
}

#[test]
fn gradients_of_the_loss_agree() {
    for (backend, device) in devices() {
        for name in ["model", "model-sharded", "model-bf16", "model-odd"] {
            let expected = Expected::of(name);
            let loaded =
                BertForSequenceClassification::from_pretrained(&expected.folder, &without_dropout(), &device);
            let model = loaded.unwrap().model;
            let targets: Vec<usize> = expected
                .data("targets")
                .iter::<i64>()
                .map(|target| usize::try_from(target).unwrap())
                .collect();
            let smoothing = expected.floats("label_smoothing")[0];
            let loss = CrossEntropy::new(expected.floats("class_weights"), f64::from(smoothing));
            let divisor = loss.total_weight(&targets);
            let loss = loss.forward(model.forward(expected.input(&device)), &targets, divisor);
            expected.assert_agrees(model, loss, backend);
        }
    }
}

/// A classifier reads the first token alone; here every position counts, padding too.
#[test]
fn gradients_of_every_hidden_state_agree() {
    for (backend, device) in devices() {
        for name in ["model-legacy", "model-masked-lm"] {
            let expected = Expected::of(name);
            let model =
                BertModel::from_pretrained(&expected.folder, &without_dropout(), &device).unwrap().model;
            let probe = Tensor::<3>::from_data(expected.data("probe"), &device);
            let loss = (model.forward(expected.input(&device)).last_hidden_state * probe).sum();
            expected.assert_agrees(model, loss, backend);
        }
    }
}
