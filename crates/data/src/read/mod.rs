//! Readers, all of which hold one row at a time.

mod csv;
mod folder;
mod json_lines;
mod lines;
mod parquet;

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

pub(crate) use folder::{class_folders, is_class_folder};

use crate::{Columns, DataError, Row};

/// A file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// One JSON object a line.
    JsonLines,
    /// Comma-separated, with a heading.
    Csv,
    /// Tab-separated, with a heading.
    Tsv,
    /// Apache Parquet.
    Parquet,
    /// One text a line, without labels.
    Lines,
}

impl Format {
    /// The format that a file's name tells.
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            "csv" => Some(Self::Csv),
            "tsv" => Some(Self::Tsv),
            "parquet" => Some(Self::Parquet),
            "txt" => Some(Self::Lines),
            _ => None,
        }
    }
}

/// The rows of a file, of a stream, or of a folder of texts by label. Each item is a row, or why it can't be used; where
/// [`DataError::is_bad_row`] the next one may be fine.
pub struct RowReader {
    rows: Box<dyn Iterator<Item = Result<Row, DataError>>>,
}

impl RowReader {
    /// Opens a file, in `format` or the one that its name tells; a folder has a folder of `.txt` files for each label.
    ///
    /// # Errors
    /// The file can't be read, its format is unknown, or its heading lacks a column.
    pub fn open(path: &Path, format: Option<Format>, columns: &Columns) -> Result<Self, DataError> {
        if path.is_dir() {
            return Ok(Self { rows: Box::new(folder::rows(path)?) });
        }
        let format = format.or_else(|| Format::of(path));
        let format = format.ok_or_else(|| DataError::UnknownFormat { path: path.to_owned() })?;
        let file = File::open(path).map_err(|source| DataError::Read { path: path.to_owned(), source })?;
        if format == Format::Parquet {
            return Ok(Self { rows: Box::new(parquet::rows(file, path, columns)?) });
        }
        Self::text(BufReader::new(file), path.to_owned(), format, columns)
    }

    /// Reads a stream, such as the standard input.
    ///
    /// # Errors
    /// The heading lacks a column, or the format is Parquet, which ends with its table of contents.
    pub fn from_reader(
        reader: impl Read + 'static,
        format: Format,
        columns: &Columns,
    ) -> Result<Self, DataError> {
        if format == Format::Parquet {
            return Err(DataError::ParquetStream);
        }
        Self::text(BufReader::new(reader), PathBuf::from("-"), format, columns)
    }

    fn text(
        mut reader: impl BufRead + 'static,
        path: PathBuf,
        format: Format,
        columns: &Columns,
    ) -> Result<Self, DataError> {
        skip_byte_order_mark(&mut reader).map_err(|source| DataError::Read { path: path.clone(), source })?;
        let columns = columns.clone();
        let rows: Box<dyn Iterator<Item = _>> = match format {
            Format::Csv => Box::new(csv::rows(reader, path, b',', columns)?),
            Format::Tsv => Box::new(csv::rows(reader, path, b'\t', columns)?),
            Format::JsonLines => Box::new(json_lines::rows(reader, path, columns)),
            Format::Lines | Format::Parquet => Box::new(lines::rows(reader, path)),
        };
        Ok(Self { rows })
    }
}

impl Iterator for RowReader {
    type Item = Result<Row, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.rows.next()
    }
}

/// Some editors begin UTF-8 files with one.
fn skip_byte_order_mark(reader: &mut impl BufRead) -> std::io::Result<()> {
    if reader.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
        reader.consume(3);
    }
    Ok(())
}

/// The lines of a reader as bytes, without their ends, numbered from 1.
fn numbered_lines(
    mut reader: impl BufRead,
    path: PathBuf,
) -> impl Iterator<Item = Result<(u64, Vec<u8>), DataError>> {
    let mut number = 0;
    let mut failed = false;
    std::iter::from_fn(move || {
        if failed {
            return None;
        }
        let mut line = Vec::new();
        match reader.read_until(b'\n', &mut line) {
            Ok(0) => None,
            Ok(_) => {
                number += 1;
                if line.ends_with(b"\n") {
                    line.pop();
                    if line.ends_with(b"\r") {
                        line.pop();
                    }
                }
                Some(Ok((number, line)))
            }
            Err(source) => {
                failed = true;
                Some(Err(DataError::Read { path: path.clone(), source }))
            }
        }
    })
}
