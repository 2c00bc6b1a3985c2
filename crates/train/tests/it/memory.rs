//! A step that runs out of memory, simulated without a GPU by the panic of a failed read.

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};

use super::*;

/// Panics while a step is under way.
pub(crate) struct PanicAt(pub(crate) usize, pub(crate) String);

impl Observer for PanicAt {
    fn on_event(&mut self, event: &Event) -> Result<(), TrainError> {
        if matches!(event, Event::TrainStep(step) if step.step == self.0) {
            panic_any(self.1.clone());
        }
        Ok(())
    }
}

#[test]
fn it_ends_the_run_with_what_fitted_and_what_to_set() {
    let place = Place::new();
    let read = "Error while reading data: use `try_into_scalar` instead to catch the error at runtime: Execution(An error \
                happened during execution\nCaused by:\n  An IO error happened\nCaused by:\n  out of device memory allocating \
                4294967296 bytes\nNo backtrace available)";
    let trainer = place.trainer("run", &place.config()).unwrap();
    let error = trainer.observe(PanicAt(2, read.into())).run().unwrap_err();
    let TrainError::OutOfMemory(memory) = &error else { panic!("{error}") };
    assert_eq!((memory.step, memory.fits), (2, Some((4, 24))));
    assert_eq!(memory.effective_batch_size, 12);
    assert!(error.to_string().contains("set batch_size = 2 and effective_batch_size = 12"), "{error}");

    // The suggested settings are a config with the same steps.
    let config = TrainConfig {
        batch_size: memory.suggested.unwrap(),
        effective_batch_size: Some(memory.effective_batch_size),
        gradient_accumulation_steps: 1,
        ..place.config()
    };
    let (outcome, _) = place.train("smaller", &config).unwrap();
    assert_eq!(complete(outcome).step, 8);
}

#[test]
fn other_panics_go_on() {
    let place = Place::new();
    let trainer = place.trainer("run", &place.config()).unwrap().observe(PanicAt(1, "a bug".into()));
    let panic = catch_unwind(AssertUnwindSafe(|| trainer.run())).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().map(String::as_str), Some("a bug"));
}
