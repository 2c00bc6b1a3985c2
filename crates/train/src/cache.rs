//! [`PrefixCache`]: the output of a model's frozen prefix for each feature, computed once.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use embert_data::tokenize::Padding;
use embert_data::{BatchLoader, Batcher, EncodedDataset};
use embert_model::{BertInput, FrozenPrefix, Head, Layout, ModelFor, PrefixOutput};
use embert_task::Target;

use crate::TrainError;
use crate::error::IoContext as _;
use crate::length_order::by_length;

/// The output of a frozen prefix for every feature of a split, without padding: in memory up to a limit,
/// beyond it in an unlinked temporary file, which the operating system removes when the process exits.
///
/// The cache is filled in the order of the features' lengths and not of an epoch, so that a resumed run has
/// the same cache, bit for bit.
#[derive(Debug)]
pub(crate) struct PrefixCache {
    prefix: FrozenPrefix,
    /// True if the cache has a row for each token, false if it has one row for each feature.
    all_rows: bool,
    hidden_size: usize,
    /// Where the values of each feature start, and how many rows of `hidden_size` they are.
    starts: Vec<(Start, usize)>,
    memory: Vec<f32>,
    spilled: Option<Spilled>,
}

#[derive(Clone, Copy, Debug)]
enum Start {
    /// The index of the first value in memory.
    Memory(usize),
    /// The index of the first value in the file.
    File(usize),
}

#[derive(Debug)]
struct Spilled {
    file: File,
    /// The file's folder, for messages.
    folder: PathBuf,
    /// The number of values in the file.
    values: usize,
}

/// Where and how a [`PrefixCache`] is filled.
pub(crate) struct Filling<'a> {
    pub(crate) batcher: Batcher,
    pub(crate) batch_size: usize,
    /// A device that records no operations for gradients.
    pub(crate) device: &'a Device,
    /// The most memory that the values take, in bytes; the rest goes to a file.
    pub(crate) memory: usize,
    /// The folder for the file.
    pub(crate) folder: &'a Path,
}

impl PrefixCache {
    /// Computes the output of `prefix` for all of `data`; `progress` gets the number of features done after
    /// each batch.
    ///
    /// # Errors
    /// A batch that can't be built, or a file that can't be written.
    pub(crate) fn fill<H: Head, T: Target>(
        model: &ModelFor<H>,
        prefix: FrozenPrefix,
        data: &Arc<EncodedDataset<T>>,
        filling: &Filling<'_>,
        mut progress: impl FnMut(usize) -> Result<(), TrainError>,
    ) -> Result<Self, TrainError> {
        let lengths = data.lengths();
        let mut cache = Self {
            prefix,
            all_rows: prefix.keeps_all_rows(H::READS),
            hidden_size: 0,
            starts: vec![(Start::Memory(0), 0); lengths.len()],
            memory: Vec::new(),
            spilled: None,
        };
        let plan = by_length(&lengths, filling.batch_size);
        let loader =
            BatchLoader::new(Arc::clone(data), filling.batcher, plan.clone(), 0, filling.device.clone());
        let mut done = 0;
        for (indices, batch) in plan.into_iter().zip(loader) {
            let batch = batch?;
            let layout = Layout::padded(batch.attention_mask, batch.lengths);
            let input = BertInput::with_layout(batch.input_ids, batch.token_type_ids, layout);
            let PrefixOutput { states, layout, .. } = model.forward_prefix(input, prefix);
            let [rows, hidden_size] = states.dims();
            cache.hidden_size = hidden_size;
            let padded = rows / layout.features().max(1);
            let values: Vec<f32> = states.into_data().iter::<f32>().collect();
            for (&index, values) in indices.iter().zip(values.chunks(padded * hidden_size)) {
                let rows = padded.min(lengths[index]);
                cache.push(index, rows, &values[..rows * hidden_size], filling)?;
            }
            done += indices.len();
            progress(done)?;
        }
        Ok(cache)
    }

    fn push(
        &mut self,
        index: usize,
        rows: usize,
        values: &[f32],
        filling: &Filling<'_>,
    ) -> Result<(), TrainError> {
        let start = if size_of_val(self.memory.as_slice()) + size_of_val(values) <= filling.memory {
            let start = Start::Memory(self.memory.len());
            self.memory.extend_from_slice(values);
            start
        } else {
            let folder = filling.folder;
            let spilled = match &mut self.spilled {
                Some(spilled) => spilled,
                none => none.insert(Spilled {
                    file: embert_files::scratch_file(folder)?,
                    folder: folder.to_owned(),
                    values: 0,
                }),
            };
            spilled.file.write_all(bytemuck::cast_slice(values)).at("write to", folder)?;
            let start = Start::File(spilled.values);
            spilled.values += values.len();
            start
        };
        self.starts[index] = (start, rows);
        Ok(())
    }

    /// The prefix's output for the features at `indices`, on `device`: states
    /// `[features * rows, hidden_size]`.
    ///
    /// # Errors
    /// The file can't be read.
    pub(crate) fn batch(
        &self,
        indices: &[usize],
        padding: Padding,
        device: &Device,
    ) -> Result<PrefixOutput, TrainError> {
        let longest = indices.iter().map(|&index| self.starts[index].1).max().unwrap_or(0);
        let rows = if self.all_rows { padding.length(longest) } else { 1 };
        let width = rows * self.hidden_size;
        let mut values = vec![0.0; indices.len() * width];
        let mut mask = vec![0_i64; indices.len() * rows];
        for (number, &index) in indices.iter().enumerate() {
            let (start, own) = self.starts[index];
            self.read(start, &mut values[number * width..][..own * self.hidden_size])?;
            mask[number * rows..][..own].fill(1);
        }
        let states = TensorData::new(values, [indices.len() * rows, self.hidden_size]);
        let mask = TensorData::new(mask, [indices.len(), rows]);
        let lengths = indices.iter().map(|&index| self.starts[index].1).collect();
        Ok(PrefixOutput {
            prefix: self.prefix,
            states: Tensor::from_data(states, device),
            layout: Layout::padded(Tensor::from_data(mask, device), lengths),
            dropout: None,
        })
    }

    fn read(&self, start: Start, into: &mut [f32]) -> Result<(), TrainError> {
        match (start, &self.spilled) {
            (Start::File(before), Some(spilled)) => {
                let mut file = &spilled.file;
                file.seek(SeekFrom::Start((before * size_of::<f32>()) as u64))
                    .at("read from", &spilled.folder)?;
                file.read_exact(bytemuck::cast_slice_mut(into)).at("read from", &spilled.folder)
            }
            (Start::Memory(before) | Start::File(before), _) => {
                into.copy_from_slice(&self.memory[before..][..into.len()]);
                Ok(())
            }
        }
    }

    /// The size of the values in memory, in bytes.
    pub(crate) fn memory(&self) -> usize {
        size_of_val(self.memory.as_slice())
    }

    /// The size of the values in the file, in bytes.
    pub(crate) fn spilled(&self) -> usize {
        self.spilled.as_ref().map_or(0, |spilled| spilled.values * size_of::<f32>())
    }
}

#[cfg(test)]
mod tests {
    use embert_data::EncodedFeature;
    use embert_model::{BertConfig, BertForSequenceClassification};

    use super::*;

    fn model(device: &Device) -> BertForSequenceClassification {
        let config = BertConfig {
            vocab_size: 20,
            hidden_size: 12,
            num_hidden_layers: 3,
            num_attention_heads: 3,
            intermediate_size: 18,
            max_position_embeddings: 16,
            ..BertConfig::default()
        };
        BertForSequenceClassification::from_config(&config.with_labels(["a", "b"]), 1, device).unwrap()
    }

    fn data() -> Arc<EncodedDataset<usize>> {
        let examples = (0..11_u32).map(|id| {
            let ids: Vec<u32> = (0..2 + id % 5 * 2).map(|position| (id * 3 + position * 7) % 20).collect();
            EncodedFeature {
                id: id.into(),
                type_ids: vec![0; ids.len()],
                untruncated_length: ids.len(),
                ids,
                target: 0,
            }
        });
        Arc::new(EncodedDataset::new(examples.collect()))
    }

    /// Whether the values are in memory, in the file, or partly in each, the logits are those of the whole
    /// model.
    #[test]
    fn what_comes_out_is_what_the_model_would_compute() {
        let device = Device::flex();
        let (model, data) = (model(&device), data());
        let batcher = Batcher::new(0, Padding::Longest);
        for prefix in
            [FrozenPrefix::Layers(0), FrozenPrefix::Layers(2), FrozenPrefix::Encoder, FrozenPrefix::Pooler]
        {
            for memory in [0, 500, 1 << 20] {
                let folder = tempfile::tempdir().unwrap();
                let filling =
                    Filling { batcher, batch_size: 4, device: &device, memory, folder: folder.path() };
                let mut seen = Vec::new();
                let cache = PrefixCache::fill(&model, prefix, &data, &filling, |done| {
                    seen.push(done);
                    Ok(())
                })
                .unwrap();
                assert_eq!(seen, [4, 8, 11]);
                assert!(cache.memory() <= memory);
                assert_eq!(
                    cache.spilled() > 0,
                    memory < 1000 && (memory == 0 || cache.memory() > 0),
                    "{prefix:?}"
                );
                assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the file has no name");

                let indices = [7, 2, 9, 0];
                let output = cache.batch(&indices, Padding::Longest, &device).unwrap();
                let found: Vec<f32> = model.forward_from(output).into_data().iter::<f32>().collect();
                let loader =
                    BatchLoader::new(Arc::clone(&data), batcher, vec![indices.to_vec()], 0, device.clone());
                for batch in loader {
                    let batch = batch.unwrap();
                    let logits = model.forward(BertInput::new(
                        batch.input_ids,
                        batch.token_type_ids,
                        batch.attention_mask,
                    ));
                    // Logits are of size 0.1; another padded length may round the last digit differently.
                    for (found, expected) in found.iter().zip(logits.into_data().iter::<f32>()) {
                        assert!((found - expected).abs() < 1e-6, "{prefix:?}: {found} {expected}");
                    }
                }
            }
        }
    }
}
