//! Readers, all of which hold one row at a time.

mod bytes;
mod columns;
mod content;
mod csv;
mod folder;
mod json;
mod lines;
mod options;
mod parquet;

use std::cell::RefCell;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

pub(crate) use folder::UNLABELLED;
pub use options::{Delimiter, Format, Header, Quoting, ReadOptionError, ReadOptions, TextEncoding};

use self::bytes::{Source, Text, Unpacked};
use self::content::foreign;
use crate::error::{Location, RowProblem};
use crate::{Columns, DataError, Row};

/// The longest row, in bytes of its file: more is taken for a quote that isn't closed, or for no text file at all, before it
/// fills the memory.
pub(crate) const MAX_ROW: usize = 64 << 20;

/// A row with its place, or what is wrong with it; or why the file can't be read on.
type Located = Result<(Location, Result<Row, RowProblem>), DataError>;

/// The rows of a file, of a stream, or of a folder of texts by label, of which one at a time is in memory. Each item is a
/// row, or why it can't be used; where [`DataError::is_bad_row`] the next one may be fine, else there is none.
pub struct RowReader {
    path: PathBuf,
    rows: Box<dyn Iterator<Item = Located>>,
    any: bool,
    ended: bool,
    /// What the rows' iterator has said since the last row, and all that was said.
    said: Notes,
    notes: Vec<String>,
    class_names: Option<Vec<String>>,
}

/// Sentences to show the user, which come while a file is read.
#[derive(Clone, Default)]
struct Notes(Rc<RefCell<Vec<String>>>);

impl Notes {
    fn add(&self, note: String) {
        self.0.borrow_mut().push(note);
    }
}

impl RowReader {
    /// Opens a file as `options` says, else as its name and its content tell; a folder has a folder of `.txt` files for each
    /// label.
    ///
    /// # Errors
    /// The file can't be read, its format is unknown or not what its name says, or it lacks a column.
    pub fn open(path: &Path, options: &ReadOptions, columns: &Columns) -> Result<Self, DataError> {
        let said = Notes::default();
        if path.is_dir() {
            return Ok(Self::new(path, folder::rows(path, options, &said)?, said));
        }
        let file = File::open(path).map_err(|source| DataError::Read { path: path.to_owned(), source })?;
        let file = Unpacked::new(BufReader::new(file), path)?;
        let named = Format::of(path);
        if file.head.starts_with(b"PAR1") && options.format.is_none_or(|set| set == Format::Parquet) {
            if file.compressed {
                let problem = "is Parquet that was compressed as a whole: unpack it".to_owned();
                return Err(DataError::Content { path: path.to_owned(), problem });
            }
            if named != Some(Format::Parquet) && options.format.is_none() {
                said.add(format!(
                    "{} is read as Parquet, which it is whatever its name says",
                    path.display()
                ));
            }
            return Self::parquet(path, columns, said);
        }
        let format = options.format.or(named);
        if format.is_none_or(|format| format == Format::Parquet)
            && let Some((what, remedy)) = foreign(&file.head)
        {
            return Err(DataError::Content {
                path: path.to_owned(),
                problem: format!("is {what}: {remedy}"),
            });
        }
        match format.ok_or_else(|| DataError::UnknownFormat { path: path.to_owned() })? {
            Format::Parquet if file.head.is_empty() => Ok(Self::new(path, std::iter::empty(), said)),
            Format::Parquet => {
                let begin = crate::shown::shown(&String::from_utf8_lossy(&file.head));
                let problem = format!(
                    "is not Parquet, which begins with PAR1; it begins with {begin}: set format to what it is"
                );
                Err(DataError::Content { path: path.to_owned(), problem })
            }
            format => Self::text(file, path, format, options, columns, said),
        }
    }

    /// Reads a stream, such as the standard input: lines, unless `options` names another format.
    ///
    /// # Errors
    /// The heading lacks a column, or the format is Parquet, which ends with its table of contents.
    pub fn from_reader(
        reader: impl Read + 'static,
        options: &ReadOptions,
        columns: &Columns,
    ) -> Result<Self, DataError> {
        let path = Path::new("-");
        let format = options.format.unwrap_or(Format::Lines);
        let file = Unpacked::new(BufReader::new(reader), path)?;
        if format == Format::Parquet || file.head.starts_with(b"PAR1") {
            return Err(DataError::ParquetStream);
        }
        Self::text(file, path, format, options, columns, Notes::default())
    }

    fn text(
        file: Unpacked,
        path: &Path,
        format: Format,
        options: &ReadOptions,
        columns: &Columns,
        said: Notes,
    ) -> Result<Self, DataError> {
        let text = Text::new(file, path, format, options, |note| said.add(note))?;
        if text.head.is_empty() {
            return Ok(Self::new(path, std::iter::empty(), said));
        }
        Ok(match format {
            Format::Csv | Format::Tsv => {
                Self::new(path, csv::rows(text, format, options, columns, &said)?, said)
            }
            Format::JsonLines | Format::Json => {
                Self::new(path, json::rows(text, format, columns, &said)?, said)
            }
            Format::Lines | Format::Parquet => Self::new(path, lines::rows(text), said),
        })
    }

    fn parquet(path: &Path, columns: &Columns, said: Notes) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|source| DataError::Read { path: path.to_owned(), source })?;
        let (rows, class_names) = parquet::rows(file, path, columns)?;
        Ok(Self { class_names, ..Self::new(path, rows, said) })
    }

    fn new(path: &Path, rows: impl Iterator<Item = Located> + 'static, said: Notes) -> Self {
        let mut reader = Self {
            path: path.to_owned(),
            rows: Box::new(rows),
            any: false,
            ended: false,
            said,
            notes: Vec::new(),
            class_names: None,
        };
        reader.take_notes();
        reader
    }

    fn take_notes(&mut self) {
        self.notes.append(&mut self.said.0.borrow_mut());
    }

    /// What was decided about the file where its name leaves it open, and what was passed over: sentences to show the user.
    /// More may come while it is read, such as how many lines were blank, so all of it is known after the last row.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The names of the label column's numbers, where the file states them, as Parquet that `datasets` wrote does.
    pub fn class_names(&self) -> Option<&[String]> {
        self.class_names.as_deref()
    }

    /// The next row and where it is.
    pub fn next_located(&mut self) -> Option<Result<(Location, Row), DataError>> {
        if self.ended {
            return None;
        }
        let next = self.rows.next();
        if next.is_none() {
            self.ended = true;
            if !self.any {
                self.said.add(format!("{} has no rows", self.path.display()));
            }
        }
        self.any = true;
        self.take_notes();
        Some(match next? {
            Ok((location, Ok(row))) => Ok((location, row)),
            Ok((location, Err(problem))) => Err(DataError::Row { location, problem }),
            Err(error) => {
                self.ended = true;
                Err(error)
            }
        })
    }
}

impl Iterator for RowReader {
    type Item = Result<Row, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_located().map(|row| row.map(|(_, row)| row))
    }
}

impl std::fmt::Debug for RowReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowReader").field("ended", &self.ended).finish_non_exhaustive()
    }
}

/// The lines of a reader as bytes, without their ends.
fn numbered_lines(
    mut reader: impl BufRead,
    source: Source,
) -> impl Iterator<Item = Result<(Location, Vec<u8>), DataError>> {
    let mut number = 0;
    std::iter::from_fn(move || {
        let mut line = Vec::new();
        number += 1;
        let location = Location { path: Arc::clone(&source.path), number, unit: "line" };
        match reader.by_ref().take(MAX_ROW as u64 + 1).read_until(source.line_end, &mut line) {
            Ok(0) => None,
            Ok(_) if line.len() > MAX_ROW => Some(Err(DataError::TooLong { location })),
            Ok(_) => {
                if line.last() == Some(&source.line_end) {
                    line.pop();
                    if source.line_end == b'\n' && line.ends_with(b"\r") {
                        line.pop();
                    }
                }
                Some(Ok((location, line)))
            }
            Err(error) => Some(Err(DataError::Read { path: source.path.to_path_buf(), source: error })),
        }
    })
}
