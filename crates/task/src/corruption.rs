//! [`Draw`] and [`Corrupted`]: features that a task reads with other tokens.

/// What the random numbers of [`Task::corrupt`](crate::Task::corrupt) follow from, besides the feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draw {
    /// A pass over the training split: other numbers in each epoch.
    Training {
        /// The run's seed.
        seed: u64,
        /// The epoch, from 1.
        epoch: usize,
    },
    /// An evaluation: always the same numbers, so that runs and checkpoints are comparable.
    Evaluation,
}

/// A feature with other tokens, with a target of the type `T` and an alignment of the type `A` for these.
#[derive(Clone, Debug)]
pub struct Corrupted<T, A> {
    /// Token ids, as many as before.
    pub ids: Vec<u32>,
    /// The target for these ids.
    pub target: T,
    /// What decoding has to know of these tokens.
    pub alignment: A,
}
