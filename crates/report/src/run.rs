//! [`Run`]: the files of a run folder, read.

use std::path::{Path, PathBuf};

use embert_run::{
    Better, Eval, Example, Facts, Log, MetricInfo, RunError, RunFiles, Scores, SweepFiles,
    TEXT_CLASSIFICATION,
};

use crate::ReportError;
use crate::damage::{self, Damaged};
use crate::error::At as _;
use crate::examples::{self, Kind, RunExamples};
use crate::measures;
use crate::shown::Shown as _;

/// A run, read from its folder. Names and settings are escaped for a page: no control characters, no
/// directional marks.
#[derive(Clone, Debug)]
pub struct Run {
    /// The folder's name.
    pub name: String,
    /// The folder.
    pub path: PathBuf,
    /// Every setting.
    pub config: toml::Table,
    /// The log.
    pub log: Log,
    /// The model and the data; `None` in runs of older versions.
    pub facts: Option<Facts>,
    /// The metrics that the run may have, in the order of display.
    pub metrics: Vec<MetricInfo>,
    /// The metrics of the kept weights; `None` while the run goes on, and in runs of older versions.
    pub scores: Option<Scores>,
    /// The predictions of the kept weights; `None` while the run goes on, and in runs of older versions.
    pub examples: Option<RunExamples>,
    /// A sentence for each damaged file: the damage and the remedy. The page shows the other files.
    pub damage: Vec<String>,
}

impl Run {
    /// Reads `config.toml`, `metrics.jsonl`, `facts.json`, `scores.json` and `examples.jsonl`. Only
    /// `config.toml` has to exist. A damaged file counts as missing and is listed in
    /// [`damage`](Self::damage).
    ///
    /// # Errors
    /// The folder has no `config.toml`, a file can't be read, or a newer version wrote it.
    pub fn read(path: &Path) -> Result<Self, ReportError> {
        let mut run = Self::read_without_examples(path)?;
        let labels = run.facts.as_ref().map(|facts| facts.labels.len());
        let kind = run.kind();
        run.examples = match examples::read(&RunFiles::new(path).examples(), kind, labels) {
            Err(ReportError::Example { .. } | ReportError::File(RunError::Damaged { .. }))
                if kind == Kind::Unknown =>
            {
                None
            }
            Err(ReportError::File(error @ RunError::Damaged { .. })) => {
                run.damage.push(damage::of_file(&error, "single examples are left out").shown());
                None
            }
            Err(error @ ReportError::Example { .. }) => {
                run.damage.push(damage::of_examples(&error).shown());
                None
            }
            examples => examples?.shown(),
        };
        Ok(run)
    }

    /// Reads a run without its examples: the texts of a hundred runs fill the memory, and a page that
    /// compares runs shows no examples.
    pub(crate) fn read_without_examples(path: &Path) -> Result<Self, ReportError> {
        let files = RunFiles::new(path);
        if !files.config().is_file() {
            if SweepFiles::new(path).definition().is_file() {
                return Err(ReportError::NotASweep { path: path.to_owned() });
            }
            return Err(ReportError::NotARun { path: path.to_owned() });
        }
        let mut damaged = Damaged::default();
        let config = damaged.settings(&files.config())?;
        let facts = damaged.unless(
            Facts::read(&files.facts()),
            "remove it: `train --resume` of a run that goes on makes it again",
        )?;
        let scores = damaged
            .unless(Scores::read(&files.scores()), "remove it: figures then come from examples.jsonl")?;
        let log = Log::read(&files.metrics())?;
        damaged.lines(&log.damaged);
        let facts = facts.shown();
        let metrics = facts.as_ref().map(|facts| facts.metrics.clone()).filter(|known| !known.is_empty());
        // `runs/mine/.` is named `mine`.
        let name = path.canonicalize().at(path)?.file_name().map(|name| name.to_string_lossy().into_owned());
        Ok(Self {
            name: name.unwrap_or_else(|| path.display().to_string()).shown(),
            path: path.to_owned(),
            config: config.shown(),
            log: log.shown(),
            metrics: metrics.unwrap_or_else(measures::of_format_1),
            facts,
            scores: scores.shown(),
            examples: None,
            damage: damaged.into_sentences().shown(),
        })
    }

    /// What the run predicts for an example.
    pub(crate) fn kind(&self) -> Kind {
        Kind::of(self.facts.as_ref())
    }

    /// The task in words that tell the tasks apart: `text-classification, regression`.
    pub(crate) fn task(&self) -> String {
        match self.facts.as_ref().map(|facts| (&facts.task, &facts.problem_type)) {
            Some((task, Some(problem))) => format!("{task}, {problem}"),
            Some((task, None)) => task.clone(),
            None => TEXT_CLASSIFICATION.to_owned(),
        }
    }

    /// The examples of a run with one label a text; none of another run.
    pub(crate) fn single_label(&self) -> &[Example] {
        match &self.examples {
            Some(RunExamples::SingleLabel(examples)) => examples,
            _ => &[],
        }
    }

    /// Whether the run is complete.
    pub fn has_ended(&self) -> bool {
        self.log.end.is_some()
    }

    /// A setting as text, by its key with dots.
    pub(crate) fn setting(&self, key: &str) -> Option<String> {
        let mut keys = key.split('.');
        let first = self.config.get(keys.next()?)?;
        keys.try_fold(first, |value, key| value.get(key)).map(text_of)
    }

    /// Every setting by its key with dots, in the order of the file.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        fn flatten(prefix: &str, table: &toml::Table, settings: &mut Vec<(String, String)>) {
            for (key, value) in table {
                match value {
                    toml::Value::Table(table) => flatten(&format!("{prefix}{key}."), table, settings),
                    value => settings.push((format!("{prefix}{key}"), text_of(value))),
                }
            }
        }
        let mut settings = Vec::new();
        flatten("", &self.config, &mut settings);
        settings
    }

    /// The metric that chooses the best weights.
    pub(crate) fn metric(&self) -> MetricInfo {
        let name = self.setting("metric").or_else(|| Some(self.default_metric()?.name.clone()));
        measures::named(&name.unwrap_or_default(), &self.metrics)
    }

    /// The task's default metric for choosing the best weights.
    pub(crate) fn default_metric(&self) -> Option<&MetricInfo> {
        self.metrics.first()
    }

    /// The step whose weights are the result.
    pub(crate) fn kept_step(&self) -> Option<usize> {
        let end = self.log.end.as_ref()?;
        if self.setting("keep").as_deref() == Some("last") {
            Some(end.step)
        } else {
            end.best_step.or(Some(end.step))
        }
    }

    /// The evaluations of a split, in order.
    pub(crate) fn evals<'a>(&'a self, split: &'a str) -> impl Iterator<Item = &'a Eval> {
        self.log.evals.iter().filter(move |eval| eval.split == split)
    }

    /// The evaluation of the kept weights; while the run goes on, the best evaluation so far.
    pub(crate) fn result<'a>(&'a self, split: &'a str) -> Option<&'a Eval> {
        let kept = self.kept_step();
        if let Some(eval) = self.evals(split).find(|eval| Some(eval.step) == kept) {
            return Some(eval);
        }
        // The log of a complete run has lost the evaluation of the kept weights, and no other can replace it.
        if kept.is_some() {
            return None;
        }
        let metric = self.metric();
        let value = |eval: &Eval| {
            let other = || eval.metrics.get(&self.default_metric()?.name);
            eval.metrics.get(&metric.name).or_else(other).unwrap_or(f64::NAN)
        };
        let better = |one: &Eval, other: &Eval| match metric.better {
            Better::Lower => value(other).total_cmp(&value(one)),
            Better::Higher => value(one).total_cmp(&value(other)),
        };
        self.evals(split).max_by(|one, other| better(one, other))
    }

    /// The labels' names, or numbers where no name is known.
    pub(crate) fn labels(&self) -> Vec<String> {
        if let Some(facts) = &self.facts {
            return facts.labels.clone();
        }
        let of_examples = self.single_label().first();
        let of_scores = self.scores.as_ref().and_then(|scores| scores.splits.first());
        let count = of_examples
            .map(|example| example.probabilities.len())
            .or_else(|| of_scores.map(|scores| scores.detail.classes.len()));
        (0..count.unwrap_or(0)).map(|label| format!("label {label}")).collect()
    }

    /// The positive label of two, which the curves are about.
    pub(crate) fn positive(&self) -> usize {
        let facts = self.facts.as_ref();
        facts
            .and_then(|facts| facts.labels.iter().position(|label| Some(label) == facts.positive.as_ref()))
            .unwrap_or(1)
    }

    /// The most frequent label of the training examples.
    pub(crate) fn majority(&self) -> Option<usize> {
        let counts = &self.facts.as_ref()?.splits.train.labels;
        (0..counts.len()).rev().max_by_key(|&label| counts[label])
    }
}

/// A value as a person writes it: text without quotes, 0.00005 as 5e-5.
fn text_of(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Float(number) => format!("{number:?}"),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_written_as_people_do() {
        let folder = tempfile::tempdir().unwrap();
        let config =
            "model = \"a b\"\nseed = 7\n[optimizer]\nlearning_rate = 0.00005\nbetas = [0.9, 0.999]\n";
        std::fs::write(folder.path().join("config.toml"), config).unwrap();
        let run = Run::read(folder.path()).unwrap();
        let settings: Vec<String> =
            run.settings().into_iter().map(|(key, value)| format!("{key} {value}")).collect();
        assert_eq!(
            settings,
            ["model a b", "seed 7", "optimizer.learning_rate 5e-5", "optimizer.betas [0.9, 0.999]"]
        );
        assert_eq!(run.setting("optimizer.learning_rate").as_deref(), Some("5e-5"));
        assert_eq!(run.setting("optimizer.none"), None);
        assert!(matches!(Run::read(&folder.path().join("nothing")), Err(ReportError::NotARun { .. })));
    }

    /// If the last weights are kept, the result is their evaluation, not the best in the log.
    #[test]
    fn the_result_is_that_of_the_kept_weights() {
        let folder = tempfile::tempdir().unwrap();
        let eval = |step: usize, loss: f64, accuracy: f64| {
            format!(
                "{{\"event\":\"eval\",\"split\":\"validation\",\"step\":{step},\"loss\":{loss},\"accuracy\":{accuracy},\"precision\":0.5,\"recall\":0.5,\"f1\":0.5,\"examples\":4}}\n"
            )
        };
        let log = eval(1, 0.9, 0.5) + &eval(2, 0.4, 0.75) + &eval(3, 0.6, 1.0);
        let end = "{\"event\":\"end\",\"step\":3,\"metric\":\"loss\",\"best_step\":2,\"best_metric\":0.4,\"seconds\":1.0}\n";
        let step = |config: &str, log: &str| {
            std::fs::write(folder.path().join("config.toml"), config).unwrap();
            std::fs::write(folder.path().join("metrics.jsonl"), log).unwrap();
            Run::read(folder.path()).unwrap().result("validation").map(|eval| eval.step)
        };
        let ended = log.clone() + end;
        assert_eq!(step("metric = \"loss\"\nkeep = \"best\"\n", &ended), Some(2));
        assert_eq!(step("metric = \"loss\"\nkeep = \"last\"\n", &ended), Some(3));
        // While the run goes on, the result is the best evaluation so far.
        assert_eq!(step("metric = \"loss\"\n", &log), Some(2));
        assert_eq!(step("metric = \"accuracy\"\n", &log), Some(3));
        assert_eq!(step("", ""), None);
        // If the log has lost the evaluation of the kept weights, there is no result.
        let lost = ended.replace("\"step\":2,\"loss\":0.4", "\"step\":4,\"loss\":0.4");
        assert_eq!(step("metric = \"loss\"\nkeep = \"best\"\n", &lost), None);
    }
}
