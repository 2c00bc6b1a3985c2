//! Only this crate spells metric names: the other crates get them from [`Metric`] or from a run's own files.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use embert_metrics::{
    AnswerMetric, Metric, MultiLabelMetric, NamedMetric, RegressionMetric, SummaryMetric, TaggingMetric,
};

/// The metric names that another file may spell: the end of the file's path, and the quoted name.
const EXCEPTIONS: &[(&str, &str)] = &[
    // Every task has a mean loss, and training has it at each step: `embert_run` declares its name for the
    // files.
    ("run/src/metrics.rs", "\"loss\""),
];

/// Collects the Rust sources below `folder` into `found`, without tests in files of their own.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_stem().is_some_and(|name| name == "tests") {
            continue;
        }
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.push(path);
        }
    }
}

/// Every name of a metric of any task, and every one that the Hugging Face Hub has for it.
fn names() -> impl Iterator<Item = &'static str> {
    fn of<M: NamedMetric>() -> impl Iterator<Item = &'static str> {
        M::ALL.iter().flat_map(|metric| [metric.name(), metric.hub_name()])
    }
    let all = of::<Metric>().chain(of::<TaggingMetric>());
    let all = all.chain(of::<MultiLabelMetric>()).chain(of::<RegressionMetric>());
    all.chain(of::<AnswerMetric>()).chain(of::<SummaryMetric>()).collect::<BTreeSet<_>>().into_iter()
}

/// The metric names in a line of code: quoted names, and fields named like a metric. A field `loss` is
/// allowed, because training steps have a loss too.
fn named_in(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for name in names() {
        let quoted = format!("\"{name}\"");
        if line.contains(&quoted) {
            found.push(quoted);
        }
        let declared = line.trim_start().trim_start_matches("pub ").trim_start_matches("pub(crate) ");
        let is_field = declared.strip_prefix(name).and_then(|rest| rest.strip_prefix(':'));
        if name != Metric::Loss.name() && is_field.is_some_and(|rest| !rest.starts_with(':')) {
            found.push(format!("{name}:"));
        }
    }
    found.dedup();
    found
}

/// The numbered lines of a source, without comments and without the tests at its end.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = (1..).zip(text.lines()).take_while(|(_, line)| line.trim() != "#[cfg(test)]");
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[test]
fn no_other_crate_lists_metrics() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    for entry in fs::read_dir(root.join("crates")).unwrap() {
        let folder = entry.unwrap().path();
        if folder.file_name().is_some_and(|name| name != "metrics") {
            sources(&folder.join("src"), &mut files);
        }
    }
    sources(&root.join("xtask/src"), &mut files);
    assert!(files.len() > 100, "only {} files were found", files.len());
    files.sort();
    let mut wrong = Vec::new();
    for file in &files {
        for (number, line) in code(&fs::read_to_string(file).unwrap()) {
            for found in named_in(line) {
                let is_known = EXCEPTIONS.iter().any(|(path, name)| file.ends_with(path) && *name == found);
                if !is_known {
                    wrong.push(format!("{}, line {number}: {found}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "metrics are named outside this crate:\n{}", wrong.join("\n"));
}

#[test]
fn lists_of_every_kind_are_seen() {
    for (line, expected) in [
        ("    pub accuracy: f64,", "accuracy:"),
        ("    roc_auc: Option<f64>,", "roc_auc:"),
        ("let names = [\"f1\"];", "\"f1\""),
        ("    f1_strict: f64,", "f1_strict:"),
        ("let name = \"subset_accuracy\";", "\"subset_accuracy\""),
        ("    pub(crate) pearson: Option<f64>,", "pearson:"),
        ("    HasAns_f1: f64,", "HasAns_f1:"),
        ("(\"matthews_correlation\", 1)", "\"matthews_correlation\""),
    ] {
        assert_eq!(named_in(line), [expected], "{line}");
    }
    for line in ["pub loss: f64,", "println!(\"validation loss\")", "use recall::it;", "let accuracy = 1;"] {
        assert!(named_in(line).is_empty(), "{line}");
    }
}
