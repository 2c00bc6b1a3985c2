//! Predicts with a fine-tuned checkpoint.
//!
//! [`Predictor`] opens the result of a run, or any checkpoint with a head for a task of `embert-task` in
//! Hugging Face format. It gives a few texts a label each with [`predict`](Predictor::predict), and any number
//! of a task's examples their answers, in constant memory, with [`stream`](Predictor::stream). [`Embedder`] gives
//! texts their vectors, with a folder of sentence-transformers or any BERT, and [`VectorFile`] writes them. The
//! crate has no training code and does not use the network.
//!
//! ```no_run
//! use burn::tensor::Device;
//! use embert_predict::Predictor;
//!
//! let predictor = Predictor::open("runs/imdb-001/model".as_ref(), &Device::flex())?;
//! for prediction in predictor.predict(&["An absolutely wonderful movie!", "Dull."])? {
//!     println!("{} ({:.3})", prediction.label(), prediction.score());
//! }
//! # Ok::<(), embert_predict::PredictError>(())
//! ```

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod ahead;
mod embedder;
mod error;
mod input;
mod predictor;
mod relevant;
mod vectors;

pub use embedder::{Embedder, Embedding, Embeddings};
pub use embert_model::HeadFunction;
pub use embert_task::LabelledText;
pub use error::PredictError;
pub use predictor::{Predictions, Predictor};
pub use vectors::{VectorFile, VectorFormat};
