//! [`Work`]: a part of a scenario's disturbances, for one process; and its results.

use std::collections::HashSet;
use std::path::Path;
use std::time::Instant;

use embert_crash::{Disturbance, Kind, Scenario, Trial, TrialError};
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Points beside each other belong to one process: their states are much alike, and equal states are tried
/// once.
const BLOCK: usize = 16;

/// The work of one process.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub(crate) scenario: Scenario,
    /// The number of this part, from 0, and the number of parts.
    pub(crate) part: usize,
    pub(crate) parts: usize,
    /// The most fates at one point.
    pub(crate) most: usize,
    pub(crate) seed: u64,
    /// Where set: random disturbances until then, in place of all disturbances.
    pub(crate) sample_until: Option<Instant>,
}

/// The counts of a part's disturbances.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// Operations of the undisturbed scenario.
    pub(crate) operations: usize,
    pub(crate) faults: u64,
    pub(crate) kills: u64,
    pub(crate) states: u64,
    /// States that are equal to an earlier one, and not tried again.
    pub(crate) equal: u64,
    /// Fates that were not tried.
    pub(crate) left_out: u64,
    pub(crate) failed: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, other: &Self) {
        self.operations = self.operations.max(other.operations);
        self.faults += other.faults;
        self.kills += other.kills;
        self.states += other.states;
        self.equal += other.equal;
        self.left_out = self.left_out.saturating_add(other.left_out);
        self.failed += other.failed;
    }
}

/// A disturbance after which there are problems.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub(crate) scenario: String,
    pub(crate) disturbance: String,
    /// The operation that fails, or the last one before the end.
    pub(crate) operation: String,
    pub(crate) wrong: Vec<String>,
}

/// Does the work and reports each failure to `tell`.
pub(crate) fn run(work: &Work, root: &Path, mut tell: impl FnMut(&Failure)) -> Result<Counts, TrialError> {
    let trial = Trial::new(work.scenario, root)?;
    let mut doing = Doing {
        trial: &trial,
        work,
        counts: Counts { operations: trial.operations(), ..Counts::default() },
        seen: HashSet::new(),
        tell: &mut tell,
    };
    if work.sample_until.is_some() {
        doing.sample()?;
    } else {
        for operation in 0..=trial.operations() {
            if operation / BLOCK % work.parts == work.part {
                doing.point(operation)?;
            }
        }
    }
    Ok(doing.counts)
}

struct Doing<'a> {
    trial: &'a Trial,
    work: &'a Work,
    counts: Counts,
    /// The hashes of the states that were tried.
    seen: HashSet<u64>,
    tell: &'a mut dyn FnMut(&Failure),
}

impl Doing<'_> {
    fn is_over(&self) -> bool {
        self.work.sample_until.is_some_and(|end| Instant::now() >= end)
    }

    /// Tries all disturbances at one point.
    fn point(&mut self, operation: usize) -> Result<(), TrialError> {
        if operation < self.trial.operations() {
            for kind in self.kinds(operation) {
                self.fault(operation, kind)?;
            }
        }
        self.kill(operation)?;
        let (states, left_out) = self.trial.power_states(operation, self.work.most, self.work.seed)?;
        self.counts.left_out = self.counts.left_out.saturating_add(left_out);
        for (fate, state) in states {
            self.state(&state, &Disturbance::Power(operation, fate))?;
        }
        Ok(())
    }

    /// Tries points in random order, at each a fault, a kill and a few fates.
    fn sample(&mut self) -> Result<(), TrialError> {
        let mut random = ChaCha8Rng::seed_from_u64(self.work.seed ^ self.work.part as u64);
        while !self.is_over() {
            let mut points: Vec<usize> = (0..=self.trial.operations()).collect();
            points.shuffle(&mut random);
            for operation in points {
                if operation < self.trial.operations() {
                    let kinds = self.kinds(operation);
                    let kind = kinds[random.random_range(0..kinds.len())];
                    self.fault(operation, kind)?;
                }
                self.kill(operation)?;
                let (mut states, _) = self.trial.power_states(operation, self.work.most, self.work.seed)?;
                states.shuffle(&mut random);
                states.truncate(4);
                for (fate, state) in states {
                    self.state(&state, &Disturbance::Power(operation, fate))?;
                }
                if self.is_over() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// The kinds of fault of an operation: only a write can be short.
    fn kinds(&self, operation: usize) -> Vec<Kind> {
        let is_write = self.trial.is_write(operation);
        Kind::ALL.into_iter().filter(|kind| is_write || *kind != Kind::Short).collect()
    }

    fn fault(&mut self, operation: usize, kind: Kind) -> Result<(), TrialError> {
        let disturbance = Disturbance::Fault(operation, kind);
        self.counts.faults += 1;
        let wrong = self.trial.disturb(&disturbance)?;
        self.say(&disturbance, operation, wrong);
        Ok(())
    }

    fn kill(&mut self, operation: usize) -> Result<(), TrialError> {
        let state = self.trial.disk(operation)?.now();
        if self.seen.insert(state.hash()) {
            self.counts.kills += 1;
            let wrong = self.trial.left(&state)?;
            self.say(&Disturbance::Kill(operation), operation.saturating_sub(1), wrong);
        } else {
            self.counts.equal += 1;
        }
        Ok(())
    }

    fn state(&mut self, state: &embert_crash::Tree, disturbance: &Disturbance) -> Result<(), TrialError> {
        let Disturbance::Power(operation, _) = disturbance else { return Ok(()) };
        if self.seen.insert(state.hash()) {
            self.counts.states += 1;
            let wrong = self.trial.left(state)?;
            self.say(disturbance, operation.saturating_sub(1), wrong);
        } else {
            self.counts.equal += 1;
        }
        Ok(())
    }

    fn say(&mut self, disturbance: &Disturbance, operation: usize, wrong: Vec<String>) {
        if wrong.is_empty() {
            return;
        }
        self.counts.failed += 1;
        (self.tell)(&Failure {
            scenario: self.work.scenario.name().to_owned(),
            disturbance: disturbance.to_string(),
            operation: self.trial.operation(operation),
            wrong,
        });
    }
}
