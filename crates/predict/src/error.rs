//! [`PredictError`].

use std::path::PathBuf;

use embert_data::tokenize::TokenizeError;
use embert_data::{DataError, RowProblem};
use embert_model::ModelError;
use embert_task::TaskError;

/// Why texts can't be labelled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PredictError {
    /// The checkpoint can't be loaded.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The tokenizer can't be loaded, or refuses a text.
    #[error(transparent)]
    Tokenize(#[from] TokenizeError),
    /// The checkpoint's head is for another task.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// A row can't be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A row lacks its text, or has something else in the text's column.
    #[error("a row can't be used: {0}")]
    Row(#[from] RowProblem),
    /// The checkpoint is a BERT, but has no head that was trained.
    #[error(
        "{} has no trained head ({missing} is missing): fine-tune it first, and predict with the run's model folder",
        path.display()
    )]
    NoClassifier {
        /// The checkpoint's folder.
        path: PathBuf,
        /// A missing weight.
        missing: String,
    },
    /// The maximum length exceeds the model's positions.
    #[error("max_length {found} is more than the {positions} positions of the model in {}", path.display())]
    MaxLength {
        /// The checkpoint's folder.
        path: PathBuf,
        /// The requested length in tokens.
        found: usize,
        /// The model's `max_position_embeddings`.
        positions: usize,
    },
    /// The folder has no prompt of the name that was asked for.
    #[error(
        "the model in {} has no prompt \"{name}\": expected {}",
        path.display(),
        if known.is_empty() { "none, since it has no prompts; a prompt can be given as a text".to_owned() } else { known.join(", ") }
    )]
    NoPrompt {
        /// The checkpoint's folder.
        path: PathBuf,
        /// The name that was asked for.
        name: String,
        /// The names of the folder's prompts.
        known: Vec<String>,
    },
    /// The folder leaves a prompt's tokens out of the pooling.
    #[error(
        "the model in {} leaves the tokens of a prompt out of the pooling (\"include_prompt\": false), which is not implemented: take an empty prompt, or another model",
        path.display()
    )]
    ExcludedPrompt {
        /// The checkpoint's folder.
        path: PathBuf,
    },
    /// The model's output for a text is not a finite number.
    #[error(
        "the model in {} gives {value} for the text \"{text}\": its weights are too large for 32-bit floats; choose another checkpoint",
        path.display()
    )]
    NotFinite {
        /// The checkpoint's folder.
        path: PathBuf,
        /// NaN or an infinity.
        value: f32,
        /// The first 40 characters of the text.
        text: String,
    },
}
