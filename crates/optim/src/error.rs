//! [`OptimError`].

use std::path::PathBuf;

use embert_files::FileError;

/// Why an optimizer can't be built, or its state not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OptimError {
    /// A hyperparameter is out of its range.
    #[error("{name} is {value}: expected {expected}")]
    Hyperparameter {
        /// The hyperparameter, as in "betas".
        name: &'static str,
        /// Its value.
        value: f64,
        /// The values that it may have.
        expected: &'static str,
    },
    /// A number of shards that the gradients of a step can't be halved into.
    #[error("shards is {found}: expected a power of two, as 1, 2, 4 or 8")]
    Shards {
        /// The number.
        found: usize,
    },
    /// A parameter is in more than one group.
    #[error("the parameter {name} is in two groups: each may be in one")]
    Twice {
        /// The parameter.
        name: String,
    },
    /// No parameter is to be trained.
    #[error("there is nothing to train: every parameter is frozen")]
    Empty,
    /// A state is for a parameter that the optimizer does not have.
    #[error("the optimizer's state has moments for {name}, which is not trained here")]
    Unknown {
        /// The parameter.
        name: String,
    },
    /// A state has moments of another size than the parameter.
    #[error("the optimizer's state of {name} has {found} numbers, but the parameter has {expected}")]
    Size {
        /// The parameter.
        name: String,
        /// How many numbers the state has.
        found: usize,
        /// How many the parameter has.
        expected: usize,
    },
    /// The file isn't a state that was written here.
    #[error("{} is not an optimizer state: {problem}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The file can't be read or written.
    #[error("can't {action} {}", path.display())]
    Io {
        /// What was tried, as in "write".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
}

impl From<FileError> for OptimError {
    fn from(FileError { action, path, source }: FileError) -> Self {
        Self::Io { action, path, source }
    }
}
