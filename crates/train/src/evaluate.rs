//! [`evaluate`]: the scores of a model on a whole split.

use std::path::Path;
use std::sync::Arc;

use burn::data::dataset::Dataset as _;
use burn::module::Module as _;
use burn::tensor::Device;
use embert_data::tokenize::{Padding, Tokenizer};
use embert_data::{Batcher, EncodedDataset, Texts, WindowOptions};
use embert_model::{BertConfig, LoadOptions, ModelFor};
use embert_task::{Outputs, Scorer as _, Task, encode_aligned};

use crate::TrainError;
use crate::batches::{MicroBatch, MicroBatches};
use crate::cache::PrefixCache;
use crate::epoch::EpochPlan;
use crate::length_order::by_length;
use crate::sizes::check_max_length;

/// A split to evaluate on. Clones share it.
#[derive(Clone, Debug)]
pub struct EvaluatedSplit<T: Task> {
    /// The examples.
    pub examples: Arc<[T::Example]>,
    /// The examples' features, in the order of the examples.
    pub features: Arc<EncodedDataset<T::Target>>,
    /// What decoding has to know of each feature's tokens.
    pub alignments: Arc<[T::Alignment]>,
}

impl<T: Task> EvaluatedSplit<T> {
    /// Encodes the examples, whose labels have the head's numbers.
    ///
    /// # Errors
    /// The tokenizer refuses a text, or an example has no target.
    pub fn encode(
        task: &T,
        examples: Vec<T::Example>,
        tokenizer: &Tokenizer,
        options: &WindowOptions,
    ) -> Result<Self, TrainError> {
        let (features, alignments) = encode_aligned(task, &examples, tokenizer, options)?;
        Ok(Self { examples: examples.into(), features: Arc::new(features), alignments: alignments.into() })
    }
}

/// Scores of a split with the predictions that they come from.
#[derive(Clone, Debug)]
pub struct EvaluationOutput<T: Task> {
    /// The scores over all examples.
    pub report: T::Report,
    /// The prediction of each example, in the order of the split's examples.
    pub predictions: Vec<T::Prediction>,
}

/// Scores over all examples of a split (never means of batch means), and the prediction of each.
///
/// The outputs of an example's features are joined to one prediction: an example counts once, however many
/// windows it has.
///
/// Dropout is off. Pass a model that is [`valid`](burn::module::Module::valid), which records no operations
/// for a backward pass. Features go through the model in order of their length, `batch_size` at a time, so
/// that there is little padding; `progress` gets the number of examples done after each batch.
///
/// # Errors
/// An example has no label, a prediction is not finite, or a batch can't be built.
pub fn evaluate<T: Task>(
    task: &T,
    model: &ModelFor<T::Head>,
    split: &EvaluatedSplit<T>,
    batch_size: usize,
    batcher: Batcher,
    device: &Device,
    progress: impl FnMut(usize) -> Result<(), TrainError>,
) -> Result<EvaluationOutput<T>, TrainError> {
    evaluate_from(task, model, split, None, batch_size, batcher, device, progress)
}

/// [`evaluate`] from the cached outputs of the model's frozen prefix, if there is a `cache`.
#[allow(clippy::too_many_arguments, reason = "evaluate's, and the cache")]
pub(crate) fn evaluate_from<T: Task>(
    task: &T,
    model: &ModelFor<T::Head>,
    split: &EvaluatedSplit<T>,
    cache: Option<&Arc<PrefixCache>>,
    batch_size: usize,
    batcher: Batcher,
    device: &Device,
    mut progress: impl FnMut(usize) -> Result<(), TrainError>,
) -> Result<EvaluationOutput<T>, TrainError> {
    let EvaluatedSplit { examples, features, alignments } = split;
    let mut scorer = task.scorer()?;
    let mut missing = vec![0_usize; examples.len()];
    for feature in 0..features.len() {
        missing[features.example_of(feature)] += 1;
    }
    let mut parts: Vec<Vec<(usize, T::Part)>> = examples.iter().map(|_| Vec::new()).collect();
    let mut predictions: Vec<Option<T::Prediction>> = vec![None; examples.len()];
    let mut done = 0;
    let plan = by_length(&features.lengths(), batch_size);
    let micro_batches = EpochPlan { micro_batches: plan.clone(), steps: Vec::new() };
    let batches = MicroBatches::new(features, cache, batcher, micro_batches, false, device);
    for (indices, batch) in plan.into_iter().zip(batches) {
        let MicroBatch { input, .. } = batch?;
        let layout = input.layout();
        let outputs = Outputs::new::<T::Head>(input.forward(model), layout);
        for (position, feature) in indices.into_iter().enumerate() {
            let index = features.example_of(feature);
            parts[index].push((feature, task.decode(&alignments[feature], outputs.of(position))));
            missing[index] -= 1;
            if missing[index] == 0 {
                let example = &examples[index];
                let mut parts = std::mem::take(&mut parts[index]);
                parts.sort_by_key(|(feature, _)| *feature);
                let prediction = task.join(example, parts.into_iter().map(|(_, part)| part).collect());
                scorer.add(example, &prediction)?;
                predictions[index] = Some(prediction);
                done += 1;
            }
        }
        progress(done)?;
    }
    // Each example has a feature, and each feature was in a batch.
    Ok(EvaluationOutput { report: scorer.finish(), predictions: predictions.into_iter().flatten().collect() })
}

/// The result of [`evaluate_checkpoint`].
#[derive(Clone, Debug)]
pub struct Evaluation<T: Task> {
    /// The task, with the labels in the order of the checkpoint's head; labels have the data set's names if
    /// the checkpoint has no names.
    pub task: T,
    /// The scores over all examples.
    pub report: T::Report,
    /// Each example with its prediction, in the order of the row numbers.
    pub examples: Vec<(T::Example, T::Prediction)>,
}

/// Evaluates the checkpoint in `folder` on `examples`, whose labels are numbered as in `labels`.
///
/// Longer texts are cut, or read in windows, as `encoding` says; `progress` gets the number of examples done.
///
/// # Errors
/// The checkpoint or its tokenizer can't be loaded, the checkpoint has no trained head for the task or other
/// labels than the data set, or an example has no label.
pub fn evaluate_checkpoint<T: Task>(
    folder: &Path,
    examples: Vec<T::Example>,
    labels: &T::Labels,
    encoding: &WindowOptions,
    batch_size: usize,
    device: &Device,
    mut progress: impl FnMut(usize),
) -> Result<Evaluation<T>, TrainError> {
    check_max_length(folder, encoding.encoding.max_length)?;
    let loaded = ModelFor::<T::Head>::from_pretrained(folder, &LoadOptions::default(), device)?;
    if let Some(missing) = loaded.report.newly_initialized.first() {
        let problem = format!("it has no {missing}, so its classifier is not trained");
        return Err(TrainError::Checkpoint { path: folder.to_owned(), problem });
    }
    let task = T::fit(labels, &loaded.config, folder)?.with_thresholds_of(folder)?;
    let tokenizer = T::tokenizer(&loaded.config, folder)?;
    tokenizer.check_vocab(loaded.config.vocab_size)?;
    check_token_types(folder, &tokenizer, &loaded.config, &examples)?;
    let examples: Vec<T::Example> = examples.into_iter().map(|example| task.align_label(example)).collect();
    let split = EvaluatedSplit::encode(&task, examples, &tokenizer, encoding)?;
    let batcher = Batcher::new(tokenizer.pad_id(), Padding::Longest);
    let model = loaded.model.valid();
    let EvaluationOutput { report, predictions } =
        evaluate(&task, &model, &split, batch_size, batcher, device, |done| {
            progress(done);
            Ok(())
        })?;
    let mut examples: Vec<_> = split.examples.iter().cloned().zip(predictions).collect();
    examples.sort_by_key(|(example, _)| example.id());
    Ok(Evaluation { task, report, examples })
}

/// Refuses pairs of texts, before they are encoded, if the model in `folder` has no token type for the second
/// text.
pub(crate) fn check_token_types<'a, E: Texts + 'a>(
    folder: &Path,
    tokenizer: &Tokenizer,
    model: &BertConfig,
    examples: impl IntoIterator<Item = &'a E>,
) -> Result<(), TrainError> {
    let is_pair =
        examples.into_iter().any(|example| example.text_pair().is_some() && example.separate().is_none());
    Ok(model.check_token_types(folder, is_pair, tokenizer.token_types(is_pair)?)?)
}
