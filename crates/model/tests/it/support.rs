//! Fixtures, small models and comparisons.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Int, Tensor, TensorData};
use embert_model::{BertConfig, BertForSequenceClassification, BertInput, LoadOptions};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

/// The path of a folder that `tests/reference/model.py` wrote.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures").join(name)
}

/// Inputs and outputs that the reference computed.
pub(crate) struct Expected(Vec<u8>);

impl Expected {
    pub(crate) fn of(name: &str) -> Self {
        Self::read(&fixture(name).join("expected.safetensors"))
    }

    pub(crate) fn read(path: &Path) -> Self {
        Self(fs::read(path).unwrap())
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        file.names().into_iter().map(str::to_owned).collect()
    }

    pub(crate) fn integers(&self, name: &str) -> Vec<i64> {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let tensor = file.tensor(name).unwrap();
        assert_eq!(tensor.dtype(), Dtype::I64);
        tensor.data().as_chunks().0.iter().map(|value| i64::from_le_bytes(*value)).collect()
    }

    pub(crate) fn floats(&self, name: &str) -> Vec<f32> {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let tensor = file.tensor(name).unwrap();
        assert_eq!(tensor.dtype(), Dtype::F32);
        tensor.data().as_chunks().0.iter().map(|value| f32::from_le_bytes(*value)).collect()
    }

    fn ints(&self, name: &str, device: &Device) -> Tensor<2, Int> {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let shape = file.tensor(name).unwrap().shape().to_vec();
        Tensor::from_data(TensorData::new(self.integers(name), shape), device)
    }

    pub(crate) fn attention_mask(&self, device: &Device) -> Tensor<2, Int> {
        self.ints("attention_mask", device)
    }

    pub(crate) fn input(&self, device: &Device) -> BertInput {
        let ints = |name: &str| self.ints(name, device);
        BertInput::new(ints("input_ids"), ints("token_type_ids"), ints("attention_mask"))
    }
}

/// The input of a fixture: token ids, token types and attention mask, `[2, seq]` each.
pub(crate) fn input_of<const SEQ: usize>(rows: [[[i64; SEQ]; 2]; 3], device: &Device) -> BertInput {
    let [ids, types, mask] = rows.map(|rows| Tensor::<2, Int>::from_data(TensorData::from(rows), device));
    BertInput::new(ids, types, mask)
}

/// The shapes by name and the config that `save_pretrained` wrote to a folder.
pub(crate) fn saved(folder: &Path) -> (BTreeMap<String, Vec<usize>>, BTreeMap<String, serde_json::Value>) {
    let bytes = fs::read(folder.join("model.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let shapes = file.iter().map(|(name, tensor)| (name.to_owned(), tensor.shape().to_vec())).collect();
    (shapes, serde_json::from_str(&fs::read_to_string(folder.join("config.json")).unwrap()).unwrap())
}

pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().unwrap()
}

#[track_caller]
pub(crate) fn assert_close<const D: usize>(found: Tensor<D>, expected: &[f32], tolerance: f32, what: &str) {
    let found = values(found);
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(found.iter().all(|value| value.is_finite()), "{what} has values that are not finite");
    assert!(largest <= tolerance, "{what} differs by {largest}");
    println!("{what}: at most {largest:.1e}");
    assert!(
        expected.iter().any(|value| value.abs() > 0.1),
        "{what}: the reference is too flat to compare with"
    );
}

pub(crate) fn bits(data: &TensorData) -> Vec<u32> {
    data.as_slice::<f32>().unwrap().iter().map(|value| value.to_bits()).collect()
}

/// The smallest config that has every part of a model.
pub(crate) fn tiny_config() -> BertConfig {
    BertConfig {
        vocab_size: 20,
        hidden_size: 12,
        num_hidden_layers: 3,
        num_attention_heads: 3,
        intermediate_size: 18,
        max_position_embeddings: 8,
        ..BertConfig::default()
    }
    .with_labels(["no", "yes"])
}

pub(crate) fn tiny_input(device: &Device) -> BertInput {
    BertInput::new(
        Tensor::from_ints([[2, 5, 7, 3], [2, 9, 3, 0]], device),
        Tensor::from_ints([[0, 0, 1, 1], [0, 0, 0, 0]], device),
        Tensor::from_ints([[1, 1, 1, 1], [1, 1, 1, 0]], device),
    )
}

pub(crate) fn load(dir: &Path) -> embert_model::Pretrained<BertForSequenceClassification> {
    BertForSequenceClassification::from_pretrained(dir, &LoadOptions::default(), &Device::default()).unwrap()
}

/// The weights of a fixture, for writing them in another form.
pub(crate) fn fixture_weights(name: &str) -> BTreeMap<String, (Vec<usize>, Vec<u8>)> {
    let bytes = fs::read(fixture(name).join("model.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    file.iter()
        .map(|(name, tensor)| (name.to_owned(), (tensor.shape().to_vec(), tensor.data().to_vec())))
        .collect()
}

pub(crate) fn write_weights(path: &Path, weights: &BTreeMap<String, (Vec<usize>, Vec<u8>)>) {
    let views = weights.iter().map(|(name, (shape, bytes))| {
        (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
    });
    safetensors::serialize_to_file(views, None, path).unwrap();
}

/// A folder with the fixture's config, and with the fixture's weights after `change`.
pub(crate) fn checkpoint_with(
    name: &str,
    change: impl FnOnce(&mut BTreeMap<String, (Vec<usize>, Vec<u8>)>),
) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::copy(fixture(name).join("config.json"), dir.path().join("config.json")).unwrap();
    let mut weights = fixture_weights(name);
    change(&mut weights);
    write_weights(&dir.path().join("model.safetensors"), &weights);
    dir
}
