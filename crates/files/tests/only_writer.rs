//! Only `embert-files` writes to the disk: the sources of the other crates call no function that writes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

/// Names of functions that write, in the standard library and in the libraries that the crates use.
const WRITES: [&str; 17] = [
    "fs::write",
    "fs::create_dir",
    "fs::rename",
    "fs::remove_",
    "fs::copy",
    "fs::hard_link",
    "fs::set_permissions",
    "fs::symlink",
    "OpenOptions",
    "File::create",
    "File::options",
    "DirBuilder",
    "set_len(",
    "set_permissions(",
    "tempfile",
    "map_mut(",
    "serialize_to_file",
];

/// Permitted writes in other crates: file, code and reason.
const EXCEPTIONS: [(&str, &str, &str); 2] = [
    (
        "model/src/save.rs",
        "safetensors::serialize_to_file(views, Some(metadata), temporary)",
        "writes to the temporary file that `write_path_with` made for it",
    ),
    (
        "train/src/result.rs",
        "std::fs::write(\"/proc/self/clear_refs\", \"5\")",
        "starts a counter of the kernel anew; there is no file",
    ),
];

#[test]
fn no_other_crate_writes() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut sources = Vec::new();
    for name in names(crates).into_iter().filter(|name| !name.ends_with("files")) {
        rust_files(&name.join("src"), &mut sources);
    }
    assert!(sources.len() > 100, "{} files: the sources are elsewhere", sources.len());
    let mut found = Vec::new();
    let mut excepted = [false; EXCEPTIONS.len()];
    for path in sources {
        let text = fs::read_to_string(&path).unwrap();
        let shown = path.strip_prefix(crates).unwrap().to_str().unwrap();
        for (number, line) in product(&text) {
            if !writes(line) {
                continue;
            }
            match EXCEPTIONS.iter().position(|(file, code, _)| shown == *file && line.contains(code)) {
                Some(index) => excepted[index] = true,
                None => found.push(format!("crates/{shown}:{number}: {}", line.trim())),
            }
        }
    }
    assert!(found.is_empty(), "these write past embert-files:\n{}", found.join("\n"));
    for ((file, code, reason), is_used) in EXCEPTIONS.iter().zip(excepted) {
        assert!(is_used, "{file} has no {code} any more, which {reason}: take the exception out");
    }
}

/// Whether a line of code calls a function that writes, or imports one: `use std::fs::{self, write}`.
fn writes(line: &str) -> bool {
    let imported = line.trim().strip_prefix("use std::fs::").is_some_and(|names| {
        names.split(|character: char| !character.is_alphanumeric() && character != '_').any(|name| {
            let names = WRITES.iter().filter_map(|name| name.strip_prefix("fs::"));
            !name.is_empty() && names.into_iter().any(|writes| name.starts_with(writes))
        })
    });
    imported || WRITES.iter().any(|name| has_word(line, name))
}

/// Whether `name` occurs in a line at the start of a word: `File::create` does not occur in
/// `EventFile::create`.
fn has_word(line: &str, name: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(name).any(|(at, _)| !line[..at].ends_with(is_part))
}

/// The numbered lines of a file without comments and without its test module, which is at its end.
fn product(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines: Vec<&str> = text.lines().collect();
    let is_test =
        |index: usize| lines[index].starts_with("#[cfg(test)]") || lines[index].starts_with("#[cfg(all(test");
    let tests = (0..lines.len()).find(|&index| {
        is_test(index) && lines.get(index + 1).is_some_and(|next| next.split(' ').any(|word| word == "mod"))
    });
    let end = tests.unwrap_or(lines.len());
    let code = lines.into_iter().take(end).enumerate().map(|(index, line)| (index + 1, line));
    code.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn names(folder: &Path) -> Vec<PathBuf> {
    let mut names: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names
}

/// Collects the Rust files below a folder, except `tests.rs`.
fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for path in names(folder) {
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
}

#[test]
fn code_that_writes_is_seen() {
    for line in [
        "    fs::write(path, text)?;",
        "    std::fs::remove_dir_all(path)",
        "use std::fs::{self, File, remove_file};",
        "use std::fs::write;",
        "    let file = File::options().append(true).open(path)?;",
    ] {
        assert!(writes(line), "{line}");
    }
    for line in
        ["    fs::read_to_string(path)", "use std::fs::{self, File};", "    EventFile::create(folder)"]
    {
        assert!(!writes(line), "{line}");
    }
    let text = "fn a() {}\n// fs::write\n#[cfg(test)]\nfn helper() {}\n#[cfg(test)]\nmod tests {\n    fs::write\n}\n";
    let lines: Vec<usize> = product(text).map(|(number, _)| number).collect();
    assert_eq!(lines, [1, 3, 4]);
}
