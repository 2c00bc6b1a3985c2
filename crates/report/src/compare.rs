//! Several runs: the settings that differ between them, and groups of runs that differ in nothing but the
//! seed.

use std::collections::BTreeSet;

use embert_run::{LOSS, MetricInfo};

use crate::{Run, measures};

/// Settings that name a place and have no effect on the result.
const NOT_COMPARED: [&str; 1] = ["output"];

/// Settings that make another repetition of the same experiment.
const SEED: &str = "seed";
const SPLIT_SEED: &str = "data.split_seed";

/// Runs whose settings differ in nothing but the seed.
#[derive(Clone, Debug)]
pub(crate) struct Group<'a> {
    pub(crate) runs: Vec<&'a Run>,
    /// The values of the [`distinguishing`] settings, in their order.
    pub(crate) values: Vec<String>,
}

impl Group<'_> {
    /// The group's name in a plot: its values, or the names of its runs if no setting differs.
    pub(crate) fn name(&self) -> String {
        match self.runs.first() {
            Some(run) if self.values.is_empty() => run.name.clone(),
            _ => self.values.join(", "),
        }
    }
}

/// The keys whose values differ between the runs, in the order of the files.
pub(crate) fn differences<'a>(runs: impl IntoIterator<Item = &'a Run>) -> Vec<String> {
    let runs: Vec<&Run> = runs.into_iter().collect();
    let mut keys: Vec<String> = Vec::new();
    for key in runs.iter().flat_map(|run| run.settings()).map(|(key, _)| key) {
        if !keys.contains(&key) && !NOT_COMPARED.contains(&key.as_str()) {
            keys.push(key);
        }
    }
    keys.retain(|key| runs.iter().map(|run| run.setting(key)).collect::<BTreeSet<_>>().len() > 1);
    keys
}

/// The keys whose values make another experiment, not another repetition. The split seed makes a repetition
/// if each run sets one; if other runs take the split from the seed, the split seed is a decision.
pub(crate) fn distinguishing(runs: &[Run], differences: &[String]) -> Vec<String> {
    let repeats = |key: &String| {
        key == SEED || key == SPLIT_SEED && runs.iter().all(|run| run.setting(SPLIT_SEED).is_some())
    };
    differences.iter().filter(|key| !repeats(key)).cloned().collect()
}

/// Whether the runs were evaluated on different examples, which adds to their spread.
pub(crate) fn splits_differ<'a>(runs: impl IntoIterator<Item = &'a Run>) -> bool {
    let split = |run: &Run| run.setting(SPLIT_SEED).or_else(|| run.setting(SEED));
    runs.into_iter().map(split).collect::<BTreeSet<_>>().len() > 1
}

/// The runs of each task, if there are several tasks; the task of the first run comes first. A run without
/// facts has only begun, or is of an older version, and counts with none.
pub(crate) fn tasks<'a>(runs: impl IntoIterator<Item = &'a Run>) -> Option<Vec<(String, Vec<&'a Run>)>> {
    let mut tasks: Vec<(String, Vec<&Run>)> = Vec::new();
    for run in runs.into_iter().filter(|run| run.facts.is_some()) {
        let task = run.task();
        match tasks.iter_mut().find(|(known, _)| *known == task) {
            Some((_, runs)) => runs.push(run),
            None => tasks.push((task, vec![run])),
        }
    }
    (tasks.len() > 1).then_some(tasks)
}

/// The metrics that all runs may have, in the order of the first run; the loss, which every task logs, last.
pub(crate) fn shared_metrics(runs: &[Run]) -> Vec<MetricInfo> {
    let has = |run: &Run, name: &str| run.metrics.iter().any(|metric| metric.name == name);
    let is_shared =
        |metric: &&MetricInfo| metric.name != LOSS && runs.iter().all(|run| has(run, &metric.name));
    let of_first = runs.iter().take(1).flat_map(|run| &run.metrics).filter(is_shared);
    of_first.cloned().chain([measures::named(LOSS, &measures::of_format_1())]).collect()
}

/// The value of a setting in a table.
pub(crate) fn value(run: &Run, key: &str) -> String {
    run.setting(key).unwrap_or_else(|| "unset".to_owned())
}

/// The runs grouped by these settings; groups and runs are in the order of `runs`.
pub(crate) fn groups<'a>(runs: &'a [Run], keys: &[String]) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for run in runs {
        let values: Vec<String> = keys.iter().map(|key| value(run, key)).collect();
        // The settings of two tasks may be the same where only the data differ.
        let is_same = |group: &&mut Group<'_>| group.values == values && group.runs[0].task() == run.task();
        match groups.iter_mut().find(is_same) {
            Some(group) => group.runs.push(run),
            None => groups.push(Group { runs: vec![run], values }),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use embert_run::Log;

    fn run(name: &str, config: &str) -> Run {
        Run {
            name: name.to_owned(),
            path: name.into(),
            config: config.parse().unwrap(),
            log: Log::default(),
            facts: None,
            metrics: Vec::new(),
            scores: None,
            examples: None,
            damage: Vec::new(),
        }
    }

    #[test]
    fn seeds_make_no_difference_and_places_even_less() {
        let runs = [
            run("a", "seed = 1\noutput = \"a\"\nepochs = 2\n[data]\nmax_length = 64\n"),
            run("b", "seed = 2\noutput = \"b\"\nepochs = 2\n[data]\nmax_length = 64\n"),
            run("c", "seed = 1\noutput = \"c\"\nepochs = 2\n[data]\nmax_length = 32\ntrain_samples = 8\n"),
        ];
        let keys = differences(&runs);
        assert_eq!(keys, ["seed", "data.max_length", "data.train_samples"]);
        let groups = groups(&runs, &distinguishing(&runs, &keys));
        let names: Vec<Vec<&str>> =
            groups.iter().map(|group| group.runs.iter().map(|run| run.name.as_str()).collect()).collect();
        assert_eq!(names, [vec!["a", "b"], vec!["c"]]);
        assert_eq!(groups.iter().map(Group::name).collect::<Vec<_>>(), ["64, unset", "32, 8"]);
        assert!(differences(&runs[..1]).is_empty());
    }

    #[test]
    fn another_split_is_a_repetition_where_each_run_names_its_own() {
        let with = |splits: [&str; 3]| {
            let runs = splits.map(|split| run("a", &format!("seed = 1\n[data]\n{split}\n")));
            let keys = differences(&runs);
            (distinguishing(&runs, &keys), splits_differ(&runs))
        };
        assert_eq!(with(["split_seed = 1", "split_seed = 2", "split_seed = 3"]), (vec![], true));
        assert_eq!(with(["split_seed = 1", "", ""]), (vec![SPLIT_SEED.to_owned()], false));
        assert_eq!(with(["split_seed = 4", "split_seed = 4", "split_seed = 4"]), (vec![], false));
        let seeds = ["seed = 1\n", "seed = 2\n"].map(|config| run("a", config));
        assert!(splits_differ(&seeds));
    }

    #[test]
    fn runs_of_several_tasks_share_the_metrics_of_the_same_name() {
        let of = |name: &str, task: &str, metrics: &[&str]| {
            let facts = format!(
                r#"{{"task": "{task}", "model": "m", "dataset": "d", "labels": [], "positive": null,
                "parameters": {{"total": 9, "trainable": 9}}, "splits": {{"train": {{"examples": 0, "labels": [], "duplicates": 0}}}},
                "lengths": {{"max_length": 32, "truncated": 0, "bin_width": 16, "counts": []}}}}"#
            );
            let known = measures::of_format_1();
            let metrics = metrics.iter().map(|name| measures::named(name, &known)).collect();
            Run { facts: Some(serde_json::from_str(&facts).unwrap()), metrics, ..run(name, "") }
        };
        let begun = run("begun", "");
        let runs = [
            of("a", "token-classification", &["f1", "f1_strict", "loss"]),
            of("b", "text-classification", &["accuracy", "loss", "f1"]),
            of("c", "token-classification", &["f1", "loss"]),
        ];
        let found = tasks(runs.iter().chain([&begun])).unwrap();
        let names: Vec<(&str, usize)> =
            found.iter().map(|(task, runs)| (task.as_str(), runs.len())).collect();
        assert_eq!(names, [("token-classification", 2), ("text-classification", 1)]);
        assert!(tasks([&runs[0], &runs[2], &begun]).is_none());
        let shared = |runs: &[Run]| -> Vec<String> {
            shared_metrics(runs).into_iter().map(|metric| metric.name).collect()
        };
        assert_eq!(shared(&runs), ["f1", "loss"]);
        // A regression does not list its loss.
        assert_eq!(shared(&[runs[0].clone(), of("d", "text-classification", &["mse"])]), ["loss"]);
        assert_eq!(groups(&runs, &[]).len(), 2);
    }
}
