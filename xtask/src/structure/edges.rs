//! Which crate may depend on which. A new dependency between crates is a decision about the whole workspace:
//! it needs a line in [`CRATES`], and the graphs in README.md and ARCHITECTURE.md are made from that table.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;
use std::process::Command;

use serde::Deserialize;

use crate::root;

/// Each crate in `crates/`, without the prefix `embert-`, with the crates of the workspace that it may depend
/// on. A crate stands above those that it depends on. Dev-dependencies are free.
const CRATES: &[(&str, &[&str])] = &[
    (
        "bert-train",
        &["sweep", "train", "predict", "report", "hub", "task", "data", "metrics", "model", "run", "files"],
    ),
    ("sweep", &["train", "task", "metrics", "model", "run", "files"]),
    ("train", &["task", "data", "model", "optim", "metrics", "run", "files"]),
    ("predict", &["task", "data", "model"]),
    ("task", &["data", "model", "metrics", "run"]),
    ("report", &["run", "metrics"]),
    ("data", &["tokenize"]),
    ("hub", &["files"]),
    ("model", &["files"]),
    ("optim", &["files"]),
    ("tokenize", &["files"]),
    ("run", &[]),
    ("metrics", &[]),
    ("files", &[]),
];

/// The pages that show the graph, with its reasons.
const PAGES: [&str; 2] = ["README.md", "ARCHITECTURE.md"];

/// Crates, each with the crates that it depends on.
type Graph = BTreeMap<String, BTreeSet<String>>;

/// Every edge that only the table or only a manifest has, and every page whose graph is not the table's.
pub(super) fn violations() -> Result<Vec<String>, Box<dyn Error>> {
    let mut found = out_of_order(CRATES);
    found.extend(differences(&manifests()?, &graph(CRATES)));
    let drawn = drawn(CRATES);
    for page in PAGES {
        let text = std::fs::read_to_string(root().join(page))
            .map_err(|error| format!("can't read {page}: {error}"))?;
        if !text.contains(&drawn) {
            found.push(format!(
                "the graph of crates in {page} is not that of xtask/src/structure/edges.rs; it should be\n\n{drawn}"
            ));
        }
    }
    Ok(found)
}

fn graph(crates: &[(&str, &[&str])]) -> Graph {
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    crates.iter().map(|(name, dependencies)| ((*name).to_owned(), owned(dependencies))).collect()
}

/// Dependencies on a crate that does not stand below: the table's order keeps the graph free of circles.
fn out_of_order(crates: &[(&str, &[&str])]) -> Vec<String> {
    let mut found = Vec::new();
    for (index, (name, dependencies)) in crates.iter().enumerate() {
        for dependency in *dependencies {
            if !crates[index + 1..].iter().any(|(below, _)| below == dependency) {
                found.push(format!(
                    "xtask/src/structure/edges.rs allows {name} -> {dependency}, and {dependency} does not stand below \
                     {name} there: a crate depends only on crates below it"
                ));
            }
        }
    }
    found
}

fn differences(manifests: &Graph, allowed: &Graph) -> Vec<String> {
    let mut found = Vec::new();
    for (name, dependencies) in manifests {
        let Some(allowed) = allowed.get(name) else {
            found.push(format!(
                "crates/{name} is not in the table of xtask/src/structure/edges.rs: ARCHITECTURE.md, \"The crates\", says \
                 what a new crate has to answer; then add it there"
            ));
            continue;
        };
        found.extend(dependencies.difference(allowed).map(|dependency| {
            format!(
                "crates/{name} depends on {dependency}, and the edge {name} -> {dependency} is not allowed. \
                 ARCHITECTURE.md, \"The crates\", says which way edges point and why. Do without it, or add it to the \
                 table in xtask/src/structure/edges.rs and say why there"
            )
        }));
        found.extend(allowed.difference(dependencies).map(|dependency| {
            format!(
                "crates/{name} does not depend on {dependency} any more: remove the edge {name} -> {dependency} from \
                 xtask/src/structure/edges.rs"
            )
        }));
    }
    found.extend(allowed.keys().filter(|name| !manifests.contains_key(*name)).map(|name| {
        format!("there is no crate crates/{name}: remove it from the table in xtask/src/structure/edges.rs")
    }));
    found
}

/// The graph as the pages show it: a line for each crate. An edge that follows from others is left out.
fn drawn(crates: &[(&str, &[&str])]) -> String {
    let graph = graph(crates);
    let width = crates.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut lines = String::from("```text\n");
    for (name, dependencies) in crates {
        let direct: Vec<&str> = dependencies
            .iter()
            .copied()
            .filter(|dependency| !dependencies.iter().any(|other| reaches(&graph, other, dependency)))
            .collect();
        // Writing to a string can't fail.
        let _ = match direct.as_slice() {
            [] => writeln!(lines, "{name}"),
            direct => writeln!(lines, "{name:width$} ──► {}", direct.join(", ")),
        };
    }
    lines + "```\n"
}

/// Whether `from`, which is not `to`, depends on `to`, directly or not.
fn reaches(graph: &Graph, from: &str, to: &str) -> bool {
    let dependencies = graph.get(from).into_iter().flatten();
    dependencies.into_iter().any(|dependency| dependency == to || reaches(graph, dependency, to))
}

/// The part of `cargo metadata` that is read.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: std::path::PathBuf,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// `None` for a dependency of the library or program itself, else "dev" or "build".
    kind: Option<String>,
    /// The folder of a crate of the workspace.
    path: Option<std::path::PathBuf>,
}

/// The graph that the manifests in `crates/` state.
fn manifests() -> Result<Graph, Box<dyn Error>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root())
        .output()?;
    if !output.status.success() {
        return Err(format!("`cargo metadata` failed: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let metadata: Metadata = serde_json::from_slice(&output.stdout)?;
    let folder = root().join("crates");
    let short = |name: &str| name.strip_prefix("embert-").unwrap_or(name).to_owned();
    let crates = metadata.packages.into_iter().filter(|package| package.manifest_path.starts_with(&folder));
    Ok(crates
        .map(|package| {
            let dependencies =
                package.dependencies.iter().filter(|one| one.kind.is_none() && one.path.is_some());
            (short(&package.name), dependencies.map(|one| short(&one.name)).collect())
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[(&str, &[&str])] =
        &[("top", &["middle", "bottom"]), ("middle", &["bottom"]), ("bottom", &[])];

    #[test]
    fn the_table_is_what_the_manifests_say() {
        assert_eq!(differences(&manifests().unwrap(), &graph(CRATES)), Vec::<String>::new());
        assert_eq!(out_of_order(CRATES), Vec::<String>::new());
    }

    #[test]
    fn an_edge_that_only_one_side_has_is_named() {
        let more = graph(&[("top", &["middle", "bottom"]), ("middle", &["bottom"]), ("bottom", &["middle"])]);
        let found = differences(&more, &graph(TABLE));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("bottom -> middle is not allowed") && found[0].contains("ARCHITECTURE.md"));
        let found = differences(&graph(TABLE), &more);
        assert!(found.len() == 1 && found[0].contains("remove the edge bottom -> middle"), "{found:?}");
        let found = differences(&graph(&TABLE[1..]), &graph(TABLE));
        assert!(found.len() == 1 && found[0].contains("no crate crates/top"), "{found:?}");
        let found = differences(&graph(TABLE), &graph(&TABLE[1..]));
        assert!(found.len() == 1 && found[0].starts_with("crates/top is not in the table"), "{found:?}");
    }

    #[test]
    fn an_edge_that_points_up_is_refused() {
        let found = out_of_order(&[("low", &["high"]), ("high", &["low"])]);
        assert!(found.len() == 1 && found[0].contains("high -> low"), "{found:?}");
    }

    #[test]
    fn an_edge_that_follows_from_others_is_not_drawn() {
        assert_eq!(drawn(TABLE), "```text\ntop    ──► middle\nmiddle ──► bottom\nbottom\n```\n");
    }
}
