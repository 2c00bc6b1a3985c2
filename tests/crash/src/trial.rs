//! [`Trial`]: one scenario, run undisturbed and then disturbed in every way.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use embert_files::set_double;

use crate::disk::{Disk, Impossible};
use crate::faults::{Failing, Kind};
use crate::glue::Ended;
use crate::kill;
use crate::place::Place;
use crate::power::{Fate, Fates, Power};
use crate::result::{Outcome, left_over, models};
use crate::scenario::{Scenario, chain};
use crate::trace::{Recorder, Step, Trace};
use crate::tree::Tree;

/// How a scenario is disturbed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disturbance {
    /// The operation with this number, from 0, fails.
    Fault(usize, Kind),
    /// The process ends after this many operations.
    Kill(usize),
    /// The power goes after this many operations.
    Power(usize, Fate),
}

impl std::fmt::Display for Disturbance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fault(operation, kind) => write!(f, "fault:{operation}:{}", kind.name()),
            Self::Kill(operations) => write!(f, "kill:{operations}"),
            Self::Power(operations, fate) => {
                write!(f, "power:{operations}:")?;
                fate.iter().try_for_each(|digit| write!(f, "{digit}"))
            }
        }
    }
}

impl std::str::FromStr for Disturbance {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text}: expected fault:NUMBER:KIND, kill:NUMBER or power:NUMBER:FATE");
        let mut parts = text.split(':');
        let kind = parts.next().unwrap_or_default();
        let number = parts.next().and_then(|number| number.parse().ok()).ok_or_else(wrong)?;
        match (kind, parts.next()) {
            ("fault", Some(name)) => {
                let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(wrong)?;
                Ok(Self::Fault(number, kind))
            }
            ("kill", None) => Ok(Self::Kill(number)),
            ("power", Some(fate)) => {
                let digit = |letter: char| letter.to_digit(10).map(|digit| digit as u8).ok_or_else(wrong);
                Ok(Self::Power(number, fate.chars().map(digit).collect::<Result<_, _>>()?))
            }
            _ => Err(wrong()),
        }
    }
}

/// Why a scenario can't be tried.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// The trial's folder can't be used.
    #[error("the folder of a trial can't be used")]
    Io(#[from] io::Error),
    /// The scenario fails undisturbed.
    #[error("{scenario}, undisturbed: {problem}")]
    Undisturbed {
        /// The scenario's name.
        scenario: &'static str,
        /// How the scenario fails.
        problem: String,
    },
    /// The recorded operations are impossible.
    #[error("the recorded operations can't be")]
    Trace(#[from] Impossible),
}

/// A scenario that has run undisturbed.
pub struct Trial {
    scenario: Scenario,
    place: Place,
    trace: Trace,
    expected: Outcome,
    /// The whole results, those from before too.
    models: Vec<Tree>,
}

impl Trial {
    /// Runs the scenario undisturbed in the folder `root`, twice: to record it, and to see that both runs
    /// have the same outcome.
    ///
    /// # Errors
    /// The scenario fails, writes past the recorder, or has another outcome the second time.
    pub fn new(scenario: Scenario, root: &Path) -> Result<Self, TrialError> {
        let undisturbed = |problem: String| TrialError::Undisturbed { scenario: scenario.name(), problem };
        let place = Place::new(root, scenario.labels())?;
        scenario.prepare(&place).map_err(|error| undisturbed(chain(error.as_ref())))?;
        let (recorder, trace) = Recorder::new(&place.work(), scenario.exchanges())?;
        set_double(Some(Box::new(recorder)));
        let ended = scenario.run(&place);
        set_double(None);
        let trace = trace.take();
        match ended {
            Ok(Ended::Complete) => {}
            Ok(Ended::Interrupted) => return Err(undisturbed("it stopped unasked".to_owned())),
            Err(error) => return Err(undisturbed(chain(&error))),
        }
        let result = Tree::read(&place.work())?;
        let models = [&trace.before, &result].into_iter().flat_map(models).map(|(_, model)| model).collect();
        let trial = Self { scenario, place, expected: Outcome::of(&result), trace, models };
        let missed = kill::after(&trial.trace, usize::MAX)?.now().difference(&result);
        let mut wrong = trial.trace.surprises.clone();
        wrong.extend(missed.into_iter().map(|what| format!("at the end, {what}")));
        if !wrong.is_empty() {
            return Err(undisturbed(format!("something writes past embert-files: {}", wrong.join("; "))));
        }
        trial.trace.before.write(&trial.place.work())?;
        set_double(Some(Box::new(Failing::never(scenario.exchanges()))));
        let again = trial.scenario.run(&trial.place);
        set_double(None);
        let again = again.map_err(|error| undisturbed(chain(&error)))?;
        let other = Outcome::of(&Tree::read(&trial.place.work())?);
        if again != Ended::Complete || other != trial.expected {
            let difference = trial.expected.difference(&other).join(", ");
            return Err(undisturbed(format!("it comes to something else the second time: {difference}")));
        }
        let left = left_over(&result);
        if !left.is_empty() {
            return Err(undisturbed(format!("{} stays", left.join(", "))));
        }
        Ok(trial)
    }

    /// The number of operations of the scenario.
    pub fn operations(&self) -> usize {
        self.trace.steps.len()
    }

    /// The text of the operation with this number, from 0.
    pub fn operation(&self, number: usize) -> String {
        self.trace.steps.get(number).map_or_else(String::new, ToString::to_string)
    }

    /// True for an operation that appends to a file.
    pub fn is_write(&self, number: usize) -> bool {
        matches!(self.trace.steps.get(number), Some(Step::Write(..)))
    }

    /// Takes operations out of the recording, as if the code left them out, to test that the loss is noticed.
    pub fn leave_out(&mut self, is_left_out: impl Fn(&Step) -> bool) {
        for step in &mut self.trace.steps {
            if is_left_out(step) {
                *step = Step::Nothing;
            }
        }
    }

    /// The state that a disturbance leaves before a user does anything about it; `None` for a fault, which
    /// takes a process.
    ///
    /// # Errors
    /// The recorded operations are impossible.
    pub fn state(&self, disturbance: &Disturbance) -> Result<Option<Tree>, TrialError> {
        Ok(match disturbance {
            Disturbance::Fault(..) => None,
            Disturbance::Kill(operations) => Some(self.disk(*operations)?.now()),
            Disturbance::Power(operations, fate) => Some(Power::new(&self.disk(*operations)?).state(fate)),
        })
    }

    /// The file system after this many operations.
    ///
    /// # Errors
    /// The recorded operations are impossible.
    pub fn disk(&self, operations: usize) -> Result<Disk, TrialError> {
        Ok(kill::after(&self.trace, operations)?)
    }

    /// The fates that are tried after this many operations, each with the state that it leaves, and the
    /// number of fates that are left out.
    ///
    /// # Errors
    /// The recorded operations are impossible.
    pub fn power_states(
        &self,
        operations: usize,
        most: usize,
        seed: u64,
    ) -> Result<(Vec<(Fate, Tree)>, u64), TrialError> {
        let disk = self.disk(operations)?;
        let power = Power::new(&disk);
        let Fates { tried, left_out } = power.fates(most, seed ^ operations as u64);
        let states = tried.into_iter().map(|fate| {
            let state = power.state(&fate);
            (fate, state)
        });
        Ok((states.collect(), left_out))
    }

    /// Disturbs the scenario and lets a user go on. Returns the problems.
    ///
    /// # Errors
    /// The folder can't be used.
    pub fn disturb(&self, disturbance: &Disturbance) -> Result<Vec<String>, TrialError> {
        if let Disturbance::Fault(operation, kind) = disturbance {
            return self.fault(*operation, *kind);
        }
        self.state(disturbance)?.map_or_else(|| Ok(Vec::new()), |state| self.left(&state))
    }

    /// The problems of a state that a process left, and of what a user comes to from there.
    ///
    /// # Errors
    /// The folder can't be used.
    pub fn left(&self, state: &Tree) -> Result<Vec<String>, TrialError> {
        state.write(&self.place.work())?;
        self.go_on(state)
    }

    fn fault(&self, operation: usize, kind: Kind) -> Result<Vec<String>, TrialError> {
        self.trace.before.write(&self.place.work())?;
        set_double(Some(Box::new(Failing::new(kind, operation, self.scenario.exchanges()))));
        let ended = caught(|| self.scenario.run(&self.place));
        set_double(None);
        let mut wrong = Vec::new();
        match ended {
            Err(panic) => wrong.push(format!("it panicked: {panic}")),
            // The failed operation could be done without, or was repeated.
            Ok(Ok(Ended::Complete)) => {}
            Ok(Ok(Ended::Interrupted)) => wrong.push("it stopped unasked".to_owned()),
            Ok(Err(error)) => {
                let message = chain(&error);
                if !message.contains(&*self.place.work().to_string_lossy()) {
                    wrong.push(format!("the message names no path: {message}"));
                }
            }
        }
        wrong.extend(self.go_on(&Tree::read(&self.place.work())?)?);
        Ok(wrong)
    }

    fn go_on(&self, state: &Tree) -> Result<Vec<String>, TrialError> {
        let mut wrong = match caught(|| self.scenario.check(&self.place, &self.trace.before, state)) {
            Ok(wrong) => wrong,
            Err(panic) => vec![format!("the report panicked: {panic}")],
        };
        for (path, model) in models(state) {
            if !self.models.contains(&model) {
                wrong.push(format!("{} is half written", path.display()));
            }
        }
        set_double(Some(Box::new(Failing::never(self.scenario.exchanges()))));
        let gone_on = caught(|| self.scenario.go_on(&self.place));
        set_double(None);
        match gone_on {
            Ok(Ok(())) => {}
            Ok(Err(problem)) => wrong.push(problem),
            Err(panic) => wrong.push(format!("going on, it panicked: {panic}")),
        }
        let end = Tree::read(&self.place.work())?;
        let left = left_over(&end);
        if !left.is_empty() {
            wrong.push(format!("left over: {}", left.join(", ")));
        }
        let difference = self.expected.difference(&Outcome::of(&end));
        if !difference.is_empty() {
            wrong.push(format!("it ends with something else: {}", difference.join(", ")));
        }
        wrong.extend(
            self.scenario
                .check(&self.place, &self.trace.before, &end)
                .into_iter()
                .map(|problem| format!("at the end, {problem}")),
        );
        Ok(wrong)
    }
}

/// Runs `work`, which may panic; the error is the panic's message.
fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let result = catch_unwind(AssertUnwindSafe(work));
    std::panic::set_hook(hook);
    result.map_err(|payload| {
        let text = payload.downcast_ref::<String>().cloned();
        text.or_else(|| payload.downcast_ref::<&str>().map(|&text| text.to_owned())).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Node;

    /// The number of bad states that a power cut may leave without some operations, at most ten.
    fn bad_states(is_left_out: impl Fn(&Step) -> bool) -> usize {
        let place = crate::fresh_folder().unwrap();
        let mut trial = Trial::new(Scenario::Files, place.path()).unwrap();
        trial.leave_out(is_left_out);
        let mut bad = 0;
        for operations in 0..=trial.operations() {
            for (_, state) in trial.power_states(operations, 30, 0).unwrap().0 {
                bad += usize::from(!trial.left(&state).unwrap().is_empty());
                if bad == 10 {
                    return bad;
                }
            }
        }
        bad
    }

    #[test]
    fn what_is_left_out_is_noticed() {
        assert_eq!(bad_states(|_| false), 0);
        assert_eq!(bad_states(|step| matches!(step, Step::SyncFile(_))), 10);
        assert_eq!(bad_states(|step| matches!(step, Step::SyncDir(_))), 10);
        // The sync after a folder's name was given to another folder and before the old one is emptied.
        let is_above = |step: &Step| matches!(step, Step::SyncDir(path) if path.as_os_str().is_empty());
        assert_eq!(bad_states(is_above), 10);
    }

    /// What a task alone writes is among what is disturbed.
    #[test]
    fn the_scenarios_of_the_tasks_write_what_the_tasks_alone_write() {
        let [labels, tags] = [Scenario::TrainLabels, Scenario::TrainTags].map(|scenario| {
            let place = crate::fresh_folder().unwrap();
            let trial = Trial::new(scenario, place.path()).unwrap();
            let end = trial.disk(trial.operations()).unwrap().now();
            let file = |path: &str| match end.get(&Path::new("run").join(path)) {
                Some(Node::File(bytes)) => String::from_utf8(bytes.as_slice().to_vec()).unwrap(),
                _ => String::new(),
            };
            let model = trial.models.first().cloned().unwrap_or_default();
            let mut half = end.clone();
            half.insert("run/model/thresholds.json".into(), Node::File(b"{".as_slice().into()));
            let wrong = trial.left(&half).unwrap();
            assert!(wrong.iter().any(|problem| problem == "run/model is half written"), "{wrong:?}");
            (model, file("model/thresholds.json"), file("scores.json"), file("facts.json"))
        });
        let (model, thresholds, scores, _) = labels;
        assert!(model.get(Path::new("thresholds.json")).is_some());
        assert!(thresholds.contains("\"pos\"") && scores.contains("at_thresholds"), "{thresholds} {scores}");
        assert!(scores.contains("no label"), "{scores}");
        let (_, thresholds, scores, facts) = tags;
        assert!(thresholds.is_empty() && scores.contains("each word's most frequent tag"), "{scores}");
        assert!(facts.contains("token-classification"), "{facts}");
    }

    #[test]
    fn a_disturbance_is_read_as_it_is_shown() {
        let all = [
            Disturbance::Fault(3, Kind::StaysFull),
            Disturbance::Kill(4),
            Disturbance::Power(5, vec![0, 1, 4]),
            Disturbance::Power(6, vec![]),
        ];
        for disturbance in all {
            assert_eq!(disturbance.to_string().parse(), Ok(disturbance));
        }
        assert!("power:x".parse::<Disturbance>().is_err());
    }
}
