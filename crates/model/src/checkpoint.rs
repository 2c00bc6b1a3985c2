//! [`Checkpoint`]: all weights of a folder, in one file or in several files with an index.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::ModelError;
use crate::other_files::other_weights;
use crate::weight_file::{Weight, WeightFile};

pub(crate) const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

/// Every weight of a checkpoint, by its name in the checkpoint. Opening reads only the headers.
pub(crate) struct Checkpoint {
    pub(crate) dir: PathBuf,
    files: Vec<WeightFile>,
    /// From a weight's name to the index of its file. Sorted by name, so that reports are sorted.
    weights: BTreeMap<String, usize>,
}

impl Checkpoint {
    /// Opens the weight files in `dir`.
    pub(crate) fn open(dir: &Path) -> Result<Self, ModelError> {
        let (single, index) = (dir.join(SINGLE), dir.join(INDEX));
        if single.is_file() {
            let file = WeightFile::open(single)?;
            let weights = file.names().map(|name| (name, 0)).collect();
            return Ok(Self { dir: dir.to_owned(), files: vec![file], weights });
        }
        if index.is_file() {
            return Self::open_sharded(dir, &index);
        }
        Err(ModelError::NoWeights { dir: dir.to_owned(), found: other_weights(dir)? })
    }

    /// Adds the weights of another file.
    pub(crate) fn add(&mut self, path: PathBuf) -> Result<(), ModelError> {
        self.files.push(WeightFile::open(path)?);
        self.take_all()
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
            // An index is untrusted: it may only name files in its own folder.
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
            if files[number].weight(name).is_none() {
                return Err(problem("which does not have it: fetch both again"));
            }
        }
        let mut checkpoint = Self { dir: dir.to_owned(), files, weights: BTreeMap::new() };
        checkpoint.take_all()?;
        Ok(checkpoint)
    }

    /// Adds every weight of every file, as `transformers` does of shards, whether or not the index names the weight.
    fn take_all(&mut self) -> Result<(), ModelError> {
        for (number, file) in self.files.iter().enumerate() {
            for name in file.names() {
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

    /// The names of all weights, sorted.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.weights.keys().map(String::as_str)
    }

    /// The number of weights.
    pub(crate) fn len(&self) -> usize {
        self.weights.len()
    }

    /// The weight called `name`.
    pub(crate) fn get<'a>(&'a self, name: &'a str) -> Option<Weight<'a>> {
        self.files[*self.weights.get(name)?].weight(name)
    }
}

#[cfg(test)]
mod tests {
    use safetensors::Dtype;

    use super::*;

    /// The error on opening a `model.safetensors` with the bytes `content`.
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

    /// `transformers` reads every weight in the shards, whatever the index says.
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
