//! [`Predictor`].

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::vec;

use burn::module::Module as _;
use burn::tensor::Device;
use embert_data::tokenize::{EncodeOptions, Encoding, Tokenizer, Truncation};
use embert_data::{DataError, Texts as _, inputs_of, words_of};
use embert_model::{BertConfig, Head as _, LoadOptions, ModelError, ModelFor, Reads};
use embert_task::{LabelledText, Outputs, Task, TextClassification, TextExample};

use crate::PredictError;
use crate::ahead::{Ahead, BATCHES_AHEAD};
use crate::input::input_of;
use crate::relevant::relevant;

/// A checkpoint that was trained for a task, with its tokenizer, ready to predict.
#[derive(Debug)]
pub struct Predictor<T: Task = TextClassification> {
    folder: PathBuf,
    model: ModelFor<T::Head>,
    task: T,
    tokenizer: Tokenizer,
    config: BertConfig,
    /// The number of token types in a pair.
    pair_types: usize,
    device: Device,
    positions: usize,
    max_length: usize,
    truncation: Truncation,
    longer: Longer,
    batch_size: usize,
}

/// How texts that are longer than a sequence are read.
#[derive(Clone, Copy, Debug)]
enum Longer {
    /// As the task does of itself.
    AsTheTask,
    /// Cut.
    Cut,
    /// In windows that overlap by so many tokens.
    InWindows(usize),
}

impl<T: Task> Predictor<T> {
    /// Opens the `model/` folder of a run, or any BERT checkpoint in Hugging Face format that was trained for
    /// the task.
    ///
    /// Texts are cut at the tokenizer's `model_max_length`, with which the model was trained, and on its
    /// `truncation_side`.
    ///
    /// # Errors
    /// The checkpoint or the tokenizer can't be loaded, or the head is another task's or was not trained.
    pub fn open(folder: &Path, device: &Device) -> Result<Self, PredictError> {
        let pretrained = ModelFor::<T::Head>::from_pretrained(folder, &LoadOptions::default(), device)?;
        if let Some(missing) = pretrained.report.newly_initialized.first() {
            return Err(PredictError::NoClassifier { path: folder.to_owned(), missing: missing.clone() });
        }
        let tokenizer = T::tokenizer(&pretrained.config, folder)?;
        tokenizer.check_vocab(pretrained.config.vocab_size)?;
        pretrained.config.check_token_types(folder, false, tokenizer.token_types(false)?)?;
        let positions = pretrained.config.max_position_embeddings;
        Ok(Self {
            folder: folder.to_owned(),
            model: pretrained.model.valid(),
            task: T::of_checkpoint(&pretrained.config, folder)?,
            config: pretrained.config,
            pair_types: tokenizer.token_types(true)?,
            device: device.clone().inner(),
            positions,
            max_length: tokenizer.model_max_length().map_or(positions, |length| length.min(positions)),
            truncation: tokenizer.truncation(),
            longer: Longer::AsTheTask,
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

    /// Sets how longer texts are cut. A truncation that does not fit the length is an error with the first
    /// text.
    #[must_use]
    pub fn with_truncation(self, truncation: Truncation) -> Self {
        Self { truncation, ..self }
    }

    /// Reads longer texts whole, in windows that overlap by this many tokens, which the task joins as in an
    /// evaluation with this stride: the scores of a text are the means over its windows. `None` cuts longer
    /// texts. A stride that does not fit the length is an error with the first text.
    ///
    /// Where this is not called, the task decides ([`Task::default_stride`]): token classification reads windows
    /// that overlap by a quarter of the length, question answering by a third, other tasks cut.
    #[must_use]
    pub fn with_stride(self, stride: Option<usize>) -> Self {
        Self { longer: stride.map_or(Longer::Cut, Longer::InWindows), ..self }
    }

    /// Sets the number of texts, or of windows, in a batch (at least one).
    #[must_use]
    pub fn with_batch_size(self, batch_size: usize) -> Self {
        Self { batch_size: batch_size.max(1), ..self }
    }

    /// Changes the task, as for another kind of answer.
    #[must_use]
    pub fn map_task(self, change: impl FnOnce(T) -> T) -> Self {
        Self { task: change(self.task), ..self }
    }

    /// The task that the checkpoint was trained for.
    pub fn task(&self) -> &T {
        &self.task
    }

    /// Checks that the model reads pairs of texts in one input: that it has an embedding for the second text's token type.
    ///
    /// # Errors
    /// The model has a single token type.
    pub fn check_pairs(&self) -> Result<(), ModelError> {
        self.config.check_token_types(&self.folder, true, self.pair_types)
    }

    /// Notes on how texts are tokenized, one line each.
    pub fn notes(&self) -> &[String] {
        self.tokenizer.notes()
    }

    /// The length at which texts are cut, in tokens.
    pub fn max_length(&self) -> usize {
        self.max_length
    }

    /// Predicts for the examples of a stream in their order, reading only a few batches ahead. The first
    /// error ends the stream.
    pub fn stream<I, X>(&self, examples: I) -> Predictions<'_, T, I::IntoIter>
    where
        I: IntoIterator<Item = Result<T::Example, X>>,
        X: Into<PredictError>,
    {
        Predictions {
            predictor: self,
            examples: Ahead::new(examples.into_iter()),
            ready: Vec::new().into_iter(),
        }
    }

    /// Predicts for examples that are in memory together, and returns the answers in their order.
    fn predict_together(&self, examples: Vec<T::Example>) -> Result<Vec<T::Answer>, PredictError> {
        if examples.iter().any(|example| example.text_pair().is_some() && example.separate().is_none()) {
            self.check_pairs()?;
        }
        let truncation = T::TRUNCATION.unwrap_or(self.truncation);
        let options = EncodeOptions { max_length: self.max_length, truncation };
        let mut parts: Vec<Vec<T::Part>> = examples.iter().map(|_| Vec::new()).collect();
        let stride = match self.longer {
            Longer::AsTheTask => T::default_stride(self.max_length),
            Longer::Cut => None,
            Longer::InWindows(stride) => Some(stride),
        };
        if let Some(stride) = stride {
            // Never all windows at once: a long text may have as many windows as tokens.
            let mut windows = Vec::new();
            for (index, example) in examples.iter().enumerate() {
                let words = words_of(std::slice::from_ref(example));
                let input = inputs_of(std::slice::from_ref(example), &words);
                // An example that the data set names is found again by its name.
                let of_example = |source| match example.name() {
                    Some(name) => PredictError::from(DataError::Windows {
                        id: example.id(),
                        name: Some(name),
                        source: Box::new(source),
                    }),
                    None => source.into(),
                };
                let found = self.tokenizer.input_window_iter(&input[0], &options, stride);
                for window in found.map_err(of_example)? {
                    windows.push((index, window.map_err(of_example)?));
                    if windows.len() == self.batch_size * BATCHES_AHEAD {
                        self.decode(&windows, &mut parts, &examples)?;
                        windows.clear();
                    }
                }
            }
            self.decode(&windows, &mut parts, &examples)?;
        } else {
            let encodings = match self.encode_separate(&examples, &options)? {
                Some(encodings) => encodings,
                None => self.encode(&examples, &options)?.into_iter().enumerate().collect(),
            };
            self.decode(&encodings, &mut parts, &examples)?;
        }
        let answer = |(example, parts): (T::Example, Vec<T::Part>)| {
            let prediction = self.task.join(&example, parts);
            self.task.answer(example, prediction)
        };
        Ok(examples.into_iter().zip(parts).map(answer).collect())
    }

    /// The encodings of texts that are features of their own, each with the index of its example, cut; `None`
    /// for a task whose examples are one input each.
    fn encode_separate(
        &self,
        examples: &[T::Example],
        options: &EncodeOptions,
    ) -> Result<Option<Vec<(usize, Encoding)>>, PredictError> {
        if !T::SEPARATE_TEXTS {
            return Ok(None);
        }
        let texts = examples.iter().enumerate().flat_map(|(index, example)| {
            example.separate().unwrap_or_default().into_iter().map(move |text| (index, text))
        });
        let (indices, texts): (Vec<usize>, Vec<&str>) = texts.unzip();
        let texts = texts.into_iter().map(|text| relevant(text, &self.tokenizer, options));
        let texts = texts.collect::<Result<Vec<_>, _>>()?;
        let texts: Vec<&str> = texts.iter().map(Cow::as_ref).collect();
        let encodings = self.tokenizer.encode_batch(&texts, options)?;
        Ok(Some(indices.into_iter().zip(encodings).collect()))
    }

    /// The encodings of examples, cut.
    fn encode(
        &self,
        examples: &[T::Example],
        options: &EncodeOptions,
    ) -> Result<Vec<Encoding>, PredictError> {
        if T::Head::READS == Reads::AllTokens {
            // What is said of single tokens is said with their places in the whole text.
            let words = words_of(examples);
            return Ok(self.tokenizer.encode_batch(&inputs_of(examples, &words), options)?);
        }
        let texts = examples.iter().map(|example| match example.text_pair() {
            None => relevant(example.text(), &self.tokenizer, options),
            Some(_) => Ok(Cow::Borrowed(example.text())),
        });
        let texts = texts.collect::<Result<Vec<_>, _>>()?;
        let pairs = examples.iter().map(|example| example.text_pair());
        let texts: Vec<(&str, Option<&str>)> = texts.iter().map(Cow::as_ref).zip(pairs).collect();
        Ok(self.tokenizer.encode_batch(&texts, options)?)
    }

    /// Runs the model on encodings, in batches of similar length, and adds each decoded output to the parts
    /// of its example.
    fn decode(
        &self,
        encodings: &[(usize, Encoding)],
        parts: &mut [Vec<T::Part>],
        examples: &[T::Example],
    ) -> Result<(), PredictError> {
        let mut order: Vec<usize> = (0..encodings.len()).collect();
        order.sort_by_key(|&index| std::cmp::Reverse(encodings[index].1.len()));
        let mut decoded = Vec::with_capacity(encodings.len());
        for batch in order.chunks(self.batch_size) {
            let outputs = self.forward(&batch.iter().map(|&index| &encodings[index]).collect::<Vec<_>>());
            for (feature, &index) in batch.iter().enumerate() {
                let (example, outputs) = (&encodings[index].0, outputs.of(feature));
                if let Some(&value) = outputs.iter().find(|value| !value.is_finite()) {
                    let text = examples[*example].text().chars().take(40).collect();
                    return Err(PredictError::NotFinite { path: self.folder.clone(), value, text });
                }
                let alignment =
                    self.task.alignment(&examples[*example], &encodings[index].1, &self.tokenizer);
                decoded.push((index, self.task.decode(&alignment, outputs)));
            }
        }
        // An example's parts are in the order of its windows.
        decoded.sort_by_key(|(index, _)| *index);
        for (index, part) in decoded {
            parts[encodings[index].0].push(part);
        }
        Ok(())
    }

    /// The head's outputs for a batch.
    fn forward(&self, encodings: &[&(usize, Encoding)]) -> Outputs {
        let encodings = encodings.iter().map(|(_, encoding)| encoding);
        let input = input_of(encodings, self.tokenizer.pad_id(), &self.device);
        let layout = input.layout.clone();
        Outputs::new::<T::Head>(self.model.forward(input), layout)
    }
}

impl Predictor<TextClassification> {
    /// Labels texts, in their order.
    ///
    /// # Errors
    /// The tokenizer refuses a text, or the model's output for a text is not finite.
    pub fn predict<S: AsRef<str>>(&self, texts: &[S]) -> Result<Vec<LabelledText>, PredictError> {
        let example = |(id, text): (u64, &S)| {
            Ok::<_, PredictError>(TextExample {
                id,
                text: text.as_ref().to_owned(),
                text_pair: None,
                label: None,
                document: None,
            })
        };
        self.stream((0..).zip(texts).map(example)).collect()
    }
}

/// The answers of a stream, from [`Predictor::stream`].
#[derive(Debug)]
pub struct Predictions<'a, T: Task, I> {
    predictor: &'a Predictor<T>,
    examples: Ahead<I>,
    ready: vec::IntoIter<T::Answer>,
}

impl<T: Task, X: Into<PredictError>, I: Iterator<Item = Result<T::Example, X>>> Iterator
    for Predictions<'_, T, I>
{
    type Item = Result<T::Answer, PredictError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(answer) = self.ready.next() {
            return Some(Ok(answer));
        }
        let ahead = self.examples.read(self.predictor.batch_size * BATCHES_AHEAD, |example: &T::Example| {
            example.text().len() + example.text_pair().map_or(0, str::len)
        });
        if ahead.is_empty() {
            return self.examples.take_failure().map(Err);
        }
        match self.predictor.predict_together(ahead) {
            Ok(answers) => {
                self.ready = answers.into_iter();
                self.ready.next().map(Ok)
            }
            Err(error) => {
                self.examples.end();
                Some(Err(error))
            }
        }
    }
}

#[cfg(test)]
mod tests;
