//! [`Outcome`]: the files of a run or a sweep, without the parts in which no two runs are equal.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use embert_files::is_temporary;
use serde_json::Value;

use crate::tree::{Bytes, Node, Tree};

/// Fields with times and memory.
const UNEQUAL: [&str; 3] = ["seconds", "phases", "peak_memory"];

/// Each file without times and memory; folders have nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome(BTreeMap<PathBuf, Option<Vec<u8>>>);

impl Outcome {
    /// The files of a tree that count. The lock's file, the page (with times everywhere) and event files
    /// (each process has one, full of times) do not count.
    pub fn of(tree: &Tree) -> Self {
        let counts = |path: &Path| {
            let name = path.file_name().unwrap_or_default();
            name != embert_files::LOCK
                && name != "report.html"
                && !path.components().any(|part| part == Component::Normal("tensorboard".as_ref()))
        };
        let content = |path: &Path, node: &Node| match node {
            Node::Folder => None,
            Node::File(bytes) => Some(without_times(path, bytes)),
        };
        let files = tree.iter().filter(|(path, _)| counts(path));
        Self(files.map(|(path, node)| (path.to_owned(), content(path, node))).collect())
    }

    /// The differing files, at most ten.
    pub fn difference(&self, other: &Self) -> Vec<String> {
        let paths: std::collections::BTreeSet<&PathBuf> = self.0.keys().chain(other.0.keys()).collect();
        let differs = |path: &&PathBuf| self.0.get(*path) != other.0.get(*path);
        let say = |path: &PathBuf| match (self.0.get(path), other.0.get(path)) {
            (Some(_), None) => format!("{} is missing", path.display()),
            (None, Some(_)) => format!("{} is left over", path.display()),
            _ => format!("{} differs", path.display()),
        };
        paths.into_iter().filter(differs).take(10).map(say).collect()
    }
}

/// The temporary and old names in a tree, which nothing should have once a run is complete.
pub fn left_over(tree: &Tree) -> Vec<String> {
    let is_ours = |path: &Path| {
        let name = path.file_name().unwrap_or_default();
        is_temporary(name) || name.to_string_lossy().contains(".old-")
    };
    tree.iter().filter(|(path, _)| is_ours(path)).map(|(path, _)| path.display().to_string()).collect()
}

/// The results of trained models in a tree, each with its folder: what a user would predict with.
pub(crate) fn models(tree: &Tree) -> impl Iterator<Item = (&Path, Tree)> {
    let is_model = |(path, node): &(&Path, &Node)| {
        **node == Node::Folder && path.ends_with("model") && !path.iter().any(is_temporary)
    };
    tree.iter().filter(is_model).map(move |(path, _)| (path, tree.below(path)))
}

fn without_times(path: &Path, bytes: &Bytes) -> Vec<u8> {
    let content = bytes.as_slice();
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("json" | "jsonl") => {
            let values = serde_json::Deserializer::from_slice(content).into_iter::<Value>();
            let Ok(mut values) = values.collect::<Result<Vec<_>, _>>() else { return content.to_vec() };
            values.iter_mut().for_each(strip);
            values
                .iter()
                .flat_map(|value| [value.to_string(), "\n".to_owned()])
                .collect::<String>()
                .into_bytes()
        }
        Some("csv") => without_columns(content).unwrap_or_else(|_| content.to_vec()),
        _ => content.to_vec(),
    }
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|key, _| !UNEQUAL.contains(&key.as_str()));
            fields.values_mut().for_each(strip);
        }
        Value::Array(values) => values.iter_mut().for_each(strip),
        _ => {}
    }
}

fn without_columns(content: &[u8]) -> Result<Vec<u8>, csv::Error> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(content);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut kept: Vec<bool> = Vec::new();
    for record in reader.records() {
        let record = record?;
        if kept.is_empty() {
            kept = record.iter().map(|name| !UNEQUAL.contains(&name)).collect();
        }
        writer.write_record(record.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(cell, _)| cell))?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_memory_do_not_count_and_all_else_does() {
        let outcome = |path: &str, text: &str| {
            let mut tree = Tree::default();
            tree.insert(path.into(), Node::File(text.as_bytes().into()));
            Outcome::of(&tree)
        };
        let same = |path: &str, one: &str, other: &str| outcome(path, one) == outcome(path, other);
        let step = |seconds: f64, loss: f64| {
            format!("{{\"seconds\":{seconds},\"in\":[{{\"peak_memory\":{seconds},\"loss\":{loss}}}]}}\n")
        };
        assert!(same("metrics.jsonl", &step(1.0, 0.5), &step(2.0, 0.5)));
        assert!(!same("metrics.jsonl", &step(1.0, 0.5), &step(1.0, 0.25)));
        assert!(!same("metrics.jsonl", &step(1.0, 0.5), &step(1.0, 0.5).repeat(2)));
        assert!(same("sweep.csv", "a,seconds,b\n1,2,3\n", "a,seconds,b\n1,9,3\n"));
        assert!(!same("sweep.csv", "a,seconds,b\n1,2,3\n", "a,seconds,b\n1,2,4\n"));
        assert!(!same("model.safetensors", "1", "2"));
        assert_eq!(outcome("a", "1").difference(&outcome("b", "1")), ["a is missing", "b is left over"]);
    }
}
