//! [`RowReader`]: the rows of a file, whatever its format.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use super::bytes::{Text, Unpacked};
use super::content::foreign;
use super::located::{Located, Notes};
use super::options::{Format, ReadOptions};
use super::{conll, csv, folder, json, lines, parquet};
use crate::columns::Columns;
use crate::discover::names::unread;
use crate::error::DataError;
use crate::location::Location;
use crate::row::Row;

/// The rows of a file, of a stream, or of a folder of texts by label. Rows are read one at a time, so a file
/// may be larger than the memory. Each item is a row, or the error of a row that can't be used. After an
/// error with [`DataError::is_bad_row`] the next row may be fine; after any other error there is no next row.
pub struct RowReader {
    path: PathBuf,
    rows: Box<dyn Iterator<Item = Located>>,
    any: bool,
    ended: bool,
    /// Notes that the rows' iterator has added and `notes` doesn't have yet.
    said: Notes,
    notes: Vec<String>,
    class_names: Vec<(String, Vec<String>)>,
    format: Option<Format>,
}

impl RowReader {
    /// Opens a file as `options` says, else as its name and its content tell. A folder has a folder of `.txt`
    /// files for each label.
    ///
    /// # Errors
    /// The file can't be read, its format is unknown or not what its name says, or it lacks a column.
    pub fn open(path: &Path, options: &ReadOptions, columns: &Columns) -> Result<Self, DataError> {
        let said = Notes::default();
        if path.is_dir() {
            return Ok(Self::new(path, folder::rows(path, options, columns, &said)?, said));
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
                    "{} is read as Parquet: its content is Parquet, although its name does not say so",
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
        let unknown = || {
            let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
            match unread(&name) {
                Some(reason) => {
                    DataError::Content { path: path.to_owned(), problem: format!("can't be used: {reason}") }
                }
                None => DataError::UnknownFormat { path: path.to_owned() },
            }
        };
        match format.ok_or_else(unknown)? {
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
    /// The stream can't be read, its content is not of its format, it lacks a column, or the format is
    /// Parquet, whose metadata are at the end.
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
        let reader = match format {
            Format::Csv | Format::Tsv => {
                Self::new(path, csv::rows(text, format, options, columns, &said)?, said)
            }
            Format::JsonLines | Format::Json => {
                Self::new(path, json::rows(text, format, columns, &said)?, said)
            }
            Format::Conll => Self::new(path, conll::rows(text, options, columns, &said)?, said),
            Format::Lines => Self::new(path, lines::rows(text, columns), said),
            Format::Parquet => unreachable!("Parquet is no text: the callers have taken it"),
        };
        Ok(Self { format: Some(format), ..reader })
    }

    fn parquet(path: &Path, columns: &Columns, said: Notes) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|source| DataError::Read { path: path.to_owned(), source })?;
        let (rows, class_names) = parquet::rows(file, path, columns, &said)?;
        Ok(Self { class_names, format: Some(Format::Parquet), ..Self::new(path, rows, said) })
    }

    fn new(path: &Path, rows: impl Iterator<Item = Located> + 'static, said: Notes) -> Self {
        let mut reader = Self {
            path: path.to_owned(),
            rows: Box::new(rows),
            any: false,
            ended: false,
            said,
            notes: Vec::new(),
            class_names: Vec::new(),
            format: None,
        };
        reader.take_notes();
        reader
    }

    fn take_notes(&mut self) {
        self.notes.append(&mut self.said.take());
    }

    /// Sentences to show the user: what was decided where the file's name leaves it open, and what was passed
    /// over. More notes may come while rows are read, such as the number of blank lines, so the notes are
    /// complete after the last row.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The names of the classes that the numbers in `column` stand for, where the column is asked for by its
    /// name and the file states them, as Parquet that `datasets` wrote does.
    pub fn class_names(&self, column: &str) -> Option<&[String]> {
        self.class_names.iter().find(|(name, _)| name == column).map(|(_, names)| names.as_slice())
    }

    /// The format in which the file is read; `None` for a folder of texts, and for a file without content.
    pub fn format(&self) -> Option<Format> {
        self.format
    }

    /// The next row, with its location.
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
