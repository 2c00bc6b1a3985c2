//! Folders of text files by label, such as `train/pos/*.txt`.

use std::fs;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::bytes::{Source, Text, Unpacked};
use super::located::{Located, Notes};
use super::options::{Format, ReadOptions};
use crate::columns::{Columns, Kind};
use crate::error::DataError;
use crate::folders::{UNLABELLED, is_hidden};
use crate::limits::MAX_ROW;
use crate::location::Location;
use crate::row::{Row, Value};
use crate::row_problem::RowProblem;

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

/// The rows of a folder: the text of each file under the first column that is asked for as a text, and the
/// name of its folder under the first that is asked for as a label.
pub(super) fn rows(
    path: &Path,
    options: &ReadOptions,
    columns: &Columns,
    said: &Notes,
) -> Result<impl Iterator<Item = Located> + use<>, DataError> {
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
    let (options, said) = (options.clone(), said.clone());
    let name = |kind, default: &str| columns.of_kind(kind).next().map_or(default, String::as_str).to_owned();
    let names: Arc<[String]> = [name(Kind::Text, "text"), name(Kind::Label, "label")].into();
    Ok(files.into_iter().map(move |(file, label)| {
        let (source, bytes) = contents(&file, &options, &said)?;
        let location = |number| Location { path: file.as_path().into(), number, unit: "line" };
        let before = |at: usize| bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        match str::from_utf8(&bytes) {
            Ok(text) => {
                let row = Row::new(Arc::clone(&names), vec![Value::from(text), Value::Text(label)]);
                Ok((location(1), Ok(row)))
            }
            Err(error) => {
                let at = error.valid_up_to();
                let problem = match source.malformed(error) {
                    RowProblem::Utf8 { at } => RowProblem::Utf8 { at: at - before(at) },
                    problem => problem,
                };
                Ok((location(source.line_ends(&bytes[..at]) + 1), Err(problem)))
            }
        }
    }))
}

/// The content of a file, which is one row.
fn contents(path: &Path, options: &ReadOptions, said: &Notes) -> Result<(Source, Vec<u8>), DataError> {
    let failed = |source| DataError::Read { path: path.to_owned(), source };
    let file = Unpacked::new(BufReader::new(File::open(path).map_err(failed)?), path)?;
    let text = Text::new(file, path, Format::Lines, options, |note| said.add(note))?;
    let (source, mut bytes) = (text.source.clone(), Vec::new());
    text.into_reader().take(MAX_ROW as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > MAX_ROW {
        return Err(DataError::TooLong { location: Location { path: path.into(), number: 1, unit: "line" } });
    }
    Ok((source, bytes))
}

/// True for a text file, compressed or not.
fn is_text(path: &Path) -> bool {
    path.is_file() && Format::of(path) == Some(Format::Lines)
}

/// The entries of a folder that are not hidden, sorted by name: `read_dir` returns entries in no particular
/// order.
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
