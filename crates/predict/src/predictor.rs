//! [`Predictor`].

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::vec;

use burn::module::Module as _;
use burn::tensor::Device;
use embert_data::tokenize::{EncodeOptions, Encoding, Padding, Tokenizer, Truncation};
use embert_data::{Batcher, DataError, EncodedExample, Row};
use embert_metrics::{Pool, softmax};
use embert_model::{
    BertConfig, BertForSequenceClassification, BertInput, HeadFunction, LoadOptions, ModelError,
};

use crate::relevant::relevant;
use crate::{PredictError, Prediction};

/// A classification checkpoint with its tokenizer, ready to label texts.
#[derive(Debug)]
pub struct Predictor {
    folder: PathBuf,
    model: BertForSequenceClassification,
    tokenizer: Tokenizer,
    labels: Arc<[String]>,
    config: BertConfig,
    /// Token types of a pair.
    pair_types: usize,
    device: Device,
    positions: usize,
    max_length: usize,
    truncation: Truncation,
    stride: Option<usize>,
    batch_size: usize,
}

/// Batches that are read ahead and sorted by length together: enough that batches hold texts of similar length, few
/// enough that a stream of any length needs little memory.
const BATCHES_AHEAD: usize = 16;

/// No row is read ahead once this much text is: long texts must not add up either.
const BYTES_AHEAD: usize = 4 << 20;

impl Predictor {
    /// Opens the `model/` folder of a run, or any BERT classification checkpoint in Hugging Face format.
    ///
    /// Texts are cut at the length that the model was trained with, as its tokenizer's `model_max_length` says, and on the side
    /// that its `truncation_side` says.
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
        pretrained.config.check_token_types(folder, false, tokenizer.token_types(false)?)?;
        let positions = pretrained.config.max_position_embeddings;
        Ok(Self {
            folder: folder.to_owned(),
            model: pretrained.model.valid(),
            labels: pretrained.config.id2label.clone().into(),
            config: pretrained.config,
            pair_types: tokenizer.token_types(true)?,
            device: device.clone().inner(),
            positions,
            max_length: tokenizer.model_max_length().map_or(positions, |length| length.min(positions)),
            truncation: tokenizer.truncation(),
            stride: None,
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

    /// Cuts longer texts so. Whether it suits the length shows with the first text.
    #[must_use]
    pub fn with_truncation(self, truncation: Truncation) -> Self {
        Self { truncation, ..self }
    }

    /// Reads longer texts whole, in windows that overlap by this many tokens: the scores are the mean of the windows', as in
    /// an evaluation with this stride. `None` cuts them. Whether it suits the length shows with the first text.
    #[must_use]
    pub fn with_stride(self, stride: Option<usize>) -> Self {
        Self { stride, ..self }
    }

    /// Puts this many texts (at least one), or windows of them, into a batch.
    #[must_use]
    pub fn with_batch_size(self, batch_size: usize) -> Self {
        Self { batch_size: batch_size.max(1), ..self }
    }

    /// The names of the model's labels, in its order.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// What makes scores of the head's outputs.
    pub fn function(&self) -> HeadFunction {
        self.config.head_function()
    }

    /// Whether the model reads pairs of texts: whether it has an embedding for the second one's token type.
    ///
    /// # Errors
    /// It has not.
    pub fn check_pairs(&self) -> Result<(), ModelError> {
        self.config.check_token_types(&self.folder, true, self.pair_types)
    }

    /// What a user should know of how texts are tokenized, one line each.
    pub fn notes(&self) -> &[String] {
        self.tokenizer.notes()
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
        let rows =
            texts.iter().map(|text| Ok(Row { text: text.as_ref().to_owned(), text_pair: None, label: None }));
        self.stream(rows).collect()
    }

    /// Labels the rows of a stream in their order, reading only a few batches ahead. The first error ends it.
    pub fn stream<I>(&self, rows: I) -> Predictions<'_, I::IntoIter>
    where
        I: IntoIterator<Item = Result<Row, DataError>>,
    {
        Predictions {
            predictor: self,
            rows: Some(rows.into_iter()),
            ready: Vec::new().into_iter(),
            failed: None,
        }
    }

    /// Labels rows that are in memory together, and returns them in their order.
    fn predict_rows(&self, rows: Vec<Row>) -> Result<Vec<Prediction>, PredictError> {
        if rows.iter().any(|row| row.text_pair.is_some()) {
            self.check_pairs()?;
        }
        let options = EncodeOptions { max_length: self.max_length, truncation: self.truncation };
        let mut pools = vec![Pool::default(); rows.len()];
        if let Some(stride) = self.stride {
            // Never all windows at once: a long text may have as many as tokens.
            let mut windows = Vec::new();
            for (index, row) in rows.iter().enumerate() {
                let text_pair = row.text_pair.as_deref();
                for window in self.tokenizer.window_iter(&row.text, text_pair, &options, stride)? {
                    windows.push((index, window?));
                    if windows.len() == self.batch_size * BATCHES_AHEAD {
                        self.add(&windows, &mut pools, &rows)?;
                        windows.clear();
                    }
                }
            }
            self.add(&windows, &mut pools, &rows)?;
        } else {
            let parts = rows.iter().map(|row| match row.text_pair {
                None => relevant(&row.text, &self.tokenizer, &options),
                Some(_) => Ok(Cow::Borrowed(row.text.as_str())),
            });
            let parts = parts.collect::<Result<Vec<_>, _>>()?;
            let pairs = rows.iter().map(|row| row.text_pair.as_deref());
            let texts: Vec<(&str, Option<&str>)> = parts.iter().map(Cow::as_ref).zip(pairs).collect();
            let encodings = self.tokenizer.encode_batch(&texts, &options)?;
            self.add(&encodings.into_iter().enumerate().collect::<Vec<_>>(), &mut pools, &rows)?;
        }
        let function = self.function();
        let prediction = |(row, pool): (Row, Pool)| {
            Prediction::new(row.text, row.text_pair, Arc::clone(&self.labels), function, pool.mean())
        };
        Ok(rows.into_iter().zip(pools).map(prediction).collect())
    }

    /// Adds the scores of encodings to the pools of the rows that they are of, in batches of neighbours in length.
    fn add(
        &self,
        encodings: &[(usize, Encoding)],
        pools: &mut [Pool],
        rows: &[Row],
    ) -> Result<(), PredictError> {
        let mut order: Vec<&(usize, Encoding)> = encodings.iter().collect();
        order.sort_by_key(|(_, encoding)| std::cmp::Reverse(encoding.len()));
        for batch in order.chunks(self.batch_size) {
            let logits = self.forward(batch);
            for ((row, _), logits) in batch.iter().zip(logits.chunks(self.labels.len())) {
                if let Some(&value) = logits.iter().find(|value| !value.is_finite()) {
                    let text = rows[*row].text.chars().take(40).collect();
                    return Err(PredictError::NotFinite { path: self.folder.clone(), value, text });
                }
                pools[*row].add(&scores(self.function(), logits));
            }
        }
        Ok(())
    }

    /// The head's outputs for a batch, one row of them after the other.
    fn forward(&self, encodings: &[&(usize, Encoding)]) -> Vec<f32> {
        let items: Vec<EncodedExample> = encodings
            .iter()
            .map(|(index, encoding)| EncodedExample::unlabelled(*index as u64, encoding))
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
        self.model.forward(input).into_data().iter::<f32>().collect()
    }
}

/// The scores of one text's outputs.
fn scores(function: HeadFunction, logits: &[f32]) -> Vec<f64> {
    match function {
        HeadFunction::Softmax => softmax(logits),
        HeadFunction::Sigmoid => {
            logits.iter().map(|&logit| 1.0 / (1.0 + (-f64::from(logit)).exp())).collect()
        }
        HeadFunction::Identity => logits.iter().map(|&logit| f64::from(logit)).collect(),
    }
}

/// The predictions of a stream, from [`Predictor::stream`].
#[derive(Debug)]
pub struct Predictions<'a, I> {
    predictor: &'a Predictor,
    /// What is still to be read; `None` after an error.
    rows: Option<I>,
    ready: vec::IntoIter<Prediction>,
    /// A row's error, to be returned after the predictions of the rows before it.
    failed: Option<PredictError>,
}

impl<I: Iterator<Item = Result<Row, DataError>>> Predictions<'_, I> {
    /// Reads ahead, up to the first row that can't be read.
    fn next_window(&mut self) -> Vec<Row> {
        let mut window = Vec::new();
        let mut bytes = 0;
        let Some(rows) = &mut self.rows else { return window };
        for row in rows.take(self.predictor.batch_size * BATCHES_AHEAD) {
            match row {
                Ok(row) => {
                    bytes += row.text.len() + row.text_pair.as_ref().map_or(0, String::len);
                    window.push(row);
                }
                Err(error) => {
                    self.failed = Some(error.into());
                    self.rows = None;
                    break;
                }
            }
            if bytes >= BYTES_AHEAD {
                break;
            }
        }
        window
    }
}

impl<I: Iterator<Item = Result<Row, DataError>>> Iterator for Predictions<'_, I> {
    type Item = Result<Prediction, PredictError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(prediction) = self.ready.next() {
            return Some(Ok(prediction));
        }
        let window = self.next_window();
        if window.is_empty() {
            return self.failed.take().map(Err);
        }
        match self.predictor.predict_rows(window) {
            Ok(predictions) => {
                self.ready = predictions.into_iter();
                self.ready.next().map(Ok)
            }
            Err(error) => {
                self.rows = None;
                self.failed = None;
                Some(Err(error))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::fs;

    use embert_model::{BertConfig, SaveDtype, save_pretrained};

    use super::*;

    /// A random checkpoint of two small layers, whose probabilities differ from text to text. Its folder is not needed
    /// once it is open.
    fn predictor() -> Predictor {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/sample/bert");
        let dir = tempfile::tempdir().unwrap();
        let mut config = BertConfig::from_file(&shipped.join("config.json")).unwrap();
        (config.hidden_size, config.num_attention_heads, config.intermediate_size) = (16, 2, 32);
        config.initializer_range = 0.5;
        let config = config.with_labels(["neg", "pos", "mixed"]);
        let device = Device::flex();
        let model = BertForSequenceClassification::from_config(&config, 5, &device).unwrap();
        save_pretrained(&model, &config, dir.path(), SaveDtype::F32).unwrap();
        for file in ["vocab.txt", "tokenizer_config.json"] {
            fs::copy(shipped.join(file), dir.path().join(file)).unwrap();
        }
        Predictor::open(dir.path(), &device).unwrap()
    }

    fn row(text: impl Into<String>) -> Row {
        Row { text: text.into(), text_pair: None, label: None }
    }

    /// Texts of many lengths, no two alike.
    fn texts(count: usize) -> Vec<String> {
        let words = ["good", "bad", "a", "film", "never", "again", "lovely", "the", "story", "long"];
        let text = |n: usize| (0..=n * 7 % 40).map(|i| words[(i * i + n) % 10]).collect::<Vec<_>>().join(" ");
        (0..count).map(|n| format!("{} {n}", text(n))).collect()
    }

    /// The same sums in f32, in another order where there is padding.
    #[track_caller]
    fn assert_same(one: &Prediction, other: &Prediction) {
        assert_eq!(one.text(), other.text());
        for (a, b) in one.scores().iter().zip(other.scores()) {
            assert!((a - b).abs() < 1e-6, "{}: {a} against {b}", one.text());
        }
    }

    #[test]
    fn batches_of_any_size_give_what_one_by_one_gives_in_the_order_of_the_texts() {
        let texts = texts(50);
        let one_by_one: Vec<Prediction> = {
            let predictor = predictor().with_batch_size(1);
            texts.iter().flat_map(|text| predictor.predict(&[text]).unwrap()).collect()
        };
        // The model tells the texts apart, or the comparison says nothing.
        let scores: Vec<f64> = one_by_one.iter().map(|prediction| prediction.scores()[0]).collect();
        assert!(scores.iter().any(|score| (score - scores[0]).abs() > 0.05), "{scores:?}");
        for batch_size in [1, 2, 7, 64] {
            let predictions = predictor().with_batch_size(batch_size).predict(&texts).unwrap();
            assert_eq!(predictions.len(), texts.len());
            for (one, (other, text)) in one_by_one.iter().zip(predictions.iter().zip(&texts)) {
                assert_eq!(other.text(), text);
                assert_same(one, other);
            }
        }
    }

    #[test]
    fn a_stream_reads_a_bounded_number_of_rows_ahead() {
        let pulled = Cell::new(0);
        let endless = (0..).map(|n| {
            pulled.set(pulled.get() + 1);
            Ok(row(format!("film {n}")))
        });
        let predictor = predictor().with_batch_size(2);
        for (n, prediction) in predictor.stream(endless).take(100).enumerate() {
            assert_eq!(prediction.unwrap().text(), format!("film {n}"));
            assert!(pulled.get() <= n + 2 * BATCHES_AHEAD, "{} rows read for {n}", pulled.get());
        }
    }

    #[test]
    fn long_texts_are_read_ahead_by_their_size() {
        let pulled = Cell::new(0);
        let megabytes = (0..).map(|_| {
            pulled.set(pulled.get() + 1);
            Ok(row("good film ".repeat(100_000)))
        });
        let prediction = predictor().stream(megabytes).next().unwrap().unwrap();
        assert_eq!(prediction.text().len(), 1_000_000);
        assert_eq!(pulled.get(), BYTES_AHEAD.div_ceil(1_000_000));
    }

    #[test]
    fn a_long_text_counts_up_to_where_it_is_cut() {
        let predictor = predictor();
        assert_eq!(predictor.max_length(), 128);
        let [long, longer] = [200, 100_000].map(|count| "good film ".repeat(count));
        let predictions = predictor.predict(&[&long, &longer]).unwrap();
        assert_eq!(predictions[0].scores(), predictions[1].scores());
        let shorter = predictor.with_max_length(64).unwrap().predict(&[&long]).unwrap();
        assert_ne!(shorter[0].scores(), predictions[0].scores());
    }

    /// The sample's words are one token each: windows cut by hand are texts of their own.
    #[test]
    fn with_a_stride_a_long_text_has_the_mean_of_its_windows() {
        let words = ["good", "bad", "a", "film", "never", "again", "lovely", "the", "story", "soup"];
        let words: Vec<&str> = (0..40).map(|n| words[(n * n + n / 3) % 10]).collect();
        let predictor = predictor().with_max_length(12).unwrap().with_batch_size(2);
        // 10 words fit, of which 4 are shared: from 0, 6, ..., 30 on.
        let windows: Vec<String> = (0..6).map(|n| words[6 * n..6 * n + 10].join(" ")).collect();
        let separate = predictor.predict(&windows).unwrap();
        let texts = [words.join(" "), "good film".to_owned(), words.join(" ")];
        let alone = predictor.predict(&texts[1..2]).unwrap();
        let cut = predictor.predict(&texts).unwrap();
        let tail = words[30..].join(" ");
        let [tail, as_tail] = [Truncation::LongestFirst, Truncation::Tail].map(|truncation| {
            let predictor = self::predictor().with_max_length(12).unwrap().with_truncation(truncation);
            let text = if truncation == Truncation::Tail { &texts[0] } else { &tail };
            predictor.predict(&[text]).unwrap().remove(0).scores().to_vec()
        });
        assert_eq!(tail, as_tail);

        let predictor = predictor.with_stride(Some(4));
        let pooled = predictor.predict(&texts).unwrap();
        let label = |label: usize| {
            let of_windows = separate.iter().map(|window| window.scores()[label]);
            (of_windows.sum::<f64>() / 6.0, pooled[0].scores()[label])
        };
        for (expected, found) in [label(0), label(1), label(2)] {
            assert!((expected - found).abs() < 1e-6, "{found}, but the mean is {expected}");
        }
        assert!((label(0).1 - cut[0].scores()[0]).abs() > 1e-3, "the mean is that of the first");
        assert_same(&pooled[0], &pooled[2]);
        assert_same(&pooled[1], &alone[0]);
        let error = predictor.with_stride(Some(10)).predict(&["good"]).unwrap_err();
        assert!(error.to_string().contains("stride = 10"), "{error}");
    }

    #[test]
    fn no_text_and_an_empty_text() {
        let predictor = predictor();
        assert!(predictor.predict::<&str>(&[]).unwrap().is_empty());
        let predictions = predictor.predict(&["", " \n"]).unwrap();
        let sum: f64 = predictions[0].scores().iter().sum();
        assert!((sum - 1.0).abs() < 1e-12, "{sum}");
        assert_eq!(predictions[0].scores(), predictions[1].scores());
    }

    #[test]
    fn the_second_text_of_a_pair_counts() {
        let predictor = predictor();
        let pair = |second: &str| Row { text_pair: Some(second.into()), ..row("a good film") };
        let rows = [Ok(row("a good film")), Ok(pair("never again")), Ok(pair("lovely"))];
        let predictions: Vec<Prediction> = predictor.stream(rows).map(Result::unwrap).collect();
        assert_eq!(predictions[1].text_pair(), Some("never again"));
        let scores: Vec<f64> = predictions.iter().map(Prediction::score).collect();
        assert!(scores.windows(2).all(|pair| (pair[0] - pair[1]).abs() > 1e-3), "{scores:?}");
    }

    #[test]
    fn the_first_error_comes_after_the_rows_before_it_and_is_the_last() {
        let rows = [Ok(row("good")), Err(DataError::Loader), Ok(row("bad"))];
        let predictor = predictor();
        let mut predictions = predictor.stream(rows);
        assert_eq!(predictions.next().unwrap().unwrap().text(), "good");
        assert!(matches!(predictions.next(), Some(Err(PredictError::Data(_)))));
        assert!(predictions.next().is_none());
    }

    #[test]
    fn more_positions_than_the_model_has_are_refused() {
        let error = predictor().with_max_length(129).unwrap_err();
        assert!(error.to_string().contains("129 is more than the 128 positions"), "{error}");
    }
}
