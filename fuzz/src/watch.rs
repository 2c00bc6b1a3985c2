//! [`Watch`]: runs a target and notices panics and slow runs.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;

use crate::{Folder, Target};

/// A fault that an input shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The place in the code, by which findings are told apart: of many inputs that panic in one line, one is
    /// enough.
    pub place: String,
    /// What happened.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// The processor time that reading `bytes` bytes may take: a second per MiB, and the 0.1 s that even the
/// smallest file may cost.
pub fn allowed(bytes: usize) -> Duration {
    Duration::from_millis(100) + Duration::from_secs_f64(bytes as f64 / f64::from(1 << 20))
}

thread_local! {
    /// The panic that is being unwound, on the target's thread.
    static PANIC: RefCell<Option<Finding>> = const { RefCell::new(None) };
}

/// A target with a folder to work in.
#[derive(Debug)]
pub struct Watch {
    target: &'static Target,
    folder: Folder,
}

impl Watch {
    /// Watches `target`. From now on panics of this process print nothing.
    ///
    /// # Errors
    /// There is no room for a temporary folder.
    pub fn new(target: &'static Target) -> io::Result<Self> {
        panic::set_hook(Box::new(|info| {
            let place = info.location().map_or_else(|| "unknown".to_owned(), place_of);
            let message = info.payload_as_str().unwrap_or("a panic without a message");
            let message = message.chars().take(400).collect();
            PANIC.with_borrow_mut(|panic| *panic = Some(Finding { place, message }));
        }));
        Ok(Self { target, folder: Folder::new()? })
    }

    /// Runs the target on one input.
    ///
    /// # Errors
    /// The target panicked, or took longer than [`allowed`] in each of three runs.
    pub fn check(&self, input: &[u8]) -> Result<(), Finding> {
        let mut took = Duration::MAX;
        let mut read = 0;
        for _ in 0..3 {
            // The wall clock is cheaper to read. Only after a run that is late does the process's own clock
            // count, since other processes run too.
            let (began, used) = (Instant::now(), (took < Duration::MAX).then(ProcessTime::now));
            let run = AssertUnwindSafe(|| (self.target.run)(&self.folder, input));
            let Ok(bytes) = panic::catch_unwind(run) else {
                let unseen = || Finding { place: "another thread".into(), message: "a panic".into() };
                return Err(PANIC.take().unwrap_or_else(unseen));
            };
            read = bytes;
            took = took.min(used.map_or_else(|| began.elapsed(), |used| used.elapsed()));
            if took <= allowed(read) {
                return Ok(());
            }
        }
        let message = format!("{took:.2?} for {read} bytes, of which {:.2?} are allowed", allowed(read));
        Err(Finding { place: "too slow".into(), message })
    }
}

/// A place in the code without the folders that differ between machines.
fn place_of(location: &panic::Location<'_>) -> String {
    let file = location.file().rsplit("/registry/src/").next().unwrap_or_default();
    format!("{file}:{}", location.line())
}

#[cfg(test)]
mod tests {
    use super::*;

    static PANICS: Target = Target {
        name: "panics",
        about: "",
        seeds: Vec::new,
        words: &[],
        run: |_, input| usize::from(input[0]),
    };
    static SLOW: Target = Target {
        name: "slow",
        about: "",
        seeds: Vec::new,
        words: &[],
        run: |_, input| {
            let began = cpu_time::ThreadTime::now();
            while began.elapsed() < Duration::from_millis(150) * u32::from(!input.is_empty()) {}
            input.len()
        },
    };

    #[test]
    fn a_panic_is_found_with_its_place() {
        let watch = Watch::new(&PANICS).unwrap();
        assert_eq!(watch.check(b"x"), Ok(()));
        let finding = watch.check(b"").unwrap_err();
        assert!(finding.place.contains("watch.rs:"), "{finding}");
        assert!(finding.message.contains("index out of bounds"), "{finding}");
    }

    #[test]
    fn what_takes_too_long_for_its_size_is_found() {
        let watch = Watch::new(&SLOW).unwrap();
        assert_eq!(watch.check(b""), Ok(()));
        assert_eq!(watch.check(b"x").unwrap_err().place, "too slow");
    }
}
