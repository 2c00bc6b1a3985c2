//! [`PrefixCache`]: what the frozen part of a model makes of each example, computed once.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use embert_data::tokenize::Padding;
use embert_data::{BatchLoader, Batcher, EncodedDataset};
use embert_model::{BertForSequenceClassification, BertInput, Prefix, PrefixOutput};

use crate::TrainError;
use crate::error::IoContext as _;
use crate::evaluate::by_length;

/// The output of a frozen prefix for every example of a data set, without padding: in memory up to a limit, beyond it in a file
/// without a name, which goes with the process.
///
/// It is filled in an order of its own, so that it is the same bit for bit wherever a run goes on.
#[derive(Debug)]
pub(crate) struct PrefixCache {
    prefix: Prefix,
    hidden_size: usize,
    /// Where each example's values are, and how many rows of `hidden_size` there are.
    places: Vec<(Place, usize)>,
    memory: Vec<f32>,
    spilled: Option<Spilled>,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    /// Values before it in memory.
    Memory(usize),
    /// Values before it in the file.
    File(usize),
}

#[derive(Debug)]
struct Spilled {
    file: File,
    /// The folder that it is in, for messages.
    folder: PathBuf,
    /// Values in it.
    values: usize,
}

/// Where and how a [`PrefixCache`] is filled.
pub(crate) struct Filling<'a> {
    pub(crate) batcher: Batcher,
    pub(crate) batch_size: usize,
    /// One that follows no gradients.
    pub(crate) device: &'a Device,
    /// The most that is kept in memory, in bytes.
    pub(crate) memory: usize,
    /// Where the file goes that takes the rest.
    pub(crate) folder: &'a Path,
}

impl PrefixCache {
    /// Computes the output of `prefix` for all of `data`; `progress` gets the number of examples done after each batch.
    ///
    /// # Errors
    /// A batch that can't be built, or a file that can't be written.
    pub(crate) fn fill(
        model: &BertForSequenceClassification,
        prefix: Prefix,
        data: &Arc<EncodedDataset>,
        filling: &Filling<'_>,
        mut progress: impl FnMut(usize) -> Result<(), TrainError>,
    ) -> Result<Self, TrainError> {
        let lengths = data.lengths();
        let mut cache = Self {
            prefix,
            hidden_size: 0,
            places: vec![(Place::Memory(0), 0); lengths.len()],
            memory: Vec::new(),
            spilled: None,
        };
        let plan = by_length(&lengths, filling.batch_size);
        let loader =
            BatchLoader::new(Arc::clone(data), filling.batcher, plan.clone(), 0, filling.device.clone());
        let mut done = 0;
        for (indices, batch) in plan.into_iter().zip(loader) {
            let batch = batch?;
            let input = BertInput {
                input_ids: batch.input_ids,
                token_type_ids: batch.token_type_ids,
                attention_mask: batch.attention_mask,
            };
            let (data, padded) = match model.forward_prefix(input, prefix) {
                PrefixOutput::Layers { hidden_state, .. } => {
                    let [_, rows, hidden_size] = hidden_state.dims();
                    cache.hidden_size = hidden_size;
                    (hidden_state.into_data(), rows)
                }
                PrefixOutput::Encoder(output) | PrefixOutput::Pooler(output) => {
                    cache.hidden_size = output.dims()[1];
                    (output.into_data(), 1)
                }
            };
            let values: Vec<f32> = data.iter::<f32>().collect();
            for (&index, values) in indices.iter().zip(values.chunks(padded * cache.hidden_size)) {
                let rows = padded.min(lengths[index]);
                cache.push(index, rows, &values[..rows * cache.hidden_size], filling)?;
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
        let place = if size_of_val(self.memory.as_slice()) + size_of_val(values) <= filling.memory {
            let place = Place::Memory(self.memory.len());
            self.memory.extend_from_slice(values);
            place
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
            let place = Place::File(spilled.values);
            spilled.values += values.len();
            place
        };
        self.places[index] = (place, rows);
        Ok(())
    }

    /// What the prefix made of these examples, on `device`.
    ///
    /// # Errors
    /// The file can't be read.
    pub(crate) fn batch(
        &self,
        indices: &[usize],
        padding: Padding,
        device: &Device,
    ) -> Result<PrefixOutput, TrainError> {
        let longest = indices.iter().map(|&index| self.places[index].1).max().unwrap_or(0);
        let rows = match self.prefix {
            Prefix::Layers(_) => padding.length(longest),
            Prefix::Encoder | Prefix::Pooler => 1,
        };
        let width = rows * self.hidden_size;
        let mut values = vec![0.0; indices.len() * width];
        let mut mask = vec![0_i64; indices.len() * rows];
        for (number, &index) in indices.iter().enumerate() {
            let (place, own) = self.places[index];
            self.read(place, &mut values[number * width..][..own * self.hidden_size])?;
            mask[number * rows..][..own].fill(1);
        }
        let summary = |values| TensorData::new(values, [indices.len(), self.hidden_size]);
        Ok(match self.prefix {
            Prefix::Layers(layers) => PrefixOutput::Layers {
                layers,
                hidden_state: Tensor::from_data(
                    TensorData::new(values, [indices.len(), rows, self.hidden_size]),
                    device,
                ),
                attention_mask: Tensor::from_data(TensorData::new(mask, [indices.len(), rows]), device),
            },
            Prefix::Encoder => PrefixOutput::Encoder(Tensor::from_data(summary(values), device)),
            Prefix::Pooler => PrefixOutput::Pooler(Tensor::from_data(summary(values), device)),
        })
    }

    fn read(&self, place: Place, into: &mut [f32]) -> Result<(), TrainError> {
        match (place, &self.spilled) {
            (Place::File(before), Some(spilled)) => {
                let mut file = &spilled.file;
                file.seek(SeekFrom::Start((before * size_of::<f32>()) as u64))
                    .at("read from", &spilled.folder)?;
                file.read_exact(bytemuck::cast_slice_mut(into)).at("read from", &spilled.folder)
            }
            (Place::Memory(before) | Place::File(before), _) => {
                into.copy_from_slice(&self.memory[before..][..into.len()]);
                Ok(())
            }
        }
    }

    /// Bytes in memory.
    pub(crate) fn memory(&self) -> usize {
        size_of_val(self.memory.as_slice())
    }

    /// Bytes in the file.
    pub(crate) fn spilled(&self) -> usize {
        self.spilled.as_ref().map_or(0, |spilled| spilled.values * size_of::<f32>())
    }
}

#[cfg(test)]
mod tests {
    use embert_data::EncodedExample;
    use embert_model::BertConfig;

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

    fn data() -> Arc<EncodedDataset> {
        let examples = (0..11_u32).map(|id| {
            let ids: Vec<u32> = (0..2 + id % 5 * 2).map(|position| (id * 3 + position * 7) % 20).collect();
            EncodedExample {
                id: id.into(),
                type_ids: vec![0; ids.len()],
                uncut: ids.len(),
                ids,
                label: Some(0),
            }
        });
        Arc::new(EncodedDataset::new(examples.collect()))
    }

    /// Whatever is kept in memory, in the file or in part in each: the logits of an example are those of the whole model.
    #[test]
    fn what_comes_out_is_what_the_model_would_compute() {
        let device = Device::flex();
        let (model, data) = (model(&device), data());
        let batcher = Batcher::new(0, Padding::Longest);
        for prefix in [Prefix::Layers(0), Prefix::Layers(2), Prefix::Encoder, Prefix::Pooler] {
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
                    let logits = model.forward(BertInput {
                        input_ids: batch.input_ids,
                        token_type_ids: batch.token_type_ids,
                        attention_mask: batch.attention_mask,
                    });
                    // Of size 0.1; another length of padding may round the last place otherwise.
                    for (found, expected) in found.iter().zip(logits.into_data().iter::<f32>()) {
                        assert!((found - expected).abs() < 1e-6, "{prefix:?}: {found} {expected}");
                    }
                }
            }
        }
    }
}
