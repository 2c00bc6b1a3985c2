//! Several runs: what differs between their settings, and which of them differ in nothing but the seed.

use std::collections::BTreeSet;

use crate::Run;

/// Settings that say where and in which repetition, not what.
const NOT_COMPARED: [&str; 1] = ["output"];

/// Runs whose settings differ in nothing but the seed.
#[derive(Clone, Debug)]
pub(crate) struct Group<'a> {
    pub(crate) runs: Vec<&'a Run>,
    /// What tells it apart from the other groups: the values of [`differences`], in their order, without the seed's.
    pub(crate) values: Vec<String>,
}

impl Group<'_> {
    /// What it is called in a plot: its values, or its runs' names where nothing differs.
    pub(crate) fn name(&self) -> String {
        if self.values.is_empty() { self.runs[0].name.clone() } else { self.values.join(", ") }
    }
}

/// The keys that don't have the same value in all runs, in the order of the files.
pub(crate) fn differences(runs: &[Run]) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for key in runs.iter().flat_map(Run::settings).map(|(key, _)| key) {
        if !keys.contains(&key) && !NOT_COMPARED.contains(&key.as_str()) {
            keys.push(key);
        }
    }
    keys.retain(|key| runs.iter().map(|run| run.setting(key)).collect::<BTreeSet<_>>().len() > 1);
    keys
}

/// The value of a setting in a table.
pub(crate) fn value(run: &Run, key: &str) -> String {
    run.setting(key).unwrap_or_else(|| "unset".to_owned())
}

/// The runs by their settings, in the order in which they came.
pub(crate) fn groups<'a>(runs: &'a [Run], differences: &[String]) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for run in runs {
        let keys = differences.iter().filter(|key| *key != "seed");
        let values: Vec<String> = keys.map(|key| value(run, key)).collect();
        match groups.iter_mut().find(|group| group.values == values) {
            Some(group) => group.runs.push(run),
            None => groups.push(Group { runs: vec![run], values }),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Log;

    fn run(name: &str, config: &str) -> Run {
        Run {
            name: name.to_owned(),
            path: name.into(),
            config: config.parse().unwrap(),
            log: Log::default(),
            facts: None,
            examples: None,
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
        let groups = groups(&runs, &keys);
        let names: Vec<Vec<&str>> =
            groups.iter().map(|group| group.runs.iter().map(|run| run.name.as_str()).collect()).collect();
        assert_eq!(names, [vec!["a", "b"], vec!["c"]]);
        assert_eq!(groups.iter().map(Group::name).collect::<Vec<_>>(), ["64, unset", "32, 8"]);
        assert!(differences(&runs[..1]).is_empty());
    }
}
