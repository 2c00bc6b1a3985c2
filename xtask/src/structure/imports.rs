//! No files of a crate import each other in a circle: each file can be read after the files that it imports.
//!
//! A file imports the file that defines a name that it takes from another module by a `crate::`, `super::` or
//! `self::` path, or by a child's name. A name that a module only hands on (`pub use`) counts for the file
//! that defines it. Tests are left out, and so is what only a macro's arguments name.

mod modules;

use std::collections::BTreeSet;
use std::error::Error;
use std::path::PathBuf;

use self::modules::{Imports, Modules};
use crate::root;

/// One circle for each group of files that import each other.
pub(super) fn violations() -> Result<Vec<String>, Box<dyn Error>> {
    let mut roots = vec![root().join("xtask/src/main.rs")];
    for entry in std::fs::read_dir(root().join("crates"))? {
        let source = entry?.path().join("src");
        roots.extend(
            ["lib.rs", "main.rs"].map(|name| source.join(name)).into_iter().filter(|path| path.is_file()),
        );
    }
    roots.sort();
    let mut found = Vec::new();
    for path in roots {
        let imports = Modules::of_crate(&path)?.imports();
        found.extend(circles(&imports).iter().map(|circle| told(circle)));
    }
    Ok(found)
}

fn told(circle: &[PathBuf]) -> String {
    let names: Vec<String> = circle
        .iter()
        .chain(circle.first())
        .map(|path| path.strip_prefix(root()).unwrap_or(path).display().to_string())
        .collect();
    format!(
        "these files import each other in a circle: {}; put what two of them need into a file of its own",
        names.join(" -> ")
    )
}

/// The shortest circle of each file that is on one. A circle that shares a file with an earlier one is left
/// out.
fn circles(imports: &Imports) -> Vec<Vec<PathBuf>> {
    let mut found: Vec<Vec<PathBuf>> = Vec::new();
    for start in imports.keys() {
        let is_new = |circle: &Vec<PathBuf>| !found.iter().flatten().any(|path| circle.contains(path));
        if let Some(circle) = circle(imports, start).filter(is_new) {
            found.push(circle);
        }
    }
    found
}

/// The shortest way from a file back to itself, breadth first.
fn circle(imports: &Imports, start: &PathBuf) -> Option<Vec<PathBuf>> {
    let mut ways = vec![vec![start.clone()]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            for next in way.last().and_then(|last| imports.get(last)).into_iter().flatten() {
                if next == start {
                    return Some(way);
                }
                if seen.insert(next.clone()) {
                    longer.push([way.clone(), vec![next.clone()]].concat());
                }
            }
        }
        ways = longer;
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Imports between the files of a crate with this content.
    fn imports(files: &[(&str, &str)]) -> BTreeMap<String, Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let short = |path: &PathBuf| path.strip_prefix(folder.path()).unwrap().display().to_string();
        let found = Modules::of_crate(&folder.path().join("lib.rs")).unwrap().imports();
        found.iter().map(|(file, imported)| (short(file), imported.iter().map(short).collect())).collect()
    }

    #[test]
    fn a_name_that_is_handed_on_counts_for_the_file_that_defines_it() {
        let found = imports(&[
            ("lib.rs", "mod a; mod b; pub use a::A;"),
            ("a.rs", "pub struct A;"),
            ("b.rs", "mod c; use crate::A; fn f(_: A) {}"),
            ("b/c.rs", "fn g() { let _ = crate::b::f; } #[cfg(test)] mod tests { use crate::lost::X; }"),
        ]);
        assert!(found["lib.rs"].is_empty(), "{found:?}");
        assert_eq!(found["b.rs"], ["a.rs"]);
        assert_eq!(found["b/c.rs"], ["b.rs"]);
    }

    #[test]
    fn a_module_and_its_child_can_make_a_circle() {
        let found = imports(&[
            ("lib.rs", "mod m;"),
            ("m/mod.rs", "mod child; pub use self::child::C; pub const N: usize = 1; fn f(_: C) {}"),
            ("m/child.rs", "use super::N; pub struct C;"),
        ]);
        assert_eq!(
            (&found["m/mod.rs"][..], &found["m/child.rs"][..]),
            (&["m/child.rs".to_owned()][..], &["m/mod.rs".to_owned()][..])
        );
    }

    #[test]
    fn the_shortest_circle_is_told_once() {
        let graph = |edges: &[(&str, &[&str])]| -> Imports {
            edges
                .iter()
                .map(|(from, to)| (PathBuf::from(from), to.iter().map(PathBuf::from).collect()))
                .collect()
        };
        let found = circles(&graph(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &["a"]), ("d", &["a"])]));
        assert_eq!(found, [["a", "c"].map(PathBuf::from).to_vec()]);
        assert!(circles(&graph(&[("a", &["b"]), ("b", &[])])).is_empty());
    }
}
