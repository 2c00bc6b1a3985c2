//! [`Embedder`].

use std::path::{Path, PathBuf};
use std::vec;

use burn::module::Module as _;
use burn::tensor::Device;
use embert_data::tokenize::{EncodeOptions, Tokenizer};
use embert_model::{BertForSentenceEmbedding, LoadOptions, SentenceConfig};

use crate::PredictError;
use crate::ahead::{Ahead, BATCHES_AHEAD};
use crate::input::input_of;
use crate::relevant::relevant;

/// The smallest norm that a vector is divided by, as in PyTorch's `normalize`.
const SMALLEST_NORM: f32 = 1e-12;

/// A model that gives texts their vectors: a folder of sentence-transformers on BERT, or any BERT.
///
/// The vectors are those of sentence-transformers' `encode`: pooled, normalized and cut to a number of
/// dimensions as the folder's files say ([`SentenceConfig`]).
#[derive(Debug)]
pub struct Embedder {
    folder: PathBuf,
    model: BertForSentenceEmbedding,
    tokenizer: Tokenizer,
    device: Device,
    positions: usize,
    max_length: usize,
    batch_size: usize,
    prompt: String,
    /// The number of dimensions of a vector.
    dimensions: usize,
    /// Whether vectors are scaled to length 1 where the folder leaves them as they are, or cuts them.
    normalizes: bool,
    notes: Vec<String>,
}

/// A text with its vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding {
    /// The text, without its prompt.
    pub text: String,
    /// The vector, of [`Embedder::dimensions`] numbers.
    pub vector: Vec<f32>,
    /// Whether the text, with its prompt, was longer than the model reads.
    pub is_cut: bool,
}

impl Embedder {
    /// Opens a folder of sentence-transformers, or a folder of any BERT, whose vectors are then the means of the
    /// tokens' states ([`notes`](Self::notes) says so).
    ///
    /// Texts are cut at the folder's `max_seq_length`, else at the tokenizer's `model_max_length`, and get the
    /// folder's default prompt.
    ///
    /// # Errors
    /// The checkpoint or the tokenizer can't be loaded, or the folder asks for what is not implemented.
    pub fn open(folder: &Path, device: &Device) -> Result<Self, PredictError> {
        let pretrained = BertForSentenceEmbedding::from_pretrained(folder, &LoadOptions::default(), device)?;
        let config = &pretrained.model.head.config;
        let mut tokenizer = Tokenizer::from_folder(folder)?;
        tokenizer.check_vocab(pretrained.config.vocab_size)?;
        pretrained.config.check_token_types(folder, false, tokenizer.token_types(false)?)?;
        if config.do_lower_case {
            tokenizer = tokenizer.with_lower_case()?;
        }
        let positions = pretrained.config.max_position_embeddings;
        let max_length = config.max_seq_length.or(tokenizer.model_max_length());
        let notes = tokenizer.notes().iter().cloned().chain(config.assumed_note()).collect();
        let name = config.default_prompt_name.clone();
        let embedder = Self {
            folder: folder.to_owned(),
            dimensions: config.truncate_dim.unwrap_or(pretrained.config.hidden_size),
            model: pretrained.model.valid(),
            tokenizer,
            device: device.clone().inner(),
            positions,
            max_length: max_length.map_or(positions, |length| length.min(positions)),
            batch_size: 32,
            prompt: String::new(),
            normalizes: false,
            notes,
        };
        match name {
            Some(name) => embedder.with_prompt_name(&name),
            None => Ok(embedder),
        }
    }

    /// Cuts texts at this many tokens, the special ones included.
    ///
    /// # Errors
    /// The model has fewer positions.
    pub fn with_max_length(self, max_length: usize) -> Result<Self, PredictError> {
        if max_length > self.positions {
            let (path, found, positions) = (self.folder, max_length, self.positions);
            return Err(PredictError::MaxLength { path, found, positions });
        }
        Ok(Self { max_length, ..self })
    }

    /// Sets the number of texts in a batch (at least one).
    #[must_use]
    pub fn with_batch_size(self, batch_size: usize) -> Self {
        Self { batch_size: batch_size.max(1), ..self }
    }

    /// Puts a text before each text, in place of the folder's default prompt. An empty one leaves texts as they
    /// are.
    ///
    /// # Errors
    /// The folder leaves the tokens of a prompt out of the pooling, which is not implemented.
    pub fn with_prompt(self, prompt: &str) -> Result<Self, PredictError> {
        if !prompt.is_empty() && self.config().excludes_prompt {
            return Err(PredictError::ExcludedPrompt { path: self.folder });
        }
        Ok(Self { prompt: prompt.to_owned(), ..self })
    }

    /// Puts the folder's prompt of this name before each text.
    ///
    /// # Errors
    /// The folder has no such prompt, or as [`with_prompt`](Self::with_prompt).
    pub fn with_prompt_name(self, name: &str) -> Result<Self, PredictError> {
        match self.config().prompts.get(name).cloned() {
            Some(prompt) => self.with_prompt(&prompt),
            None => Err(PredictError::NoPrompt {
                known: self.config().prompts.keys().cloned().collect(),
                path: self.folder,
                name: name.to_owned(),
            }),
        }
    }

    /// Scales vectors to length 1, whatever the folder says.
    #[must_use]
    pub fn with_normalization(self) -> Self {
        Self { normalizes: true, ..self }
    }

    /// What the folder's files say of the vectors.
    pub fn config(&self) -> &SentenceConfig {
        &self.model.head.config
    }

    /// The number of dimensions of a vector.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// The length at which texts are cut, in tokens.
    pub fn max_length(&self) -> usize {
        self.max_length
    }

    /// Notes for the user, one line each: on how texts are tokenized, and on a pooling that is assumed.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The vectors of a stream of texts, in their order. Only a few batches are read ahead, so that a stream of
    /// any length needs constant memory. The first error ends the stream.
    pub fn stream<I, X>(&self, texts: I) -> Embeddings<'_, I::IntoIter>
    where
        I: IntoIterator<Item = Result<String, X>>,
        X: Into<PredictError>,
    {
        Embeddings { embedder: self, texts: Ahead::new(texts.into_iter()), ready: Vec::new().into_iter() }
    }

    /// The vectors of texts that are in memory together, in their order.
    fn embed_together(&self, texts: Vec<String>) -> Result<Vec<Embedding>, PredictError> {
        let options = EncodeOptions { max_length: self.max_length, truncation: self.tokenizer.truncation() };
        let prompted: Vec<String> = texts.iter().map(|text| format!("{}{text}", self.prompt)).collect();
        let read = prompted.iter().map(|text| relevant(text, &self.tokenizer, &options));
        let read = read.collect::<Result<Vec<_>, _>>()?;
        let inputs: Vec<&str> = read.iter().map(AsRef::as_ref).collect();
        let encodings = self.tokenizer.encode_batch(&inputs, &options)?;

        let mut order: Vec<usize> = (0..encodings.len()).collect();
        order.sort_by_key(|&index| std::cmp::Reverse(encodings[index].len()));
        let mut vectors: Vec<Vec<f32>> = vec![Vec::new(); encodings.len()];
        for batch in order.chunks(self.batch_size) {
            let batched = batch.iter().map(|&index| &encodings[index]);
            let output = self.model.forward(input_of(batched, self.tokenizer.pad_id(), &self.device));
            let hidden = output.dims()[1];
            let values: Vec<f32> = output.into_data().iter::<f32>().collect();
            for (&index, vector) in batch.iter().zip(values.chunks(hidden)) {
                vectors[index] = self.finished(vector, &texts[index])?;
            }
        }
        let whole = texts.into_iter().zip(vectors).zip(encodings);
        Ok(whole
            .map(|((text, vector), encoding)| Embedding { text, vector, is_cut: encoding.truncated() })
            .collect())
    }

    /// The vector of `text` that is written, from the model's output.
    fn finished(&self, output: &[f32], text: &str) -> Result<Vec<f32>, PredictError> {
        if let Some(&value) = output.iter().find(|value| !value.is_finite()) {
            let text = text.chars().take(40).collect();
            return Err(PredictError::NotFinite { path: self.folder.clone(), value, text });
        }
        let mut vector = output[..self.dimensions].to_vec();
        if self.normalizes {
            let norm = vector.iter().map(|value| value * value).sum::<f32>().sqrt().max(SMALLEST_NORM);
            for value in &mut vector {
                *value /= norm;
            }
        }
        Ok(vector)
    }
}

/// The vectors of a stream of texts, from [`Embedder::stream`].
#[derive(Debug)]
pub struct Embeddings<'a, I> {
    embedder: &'a Embedder,
    texts: Ahead<I>,
    ready: vec::IntoIter<Embedding>,
}

impl<X: Into<PredictError>, I: Iterator<Item = Result<String, X>>> Iterator for Embeddings<'_, I> {
    type Item = Result<Embedding, PredictError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(embedding) = self.ready.next() {
            return Some(Ok(embedding));
        }
        let ahead = self.texts.read(self.embedder.batch_size * BATCHES_AHEAD, String::len);
        if ahead.is_empty() {
            return self.texts.take_failure().map(Err);
        }
        match self.embedder.embed_together(ahead) {
            Ok(embeddings) => {
                self.ready = embeddings.into_iter();
                self.ready.next().map(Ok)
            }
            Err(error) => {
                self.texts.end();
                Some(Err(error))
            }
        }
    }
}

#[cfg(test)]
mod tests;
