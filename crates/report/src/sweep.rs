//! [`Sweep`]: what the folder of a sweep holds.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::error::At as _;
use crate::log::Eval;
use crate::number::{counted, figure, fine_percent, scientific, short, thousands};
use crate::text::named;
use crate::{ReportError, Run};

/// The file that makes a folder a sweep's.
const FILE: &str = "sweep.json";

/// A sweep, read from its folder: points of settings, each run with several seeds.
#[derive(Clone, Debug, Deserialize)]
pub struct Sweep {
    /// Its name.
    #[serde(deserialize_with = "crate::text::read_named")]
    pub name: String,
    /// The folder.
    #[serde(skip)]
    pub path: PathBuf,
    /// What points are compared by, of the weights that each run keeps.
    #[serde(deserialize_with = "crate::text::read_named")]
    pub metric: String,
    /// Which way that is better.
    pub better: Better,
    /// The split that it is measured on.
    #[serde(deserialize_with = "crate::text::read_named")]
    pub split: String,
    /// The swept keys of the config.
    #[serde(deserialize_with = "crate::text::read_all_named")]
    pub keys: Vec<String>,
    /// The seeds that each point is run with.
    pub seeds: Vec<u64>,
    /// The points, the best first; what has no value last.
    pub points: Vec<SweepPoint>,
}

/// Which way a metric is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// More, as of accuracy.
    Higher,
    /// Less, as of loss.
    Lower,
}

/// A point of a sweep.
#[derive(Clone, Debug, Deserialize)]
pub struct SweepPoint {
    /// Its name: `point-01`.
    #[serde(deserialize_with = "crate::text::read_named")]
    pub point: String,
    /// The values of the swept keys; null where it leaves a key as the base config has it.
    #[serde(deserialize_with = "read_settings")]
    pub settings: Map<String, Value>,
    /// The mean over its runs that have a value.
    pub mean: Option<f64>,
    /// Their sample standard deviation, of two or more.
    pub standard_deviation: Option<f64>,
    /// The mean time of its complete runs.
    pub seconds: Option<f64>,
    /// Parameters that are trained.
    pub trainable: Option<usize>,
    /// All parameters.
    pub parameters: Option<usize>,
    /// Its runs, one a seed.
    pub runs: Vec<SweepRun>,
}

/// A run of a sweep.
#[derive(Clone, Debug, Deserialize)]
pub struct SweepRun {
    /// Its folder, seen from the sweep's.
    pub run: PathBuf,
    /// Its seed.
    pub seed: u64,
    /// What became of it.
    pub status: Status,
    /// Why it failed.
    #[serde(default, deserialize_with = "crate::text::read_named_if_there")]
    pub error: Option<String>,
    /// Its value of the sweep's metric.
    pub value: Option<f64>,
    /// The step whose weights it keeps.
    pub step: Option<usize>,
    /// Its time.
    pub seconds: Option<f64>,
    /// Its folder's files but for the examples; absent where there is none.
    #[serde(skip)]
    pub folder: Option<Run>,
    /// Why the folder can't be read, though it is there.
    #[serde(skip)]
    pub unreadable: Option<String>,
}

/// Settings with their texts as a page shows them.
fn read_settings<'de, D: Deserializer<'de>>(from: D) -> Result<Map<String, Value>, D::Error> {
    fn shown(value: Value) -> Value {
        match value {
            Value::String(text) => named(&text).into(),
            Value::Array(values) => values.into_iter().map(shown).collect(),
            Value::Object(fields) => Value::Object(all_shown(fields)),
            value => value,
        }
    }
    fn all_shown(fields: Map<String, Value>) -> Map<String, Value> {
        fields.into_iter().map(|(key, value)| (named(&key).into_owned(), shown(value))).collect()
    }
    Ok(all_shown(Map::deserialize(from)?))
}

/// What became of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It has a result.
    Complete,
    /// It has none and won't have one.
    Failed,
    /// Not run yet, or not to its end.
    Missing,
}

impl Sweep {
    /// Whether the folder is a sweep's.
    pub fn is_in(path: &Path) -> bool {
        path.join(FILE).is_file()
    }

    /// Reads `sweep.json`, and of its runs' folders what is there. A run whose files are damaged says so in
    /// [`unreadable`](SweepRun::unreadable) and leaves the others alone.
    ///
    /// # Errors
    /// There is no `sweep.json`, or it isn't what a sweep writes.
    pub fn read(path: &Path) -> Result<Self, ReportError> {
        let file = path.join(FILE);
        let text = match std::fs::read_to_string(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(ReportError::NotASweep { path: path.to_owned() });
            }
            text => text.at(&file)?,
        };
        let mut sweep: Self = serde_json::from_str(&text).map_err(|source| ReportError::Line {
            path: file,
            line: source.line(),
            source,
        })?;
        path.clone_into(&mut sweep.path);
        for run in sweep.points.iter_mut().flat_map(|point| &mut point.runs) {
            match Run::read_without_examples(&path.join(&run.run)) {
                Ok(folder) => run.folder = Some(folder),
                Err(ReportError::NotARun { .. }) => {}
                Err(error) => run.unreadable = Some(named(&with_causes(&error)).into_owned()),
            }
        }
        let better = sweep.better;
        sweep.points.sort_by(|one, other| better.order(one.mean, other.mean));
        Ok(sweep)
    }

    /// Whether every run has come to an end, good or bad.
    pub fn has_ended(&self) -> bool {
        self.runs().all(|(_, run)| run.status != Status::Missing)
    }

    /// Every run with the number of its point, from 0.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (usize, &SweepRun)> {
        self.points
            .iter()
            .enumerate()
            .flat_map(|(index, point)| point.runs.iter().map(move |run| (index, run)))
    }

    /// The runs with this end.
    pub(crate) fn count(&self, status: Status) -> usize {
        self.runs().filter(|(_, run)| run.status == status).count()
    }

    /// The points that have a value, the best first.
    pub(crate) fn ranked(&self) -> impl Iterator<Item = (usize, &SweepPoint, f64)> {
        self.points.iter().enumerate().filter_map(|(index, point)| Some((index, point, point.mean?)))
    }
}

impl Better {
    /// The better one first; what has no value last.
    pub(crate) fn order(self, one: Option<f64>, other: Option<f64>) -> Ordering {
        match (one, other) {
            (Some(one), Some(other)) if self == Self::Lower => one.total_cmp(&other),
            (Some(one), Some(other)) => other.total_cmp(&one),
            (one, other) => other.is_some().cmp(&one.is_some()),
        }
    }
}

impl SweepPoint {
    /// The values of its runs, by seed.
    pub(crate) fn values(&self) -> Vec<f64> {
        self.runs.iter().filter_map(|run| run.value).collect()
    }

    /// A setting as a person writes it, a number that was drawn by four digits of it; where it is as in the base config, what its runs' own config says.
    pub(crate) fn setting(&self, key: &str) -> String {
        match self.settings.get(key) {
            None | Some(Value::Null) => {
                let mut folders = self.runs.iter().filter_map(|run| run.folder.as_ref());
                folders.find_map(|run| run.setting(key)).unwrap_or_else(|| "as it was".to_owned())
            }
            Some(value) => text_of(value),
        }
    }

    /// A setting that is a number.
    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        match self.settings.get(key) {
            None | Some(Value::Null) => self.setting(key).parse().ok(),
            Some(value) => value.as_f64(),
        }
        .filter(|value| value.is_finite())
    }

    /// Its settings in one text.
    pub(crate) fn name(&self, keys: &[String]) -> String {
        if keys.is_empty() {
            return self.point.clone();
        }
        keys.iter().map(|key| self.setting(key)).collect::<Vec<_>>().join(", ")
    }

    /// Mean ± deviation.
    pub(crate) fn result(&self) -> String {
        match (self.mean, self.standard_deviation) {
            (Some(mean), Some(deviation)) => format!("{} ± {}", figure(mean), figure(deviation)),
            (Some(mean), None) => figure(mean),
            (None, _) => "–".to_owned(),
        }
    }

    /// Trained parameters, and their share where it isn't all.
    pub(crate) fn trained(&self) -> String {
        match (self.trainable, self.parameters) {
            (Some(trainable), Some(all)) if trainable < all => {
                format!("{} ({})", thousands(trainable), fine_percent(trainable as f64 / all as f64))
            }
            (Some(trainable), _) => thousands(trainable),
            (None, _) => "–".to_owned(),
        }
    }
}

impl SweepRun {
    /// What became of it, in words.
    pub(crate) fn state(&self) -> String {
        let steps = self.folder.as_ref().and_then(|run| run.log.steps.last()).map(|step| step.step);
        match (self.status, steps) {
            (Status::Complete, _) => "complete".to_owned(),
            (Status::Failed, _) => "failed".to_owned(),
            (Status::Missing, Some(steps)) => format!("{} done", counted(steps, "step")),
            (Status::Missing, None) => "not run yet".to_owned(),
        }
    }

    /// The evaluation that its value is of.
    pub(crate) fn eval<'a>(&'a self, split: &'a str) -> Option<&'a Eval> {
        self.folder.as_ref()?.evals(split).find(|eval| Some(eval.step) == self.step)
    }
}

/// Letters of a number that someone wrote; one that was drawn has more.
const WRITTEN: usize = 8;

/// A value as a person writes it, and as [`Run::setting`] has it.
fn text_of(value: &Value) -> String {
    match (value, value.as_f64()) {
        (Value::String(text), _) => text.clone(),
        (Value::Number(number), Some(float)) if number.is_f64() => {
            let text = format!("{float:?}");
            if text.len() > WRITTEN { drawn(float) } else { text }
        }
        (value, _) => value.to_string(),
    }
}

/// Four digits of a number that was drawn, in a form that a config takes.
fn drawn(number: f64) -> String {
    let size = number.abs();
    if (1e-3..1e4).contains(&size) { short(number).replace(',', "") } else { scientific(number, 3) }
}

/// An error in one line.
fn with_causes(error: &ReportError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A sweep over `optimizer.learning_rate` with two seeds: 2e-5 is best, 5e-5 second, 1e-4 failed, 1 is missing.
    pub(crate) const SWEEP: &str = r#"{"name": "rates", "metric": "accuracy", "better": "higher", "split": "validation",
        "keys": ["optimizer.learning_rate"], "seeds": [0, 1], "points": [
        {"point": "point-02", "settings": {"optimizer.learning_rate": 5e-5}, "mean": 0.8, "standard_deviation": 0.014, "seconds": 9.5, "trainable": 10, "parameters": 1000, "runs": [
            {"run": "runs/point-02-seed-0", "seed": 0, "status": "complete", "value": 0.79, "step": 9, "seconds": 9.0, "metrics": {"loss": 0.5}},
            {"run": "runs/point-02-seed-1", "seed": 1, "status": "complete", "value": 0.81, "step": 9, "seconds": 10.0, "metrics": null}]},
        {"point": "point-01", "settings": {"optimizer.learning_rate": 2e-5}, "mean": 0.9, "standard_deviation": null, "seconds": 9.5, "trainable": 10, "parameters": 1000, "runs": [
            {"run": "runs/point-01-seed-0", "seed": 0, "status": "complete", "value": 0.9, "step": 9, "seconds": 9.0, "metrics": null},
            {"run": "runs/point-01-seed-1", "seed": 1, "status": "missing", "value": null, "step": null, "seconds": null, "metrics": null}]},
        {"point": "point-03", "settings": {"optimizer.learning_rate": null}, "mean": null, "standard_deviation": null, "seconds": null, "trainable": null, "parameters": null, "runs": [
            {"run": "runs/point-03-seed-0", "seed": 0, "status": "failed", "error": "the loss is <not> a number", "value": null, "step": null, "seconds": null, "metrics": null},
            {"run": "runs/point-03-seed-1", "seed": 1, "status": "failed", "error": "the loss is <not> a number", "value": null, "step": null, "seconds": null, "metrics": null}]}]}"#;

    pub(crate) fn folder(text: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), text).unwrap();
        folder
    }

    fn run(folder: &Path, name: &str, config: &str, log: &str) {
        let run = folder.join("runs").join(name);
        std::fs::create_dir_all(&run).unwrap();
        std::fs::write(run.join("config.toml"), config).unwrap();
        std::fs::write(run.join("metrics.jsonl"), log).unwrap();
    }

    #[test]
    fn the_best_point_comes_first_and_what_has_no_value_last() {
        let folder = folder(SWEEP);
        run(folder.path(), "point-03-seed-1", "[optimizer]\nlearning_rate = 1e-4\n", "");
        run(folder.path(), "point-02-seed-0", "seed = 0\n", "nonsense\n");
        assert!(Sweep::is_in(folder.path()));
        let sweep = Sweep::read(folder.path()).unwrap();
        let names: Vec<&str> = sweep.points.iter().map(|point| point.point.as_str()).collect();
        assert_eq!(names, ["point-01", "point-02", "point-03"]);
        assert_eq!(sweep.points[0].setting("optimizer.learning_rate"), "2e-5");
        // As the base config has it, which the run's own config knows.
        assert_eq!(sweep.points[2].setting("optimizer.learning_rate"), "0.0001");
        assert_eq!(sweep.points[2].number("optimizer.learning_rate"), Some(1e-4));
        assert_eq!(sweep.points[2].setting("epochs"), "as it was");
        assert_eq!(sweep.points[0].trained(), "10 (1.0 %)");
        assert!(!sweep.has_ended());
        let ended = self::folder(&SWEEP.replace("missing", "failed"));
        assert!(Sweep::read(ended.path()).unwrap().has_ended());
        let damaged = sweep.points[1].runs[0].unreadable.as_deref().unwrap();
        assert!(damaged.contains("metrics.jsonl, line 1"), "{damaged}");
        assert!(sweep.points[1].runs[1].unreadable.is_none());
    }

    #[test]
    fn drawn_numbers_are_short() {
        let of = |text: &str| text_of(&serde_json::from_str(text).unwrap());
        assert_eq!(
            ["6.30957344480193e-5", "0.000025", "0.1", "16", "\"none\"", "[1, 2]"].map(of),
            ["6.31e-5", "2.5e-5", "0.1", "16", "none", "[1,2]"]
        );
    }

    #[test]
    fn lower_can_be_better() {
        let folder = folder(&SWEEP.replace("higher", "lower"));
        let sweep = Sweep::read(folder.path()).unwrap();
        assert_eq!(sweep.points[0].point, "point-02");
        assert_eq!(sweep.points[2].point, "point-03");
    }

    #[test]
    fn what_is_no_sweep_is_refused() {
        let empty = tempfile::tempdir().unwrap();
        assert!(matches!(Sweep::read(empty.path()), Err(ReportError::NotASweep { .. })));
        let folder = folder(&SWEEP.replace("\"missing\"", "\"lost\""));
        let error = Sweep::read(folder.path()).unwrap_err();
        assert!(with_causes(&error).contains("sweep.json, line 8"), "{}", with_causes(&error));
    }
}
