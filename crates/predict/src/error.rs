//! [`PredictError`].

use std::path::PathBuf;

use embert_data::DataError;
use embert_data::tokenize::TokenizeError;
use embert_model::ModelError;

/// Why there is no prediction.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PredictError {
    /// The checkpoint can't be loaded.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The tokenizer can't be loaded, or refuses a text.
    #[error(transparent)]
    Tokenize(#[from] TokenizeError),
    /// A row can't be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The checkpoint is a BERT, but has no classifier that was trained.
    #[error(
        "{} has no trained classifier ({missing} is missing): fine-tune it first, and predict with the run's model folder",
        path.display()
    )]
    NoClassifier {
        /// The checkpoint's folder.
        path: PathBuf,
        /// A weight that isn't there.
        missing: String,
    },
    /// More tokens than the model has positions.
    #[error("max_length {found} is more than the {positions} positions of the model in {}", path.display())]
    MaxLength {
        /// The checkpoint's folder.
        path: PathBuf,
        /// What was asked for.
        found: usize,
        /// The model's `max_position_embeddings`.
        positions: usize,
    },
    /// What the model makes of a text is no number.
    #[error(
        "the model in {} gives {value} for the text \"{text}\": its weights are too large for 32-bit floats; choose another checkpoint",
        path.display()
    )]
    NotFinite {
        /// The checkpoint's folder.
        path: PathBuf,
        /// NaN or an infinity.
        value: f32,
        /// The text's beginning.
        text: String,
    },
}
