//! [`Sweep`]: the files of a sweep's folder, read.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use embert_run::{
    Better, Eval, MetricInfo, PointResult, RunError, RunResult, Salvaged, Status, SweepFiles, SweepTable,
};
use serde_json::Value;

use crate::measures;
use crate::number::{counted, figure, fine_percent, scientific, short, thousands};
use crate::shown::Shown as _;
use crate::text::named;
use crate::{ReportError, Run};

/// A sweep, read from its folder: points of settings, each run with several seeds. Names are escaped for a
/// page.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// The sweep's name.
    pub name: String,
    /// The folder.
    pub path: PathBuf,
    /// The metric that compares the points, measured with the weights that each run keeps.
    pub metric: MetricInfo,
    /// The split that the metric is measured on.
    pub split: String,
    /// The swept keys of the config.
    pub keys: Vec<String>,
    /// The seeds of each point.
    pub seeds: Vec<u64>,
    /// The points, best first; points without a value last.
    pub points: Vec<SweepPoint>,
    /// The damage of `sweep.json` and the remedy; some points may be missing then.
    pub damage: Option<String>,
}

/// A point of a sweep.
#[derive(Clone, Debug)]
pub struct SweepPoint {
    /// The point's row of the table, without its runs.
    pub row: PointResult,
    /// The point's runs, one a seed.
    pub runs: Vec<SweepRun>,
}

/// A run of a sweep.
#[derive(Clone, Debug)]
pub struct SweepRun {
    /// The run's row of the table.
    pub row: RunResult,
    /// The run's files without the examples; `None` if the run has no folder.
    pub folder: Option<Run>,
    /// Why an existing folder can't be read.
    pub unreadable: Option<String>,
}

impl Sweep {
    /// Whether the folder is a sweep's.
    pub fn is_in(path: &Path) -> bool {
        SweepFiles::new(path).table().is_file()
    }

    /// Reads `sweep.json` and the existing run folders. Of a damaged table the points before the damage are
    /// read, and [`damage`](Self::damage) says so. The damage of a run's files is in
    /// [`unreadable`](SweepRun::unreadable) or in the run's [`damage`](Run::damage) and does not affect other
    /// runs.
    ///
    /// # Errors
    /// There is no `sweep.json`, its beginning is damaged, or a newer version wrote it.
    pub fn read(path: &Path) -> Result<Self, ReportError> {
        let file = SweepFiles::new(path).table();
        let (table, damage) = match SweepTable::read(&file) {
            Ok(Some(table)) => (table, None),
            Ok(None) => return Err(ReportError::NotASweep { path: path.to_owned() }),
            Err(source @ RunError::Damaged { .. }) => match Salvaged::read(&file)?.table {
                Some(table) => (table, Some(damage_of(&source))),
                None => return Err(ReportError::DamagedSweep { folder: path.to_owned(), source }),
            },
            Err(error) => return Err(error.into()),
        };
        let SweepTable { format: _, name, metric, better, split, keys, seeds, points } = table;
        let mut points: Vec<SweepPoint> = points.into_iter().map(|row| SweepPoint::read(path, row)).collect();
        points.sort_by(|one, other| order(better, one.row.mean, other.row.mean));
        let metric = metric.shown();
        let known = points.iter().flat_map(|point| &point.runs).find_map(|run| run.folder.as_ref());
        let known = known.map_or_else(measures::of_format_1, |run| run.metrics.clone());
        Ok(Self {
            name: name.shown(),
            path: path.to_owned(),
            metric: MetricInfo { better, ..measures::named(&metric, &known) },
            split: split.shown(),
            keys: keys.shown(),
            seeds,
            points,
            damage: damage.shown(),
        })
    }

    /// Whether every run is complete or has failed.
    pub fn has_ended(&self) -> bool {
        self.runs().all(|(_, run)| run.row.status != Status::Missing)
    }

    /// The runs, each with the number of its point, from 0.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (usize, &SweepRun)> {
        self.points
            .iter()
            .enumerate()
            .flat_map(|(index, point)| point.runs.iter().map(move |run| (index, run)))
    }

    /// The number of runs with this status.
    pub(crate) fn count(&self, status: Status) -> usize {
        self.runs().filter(|(_, run)| run.row.status == status).count()
    }

    /// The points with a value, best first, each with its index and its mean.
    pub(crate) fn ranked(&self) -> impl Iterator<Item = (usize, &SweepPoint, f64)> {
        self.points.iter().enumerate().filter_map(|(index, point)| Some((index, point, point.row.mean?)))
    }
}

/// Orders the better value first and no value last.
fn order(better: Better, one: Option<f64>, other: Option<f64>) -> Ordering {
    match (one, other) {
        (Some(one), Some(other)) if better == Better::Lower => one.total_cmp(&other),
        (Some(one), Some(other)) => other.total_cmp(&one),
        (one, other) => other.is_some().cmp(&one.is_some()),
    }
}

fn damage_of(error: &RunError) -> String {
    let cause = std::error::Error::source(error).map_or_else(String::new, |cause| format!(" ({cause})"));
    format!(
        "Points after the damage in {}{cause}: `sweep --resume` of this folder makes that file again from the runs.",
        SweepFiles::TABLE
    )
}

impl SweepPoint {
    fn read(sweep: &Path, mut row: PointResult) -> Self {
        let runs = std::mem::take(&mut row.runs).into_iter().map(|row| SweepRun::read(sweep, row)).collect();
        Self { row: row.shown(), runs }
    }

    /// The values of the point's runs, by seed.
    pub(crate) fn values(&self) -> Vec<f64> {
        self.runs.iter().filter_map(|run| run.row.value).collect()
    }

    /// A setting as a person writes it; a number that was drawn at random has four digits. A setting that the
    /// point does not change comes from its runs' config.
    pub(crate) fn setting(&self, key: &str) -> String {
        match self.row.settings.get(key) {
            None | Some(Value::Null) => {
                let mut folders = self.runs.iter().filter_map(|run| run.folder.as_ref());
                folders.find_map(|run| run.setting(key)).unwrap_or_else(|| "as it was".to_owned())
            }
            Some(value) => text_of(value),
        }
    }

    /// A setting as a number; `None` if the setting is no finite number.
    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        match self.row.settings.get(key) {
            None | Some(Value::Null) => self.setting(key).parse().ok(),
            Some(value) => value.as_f64(),
        }
        .filter(|value| value.is_finite())
    }

    /// The point's settings in one text.
    pub(crate) fn name(&self, keys: &[String]) -> String {
        if keys.is_empty() {
            return self.row.point.clone();
        }
        keys.iter().map(|key| self.setting(key)).collect::<Vec<_>>().join(", ")
    }

    /// Mean ± deviation.
    pub(crate) fn result(&self) -> String {
        match (self.row.mean, self.row.standard_deviation) {
            (Some(mean), Some(deviation)) => format!("{} ± {}", figure(mean), figure(deviation)),
            (Some(mean), None) => figure(mean),
            (None, _) => "–".to_owned(),
        }
    }

    /// The trained parameters, with their share if it is not 100 %.
    pub(crate) fn trained(&self) -> String {
        match (self.row.trainable, self.row.parameters) {
            (Some(trainable), Some(all)) if trainable < all => {
                format!("{} ({})", thousands(trainable), fine_percent(trainable as f64 / all as f64))
            }
            (Some(trainable), _) => thousands(trainable),
            (None, _) => "–".to_owned(),
        }
    }
}

impl SweepRun {
    fn read(sweep: &Path, row: RunResult) -> Self {
        let (mut folder, mut unreadable) = (None, None);
        match Run::read_without_examples(SweepFiles::new(sweep).run(&row.run).folder()) {
            Ok(run) => folder = Some(run),
            Err(ReportError::NotARun { .. }) => {}
            Err(error) => unreadable = Some(named(&with_causes(&error)).into_owned()),
        }
        Self { row: row.shown(), folder, unreadable }
    }

    /// The damage of the run's files.
    pub(crate) fn damage(&self) -> Option<String> {
        let of_folder = || {
            let damage = &self.folder.as_ref()?.damage;
            (!damage.is_empty()).then(|| damage.join("; "))
        };
        self.unreadable.clone().or_else(of_folder)
    }

    /// The run's status in words.
    pub(crate) fn state(&self) -> String {
        let steps = self.folder.as_ref().and_then(|run| run.log.steps.last()).map(|step| step.step);
        match (self.row.status, steps) {
            (Status::Complete, _) => "complete".to_owned(),
            (Status::Failed, _) => "failed".to_owned(),
            (Status::Missing, Some(steps)) => format!("{} done", counted(steps, "step")),
            (Status::Missing, None) => "not run yet".to_owned(),
        }
    }

    /// The evaluation that the run's value comes from.
    pub(crate) fn eval<'a>(&'a self, split: &'a str) -> Option<&'a Eval> {
        self.folder.as_ref()?.evals(split).find(|eval| Some(eval.step) == self.row.step)
    }
}

/// The most characters of a number that a person wrote; a number that was drawn at random has more.
const WRITTEN: usize = 8;

/// A value as a person writes it, as in [`Run::setting`].
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

/// A number that was drawn at random, with four digits, in a form that a config takes.
fn drawn(number: f64) -> String {
    let size = number.abs();
    if (1e-3..1e4).contains(&size) { short(number).replace(',', "") } else { scientific(number, 3) }
}

/// An error and its causes in one line.
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

    /// A sweep over `optimizer.learning_rate` with two seeds: 2e-5 is best, 5e-5 second, 1e-4 failed, and one
    /// run of 2e-5 is missing.
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
        std::fs::write(folder.path().join(SweepFiles::TABLE), text).unwrap();
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
        let names: Vec<&str> = sweep.points.iter().map(|point| point.row.point.as_str()).collect();
        assert_eq!(names, ["point-01", "point-02", "point-03"]);
        assert_eq!(sweep.points[0].setting("optimizer.learning_rate"), "2e-5");
        // The point leaves the setting as in the base config; the run's own config states it.
        assert_eq!(sweep.points[2].setting("optimizer.learning_rate"), "0.0001");
        assert_eq!(sweep.points[2].number("optimizer.learning_rate"), Some(1e-4));
        assert_eq!(sweep.points[2].setting("epochs"), "as it was");
        assert_eq!(sweep.points[0].trained(), "10 (1.0 %)");
        assert!(!sweep.has_ended());
        let ended = self::folder(&SWEEP.replace("missing", "failed"));
        assert!(Sweep::read(ended.path()).unwrap().has_ended());
        let damaged = sweep.points[1].runs[0].damage().unwrap();
        assert!(damaged.contains("metrics.jsonl, line 1 can't be read"), "{damaged}");
        assert!(sweep.points[1].runs[1].damage().is_none());
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
        assert_eq!(sweep.points[0].row.point, "point-02");
        assert_eq!(sweep.points[2].row.point, "point-03");
    }

    #[test]
    fn what_is_no_sweep_is_refused() {
        let empty = tempfile::tempdir().unwrap();
        assert!(matches!(Sweep::read(empty.path()), Err(ReportError::NotASweep { .. })));
        let folder = folder(&SWEEP.replace("\"seeds\"", "\"se\u{0}eds\""));
        let error = with_causes(&Sweep::read(folder.path()).unwrap_err());
        assert!(error.contains("sweep.json, line 2, can't be used"), "{error}");
        assert!(error.contains("`sweep --resume ") && error.contains("makes that file again"), "{error}");
    }

    /// A run of the second point has a status that doesn't exist.
    #[test]
    fn what_stands_before_the_damage_is_shown() {
        let folder = folder(&SWEEP.replace("\"missing\"", "\"lost\""));
        let sweep = Sweep::read(folder.path()).unwrap();
        assert_eq!(
            sweep.points.iter().map(|point| point.row.point.as_str()).collect::<Vec<_>>(),
            ["point-02"]
        );
        let damage = sweep.damage.as_deref().unwrap();
        assert!(damage.contains("sweep.json") && damage.contains("line 8"), "{damage}");
        let html = crate::sweep_page(&sweep, &crate::PageOptions::default()).unwrap();
        assert!(html.contains("Points after the damage in sweep.json"), "{html}");
    }
}
