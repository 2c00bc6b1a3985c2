//! A fine-tuned folder in, labelled predictions out.
//!
//! [`Predictor`] opens the result of a run, or any BERT classification checkpoint in Hugging Face format, and labels
//! texts with it: [`predict`](Predictor::predict) a few, or [`stream`](Predictor::stream) as many as there are in
//! constant memory. There is no training code behind it, and nothing here touches the network.
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

mod error;
mod prediction;
mod predictor;
mod relevant;

pub use embert_model::HeadFunction;
pub use error::PredictError;
pub use prediction::Prediction;
pub use predictor::{Predictions, Predictor};
