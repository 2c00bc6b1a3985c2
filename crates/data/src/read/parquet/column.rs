//! [`Column`]: a column of texts, numbers, truth values or lists of them; its type and its cells.

use std::path::Path;

use parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::reader::RowGroupReader;
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor, Type};

use super::pages::Checked;
use crate::columns::Kind;
use crate::error::DataError;
use crate::read::named::missing;

/// A cell; the bytes of a text are shared with the page.
#[derive(Clone, Debug)]
pub(super) enum Cell {
    Null,
    Boolean(bool),
    Integer(i64),
    Unsigned(u64),
    Float(f64),
    Text(ByteArray),
    List(Vec<Self>),
}

/// A column of one leaf. Its pages are read directly, so that a text which thousands of rows share through a
/// dictionary is copied for one row at a time.
pub(super) struct Column {
    name: String,
    /// The column's index among the leaves of the schema.
    leaf: usize,
    /// Whether the column's integers are unsigned.
    unsigned: bool,
    /// The definition level of a value that is not null.
    max_level: i16,
    /// The definition level from which on a list has an element, null or not; `None` for a column without
    /// lists.
    list_level: Option<i16>,
    /// The column's reader in the current row group.
    reader: Option<ColumnReader>,
}

impl Column {
    /// The column called `name`, whose type has to fit `kind`.
    ///
    /// # Errors
    /// The file has no such column, has it twice, or the column's type does not fit.
    pub(super) fn find(
        schema: &SchemaDescriptor,
        name: &str,
        kind: Kind,
        path: &Path,
    ) -> Result<Self, DataError> {
        let (field, parts) = field(schema, name, path)?;
        let mut leaves = schema
            .columns()
            .iter()
            .enumerate()
            .filter(|(_, column)| column.path().parts().starts_with(&parts));
        let leaf = leaves.next().filter(|_| leaves.next().is_none());
        let Some((leaf, column)) = leaf.filter(|(_, column)| fits(column, kind)) else {
            return Err(DataError::ColumnType {
                path: path.to_owned(),
                column: name.to_owned(),
                found: type_of(field, leaf.map(|(_, column)| &**column)),
                expected: if kind == Kind::Text { "a text" } else { "a text, a number or a list of them" },
            });
        };
        Ok(Self {
            name: name.to_owned(),
            leaf,
            unsigned: is_unsigned(column),
            max_level: column.max_def_level(),
            list_level: (column.max_rep_level() > 0).then(|| repeated_level(schema, column)),
            reader: None,
        })
    }

    /// Goes on with the next row group.
    pub(super) fn begin(&mut self, group: &dyn RowGroupReader) -> ParquetResult<()> {
        let pages = Checked::new(group, self.leaf)?;
        let column = group.metadata().column(self.leaf).column_descr_ptr();
        self.reader = Some(get_column_reader(column, Box::new(pages)));
        Ok(())
    }

    /// The cells of the next `count` rows.
    pub(super) fn cells(&mut self, count: usize) -> ParquetResult<Vec<Cell>> {
        let levels = (self.max_level, self.list_level);
        let unsigned = self.unsigned;
        match &mut self.reader {
            Some(ColumnReader::ByteArrayColumnReader(reader)) => cells(reader, count, levels, Cell::Text),
            Some(ColumnReader::BoolColumnReader(reader)) => cells(reader, count, levels, Cell::Boolean),
            Some(ColumnReader::Int32ColumnReader(reader)) => cells(reader, count, levels, |number| {
                Cell::Integer(if unsigned { number.cast_unsigned().into() } else { number.into() })
            }),
            Some(ColumnReader::Int64ColumnReader(reader)) => cells(reader, count, levels, |number| {
                if unsigned { Cell::Unsigned(number.cast_unsigned()) } else { Cell::Integer(number) }
            }),
            Some(ColumnReader::FloatColumnReader(reader)) => {
                cells(reader, count, levels, |number| Cell::Float(number.into()))
            }
            Some(ColumnReader::DoubleColumnReader(reader)) => cells(reader, count, levels, Cell::Float),
            _ => Err(ParquetError::General(format!("column {} can't be read", self.name))),
        }
    }
}

/// The field called `name`, which the file may have once only, and the names on the path to the field.
///
/// # Errors
/// The file has no such column, or has it twice.
pub(super) fn field<'a>(
    schema: &'a SchemaDescriptor,
    name: &str,
    path: &Path,
) -> Result<(&'a Type, Vec<String>), DataError> {
    let fields = schema.root_schema().get_fields();
    if fields.iter().filter(|field| field.name() == name).count() > 1 {
        return Err(DataError::DuplicateColumn { path: path.to_owned(), column: name.to_owned() });
    }
    field_of(schema.root_schema(), name).ok_or_else(|| {
        let found = names(schema).map(str::to_owned).collect();
        missing(path, name, found, || None)
    })
}

/// The names of the file's columns, without the index that pandas writes as a column.
pub(super) fn names(schema: &SchemaDescriptor) -> impl Iterator<Item = &str> {
    let names = schema.root_schema().get_fields().iter().map(|field| field.name());
    names.filter(|name| !name.starts_with("__index_level_"))
}

/// The field called `name` in a group, and the names on the path to the field. Dots in a name separate nested
/// fields.
fn field_of<'a>(group: &'a Type, name: &str) -> Option<(&'a Type, Vec<String>)> {
    let fields = group.get_fields();
    if let Some(field) = fields.iter().find(|field| field.name() == name) {
        return Some((field, vec![name.to_owned()]));
    }
    fields.iter().filter(|field| field.is_group()).find_map(|field| {
        let rest = name.strip_prefix(field.name())?.strip_prefix('.')?;
        let (found, mut parts) = field_of(field, rest)?;
        parts.insert(0, field.name().to_owned());
        Some((found, parts))
    })
}

/// True for a column whose type fits the kind as which it is read.
fn fits(column: &ColumnDescriptor, kind: Kind) -> bool {
    let lists = column.max_rep_level();
    let is_text = column.physical_type() == Physical::BYTE_ARRAY && is_plain(column);
    let is_null = matches!(column.logical_type_ref(), Some(LogicalType::Unknown));
    let is_number = is_plain(column)
        && matches!(
            column.physical_type(),
            Physical::BOOLEAN | Physical::INT32 | Physical::INT64 | Physical::FLOAT | Physical::DOUBLE
        );
    match kind {
        Kind::Text => lists == 0 && (is_text || is_null),
        Kind::Label => lists <= 1 && (is_text || is_null || is_number),
        Kind::Any => lists == 0 && (is_text || is_number),
    }
}

/// True for a column whose values are plain values of their physical type: no dates, decimals or the like.
fn is_plain(column: &ColumnDescriptor) -> bool {
    use ConvertedType as C;
    let converted = matches!(
        column.converted_type(),
        C::NONE
            | C::UTF8
            | C::ENUM
            | C::JSON
            | C::LIST
            | C::INT_8
            | C::INT_16
            | C::INT_32
            | C::INT_64
            | C::UINT_8
            | C::UINT_16
            | C::UINT_32
            | C::UINT_64
    );
    let logical = matches!(
        column.logical_type_ref(),
        None | Some(
            LogicalType::String
                | LogicalType::Enum
                | LogicalType::Json
                | LogicalType::Integer(_)
                | LogicalType::Unknown
        )
    );
    converted && logical
}

fn is_unsigned(column: &ColumnDescriptor) -> bool {
    use ConvertedType as C;
    matches!(column.converted_type(), C::UINT_8 | C::UINT_16 | C::UINT_32 | C::UINT_64)
        || matches!(column.logical_type_ref(), Some(LogicalType::Integer(integer)) if !integer.is_signed)
}

/// The definition level from which on the list on a column's path has an element: the number of optional and
/// repeated fields down to the repeated one.
fn repeated_level(schema: &SchemaDescriptor, column: &ColumnDescriptor) -> i16 {
    let mut group = schema.root_schema();
    let mut level = 0;
    for part in column.path().parts() {
        let Some(field) = group.get_fields().iter().find(|field| field.name() == part) else { break };
        let info = field.get_basic_info();
        level +=
            i16::from(info.has_repetition() && info.repetition() != parquet::basic::Repetition::REQUIRED);
        if info.has_repetition() && info.repetition() == parquet::basic::Repetition::REPEATED {
            break;
        }
        group = field;
    }
    level
}

/// The type of a column that can't be used, for a message.
fn type_of(field: &Type, leaf: Option<&ColumnDescriptor>) -> String {
    let logical = leaf.and_then(|leaf| leaf.logical_type_ref()).map(|logical| match logical {
        LogicalType::Decimal(_) => "decimal".to_owned(),
        LogicalType::Timestamp(_) => "timestamp".to_owned(),
        other => format!("{other:?}").to_lowercase(),
    });
    let converted =
        leaf.map(ColumnDescriptor::converted_type).filter(|converted| *converted != ConvertedType::NONE);
    let name = logical.or_else(|| converted.map(|converted| converted.to_string().to_lowercase()));
    if field.is_group() {
        let fields: Vec<&str> = field.get_fields().iter().map(|field| field.name()).collect();
        match (leaf, name) {
            (Some(leaf), name) if leaf.max_rep_level() > 0 => {
                format!("list of {}", name.unwrap_or_else(|| leaf.physical_type().to_string().to_lowercase()))
            }
            _ => format!("group of {}", crate::shown::shown_names(&fields)),
        }
    } else {
        let physical = format!("{} {}", field.get_basic_info().repetition(), field.get_physical_type());
        name.filter(|name| !name.starts_with("int")).unwrap_or_else(|| physical.to_lowercase())
    }
}

fn cells<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    count: usize,
    (max_level, list_level): (i16, Option<i16>),
    value: impl Fn(T::T) -> Cell,
) -> ParquetResult<Vec<Cell>> {
    let (mut levels, mut repetitions, mut values) = (Vec::new(), Vec::new(), Vec::new());
    let (rows, ..) = reader.read_records(count, Some(&mut levels), Some(&mut repetitions), &mut values)?;
    if rows < count {
        return Err(ParquetError::EOF("a column has fewer values than its row group has rows".to_owned()));
    }
    let mut values = values.into_iter().map(value);
    if max_level == 0 {
        return Ok(values.collect());
    }
    let mut cells: Vec<Cell> = Vec::with_capacity(count);
    for (at, level) in levels.into_iter().enumerate() {
        let cell = if level == max_level { values.next().unwrap_or(Cell::Null) } else { Cell::Null };
        let Some(list_level) = list_level else {
            cells.push(cell);
            continue;
        };
        if repetitions.get(at).is_none_or(|repetition| *repetition == 0) {
            // One level below an element, the list is there and empty.
            cells.push(if level < list_level - 1 { Cell::Null } else { Cell::List(Vec::new()) });
        }
        if level >= list_level
            && let Some(Cell::List(list)) = cells.last_mut()
        {
            list.push(cell);
        }
    }
    if cells.len() < count {
        return Err(ParquetError::EOF("a column has fewer values than its row group has rows".to_owned()));
    }
    Ok(cells)
}
