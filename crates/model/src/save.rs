//! From a model to a folder that `transformers` loads.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use burn::module::Module;
use burn::tensor::{DType, TensorData};
use half::{bf16, f16};
use safetensors::{Dtype, SafeTensorError, View};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::checkpoint::SINGLE;
use crate::state::{Stored, stored};
use crate::{BertConfig, HeadFunction, ModelError};

/// How the weights are stored; a model computes in its own dtype all the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SaveDtype {
    /// 32 bits: exactly what was trained.
    #[default]
    F32,
    /// 16 bits, 10 of them mantissa: half the size; values beyond 65,504 can't be stored.
    F16,
    /// 16 bits, 7 of them mantissa: half the size, f32's range.
    Bf16,
}

impl SaveDtype {
    const ALL: [Self; 3] = [Self::F32, Self::F16, Self::Bf16];

    fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
        }
    }

    /// PyTorch's name, which `config.json` has.
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

impl fmt::Display for SaveDtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SaveDtype {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        Self::ALL
            .into_iter()
            .find(|dtype| dtype.name() == text)
            .ok_or_else(|| ModelError::SaveDtype { found: text.to_owned() })
    }
}

/// Writes `config.json` and `model.safetensors` into `dir`, which is made where it is not there, with the names and shapes
/// that `transformers` writes. The same model gives the same bytes.
///
/// Each file is written under another name and renamed when it is whole. The parameters are copied to the host one at a
/// time.
///
/// # Errors
/// A weight has a value beyond the range of `dtype`, or the folder or a file in it can't be written.
pub fn save_pretrained<M: Module>(
    model: &M,
    config: &BertConfig,
    dir: &Path,
    dtype: SaveDtype,
) -> Result<(), ModelError> {
    let weights = stored(model);
    check_range(&weights, dtype)?;
    embert_files::create_dir_all(dir)?;
    let config = config_of(&weights, config, dtype);

    let path = dir.join(SINGLE);
    embert_files::write_path_with(&path, |temporary| {
        let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
        let views = weights.iter().map(|stored| (stored.name.as_str(), Encoded { stored, dtype }));
        safetensors::serialize_to_file(views, Some(metadata), temporary).map_err(|error| match error {
            SafeTensorError::IoError(source) => ModelError::Write { path: path.clone(), source },
            source => ModelError::WriteWeights { path: path.clone(), source },
        })
    })?;
    Ok(embert_files::write(&dir.join("config.json"), config.to_json().as_bytes())?)
}

/// Refuses what `dtype` would turn into an infinity. A pass of its own: once the file is begun, the library that writes it
/// takes no error from us.
fn check_range(weights: &[Stored], dtype: SaveDtype) -> Result<(), ModelError> {
    let overflows: fn(f32) -> bool = match dtype {
        SaveDtype::F32 => return Ok(()),
        SaveDtype::F16 => |value| f16::from_f32(value).is_infinite(),
        SaveDtype::Bf16 => |value| bf16::from_f32(value).is_infinite(),
    };
    for stored in weights {
        let data = stored.data();
        // What is infinite in the model is not ours to judge, and stays what it is.
        if let Some(value) = data.iter::<f32>().find(|value| value.is_finite() && overflows(*value)) {
            return Err(ModelError::SaveRange { name: stored.name.clone(), value, dtype });
        }
    }
    Ok(())
}

/// The config as it is true of this model and this file.
fn config_of(weights: &[Stored], config: &BertConfig, dtype: SaveDtype) -> BertConfig {
    let mut config = config.clone();
    let has_head = weights.iter().any(|stored| stored.name == "classifier.weight");
    let class = if has_head { "BertForSequenceClassification" } else { "BertModel" };
    config.architectures = vec![class.to_owned()];
    // Another problem type is what the head was trained for, and a single output without one is a sigmoid.
    if has_head && config.head_function() == HeadFunction::Softmax {
        config.problem_type = Some("single_label_classification".to_owned());
    }
    // Readers convert the weights to what this says, under its older name too.
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

/// A parameter as the bytes of its file, made when they are written.
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

/// The file's byte order, which is the machine's on all that we know of.
fn little_endian(data: &TensorData) -> Vec<u8> {
    let mut bytes = data.as_bytes().to_vec();
    if cfg!(target_endian = "big") {
        bytes.chunks_exact_mut(data.dtype().size()).for_each(<[u8]>::reverse);
    }
    bytes
}
