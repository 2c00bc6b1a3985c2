//! [`TaskError`].

use embert_data::DataError;
use embert_metrics::MetricsError;
use embert_model::ModelError;

/// Why a task does not fit a data set, a checkpoint or a setting.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// The data set.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The checkpoint.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The metrics.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// A setting does not fit the task's labels.
    #[error("{key} = {found}: expected {expected}")]
    Setting {
        /// The config key.
        key: &'static str,
        /// Its value.
        found: String,
        /// What would fit.
        expected: String,
    },
}
