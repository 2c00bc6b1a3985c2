//! [`Ahead`]: the items of a stream, some batches at a time.

use crate::PredictError;

/// The number of batches that are read ahead and sorted by length together: enough that batches hold texts of
/// similar length, few enough that a stream of any length needs little memory.
pub(crate) const BATCHES_AHEAD: usize = 16;

/// The most text that is read ahead, in bytes: long texts must not fill the memory.
pub(crate) const BYTES_AHEAD: usize = 4 << 20;

/// The items of a stream. Its first error ends it, and is kept until the items before it are done.
#[derive(Debug)]
pub(crate) struct Ahead<I> {
    /// The items that are still to be read; `None` after an error.
    items: Option<I>,
    failure: Option<PredictError>,
}

impl<I> Ahead<I> {
    pub(crate) fn new(items: I) -> Self {
        Self { items: Some(items), failure: None }
    }

    /// The next items: at most `most`, and none beyond the one with which they have [`BYTES_AHEAD`] bytes of
    /// text. None is left at the end of the stream, or where an item can't be read.
    pub(crate) fn read<E, X: Into<PredictError>>(
        &mut self,
        most: usize,
        bytes_of: impl Fn(&E) -> usize,
    ) -> Vec<E>
    where
        I: Iterator<Item = Result<E, X>>,
    {
        let mut ahead = Vec::new();
        let mut bytes = 0;
        let Some(items) = &mut self.items else { return ahead };
        for item in items.take(most) {
            match item {
                Ok(item) => {
                    bytes += bytes_of(&item);
                    ahead.push(item);
                }
                Err(error) => {
                    self.failure = Some(error.into());
                    self.items = None;
                    break;
                }
            }
            if bytes >= BYTES_AHEAD {
                break;
            }
        }
        ahead
    }

    /// The error that has ended the stream, once.
    pub(crate) fn take_failure(&mut self) -> Option<PredictError> {
        self.failure.take()
    }

    /// Ends the stream.
    pub(crate) fn end(&mut self) {
        self.items = None;
        self.failure = None;
    }
}
