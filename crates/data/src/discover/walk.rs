//! The files of a folder on this machine.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::names::Kind;
use super::problem::{FilesProblem, PassedOver};
use crate::error::DataError;
use crate::folders::is_hidden;

/// Levels of folders that are read below the data set's folder.
const MAX_DEPTH: usize = 16;
/// Number of files beyond which a folder is hardly a data set.
const MAX_FILES: usize = 2_000_000;
/// Number of files in a hidden folder that are looked at, to note that data is left out there.
const MAX_HIDDEN: usize = 100;

const NOT_UTF8: &str = "the name is not UTF-8; rename it";
const NO_FILE: &str = "it is neither a file nor a folder, or a link to nothing";
const LINKED_FOLDER: &str = "a link to a folder that is read anyway";
const LINKED_FILE: &str = "it is read under the name of a link to it";

/// The files below `root`, as sorted paths from `root` with `/` between the components, and the files that
/// were passed over.
pub(crate) fn walk(root: &Path) -> Result<(Vec<String>, PassedOver), DataError> {
    let canonical =
        fs::canonicalize(root).map_err(|source| DataError::Read { path: root.to_owned(), source })?;
    let mut walk = Walk {
        visited: BTreeSet::from([canonical.clone()]),
        root: canonical,
        files: Vec::new(),
        links: BTreeMap::new(),
        passed_over: PassedOver::default(),
    };
    walk.folder(root, "", 0)?;
    let Walk { mut files, links, mut passed_over, .. } = walk;
    let mut linked = BTreeSet::new();
    for (target, names) in links {
        if let [one, other, ..] = names.as_slice() {
            let problem = FilesProblem::SameFile { one: one.clone(), other: other.clone() };
            return Err(DataError::Files { place: root.display().to_string(), problem: Box::new(problem) });
        }
        linked.insert(target);
    }
    files.retain(|file| {
        let is_linked = linked.contains(file);
        if is_linked {
            passed_over.add(LINKED_FILE, file.clone());
        }
        !is_linked
    });
    files.sort();
    Ok((files, passed_over))
}

struct Walk {
    root: PathBuf,
    visited: BTreeSet<PathBuf>,
    files: Vec<String>,
    /// Files in the folder to which links in the folder lead, with the links' names.
    links: BTreeMap<String, Vec<String>>,
    passed_over: PassedOver,
}

impl Walk {
    fn folder(&mut self, folder: &Path, prefix: &str, depth: usize) -> Result<(), DataError> {
        let read = |source| DataError::Read { path: folder.to_owned(), source };
        let entries = fs::read_dir(folder).map_err(read)?;
        for entry in entries {
            let entry = entry.map_err(read)?;
            let path = entry.path();
            let file_name = entry.file_name();
            let (name, is_utf8) = match file_name.to_str() {
                Some(name) => (name.to_owned(), true),
                None => (file_name.to_string_lossy().into_owned(), false),
            };
            let relative = format!("{prefix}{name}");
            let mut kind = entry.file_type().map_err(read)?;
            if kind.is_symlink() {
                let Ok(target) = fs::metadata(&path) else {
                    self.pass_over(NO_FILE, relative, &name);
                    continue;
                };
                kind = target.file_type();
                let target = fs::canonicalize(&path).map_err(read)?;
                let inside = target.strip_prefix(&self.root).ok().map(Path::to_path_buf);
                if kind.is_dir() {
                    if inside.is_some() || self.root.starts_with(&target) || !self.visited.insert(target) {
                        self.passed_over.add(LINKED_FOLDER, format!("{relative}/"));
                        continue;
                    }
                } else if let Some(inside) = inside
                    && Kind::of(&name).looks_like_data()
                    && !is_hidden(&name)
                {
                    let target = inside.components().map(|part| part.as_os_str().to_string_lossy());
                    let target = target.collect::<Vec<_>>().join("/");
                    self.links.entry(target).or_default().push(relative.clone());
                }
            }
            if kind.is_dir() {
                if is_hidden(&name) {
                    self.hidden(&path, &relative);
                } else if !is_utf8 {
                    self.passed_over.add(NOT_UTF8, format!("{relative}/"));
                } else if depth < MAX_DEPTH {
                    self.folder(&path, &format!("{relative}/"), depth + 1)?;
                } else {
                    self.passed_over.add("it is too deep in the folder", format!("{relative}/"));
                }
            } else if !kind.is_file() {
                self.pass_over(NO_FILE, relative, &name);
            } else if is_utf8 || Kind::of(&name) == Kind::Text {
                self.files.push(relative);
            } else {
                self.pass_over(NOT_UTF8, relative, &name);
            }
            if self.files.len() > MAX_FILES {
                let problem = FilesProblem::TooMany { limit: MAX_FILES };
                return Err(DataError::Files {
                    place: folder.display().to_string(),
                    problem: Box::new(problem),
                });
            }
        }
        Ok(())
    }

    /// Reads only as much of a hidden folder as tells whether data is left out.
    fn hidden(&mut self, folder: &Path, relative: &str) {
        self.files.extend(super::TABLE_LOGS.iter().filter(|(name, _)| relative.ends_with(name)).map(|_| {
            // The log of a table has to be noticed even in a folder without data files.
            format!("{relative}/log")
        }));
        for entry in fs::read_dir(folder).into_iter().flatten().flatten().take(MAX_HIDDEN) {
            let name = entry.file_name().to_string_lossy().into_owned();
            if Kind::of(&name).looks_like_data() {
                self.files.push(format!("{relative}/{name}"));
            }
        }
    }

    fn pass_over(&mut self, reason: &'static str, relative: String, name: &str) {
        if Kind::of(name).looks_like_data() {
            self.passed_over.add(reason, relative);
        }
    }
}
