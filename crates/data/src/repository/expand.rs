//! From the names and patterns of a card or README to files.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::discover;
use crate::discover::pattern::Pattern;
use crate::discover::problem::{FilesProblem, list};
use crate::discover::shards::check_shards;
use crate::read::ReadOptions;
use crate::split_files::SplitFiles;
use crate::text_files::TextFiles;

/// The files of each split of one data set.
#[derive(Debug, Default)]
pub(crate) struct Chosen {
    pub(crate) files: SplitFiles,
    pub(crate) notes: Vec<String>,
    /// The name of the data set, where it has one.
    pub(crate) config: Option<String>,
    /// The reading options that the data set's README sets.
    pub(crate) reading: ReadOptions,
}

/// The files of each split with every pattern replaced by what it matches among `files`.
pub(crate) fn expand(given: &SplitFiles, there: &There<'_>) -> Result<Chosen, FilesProblem> {
    let mut notes = Vec::new();
    let mut has_pattern = false;
    let mut paths = |split, paths: &[PathBuf]| {
        let paths: Vec<String> = paths.iter().map(|path| path.to_string_lossy().into_owned()).collect();
        has_pattern |= paths.iter().any(|path| Pattern::is_pattern(path));
        expand_paths(split, &paths, there, &mut notes)
    };
    let files = SplitFiles {
        train: paths("train", &given.train)?,
        validation: paths("validation", &given.validation)?,
        test: paths("test", &given.test)?,
    };
    if has_pattern {
        notes.insert(0, describe(&files));
    }
    Ok(Chosen { files, notes, ..Chosen::default() })
}

/// The files against which patterns are matched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct There<'a> {
    /// Paths with `/` between the components.
    pub(crate) files: &'a [String],
    /// True where files are read whatever format their names say.
    pub(crate) any_format: bool,
    /// What files of plain text hold.
    pub(crate) text_files: TextFiles,
    /// True where other files may exist too, so that a name without a pattern is kept as it is.
    pub(crate) partial: bool,
}

pub(super) fn expand_paths(
    split: &'static str,
    patterns: &[String],
    there: &There<'_>,
    notes: &mut Vec<String>,
) -> Result<Vec<PathBuf>, FilesProblem> {
    let files = there.files;
    let mut taken: Vec<String> = Vec::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for text in patterns {
        let name = text.trim_end_matches('/');
        let is_file = files.iter().any(|file| file == text);
        let is_pattern = Pattern::is_pattern(text);
        let tables = if is_file { Vec::new() } else { discover::tables_below(name, files, there.text_files) };
        let is_folder = || files.iter().any(|file| file.starts_with(&format!("{name}/")));
        let matches = if !tables.is_empty() {
            // A folder of parts, as Spark writes one for each table.
            check_shards(split, tables.iter().map(String::as_str))?;
            notes.push(format!("reads {} from the folder {name}", list(&tables)));
            tables
        } else if is_file || is_folder() || (there.partial && !is_pattern) {
            vec![name.to_owned()]
        } else if is_pattern {
            let pattern = Pattern::new(text)
                .map_err(|problem| FilesProblem::Pattern { pattern: text.clone(), problem })?;
            let all: Vec<&String> = files.iter().filter(|file| pattern.matches(file)).collect();
            let is_read = |file: &&&String| there.any_format || discover::is_table(file, there.text_files);
            let matches: Vec<String> = all.iter().filter(is_read).map(|file| (*file).clone()).collect();
            let unread: Vec<String> =
                all.iter().filter(|file| !is_read(file)).map(|file| (*file).clone()).collect();
            if !unread.is_empty() && !matches.is_empty() {
                notes.push(format!("`{text}` matches {} too, which can't be read", list(&unread)));
            }
            check_shards(split, matches.iter().map(String::as_str))?;
            matches
        } else {
            Vec::new()
        };
        if matches.is_empty() {
            let files = files.iter().filter(|file| discover::names::is_file_name(file)).cloned().collect();
            return Err(FilesProblem::NoMatch { pattern: text.clone(), files });
        }
        for file in matches {
            if seen.insert(file.clone()) {
                taken.push(file);
            }
        }
    }
    Ok(taken.into_iter().map(PathBuf::from).collect())
}

pub(super) fn describe(files: &SplitFiles) -> String {
    let names = |paths: &[PathBuf]| -> Vec<String> {
        paths.iter().map(|path| path.to_string_lossy().into_owned()).collect()
    };
    discover::describe(&names(&files.train), &names(&files.validation), &names(&files.test))
}
