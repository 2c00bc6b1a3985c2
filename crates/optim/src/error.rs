//! [`OptimError`].

use std::path::PathBuf;

use embert_files::FileError;

/// Why an optimizer can't be built, or its state can't be saved or loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OptimError {
    /// A hyperparameter is out of its range.
    #[error("{name} is {value}: expected {expected}")]
    Hyperparameter {
        /// The hyperparameter, as in "betas".
        name: &'static str,
        /// The hyperparameter's value.
        value: f64,
        /// The allowed values.
        expected: &'static str,
    },
    /// The number of shards is no power of two.
    #[error("shards is {found}: expected a power of two, as 1, 2, 4 or 8")]
    Shards {
        /// The number of shards.
        found: usize,
    },
    /// A parameter is in two groups.
    #[error("the parameter {name} is in two groups: each may be in one")]
    Twice {
        /// The parameter's name.
        name: String,
    },
    /// The groups have no parameters.
    #[error("there is nothing to train: every parameter is frozen")]
    Empty,
    /// A state has moments for a parameter that is in no group.
    #[error("the optimizer's state has moments for {name}, which is not trained here")]
    Unknown {
        /// The parameter's name.
        name: String,
    },
    /// A state has moments of another size than the parameter.
    #[error("the optimizer's state of {name} has {found} numbers, but the parameter has {expected}")]
    Size {
        /// The parameter's name.
        name: String,
        /// The number of elements of the state's moments.
        found: usize,
        /// The number of elements of the parameter.
        expected: usize,
    },
    /// The file isn't an optimizer state as [`OptimizerState::save`](crate::OptimizerState::save) writes it.
    #[error("{} is not an optimizer state: {problem}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why the file can't be used.
        problem: String,
    },
    /// The file can't be read or written.
    #[error("can't {action} {}", path.display())]
    Io {
        /// The action that failed, as in "write".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: std::io::Error,
    },
}

impl From<FileError> for OptimError {
    fn from(FileError { action, path, source }: FileError) -> Self {
        Self::Io { action, path, source }
    }
}
