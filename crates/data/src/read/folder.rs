//! Folders of text files by label, such as `train/pos/*.txt`.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Format, Located, line_ends};
use crate::discover::is_hidden;
use crate::error::{DataError, Location, RowProblem};
use crate::row::{Row, Value};

/// Folders beside the labels' that hold texts without a label, as in the original files of IMDB.
pub(crate) const UNLABELLED: [&str; 2] = ["unsup", "unlabeled"];

/// The folders of `path` that hold `.txt` files, by name: one for each label.
fn class_folders(path: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut folders = Vec::new();
    for entry in sorted(path)? {
        let named =
            |names: &[&str]| entry.file_name().is_some_and(|name| names.iter().any(|other| name == *other));
        if entry.is_dir() && !named(&UNLABELLED) && sorted(&entry)?.iter().any(|file| is_text(file)) {
            folders.push(entry);
        }
    }
    Ok(folders)
}

pub(super) fn rows(path: &Path) -> Result<impl Iterator<Item = Located> + use<>, DataError> {
    let mut files = Vec::new();
    for folder in class_folders(path)? {
        let label = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.extend(
            sorted(&folder)?.into_iter().filter(|file| is_text(file)).map(|file| (file, label.clone())),
        );
    }
    if files.is_empty() {
        return Err(DataError::NoFiles { path: path.to_owned() });
    }
    Ok(files.into_iter().map(|(file, label)| {
        let bytes = fs::read(&file).map_err(|source| DataError::Read { path: file.clone(), source })?;
        let location = |number| Location { path: file.as_path().into(), number, unit: "line" };
        Ok(match String::from_utf8(bytes) {
            Ok(text) => (location(1), Ok(Row { text, text_pair: None, label: Some(Value::Text(label)) })),
            Err(error) => {
                let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let line_begins = valid.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
                (location(line_ends(valid) + 1), Err(RowProblem::Utf8 { at: valid.len() - line_begins }))
            }
        })
    }))
}

fn is_text(path: &Path) -> bool {
    path.is_file() && Format::of(path) == Some(Format::Lines)
}

/// What is in a folder and does not hide, by name: `read_dir` returns entries in no particular order.
fn sorted(path: &Path) -> Result<Vec<PathBuf>, DataError> {
    let read = |source| DataError::Read { path: path.to_owned(), source };
    let mut entries = fs::read_dir(path)
        .map_err(read)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(read)?;
    entries.retain(|entry| !entry.file_name().is_some_and(|name| is_hidden(&name.to_string_lossy())));
    entries.sort();
    Ok(entries)
}
