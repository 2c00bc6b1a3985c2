//! [`OutOfMemory`]: the error of a step that runs out of the device's memory.
//!
//! The memory of a step is not known beforehand, and a failed step is not tried again: the same config must
//! take the same steps. The error suggests a smaller micro-batch, derived from the micro-batches that did
//! fit.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::TrainConfig;

/// The messages of `CubeCL` 0.11, Burn's backend on GPUs, for a failed allocation. `CubeCL` marks the buffer
/// as failed, and a read of the buffer, or of a result computed from the buffer, fails with the chain of
/// causes as text. In a step, the loss and the gradients' norm are read, and a failed read panics.
const SIGNS: [&str; 5] = [
    // `IoError::OutOfMemory` (CUDA, Vulkan) and `IoError::BufferTooBig` (more than a page can hold, or the
    // whole device).
    "out of device memory allocating",
    "can't allocate buffer of size:",
    // `IoError::PageSizesExhausted`.
    "every page size the memory tracks still holds live allocations",
    // `LaunchError::OutOfMemory` (ROCm).
    "An out-of-memory error happened during launch",
    // The driver's message, if CubeCL passes it on in `IoError::Unknown` or `LaunchError::Unknown`.
    "CUDA_ERROR_OUT_OF_MEMORY",
];

/// The line of a panic's message that says that the device is out of memory; `None` for other panics.
///
/// For a program's panic hook: the trainer turns an out-of-memory panic into a
/// [`TrainError::OutOfMemory`](crate::TrainError::OutOfMemory), but the default hook has printed the panic
/// before, with a page of causes.
pub fn out_of_memory(panic: &(dyn Any + Send)) -> Option<&str> {
    let text = match panic.downcast_ref::<String>() {
        Some(text) => text,
        None => *panic.downcast_ref::<&'static str>()?,
    };
    text.lines().find(|line| SIGNS.iter().any(|sign| line.contains(sign))).map(str::trim)
}

/// Runs `work`; `None` if `work` panicked because the device ran out of memory. Other panics are resumed.
pub(crate) fn unless_out_of_memory<T>(work: impl FnOnce() -> T) -> Option<T> {
    // Unwind safe, since the run ends: state that the panic left half changed is not used again.
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => Some(done),
        Err(panic) if out_of_memory(panic.as_ref()).is_some() => None,
        Err(panic) => resume_unwind(panic),
    }
}

/// Examples and their padded length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape {
    examples: usize,
    length: usize,
}

impl Shape {
    fn tokens(self) -> usize {
        self.examples * self.length
    }
}

/// The largest micro-batches of a run in this process and stage.
#[derive(Debug, Default)]
pub(crate) struct MemoryUse {
    /// The largest micro-batch of the completed steps.
    fits: Option<Shape>,
    /// The largest micro-batch of the current step so far. A device works asynchronously: an earlier
    /// micro-batch than the last may be the one that failed.
    current: Option<Shape>,
}

impl MemoryUse {
    /// Records a micro-batch `[examples, length]` before it goes to the device.
    pub(crate) fn begin(&mut self, [examples, length]: [usize; 2]) {
        self.current = larger(self.current, Some(Shape { examples, length }));
    }

    /// Records that all micro-batches of the step did fit.
    pub(crate) fn done(&mut self) {
        self.fits = larger(self.fits, self.current.take());
    }

    /// The error of a step that ran out of memory.
    pub(crate) fn error(&self, step: usize, config: &TrainConfig) -> OutOfMemory {
        // Before the first micro-batch is known only the batcher runs, perhaps on the largest possible
        // micro-batch.
        let failed =
            self.current.unwrap_or(Shape { examples: config.batch_size, length: config.data.max_length });
        let effective_batch_size = config.batch_size.saturating_mul(config.micro_batches());
        let of_texts = config.data.train_stride.is_some();
        OutOfMemory {
            step,
            batch_size: failed.examples,
            seq_len: failed.length,
            fits: self.fits.map(|fits| (fits.examples, fits.length)),
            suggested: smaller(failed, self.fits, effective_batch_size).filter(|_| !of_texts),
            effective_batch_size,
            batch_tokens: of_texts.then(|| fewer_tokens(failed, self.fits)),
        }
    }
}

fn larger(one: Option<Shape>, other: Option<Shape>) -> Option<Shape> {
    one.into_iter().chain(other).max_by_key(|batch| batch.tokens())
}

/// The number of examples of the failed micro-batch's length that would fit in one micro-batch, as a divisor
/// of the step's examples (`effective`); `None` if one example was too many.
///
/// A micro-batch takes memory for each token, and in attention for each pair of tokens of an example. So a
/// micro-batch fits if it has no more tokens and no more pairs than a micro-batch that did fit. If no
/// micro-batch did fit, or only one at least as large as the failed one, the number is half of the failed
/// examples.
fn smaller(failed: Shape, fits: Option<Shape>, effective: usize) -> Option<usize> {
    let half = failed.examples / 2;
    let known = fits.map_or(half, |fits| {
        let tokens = fits.tokens() / failed.length.max(1);
        let pairs = fits.tokens() * fits.length / failed.length.max(1).pow(2);
        tokens.min(pairs)
    });
    // One example may still be too many, but there is no smaller micro-batch to try.
    let most = if known < failed.examples { known.max(1) } else { half };
    (1..=most.min(failed.examples.saturating_sub(1)))
        .rev()
        .find(|examples| effective.is_multiple_of(*examples))
}

/// The `data.batch_tokens` that would fit where the failed micro-batch has the windows of texts, all of about one
/// length: the tokens of a micro-batch that did fit, or half of the failed ones.
fn fewer_tokens(failed: Shape, fits: Option<Shape>) -> usize {
    let half = failed.tokens() / 2;
    fits.map(Shape::tokens).filter(|tokens| *tokens < failed.tokens()).unwrap_or(half).max(1)
}

/// A step ran out of the device's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutOfMemory {
    /// The optimizer step, from 1.
    pub step: usize,
    /// Examples in the step's largest micro-batch; windows, where those of a text are one example.
    pub batch_size: usize,
    /// The padded length of that micro-batch, in tokens.
    pub seq_len: usize,
    /// Examples and padded length of the largest micro-batch that did fit before, in this process and stage.
    pub fits: Option<(usize, usize)>,
    /// The `batch_size` to try; `None` if the micro-batch had one example.
    pub suggested: Option<usize>,
    /// Examples in a step: the `effective_batch_size` with which a smaller `batch_size` takes the same step.
    pub effective_batch_size: usize,
    /// The `data.batch_tokens` to try; `None` without `data.train_stride`.
    pub batch_tokens: Option<usize>,
}

impl fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, batch_size, seq_len, fits, suggested, effective_batch_size, batch_tokens } = self;
        write!(
            f,
            "step {step}: the device is out of memory with a micro-batch of {batch_size} x {seq_len} = {} padded tokens; ",
            batch_size * seq_len
        )?;
        match fits {
            Some((examples, length)) => {
                let tokens = examples * length;
                write!(f, "the largest that did fit before was {examples} x {length} = {tokens}; ")?;
            }
            None => f.write_str("none did fit before; ")?,
        }
        if let Some(tokens) = batch_tokens {
            return write!(
                f,
                "set data.batch_tokens = {tokens} for the same step in less memory; if one text alone takes as much, set a lower data.max_windows"
            );
        }
        match suggested {
            Some(examples) => write!(
                f,
                "set batch_size = {examples} and effective_batch_size = {effective_batch_size} (in place of gradient_accumulation_steps) for the same step in less memory"
            ),
            None => f.write_str(
                "batch_size can't be less: set a lower data.max_length, freeze layers, or choose a smaller model",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn batch(examples: usize, length: usize) -> Shape {
        Shape { examples, length }
    }

    /// The panic message of a scalar that is read after a failed allocation, in the words of
    /// `Tensor::into_scalar` (burn-tensor 0.22.1), `ExecutionError` (burn-std 0.22.1) and `ServerError` and
    /// `IoError` (cubecl-runtime 0.11.3).
    fn payload(root: &str) -> String {
        format!(
            "Error while reading data: use `try_into_scalar` instead to catch the error at runtime: \
             Execution(An error happened during execution\nCaused by:\n  The bytes were never written (failure #7, \
             still claiming 41 buffer(s))\n  matmul_entry -> reduce_entry\nCaused by:\n  {root}\nNo backtrace available\n\
             Asked at:\nNo backtrace available)"
        )
    }

    fn caught(message: String) -> std::thread::Result<Option<()>> {
        std::panic::catch_unwind(move || unless_out_of_memory(|| std::panic::panic_any(message)))
    }

    #[test]
    fn a_failed_allocation_is_told_from_other_panics() {
        for root in [
            "An IO error happened\nCaused by:\n  out of device memory allocating 805306368 bytes",
            "An IO error happened\nCaused by:\n  can't allocate buffer of size: 1099511627776",
            "An IO error happened\nCaused by:\n  Can't allocate 512 bytes: every page size the memory tracks still holds live allocations",
            "A launch error happened\nCaused by:\n  An out-of-memory error happened during launch\nCaused by:\n  out of memory launching kernel 3",
            "An IO error happened\nCaused by:\n  Unknown error happened during execution: CUDA allocation error: DriverError(CUDA_ERROR_OUT_OF_MEMORY, \"out of memory\")",
        ] {
            assert!(matches!(caught(payload(root)), Ok(None)), "{root}");
        }
        for root in [
            "A launch error happened\nCaused by:\n  Too many resources were requested during launch\nshared memory",
            "The device is poisoned\nCaused by:\n  CUDA_ERROR_ILLEGAL_ADDRESS",
        ] {
            let panic = caught(payload(root)).unwrap_err();
            assert_eq!(panic.downcast_ref::<String>(), Some(&payload(root)));
        }
        let other = std::panic::catch_unwind(|| unless_out_of_memory(|| panic!("index out of bounds")));
        assert_eq!(other.unwrap_err().downcast_ref::<&str>(), Some(&"index out of bounds"));
        assert_eq!(unless_out_of_memory(|| 3), Some(3));
    }

    #[test]
    fn the_line_that_says_so_is_found() {
        let text = payload("An IO error happened\nCaused by:\n  out of device memory allocating 12 bytes");
        let panic: Box<dyn Any + Send> = Box::new(text);
        assert_eq!(out_of_memory(panic.as_ref()), Some("out of device memory allocating 12 bytes"));
        assert_eq!(out_of_memory(&7), None);
    }

    #[test]
    fn what_would_fit_is_less_than_what_failed_and_no_more_than_what_fitted() {
        // No micro-batch did fit: half, and a divisor of the step.
        assert_eq!(smaller(batch(32, 512), None, 32), Some(16));
        assert_eq!(smaller(batch(9, 512), None, 9), Some(3));
        // 4,096 tokens did fit; at length 512 they are 8 examples, which have twice as many pairs: 4
        // examples.
        assert_eq!(smaller(batch(32, 512), Some(batch(16, 256)), 32), Some(4));
        // Shorter texts: the number of tokens is the limit.
        assert_eq!(smaller(batch(32, 128), Some(batch(16, 256 - 32)), 32), Some(16));
        // A far greater length than ever did fit: one example is the smallest micro-batch to try.
        assert_eq!(smaller(batch(4, 512), Some(batch(4, 16)), 4), Some(1));
        // A larger micro-batch than the failed one did fit before: half.
        assert_eq!(smaller(batch(16, 128), Some(batch(16, 256)), 16), Some(8));
        assert_eq!(smaller(batch(1, 512), Some(batch(1, 512)), 8), None);
    }

    #[test]
    fn every_suggestion_is_a_config_that_does_the_same_step() {
        for effective in 1..=48 {
            for examples in 1..=effective {
                for fits in [None, Some(batch(1, 64)), Some(batch(7, 100)), Some(batch(40, 512))] {
                    let Some(found) = smaller(batch(examples, 256), fits, effective) else {
                        assert_eq!(examples, 1);
                        continue;
                    };
                    assert!(found < examples, "{found} of {examples}");
                    let config = TrainConfig {
                        batch_size: found,
                        effective_batch_size: Some(effective),
                        ..TrainConfig::default()
                    };
                    config.validate().unwrap();
                    assert_eq!(config.batch_size * config.micro_batches(), effective);
                }
            }
        }
    }

    #[test]
    fn the_error_names_the_largest_of_the_step_and_of_those_before() {
        let config = TrainConfig { batch_size: 16, gradient_accumulation_steps: 2, ..TrainConfig::default() };
        let mut batches = MemoryUse::default();
        for shape in [[16, 64], [16, 128]] {
            batches.begin(shape);
        }
        batches.done();
        for shape in [[16, 200], [3, 256]] {
            batches.begin(shape);
        }
        let error = batches.error(2, &config);
        assert_eq!((error.batch_size, error.seq_len, error.fits), (16, 200, Some((16, 128))));
        assert_eq!(
            error.to_string(),
            "step 2: the device is out of memory with a micro-batch of 16 x 200 = 3200 padded tokens; the largest that did fit \
             before was 16 x 128 = 2048; set batch_size = 4 and effective_batch_size = 32 (in place of gradient_accumulation_steps) for the same \
             step in less memory"
        );
    }
}
