//! What becomes of a run when an operation fails, the process is killed or the power goes, at every point of
//! it.
//!
//! All that embert writes goes through `embert-files`, so a test double below it sees every operation. A
//! [`Scenario`] runs once undisturbed while a [`Recorder`] records each operation with its bytes, and notices
//! writes that go past it. Then, for every operation:
//!
//! - the operation fails ([`Kind`]): the command reports a clear error;
//! - the process ends there: the folder is what the operations before made of it ([`kill`]);
//! - the power goes there: the folder is any of the states that a file system may leave ([`Power`] describes
//!   the model).
//!
//! Killed processes and power cuts need no process: their states are built from the recording. After each
//! disturbance, what a user does (go on; where there is nothing to go on with, the same command again) has to
//! end with the bytes of the undisturbed run. Nothing of the user's may be lost and nothing left over, and
//! the report may not claim more than there is.
//!
//! Besides, the program `embert-crash` kills the real `bert-train` at random moments, and lets pairs of
//! processes meet in one folder.
//!
//! ```
//! use embert_crash::{Disturbance, Scenario, Trial};
//!
//! let place = embert_crash::fresh_folder()?;
//! let trial = Trial::new(Scenario::Files, place.path())?;
//! assert!(trial.disturb(&Disturbance::Kill(trial.operations() / 2))?.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod disk;
mod faults;
mod glue;
pub mod kill;
mod place;
mod power;
mod result;
mod scenario;
mod script;
mod trace;
mod tree;
mod trial;

pub use disk::{Disk, Impossible};
pub use faults::{Failing, Kind};
pub use glue::{Ended, GlueError, config};
pub use place::{Data, Place, fresh_folder};
pub use power::{Fate, Fates, Power};
pub use result::{Outcome, left_over};
pub use scenario::Scenario;
pub use trace::{Recorder, Step, Trace};
pub use tree::{Bytes, Node, Tree};
pub use trial::{Disturbance, Trial, TrialError};
