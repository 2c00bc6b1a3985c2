//! [`WeightFile`]: a safetensors file, memory-mapped, and the weights in it.

use std::fs::File;
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use memmap2::Mmap;
use safetensors::tensor::Metadata;
use safetensors::{Dtype, SafeTensorError, SafeTensors};

use crate::ModelError;

/// One weight in a mapped file.
pub(crate) struct Weight<'a> {
    pub(crate) name: &'a str,
    pub(crate) path: &'a Path,
    pub(crate) shape: &'a [usize],
    dtype: Dtype,
    bytes: &'a [u8],
}

impl Weight<'_> {
    /// Refuses another weight for the same parameter with different values.
    pub(crate) fn check_same(&self, other: &Self) -> Result<(), ModelError> {
        if (self.shape, self.dtype, self.bytes) == (other.shape, other.dtype, other.bytes) {
            return Ok(());
        }
        let place = |weight: &Self| {
            let file = weight.path.file_name().unwrap_or_default().to_string_lossy();
            format!("\"{}\" in {file}", weight.name)
        };
        Err(ModelError::Twice { name: self.name.to_owned(), first: place(self), second: place(other) })
    }

    /// The values in the file's order, as f32.
    pub(crate) fn to_f32(&self) -> Result<Vec<f32>, ModelError> {
        let values = self.read()?;
        let mut wrong = values.iter().enumerate().filter(|(_, value)| !value.is_finite());
        match wrong.next() {
            None => Ok(values),
            Some((index, value)) => Err(ModelError::NotFinite {
                path: self.path.to_owned(),
                name: self.name.to_owned(),
                count: 1 + wrong.count(),
                index,
                value: *value,
            }),
        }
    }

    fn read(&self) -> Result<Vec<f32>, ModelError> {
        /// The file's bytes may be unaligned, so each value is assembled from its bytes.
        fn read<const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> f32) -> Vec<f32> {
            bytes.as_chunks().0.iter().map(|chunk| value(*chunk)).collect()
        }
        Ok(match self.dtype {
            Dtype::F32 => read(self.bytes, f32::from_le_bytes),
            Dtype::F16 => read(self.bytes, |chunk| f16::from_le_bytes(chunk).to_f32()),
            Dtype::BF16 => read(self.bytes, |chunk| bf16::from_le_bytes(chunk).to_f32()),
            Dtype::F64 => read(self.bytes, |chunk| f64::from_le_bytes(chunk) as f32),
            other => {
                return Err(ModelError::Dtype {
                    path: self.path.to_owned(),
                    name: self.name.to_owned(),
                    found: format!("{other:?}"),
                });
            }
        })
    }
}

/// A safetensors file, memory-mapped.
pub(crate) struct WeightFile {
    path: PathBuf,
    map: Mmap,
    header: Metadata,
    /// The offset of the weights' bytes in the file, after the header.
    data: usize,
}

impl WeightFile {
    /// Maps the file and reads its header.
    pub(crate) fn open(path: PathBuf) -> Result<Self, ModelError> {
        let read = |source| ModelError::Read { path: path.clone(), source };
        let file = File::open(&path).map_err(read)?;
        let size = file.metadata().map_err(read)?.len();
        if size == 0 {
            return Err(ModelError::EmptyFile { path });
        }
        // SAFETY: the map is read-only and lives as long as `file`'s content is read. Another process that
        // truncates the file meanwhile would end this one by a signal, and one that writes to it would change
        // the weights; neither breaks memory safety here, since every bit pattern is a valid u8. Caches and
        // our own writer replace weight files by renaming, which leaves a mapped file as it was.
        let map = unsafe { Mmap::map(&file) }.map_err(read)?;
        match SafeTensors::read_metadata(&map) {
            Ok((header_len, header)) => Ok(Self { path, data: 8 + header_len, map, header }),
            Err(source) => Err(explain(path, &map, source)),
        }
    }

    /// The names of the file's weights.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        self.header.tensors().into_keys()
    }

    /// The weight called `name`.
    pub(crate) fn weight<'a>(&'a self, name: &'a str) -> Option<Weight<'a>> {
        let info = self.header.info(name)?;
        let (start, end) = info.data_offsets;
        let bytes = self.map.get(self.data + start..self.data + end)?;
        Some(Weight { name, path: &self.path, shape: &info.shape, dtype: info.dtype, bytes })
    }
}

/// The error for a file that the safetensors library refused, with the likely cause.
fn explain(path: PathBuf, bytes: &[u8], source: SafeTensorError) -> ModelError {
    let size = bytes.len() as u64;
    if bytes.starts_with(b"version https://git-lfs") {
        return ModelError::LfsPointer { path };
    }
    let claimed = bytes.first_chunk().map(|length| u64::from_le_bytes(*length));
    match (source, claimed) {
        (SafeTensorError::HeaderTooLarge | SafeTensorError::InvalidHeaderLength, Some(claimed)) => {
            ModelError::HeaderLength { path, claimed, size }
        }
        (source @ SafeTensorError::MetadataIncompleteBuffer, Some(claimed)) => {
            match described(bytes, claimed) {
                Some(expected) => ModelError::Truncated { path, expected, size },
                None => ModelError::Safetensors { path, source },
            }
        }
        (source, _) => ModelError::Safetensors { path, source },
    }
}

/// The length of the file as its header describes it.
fn described(bytes: &[u8], header_len: u64) -> Option<u64> {
    let data = header_len.checked_add(8)?;
    let header = bytes.get(8..usize::try_from(data).ok()?)?;
    let header: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(header).ok()?;
    let ends = header.values().filter_map(|info| info.get("data_offsets")?.get(1)?.as_u64());
    data.checked_add(ends.max()?)
}
