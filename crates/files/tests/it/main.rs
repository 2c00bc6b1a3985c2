//! The promises of `embert-files`, with every operation failing in turn, and beside other processes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod faults;
mod leftovers;
mod locks;
mod together;

use std::fs;
use std::path::Path;

/// All files below a folder with their content, and all folders, sorted.
fn tree(folder: &Path) -> Vec<(String, Option<String>)> {
    fn walk(root: &Path, folder: &Path, found: &mut Vec<(String, Option<String>)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                found.push((name, None));
                walk(root, &path, found);
            } else {
                found.push((name, Some(fs::read_to_string(&path).unwrap())));
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, folder, &mut found);
    found.sort();
    found
}

fn file(name: &str, content: &str) -> (String, Option<String>) {
    (name.to_owned(), Some(content.to_owned()))
}

fn folder(name: &str) -> (String, Option<String>) {
    (name.to_owned(), None)
}
