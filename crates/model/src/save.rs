//! Saving a model to a folder that `transformers` loads.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use burn::module::Module;
use burn::tensor::{DType, TensorData};
use half::{bf16, f16};
use safetensors::{Dtype, SafeTensorError, View};
use serde::{Deserialize, Serialize};
use serde_json::json;
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

use crate::checkpoint::SINGLE;
use crate::names::{ENCODER, HEAD_FILE, HEAD_KEY};
use crate::state::{Stored, stored};
use crate::{BertConfig, BertModel, Head, ModelError, ModelFor};

/// The dtype in which weights are stored. A loaded model computes in its own dtype.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    IntoStaticStr,
    VariantNames,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", parse_err_ty = ModelError, parse_err_fn = unknown)]
pub enum SaveDtype {
    /// 32 bits: the trained values, exactly.
    #[default]
    F32,
    /// 16 bits, 10 of them mantissa: half the size of f32; values beyond 65,504 can't be stored.
    F16,
    /// 16 bits, 7 of them mantissa: half the size of f32, with f32's range.
    Bf16,
}

impl SaveDtype {
    /// PyTorch's name of the dtype, for `config.json`.
    fn torch_name(self) -> &'static str {
        match self {
            Self::F32 => "float32",
            Self::F16 => "float16",
            Self::Bf16 => "bfloat16",
        }
    }

    fn in_file(self) -> Dtype {
        match self {
            Self::F32 => Dtype::F32,
            Self::F16 => Dtype::F16,
            Self::Bf16 => Dtype::BF16,
        }
    }

    fn in_burn(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::F16 => DType::F16,
            Self::Bf16 => DType::BF16,
        }
    }
}

fn unknown(dtype: &str) -> ModelError {
    ModelError::SaveDtype { found: dtype.to_owned() }
}

/// A model for which `transformers` has a class.
pub trait PretrainedModel: Module {
    /// The class's name, as in `BertForSequenceClassification`.
    fn architecture() -> &'static str;

    /// Sets the keys of a `config.json` that follow from the architecture, before it is written.
    fn complete_config(config: &mut BertConfig);

    /// The name of a head that the class does not have, and the prefix of its keys; `None` for a model that is the
    /// class's.
    fn own_head() -> Option<(&'static str, &'static str)> {
        None
    }

    /// Writes the files besides `config.json` and the weights that a folder of this model has.
    ///
    /// # Errors
    /// A file can't be written.
    fn write_files(&self, dir: &Path, config: &BertConfig) -> Result<(), ModelError> {
        let _ = (dir, config);
        Ok(())
    }
}

impl PretrainedModel for BertModel {
    fn architecture() -> &'static str {
        "BertModel"
    }

    fn complete_config(_: &mut BertConfig) {}
}

impl<H: Head> PretrainedModel for ModelFor<H> {
    fn architecture() -> &'static str {
        H::ARCHITECTURE
    }

    fn complete_config(config: &mut BertConfig) {
        H::complete_config(config);
    }

    fn own_head() -> Option<(&'static str, &'static str)> {
        H::OWN_NAME.zip(H::KEYS)
    }

    fn write_files(&self, dir: &Path, config: &BertConfig) -> Result<(), ModelError> {
        self.head.write_files(dir, config, self.bert.pooler.is_some())
    }
}

/// Writes `config.json` and `model.safetensors` into `dir`, which is created if missing, with the names and
/// shapes that `transformers` writes; [`HEAD_FILE`], for a head that `transformers` does not know; and the files
/// of the head ([`Head::write_files`]). The same model gives the same bytes.
///
/// Each file is written under a temporary name and renamed when it is complete. Parameters are copied to the
/// host one at a time.
///
/// # Errors
/// A weight has a value beyond the range of `dtype`, or the folder or a file in it can't be written.
pub fn save_pretrained<M: PretrainedModel>(
    model: &M,
    config: &BertConfig,
    dir: &Path,
    dtype: SaveDtype,
) -> Result<(), ModelError> {
    let mut weights = stored(model);
    if M::architecture() == BertModel::architecture() {
        for weight in &mut weights {
            if let Some(name) = weight.name.strip_prefix(ENCODER) {
                weight.name = name.to_owned();
            }
        }
    }
    check_range(&weights, dtype)?;
    embert_files::create_dir_all(dir)?;
    let config = config_of::<M>(config, dtype);

    if let Some((_, keys)) = M::own_head() {
        let (head, encoder) = weights.into_iter().partition(|weight| weight.name.starts_with(keys));
        weights = encoder;
        write_weights(&dir.join(HEAD_FILE), &head, dtype)?;
    }
    write_weights(&dir.join(SINGLE), &weights, dtype)?;
    embert_files::write(&dir.join("config.json"), config.to_json().as_bytes())?;
    model.write_files(dir, &config)
}

fn write_weights(path: &Path, weights: &[Stored], dtype: SaveDtype) -> Result<(), ModelError> {
    embert_files::write_path_with(path, |temporary| {
        let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
        let views = weights.iter().map(|stored| (stored.name.as_str(), Encoded { stored, dtype }));
        safetensors::serialize_to_file(views, Some(metadata), temporary).map_err(|error| match error {
            SafeTensorError::IoError(source) => ModelError::Write { path: path.to_owned(), source },
            source => ModelError::WriteWeights { path: path.to_owned(), source },
        })
    })
}

/// Refuses values that `dtype` would turn into infinities. The check is a separate pass, because a weight
/// can't report an error to the safetensors library once the file is begun.
fn check_range(weights: &[Stored], dtype: SaveDtype) -> Result<(), ModelError> {
    let overflows: fn(f32) -> bool = match dtype {
        SaveDtype::F32 => return Ok(()),
        SaveDtype::F16 => |value| f16::from_f32(value).is_infinite(),
        SaveDtype::Bf16 => |value| bf16::from_f32(value).is_infinite(),
    };
    for stored in weights {
        let data = stored.data();
        // A value that is infinite in the model is written unchanged.
        if let Some(value) = data.iter::<f32>().find(|value| value.is_finite() && overflows(*value)) {
            return Err(ModelError::SaveRange { name: stored.name.clone(), value, dtype: dtype.into() });
        }
    }
    Ok(())
}

/// The config with the keys that follow from the model's architecture and the file's dtype.
fn config_of<M: PretrainedModel>(config: &BertConfig, dtype: SaveDtype) -> BertConfig {
    let mut config = config.clone();
    config.architectures = vec![M::architecture().to_owned()];
    // The head of the checkpoint that the model was trained from may have had a name.
    config.extra.remove(HEAD_KEY);
    if let Some((name, _)) = M::own_head() {
        config.extra.insert(HEAD_KEY.to_owned(), json!(name));
    }
    M::complete_config(&mut config);
    // Readers convert the weights to the dtype in these keys; `torch_dtype` is the older key.
    for key in ["torch_dtype", "dtype"] {
        if let Some(stated) = config.extra.get_mut(key) {
            *stated = json!(dtype.torch_name());
        }
    }
    if !config.extra.contains_key("torch_dtype") {
        config.extra.insert("dtype".to_owned(), json!(dtype.torch_name()));
    }
    config
}

/// A parameter that is encoded into the file's bytes when it is written.
struct Encoded<'a> {
    stored: &'a Stored,
    dtype: SaveDtype,
}

impl View for Encoded<'_> {
    fn dtype(&self) -> Dtype {
        self.dtype.in_file()
    }

    fn shape(&self) -> &[usize] {
        &self.stored.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let data: TensorData = self.stored.data().convert_dtype(self.dtype.in_burn());
        Cow::Owned(little_endian(&data))
    }

    fn data_len(&self) -> usize {
        self.stored.shape.iter().product::<usize>() * (self.dtype.in_file().bitsize() / 8)
    }
}

/// The bytes in the file's byte order, little-endian.
fn little_endian(data: &TensorData) -> Vec<u8> {
    let mut bytes = data.as_bytes().to_vec();
    if cfg!(target_endian = "big") {
        bytes.chunks_exact_mut(data.dtype().size()).for_each(<[u8]>::reverse);
    }
    bytes
}
