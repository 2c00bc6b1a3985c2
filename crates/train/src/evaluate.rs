//! Metrics of a whole split.

use std::path::Path;
use std::sync::Arc;

use burn::data::dataset::Dataset as _;
use burn::module::Module as _;
use burn::tensor::Device;
use embert_data::tokenize::{EncodeOptions, Padding, Tokenizer};
use embert_data::{Batch, BatchLoader, Batcher, EncodedDataset, Example, LabelMapping, LabelSet, encode};
use embert_metrics::{Accumulator, Average, Report, softmax};
use embert_model::{BertForSequenceClassification, BertInput, LoadOptions};

use crate::TrainError;

/// How [`evaluate`] goes about it.
#[derive(Clone, Copy, Debug)]
pub struct EvalOptions {
    /// Examples in a batch.
    pub batch_size: usize,
    /// The number of labels of the model.
    pub num_labels: usize,
    /// What precision, recall and F1 stand for.
    pub average: Average,
    /// Pads the batches.
    pub batcher: Batcher,
}

/// What the model says of one example.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// The example's row number.
    pub id: u64,
    /// Its label.
    pub target: usize,
    /// The probability of each label.
    pub probabilities: Vec<f64>,
}

impl Scored {
    /// The label with the highest probability; the first of them where there are several.
    pub fn predicted(&self) -> usize {
        let mut best = 0;
        for (label, probability) in self.probabilities.iter().enumerate() {
            if *probability > self.probabilities[best] {
                best = label;
            }
        }
        best
    }
}

/// Metrics over all examples of a data set (never means of batch means), and what the model says of each.
///
/// `model` is used as it is: pass [`valid`](burn::module::Module::valid), or dropout takes part. Examples go through it
/// in order of their length, so that little is padded; `progress` gets the number done after each batch.
///
/// # Errors
/// An example without a label, or a batch that can't be built.
pub fn evaluate(
    model: &BertForSequenceClassification,
    data: &Arc<EncodedDataset>,
    options: &EvalOptions,
    device: &Device,
    mut progress: impl FnMut(usize) -> Result<(), TrainError>,
) -> Result<(Report, Vec<Scored>), TrainError> {
    let mut accumulator = Accumulator::new(options.num_labels, options.average)?;
    let mut scored = Vec::with_capacity(data.len());
    let plan = by_length(&data.lengths(), options.batch_size);
    for batch in BatchLoader::new(Arc::clone(data), options.batcher, plan, 0, device.clone()) {
        let batch = batch?;
        let (ids, targets) = (batch.ids.clone(), batch.targets.clone());
        let logits = to_rows(model, batch);
        for ((id, target), logits) in ids.into_iter().zip(targets).zip(logits.chunks(options.num_labels)) {
            let probabilities = softmax(logits);
            accumulator.add(target, &probabilities, -probabilities[target].max(f64::MIN_POSITIVE).ln())?;
            scored.push(Scored { id, target, probabilities });
        }
        progress(scored.len())?;
    }
    scored.sort_unstable_by_key(|example| example.id);
    Ok((accumulator.report(), scored))
}

/// What [`evaluate_checkpoint`] found.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// The metrics.
    pub report: Report,
    /// The model's labels, in its order.
    pub labels: Vec<String>,
    /// Each example with what the model says of it, in the order of the row numbers.
    pub examples: Vec<(Example, Scored)>,
}

/// Evaluates the classification checkpoint in `folder` on `examples`, whose labels are numbered as in `labels`.
///
/// Texts are cut at `encoding.max_length` tokens; `progress` gets the number of examples done.
///
/// # Errors
/// The checkpoint or its tokenizer can't be loaded, it has no trained classifier or other labels than the data set, or
/// an example has no label.
pub fn evaluate_checkpoint(
    folder: &Path,
    examples: Vec<Example>,
    labels: &LabelSet,
    encoding: &EncodeOptions,
    batch_size: usize,
    device: &Device,
    mut progress: impl FnMut(usize),
) -> Result<Evaluation, TrainError> {
    let loaded = BertForSequenceClassification::from_pretrained(folder, &LoadOptions::default(), device)?;
    if let Some(missing) = loaded.report.newly_initialized.first() {
        let problem = format!("it has no {missing}, so its classifier is not trained");
        return Err(TrainError::Checkpoint { path: folder.to_owned(), problem });
    }
    let tokenizer = Tokenizer::from_folder(folder)?;
    tokenizer.check_vocab(loaded.config.vocab_size)?;
    let names = loaded.config.id2label.clone();
    let mapping = labels.reconcile(&names)?;
    let examples = mapping.apply(examples);
    let (encoded, _) = encode(&examples, &tokenizer, encoding)?;
    let options = EvalOptions {
        batch_size,
        num_labels: names.len(),
        average: average(&names, labels, &mapping),
        batcher: Batcher::new(tokenizer.pad_id(), Padding::Longest),
    };
    let (report, scored) = evaluate(&loaded.model.valid(), &Arc::new(encoded), &options, device, |done| {
        progress(done);
        Ok(())
    })?;
    let mut examples = examples;
    examples.sort_unstable_by_key(|example| example.id);
    Ok(Evaluation { report, labels: names, examples: examples.into_iter().zip(scored).collect() })
}

/// What precision, recall and F1 stand for: the positive class with two labels, else the macro average.
pub(crate) fn average(names: &[String], labels: &LabelSet, mapping: &LabelMapping) -> Average {
    match names.len() {
        2 => Average::Binary { positive: mapping.id(labels.positive()) },
        _ => Average::Macro,
    }
}

/// The logits of a batch on the host, row after row.
fn to_rows(model: &BertForSequenceClassification, batch: Batch) -> Vec<f32> {
    let input = BertInput {
        input_ids: batch.input_ids,
        token_type_ids: batch.token_type_ids,
        attention_mask: batch.attention_mask,
    };
    model.forward(input).into_data().iter::<f32>().collect()
}

/// Batches of neighbours in length, the longest first so that too little memory shows at once.
pub(crate) fn by_length(lengths: &[usize], batch_size: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(lengths[index]));
    order.chunks(batch_size).map(<[usize]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_in_one_batch_of_its_like() {
        let plan = by_length(&[3, 9, 4, 8, 5], 2);
        assert_eq!(plan, [vec![1, 3], vec![4, 2], vec![0]]);
    }
}
