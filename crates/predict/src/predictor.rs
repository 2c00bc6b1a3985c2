//! [`Predictor`].

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::vec;

use burn::module::Module as _;
use burn::tensor::Device;
use embert_data::tokenize::{EncodeOptions, Encoding, Padding, Tokenizer, Truncation};
use embert_data::{Batcher, DataError, EncodedExample, Row};
use embert_metrics::softmax;
use embert_model::{BertForSequenceClassification, BertInput, LoadOptions};

use crate::{PredictError, Prediction};

/// A classification checkpoint with its tokenizer, ready to label texts.
#[derive(Debug)]
pub struct Predictor {
    folder: PathBuf,
    model: BertForSequenceClassification,
    tokenizer: Tokenizer,
    labels: Arc<[String]>,
    device: Device,
    positions: usize,
    max_length: usize,
    batch_size: usize,
}

/// Batches that are read ahead and sorted by length together: enough that batches hold texts of similar length, few
/// enough that a stream of any length needs little memory.
const BATCHES_AHEAD: usize = 16;

impl Predictor {
    /// Opens the `model/` folder of a run, or any BERT classification checkpoint in Hugging Face format.
    ///
    /// Texts are cut at the length that the model was trained with, as its tokenizer's `model_max_length` says.
    ///
    /// # Errors
    /// The checkpoint or the tokenizer can't be loaded, or there is no trained classifier.
    pub fn open(folder: &Path, device: &Device) -> Result<Self, PredictError> {
        let pretrained =
            BertForSequenceClassification::from_pretrained(folder, &LoadOptions::default(), device)?;
        if let Some(missing) = pretrained.report.newly_initialized.first() {
            return Err(PredictError::NoClassifier { path: folder.to_owned(), missing: missing.clone() });
        }
        let tokenizer = Tokenizer::from_folder(folder)?;
        tokenizer.check_vocab(pretrained.config.vocab_size)?;
        let positions = pretrained.config.max_position_embeddings;
        Ok(Self {
            folder: folder.to_owned(),
            model: pretrained.model.valid(),
            labels: pretrained.config.id2label.clone().into(),
            device: device.clone().inner(),
            positions,
            max_length: tokenizer.model_max_length().map_or(positions, |length| length.min(positions)),
            tokenizer,
            batch_size: 32,
        })
    }

    /// Cuts texts at this many tokens, the special ones included.
    ///
    /// # Errors
    /// The model has fewer positions.
    pub fn with_max_length(self, max_length: usize) -> Result<Self, PredictError> {
        if max_length > self.positions {
            return Err(PredictError::MaxLength {
                path: self.folder,
                found: max_length,
                positions: self.positions,
            });
        }
        Ok(Self { max_length, ..self })
    }

    /// Puts this many texts (at least one) into a batch.
    #[must_use]
    pub fn with_batch_size(self, batch_size: usize) -> Self {
        Self { batch_size: batch_size.max(1), ..self }
    }

    /// The names of the model's labels, in its order.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Where texts are cut, in tokens.
    pub fn max_length(&self) -> usize {
        self.max_length
    }

    /// Labels texts, in their order.
    ///
    /// # Errors
    /// The tokenizer refuses a text.
    pub fn predict<T: AsRef<str>>(&self, texts: &[T]) -> Result<Vec<Prediction>, PredictError> {
        let rows = texts.iter().map(|text| {
            Ok(Row { text: text.as_ref().to_owned(), text_pair: None, label: None })
        });
        self.stream(rows).collect()
    }

    /// Labels the rows of a stream in their order, reading only a few batches ahead. The first error ends it.
    pub fn stream<I>(&self, rows: I) -> Predictions<'_, I::IntoIter>
    where
        I: IntoIterator<Item = Result<Row, DataError>>,
    {
        Predictions { predictor: self, rows: rows.into_iter(), ready: Vec::new().into_iter(), failed: None }
    }

    /// Labels a window of rows: encoded together, batched by length, returned in their order.
    fn predict_window(&self, rows: Vec<Row>) -> Result<Vec<Prediction>, PredictError> {
        let texts: Vec<(&str, Option<&str>)> =
            rows.iter().map(|row| (row.text.as_str(), row.text_pair.as_deref())).collect();
        let options = EncodeOptions { max_length: self.max_length, truncation: Truncation::LongestFirst };
        let encodings = self.tokenizer.encode_batch(&texts, &options)?;
        let mut probabilities = vec![Vec::new(); rows.len()];
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|&index| std::cmp::Reverse(encodings[index].ids.len()));
        for batch in order.chunks(self.batch_size) {
            for (&index, row) in batch.iter().zip(self.forward(batch, &encodings)) {
                probabilities[index] = row;
            }
        }
        Ok(rows
            .into_iter()
            .zip(probabilities)
            .map(|(row, probabilities)| {
                Prediction::new(row.text, row.text_pair, Arc::clone(&self.labels), probabilities)
            })
            .collect())
    }

    /// The probabilities of the encodings with these indices.
    fn forward(&self, indices: &[usize], encodings: &[Encoding]) -> Vec<Vec<f64>> {
        let items: Vec<EncodedExample> = indices
            .iter()
            .map(|&index| EncodedExample::unlabelled(index as u64, &encodings[index]))
            .collect();
        let batch = burn::data::dataloader::batcher::Batcher::batch(
            &Batcher::new(self.tokenizer.pad_id(), Padding::Longest),
            items,
            &self.device,
        );
        let input = BertInput {
            input_ids: batch.input_ids,
            token_type_ids: batch.token_type_ids,
            attention_mask: batch.attention_mask,
        };
        let logits: Vec<f32> = self.model.forward(input).into_data().iter::<f32>().collect();
        logits.chunks(self.labels.len()).map(softmax).collect()
    }
}

/// The predictions of a stream, from [`Predictor::stream`].
#[derive(Debug)]
pub struct Predictions<'a, I> {
    predictor: &'a Predictor,
    rows: I,
    ready: vec::IntoIter<Prediction>,
    /// A row's error, to be returned after the predictions of the rows before it.
    failed: Option<PredictError>,
}

impl<I: Iterator<Item = Result<Row, DataError>>> Iterator for Predictions<'_, I> {
    type Item = Result<Prediction, PredictError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(prediction) = self.ready.next() {
            return Some(Ok(prediction));
        }
        if let Some(error) = self.failed.take() {
            return Some(Err(error));
        }
        let mut window = Vec::new();
        for row in self.rows.by_ref().take(self.predictor.batch_size * BATCHES_AHEAD) {
            match row {
                Ok(row) => window.push(row),
                Err(error) => {
                    self.failed = Some(error.into());
                    break;
                }
            }
        }
        if window.is_empty() {
            return self.failed.take().map(Err);
        }
        match self.predictor.predict_window(window) {
            Ok(predictions) => {
                self.ready = predictions.into_iter();
                self.ready.next().map(Ok)
            }
            Err(error) => Some(Err(error)),
        }
    }
}
