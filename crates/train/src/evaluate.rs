//! Metrics of a whole split.

use std::path::Path;
use std::sync::Arc;

use burn::data::dataset::Dataset as _;
use burn::module::Module as _;
use burn::tensor::Device;
use embert_data::tokenize::{Padding, Tokenizer};
use embert_data::{Batcher, EncodedDataset, Example, LabelMapping, LabelSet, WindowOptions, encode_windows};
use embert_metrics::{Accumulator, Average, Pool, Report, softmax};
use embert_model::{BertConfig, BertForSequenceClassification, LoadOptions};

use crate::TrainError;
use crate::batches::{MicroBatch, MicroBatches};
use crate::cache::PrefixCache;
use crate::sizes::check_max_length;

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
    /// The probability of each label; of a text with several windows, the mean of theirs.
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

/// Metrics over all texts of a data set (never means of batch means), and what the model says of each.
///
/// Of a text with several windows, wherever they lie in the batches, the prediction is the mean of their probabilities, and
/// its loss is that prediction's: a text counts once, however long it is.
///
/// `model` is used as it is: pass [`valid`](burn::module::Module::valid), or dropout takes part. Examples go through it
/// in order of their length, so that little is padded; `progress` gets the number of texts done after each batch.
///
/// # Errors
/// An example without a label, or a batch that can't be built.
pub fn evaluate(
    model: &BertForSequenceClassification,
    data: &Arc<EncodedDataset>,
    options: &EvalOptions,
    device: &Device,
    progress: impl FnMut(usize) -> Result<(), TrainError>,
) -> Result<(Report, Vec<Scored>), TrainError> {
    evaluate_from(model, data, None, options, device, progress)
}

/// [`evaluate`], but where `cache` has what the model's frozen part makes of `data`, from there on.
pub(crate) fn evaluate_from(
    model: &BertForSequenceClassification,
    data: &Arc<EncodedDataset>,
    cache: Option<&Arc<PrefixCache>>,
    options: &EvalOptions,
    device: &Device,
    mut progress: impl FnMut(usize) -> Result<(), TrainError>,
) -> Result<(Report, Vec<Scored>), TrainError> {
    let mut accumulator = Accumulator::new(options.num_labels, options.average)?;
    let mut scored = Vec::with_capacity(data.texts());
    let mut windows = vec![0; data.texts()];
    for index in 0..data.len() {
        windows[data.text_of(index)] += 1;
    }
    let mut pools = vec![Pool::default(); data.texts()];
    let plan = by_length(&data.lengths(), options.batch_size);
    let batches = MicroBatches::new(data, cache, options.batcher, plan.clone(), 0, device)?;
    for (indices, batch) in plan.into_iter().zip(batches) {
        let MicroBatch { input, ids, targets, .. } = batch?;
        let logits: Vec<f32> = input.forward(model).into_data().iter::<f32>().collect();
        let examples = indices.into_iter().zip(ids).zip(targets);
        for (((index, id), target), logits) in examples.zip(logits.chunks(options.num_labels)) {
            let text = data.text_of(index);
            pools[text].add(&softmax(logits));
            if pools[text].count() == windows[text] {
                let probabilities = std::mem::take(&mut pools[text]).mean();
                accumulator.add(
                    target,
                    &probabilities,
                    -probabilities[target].max(f64::MIN_POSITIVE).ln(),
                )?;
                scored.push(Scored { id, target, probabilities });
            }
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
    /// The model's labels, in its order; the data set's names where the model has none.
    pub labels: Vec<String>,
    /// Each example with what the model says of it, in the order of the row numbers.
    pub examples: Vec<(Example, Scored)>,
    /// How the data set's labels were paired with those of a model that doesn't name its own: what a user should know.
    pub pairing: Option<String>,
}

/// Evaluates the classification checkpoint in `folder` on `examples`, whose labels are numbered as in `labels`.
///
/// Texts that are too long are cut, or read in windows, as `encoding` says; `progress` gets the number of examples done.
///
/// # Errors
/// The checkpoint or its tokenizer can't be loaded, it has no trained classifier or other labels than the data set, or
/// an example has no label.
pub fn evaluate_checkpoint(
    folder: &Path,
    examples: Vec<Example>,
    labels: &LabelSet,
    encoding: &WindowOptions,
    batch_size: usize,
    device: &Device,
    mut progress: impl FnMut(usize),
) -> Result<Evaluation, TrainError> {
    check_max_length(folder, encoding.encoding.max_length)?;
    let loaded = BertForSequenceClassification::from_pretrained(folder, &LoadOptions::default(), device)?;
    if let Some(missing) = loaded.report.newly_initialized.first() {
        let problem = format!("it has no {missing}, so its classifier is not trained");
        return Err(TrainError::Checkpoint { path: folder.to_owned(), problem });
    }
    loaded.config.check_classes(folder, labels.names())?;
    let tokenizer = Tokenizer::from_folder(folder)?;
    tokenizer.check_vocab(loaded.config.vocab_size)?;
    check_token_types(folder, &tokenizer, &loaded.config, &examples)?;
    let names = loaded.config.id2label.clone();
    let mapping = labels.reconcile(&names)?;
    let pairing = mapping.pairing().map(str::to_owned);
    let names = if pairing.is_some() { labels.names().to_vec() } else { names };
    let examples = mapping.apply(examples);
    let encoded = encode_windows(&examples, &tokenizer, encoding)?;
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
    Ok(Evaluation { report, labels: names, examples: examples.into_iter().zip(scored).collect(), pairing })
}

/// Refuses pairs of texts that the model in `folder` has no token type for, before they are encoded.
pub(crate) fn check_token_types<'a>(
    folder: &Path,
    tokenizer: &Tokenizer,
    model: &BertConfig,
    examples: impl IntoIterator<Item = &'a Example>,
) -> Result<(), TrainError> {
    let is_pair = examples.into_iter().any(|example| example.text_pair.is_some());
    Ok(model.check_token_types(folder, is_pair, tokenizer.token_types(is_pair)?)?)
}

/// What precision, recall and F1 stand for: the positive class with two labels, else the macro average.
pub(crate) fn average(names: &[String], labels: &LabelSet, mapping: &LabelMapping) -> Average {
    match names.len() {
        2 => Average::Binary { positive: mapping.id(labels.positive()) },
        _ => Average::Macro,
    }
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
