//! Parquet, a few rows at a time.

mod column;
mod names;
mod nested;
mod pages;

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::reader::{FileReader as _, RowGroupReader, SerializedFileReader};
use parquet::schema::types::SchemaDescriptor;

use self::column::{Cell, Column};
use self::nested::Nested;
use self::pages::CHUNK;
use super::located::{LeftOut, Located, Notes};
use crate::columns::{Columns, Kind};
use crate::error::DataError;
use crate::limits::MAX_ROW;
use crate::location::Location;
use crate::row::{Row, Value};
use crate::row_problem::RowProblem;

/// The names of the classes of each column that states them.
type ClassNames = Vec<(String, Vec<String>)>;

/// The rows, and the names of the classes that the file states for the columns that are asked for by name.
pub(super) fn rows(
    file: File,
    path: &Path,
    columns: &Columns,
    said: &Notes,
) -> Result<(impl Iterator<Item = Located> + use<>, ClassNames), DataError> {
    let path: Arc<Path> = path.into();
    let failed = |source| DataError::Parquet { path: path.to_path_buf(), source };
    let reader = without_panic(|| SerializedFileReader::new(file)).map_err(failed)?;
    let metadata = reader.metadata().file_metadata();
    let schema = metadata.schema_descr_ptr();
    let class_names =
        columns.names().filter_map(|name| Some((name.clone(), names::class_names(metadata, name)?)));
    let class_names = class_names.collect();
    let mut read = Vec::new();
    for wanted in columns.wanted() {
        read.push(ReadColumn::find(&schema, &wanted.name, wanted.kind, &path)?);
    }
    if columns.all() {
        for name in column::names(&schema).filter(|name| !columns.names().any(|wanted| wanted == name)) {
            read.push(ReadColumn::find(&schema, name, Kind::Any, &path)?);
        }
    }
    let mut table = Table {
        names: read.iter().map(|column| column.name.clone()).collect(),
        named: columns.wanted().len(),
        path: Arc::clone(&path),
        number: 0,
        left_out: LeftOut::new(said),
        columns: read,
        groups: 0..reader.num_row_groups(),
        reader,
        left: 0,
        ready: 0,
    };
    let rows = std::iter::from_fn(move || match without_panic(|| table.next()) {
        Ok(None) => None,
        Ok(Some(row)) => Some(Ok((table.location(), row))),
        Err(source) => Some(Err(DataError::Parquet { path: path.to_path_buf(), source })),
    });
    Ok((rows, class_names))
}

/// Turns a panic into an error: the parquet crate asserts some of what a damaged file violates. After a
/// panic, nothing that was half done is used.
fn without_panic<T>(work: impl FnOnce() -> ParquetResult<T>) -> ParquetResult<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let message = panic.downcast_ref::<&str>().copied().map(str::to_owned);
        let message = message.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(ParquetError::General(message.unwrap_or_else(|| "the file contradicts itself".to_owned())))
    })
}

/// A column that is read.
struct ReadColumn {
    name: String,
    kind: Kind,
    values: Values,
}

/// How the values of a column are read.
#[allow(clippy::large_enum_variant, reason = "a reader has one for each of its few columns")]
enum Values {
    /// Page by page. `cells` are those of the decoded rows, and share their bytes with the pages: a text is
    /// copied only when its row is returned, since a text that thousands of rows share through a dictionary
    /// must not be in memory thousands of times.
    Flat { column: Column, cells: std::vec::IntoIter<Cell> },
    /// Record by record.
    Nested(Nested),
}

impl ReadColumn {
    fn find(schema: &SchemaDescriptor, name: &str, kind: Kind, path: &Path) -> Result<Self, DataError> {
        let values = match Column::find(schema, name, kind, path) {
            Ok(column) => Values::Flat { column, cells: Vec::new().into_iter() },
            Err(DataError::ColumnType { .. }) if kind == Kind::Any => {
                Values::Nested(Nested::find(schema, name, path)?)
            }
            Err(error) => return Err(error),
        };
        Ok(Self { name: name.to_owned(), kind, values })
    }

    /// Goes on with the next row group.
    fn begin(&mut self, group: &dyn RowGroupReader) -> ParquetResult<()> {
        match &mut self.values {
            Values::Flat { column, .. } => column.begin(group),
            Values::Nested(nested) => nested.begin(group),
        }
    }

    /// Decodes the next `count` rows of a flat column; a nested column is decoded record by record.
    fn decode(&mut self, count: usize) -> ParquetResult<()> {
        if let Values::Flat { column, cells } = &mut self.values {
            *cells = column.cells(count)?.into_iter();
        }
        Ok(())
    }

    /// The value of the next row, or the row's problem.
    fn next(&mut self) -> ParquetResult<Result<Value, RowProblem>> {
        match &mut self.values {
            Values::Flat { cells, .. } => {
                let cell = cells.next().unwrap_or(Cell::Null);
                Ok(match self.kind {
                    Kind::Text => as_text(cell, &self.name).map(Value::Text),
                    Kind::Label => as_label(cell, &self.name),
                    Kind::Any => match cell {
                        Cell::Text(_) => as_text(cell, &self.name).map(Value::Text),
                        other => as_label(other, &self.name),
                    },
                })
            }
            Values::Nested(nested) => nested.next(),
        }
    }
}

struct Table {
    reader: SerializedFileReader<File>,
    path: Arc<Path>,
    /// The number of the last row, from 1.
    number: u64,
    names: Arc<[String]>,
    columns: Vec<ReadColumn>,
    /// How many of the columns are asked for by name: the first ones.
    named: usize,
    left_out: LeftOut,
    /// Row groups that were not begun yet.
    groups: std::ops::Range<usize>,
    /// Rows of the current row group that were not decoded yet.
    left: usize,
    /// Decoded rows that were not returned yet.
    ready: usize,
}

impl Table {
    /// The place of the last row.
    fn location(&self) -> Location {
        Location { path: Arc::clone(&self.path), number: self.number, unit: "row" }
    }

    /// The next row. `None` after the last.
    fn next(&mut self) -> ParquetResult<Option<Result<Row, RowProblem>>> {
        while self.ready == 0 {
            if !self.decode()? {
                return Ok(None);
            }
        }
        self.ready -= 1;
        self.number += 1;
        let location = self.location();
        let mut values = Vec::with_capacity(self.columns.len());
        let (mut problem, mut size) = (None, 0);
        for (index, column) in self.columns.iter_mut().enumerate() {
            // Each column advances to the next row, also where another column has a problem.
            match column.next()? {
                Ok(value) => {
                    size += if column.kind == Kind::Label { 0 } else { value.text_bytes() };
                    values.push(value);
                }
                Err(found) if index >= self.named => {
                    self.left_out.add(&column.name, &location, &found);
                    values.push(Value::Null);
                }
                Err(found) => problem = problem.or(Some(found)),
            }
        }
        Ok(Some(match problem {
            Some(problem) => Err(problem),
            None if size > MAX_ROW => Err(RowProblem::TooLarge),
            None => Ok(Row::new(Arc::clone(&self.names), values)),
        }))
    }

    /// Decodes the next few rows. False after the last.
    fn decode(&mut self) -> ParquetResult<bool> {
        while self.left == 0 {
            let Some(index) = self.groups.next() else { return Ok(false) };
            let group = self.reader.get_row_group(index)?;
            self.left = usize::try_from(group.metadata().num_rows())
                .map_err(|_| ParquetError::General("a row group has fewer than 0 rows".to_owned()))?;
            for column in &mut self.columns {
                column.begin(&*group)?;
            }
        }
        let count = self.left.min(CHUNK);
        self.left -= count;
        for column in &mut self.columns {
            column.decode(count)?;
        }
        self.ready = count;
        Ok(true)
    }
}

fn as_text(cell: Cell, column: &str) -> Result<String, RowProblem> {
    match cell {
        Cell::Text(bytes) => match str::from_utf8(bytes.data()) {
            Ok(text) => Ok(text.to_owned()),
            Err(error) => Err(RowProblem::Utf8 { at: error.valid_up_to() }),
        },
        Cell::Null => Err(RowProblem::Null { column: column.to_owned(), expected: "a text" }),
        other => Err(RowProblem::Type {
            column: column.to_owned(),
            found: as_label(other, column)?.to_string(),
            expected: "a text",
        }),
    }
}

fn as_label(cell: Cell, column: &str) -> Result<Value, RowProblem> {
    Ok(match cell {
        Cell::Null => Value::Null,
        Cell::Boolean(value) => Value::Boolean(value),
        Cell::Integer(number) => Value::Integer(number),
        Cell::Unsigned(number) => Value::Integer(i64::try_from(number).map_err(|_| RowProblem::Type {
            column: column.to_owned(),
            found: number.to_string(),
            expected: "a text, or a number of at most 64 bits",
        })?),
        Cell::Float(number) => Value::Float(number),
        text @ Cell::Text(_) => Value::of_label(as_text(text, column)?),
        Cell::List(cells) => {
            Value::List(cells.into_iter().map(|cell| as_label(cell, column)).collect::<Result<_, _>>()?)
        }
    })
}
