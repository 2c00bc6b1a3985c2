//! Parquet, a few rows at a time.

use std::collections::VecDeque;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use parquet::basic::Type as Physical;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::schema::types::SchemaDescriptor;

use super::Located;
use crate::error::{DataError, Location, RowProblem};
use crate::row::{Columns, Row, Value};

/// Rows decoded at a time. Few, since a text may be large.
const CHUNK: usize = 256;

pub(super) fn rows(
    file: File,
    path: &Path,
    columns: &Columns,
) -> Result<impl Iterator<Item = Located> + use<>, DataError> {
    let path: Arc<Path> = path.into();
    let failed = |source| DataError::Parquet { path: path.to_path_buf(), source };
    let reader = without_panic(|| SerializedFileReader::new(file)).map_err(failed)?;
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    let column = |name: &String, kind: Kind| Column::find(&schema, name, kind, &path);
    let mut table = Table {
        text: column(&columns.text, Kind::Text)?,
        text_pair: columns.text_pair.as_ref().map(|name| column(name, Kind::Text)).transpose()?,
        label: columns.label.as_ref().map(|name| column(name, Kind::Label)).transpose()?,
        groups: 0..reader.num_row_groups(),
        reader,
        left: 0,
    };
    let mut ready = VecDeque::new();
    let mut number = 0;
    Ok(std::iter::from_fn(move || {
        while ready.is_empty() {
            match without_panic(|| table.decode()) {
                Ok(None) => return None,
                Ok(Some(rows)) => ready.extend(rows),
                Err(source) => return Some(Err(DataError::Parquet { path: path.to_path_buf(), source })),
            }
        }
        let row = ready.pop_front()?;
        number += 1;
        Some(Ok((Location { path: Arc::clone(&path), number, unit: "row" }, row)))
    }))
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
}

impl Table {
    /// The next few rows. `None` after the last.
    fn decode(&mut self) -> ParquetResult<Option<Vec<Result<Row, RowProblem>>>> {
        while self.left == 0 {
            let Some(index) = self.groups.next() else { return Ok(None) };
            let group = self.reader.get_row_group(index)?;
            self.left = usize::try_from(group.metadata().num_rows())
                .map_err(|_| ParquetError::General("a row group has fewer than 0 rows".to_owned()))?;
            for column in
                [Some(&mut self.text), self.text_pair.as_mut(), self.label.as_mut()].into_iter().flatten()
            {
                column.reader = Some(group.get_column_reader(column.leaf)?);
            }
        }
        let count = self.left.min(CHUNK);
        self.left -= count;
        let texts = self.text.values(count)?;
        let mut pairs =
            self.text_pair.as_mut().map(|column| column.values(count)).transpose()?.map(Vec::into_iter);
        let mut labels =
            self.label.as_mut().map(|column| column.values(count)).transpose()?.map(Vec::into_iter);
        let rows = texts.into_iter().map(|text| {
            // All three are taken before one of them can fail, so that they stay in step.
            let pair = pairs.as_mut().map(|pairs| pairs.next().flatten());
            let label = labels.as_mut().map(|labels| labels.next().flatten());
            let pair_name = self.text_pair.as_ref().map_or("", |column| &column.name);
            let label_name = self.label.as_ref().map_or("", |column| &column.name);
            Ok(Row {
                text: as_text(text, &self.text.name)?,
                text_pair: pair.map(|pair| as_text(pair, pair_name)).transpose()?,
                label: label.map(|label| as_label(label, label_name)).transpose()?,
            })
        });
        Ok(Some(rows.collect()))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Label,
}

/// A column that is read.
struct Column {
    name: String,
    /// Its index among the columns, and the level at which its values aren't null.
    leaf: usize,
    max_level: i16,
    /// What reads it in the row group that was begun.
    reader: Option<ColumnReader>,
}

enum Cell {
    Bytes(Vec<u8>),
    Integer(i64),
}

impl Column {
    fn find(schema: &SchemaDescriptor, name: &str, kind: Kind, path: &Path) -> Result<Self, DataError> {
        let Some(field) = schema.root_schema().get_fields().iter().find(|field| field.name() == name) else {
            return Err(DataError::MissingColumn {
                path: path.to_owned(),
                column: name.to_owned(),
                found: schema
                    .root_schema()
                    .get_fields()
                    .iter()
                    .map(|field| field.name().to_owned())
                    .collect(),
            });
        };
        let leaf = schema.columns().iter().position(|column| column.path().parts() == [name]);
        let fits = |leaf: &usize| {
            let column = schema.column(*leaf);
            let physical = match column.physical_type() {
                Physical::BYTE_ARRAY => true,
                Physical::BOOLEAN | Physical::INT32 | Physical::INT64 => kind == Kind::Label,
                _ => false,
            };
            physical && column.max_rep_level() == 0
        };
        let Some(leaf) = leaf.filter(fits) else {
            return Err(DataError::ColumnType {
                path: path.to_owned(),
                column: name.to_owned(),
                found: if field.is_group() {
                    "group".to_owned()
                } else {
                    format!("{} {}", field.get_basic_info().repetition(), field.get_physical_type())
                        .to_lowercase()
                },
                expected: if kind == Kind::Text { "a text" } else { "a text or an integer" },
            });
        };
        let max_level = schema.column(leaf).max_def_level();
        Ok(Self { name: name.to_owned(), leaf, max_level, reader: None })
    }

    /// The next `count` values.
    fn values(&mut self, count: usize) -> ParquetResult<Vec<Option<Cell>>> {
        let level = self.max_level;
        match &mut self.reader {
            Some(ColumnReader::ByteArrayColumnReader(reader)) => {
                nullable(reader, count, level, |bytes| Cell::Bytes(bytes.data().to_vec()))
            }
            Some(ColumnReader::BoolColumnReader(reader)) => {
                nullable(reader, count, level, |yes| Cell::Integer(yes.into()))
            }
            Some(ColumnReader::Int32ColumnReader(reader)) => {
                nullable(reader, count, level, |number| Cell::Integer(number.into()))
            }
            Some(ColumnReader::Int64ColumnReader(reader)) => nullable(reader, count, level, Cell::Integer),
            _ => Err(ParquetError::General(format!("column {} can't be read", self.name))),
        }
    }
}

fn nullable<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    count: usize,
    max_level: i16,
    value: impl Fn(T::T) -> Cell,
) -> ParquetResult<Vec<Option<Cell>>> {
    let (mut levels, mut values) = (Vec::new(), Vec::new());
    let (rows, ..) = reader.read_records(count, Some(&mut levels), None, &mut values)?;
    if rows < count {
        return Err(ParquetError::EOF("a column has fewer values than its row group has rows".to_owned()));
    }
    let mut values = values.into_iter().map(value);
    Ok(if max_level == 0 {
        values.map(Some).collect()
    } else {
        levels.into_iter().map(|level| if level == max_level { values.next() } else { None }).collect()
    })
}

fn as_text(value: Option<Cell>, column: &str) -> Result<String, RowProblem> {
    match value {
        Some(Cell::Bytes(bytes)) => String::from_utf8(bytes)
            .map_err(|error| RowProblem::Utf8 { at: error.utf8_error().valid_up_to() }),
        Some(Cell::Integer(number)) => {
            Err(RowProblem::Type { column: column.to_owned(), found: number.to_string(), expected: "a text" })
        }
        None => Err(RowProblem::Null { column: column.to_owned(), expected: "a text" }),
    }
}

fn as_label(value: Option<Cell>, column: &str) -> Result<Value, RowProblem> {
    match value {
        Some(Cell::Integer(number)) => Ok(Value::Integer(number)),
        Some(bytes) => Ok(Value::Text(as_text(Some(bytes), column)?)),
        None => Ok(Value::Null),
    }
}
