//! Parquet, a few rows at a time.

mod column;
mod names;
mod pages;

use std::collections::VecDeque;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::reader::{FileReader as _, SerializedFileReader};

use self::column::{Cell, Column, Kind};
use super::{Located, MAX_ROW};
use crate::error::{DataError, Location, RowProblem};
use crate::row::{Columns, Row, Value};

/// Rows decoded at a time. Few, since texts of several pages are then in memory.
const CHUNK: usize = 256;

/// The rows, and the names of the label column's numbers where the file states them.
pub(super) fn rows(
    file: File,
    path: &Path,
    columns: &Columns,
) -> Result<(impl Iterator<Item = Located> + use<>, Option<Vec<String>>), DataError> {
    let path: Arc<Path> = path.into();
    let failed = |source| DataError::Parquet { path: path.to_path_buf(), source };
    let reader = without_panic(|| SerializedFileReader::new(file)).map_err(failed)?;
    let metadata = reader.metadata().file_metadata();
    let schema = metadata.schema_descr_ptr();
    let class_names = columns.label.as_ref().and_then(|label| names::class_names(metadata, label));
    let column = |name: &String, kind: Kind| Column::find(&schema, name, kind, &path);
    let mut table = Table {
        text: column(&columns.text, Kind::Text)?,
        text_pair: columns.text_pair.as_ref().map(|name| column(name, Kind::Text)).transpose()?,
        label: columns.label.as_ref().map(|name| column(name, Kind::Label)).transpose()?,
        groups: 0..reader.num_row_groups(),
        reader,
        left: 0,
        ready: VecDeque::new(),
    };
    let mut number = 0;
    let rows = std::iter::from_fn(move || match without_panic(|| table.next()) {
        Ok(None) => None,
        Ok(Some(row)) => {
            number += 1;
            Some(Ok((Location { path: Arc::clone(&path), number, unit: "row" }, row)))
        }
        Err(source) => Some(Err(DataError::Parquet { path: path.to_path_buf(), source })),
    });
    Ok((rows, class_names))
}

/// The parquet crate asserts some of what a damaged file gets wrong. Nothing that was half done is used after that.
fn without_panic<T>(work: impl FnOnce() -> ParquetResult<T>) -> ParquetResult<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let message = panic.downcast_ref::<&str>().copied().map(str::to_owned);
        let message = message.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(ParquetError::General(message.unwrap_or_else(|| "the file contradicts itself".to_owned())))
    })
}

struct Table {
    reader: SerializedFileReader<File>,
    text: Column,
    text_pair: Option<Column>,
    label: Option<Column>,
    /// Row groups that were not begun.
    groups: std::ops::Range<usize>,
    /// Rows of this group that were not decoded.
    left: usize,
    /// Cells of decoded rows. Their bytes are those of the pages: a text is copied where its row is given, since one that
    /// thousands of rows share through a dictionary must not be in memory thousands of times.
    ready: VecDeque<[Option<Cell>; 3]>,
}

impl Table {
    /// The next row. `None` after the last.
    fn next(&mut self) -> ParquetResult<Option<Result<Row, RowProblem>>> {
        while self.ready.is_empty() {
            if !self.decode()? {
                return Ok(None);
            }
        }
        let Some([text, pair, label]) = self.ready.pop_front() else { return Ok(None) };
        Ok(Some(self.row(text, pair, label)))
    }

    fn row(&self, text: Option<Cell>, pair: Option<Cell>, label: Option<Cell>) -> Result<Row, RowProblem> {
        let name =
            |column: &Option<Column>| column.as_ref().map_or_else(String::new, |column| column.name.clone());
        let row = Row {
            text: as_text(text.unwrap_or(Cell::Null), &self.text.name)?,
            text_pair: pair.map(|pair| as_text(pair, &name(&self.text_pair))).transpose()?,
            label: label.map(|label| as_label(label, &name(&self.label))).transpose()?,
        };
        let size = row.text.len() + row.text_pair.as_ref().map_or(0, String::len);
        if size > MAX_ROW { Err(RowProblem::TooLarge) } else { Ok(row) }
    }

    /// Decodes the next few rows. False after the last.
    fn decode(&mut self) -> ParquetResult<bool> {
        let mut columns: [Option<&mut Column>; 3] =
            [Some(&mut self.text), self.text_pair.as_mut(), self.label.as_mut()];
        while self.left == 0 {
            let Some(index) = self.groups.next() else { return Ok(false) };
            let group = self.reader.get_row_group(index)?;
            self.left = usize::try_from(group.metadata().num_rows())
                .map_err(|_| ParquetError::General("a row group has fewer than 0 rows".to_owned()))?;
            for column in columns.iter_mut().flatten() {
                column.begin(&*group)?;
            }
        }
        let count = self.left.min(CHUNK);
        self.left -= count;
        let mut cells = [None, None, None];
        for (cells, column) in cells.iter_mut().zip(columns.iter_mut()) {
            *cells = column.as_mut().map(|column| column.cells(count)).transpose()?.map(Vec::into_iter);
        }
        self.ready.extend((0..count).map(|_| cells.each_mut().map(|cells| cells.as_mut()?.next())));
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
        text @ Cell::Text(_) => Value::of_text(as_text(text, column)?),
        Cell::List(cells) => {
            Value::List(cells.into_iter().map(|cell| as_label(cell, column)).collect::<Result<_, _>>()?)
        }
    })
}
