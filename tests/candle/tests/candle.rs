//! Candle, in a program of its own (`reader/`), loads what `save_pretrained` wrote and computes what the
//! saved model computes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use burn::tensor::{Device, Int, Tensor, TensorData};
use embert_model::{
    BertForSequenceClassification, BertInput, BertModel, LoadOptions, SaveDtype, save_pretrained,
};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

/// The largest absolute difference. Both programs sum in f32, in different orders, with states of up to 4 and
/// weights ten times as large as trained ones.
const TOLERANCE: f32 = 1e-5;

const SHAPE: [usize; 2] = [3, 10];

/// Token ids, token types, and the number of tokens that are no padding.
type Row = ([u32; 10], [u32; 10], usize);

/// A row of two segments without padding, one with padding on the right, one with a single real token.
const ROWS: [Row; 3] = [
    ([2, 17, 41, 9, 3, 25, 8, 8, 30, 3], [0, 0, 0, 0, 0, 1, 1, 1, 1, 1], 10),
    ([2, 5, 33, 12, 7, 3, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1, 0, 0, 0, 0], 6),
    ([2, 0, 0, 0, 0, 0, 0, 0, 0, 0], [0; 10], 1),
];

fn inputs() -> [(&'static str, Vec<u32>); 3] {
    let of = |part: fn(&Row) -> Vec<u32>| ROWS.iter().flat_map(part).collect();
    [
        ("input_ids", of(|row| row.0.to_vec())),
        ("token_type_ids", of(|row| row.1.to_vec())),
        ("attention_mask", of(|row| (0..10).map(|place| u32::from(place < row.2)).collect())),
    ]
}

fn our_input(device: &Device) -> BertInput {
    let [input_ids, token_type_ids, attention_mask] = inputs().map(|(_, values)| {
        let values: Vec<i64> = values.into_iter().map(i64::from).collect();
        Tensor::<2, Int>::from_data(TensorData::new(values, SHAPE), device)
    });
    BertInput::new(input_ids, token_type_ids, attention_mask)
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().unwrap()
}

/// The reader, built on the first call, in a folder of its own: see its `Cargo.toml`.
fn reader() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("candle");
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("reader/Cargo.toml");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--manifest-path"])
        .arg(manifest)
        .arg("--target-dir")
        .arg(&target)
        .stdin(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "building the reader: {status}");
    target.join("debug/candle-reader")
}

/// The outputs of candle for the checkpoint in `folder`, by name.
fn candle(folder: &Path) -> Vec<(String, Vec<f32>)> {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("input"), dir.path().join("output"));
    let bytes = inputs()
        .map(|(name, values)| (name, values.into_iter().flat_map(u32::to_le_bytes).collect::<Vec<u8>>()));
    let views = bytes
        .iter()
        .map(|(name, bytes)| (*name, TensorView::new(Dtype::U32, SHAPE.to_vec(), bytes).unwrap()));
    safetensors::serialize_to_file(views, None, &input).unwrap();
    let run = Command::new(reader()).arg(folder).args([&input, &output]).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let bytes = fs::read(&output).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut outputs: Vec<(String, Vec<f32>)> = file
        .iter()
        .map(|(name, tensor)| {
            assert_eq!(tensor.dtype(), Dtype::F32, "{name}");
            let values = tensor.data().as_chunks().0.iter().map(|value| f32::from_le_bytes(*value));
            (name.to_owned(), values.collect())
        })
        .collect();
    outputs.sort_by(|one, other| one.0.cmp(&other.0));
    outputs
}

fn assert_agree(found: &[(String, Vec<f32>)], expected: &[(&str, Vec<f32>)], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for ((name, found), (expected_name, expected)) in found.iter().zip(expected) {
        assert_eq!((name.as_str(), found.len()), (*expected_name, expected.len()), "{what}");
        let largest = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(found.iter().all(|value| value.is_finite()), "{what}: {name}");
        assert!(largest <= TOLERANCE, "{what}: {name} differs by {largest}");
        assert!(expected.iter().any(|value| value.abs() > 0.5), "{what}: {name} is too flat to compare");
    }
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(name)
}

#[test]
fn a_classifier_is_read_in_every_dtype_that_we_store() {
    let device = Device::flex();
    let options = LoadOptions::default();
    let trained =
        BertForSequenceClassification::from_pretrained(&fixture("model"), &options, &device).unwrap();
    for dtype in [SaveDtype::F32, SaveDtype::F16, SaveDtype::Bf16] {
        let dir = tempfile::tempdir().unwrap();
        save_pretrained(&trained.model, &trained.config, dir.path(), dtype).unwrap();
        // For f32 the model that was saved itself; for other dtypes the model rounded as the file is.
        let ours = match dtype {
            SaveDtype::F32 => trained.model.clone(),
            _ => BertForSequenceClassification::from_pretrained(dir.path(), &options, &device).unwrap().model,
        };
        let hidden = values(ours.bert.forward(our_input(&device)).last_hidden_state);
        let logits = values(ours.forward(our_input(&device)));
        let expected = [("last_hidden_state", hidden), ("logits", logits)];
        assert_agree(&candle(dir.path()), &expected, &dtype.to_string());
    }
}

/// An encoder without prefix and pooler, with the tanh form of GELU and another epsilon.
#[test]
fn an_encoder_is_read() {
    let device = Device::flex();
    let encoder =
        BertModel::from_pretrained(&fixture("model-legacy"), &LoadOptions::default(), &device).unwrap();
    assert!(encoder.model.pooler.is_none());
    let dir = tempfile::tempdir().unwrap();
    save_pretrained(&encoder.model, &encoder.config, dir.path(), SaveDtype::F32).unwrap();
    let hidden = values(encoder.model.forward(our_input(&device)).last_hidden_state);
    assert_agree(&candle(dir.path()), &[("last_hidden_state", hidden)], "encoder");
}
