//! The weight files of a checkpoint, memory-mapped: one file, or several with an index.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use memmap2::Mmap;
use safetensors::tensor::Metadata;
use safetensors::{Dtype, SafeTensorError, SafeTensors};
use serde::Deserialize;

use crate::ModelError;

pub(crate) const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

/// Every weight of a checkpoint, by the name that it has there. Opening reads the headers alone.
pub(crate) struct Checkpoint {
    pub(crate) dir: PathBuf,
    files: Vec<WeightFile>,
    /// Weight to the number of its file, by name: the order of all reports.
    weights: BTreeMap<String, usize>,
}

impl Checkpoint {
    pub(crate) fn open(dir: &Path) -> Result<Self, ModelError> {
        let (single, index) = (dir.join(SINGLE), dir.join(INDEX));
        if single.is_file() {
            let file = WeightFile::open(single)?;
            let weights = file.header.tensors().into_keys().map(|name| (name, 0)).collect();
            return Ok(Self { dir: dir.to_owned(), files: vec![file], weights });
        }
        if index.is_file() {
            return Self::open_sharded(dir, &index);
        }
        Err(ModelError::NoWeights { dir: dir.to_owned(), found: other_weights(dir)? })
    }

    fn open_sharded(dir: &Path, index: &Path) -> Result<Self, ModelError> {
        #[derive(Deserialize)]
        struct Index {
            weight_map: BTreeMap<String, String>,
        }
        let text = fs::read_to_string(index)
            .map_err(|source| ModelError::Read { path: index.to_owned(), source })?;
        let Index { weight_map } = serde_json::from_str(&text)
            .map_err(|source| ModelError::Json { origin: index.display().to_string(), source })?;

        let mut files: Vec<WeightFile> = Vec::new();
        let mut numbers = BTreeMap::new();
        for (name, shard) in &weight_map {
            let problem = |problem| ModelError::Shard {
                index: index.to_owned(),
                name: name.clone(),
                shard: shard.clone(),
                problem,
            };
            // An index comes from outside: it names files beside it and nothing else.
            if Path::new(shard).file_name().is_none_or(|file| *file != **shard) {
                return Err(problem("which is not the name of a file beside it"));
            }
            let number = match numbers.get(shard) {
                Some(number) => *number,
                None if !dir.join(shard).is_file() => return Err(problem("which is not there: fetch it")),
                None => {
                    files.push(WeightFile::open(dir.join(shard))?);
                    numbers.insert(shard, files.len() - 1);
                    files.len() - 1
                }
            };
            if files[number].header.info(name).is_none() {
                return Err(problem("which does not have it: fetch both again"));
            }
        }
        let mut checkpoint = Self { dir: dir.to_owned(), files, weights: BTreeMap::new() };
        checkpoint.take_all()?;
        Ok(checkpoint)
    }

    /// Every weight of every shard, as `transformers` takes them, whether or not the index names it.
    fn take_all(&mut self) -> Result<(), ModelError> {
        for (number, file) in self.files.iter().enumerate() {
            for name in file.header.tensors().into_keys() {
                if let Some(&first) = self.weights.get(&name)
                    && let (Some(first), Some(second)) = (self.files[first].weight(&name), file.weight(&name))
                {
                    first.check_same(&second)?;
                }
                self.weights.insert(name, number);
            }
        }
        Ok(())
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.weights.keys().map(String::as_str)
    }

    pub(crate) fn len(&self) -> usize {
        self.weights.len()
    }

    pub(crate) fn get<'a>(&'a self, name: &'a str) -> Option<Weight<'a>> {
        self.files[*self.weights.get(name)?].weight(name)
    }
}

/// Refuses parts of a checkpoint's folder that `transformers` reads, and that change the model, but that are not implemented.
pub(crate) fn refuse_other_parts(dir: &Path) -> Result<(), ModelError> {
    let adapter = dir.join("adapter_config.json");
    if adapter.is_file() {
        let problem = "an adapter on the weights of a base model, which is not implemented: merge it into them with PEFT (merge_and_unload) and save the result";
        return Err(ModelError::Part { path: adapter, problem });
    }
    match file_names(dir)?.into_iter().find(|name| is_process_shard(name)) {
        Some(name) => {
            let problem = "a part of a checkpoint that several processes wrote, which transformers reads in place of model.safetensors and which is not implemented: save the whole model";
            Err(ModelError::Part { path: dir.join(name), problem })
        }
        None => Ok(()),
    }
}

/// `shard-00000-model-00001-of-00002.safetensors`: what each process of a distributed training saved.
fn is_process_shard(name: &str) -> bool {
    name.strip_suffix(".safetensors").is_some_and(|name| {
        let parts: Vec<&str> = name.split('-').collect();
        let is_number = |text: &str| text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
        matches!(parts[..], ["shard", rank, "model", number, "of", count] if [rank, number, count].into_iter().all(is_number))
    })
}

/// Weights in other formats or under other names: something to say where those that are read are not there.
fn other_weights(dir: &Path) -> Result<Vec<String>, ModelError> {
    const FORMATS: [&str; 8] = ["safetensors", "bin", "pt", "pth", "h5", "msgpack", "gguf", "onnx"];
    let mut names = file_names(dir)?;
    names.retain(|name| {
        let extension = Path::new(name).extension().and_then(|extension| extension.to_str());
        // What the Trainer keeps beside the weights.
        extension.is_some_and(|extension| FORMATS.contains(&extension))
            && !["training_args.bin", "optimizer.pt", "scheduler.pt"].contains(&name.as_str())
    });
    Ok(names)
}

/// The folder's files, sorted.
fn file_names(dir: &Path) -> Result<Vec<String>, ModelError> {
    let failed = |source| ModelError::Read { path: dir.to_owned(), source };
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
    }
    names.sort_unstable();
    Ok(names)
}

/// One weight, still in the file.
pub(crate) struct Weight<'a> {
    pub(crate) name: &'a str,
    pub(crate) path: &'a Path,
    pub(crate) shape: &'a [usize],
    dtype: Dtype,
    bytes: &'a [u8],
}

impl Weight<'_> {
    /// Whether another weight that stands for the same one of the model says the same.
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
        /// The file's bytes have no alignment to rely on, so each value is put together from its own.
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

struct WeightFile {
    path: PathBuf,
    map: Mmap,
    header: Metadata,
    /// Where the header ends and the weights begin.
    data: usize,
}

impl WeightFile {
    fn open(path: PathBuf) -> Result<Self, ModelError> {
        let read = |source| ModelError::Read { path: path.clone(), source };
        let file = File::open(&path).map_err(read)?;
        let size = file.metadata().map_err(read)?.len();
        if size == 0 {
            return Err(ModelError::EmptyFile { path });
        }
        // SAFETY: the map is read-only and lives as long as `file`'s content is read. Another process that truncates
        // the file meanwhile would end this one by a signal, and one that writes to it would change the weights; neither
        // breaks memory safety here, since every bit pattern is a valid u8. Caches and our own writer replace weight
        // files by renaming, which leaves a mapped file as it was.
        let map = unsafe { Mmap::map(&file) }.map_err(read)?;
        match SafeTensors::read_metadata(&map) {
            Ok((header_len, header)) => Ok(Self { path, data: 8 + header_len, map, header }),
            Err(source) => Err(explain(path, &map, source)),
        }
    }

    fn weight<'a>(&'a self, name: &'a str) -> Option<Weight<'a>> {
        let info = self.header.info(name)?;
        let (start, end) = info.data_offsets;
        let bytes = self.map.get(self.data + start..self.data + end)?;
        Some(Weight { name, path: &self.path, shape: &info.shape, dtype: info.dtype, bytes })
    }
}

/// What is wrong with a file that the safetensors library refused, in terms of what happened to it.
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

/// The length of the file that this header was written for.
fn described(bytes: &[u8], header_len: u64) -> Option<u64> {
    let data = header_len.checked_add(8)?;
    let header = bytes.get(8..usize::try_from(data).ok()?)?;
    let header: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(header).ok()?;
    let ends = header.values().filter_map(|info| info.get("data_offsets")?.get(1)?.as_u64());
    data.checked_add(ends.max()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `content` as model.safetensors is refused with.
    fn refused(content: &[u8]) -> String {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(SINGLE), content).unwrap();
        let error = Checkpoint::open(dir.path()).err().unwrap().to_string();
        assert!(error.contains(SINGLE), "{error}");
        error
    }

    fn valid() -> Vec<u8> {
        let view =
            safetensors::tensor::TensorView::new(Dtype::F32, vec![2], &[0, 0, 128, 63, 0, 0, 0, 64]).unwrap();
        safetensors::serialize([("w", view)], None).unwrap()
    }

    #[test]
    fn a_weight_is_read() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(SINGLE), valid()).unwrap();
        let checkpoint = Checkpoint::open(dir.path()).unwrap();
        assert_eq!(checkpoint.names().collect::<Vec<_>>(), ["w"]);
        assert_eq!(checkpoint.get("w").unwrap().to_f32().unwrap(), [1.0, 2.0]);
        assert!(checkpoint.get("v").is_none());
    }

    #[test]
    fn damaged_files_name_the_damage() {
        assert!(refused(b"").contains("is empty"));
        assert!(refused(b"PK\x03").contains("not a safetensors file"));
        assert!(refused(b"version https://git-lfs.github.com/spec/v1\n").contains("git lfs pull"));
        let whole = valid();
        let cut = refused(&whole[..whole.len() - 3]);
        assert!(
            cut.contains(&format!("has {} bytes, its header describes {}", whole.len() - 3, whole.len())),
            "{cut}"
        );
        let mut claims = whole.clone();
        claims[..8].copy_from_slice(&10_000_000_000_u64.to_le_bytes());
        assert!(refused(&claims).contains("claims a header of 10000000000 bytes"));
        let mut nonsense = whole;
        nonsense[8] = b'x';
        assert!(refused(&nonsense).contains("not a safetensors file"));
    }

    #[test]
    fn an_index_names_files_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.safetensors"), valid()).unwrap();
        let open = |map: &str| {
            fs::write(dir.path().join(INDEX), format!(r#"{{"weight_map": {map}}}"#)).unwrap();
            Checkpoint::open(dir.path())
        };
        let error = |map: &str| open(map).err().unwrap().to_string();
        assert_eq!(open(r#"{"w": "a.safetensors"}"#).unwrap().len(), 1);
        assert!(error(r#"{"w": "../a.safetensors"}"#).contains("not the name of a file beside it"));
        assert!(error(r#"{"w": "b.safetensors"}"#).contains("which is not there"));
        assert!(error(r#"{"v": "a.safetensors"}"#).contains("which does not have it"));
        assert!(error("7").contains(INDEX));
    }

    /// As transformers reads shards: all that is in them, whatever the index says.
    #[test]
    fn shards_give_all_that_they_have_and_contradict_each_other_never() {
        let view = |bytes: &'static [u8; 4]| {
            safetensors::tensor::TensorView::new(Dtype::F32, vec![1], bytes).unwrap()
        };
        let [one, two] = [b"\0\0\x80\x3f", b"\0\0\0\x40"].map(view);
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, tensors: &[(&str, &safetensors::tensor::TensorView<'_>)]| {
            let bytes = safetensors::serialize(tensors.iter().copied(), None).unwrap();
            fs::write(dir.path().join(name), bytes).unwrap();
        };
        let index = r#"{"weight_map": {"v": "a.safetensors", "w": "b.safetensors"}}"#;
        fs::write(dir.path().join(INDEX), index).unwrap();
        write("a.safetensors", &[("v", &one), ("w", &two)]);
        write("b.safetensors", &[("w", &two), ("unnamed", &one)]);
        let checkpoint = Checkpoint::open(dir.path()).unwrap();
        assert_eq!(checkpoint.names().collect::<Vec<_>>(), ["unnamed", "v", "w"]);
        write("a.safetensors", &[("v", &one), ("w", &one)]);
        let error = Checkpoint::open(dir.path()).err().unwrap().to_string();
        for part in ["\"w\" is there twice", "\"w\" in a.safetensors", "\"w\" in b.safetensors"] {
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn parts_that_are_not_implemented_are_refused_by_name() {
        for (name, refused) in [
            ("adapter_config.json", true),
            ("shard-00000-model-00001-of-00002.safetensors", true),
            ("adapter_model.safetensors", false),
            ("model-00001-of-00002.safetensors", false),
            ("shard-0-model-00001-of-00002.safetensors", false),
        ] {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join(name), "x").unwrap();
            match refuse_other_parts(dir.path()) {
                Err(error) if refused => assert!(error.to_string().contains(name), "{error}"),
                Ok(()) if !refused => {}
                other => panic!("{name}: {other:?}"),
            }
        }
    }

    #[test]
    fn no_weights_and_no_folder_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let error = |path: &Path| Checkpoint::open(path).err().unwrap().to_string();
        assert!(error(dir.path()).contains("neither model.safetensors nor"));
        assert!(error(&dir.path().join("nowhere")).contains("can't read"));
        fs::write(dir.path().join("pytorch_model.bin"), "x").unwrap();
        assert!(error(dir.path()).contains("convert it to safetensors"));
        for (name, advice) in [("model.fp16.safetensors", "rename it to"), ("tf_model.h5", "not implemented")]
        {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join(name), "x").unwrap();
            let error = error(dir.path());
            assert!(error.contains(&format!("found {name}, ")) && error.contains(advice), "{error}");
        }
    }
}
